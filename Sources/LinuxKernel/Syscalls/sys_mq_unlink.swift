extension Syscall {
  /// mq_unlink(3). Linux: ipc/mqueue.c. What the kernel answers: the C library makes EACCES of its EPERM.
  static let mqUnlink = Syscall(
    241, "mq_unlink", "Removes the name of a POSIX message queue, and with its last descriptor the queue.",
    c: "int mq_unlink(const char *name)",
    Param<PathName>("name"),
    returns: "zero",
    errors: [
      .EACCES: "the name holds another slash or is a dot entry", .EINVAL: "the name does not begin with a slash",
      .ENAMETOOLONG: "the name is longer than 255 bytes", .ENOENT: "the name is not there",
      .EPERM: "the queue is another user's",
    ]
  ) { (kernel: inout Kernel, me: TaskID, name: PathName) throws(Stop) -> Done in
    try kernel.unlinkQueue(name, me)
    return Done()
  }
}
