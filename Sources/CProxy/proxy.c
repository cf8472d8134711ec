/* The program of a proxy: a loop that performs what its task asks. Manual: section 7 of the design.
 *
 * It is written into an ELF file of its own (ks_proxy_program) and lives alone in its address space: no C library, no
 * data, no constants outside the code. So each function lies in section ks_proxy and is compiled without optimisation,
 * which would make tables and calls of memcpy out of it. What it needs to remember is on its stack or in its slot.
 */
#define _GNU_SOURCE
#include "proxy.h"
#include <elf.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Where in its slot a child's stack begins: KS_SLOT_SIZE - 64, for the assembler. */
#define KS_SLOT_TOP 0x3ffc0
_Static_assert(KS_SLOT_TOP == KS_SLOT_SIZE - 64, "the top of a slot's stack");
#define STRING_OF(value) #value
#define STRING(value) STRING_OF(value)

#if defined(__clang__)
#define PROXY __attribute__((section("ks_proxy"), optnone, noinline, used))
#else
#define PROXY __attribute__((section("ks_proxy"), optimize("O0"), noinline, used))
#endif

/* Hidden, so that they are reached relative to the code and not through a table outside it. */
#pragma GCC visibility push(hidden)
extern char __start_ks_proxy[], __stop_ks_proxy[];
extern char ks_proxy_entry[], ks_proxy_syscall_at[], ks_proxy_syscall_after[], ks_proxy_copy_begin[],
  ks_proxy_copy_end[], ks_proxy_copy_left[], ks_proxy_handlers[], ks_proxy_restorer[];
extern const uint32_t ks_proxy_parameters[];
int64_t ks_proxy_syscall(int64_t number, const uint64_t *arguments);
int64_t ks_proxy_clone(int64_t number, const uint64_t *arguments, uint64_t slot);
int64_t ks_proxy_copy(uint64_t to, uint64_t from, uint64_t count);
void ks_proxy_child(ks_slot *slot);
void ks_proxy_signalled(int32_t signal, const uint8_t *info, uint64_t *context, int32_t function);
void ks_proxy_main(void);
#pragma GCC visibility pop

