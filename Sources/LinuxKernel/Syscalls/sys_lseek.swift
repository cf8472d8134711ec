extension Syscall {
  /// lseek(2). Linux: fs/read_write.c, ksys_lseek().
  static let lseek = Syscall(
    8, "lseek", "Sets the position of an open file, or finds data or a hole.",
    c: "off_t lseek(int fd, off_t offset, int whence)",
    Param<FD>("fd"), Param<Int>("offset", default: 0), Param<Whence>("whence", default: 0),
    returns: "offset",
    errors: [
      .EBADF: "fd is not open",
      .EINVAL: "whence is unknown, or the result negative or too large",
      .ENXIO: "there is neither data nor hole from offset on",
      .ESPIPE: "the file is a pipe, a socket or a terminal",
    ]
  ) { (kernel: inout Kernel, me: TaskID, fd: FD, offset: Int, whence: Whence) throws(Stop) -> Int in
    let file = try kernel.file(fd, of: me)
    guard (0...4).contains(whence.rawValue) else { throw .errno(.EINVAL) }
    return Int(try kernel.seek(file, Int64(offset), whence, for: me))
  }
}
