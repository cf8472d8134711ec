extension Syscall {
  /// truncate(2). Linux: fs/open.c, vfs_truncate().
  static let truncate = Syscall(
    76, "truncate", "Sets the size of a file.", c: "int truncate(const char *path, off_t length)",
    Param<PathName>("path"), Param<Int>("length", default: 0), returns: "zero",
    errors: [
      .EACCES: "the file may not be written",
      .EFBIG: "length is above RLIMIT_FSIZE; SIGXFSZ is sent too",
      .EINVAL: "length is negative, or the file not a regular one",
      .EISDIR: "it is a directory",
      .ENOENT: "nothing stands there",
    ]
  ) { (kernel: inout Kernel, me: TaskID, path: PathName, length: Int) throws(Stop) -> Done in
    if length < 0 { throw .errno(.EINVAL) }
    guard case .path(let place) = try kernel.target(.current, path, .follow, me) else { throw .errno(.EINVAL) }
    let inode = kernel.inode(place)
    if kernel.inodes[inode].isDirectory { throw .errno(.EISDIR) }
    guard kernel.inodes[inode].isRegular else { throw .errno(.EINVAL) }
    try kernel.checkPermission(inode, .write, kernel.tasks[me].credentials)
    try kernel.truncate(inode, to: length, for: me)
    return Done()
  }

  static let ftruncate = Syscall(
    77, "ftruncate", "Sets the size of an open file.", c: "int ftruncate(int fd, off_t length)",
    Param<FD>("fd"), Param<Int>("length", default: 0), returns: "zero",
    errors: [
      .EBADF: "fd is not open",
      .EFBIG: "length is above RLIMIT_FSIZE; SIGXFSZ is sent too",
      .EINVAL: "length is negative, or fd not a regular file open for writing",
      .EPERM: "a seal forbids it",
    ]
  ) { (kernel: inout Kernel, me: TaskID, fd: FD, length: Int) throws(Stop) -> Done in
    if length < 0 { throw .errno(.EINVAL) }
    let file = try kernel.file(fd, of: me)
    guard let inode = kernel.inode(of: file), kernel.inodes[inode].isRegular, kernel.files[file].isWritable else {
      throw .errno(.EINVAL)
    }
    // What mq_open opens is not open for large files.
    if length > Int32.max, !kernel.files[file].status.contains(.largefile) { throw .errno(.EINVAL) }
    try kernel.truncate(inode, to: length, for: me)
    return Done()
  }
}
