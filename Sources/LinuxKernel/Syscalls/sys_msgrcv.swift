extension Syscall {
  /// msgrcv(2). Linux: ipc/msg.c, do_msgrcv(). The type, which C puts in front of the bytes, is a result of its own.
  static let msgrcv = Syscall(
    70, "msgrcv", "Receives a message that its type chooses from a System V queue.",
    c: "ssize_t msgrcv(int msqid, void msgp[.msgsz], size_t msgsz, long msgtyp, int msgflg)",
    Param<Int32>("msqid"), Param<Destination>("msgp"), Param<Int>("msgtyp", default: 0),
    Param<MessageFlags>("msgflg", default: 0),
    returns: "mtype", "mtext",
    errors: [
      .E2BIG: "the message is longer than the room for it, and MSG_NOERROR is not given",
      .EACCES: "the queue may not be read", .EFAULT: "the room lies outside the caller's memory; the message is lost",
      .EIDRM: "the queue was removed while the caller slept", .EINTR: "a handler has run",
      .EINVAL: "no such queue exists, the size is negative, or MSG_COPY is without IPC_NOWAIT or with MSG_EXCEPT",
      .ENOMSG: "no such message is there, and IPC_NOWAIT",
    ]
  ) {
    (kernel: inout Kernel, me: TaskID, id: Int32, room: Destination, type: Int, flags: MessageFlags) throws(Stop)
      -> AnswerOrWait<TypedMessage> in
    guard room.isReply else { return .answer(try kernel.receiveInSteps(id, room, Int64(type), flags, me)) }
    return try kernel.receive(id, answerOf: room.remaining, Int64(type), flags, me)
  }
}

/// A message's type, and its bytes or, where they went to memory, their number.
struct TypedMessage: Returned {
  let type: Int64
  let count: Int
  let isReply: Bool
  static var results: [ResultKind] { [.integer, .transfer] }

  @inline(__always) func store(_ kernel: inout Kernel) {
    kernel.reply.words[0] = type
    kernel.reply.words[1] = Int64(count)
    kernel.reply.hasBytes = isReply
  }
}
