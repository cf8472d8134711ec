import LinuxKernel

/// Calls that have to do with each other, by the name that --families takes.
package struct FuzzFamily: Sendable {
  package let name: String
  /// Those of them that are not built yet are passed over.
  package let calls: [String]
  /// Calls that give the others something to work on, made at the start of a program.
  let openers: [String]

  private init(_ declaration: Declaration) {
    func names(_ text: String) -> [String] {
      text.split(separator: " ").map(String.init).filter { Syscall.indices[$0] != nil }
    }
    name = declaration.name
    calls = names(declaration.calls)
    openers = names(declaration.openers)
  }

  package static let all = declarations.map(FuzzFamily.init)
  /// The help of every command is made before any runs: this does not look the calls up.
  package static var names: [String] { declarations.map(\.name) }

  private struct Declaration: Sendable {
    let name: String, calls: String, openers: String

    init(_ name: String, _ calls: String, openers: String = "") {
      (self.name, self.calls, self.openers) = (name, calls, openers)
    }
  }

  /// Every call of `Syscall.all` is in one of these, or excluded below; a test says which is not. A new family is a
  /// line here; results and parameters whose names agree (timerid, msqid) meet by themselves.
  private static let declarations: [Declaration] = [
    Declaration("pipe", "pipe pipe2 read write readv writev close fcntl ioctl dup", openers: "pipe2 pipe"),
    Declaration(
      "descriptor", "close dup dup2 dup3 fcntl ioctl close_range lseek fstat memfd_create open read write",
      openers: "pipe2 memfd_create open"),
    Declaration(
      "file",
      """
      open openat openat2 creat read write pread pwrite readv writev preadv pwritev preadv2 pwritev2 lseek truncate \
      ftruncate fallocate \
      memfd_create fstat stat statx fsync fdatasync syncfs fstatfs statfs fcntl close
      """, openers: "open memfd_create"),
    Declaration(
      "directory",
      """
      open openat mkdir mkdirat unlink rmdir unlinkat mknod mknodat rename renameat renameat2 link linkat symlink \
      symlinkat readlink \
      readlinkat getdents64 stat lstat newfstatat statx chmod fchmod fchmodat fchmodat2 chown lchown fchown fchownat \
      utimensat access \
      faccessat faccessat2 umask chdir fchdir getcwd
      """, openers: "mkdir open symlink"),
    Declaration(
      "memory",
      "mmap munmap mprotect mremap madvise msync mincore mlock mlock2 munlock read write memfd_create ftruncate",
      openers: "mmap memfd_create"),
    Declaration(
      "signal",
      """
      kill tkill tgkill sigqueue rt_tgsigqueueinfo sigaction sigprocmask sigpending sigsuspend pause sigtimedwait \
      sigwaitinfo signalfd \
      read fork getpid
      """, openers: "sigaction fork signalfd"),
    Declaration(
      "process",
      """
      fork vfork clone3 exit exit_group waitpid waitid getpid getppid gettid set_tid_address prctl setpgid getpgid \
      getpgrp \
      setsid getsid kill execve execveat open
      """, openers: "fork"),
    Declaration(
      "credentials",
      """
      getuid geteuid getgid getegid getresuid getresgid setuid setgid setreuid setregid setresuid setresgid setfsuid \
      setfsgid getgroups \
      setgroups capget capset access open chmod chown kill fork stat
      """, openers: "open mkdir fork"),
    Declaration("poll", "poll ppoll select pselect6 pipe2 read write eventfd close", openers: "pipe2 eventfd"),
    Declaration(
      "epoll",
      "epoll_create epoll_create1 epoll_ctl epoll_ctl epoll_ctl epoll_wait epoll_pwait epoll_pwait2 read write close "
        + "dup",
      openers: "epoll_create1 pipe2 eventfd epoll_ctl"),
    Declaration(
      "timer",
      """
      timerfd_create timerfd_settime timerfd_gettime getitimer setitimer alarm timer_create timer_delete timer_settime \
      timer_gettime \
      timer_getoverrun nanosleep clock_nanosleep clock_gettime clock_getres clock_settime gettimeofday time times read
      """, openers: "timerfd_create timer_create"),
    Declaration("event", "eventfd eventfd read write poll close", openers: "eventfd"),
    Declaration("lock", "flock fcntl open close dup fork", openers: "open"),
    Declaration(
      "limits", "getrlimit setrlimit prlimit64 getpriority setpriority nice open dup pipe2 ftruncate write",
      openers: "open"),
    Declaration("system", "uname sysinfo getcpu getrandom prctl umask"),
    Declaration(
      "sysv",
      """
      msgget msgsnd msgsnd msgsnd msgrcv msgrcv msgrcv msgctl semget semop semop semop semtimedop semctl semctl shmget \
      shmat shmat shmdt \
      shmctl unshare fork clone3 kill sigaction open read write close setuid exit \
      lseek pread
      """, openers: "msgget semget shmget shmat fork open"),
    Declaration(
      "mq",
      """
      mq_open mq_open mq_unlink mq_send mq_send mq_send mq_timedsend mq_receive mq_receive mq_timedreceive mq_notify \
      mq_getattr mq_setattr \
      poll close fork kill sigaction open read write unlink stat chmod fstat fcntl dup setrlimit setuid unshare exit \
      socket recv recv
      """, openers: "mq_open mq_open fork"),
  ]

  /// Those that take part where no families are named.
  package static let usual = all
}

