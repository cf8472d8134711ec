extension Syscall {
  /// pread(2). Linux: fs/read_write.c, ksys_pread64().
  static let pread = Syscall(
    17, "pread", "Reads at an offset and leaves the position alone.",
    c: "ssize_t pread(int fd, void buf[.count], size_t count, off_t offset)",
    Param<FD>("fd"), Param<Destination>("buf"), Param<Int>("offset", default: 0),
    returns: "data",
    errors: [
      .EBADF: "fd is not open for reading",
      .EFAULT: "buf lies outside the caller's memory",
      .EINVAL: "offset is negative",
      .EISDIR: "fd is a directory",
      .ESPIPE: "the file has no offsets",
    ]
  ) { (kernel: inout Kernel, me: TaskID, fd: FD, destination: Destination, offset: Int) throws(Stop) -> Transferred in
    if offset < 0 { throw .errno(.EINVAL) }
    let file = try kernel.file(fd, of: me)
    guard kernel.hasPositions(file) else { throw .errno(.ESPIPE) }
    guard kernel.files[file].isReadable else { throw .errno(.EBADF) }
    guard destination.remaining >= 0 else { throw .errno(.EINVAL) }
    var destination = destination
    destination.truncate(to: Kernel.transferLimit)
    return Transferred(try kernel.read(file, &destination, at: Int64(offset), for: me), destination)
  }

  /// pwrite(2). With O_APPEND it writes at the end all the same, as Linux does.
  static let pwrite = Syscall(
    18, "pwrite", "Writes at an offset and leaves the position alone.",
    c: "ssize_t pwrite(int fd, const void buf[.count], size_t count, off_t offset)",
    Param<FD>("fd"), Param<Source>("data"), Param<Int>("offset", default: 0),
    returns: "count",
    errors: [
      .EBADF: "fd is not open for writing",
      .EFBIG: "the file would grow past its limit",
      .EINVAL: "offset is negative",
      .ENOSPC: "the file system is full",
      .EPERM: "a seal forbids it",
      .ESPIPE: "the file has no offsets",
    ]
  ) { (kernel: inout Kernel, me: TaskID, fd: FD, source: Source, offset: Int) throws(Stop) -> Int in
    if offset < 0 { throw .errno(.EINVAL) }
    let file = try kernel.file(fd, of: me)
    guard kernel.canWriteAt(file) else { throw .errno(.ESPIPE) }
    guard kernel.files[file].isWritable else { throw .errno(.EBADF) }
    guard source.remaining >= 0 else { throw .errno(.EINVAL) }
    var source = source
    source.truncate(to: Kernel.transferLimit)
    return try kernel.write(file, &source, at: Int64(offset), for: me)
  }
}
