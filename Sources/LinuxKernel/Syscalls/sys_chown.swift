extension Syscall {
  private static let errors: KeyValuePairs<Errno, String> = [
    .EBADF: "the descriptor is not open",
    .EINVAL: "flags holds an unknown bit",
    .ENOENT: "nothing stands there",
    .EPERM: "the caller may not give the file away",
  ]

  /// chown(2). Linux: fs/open.c, chown_common(). An id of -1 is left as it is.
  static let chown = Syscall(
    92, "chown", "Sets owner and group of a file.", c: "int chown(const char *path, uid_t owner, gid_t group)",
    Param<PathName>("path"), Param<UInt32>("owner"), Param<UInt32>("group"), returns: "zero", errors: errors
  ) { (kernel: inout Kernel, me: TaskID, path: PathName, uid: UInt32, gid: UInt32) throws(Stop) -> Done in
    try kernel.changeOwner(.current, path, uid, gid, .follow, me)
  }

  static let lchown = Syscall(
    94, "lchown", "Sets owner and group of a file, of a symbolic link itself.",
    c: "int lchown(const char *path, uid_t owner, gid_t group)",
    Param<PathName>("path"), Param<UInt32>("owner"), Param<UInt32>("group"), returns: "zero", errors: errors
  ) { (kernel: inout Kernel, me: TaskID, path: PathName, uid: UInt32, gid: UInt32) throws(Stop) -> Done in
    try kernel.changeOwner(.current, path, uid, gid, [], me)
  }

  static let fchown = Syscall(
    93, "fchown", "Sets owner and group of an open file.", c: "int fchown(int fd, uid_t owner, gid_t group)",
    Param<FD>("fd"), Param<UInt32>("owner"), Param<UInt32>("group"), returns: "zero", errors: errors
  ) { (kernel: inout Kernel, me: TaskID, fd: FD, uid: UInt32, gid: UInt32) throws(Stop) -> Done in
    let file = try kernel.file(fd, of: me)
    guard let inode = kernel.inode(of: file) else {
      let who = kernel.tasks[me].credentials
      try kernel.changeNameless(file) { (file) throws(Stop) in try file.changeOwner(uid: uid, gid: gid, who) }
      return Done()
    }
    try kernel.changeOwner(inode, uid: uid, gid: gid, kernel.tasks[me].credentials)
    return Done()
  }

  static let fchownat = Syscall(
    260, "fchownat", "Sets owner and group of a file whose path starts at a directory.",
    c: "int fchownat(int dirfd, const char *path, uid_t owner, gid_t group, int flags)",
    Param<FD>("dirfd"), Param<PathName>("path"), Param<UInt32>("owner"), Param<UInt32>("group"),
    Param<LookupFlags>("flags", default: 0), returns: "zero", errors: errors
  ) {
    (kernel: inout Kernel, me: TaskID, directory: FD, path: PathName, uid: UInt32, gid: UInt32, flags: LookupFlags)
      throws(Stop) -> Done in
    guard flags.isSubset(of: [.noFollow, .emptyPath]) else { throw .errno(.EINVAL) }
    return try kernel.changeOwner(directory, path, uid, gid, flags.walk, me)
  }
}

extension Kernel {
  fileprivate mutating func changeOwner(
    _ directory: FD, _ name: PathName, _ uid: UInt32, _ gid: UInt32, _ flags: WalkFlags, _ me: TaskID
  ) throws(Stop) -> Done {
    let path = try path(directory, name, flags, me)
    try changeOwner(inode(path), uid: uid, gid: gid, tasks[me].credentials)
    return Done()
  }
}
