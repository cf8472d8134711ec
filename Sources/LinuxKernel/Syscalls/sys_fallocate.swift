extension Syscall {
  /// fallocate(2). Linux: fs/open.c, vfs_fallocate().
  static let fallocate = Syscall(
    285, "fallocate", "Gives a range of a file pages of its own, or makes it a hole.",
    c: "int fallocate(int fd, int mode, off_t offset, off_t len)",
    Param<FD>("fd"), Param<AllocateFlags>("mode", default: 0), Param<Int>("offset", default: 0),
    Param<Int>("len", default: 0),
    returns: "zero",
    errors: [
      .EBADF: "fd is not open for writing",
      .EFBIG: "the range ends beyond the largest file",
      .EINVAL: "offset is negative, or len not positive",
      .ENODEV: "the file is neither regular nor a directory",
      .ENOSPC: "the file system is full",
      .EOPNOTSUPP: "tmpfs has no such mode",
      .EPERM: "a seal forbids it",
      .ESPIPE: "fd is a pipe",
    ]
  ) { (kernel: inout Kernel, me: TaskID, fd: FD, mode: AllocateFlags, offset: Int, count: Int) throws(Stop) -> Done in
    let file = try kernel.file(fd, of: me)
    if offset < 0 || count <= 0 { throw .errno(.EINVAL) }
    let operation = mode.subtracting(.keepSize)
    guard mode.isSubset(of: .all), operation.rawValue.nonzeroBitCount <= 1 else { throw .errno(.EOPNOTSUPP) }
    if operation == .punchHole, !mode.contains(.keepSize) { throw .errno(.EOPNOTSUPP) }
    if [.collapse, .insert].contains(operation), mode.contains(.keepSize) { throw .errno(.EOPNOTSUPP) }
    guard kernel.files[file].isWritable else { throw .errno(.EBADF) }
    if case .messageQueue = kernel.files[file].object { throw .errno(.EOPNOTSUPP) }
    guard case .inode(let inode) = kernel.files[file].object else {
      throw .errno(kernel.isPipe(file) ? .ESPIPE : .ENODEV)
    }
    guard kernel.inodes[inode].isRegular else { throw .errno(.ENODEV) }
    if offset.addingReportingOverflow(count).overflow { throw .errno(.EFBIG) }
    guard operation.isSubset(of: .punchHole) else { throw .errno(.EOPNOTSUPP) }
    try kernel.allocate(inode, mode, offset, count, for: me)
    return Done()
  }
}

/// FALLOC_FL_*. Linux: include/uapi/linux/falloc.h. All are named, since tmpfs refuses those it lacks by EOPNOTSUPP.
struct AllocateFlags: Flags {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let keepSize = AllocateFlags(rawValue: 1), punchHole = AllocateFlags(rawValue: 2)
  static let collapse = AllocateFlags(rawValue: 8), zero = AllocateFlags(rawValue: 16),
    insert = AllocateFlags(rawValue: 32)
  static let unshare = AllocateFlags(rawValue: 64)
  static let all: AllocateFlags = [.keepSize, .punchHole, .collapse, .zero, .insert, .unshare]
  static let names = NameSet(
    "fallocate modes", .bits,
    [
      "FALLOC_FL_KEEP_SIZE": 1, "FALLOC_FL_PUNCH_HOLE": 2, "FALLOC_FL_COLLAPSE_RANGE": 8, "FALLOC_FL_ZERO_RANGE": 16,
      "FALLOC_FL_INSERT_RANGE": 32, "FALLOC_FL_UNSHARE_RANGE": 64,
    ])
}

extension Kernel {
  func isPipe(_ file: ID<OpenFile>) -> Bool {
    switch files[file].object {
    case .pipeReader, .pipeWriter, .fifo: true
    default: false
    }
  }
}
