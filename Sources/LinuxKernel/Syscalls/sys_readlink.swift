extension Syscall {
  private static let errors: KeyValuePairs<Errno, String> = [
    .EACCES: "a directory of the path may not be searched",
    .EINVAL: "it is no symbolic link, or bufsiz is not positive",
    .ENOENT: "nothing stands there",
    .ENOTDIR: "a component is no directory",
  ]

  /// readlink(2). Linux: fs/stat.c, do_readlinkat().
  static let readlink = Syscall(
    89, "readlink", "Reads the text of a symbolic link, at most bufsiz bytes.",
    c: "ssize_t readlink(const char *path, char *buf, size_t bufsiz)",
    raw: "ssize_t readlink(const char *path, char buf[.bufsiz], size_t bufsiz)",
    Param<PathName>("path"), Param<Int32>("bufsiz", default: 4096), returns: "text", errors: errors
  ) { (kernel: inout Kernel, me: TaskID, path: PathName, size: Int32) throws(Stop) -> OutputBytes in
    try kernel.readLink(.current, path, size, me)
  }

  static let readlinkat = Syscall(
    267, "readlinkat", "Reads the text of a symbolic link whose path starts at a directory.",
    c: "ssize_t readlinkat(int dirfd, const char *path, char *buf, size_t bufsiz)",
    raw: "ssize_t readlinkat(int dirfd, const char *path, char buf[.bufsiz], size_t bufsiz)",
    Param<FD>("dirfd"), Param<PathName>("path"), Param<Int32>("bufsiz", default: 4096), returns: "text", errors: errors
  ) { (kernel: inout Kernel, me: TaskID, directory: FD, path: PathName, size: Int32) throws(Stop) -> OutputBytes in
    try kernel.readLink(directory, path, size, me)
  }
}

extension Kernel {
  fileprivate mutating func readLink(_ directory: FD, _ name: PathName, _ size: Int32, _ me: TaskID) throws(Stop)
    -> OutputBytes
  {
    if size <= 0 { throw .errno(.EINVAL) }
    let isEmpty = try name.bytes(self, me, allowsEmpty: true).isEmpty
    guard case .path(let path) = try target(directory, name, .empty, me) else {
      throw .errno(isEmpty ? .ENOENT : .EINVAL)
    }
    let inode = inode(path), text: [UInt8]
    switch inodes[inode].content {
    case .symlink(let stored): text = stored
    case .process(let file) where inodes[inode].isSymlink: text = try linkText(of: file, for: me)
    default: throw .errno(isEmpty ? .ENOENT : .EINVAL)
    }
    touchAccessed(inode)
    output.append(Array(text.prefix(Int(size))))
    return OutputBytes()
  }
}
