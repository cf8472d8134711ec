extension Syscall {
  private static let errors: KeyValuePairs<Errno, String> = [
    .EACCES: "the directory may not be written",
    .EEXIST: "something stands there",
    .EINVAL: "mode names no kind of file",
    .ENOENT: "the directory does not exist",
    .EPERM: "a directory is asked for, or a device without CAP_MKNOD",
  ]

  /// mknod(2). Linux: fs/namei.c, do_mknodat().
  static let mknod = Syscall(
    133, "mknod", "Makes a fifo, a device node, a socket node or a regular file.",
    c: "int mknod(const char *path, mode_t mode, dev_t dev)",
    Param<PathName>("path"), Param<Mode>("mode"), Param<UInt32>("dev", default: 0), returns: "zero", errors: errors
  ) { (kernel: inout Kernel, me: TaskID, path: PathName, mode: Mode, device: UInt32) throws(Stop) -> Done in
    try kernel.makeNode(.current, path, mode, device, me)
  }

  static let mknodat = Syscall(
    259, "mknodat", "The same for a path that starts at a directory.",
    c: "int mknodat(int dirfd, const char *path, mode_t mode, dev_t dev)",
    Param<FD>("dirfd"), Param<PathName>("path"), Param<Mode>("mode"), Param<UInt32>("dev", default: 0),
    returns: "zero", errors: errors
  ) {
    (kernel: inout Kernel, me: TaskID, directory: FD, path: PathName, mode: Mode, device: UInt32) throws(Stop) -> Done
    in
    try kernel.makeNode(directory, path, mode, device, me)
  }
}

extension Kernel {
  fileprivate mutating func makeNode(_ directory: FD, _ path: PathName, _ mode: Mode, _ device: UInt32, _ me: TaskID)
    throws(Stop) -> Done
  {
    var kind = mode.bits & FileMode.kindMask
    if kind == 0 { kind = FileMode.regular }
    guard [FileMode.regular, FileMode.character, FileMode.block, FileMode.fifo, FileMode.socket].contains(kind) else {
      throw .errno(kind == FileMode.directory ? .EPERM : .EINVAL)
    }
    let place = try newName(directory, path, me)
    // A whiteout, a character device 0:0, is nobody's device.
    let isDevice = kind == FileMode.block || kind == FileMode.character && device != 0
    try checkMayCreate(in: place.directory.dentry, tasks[me].credentials)
    if isDevice, !tasks[me].credentials.has(.mknod) { throw .errno(.EPERM) }
    let content: Inode.Content
    switch kind {
    case FileMode.regular: content = .regular(makeMemory())
    case FileMode.fifo: content = makeFIFO()
    case FileMode.socket: content = .socket
    default: content = .device(device)
    }
    do throws(Stop) {
      try create(content, mode: kind | masked(mode.bits & FileMode.changeable, me), place, me)
    } catch {
      if case .regular(let memory) = content { release(memory) }
      if case .fifo(let fifo) = content { end(fifo) }
      throw error
    }
    return Done()
  }
}
