extension Syscall {
  /// msgsnd(2). Linux: ipc/msg.c, do_msgsnd(). The type, which C puts in front of the bytes, is an argument of its own.
  static let msgsnd = Syscall(
    69, "msgsnd", "Sends a message of a type to a System V queue.",
    c: "int msgsnd(int msqid, const void msgp[.msgsz], size_t msgsz, int msgflg)",
    Param<Int32>("msqid"), Param<Int>("mtype"), Param<Source>("msgp"), Param<MessageFlags>("msgflg", default: 0),
    returns: "zero",
    errors: [
      .EACCES: "the queue may not be written", .EAGAIN: "there is no room, and IPC_NOWAIT",
      .EFAULT: "the message lies outside the caller's memory", .EIDRM: "the queue was removed while the caller slept",
      .EINTR: "a handler has run",
      .EINVAL: "no such queue exists, the type is not positive, or the message is longer than kernel.msgmax",
    ]
  ) {
    (kernel: inout Kernel, me: TaskID, id: Int32, type: Int, source: Source, flags: MessageFlags) throws(Stop) -> Done
    in
    if let view = source.whole {
      try kernel.send(id, Int64(type), whole: view, flags, me)
    } else {
      try kernel.sendInSteps(id, Int64(type), source, flags, me)
    }
    return Done()
  }
}
