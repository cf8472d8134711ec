extension Syscall {
  private static let errors: KeyValuePairs<Errno, String> = [
    .EACCES: "the directory may not be written",
    .EEXIST: "something stands there",
    .ENAMETOOLONG: "the text is longer than 4095 bytes",
    .ENOENT: "the text is empty, or the directory does not exist",
    .ENOSPC: "the file system is full",
  ]

  /// symlink(2). Linux: fs/namei.c, do_symlinkat().
  static let symlink = Syscall(
    88, "symlink", "Makes a symbolic link with a text.", c: "int symlink(const char *target, const char *linkpath)",
    Param<PathName>("target"), Param<PathName>("linkpath"), returns: "zero", errors: errors
  ) { (kernel: inout Kernel, me: TaskID, text: PathName, path: PathName) throws(Stop) -> Done in
    try kernel.makeSymlink(text, .current, path, me)
  }

  static let symlinkat = Syscall(
    266, "symlinkat", "Makes a symbolic link whose path starts at a directory.",
    c: "int symlinkat(const char *target, int newdirfd, const char *linkpath)",
    Param<PathName>("target"), Param<FD>("newdirfd"), Param<PathName>("linkpath"), returns: "zero", errors: errors
  ) { (kernel: inout Kernel, me: TaskID, text: PathName, directory: FD, path: PathName) throws(Stop) -> Done in
    try kernel.makeSymlink(text, directory, path, me)
  }
}

extension Kernel {
  fileprivate mutating func makeSymlink(_ text: PathName, _ directory: FD, _ path: PathName, _ me: TaskID) throws(Stop)
    -> Done
  {
    let bytes = try text.bytes(self, me)
    let place = try newName(directory, path, me)
    try create(.symlink(bytes), mode: FileMode.symlink | 0o777, place, me)
    return Done()
  }
}
