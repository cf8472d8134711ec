// Everything is in memory, and so always synchronised; what is left is to tell bad descriptors.

extension Syscall {
  /// sync(2).
  static let sync = Syscall(
    162, "sync", "Writes all changed files out.", c: "void sync(void)", returns: "zero"
  ) { (kernel: inout Kernel, me: TaskID) throws(Stop) -> Done in Done() }

  /// fsync(2). Linux: fs/sync.c, vfs_fsync_range().
  static let fsync = Syscall(
    74, "fsync", "Writes an open file out.", c: "int fsync(int fd)", Param<FD>("fd"), returns: "zero",
    errors: [.EBADF: "fd is not open", .EINVAL: "the file cannot be written out"]
  ) { (kernel: inout Kernel, me: TaskID, fd: FD) throws(Stop) -> Done in try kernel.synchronise(fd, me) }

  static let fdatasync = Syscall(
    75, "fdatasync", "Writes the bytes of an open file out.", c: "int fdatasync(int fd)", Param<FD>("fd"),
    returns: "zero",
    errors: [.EBADF: "fd is not open", .EINVAL: "the file cannot be written out"]
  ) { (kernel: inout Kernel, me: TaskID, fd: FD) throws(Stop) -> Done in try kernel.synchronise(fd, me) }

  static let syncfs = Syscall(
    306, "syncfs", "Writes the file system of an open file out.", c: "int syncfs(int fd)", Param<FD>("fd"),
    returns: "zero",
    errors: [.EBADF: "fd is not open"]
  ) { (kernel: inout Kernel, me: TaskID, fd: FD) throws(Stop) -> Done in
    _ = try kernel.file(fd, of: me)
    return Done()
  }
}

extension Kernel {
  /// Files without an fsync operation are EINVAL: pipes, devices, /proc, queues (but not their directory).
  fileprivate func synchronise(_ fd: FD, _ me: TaskID) throws(Stop) -> Done {
    let file = try file(fd, of: me)
    guard case .inode(let inode) = files[file].object else { throw .errno(.EINVAL) }
    switch fileSystems[inodes[inode].fileSystem].kind {
    case .tmpfs: guard inodes[inode].isRegular || inodes[inode].isDirectory else { throw .errno(.EINVAL) }
    case .mqueue: guard inodes[inode].isDirectory else { throw .errno(.EINVAL) }
    default: throw .errno(.EINVAL)
    }
    return Done()
  }
}
