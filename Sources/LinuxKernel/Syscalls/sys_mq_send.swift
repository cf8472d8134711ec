extension Syscall {
  private static let errors: KeyValuePairs<Errno, String> = [
    .EAGAIN: "the queue is full, and O_NONBLOCK", .EBADF: "mqdes is no queue open for writing",
    .EFAULT: "an argument lies outside the caller's memory", .EINTR: "a handler without SA_RESTART has run",
    .EINVAL: "the priority is above 32767, or the time is none", .EMSGSIZE: "the message is longer than mq_msgsize",
    .ETIMEDOUT: "the time is over",
  ]

  /// mq_send(3), which is mq_timedsend(2) without a time.
  static let mqSend = Syscall(
    242, "mq_send", "Sends a message of a priority to a POSIX queue.",
    c: "int mq_send(mqd_t mqdes, const char msg_ptr[.msg_len], size_t msg_len, unsigned int msg_prio)",
    Param<FD>("mqdes"), Param<Source>("msg_ptr"), Param<UInt32>("msg_prio", default: 0),
    returns: "zero", errors: errors
  ) { (kernel: inout Kernel, me: TaskID, fd: FD, source: Source, priority: UInt32) throws(Stop) -> Done in
    if let view = source.whole {
      try kernel.send(fd, whole: view, priority: priority, me)
    } else {
      try kernel.sendInSteps(fd, source, priority: priority, nil, me)
    }
    return Done()
  }

  /// mq_timedsend(2). Linux: ipc/mqueue.c, do_mq_timedsend().
  static let mqTimedsend = Syscall(
    242, "mq_timedsend", "Sends a message of a priority to a POSIX queue, and waits for room until a time at most.",
    c: """
      int mq_timedsend(mqd_t mqdes, const char msg_ptr[.msg_len], size_t msg_len, unsigned int msg_prio, \
      const struct timespec *abs_timeout)
      """,
    Param<FD>("mqdes"), Param<Source>("msg_ptr"), Param<UInt32>("msg_prio", default: 0),
    Param<TimeSpec?>(optional: "abs_timeout"),
    returns: "zero", errors: errors
  ) {
    (
      kernel: inout Kernel, me: TaskID, fd: FD, source: Source, priority: UInt32,
      timeout: TimeSpec?
    ) throws(Stop) -> Done in
    if timeout == nil, let view = source.whole {
      try kernel.send(fd, whole: view, priority: priority, me)
    } else {
      try kernel.sendInSteps(fd, source, priority: priority, timeout, me)
    }
    return Done()
  }
}
