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
  ) { (kernel: inout Kernel, me: TaskID, fd: FD, destination: Destination) throws(Stop) -> Transferred in
    var destination = destination
    return Transferred(try kernel.read(fd, &destination, for: me), destination)
  }
}

extension Kernel {
  /// MAX_RW_COUNT: no call transfers more at once.
  static let transferLimit = 0x7fff_f000

  /// Linux: ksys_read().
  @inline(__always)
  mutating func read(_ fd: FD, _ destination: inout Destination, for me: TaskID) throws(Stop) -> Int {
    let file = try file(fd, of: me)
    guard files[file].isReadable else { throw .errno(.EBADF) }
    guard destination.remaining >= 0 else { throw .errno(.EINVAL) }
    destination.truncate(to: Kernel.transferLimit)
    return try read(file, &destination, for: me)
  }
}