__asm__(
  ".pushsection ks_proxy,\"ax\",@progbits\n"
  ".globl ks_proxy_entry, ks_proxy_syscall, ks_proxy_syscall_at, ks_proxy_syscall_after, ks_proxy_clone\n"
  ".globl ks_proxy_copy, ks_proxy_copy_begin, ks_proxy_copy_end, ks_proxy_copy_left\n"
  ".globl ks_proxy_handlers, ks_proxy_restorer, ks_proxy_parameters\n"
  ".hidden ks_proxy_entry, ks_proxy_syscall, ks_proxy_syscall_at, ks_proxy_syscall_after, ks_proxy_clone\n"
  ".hidden ks_proxy_copy, ks_proxy_copy_begin, ks_proxy_copy_end, ks_proxy_copy_left\n"
  ".hidden ks_proxy_handlers, ks_proxy_restorer, ks_proxy_parameters\n"
  "ks_proxy_entry:\n"
  "  xor %ebp, %ebp\n"
  "  and $-16, %rsp\n"
  "  call ks_proxy_main\n"
  "  ud2\n"
  /* (number, arguments) */
  "ks_proxy_syscall:\n"
  "  mov %rdi, %rax\n"
  "  mov %rsi, %r11\n"
  "  mov 0(%r11), %rdi\n  mov 8(%r11), %rsi\n  mov 16(%r11), %rdx\n"
  "  mov 24(%r11), %r10\n  mov 32(%r11), %r8\n  mov 40(%r11), %r9\n"
  "ks_proxy_syscall_at:\n"
  "  syscall\n"
  "ks_proxy_syscall_after:\n"
  "  ret\n"
  /* (number, arguments, slot of the child). The child never comes back here, so it stands on its slot's stack: its
   * creator may stand on memory that is shared, which a copy of the address space does not part. */
  "ks_proxy_clone:\n"
  "  push %r12\n"
  "  mov %rdx, %r12\n"
  "  mov %rdi, %rax\n"
  "  mov %rsi, %r11\n"
  "  mov 0(%r11), %rdi\n  mov 8(%r11), %rsi\n  mov 16(%r11), %rdx\n"
  "  mov 24(%r11), %r10\n  mov 32(%r11), %r8\n  mov 40(%r11), %r9\n"
  "  syscall\n"
  "  test %rax, %rax\n"
  "  jz 1f\n"
  "  pop %r12\n"
  "  ret\n"
  "1: xor %ebp, %ebp\n"
  "  mov %r12, %rdi\n"
  "  lea " STRING(KS_SLOT_TOP) "(%r12), %rsp\n"
  "  call ks_proxy_child\n"
  "  ud2\n"
  /* (to, from, count): a word by one instruction. It may fault, and be begun again or left. */
  "ks_proxy_copy:\n"
  "ks_proxy_copy_begin:\n"
  "  cmp $8, %rdx\n  je 8f\n  cmp $4, %rdx\n  je 4f\n  cmp $2, %rdx\n  je 2f\n"
  "  mov %rdx, %rcx\n"
  "  rep movsb\n"
  "  jmp 9f\n"
  "8: mov (%rsi), %rax\n  mov %rax, (%rdi)\n  jmp 9f\n"
  "4: mov (%rsi), %eax\n  mov %eax, (%rdi)\n  jmp 9f\n"
  "2: mov (%rsi), %ax\n  mov %ax, (%rdi)\n"
  "ks_proxy_copy_end:\n"
  "9: xor %eax, %eax\n"
  "  ret\n"
  "ks_proxy_copy_left:\n"
  "  mov $-1, %rax\n"
  "  ret\n"
  "ks_proxy_restorer:\n"
  "  mov $15, %eax\n"
  "  syscall\n"
  "  ud2\n"
  /* The channel's descriptor, the slot, and whether the mask of signals is the slot's: see ks_proxy_write(). */
  "  .balign 16\n"
  "ks_proxy_parameters:\n"
  "  .long 3, 0, 0\n"
  /* An entry a function: its number goes along with what the kernel passes. */
  "  .balign 16\n"
  "ks_proxy_handlers:\n"
  "  .set number, 0\n"
  "  .rept 1024\n"
  "  mov $number, %ecx\n"
  "  jmp ks_proxy_signalled\n"
  "  .balign 16\n"
  "  .set number, number + 1\n"
  "  .endr\n"
  ".popsection\n");

uint64_t ks_handler_address(int64_t number) {
  return KS_PROXY_CODE + (uint64_t)(ks_proxy_handlers - __start_ks_proxy) + (uint64_t)number * KS_HANDLER_STEP;
}
uint64_t ks_restorer_address(void) { return KS_PROXY_CODE + (uint64_t)(ks_proxy_restorer - __start_ks_proxy); }

PROXY static int64_t call(int64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f) {
  uint64_t arguments[6];
  arguments[0] = a; arguments[1] = b; arguments[2] = c;
  arguments[3] = d; arguments[4] = e; arguments[5] = f;
  return ks_proxy_syscall(number, arguments);
}

/* Blocks all signals, and says which the task itself blocks. */
PROXY static void close_window(uint64_t *mask) {
  uint64_t all = ~(uint64_t)0;
  call(SYS_rt_sigprocmask, 2 /* SIG_SETMASK */, (uint64_t)&all, (uint64_t)mask, 8, 0, 0);
}
PROXY static void open_window(uint64_t *mask) {
  call(SYS_rt_sigprocmask, 2, (uint64_t)mask, 0, 8, 0, 0);
}

PROXY static void post(ks_slot *slot, uint32_t event) {
  slot->event = event;
  __atomic_store_n(&slot->turn, KS_TURN_CONTROLLER, __ATOMIC_RELEASE);
}

