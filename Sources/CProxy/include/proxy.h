/* The referee's hands: a world of namespaces on this machine's Linux,
 * and in it a proxy process for each task of a script.
 *
 * A proxy is a small program of its own (proxy.c) that performs what its task asks, with syscall(2) and nothing
 * else. It and the controller, which is kscript, talk through memory that both map: a slot for each task. No
 * descriptor of a proxy is used up.
 *
 * The proxies run as SCHED_FIFO on one processor, and the one whose script runs spins for its next command. So a task
 * that it wakes runs when it sleeps itself, not before: the rule of kscript's own fifo scheduler.
 */
#pragma once
#include <stdint.h>
#include <stddef.h>
#include <sys/types.h>

/* What would reach beyond the world: capabilities(7) that proxies never have. SYS_MODULE 16, SYS_RAWIO 17,
 * SYS_PACCT 20, SYS_BOOT 22, SYS_TIME 25, SYS_TTY_CONFIG 26, AUDIT_WRITE 29, AUDIT_CONTROL 30,
 * MAC_OVERRIDE 32, MAC_ADMIN 33, SYSLOG 34, WAKE_ALARM 35, BLOCK_SUSPEND 36, AUDIT_READ 37, PERFMON 38,
 * BPF 39, CHECKPOINT_RESTORE 40. */
static const uint64_t KS_DROPPED_CAPABILITIES =
  1ULL << 16 | 1ULL << 17 | 1ULL << 20 | 1ULL << 22 | 1ULL << 25 | 1ULL << 26 | 1ULL << 29 | 1ULL << 30
  | 1ULL << 32 | 1ULL << 33 | 1ULL << 34 | 1ULL << 35 | 1ULL << 36 | 1ULL << 37 | 1ULL << 38 | 1ULL << 39 | 1ULL << 40;

/* Where things lie in a proxy, all above what the emulated kernel hands out (AddressSpace.mappingTop). */
static const uint64_t KS_CHANNEL = 0x7ffff0000000, KS_PROXY_CODE = 0x7ffff7000000;
enum {
  KS_SLOT_COUNT = 255,
  KS_SLOT_SIZE = 1 << 18,
  KS_SLOT_ARENA = 4096,             /* where in a slot the bytes of calls go, up to the stack */
  KS_SLOT_STACK = KS_SLOT_SIZE - (1 << 16), /* the stack of a task that shares its creator's memory */
  KS_LARGE_ARENA = 256 * KS_SLOT_SIZE,      /* behind the slots: room for calls that move much */
  KS_LARGE_SIZE = 1 << 25,
  KS_CHANNEL_SIZE = KS_LARGE_ARENA + KS_LARGE_SIZE,
  /* Functions that signals can lead to: each has an entry of its own in the proxy,
   * whose address is what sigaction is given. */
  KS_HANDLER_COUNT = 1024, KS_HANDLER_STEP = 16,
};

/* Whose move it is. */
enum { KS_TURN_BUSY, KS_TURN_CONTROLLER, KS_TURN_PROXY, KS_TURN_PARKED };
enum ks_command {
  KS_DO_CALL = 1, /* number, arguments -> result */
  KS_DO_CLONE,    /* the same for a call that makes a task, which uses slot `child` */
  KS_DO_NOTHING,  /* lets signals in that have come */
  KS_DO_LOAD,     /* count bytes from address to the arena at `offset`, as by the task's own instructions */
  KS_DO_STORE,    /* the other way */
  KS_DO_PARK,     /* sleeps until the next command */
  KS_DO_RETURN,   /* leaves the handler that runs */
  KS_DO_LEAVE,    /* the same, and the call that it interrupted */
  KS_DO_QUIETLY,  /* as KS_DO_CALL, but lets no signal in */
};
enum ks_event { KS_HELLO = 1, KS_DONE, KS_SIGNALLED };

