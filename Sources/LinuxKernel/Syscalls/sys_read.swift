extension Syscall {
  /// read(2). Linux: fs/read_write.c, ksys_read().
  static let read = Syscall(
    0, "read", "Reads up to count bytes from a descriptor.",
    c: "ssize_t read(int fd, void buf[.count], size_t count)",
    Param<FD>("fd"), Param<Destination>("buf"),
    returns: "data",
    errors: [
      .EAGAIN: "nothing is there and the file is O_NONBLOCK",
      .EBADF: "fd is not open for reading",
      .EFAULT: "buf lies outside the caller's memory",
      .EINTR: "a signal came before anything was read",
      .EINVAL: "the object cannot be read, or count is negative",
      .EISDIR: "fd is a directory",
    ]
  ) { (kernel: inout Kernel, me: TaskID, fd: FD, destination: Destination) throws(Stop) -> AnswerOrWait<Transferred> in
    destination.isReply
      ? try kernel.readAnswer(fd, destination.remaining, for: me)
      : .answer(Transferred(try kernel.readToMemory(fd, destination, for: me), destination))
  }
}

extension Kernel {
  /// MAX_RW_COUNT: no call transfers more at once.
  static let transferLimit = 0x7fff_f000

  // The commonest of calls, by ways that pass words in registers and never look again where the bytes go.

  @inline(never)
  mutating func readAnswer(_ fd: FD, _ count: Int, for me: TaskID) throws(Stop) -> AnswerOrWait<Transferred> {
    if !current.isRetry, count > 0, count <= Kernel.transferLimit, let found = shortcut(fd, of: me),
      case .pipeReader(let pipe) = found.object
    {
      return try readWhole(
        pipe, found.file, count, isNonblocking: found.status.contains(.nonblock), isTableOwn: found.isTableOwn,
        for: me)
    }
    return .answer(Transferred(answerOf: try readOther(fd, count, for: me)))
  }

  @inline(never) private mutating func readOther(_ fd: FD, _ count: Int, for me: TaskID) throws(Stop) -> Int {
    var destination = Destination(replyOf: count)
    return try read(fd, &destination, for: me)
  }

  @inline(never)
  fileprivate mutating func readToMemory(_ fd: FD, _ destination: Destination, for me: TaskID) throws(Stop) -> Int {
    var destination = destination
    return try read(fd, &destination, for: me)
  }

  /// Linux: ksys_read().
  @inline(__always)
  mutating func read(_ fd: FD, _ destination: inout Destination, for me: TaskID) throws(Stop) -> Int {
    // One that only names a place is not readable either.
    let file = try fileOrPath(fd, of: me)
    guard files[file].isReadable else { throw .errno(.EBADF) }
    guard destination.remaining >= 0 else { throw .errno(.EINVAL) }
    destination.truncate(to: Kernel.transferLimit)
    return try read(file, &destination, for: me)
  }
}
