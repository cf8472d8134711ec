extension Syscall {
  /// Every call that is built, in the order of the reference. A new call adds a line here and its file.
  public static let all: [Syscall] = [
    // Files
    read, write, close, pipe2,
    open, openat, creat, openat2, pread, pwrite, lseek,
    stat, lstat, fstat, newfstatat, statx,
    mkdir, mkdirat, unlink, rmdir, unlinkat,
    // Processes
    fork, exit, exitGroup, waitpid, getpid, getppid, gettid,
  ]

  /// Position by name.
  public static let indices: [String: Int] = {
    var indices: [String: Int] = [:]
    for (index, call) in all.enumerated() { indices[call.name] = index }
    return indices
  }()
}
