/* A world: fresh namespaces with a file system of their own, and the first proxy in it.
 *
 * Three processes: the controller (kscript); a keeper, first of a pid namespace around the world, which
 * dies with the controller and takes everything with it; and the first proxy, which is process 1 of the
 * pid namespace that scripts see.
 * Manuals: clone(2), pid_namespaces(7), time_namespaces(7), pivot_root(2).
 */
#define _GNU_SOURCE
#include "proxy.h"
#include "proc_files.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <linux/futex.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

void ks_give(ks_slot *slot, uint32_t command) {
  int is_parked = ks_turn(slot) == KS_TURN_PARKED;
  slot->command = command;
  __atomic_store_n(&slot->turn, KS_TURN_PROXY, __ATOMIC_RELEASE);
  if (is_parked) syscall(SYS_futex, &slot->turn, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* ---- the file system --------------------------------------------------------------------------------------------- */

static void give_up(ks_header *header, const char *what) {
  snprintf(header->message, sizeof header->message, "%s: %s", what, strerror(errno));
  _exit(1);
}

static void make_directory(ks_header *header, const char *path, mode_t mode) {
  if (mkdir(path, 0700) || chmod(path, mode)) give_up(header, path);
}

static void mount_new(ks_header *header, const char *kind, const char *path, const char *options) {
  if (mount(kind, path, kind, MS_NODEV | MS_NOSUID, options)) give_up(header, path);
}

/* As the emulated tree: InitialTree.swift. In a directory of the host that only this mount namespace sees covered. */
static void make_tree(ks_header *header) {
  static const struct { const char *name; int minor; } devices[] = {
    {"dev/null", 3}, {"dev/zero", 5}, {"dev/full", 7}, {"dev/random", 8}, {"dev/urandom", 9}};
  umask(0);
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)) give_up(header, "mount namespaces");
  /* With set-id bits, which programs have that scripts make. */
  if (mount("tmpfs", "/tmp", "tmpfs", MS_NODEV, "mode=755,size=512m")) give_up(header, "/tmp");
  if (chdir("/tmp")) give_up(header, "/tmp");
  make_directory(header, "dev", 0755);
  mount_new(header, "tmpfs", "dev", "mode=755");
  /* Device nodes that a script makes open nothing; these few lie on a mount of their own,
   * and are bound to their names. */
  make_directory(header, "run", 0755);
  if (mount("tmpfs", "run", "tmpfs", MS_NOSUID, "mode=755")) give_up(header, "run");
  for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
    char hidden[32];
    snprintf(hidden, sizeof hidden, "run/%d", devices[i].minor);
    int file = open(devices[i].name, O_CREAT | O_WRONLY | O_CLOEXEC, 0666);
    if (file < 0 || close(file) || mknod(hidden, S_IFCHR | 0666, makedev(1, devices[i].minor))
        || mount(hidden, devices[i].name, NULL, MS_BIND, NULL))
      give_up(header, devices[i].name);
  }
  if (umount2("run", MNT_DETACH)) give_up(header, "run");
  if (symlink("/proc/self/fd", "dev/fd")) give_up(header, "dev/fd");
  make_directory(header, "dev/mqueue", 01777);
  make_directory(header, "dev/shm", 01777);
  mount_new(header, "tmpfs", "dev/shm", "mode=1777");
  make_directory(header, "proc", 0555);
  make_directory(header, "tmp", 01777);
  make_directory(header, "root", 0700);
}

/* ---- the first proxy --------------------------------------------------------------------------------------------- */

