extension Syscall {
  /// Every call that is built, in the order of the reference. A new call adds a line here and its file.
  public static let all: [Syscall] = [
    // Files
    read, write, close, pipe2,
    // Names, sizes and permissions
    open, openat, creat, openat2, pread, pwrite, lseek,
    stat, lstat, fstat, newfstatat, statx,
    mkdir, mkdirat, unlink, rmdir, unlinkat, mknod, mknodat,
    rename, renameat, renameat2, link, linkat, symlink, symlinkat, readlink, readlinkat, getdents64,
    truncate, ftruncate, fallocate, memfdCreate, sync, fsync, fdatasync, syncfs, statfs, fstatfs,
    chmod, fchmod, fchmodat, fchmodat2, chown, lchown, fchown, fchownat, utimensat,
    access, faccessat, faccessat2, umask, chdir, fchdir, getcwd,
    // Descriptors
    pipe, dup, dup2, dup3, fcntl, flock, closeRange, ioctl, readv, writev, preadv, pwritev, preadv2, pwritev2,
    // Readiness
    eventfd, timerfdCreate, timerfdSettime, timerfdGettime, poll, ppoll, select, pselect6, epollCreate, epollCreate1,
    epollCtl, epollWait,
    epollPwait, epollPwait2,
    // Memory
    mmap, munmap, mprotect, mremap, madvise, msync, mincore, mlock, mlock2, munlock, mlockall, munlockall,
    // System V objects
    semget, semop, semtimedop, semctl, shmget, shmat, shmdt, shmctl,
    // System
    uname, sysinfo, getcpu, getrandom,
    // Message queues
    msgget, msgsnd, msgrcv, msgctl,
    socket, recv,
    mqOpen, mqUnlink, mqSend, mqTimedsend, mqReceive, mqTimedreceive, mqNotify, mqGetattr, mqSetattr,
    // Processes
    fork, vfork, clone3, execve, execveat, unshare, exit, exitGroup, waitpid, waitid, getpid, getppid, gettid,
    setTIDAddress, prctl, schedYield,
    setpgid, getpgid, getpgrp, setsid, getsid,
    // Signals
    kill, tkill, tgkill, sigqueue, rtTgsigqueueinfo, sigaction, sigprocmask, sigpending, sigsuspend, pause,
    sigtimedwait, sigwaitinfo, signalfd,
    // Credentials and limits
    getuid, geteuid, getgid, getegid, getresuid, getresgid, setuid, setgid, setreuid, setregid, setresuid, setresgid,
    setfsuid, setfsgid, getgroups, setgroups, capget, capset, getrlimit, setrlimit, prlimit64, getpriority, setpriority,
    nice,
    // Time
    nanosleep, clockNanosleep, clockGettime, clockGetres, clockSettime, gettimeofday, time, times,
    getitimer, setitimer, alarm, timerCreate, timerDelete, timerSettime, timerGettime, timerGetoverrun,
  ]

  /// Position by name.
  public static let indices: [String: Int] = {
    var indices: [String: Int] = [:]
    for (index, call) in all.enumerated() { indices[call.name] = index }
    return indices
  }()
}
