extension Syscall {
  /// flock(2). Linux: fs/locks.c.
  static let flock = Syscall(
    73, "flock", "Locks a whole file for an open file, changes the lock or gives it up.",
    c: "int flock(int fd, int op)",
    Param<FD>("fd"), Param<LockOperation>("op"),
    returns: "zero",
    errors: [
      .EAGAIN: "another open file has the lock, and LOCK_NB is set",
      .EBADF: "fd is not open, or O_PATH, or open for neither reading nor writing",
      .EINTR: "a signal handler ran while it waited",
      .EINVAL: "op is none of LOCK_SH, LOCK_EX and LOCK_UN, each with or without LOCK_NB",
    ]
  ) { (kernel: inout Kernel, me: TaskID, fd: FD, operation: LockOperation) throws(Stop) -> Done in
    // LOCK_MAND is neither known nor refused any more.
    if operation.contains(.mandatory) { return Done() }
    let kind: FileLock.Kind
    switch operation.subtracting(.nonblock) {
    case .shared: kind = .read
    case .exclusive: kind = .write
    case .unlock: kind = .none
    default: throw .errno(.EINVAL)
    }
    let file = try kernel.file(fd, of: me)
    if kind != .none, !kernel.files[file].isReadable, !kernel.files[file].isWritable { throw .errno(.EBADF) }
    let lock = FileLock(owner: .file(file), pid: -1, kind: kind)
    try kernel.setLock(lock, .whole, on: file, waits: !operation.contains(.nonblock), me)
    return Done()
  }
}

/// Linux: include/uapi/asm-generic/fcntl.h.
struct LockOperation: Flags, Equatable {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let shared = LockOperation(rawValue: 1), exclusive = LockOperation(rawValue: 2)
  static let nonblock = LockOperation(rawValue: 4), unlock = LockOperation(rawValue: 8)
  static let mandatory = LockOperation(rawValue: 32)
  static let names = NameSet(
    "flock operation", .bits, ["LOCK_SH": 1, "LOCK_EX": 2, "LOCK_NB": 4, "LOCK_UN": 8, "LOCK_MAND": 32])
}
