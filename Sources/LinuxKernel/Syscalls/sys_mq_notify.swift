extension Syscall {
  /// mq_notify(2), as the kernel has it. Linux: ipc/mqueue.c, do_mq_notify().
  static let mqNotify = Syscall(
    244, "mq_notify", "Asks to be told when a message comes to an empty POSIX queue, or no longer.",
    c: "int mq_notify(mqd_t mqdes, const struct sigevent *sevp)",
    Param<FD>("mqdes"), Param<SignalEvent?>(optional: "sevp"),
    returns: "zero",
    errors: [
      .EBADF: "mqdes is no queue, or sigev_signo of SIGEV_THREAD no descriptor",
      .EBUSY: "somebody is to be told already",
      .EFAULT: "sevp, or the cookie of SIGEV_THREAD, lies outside the caller's memory",
      .EINTR: "SIGEV_THREAD: a signal came while the socket had no room",
      .EINVAL: "sevp is no way to tell, or no signal, or sigev_signo of SIGEV_THREAD another socket than of netlink",
      .ENOTSOCK: "SIGEV_THREAD: sigev_signo is no socket",
    ]
  ) { (kernel: inout Kernel, me: TaskID, fd: FD, event: SignalEvent?) throws(Stop) -> Done in
    try kernel.setNotification(fd, event, me)
    return Done()
  }
}