typedef struct ks_slot {
  uint64_t self;  /* its own address, which %gs:0 finds */
  uint32_t turn;  /* a futex word */
  uint32_t event, command;
  uint32_t child;
  int32_t tid, pid; /* as the task sees them */
  int64_t number;
  uint64_t arguments[6];
  int64_t result;
  uint64_t address, count, offset;
  uint64_t mask;     /* the signals that the task blocks; the proxy itself blocks all while it waits for commands */
  int64_t function;  /* of KS_SIGNALLED: the number that sigaction was given */
  int32_t signal;
  uint32_t was_left;
  uint64_t has_slept;       /* whether the call gave up the processor of its own accord */
  uint64_t handler_sleeps;  /* how often handlers did */
  uint8_t info[128]; /* siginfo_t */
} ks_slot;

/* The first page of the channel. */
typedef struct ks_header {
  int32_t init_status; /* as wait(2) tells it, once has_ended */
  uint32_t has_ended;
  char message[512];   /* why the world could not be made */
} ks_header;

typedef struct ks_world {
  int keeper;               /* a process; the world ends with it */
  int processes, root;      /* its /proc and its / */
  int console[2];           /* masters of the terminals that are descriptors 0 and 1, and 2 */
  int lock;
  int memory;               /* the channel, and where proxies that begin anew ask for it */
  int listener;
  uint8_t socket_name[16];  /* of the listener: an abstract one */
  uint8_t *channel;
  uint64_t old_affinity[16];
  int old_nice;
} ks_world;

typedef struct ks_world_options {
  uint64_t limits[16][2];   /* RLIMIT_*, soft and hard; what may not be raised stays */
  const char *host_name;
  /* The files that scripts may find below /proc besides those of processes, each between line feeds. */
  const char *known_files;
} ks_world_options;

static inline ks_header *ks_world_header(const ks_world *world) { return (ks_header *)(void *)world->channel; }
static inline ks_slot *ks_world_slot(const ks_world *world, uint32_t index) {
  return (ks_slot *)(void *)(world->channel + (size_t)(index + 1) * KS_SLOT_SIZE);
}
static inline uint64_t ks_slot_address(uint32_t index) { return KS_CHANNEL + (uint64_t)(index + 1) * KS_SLOT_SIZE; }
/* The addresses that stand for function `number` in sigaction, and that signals return through. */
uint64_t ks_handler_address(int64_t number);
uint64_t ks_restorer_address(void);

static inline uint32_t ks_turn(const ks_slot *slot) { return __atomic_load_n(&slot->turn, __ATOMIC_ACQUIRE); }
/* Gives a command that was written into the slot; wakes a proxy that is parked. */
void ks_give(ks_slot *slot, uint32_t command);
static inline void ks_pause(void) { __builtin_ia32_pause(); }

/* Makes a world whose first proxy waits for commands in slot 0. 0, or -1 with a sentence in `message`. */
int ks_world_start(ks_world *world, const ks_world_options *options, char *message, size_t size);
void ks_world_stop(ks_world *world);
/* proxy.c: the program as an ELF file in memory; its descriptor, or -1. */
int ks_proxy_program(void);
/* Writes the program for a task that runs it in place of what it ran: it uses slot `slot`, finds the channel as
 * descriptor `channel`, and takes its signal mask from the slot. 0, or -1. */
int ks_proxy_write(int file, uint32_t slot, int channel);

/* A task that is to begin anew is handed descriptors by a socket of the world, whose name scripts cannot guess. The
 * connection that a proxy has just made, or -1. */
int ks_world_accept(const ks_world *world);
int ks_world_hand_over(int connection, int descriptor);
/* A file of the world without a name: the program for a task, with this mode and owner. A descriptor, or -1. */
int ks_world_program(const ks_world *world, uint32_t slot, int channel, uint32_t mode, uint32_t uid, uint32_t gid);

/* What this machine lacks for a world, in `message`; 0 when nothing. */
int ks_world_check(char *message, size_t size);

/* openat2(2), for which the C library has no function. */
int ks_openat2(int directory, const char *path, const void *how, size_t size);
