extension Syscall {
  private static let errors: KeyValuePairs<Errno, String> = [
    .EBADF: "the descriptor is not open",
    .EINVAL: "flags holds an unknown bit",
    .ENOENT: "nothing stands there",
    .EOPNOTSUPP: "it is a symbolic link",
    .EPERM: "the file is another's, or a seal forbids it",
  ]

  /// chmod(2). Linux: fs/open.c, chmod_common().
  static let chmod = Syscall(
    90, "chmod", "Sets the permission bits of a file.", c: "int chmod(const char *path, mode_t mode)",
    Param<PathName>("path"), Param<Mode>("mode"), returns: "zero", errors: errors
  ) { (kernel: inout Kernel, me: TaskID, path: PathName, mode: Mode) throws(Stop) -> Done in
    try kernel.changeMode(.current, path, mode, .follow, me)
  }

  static let fchmod = Syscall(
    91, "fchmod", "Sets the permission bits of an open file.", c: "int fchmod(int fd, mode_t mode)",
    Param<FD>("fd"), Param<Mode>("mode"), returns: "zero", errors: errors
  ) { (kernel: inout Kernel, me: TaskID, fd: FD, mode: Mode) throws(Stop) -> Done in
    let file = try kernel.file(fd, of: me)
    guard let inode = kernel.inode(of: file) else {
      let who = kernel.tasks[me].credentials
      try kernel.changeNameless(file) { (file) throws(Stop) in try file.changeMode(mode, who) }
      return Done()
    }
    try kernel.changeMode(inode, mode, kernel.tasks[me].credentials)
    return Done()
  }

  static let fchmodat = Syscall(
    268, "fchmodat", "Sets the permission bits of a file whose path starts at a directory.",
    c: "int fchmodat(int dirfd, const char *path, mode_t mode)",
    Param<FD>("dirfd"), Param<PathName>("path"), Param<Mode>("mode"), returns: "zero", errors: errors
  ) { (kernel: inout Kernel, me: TaskID, directory: FD, path: PathName, mode: Mode) throws(Stop) -> Done in
    try kernel.changeMode(directory, path, mode, .follow, me)
  }

  static let fchmodat2 = Syscall(
    452, "fchmodat2", "Sets the permission bits of a file, with flags.",
    c: "int fchmodat2(int dirfd, const char *path, mode_t mode, unsigned int flags)",
    Param<FD>("dirfd"), Param<PathName>("path"), Param<Mode>("mode"), Param<LookupFlags>("flags", default: 0),
    returns: "zero", errors: errors
  ) {
    (kernel: inout Kernel, me: TaskID, directory: FD, path: PathName, mode: Mode, flags: LookupFlags) throws(Stop)
      -> Done in
    guard flags.isSubset(of: [.noFollow, .emptyPath]) else { throw .errno(.EINVAL) }
    return try kernel.changeMode(directory, path, mode, flags.walk, me)
  }
}

extension Kernel {
  fileprivate mutating func changeMode(
    _ directory: FD, _ name: PathName, _ mode: Mode, _ flags: WalkFlags, _ me: TaskID
  ) throws(Stop) -> Done {
    let path = try path(directory, name, flags, me)
    try changeMode(inode(path), mode, tasks[me].credentials)
    return Done()
  }
}
