extension Syscall {
  /// mq_open(3), which hands the kernel the name without its slash. Linux: ipc/mqueue.c, do_mq_open().
  static let mqOpen = Syscall(
    240, "mq_open", "Opens a POSIX message queue, or makes one.",
    c: "mqd_t mq_open(const char *name, int oflag, ... /* mode_t mode, struct mq_attr *attr */)",
    Param<PathName>("name"), Param<OpenFlags>("oflag", default: 0), Param<Mode>("mode", default: 0),
    Param<QueueAttributes?>(optional: "attr"),
    returns: "mqd",
    errors: [
      .EACCES: "the queue may not be opened this way, or the name holds another slash or is a dot entry",
      .EEXIST: "O_CREAT|O_EXCL, and the name is taken", .EFAULT: "an argument lies outside the caller's memory",
      .EINVAL: "the name does not begin with a slash, attr is out of range, or oflag is no way to open",
      .EMFILE: "no descriptor is left, or RLIMIT_MSGQUEUE is reached",
      .ENAMETOOLONG: "the name is longer than 255 bytes",
      .ENOENT: "the name is not there, and O_CREAT is not given; or it is a slash alone",
      .ENOSPC: "there are fs.mqueue.queues_max queues already",
    ]
  ) {
    (
      kernel: inout Kernel, me: TaskID, name: PathName, flags: OpenFlags, mode: Mode,
      attributes: QueueAttributes?
    ) throws(Stop) -> FD in
    try kernel.openQueue(name, flags, mode, attributes, me)
  }
}
