extension Syscall {
  /// close(2). Linux: fs/open.c, close().
  static let close = Syscall(
    3, "close", "Closes a descriptor.",
    c: "int close(int fd)",
    Param<FD>("fd"),
    returns: "zero",
    errors: [.EBADF: "fd is not open"]
  ) { (kernel: inout Kernel, me: TaskID, fd: FD) throws(Stop) -> Done in
    try kernel.close(fd, of: me)
    return Done()
  }
}
