extension Syscall {
  private static let errors: KeyValuePairs<Errno, String> = [
    .EACCES: "what is asked for is not allowed, or a directory may not be searched",
    .EINVAL: "mode or flags holds an unknown bit",
    .ENOENT: "nothing stands there",
    .EROFS: "writing is asked for and the file system is read-only",
  ]

  /// access(2). Linux: fs/open.c, do_faccessat(). It answers for the real ids.
  static let access = Syscall(
    21, "access", "Tells whether the caller, by its real ids, may use a file.",
    c: "int access(const char *path, int mode)",
    Param<PathName>("path"), Param<AccessMode>("mode", default: 0), returns: "zero", errors: errors
  ) { (kernel: inout Kernel, me: TaskID, path: PathName, mode: AccessMode) throws(Stop) -> Done in
    try kernel.checkAccess(.current, path, mode, [], me)
  }

  static let faccessat = Syscall(
    269, "faccessat", "The same for a path that starts at a directory.",
    c: "int faccessat(int dirfd, const char *path, int mode)",
    Param<FD>("dirfd"), Param<PathName>("path"), Param<AccessMode>("mode", default: 0), returns: "zero", errors: errors
  ) { (kernel: inout Kernel, me: TaskID, directory: FD, path: PathName, mode: AccessMode) throws(Stop) -> Done in
    try kernel.checkAccess(directory, path, mode, [], me)
  }

  static let faccessat2 = Syscall(
    439, "faccessat2", "The same, with AT_EACCESS by the effective ids.",
    c: "int faccessat2(int dirfd, const char *path, int mode, int flags)",
    Param<FD>("dirfd"), Param<PathName>("path"), Param<AccessMode>("mode", default: 0),
    Param<AccessFlags>("flags", default: 0), returns: "zero", errors: errors
  ) {
    (kernel: inout Kernel, me: TaskID, directory: FD, path: PathName, mode: AccessMode, flags: AccessFlags) throws(Stop)
      -> Done in
    try kernel.checkAccess(directory, path, mode, flags, me)
  }
}

/// R_OK, W_OK and X_OK.
struct AccessMode: Flags {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let execute = AccessMode(rawValue: 1)
  static let names = NameSet("access mode", .bits, ["F_OK": 0, "X_OK": 1, "W_OK": 2, "R_OK": 4])
}

struct AccessFlags: Flags {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let noFollow = AccessFlags(rawValue: 0x100), effective = AccessFlags(rawValue: 0x200),
    emptyPath = AccessFlags(rawValue: 0x1000)
  static let names = NameSet(
    "access flags", .bits, ["AT_SYMLINK_NOFOLLOW": 0x100, "AT_EACCESS": 0x200, "AT_EMPTY_PATH": 0x1000])
}

extension Kernel {
  fileprivate mutating func checkAccess(
    _ directory: FD, _ name: PathName, _ mode: AccessMode, _ flags: AccessFlags, _ me: TaskID
  ) throws(Stop) -> Done {
    try mode.check()
    try flags.check()
    let before = tasks[me].credentials
    // The whole walk is made with the real ids. Linux: access_override_creds().
    if !flags.contains(.effective) {
      tasks[me].credentials.fsuid = before.uid
      tasks[me].credentials.fsgid = before.gid
      tasks[me].credentials.effective = before.uid == 0 ? before.permitted : 0
    }
    defer { tasks[me].credentials = before }
    var walk: WalkFlags = flags.contains(.noFollow) ? [] : .follow
    if flags.contains(.emptyPath) { walk.insert(.empty) }
    let asked = Access(rawValue: UInt32(mode.rawValue)), path: Path
    switch try target(directory, name, walk, me) {
    case .path(let found): path = found
    case .anonymous(let file):
      let status = status(of: file)
      try Ownership(mode: status.mode, uid: status.uid, gid: status.gid).check(asked, tasks[me].credentials)
      return Done()
    }
    // path_noexec(): proc and mqueue are mounted so by the kernel itself.
    if mode.contains(.execute), inodes[inode(path)].isRegular,
      fileSystems[inodes[inode(path)].fileSystem].kind != .tmpfs
    {
      throw .errno(.EACCES)
    }
    try checkPermission(inode(path), asked, tasks[me].credentials)
    return Done()
  }
}
