extension Syscall {
  private static let errors: KeyValuePairs<Errno, String> = [
    .EACCES: "a directory may not be written or searched",
    .EEXIST: "the new name is taken",
    .EINVAL: "flags holds an unknown bit",
    .ENOENT: "the old name does not exist, or the file has lost its last name",
    .EPERM: "it is a directory",
    .EXDEV: "the names lie on different mounts",
  ]

  /// link(2). Linux: fs/namei.c, do_linkat().
  static let link = Syscall(
    86, "link", "Gives a file a further name.", c: "int link(const char *oldpath, const char *newpath)",
    Param<PathName>("oldpath"), Param<PathName>("newpath"), returns: "zero", errors: errors
  ) { (kernel: inout Kernel, me: TaskID, old: PathName, new: PathName) throws(Stop) -> Done in
    try kernel.link(.current, old, .current, new, [], me)
  }

  static let linkat = Syscall(
    265, "linkat", "Gives a file a further name; the paths start at directories.",
    c: "int linkat(int olddirfd, const char *oldpath, int newdirfd, const char *newpath, int flags)",
    Param<FD>("olddirfd"), Param<PathName>("oldpath"), Param<FD>("newdirfd"), Param<PathName>("newpath"),
    Param<LookupFlags>("flags", default: 0), returns: "zero", errors: errors
  ) {
    (
      kernel: inout Kernel, me: TaskID, oldDirectory: FD, old: PathName, newDirectory: FD, new: PathName,
      flags: LookupFlags
    )
      throws(Stop) -> Done in
    guard flags.isSubset(of: [.follow, .emptyPath]) else { throw .errno(.EINVAL) }
    return try kernel.link(oldDirectory, old, newDirectory, new, flags, me)
  }
}

extension Kernel {
  fileprivate mutating func link(
    _ oldDirectory: FD, _ old: PathName, _ newDirectory: FD, _ new: PathName, _ flags: LookupFlags, _ me: TaskID
  ) throws(Stop) -> Done {
    var walk: WalkFlags = flags.contains(.follow) ? .follow : []
    if flags.contains(.emptyPath) { walk.insert(.empty) }
    let found = try target(oldDirectory, old, walk, me)
    guard case .path(let path) = found else {
      _ = try newName(newDirectory, new, me)
      throw .errno(.EXDEV)
    }
    hold(path)
    defer { release(path) }
    let place = try newName(newDirectory, new, me)
    if path.mount != place.directory.mount { throw .errno(.EXDEV) }
    try checkMayLink(inode(path), tasks[me].credentials)
    try link(path, place, me)
    return Done()
  }

  /// Others' files may be linked only where they could be read and written too. Linux: may_linkat(), with
  /// fs.protected_hardlinks on.
  private func checkMayLink(_ inode: ID<Inode>, _ who: Credentials) throws(Stop) {
    if isOwnerOrCapable(inode, who) { return }
    let mode = inodes[inode].mode
    guard inodes[inode].isRegular, mode & FileMode.setUID == 0,
      mode & (FileMode.setGID | 0o010) != FileMode.setGID | 0o010
    else {
      throw .errno(.EPERM)
    }
    do throws(Stop) { try checkPermission(inode, [.read, .write], who) } catch { throw .errno(.EPERM) }
  }
}