static int send_descriptors(int channel, const int *descriptors, int count) {
  char byte = 0;
  struct iovec part = {&byte, 1};
  union { char bytes[CMSG_SPACE(3 * sizeof(int))]; struct cmsghdr align; } control;
  memset(&control, 0, sizeof control);
  struct msghdr message = {
    .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
  memcpy(CMSG_DATA(header), descriptors, (size_t)count * sizeof(int));
  return sendmsg(channel, &message, 0) == 1 ? 0 : -1;
}

static int receive_descriptors(int channel, int *descriptors, int count) {
  char byte;
  struct iovec part = {&byte, 1};
  union { char bytes[CMSG_SPACE(3 * sizeof(int))]; struct cmsghdr align; } control;
  struct msghdr message = {
    .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  if (recvmsg(channel, &message, MSG_CMSG_CLOEXEC) != 1) return -1;
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (!header || header->cmsg_len != CMSG_LEN((size_t)count * sizeof(int))) return -1;
  memcpy(descriptors, CMSG_DATA(header), (size_t)count * sizeof(int));
  return 0;
}

struct plan {
  const ks_world *world;
  const ks_world_options *options;
  ks_header *header;
  int program, memory, console, errors, channel, lock, processor;
};

/* Where proxies that begin anew ask for what they need. */
static int listen_for_proxies(const struct plan *plan) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  memcpy(name.sun_path + 1, plan->world->socket_name, sizeof plan->world->socket_name);
  int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  socklen_t size = offsetof(struct sockaddr_un, sun_path) + 1 + sizeof plan->world->socket_name;
  if (listener >= 0 && (bind(listener, (struct sockaddr *)&name, size) || listen(listener, 8))) return -1;
  return listener;
}

/* Process 1 of the inner pid namespace, up to its exec. */
static void become_proxy(const struct plan *plan) {
  ks_header *header = plan->header;
  mount_new(header, "proc", "proc", NULL);
  if (ks_cover_proc(plan->options->known_files, "proc", "run")) give_up(header, "proc");
  mount_new(header, "mqueue", "dev/mqueue", NULL);
  if (syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) || chdir("/")) give_up(header, "pivot_root");
  if (setsid() < 0) give_up(header, "setsid");
  if (sethostname(plan->options->host_name, strlen(plan->options->host_name))) give_up(header, "sethostname");
  if (setdomainname("(none)", 6)) give_up(header, "setdomainname");
  int views[3] = {
    open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC), open("/", O_PATH | O_DIRECTORY | O_CLOEXEC),
    listen_for_proxies(plan)};
  if (views[0] < 0 || views[1] < 0 || views[2] < 0 || send_descriptors(plan->channel, views, 3))
    give_up(header, "the view of the world");
  for (int i = 0; i < 16; i++) {
    struct rlimit limit, wanted = {plan->options->limits[i][0], plan->options->limits[i][1]};
    if (getrlimit(i, &limit)) continue;
    /* Lowered only: the right to raise is often missing. */
    if (wanted.rlim_max > limit.rlim_max) wanted.rlim_max = limit.rlim_max;
    if (wanted.rlim_cur > wanted.rlim_max) wanted.rlim_cur = wanted.rlim_max;
    if (setrlimit(i, &wanted)) give_up(header, "setrlimit");
  }
  for (int capability = 0; capability < 64; capability++)
    if (KS_DROPPED_CAPABILITIES >> capability & 1) prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  if (personality(ADDR_NO_RANDOMIZE) < 0) give_up(header, "personality");
  cpu_set_t processors;
  CPU_ZERO(&processors);
  CPU_SET(plan->processor, &processors);
  struct sched_param first = {.sched_priority = 1};
  if (sched_setaffinity(0, sizeof processors, &processors)) give_up(header, "sched_setaffinity");
  if (sched_setscheduler(0, SCHED_FIFO, &first)) give_up(header, "real-time scheduling (SCHED_FIFO)");
  for (int signal = 1; signal <= 64; signal++) {
    struct { void *handler; unsigned long flags; void *restorer; unsigned long mask; } standard = {0};
    syscall(SYS_rt_sigaction, signal, &standard, NULL, 8);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  umask(022);
  if (dup2(plan->console, 0) < 0 || dup2(plan->console, 1) < 0 || dup2(plan->errors, 2) < 0
      || dup2(plan->memory, 3) < 0) give_up(header, "dup2");
  syscall(SYS_close_range, 4, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */);
  char *none_at_all[] = {NULL}, *arguments[] = {"kscript", NULL};
  syscall(SYS_execveat, plan->program, "", arguments, none_at_all, AT_EMPTY_PATH);
  give_up(header, "execveat of the proxy");
}

