extension Syscall {
  private static let errors: KeyValuePairs<Errno, String> = [
    .EACCES: "the parent may not be written, or a directory not be searched",
    .EEXIST: "something stands there",
    .ENOENT: "the parent does not exist",
    .ENOSPC: "the file system is full",
    .ENOTDIR: "a component is no directory",
  ]

  /// mkdir(2). Linux: fs/namei.c, do_mkdirat().
  static let mkdir = Syscall(
    83, "mkdir", "Makes a directory.", c: "int mkdir(const char *path, mode_t mode)",
    Param<PathName>("path"), Param<Mode>("mode", default: 0o777), returns: "zero", errors: errors
  ) { (kernel: inout Kernel, me: TaskID, path: PathName, mode: Mode) throws(Stop) -> Done in
    try kernel.makeDirectory(.current, path, mode, me)
  }

  static let mkdirat = Syscall(
    258, "mkdirat", "Makes a directory whose path starts at a directory.",
    c: "int mkdirat(int dirfd, const char *path, mode_t mode)",
    Param<FD>("dirfd"), Param<PathName>("path"), Param<Mode>("mode", default: 0o777), returns: "zero", errors: errors
  ) { (kernel: inout Kernel, me: TaskID, directory: FD, path: PathName, mode: Mode) throws(Stop) -> Done in
    try kernel.makeDirectory(directory, path, mode, me)
  }
}

extension Kernel {
  fileprivate mutating func makeDirectory(_ directory: FD, _ path: PathName, _ mode: Mode, _ me: TaskID) throws(Stop)
    -> Done
  {
    let place = try newName(directory, path, isDirectory: true, me)
    try create(.directory, mode: FileMode.directory | masked(mode.bits & 0o1777, me), place, me)
    return Done()
  }
}