/// What generated programs leave out since two kernels cannot have it in common, each with its reason.
package enum FuzzExclusion {
  package static let reasons: [(what: String, why: String)] = [
    (
      "results of the calls that tell times",
      "virtual time stands still while a task runs; only errors are compared (Normal)"
    ),
    ("bytes of getrandom, /dev/random", "chance"),
    ("below /proc", "processor times, memory sizes and mounts of the machine"),
    ("timers between 0 and 100 s", "real time passes between two calls: whether one has expired is chance"),
    ("timers with an interval", "virtual time runs on for ever where a script is stuck"),
    ("sleeps above 2 ms", "they take real time"),
    ("RLIMIT_AS, RLIMIT_DATA, RLIMIT_STACK, RLIMIT_MEMLOCK", "the proxy's own memory is under them"),
    ("RLIMIT_CPU, RLIMIT_RTTIME", "the proxy spins, and at real-time priority"),
    ("RLIMIT_NPROC, RLIMIT_SIGPENDING", "the machine counts all processes of a user"),
    ("lengths of mappings between 1 MiB and 2^47", "they would reach the proxy's own memory"),
    ("mappings beside the last one", "what lies there is the proxy's"),
    ("mremap that grows in place", "what lies behind a mapping is the proxy's"),
    ("device nodes that are made", "the machine has drivers for them, and the world mounts without devices"),
    ("fallocate above 1 MiB", "how much a file system holds"),
    ("timers of processor time, pidfds, O_ASYNC, MAP_GROWSDOWN", "not built (Missing)"),
    ("an argument of FIONREAD and of prctl's PR_GET operations", "scripts get the answer as the result"),
    ("lists of counts and buffers mixed", "scripts ask for strings or fill buffers"),
    (
      "several fatal signals for one that uses queues",
      "a proxy lets signals in only while it is in a call: the first does not end it at once"
    ),
    (
      "SIGSTOP",
      "a proxy lets signals in only while it is in a call, this one comes at once: before others that are pending"
    ),
    ("sync", "the machine's disks are waited for"),
    ("CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM", "they take a real-time clock device, which machines have or not"),
    ("names below /dev but for opening them", "devices are mounts in the referee's world"),
    ("sched_yield", "whether it gave way is not seen on the host"),
    ("select's times that are none", "it takes microseconds, scripts give nanoseconds"),
    ("epoll_wait with room for 178956970 events", "the proxy has no such room"),
    ("segments between 1 MiB and 2^62", "how much memory the machine has"),
    (
      "mincore, shm_rss and /proc/sysvipc/shm where data lies in segments and mappings",
      "the referee's own look at memory brings pages in"
    ),
    (
      "settings of IPC namespaces that come and go, and RLIMIT_MSGQUEUE beside them",
      "Linux ends a namespace in the background, some time later"
    ),
    (
      "memory for the message of a msgrcv that may sleep",
      "the referee puts it there when the call is over: one that is killed meanwhile never gets it"
    ),
    (
      "nice values where there are POSIX queues",
      "the referee makes such a task an ordinary one for its call, and children that have not begun run before that"
    ),
    ("data sent from where a structure with times was put", "times are the machine's"),
    ("2 ms that a new task sleeps", "whether they have passed when others look is chance"),
    ("vfork inside a new task", "two that end together are taken in another order"),
    ("sleeps until a moment", "whether it has passed on the host is chance"),
    ("negative clocks", "processor times of other processes are not built"),
    ("RESOLVE_CACHED", "what is cached is the machine's own business"),
    ("mlockall, munlockall", "they would lock the proxy's own memory"),
    (
      "execve but by children with all of their own, execveat elsewhere but as a check",
      "the rest of the drawn program would be gone"
    ),
    ("sockets but netlink's, and what is written where there are sockets from 16 bytes on", "not built (Missing)"),
    ("MAP_HUGETLB with MAP_NORESERVE", "mappings of huge pages are not built (Missing)"),
    ("settings of real time", "the machine's clock is not the world's own"),
  ]

  package static let calls: Set = [
    "sync", "sched_yield", "mlockall", "munlockall",
  ]

  /// Names that are not drawn, for the reasons above.
  static let names: Set = [
    "RLIMIT_AS", "RLIMIT_DATA", "RLIMIT_STACK", "RLIMIT_MEMLOCK", "RLIMIT_CPU", "RLIMIT_RTTIME", "RLIMIT_NPROC",
    "RLIMIT_SIGPENDING",
    "MAP_GROWSDOWN", "RLIMIT_RSS", "RLIMIT_MSGQUEUE", "RLIMIT_NICE", "RLIMIT_RTPRIO", "ITIMER_VIRTUAL", "ITIMER_PROF",
    "O_ASYNC", "P_PIDFD",
    "CLOCK_REALTIME_ALARM", "CLOCK_BOOTTIME_ALARM", "RESOLVE_CACHED", "RENAME_WHITEOUT",
  ]

  /// Whether a bit without a name here has none on Linux either: others stand in Missing, or are refused as unbuilt.
  static func mayBeDrawn(_ bit: Int64, _ set: NameSet) -> Bool {
    bit & set.mask == 0 && (1 << 24...1 << 31).contains(bit)
  }
}
