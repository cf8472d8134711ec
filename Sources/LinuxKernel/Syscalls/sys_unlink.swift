extension Syscall {
  private static let errors: KeyValuePairs<Errno, String> = [
    .EACCES: "the directory may not be written",
    .EBUSY: "it is a mount point, or the root",
    .EISDIR: "it is a directory",
    .ENOENT: "nothing stands there",
    .ENOTDIR: "a component is no directory",
    .ENOTEMPTY: "the directory holds entries",
    .EPERM: "the directory is sticky and the file another's",
  ]

  /// unlink(2). Linux: fs/namei.c, do_unlinkat().
  static let unlink = Syscall(
    87, "unlink", "Removes a name, and with its last holder the file.", c: "int unlink(const char *path)",
    Param<PathName>("path"), returns: "zero", errors: errors
  ) { (kernel: inout Kernel, me: TaskID, path: PathName) throws(Stop) -> Done in
    try kernel.unlink(.current, path, me)
    return Done()
  }

  /// rmdir(2). Linux: fs/namei.c, do_rmdir().
  static let rmdir = Syscall(
    84, "rmdir", "Removes an empty directory.", c: "int rmdir(const char *path)",
    Param<PathName>("path"), returns: "zero", errors: errors
  ) { (kernel: inout Kernel, me: TaskID, path: PathName) throws(Stop) -> Done in
    try kernel.removeDirectory(.current, path, me)
    return Done()
  }

  static let unlinkat = Syscall(
    263, "unlinkat", "Removes a name, or with AT_REMOVEDIR an empty directory.",
    c: "int unlinkat(int dirfd, const char *path, int flags)",
    Param<FD>("dirfd"), Param<PathName>("path"), Param<UnlinkFlags>("flags", default: 0), returns: "zero",
    errors: errors
  ) { (kernel: inout Kernel, me: TaskID, directory: FD, path: PathName, flags: UnlinkFlags) throws(Stop) -> Done in
    try flags.check()
    if flags.contains(.removeDirectory) {
      try kernel.removeDirectory(directory, path, me)
    } else {
      try kernel.unlink(directory, path, me)
    }
    return Done()
  }
}

struct UnlinkFlags: Flags {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let removeDirectory = UnlinkFlags(rawValue: 0x200)
  static let names = NameSet("unlink flags", .bits, ["AT_REMOVEDIR": 0x200])
}
