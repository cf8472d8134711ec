extension Syscall {
  private static let errors: KeyValuePairs<Errno, String> = [
    .EACCES: "a directory of the path may not be searched",
    .EBADF: "the descriptor is not open",
    .EFAULT: "the path lies outside the caller's memory",
    .EINVAL: "flags holds an unknown bit",
    .ELOOP: "too many symbolic links",
    .ENAMETOOLONG: "a name is longer than 255 bytes, or the path than 4095",
    .ENOENT: "nothing stands there, or the path is empty",
    .ENOTDIR: "a component is no directory",
  ]

  /// stat(2). Linux: fs/stat.c.
  static let stat = Syscall(
    4, "stat", "Describes a file.", c: "int stat(const char *path, struct stat *statbuf)",
    Param<PathName>("path"), returns: "statbuf", errors: errors
  ) { (kernel: inout Kernel, me: TaskID, path: PathName) throws(Stop) -> FileStatus in
    kernel.status(of: try kernel.target(.current, path, .follow, me))
  }

  static let lstat = Syscall(
    6, "lstat", "Describes a file, a symbolic link itself.", c: "int lstat(const char *path, struct stat *statbuf)",
    Param<PathName>("path"), returns: "statbuf", errors: errors
  ) { (kernel: inout Kernel, me: TaskID, path: PathName) throws(Stop) -> FileStatus in
    kernel.status(of: try kernel.target(.current, path, [], me))
  }

  static let fstat = Syscall(
    5, "fstat", "Describes an open file.", c: "int fstat(int fd, struct stat *statbuf)",
    Param<FD>("fd"), returns: "statbuf", errors: [.EBADF: "fd is not open"]
  ) { (kernel: inout Kernel, me: TaskID, fd: FD) throws(Stop) -> FileStatus in
    kernel.status(of: try kernel.fileOrPath(fd, of: me))
  }

  static let newfstatat = Syscall(
    262, "newfstatat", "Describes a file whose path starts at a directory.",
    c: "int fstatat(int dirfd, const char *path, struct stat *statbuf, int flags)",
    Param<FD>("dirfd"), Param<PathName>("path"), Param<LookupFlags>("flags", default: 0),
    returns: "statbuf", errors: errors
  ) {
    (kernel: inout Kernel, me: TaskID, directory: FD, path: PathName, flags: LookupFlags) throws(Stop) -> FileStatus in
    guard flags.isSubset(of: [.noFollow, .noAutomount, .emptyPath, .forceSync, .dontSync]) else {
      throw .errno(.EINVAL)
    }
    return kernel.status(of: try kernel.target(directory, path, flags.walk, me))
  }
}