/* Waits for a command: spinning, or asleep after KS_DO_PARK. */
PROXY static uint32_t next_command(ks_slot *slot) {
  for (;;) {
    uint32_t turn = __atomic_load_n(&slot->turn, __ATOMIC_ACQUIRE);
    if (turn == KS_TURN_PROXY) {
      __atomic_store_n(&slot->turn, KS_TURN_BUSY, __ATOMIC_RELEASE);
      return slot->command;
    }
    if (turn == KS_TURN_PARKED) call(SYS_futex, (uint64_t)&slot->turn, 0 /* FUTEX_WAIT */, KS_TURN_PARKED, 0, 0, 0);
    else __builtin_ia32_pause();
  }
}

/* How often this thread has given up the processor of its own accord, without what handlers did.
 * getrusage(2), ru_nvcsw. */
PROXY static uint64_t sleeps(ks_slot *slot) {
  uint64_t usage[18];
  call(SYS_getrusage, 1 /* RUSAGE_THREAD */, (uint64_t)usage, 0, 0, 0, 0);
  return usage[16] - slot->handler_sleeps;
}

/* SCHED_FIFO's priorities: that of proxies, and one above. */
PROXY static void set_priority(int32_t priority) {
  call(SYS_sched_setparam, 0, (uint64_t)&priority, 0, 0, 0, 0);
}

/* setsid(2) puts its caller into another group of the scheduler (CONFIG_SCHED_AUTOGROUP) and with that at the end of
 * its queue. Who goes down in priority comes to the front: so it is the one that runs all the time. */
PROXY static int64_t set_session(const uint64_t *arguments) {
  set_priority(2);
  int64_t result = ks_proxy_syscall(SYS_setsid, arguments);
  set_priority(1);
  return result;
}

/* The signals that have functions: what is sent before a new task knows its slot may end it, but not call one. */
PROXY static uint64_t handled(void) {
  uint64_t action[4], set = 0;
  for (uint64_t signal = 1; signal <= 64; signal++) {
    if (call(SYS_rt_sigaction, signal, 0, (uint64_t)action, 8, 0, 0) == 0 && action[0] > 1)
      set |= (uint64_t)1 << (signal - 1);
  }
  return set;
}

PROXY static void perform(ks_slot *slot, uint64_t *mask) {
  uint64_t arguments[6];
  int64_t number = slot->number, result = -4;
  uint64_t before = sleeps(slot);
  for (int i = 0; i < 6; i++) arguments[i] = slot->arguments[i];
  slot->was_left = 0;
  open_window(mask);
  /* A handler that ran just now may have left the call before it began. */
  if (!slot->was_left) result = number == SYS_setsid ? set_session(arguments) : ks_proxy_syscall(number, arguments);
  close_window(mask);
  slot->has_slept = sleeps(slot) != before;
  slot->result = result;
}

PROXY static void copy(ks_slot *slot, uint64_t *mask, uint32_t command) {
  uint64_t here = slot->self + slot->offset, there = slot->address, count = slot->count;
  int64_t result = -1;
  slot->was_left = 0;
  open_window(mask);
  if (!slot->was_left) {
    if (command == KS_DO_LOAD) result = ks_proxy_copy(here, there, count);
    else result = ks_proxy_copy(there, here, count);
  }
  close_window(mask);
  slot->result = result;
}