/* Leaves open what the plan names and no more, right above the first four descriptors. A process made after this has a
   small table whatever its ancestors had open, and tables are seen by select(2) and by /proc/PID/status. */
static int keep_descriptors(struct plan *plan) {
  enum { FIRST = 4 };
  int *const kept[] = {&plan->program, &plan->memory, &plan->console, &plan->errors, &plan->channel,
                       &plan->lock};
  const int count = sizeof kept / sizeof *kept;
  /* Out of each other's way first. */
  for (int i = 0; i < count; i++)
    if ((*kept[i] = fcntl(*kept[i], F_DUPFD_CLOEXEC, FIRST + count)) < 0) return -1;
  for (int i = 0; i < count; i++) {
    if (dup3(*kept[i], FIRST + i, O_CLOEXEC) < 0) return -1;
    *kept[i] = FIRST + i;
  }
  return (int)syscall(SYS_close_range, FIRST + count, ~0U, 0);
}

/* Until the first proxy has ended, and with it all others; SIGTERM says that it shall. The status as of wait(2). */
static int await_end(pid_t init) {
  sigset_t awaited;
  sigemptyset(&awaited);
  sigaddset(&awaited, SIGCHLD);
  sigaddset(&awaited, SIGTERM);
  int status = 0;
  while (waitpid(init, &status, WNOHANG) == 0)
    if (sigwaitinfo(&awaited, NULL) == SIGTERM) kill(init, SIGKILL);
  return status;
}

/* Process 1 of the outer pid namespace. All signals are blocked: it learns of its controller's end by one that waits,
   since there are things to put right behind a world. */
