extension Syscall {
  /// mq_getattr(3), which is mq_getsetattr(2) without new attributes. Linux: ipc/mqueue.c, do_mq_getsetattr().
  static let mqGetattr = Syscall(
    245, "mq_getattr", "Returns the limits of a POSIX queue, how many messages it holds, and whether calls wait.",
    c: "int mq_getattr(mqd_t mqdes, struct mq_attr *attr)",
    raw: "int mq_getsetattr(mqd_t mqdes, const struct mq_attr *newattr, struct mq_attr *attr)",
    Param<FD>("mqdes"),
    returns: "attr", errors: [.EBADF: "mqdes is no queue"]
  ) { (kernel: inout Kernel, me: TaskID, fd: FD) throws(Stop) -> QueueAttributes in
    let (file, queue) = try kernel.posixQueue(fd, of: me)
    return kernel.attributes(of: queue, file)
  }

  /// mq_setattr(3): O_NONBLOCK is all that can be set.
  static let mqSetattr = Syscall(
    245, "mq_setattr", "Sets or clears O_NONBLOCK, and returns what the attributes were.",
    c: "int mq_setattr(mqd_t mqdes, const struct mq_attr *newattr, struct mq_attr *oldattr)",
    Param<FD>("mqdes"), Param<QueueAttributes>("newattr"),
    returns: "oldattr",
    errors: [
      .EBADF: "mqdes is no queue", .EFAULT: "newattr lies outside the caller's memory",
      .EINVAL: "mq_flags holds more than O_NONBLOCK",
    ]
  ) { (kernel: inout Kernel, me: TaskID, fd: FD, new: QueueAttributes) throws(Stop) -> QueueAttributes in
    let nonblock = Int64(OpenFlags.nonblock.rawValue)
    if new.flags & ~nonblock != 0 { throw .errno(.EINVAL) }
    let (file, queue) = try kernel.posixQueue(fd, of: me)
    let old = kernel.attributes(of: queue, file)
    if new.flags == 0 {
      kernel.setStatus(of: file, kernel.files[file].status.subtracting(.nonblock))
    } else {
      kernel.setStatus(of: file, kernel.files[file].status.union(.nonblock))
    }
    kernel.touchStatus(queue)
    return old
  }
}

extension Kernel {
  fileprivate func attributes(of object: ID<PosixQueue>, _ file: ID<OpenFile>) -> QueueAttributes {
    let queue = messageQueues[posixQueues[object].queue]
    return QueueAttributes(
      flags: Int64(files[file].status.intersection(.nonblock).rawValue), messageLimit: Int64(queue.countLimit),
      messageSize: Int64(queue.messageSize), messageCount: Int64(queue.count))
  }
}