/* Does what the controller asks until it says that the running handler is to be left; says how. */
PROXY static uint32_t serve(ks_slot *slot, uint64_t *mask) {
  for (;;) {
    uint32_t command = next_command(slot);
    if (command == KS_DO_RETURN || command == KS_DO_LEAVE) return command;
    if (command == KS_DO_PARK) {
      __atomic_store_n(&slot->turn, KS_TURN_PARKED, __ATOMIC_RELEASE);
      continue;
    }
    if (command == KS_DO_CALL) perform(slot, mask);
    if (command == KS_DO_LOAD || command == KS_DO_STORE) copy(slot, mask, command);
    if (command == KS_DO_QUIETLY) {
      uint64_t arguments[6];
      for (int i = 0; i < 6; i++) arguments[i] = slot->arguments[i];
      /* Where the program begins anew, the mask is found there. */
      slot->mask = *mask;
      slot->result = ks_proxy_syscall(slot->number, arguments);
    }
    if (command == KS_DO_NOTHING) {
      open_window(mask);
      close_window(mask);
    }
    if (command == KS_DO_CLONE) {
      /* No handler runs before the child knows which slot is its own. */
      ks_slot *child = (ks_slot *)(KS_CHANNEL + (uint64_t)(slot->child + 1) * KS_SLOT_SIZE);
      uint64_t arguments[6];
      for (int i = 0; i < 6; i++) arguments[i] = slot->arguments[i];
      child->mask = *mask;
      uint64_t before = sleeps(slot), part = *mask | handled(), own;
      open_window(&part);
      int64_t result = ks_proxy_clone(slot->number, arguments, (uint64_t)child);
      close_window(&own);
      uint64_t has_slept = sleeps(slot) != before;
      open_window(mask);
      close_window(mask);
      /* Handlers that ran just now have made calls of their own. */
      slot->result = result;
      slot->has_slept = has_slept;
    }
    slot->mask = *mask;
    post(slot, KS_DONE);
  }
}

PROXY void ks_proxy_child(ks_slot *slot) {
  uint64_t mask = slot->mask, part;
  close_window(&part);
  slot->handler_sleeps = 0;
  slot->self = (uint64_t)slot;
  call(SYS_arch_prctl, 0x1001 /* ARCH_SET_GS */, (uint64_t)slot, 0, 0, 0, 0);
  slot->tid = (int32_t)call(SYS_gettid, 0, 0, 0, 0, 0, 0);
  slot->pid = (int32_t)call(SYS_getpid, 0, 0, 0, 0, 0, 0);
  post(slot, KS_HELLO);
  serve(slot, &mask);
  for (;;) call(SYS_exit_group, 1, 0, 0, 0, 0, 0);
}

/* As the kernel calls a handler, with the function's number as fourth argument. */
PROXY void ks_proxy_signalled(int32_t signal, const uint8_t *info, uint64_t *context, int32_t function) {
  ks_slot *slot;
  uint64_t mask;
  __asm__ volatile("mov %%gs:0, %0" : "=r"(slot));
  close_window(&mask);
  int32_t own = (int32_t)call(SYS_gettid, 0, 0, 0, 0, 0, 0);
  if (slot->tid != own) {
    /* A child that shares its maker's handlers was sent this before its first step, by one set meanwhile, and does not
       know its slot: it takes the signal when it does. struct ucontext has the mask at byte 296. */
    context[37] = ~(uint64_t)0;
    call(SYS_rt_tgsigqueueinfo, (uint64_t)call(SYS_getpid, 0, 0, 0, 0, 0, 0), (uint64_t)own, (uint64_t)signal,
         (uint64_t)info, 0, 0);
    return;
  }
  uint64_t before = sleeps(slot);
  for (int i = 0; i < 128; i++) slot->info[i] = info[i];
  slot->signal = signal;
  slot->function = function;
  post(slot, KS_SIGNALLED);
  uint32_t command = serve(slot, &mask);
  slot->handler_sleeps += sleeps(slot) - before;
  if (command == KS_DO_LEAVE) {
    /* struct ucontext: rax is register 13 and rip 16 of those that begin at byte 40. */
    uint64_t *rax = context + 5 + 13, *rip = context + 5 + 16;
    uint64_t code = KS_PROXY_CODE, at = *rip - code;
    slot->was_left = 1;
    if (at == (uint64_t)(ks_proxy_syscall_at - __start_ks_proxy)
        || at == (uint64_t)(ks_proxy_syscall_after - __start_ks_proxy)) {
      *rip = code + (uint64_t)(ks_proxy_syscall_after - __start_ks_proxy);
      *rax = (uint64_t)-4;
    }
    if (at >= (uint64_t)(ks_proxy_copy_begin - __start_ks_proxy)
        && at < (uint64_t)(ks_proxy_copy_end - __start_ks_proxy))
      *rip = code + (uint64_t)(ks_proxy_copy_left - __start_ks_proxy);
  }
}

