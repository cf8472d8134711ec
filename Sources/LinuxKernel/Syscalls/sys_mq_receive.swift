extension Syscall {
  private static let errors: KeyValuePairs<Errno, String> = [
    .EAGAIN: "the queue is empty, and O_NONBLOCK", .EBADF: "mqdes is no queue open for reading",
    .EFAULT: "an argument lies outside the caller's memory; the message is lost",
    .EINTR: "a handler without SA_RESTART has run",
    .EINVAL: "the time is none", .EMSGSIZE: "the room is smaller than mq_msgsize", .ETIMEDOUT: "the time is over",
  ]

  /// mq_receive(3), which is mq_timedreceive(2) without a time. As many bytes as the queue allows, unless told
  /// otherwise.
  static let mqReceive = Syscall(
    243, "mq_receive", "Receives the oldest message of the highest priority from a POSIX queue.",
    c: "ssize_t mq_receive(mqd_t mqdes, char msg_ptr[.msg_len], size_t msg_len, unsigned int *msg_prio)",
    Param<FD>("mqdes"), Param<Destination>("msg_ptr", default: -1),
    returns: "text", "msg_prio", errors: errors
  ) { (kernel: inout Kernel, me: TaskID, fd: FD, room: Destination) throws(Stop) -> AnswerOrWait<RankedMessage> in
    guard room.isReply else { return .answer(try kernel.receiveInSteps(fd, room, nil, me)) }
    return try kernel.receive(fd, answerOf: room.remaining, me)
  }

  /// mq_timedreceive(2). Linux: ipc/mqueue.c, do_mq_timedreceive().
  static let mqTimedreceive = Syscall(
    243, "mq_timedreceive", "Receives a message from a POSIX queue, and waits for one until a time at most.",
    c: """
      ssize_t mq_timedreceive(mqd_t mqdes, char msg_ptr[.msg_len], size_t msg_len, unsigned int *msg_prio, \
      const struct timespec *abs_timeout)
      """,
    Param<FD>("mqdes"), Param<Destination>("msg_ptr", default: -1), Param<TimeSpec?>(optional: "abs_timeout"),
    returns: "text", "msg_prio", errors: errors
  ) {
    (kernel: inout Kernel, me: TaskID, fd: FD, room: Destination, timeout: TimeSpec?) throws(Stop)
      -> AnswerOrWait<RankedMessage> in
    guard timeout == nil, room.isReply else { return .answer(try kernel.receiveInSteps(fd, room, timeout, me)) }
    return try kernel.receive(fd, answerOf: room.remaining, me)
  }
}

/// A message's bytes or, where they went to memory, their number, and its priority.
struct RankedMessage: Returned {
  let priority: Int64
  let count: Int
  let isReply: Bool
  static var results: [ResultKind] { [.transfer, .integer] }

  @inline(__always) func store(_ kernel: inout Kernel) {
    kernel.reply.words[0] = Int64(count)
    kernel.reply.words[1] = priority
    kernel.reply.hasBytes = isReply
  }
}
