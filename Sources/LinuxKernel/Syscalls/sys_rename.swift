extension Syscall {
  private static let errors: KeyValuePairs<Errno, String> = [
    .EACCES: "a directory may not be written",
    .EBUSY: "a name is dots, or a mount point",
    .EEXIST: "RENAME_NOREPLACE and the new name is taken",
    .EINVAL: "a directory would move into itself, or flags exclude each other",
    .EISDIR: "the new name is a directory and the old is none",
    .ENOENT: "the old name does not exist",
    .ENOTDIR: "the old name is a directory and the new is none",
    .ENOTEMPTY: "the new name is a directory that holds entries",
    .EPERM: "a directory is sticky and the file another's",
    .EXDEV: "the names lie on different mounts",
  ]

  /// rename(2). Linux: fs/namei.c, do_renameat2().
  static let rename = Syscall(
    82, "rename", "Gives a file another name, replacing what has it.",
    c: "int rename(const char *oldpath, const char *newpath)",
    Param<PathName>("oldpath"), Param<PathName>("newpath"), returns: "zero", errors: errors
  ) { (kernel: inout Kernel, me: TaskID, old: PathName, new: PathName) throws(Stop) -> Done in
    try kernel.rename(.current, old, .current, new, [], me)
    return Done()
  }

  static let renameat = Syscall(
    264, "renameat", "Gives a file another name; the paths start at directories.",
    c: "int renameat(int olddirfd, const char *oldpath, int newdirfd, const char *newpath)",
    Param<FD>("olddirfd"), Param<PathName>("oldpath"), Param<FD>("newdirfd"), Param<PathName>("newpath"),
    returns: "zero", errors: errors
  ) {
    (kernel: inout Kernel, me: TaskID, oldDirectory: FD, old: PathName, newDirectory: FD, new: PathName) throws(Stop)
      -> Done in
    try kernel.rename(oldDirectory, old, newDirectory, new, [], me)
    return Done()
  }

  static let renameat2 = Syscall(
    316, "renameat2", "Gives a file another name, without replacing, by exchange, or leaving a whiteout.",
    c: "int renameat2(int olddirfd, const char *oldpath, int newdirfd, const char *newpath, unsigned int flags)",
    Param<FD>("olddirfd"), Param<PathName>("oldpath"), Param<FD>("newdirfd"), Param<PathName>("newpath"),
    Param<RenameFlags>("flags", default: 0), returns: "zero", errors: errors
  ) {
    (
      kernel: inout Kernel, me: TaskID, oldDirectory: FD, old: PathName, newDirectory: FD, new: PathName,
      flags: RenameFlags
    )
      throws(Stop) -> Done in
    try kernel.rename(oldDirectory, old, newDirectory, new, flags, me)
    return Done()
  }
}
