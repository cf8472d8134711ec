/// What of Linux is known and not built yet: told by `kscript list --missing`, and to whoever calls it.
public enum Missing {
  public struct Entry: Sendable {
    public let names: [String]
    public let reason: String
  }

  public static let entries: [Entry] = [
    Entry(
      names: [
        "kscript restore", "kscript image", "run --save", "run --stop-at", "run --check-determinism", "k:checkpoint",
        "k:snapshot",
      ],
      reason: "checkpoints come later"),
    Entry(
      names: ["kscript explore", "kscript replay", "run --inject"], reason: "exploring schedules and faults comes later"
    ),
    Entry(names: ["k.ipc"], reason: "tasks of the kernel, and k.init, look at its objects by msgctl and kin"),
    Entry(
      names: ["io_uring_setup", "io_uring_enter", "io_uring_register", "io_uring"],
      reason: "io_uring comes with its own rings"),
    Entry(
      names: [
        "socketpair", "bind", "listen", "accept4", "connect", "sendto", "sendmsg", "recvfrom", "recvmsg", "getsockopt",
        "setsockopt",
      ], reason: "sockets"),
    Entry(
      names: ["AF_UNIX", "AF_INET", "AF_INET6"],
      reason: "socket: families other than AF_NETLINK (EAFNOSUPPORT), of which NETLINK_ROUTE carries what mq_notify "
        + "tells and takes no request (ENOSYS)"),
    Entry(
      names: ["setns", "pidfd_open", "pidfd_send_signal", "pidfd_getfd", "sethostname"], reason: "namespaces and pidfds"
    ),
    Entry(
      names: ["fanotify_init", "fanotify_mark", "inotify_init1", "inotify_add_watch", "inotify_rm_watch"],
      reason: "file notification"),
    Entry(names: ["futex", "futex_waitv"], reason: "futexes"),
    Entry(names: ["mount", "umount2", "pivot_root"], reason: "mounts"),
    Entry(
      names: ["splice", "tee", "vmsplice", "sendfile", "copy_file_range"], reason: "transfers between descriptors"),
    Entry(names: ["brk", "sbrk"], reason: "there is no program break; ask mmap or ks.buffer for memory"),
    Entry(
      names: ["remap_file_pages", "pkey_mprotect", "process_madvise", "userfaultfd", "memfd_secret"],
      reason: "further kinds of memory"),
    Entry(names: ["process_vm_readv", "process_vm_writev", "ptrace"], reason: "looking into other processes"),
    Entry(names: ["ioprio_get", "ioprio_set"], reason: "io priorities"),
    Entry(
      names: [
        "sched_setscheduler", "sched_getscheduler", "sched_setaffinity", "sched_getaffinity", "sched_setattr",
        "sched_getattr",
      ],
      reason: "scheduling classes; see --policy"),
    Entry(names: ["getxattr", "setxattr", "listxattr", "removexattr"], reason: "extended attributes"),
    Entry(names: ["chroot"], reason: "comes with mounts and namespaces"),
    Entry(
      names: ["seccomp", "landlock_create_ruleset", "bpf", "perf_event_open", "keyctl", "add_key"],
      reason: "filters, tracing and keys"),
    Entry(
      names: ["getrusage", "sigaltstack", "personality", "adjtimex"],
      reason: "no state of the emulated kernel stands behind it"),
    Entry(
      names: [
        "posix.ctype", "posix.fnmatch", "posix.glob", "posix.grp", "posix.pwd", "posix.sched", "posix.sys.socket",
        "posix.sys.statvfs", "posix.syslog", "posix.termio",
      ], reason: "modules of luaposix's; the others are there by require"),
    Entry(
      names: [
        "posix.unistd.exec", "posix.unistd.crypt", "posix.unistd.ttyname", "posix.stdlib.openpt", "posix.time.strptime",
      ],
      reason: "parts of luaposix's modules that are there: programs, passwords, terminals and reading dates"),
    // Parts of calls that are built.
    Entry(
      names: ["/proc/PID/exe", "/proc/PID/cmdline", "/proc/PID/environ"],
      reason: "what a task runs (ENOENT); /proc/PID/comm and prctl tell its name"),
    Entry(names: ["PF_NPROC_EXCEEDED"], reason: "execve: RLIMIT_NPROC is not asked again after setuid (no EAGAIN)"),
    Entry(names: ["CLONE_PIDFD", "P_PIDFD"], reason: "clone3, waitid: pidfds (ENOSYS, EINVAL)"),
    Entry(
      names: [
        "CLONE_NEWNS", "CLONE_NEWPID", "CLONE_NEWUSER", "CLONE_NEWUTS", "CLONE_NEWNET", "CLONE_NEWCGROUP",
        "CLONE_NEWTIME",
      ], reason: "clone3, unshare: namespaces other than of IPC (ENOSYS)"),
    Entry(
      names: ["CLONE_PTRACE", "CLONE_SETTLS", "CLONE_IO", "CLONE_INTO_CGROUP"],
      reason: "clone3: ENOSYS, as set_tid is"),
    Entry(
      names: ["ITIMER_VIRTUAL", "ITIMER_PROF"],
      reason: "setitimer: a call takes no virtual time, so processor time stands still (ENOSYS)"),
    Entry(
      names: ["CLOCK_PROCESS_CPUTIME_ID", "CLOCK_THREAD_CPUTIME_ID"],
      reason: "clock_nanosleep, timer_create: timers of processor time (ENOSYS); clock_gettime tells 0"),
    Entry(
      names: ["SIGEV_THREAD"],
      reason: "timer_create: the C library's own, a thread there waits for the signal (mq_notify has the kernel's form)"
    ),
    Entry(names: ["MAP_HUGETLB", "SHM_HUGETLB"], reason: "mmap, shmget: as on a machine without huge pages (ENOMEM)"),
    Entry(names: ["/proc/PID/map_files"], reason: "the files behind mappings; /proc/PID/maps shows what they are"),
    Entry(names: ["MAP_GROWSDOWN"], reason: "mmap: ENOSYS"),
    Entry(names: ["MAP_DROPPABLE", "MAP_SYNC"], reason: "mmap: EINVAL; EOPNOTSUPP with MAP_SHARED_VALIDATE"),
    Entry(
      names: ["F_SETSIG", "F_GETSIG", "F_SETOWN_EX", "F_GETOWN_EX", "O_ASYNC"],
      reason: "fcntl: SIGIO (EINVAL); F_SETOWN is kept and sends nothing"),
    Entry(
      names: ["F_SETLEASE", "F_GETLEASE", "F_NOTIFY", "F_GET_RW_HINT", "F_SET_RW_HINT"],
      reason: "fcntl: leases, notification and hints (EINVAL)"),
    Entry(
      names: [
        "PR_SET_SECCOMP", "PR_SET_NO_NEW_PRIVS", "PR_SET_SECUREBITS", "PR_CAPBSET_READ", "PR_CAPBSET_DROP",
        "PR_CAP_AMBIENT",
        "PR_SET_TIMERSLACK", "PR_SET_MM", "PR_SET_VMA",
      ], reason: "prctl: EINVAL"),
  ]

  public static func reason(_ name: String) -> String? { entries.first { $0.names.contains(name) }?.reason }
}
