extension Syscall {
  /// statfs(2). Linux: fs/statfs.c.
  static let statfs = Syscall(
    137, "statfs", "Describes the file system that a file lies on.",
    c: "int statfs(const char *path, struct statfs *buf)",
    Param<PathName>("path"), returns: "buf",
    errors: [.ENOENT: "nothing stands there", .ENOTDIR: "a component is no directory"]
  ) { (kernel: inout Kernel, me: TaskID, path: PathName) throws(Stop) -> FileSystemStatus in
    kernel.fileSystemStatus(try kernel.target(.current, path, .follow, me))
  }

  static let fstatfs = Syscall(
    138, "fstatfs", "Describes the file system that an open file lies on.",
    c: "int fstatfs(int fd, struct statfs *buf)",
    Param<FD>("fd"), returns: "buf", errors: [.EBADF: "fd is not open"]
  ) { (kernel: inout Kernel, me: TaskID, fd: FD) throws(Stop) -> FileSystemStatus in
    let file = try kernel.fileOrPath(fd, of: me)
    return kernel.fileSystemStatus(kernel.files[file].path.map { .path($0) } ?? .anonymous(file))
  }
}

/// struct statfs.
struct FileSystemStatus: Returned {
  var magic: Int64
  var blockCount: UInt64 = 0
  var freeBlocks: UInt64 = 0
  var fileCount: UInt64 = 0
  var freeFiles: UInt64 = 0
  var device: UInt64
  /// ST_VALID and ST_RELATIME, as every mount here has.
  var flags: Int64 = 0x1020

  static var results: [ResultKind] { [.structure(.statfs)] }

  func store(_ kernel: inout Kernel) {
    let output = kernel.output
    for value in [magic, 4096] { output.append(value) }
    for value in [blockCount, freeBlocks, freeBlocks, fileCount, freeFiles, device] { output.append(value) }
    for value in [255, 4096, flags] as [Int64] { output.append(value) }
    output.append(zeros: 32)
    kernel.reply.words[0] = 0
  }
}

extension Kernel {
  /// Linux: shmem_statfs(), simple_statfs().
  fileprivate func fileSystemStatus(_ target: Target) -> FileSystemStatus {
    guard case .path(let path) = target else {
      // Pipes and sockets have file systems of their own, all other objects without a name share one.
      guard case .anonymous(let file) = target else { return FileSystemStatus(magic: 0, device: 0) }
      let magic: Int64 =
        switch files[file].object {
        case .pipeReader, .pipeWriter: 0x5049_5045
        case .socket: 0x534f_434b
        default: 0x0904_1934
        }
      return FileSystemStatus(magic: magic, device: 0xf, flags: 0x20)
    }
    let system = fileSystems[inodes[inode(path)].fileSystem]
    switch system.kind {
    case .tmpfs: break
    case .proc: return FileSystemStatus(magic: 0x9fa0, device: system.device)
    case .mqueue: return FileSystemStatus(magic: 0x1980_0202, device: system.device)
    }
    let free = max(0, system.pageLimit - system.usedPages)
    // What the kernel mounts for itself is ST_VALID alone.
    let isHidden = path.mount == memoryMount
    return FileSystemStatus(
      magic: 0x0102_1994, blockCount: UInt64(system.pageLimit), freeBlocks: UInt64(free),
      fileCount: UInt64(FileSystem.inodeLimit), freeFiles: UInt64(FileSystem.inodeLimit - system.inodeCount),
      device: system.device, flags: isHidden ? 0x20 : 0x1020)
  }
}
