extension Syscall {
  /// chdir(2). Linux: fs/open.c.
  static let chdir = Syscall(
    80, "chdir", "Changes the working directory.", c: "int chdir(const char *path)",
    Param<PathName>("path"), returns: "zero",
    errors: [
      .EACCES: "the directory may not be searched", .ENOENT: "nothing stands there", .ENOTDIR: "it is no directory",
    ]
  ) { (kernel: inout Kernel, me: TaskID, path: PathName) throws(Stop) -> Done in
    let place = try kernel.path(.current, path, [.follow, .directory], me)
    try kernel.checkPermission(kernel.inode(place), .execute, kernel.tasks[me].credentials)
    kernel.setCurrentDirectory(place, of: me)
    return Done()
  }

  static let fchdir = Syscall(
    81, "fchdir", "Changes the working directory to an open one.", c: "int fchdir(int fd)",
    Param<FD>("fd"), returns: "zero",
    errors: [.EACCES: "the directory may not be searched", .EBADF: "fd is not open", .ENOTDIR: "fd is no directory"]
  ) { (kernel: inout Kernel, me: TaskID, fd: FD) throws(Stop) -> Done in
    let file = try kernel.fileOrPath(fd, of: me)
    guard let place = kernel.files[file].path, kernel.inodes[kernel.inode(place)].isDirectory else {
      throw .errno(.ENOTDIR)
    }
    try kernel.checkPermission(kernel.inode(place), .execute, kernel.tasks[me].credentials)
    kernel.setCurrentDirectory(place, of: me)
    return Done()
  }

  /// getcwd(2). Linux: fs/d_path.c.
  static let getcwd = Syscall(
    79, "getcwd", "Returns the path of the working directory.", c: "char *getcwd(char buf[.size], size_t size)",
    raw: "ssize_t getcwd(char buf[.size], unsigned long size)",
    returns: "path", errors: [.ENOENT: "the directory was removed"]
  ) { (kernel: inout Kernel, me: TaskID) throws(Stop) -> OutputBytes in
    let context = kernel.fileSystemContexts[kernel.tasks[me].fileSystem]
    if kernel.dentries[context.current.dentry].isUnlinked { throw .errno(.ENOENT) }
    let (bytes, isReachable) = kernel.text(of: context.current, from: context.root)
    if !isReachable { kernel.output.append(Array("(unreachable)".utf8)) }
    kernel.output.append(bytes)
    return OutputBytes()
  }
}