/* Takes all room above what the emulated kernel hands out, so that mmap(2) begins below it here too. */
PROXY static void reserve(void) {
  for (uint64_t size = 1 << 26; size >= 4096; size >>= 2) {
    for (;;) {
      int64_t place = call(SYS_mmap, 0, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, ~(uint64_t)0, 0);
      if (place < 0) break;
      if ((uint64_t)place >= KS_CHANNEL) continue;
      call(SYS_munmap, (uint64_t)place, size, 0, 0, 0, 0);
      break;
    }
  }
}

PROXY void ks_proxy_main(void) {
  uint64_t channel = ks_proxy_parameters[0], mask;
  call(SYS_mmap, KS_CHANNEL, KS_CHANNEL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, channel, 0);
  call(SYS_close, channel, 0, 0, 0, 0, 0);
  reserve();
  call(SYS_personality, 0, 0, 0, 0, 0, 0);
  ks_slot *slot = (ks_slot *)(KS_CHANNEL + (uint64_t)(ks_proxy_parameters[1] + 1) * KS_SLOT_SIZE);
  close_window(&mask);
  if (!ks_proxy_parameters[2]) slot->mask = mask;
  ks_proxy_child(slot);
}

int ks_proxy_write(int file, uint32_t slot, int channel) {
  size_t count = (size_t)(__stop_ks_proxy - __start_ks_proxy);
  const uint32_t parameters[] = {(uint32_t)channel, slot, 1};
  struct {
    Elf64_Ehdr header;
    Elf64_Phdr parts[2];
  } start;
  memset(&start, 0, sizeof start);
  memcpy(start.header.e_ident, ELFMAG, SELFMAG);
  start.header.e_ident[EI_CLASS] = ELFCLASS64;
  start.header.e_ident[EI_DATA] = ELFDATA2LSB;
  start.header.e_ident[EI_VERSION] = EV_CURRENT;
  start.header.e_type = ET_EXEC;
  start.header.e_machine = EM_X86_64;
  start.header.e_version = EV_CURRENT;
  start.header.e_entry = KS_PROXY_CODE + (uint64_t)(ks_proxy_entry - __start_ks_proxy);
  start.header.e_phoff = sizeof start.header;
  start.header.e_ehsize = sizeof start.header;
  start.header.e_phentsize = sizeof start.parts[0];
  start.header.e_phnum = 2;
  start.parts[0] = (Elf64_Phdr){
    .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_offset = 4096, .p_vaddr = KS_PROXY_CODE, .p_paddr = KS_PROXY_CODE,
    .p_filesz = count, .p_memsz = count, .p_align = 4096};
  /* No stack that can be executed, which would make all readable memory executable. */
  start.parts[1] = (Elf64_Phdr){.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W, .p_align = 16};
  if (pwrite(file, &start, sizeof start, 0) != (ssize_t)sizeof start
      || pwrite(file, __start_ks_proxy, count, 4096) != (ssize_t)count) return -1;
  if (channel < 0) return 0;
  off_t place = 4096 + ((const char *)ks_proxy_parameters - __start_ks_proxy);
  return pwrite(file, parameters, sizeof parameters, place) == (ssize_t)sizeof parameters ? 0 : -1;
}

int ks_proxy_program(void) {
  int program = memfd_create("kscript-proxy", MFD_CLOEXEC);
  if (program < 0) return -1;
  /* The first one of a world, as the parameters stand in the code. */
  if (ks_proxy_write(program, 0, -1) == 0) return program;
  close(program);
  return -1;
}
