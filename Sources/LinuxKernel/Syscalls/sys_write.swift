extension Syscall {
  /// write(2). Linux: fs/read_write.c, ksys_write().
  static let write = Syscall(
    1, "write", "Writes bytes to a descriptor.",
    c: "ssize_t write(int fd, const void buf[.count], size_t count)",
    Param<FD>("fd"), Param<Source>("data"),
    returns: "count",
    errors: [
      .EAGAIN: "there is no room and the file is O_NONBLOCK",
      .EBADF: "fd is not open for writing",
      .EFAULT: "the bytes lie outside the caller's memory",
      .EFBIG: "the file would grow past its limit",
      .EINTR: "a signal came before anything was written",
      .EINVAL: "the object cannot be written",
      .ENOSPC: "the file system is full",
      .EPIPE: "the read end is closed; SIGPIPE is sent too",
    ]
  ) { (kernel: inout Kernel, me: TaskID, fd: FD, source: Source) throws(Stop) -> Int in
    if let view = source.whole { return try kernel.write(fd, whole: view, for: me) }
    return try kernel.write(fd, from: source, for: me)
  }
}

extension Kernel {
  // As with read(2).

  @inline(never) mutating func write(_ fd: FD, whole view: ByteView, for me: TaskID) throws(Stop) -> Int {
    if !current.isRetry, view.count > 0, let found = shortcut(fd, of: me), case .pipeWriter(let pipe) = found.object,
      writeAtOnce(pipe, view, isPacket: found.status.contains(.direct))
    {
      return view.count
    }
    return try writeOther(fd, view, for: me)
  }

  @inline(never) private mutating func writeOther(_ fd: FD, _ view: ByteView, for me: TaskID) throws(Stop) -> Int {
    var source = Source(view)
    return try write(fd, &source, for: me)
  }

  @inline(never) fileprivate mutating func write(_ fd: FD, from source: Source, for me: TaskID) throws(Stop) -> Int {
    var source = source
    return try write(fd, &source, for: me)
  }

  /// Linux: ksys_write().
  @inline(__always)
  mutating func write(_ fd: FD, _ source: inout Source, for me: TaskID) throws(Stop) -> Int {
    // One that only names a place is not writable either.
    let file = try fileOrPath(fd, of: me)
    guard files[file].isWritable else { throw .errno(.EBADF) }
    guard source.remaining >= 0 else { throw .errno(.EINVAL) }
    source.truncate(to: Kernel.transferLimit)
    return try write(file, &source, for: me)
  }
}