static void keep(struct plan *plan) {
  ks_header *header = plan->header;
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (keep_descriptors(plan)) give_up(header, "descriptors");
  ks_proc_owners owners;
  if (ks_remember_proc_owners(&owners, plan->options->known_files)) give_up(header, "/proc");
  /* Clocks that count from the start of the machine begin at 0 here too. */
  if (unshare(CLONE_NEWTIME)) give_up(header, "time namespaces");
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  char offsets[96];
  struct timespec boot;
  clock_gettime(CLOCK_BOOTTIME, &boot);
  int length = snprintf(offsets, sizeof offsets, "monotonic %ld %ld\nboottime %ld %ld\n", -now.tv_sec - 1,
                        1000000000 - now.tv_nsec, -boot.tv_sec - 1, 1000000000 - boot.tv_nsec);
  int file = open("/proc/self/timens_offsets", O_WRONLY);
  if (file < 0) file = open("/proc/1/timens_offsets", O_WRONLY);
  if (file >= 0) {
    if (write(file, offsets, (size_t)length) != length) {}
    close(file);
  }
  make_tree(header);
  pid_t init = (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
  if (init < 0) give_up(header, "pid namespaces");
  if (init == 0) become_proxy(plan);
  /* The lock is held until the machine is as it was, even when the controller is gone. */
  if (dup2(plan->lock, 0) < 0 || dup2(owners.proc, 1) < 0) _exit(1);
  owners.proc = 1;
  syscall(SYS_close_range, 2, ~0U, 0);
  header->init_status = await_end(init);
  ks_restore_proc_owners(&owners);
  __atomic_store_n(&header->has_ended, 1, __ATOMIC_RELEASE);
  _exit(0);
}

/* ---- the controller's side --------------------------------------------------------------------------------------- */

/* A terminal in line mode that changes nothing and shows nothing. */
static int open_terminal(int *master) {
  *master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  if (*master < 0 || grantpt(*master) || unlockpt(*master)) return -1;
  int slave = ioctl(*master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  struct termios modes;
  if (slave < 0 || tcgetattr(slave, &modes)) return -1;
  modes.c_iflag = 0;
  modes.c_oflag = 0;
  modes.c_lflag = ICANON;
  tcsetattr(slave, TCSANOW, &modes);
  return slave;
}

/* The processor for the proxies: the last one of those allowed; the controller keeps to the others. */
static int choose_processor(ks_world *world) {
  cpu_set_t processors;
  CPU_ZERO(&processors);
  if (sched_getaffinity(0, sizeof processors, &processors) || CPU_COUNT(&processors) < 2) return -1;
  memcpy(world->old_affinity, &processors, sizeof world->old_affinity);
  int last = CPU_SETSIZE - 1;
  while (!CPU_ISSET(last, &processors)) last--;
  CPU_CLR(last, &processors);
  sched_setaffinity(0, sizeof processors, &processors);
  return last;
}

int ks_world_check(char *message, size_t size) {
  cpu_set_t processors;
  CPU_ZERO(&processors);
  const char *setting = getenv("KSCRIPT_REFEREE");
  if (setting && strcmp(setting, "none") == 0) {
    snprintf(message, size, "the referee is switched off (KSCRIPT_REFEREE=none)");
  } else if (geteuid() != 0) {
    snprintf(message, size, "the referee needs root, to make namespaces and mounts of its own");
  } else if (sched_getaffinity(0, sizeof processors, &processors) || CPU_COUNT(&processors) < 2) {
    snprintf(message, size, "the referee needs two processors, one for itself and one for what it watches");
  } else {
    return 0;
  }
  return -1;
}

/* Two worlds would spin on one processor; so there is one at a time. Others end within milliseconds as a rule, but a
   script may run for hours, and who waits should learn of what. */
static int lock_processor(ks_world *world, char *message, size_t size) {
  enum { PATIENCE_MS = 60000 };
  const struct timespec moment = {0, 1000000};
  world->lock = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (int waited = 0; world->lock >= 0; waited++) {
    if (flock(world->lock, LOCK_EX | LOCK_NB) == 0) return 0;
    if (errno != EWOULDBLOCK) break;
    if (waited == PATIENCE_MS) {
      snprintf(message, size, "another kscript has been watching this machine's Linux for a minute, "
               "and only one can at a time: end it, and try again");
      return -1;
    }
    if (nanosleep(&moment, NULL)) {
      snprintf(message, size, "interrupted while another kscript was watching this machine's Linux");
      return -1;
    }
  }
  snprintf(message, size, "the machine's root folder cannot be locked: %s", strerror(errno));
  return -1;
}

int ks_world_start(ks_world *world, const ks_world_options *options, char *message, size_t size) {
  memset(world, 0, sizeof *world);
  world->old_nice = getpriority(PRIO_PROCESS, 0);
  world->keeper = world->processes = world->root = world->console[0] = world->console[1] = -1;
  world->memory = world->listener = -1;
  if (ks_world_check(message, size)) {
    world->lock = -1;
    return -1;
  }
  if (lock_processor(world, message, size)) return -1;
  struct plan plan = {.world = world, .options = options, .lock = world->lock, .processor = choose_processor(world)};
  int pair[2] = {-1, -1}, result = -1;
  plan.console = plan.errors = plan.memory = -1;
  plan.program = ks_proxy_program();
  plan.memory = memfd_create("kscript-channel", MFD_CLOEXEC);
  if (getrandom(world->socket_name, sizeof world->socket_name, 0) != sizeof world->socket_name) goto failed;
  if (plan.program < 0 || plan.memory < 0 || ftruncate(plan.memory, KS_CHANNEL_SIZE)) goto failed;
  world->channel = mmap(NULL, KS_CHANNEL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, plan.memory, 0);
  if (world->channel == MAP_FAILED) {
    world->channel = NULL;
    goto failed;
  }
  plan.header = ks_world_header(world);
  plan.console = open_terminal(&world->console[0]);
  plan.errors = open_terminal(&world->console[1]);
  if (plan.console < 0 || plan.errors < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) goto failed;
  plan.channel = pair[1];
  sigset_t all, old;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &old);
  world->keeper = (int)syscall(SYS_clone, CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET
                                            | CLONE_NEWCGROUP | SIGCHLD, 0, 0, 0, 0);
  if (world->keeper == 0) keep(&plan);
  sigprocmask(SIG_SETMASK, &old, NULL);
  /* Real time passes while a script waits to go on: on a busy machine its timers would run away. */
  setpriority(PRIO_PROCESS, 0, -20);
  if (world->keeper < 0) goto failed;
  close(pair[1]);
  pair[1] = -1;
  int views[3];
  if (receive_descriptors(pair[0], views, 3)) {
    snprintf(message, size, "no world can be made on this machine: %s",
             *plan.header->message ? plan.header->message : "its first process ended");
    goto cleaned;
  }
  world->processes = views[0];
  world->root = views[1];
  world->listener = views[2];
  for (long round = 0; ks_turn(ks_world_slot(world, 0)) != KS_TURN_CONTROLLER; round++) {
    struct timespec moment = {0, 20000};
    if (round > 100000 || *plan.header->message || plan.header->has_ended) {
      snprintf(message, size, "no world can be made on this machine: %s",
               *plan.header->message ? plan.header->message : "its first process did not start");
      goto cleaned;
    }
    nanosleep(&moment, NULL);
  }
  result = 0;
  goto cleaned;
failed:
  snprintf(message, size, "no world can be made on this machine: %s", strerror(errno));
cleaned:
  if (pair[0] >= 0) close(pair[0]);
  if (pair[1] >= 0) close(pair[1]);
  if (plan.program >= 0) close(plan.program);
  world->memory = plan.memory;
  if (plan.console >= 0) close(plan.console);
  if (plan.errors >= 0) close(plan.errors);
  if (result) ks_world_stop(world);
  return result;
}

void ks_world_stop(ks_world *world) {
  if (world->keeper > 0) {
    kill(world->keeper, SIGTERM);
    while (waitpid(world->keeper, NULL, 0) < 0 && errno == EINTR) {}
  }
  int *const descriptors[] = {&world->processes, &world->root,   &world->console[0], &world->console[1],
                              &world->lock,      &world->memory, &world->listener};
  for (size_t i = 0; i < sizeof descriptors / sizeof *descriptors; i++) {
    if (*descriptors[i] >= 0) close(*descriptors[i]);
    *descriptors[i] = -1;
  }
  if (world->channel) munmap(world->channel, KS_CHANNEL_SIZE);
  world->channel = NULL;
  world->keeper = -1;
  cpu_set_t processors;
  memcpy(&processors, world->old_affinity, sizeof world->old_affinity);
  if (CPU_COUNT(&processors) > 0) sched_setaffinity(0, sizeof processors, &processors);
  setpriority(PRIO_PROCESS, 0, world->old_nice);
}

/* ---- programs that take the place of others ---------------------------------------------------------------------- */

int ks_world_accept(const ks_world *world) { return accept4(world->listener, NULL, NULL, SOCK_CLOEXEC); }

int ks_world_hand_over(int connection, int descriptor) { return send_descriptors(connection, &descriptor, 1); }

int ks_world_program(const ks_world *world, uint32_t slot, int channel, uint32_t mode, uint32_t uid, uint32_t gid) {
  char path[64];
  int file = openat(world->root, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), program = -1;
  if (file < 0) return -1;
  snprintf(path, sizeof path, "/proc/self/fd/%d", file);
  /* The owner first: a change of it takes set-id bits away. Nobody may have it open for writing when it is run. */
  if (!ks_proxy_write(file, slot, channel) && !fchown(file, uid, gid) && !fchmod(file, mode))
    program = open(path, O_RDONLY | O_CLOEXEC);
  close(file);
  return program;
}

int ks_openat2(int directory, const char *path, const void *how, size_t size) {
  return (int)syscall(SYS_openat2, directory, path, how, size);
}
