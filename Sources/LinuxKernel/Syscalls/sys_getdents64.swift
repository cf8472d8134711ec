extension Syscall {
  /// getdents64(2). Linux: fs/readdir.c.
  static let getdents64 = Syscall(
    217, "getdents64", "Lists what a directory holds, from where the last call stopped.",
    c: "ssize_t getdents64(int fd, void dirp[.count], size_t count)",
    Param<FD>("fd"), Param<Int>("count", default: 32768),
    returns: "entries",
    errors: [
      .EBADF: "fd is not open",
      .EINVAL: "count has no room for one entry",
      .ENOENT: "the directory was removed",
      .ENOTDIR: "fd is no directory",
    ]
  ) { (kernel: inout Kernel, me: TaskID, fd: FD, count: Int) throws(Stop) -> DirectoryEntries in
    // struct getdents_callback64 counts down an int: from below 0 nothing fits.
    try kernel.list(try kernel.file(fd, of: me), room: max(0, Int(Int32(truncatingIfNeeded: count))))
    return DirectoryEntries()
  }
}

/// The struct linux_dirent64 records in the output, each d_reclen bytes long.
struct DirectoryEntries: Returned {
  static var results: [ResultKind] { [.records("linux_dirent64")] }
  func store(_ kernel: inout Kernel) { kernel.reply.words[0] = Int64(kernel.output.count) }
}
