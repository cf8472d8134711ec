extension Syscall {
  /// dup(2). Linux: fs/file.c.
  static let dup = Syscall(
    32, "dup", "Gives an open file a second descriptor, the lowest free one.",
    c: "int dup(int oldfd)",
    Param<FD>("oldfd"),
    returns: "fd",
    errors: [.EBADF: "oldfd is not open", .EMFILE: "no descriptor is left below RLIMIT_NOFILE"]
  ) { (kernel: inout Kernel, me: TaskID, old: FD) throws(Stop) -> FD in
    try kernel.duplicate(try kernel.fileOrPath(old, of: me), closesOnExec: false, for: me)
  }

  /// dup2(2).
  static let dup2 = Syscall(
    33, "dup2", "Gives an open file the descriptor newfd, closing what was there.",
    c: "int dup2(int oldfd, int newfd)",
    Param<FD>("oldfd"), Param<FD>("newfd"),
    returns: "fd",
    errors: [.EBADF: "oldfd is not open, or newfd is negative or not below RLIMIT_NOFILE"]
  ) { (kernel: inout Kernel, me: TaskID, old: FD, new: FD) throws(Stop) -> FD in
    if old == new {
      _ = try kernel.fileOrPath(old, of: me)
      return old
    }
    return try kernel.duplicate(old, at: new, closesOnExec: false, for: me)
  }

  /// dup3(2).
  static let dup3 = Syscall(
    292, "dup3", "Does as dup2, with flags, and refuses equal descriptors.",
    c: "int dup3(int oldfd, int newfd, int flags)",
    Param<FD>("oldfd"), Param<FD>("newfd"), Param<OpenFlags>("flags", default: 0),
    returns: "fd",
    errors: [
      .EBADF: "oldfd is not open, or newfd is negative or not below RLIMIT_NOFILE",
      .EINVAL: "flags holds another bit than O_CLOEXEC, or the descriptors are equal",
    ]
  ) { (kernel: inout Kernel, me: TaskID, old: FD, new: FD, flags: OpenFlags) throws(Stop) -> FD in
    guard flags.isSubset(of: .cloexec), old != new else { throw .errno(.EINVAL) }
    return try kernel.duplicate(old, at: new, closesOnExec: flags.contains(.cloexec), for: me)
  }
}

extension Kernel {
  /// A further descriptor of `file`, the lowest free one from `minimum` on.
  mutating func duplicate(_ file: ID<OpenFile>, closesOnExec: Bool, from minimum: Int = 0, for me: TaskID) throws(Stop)
    -> FD
  {
    try makeRoom(for: fileTables[tasks[me].files].lowestFree(from: minimum), me)
    files[file].references += 1
    return try install(file, closesOnExec: closesOnExec, from: minimum, for: me)
  }

  /// Linux: ksys_dup3(), do_dup2().
  mutating func duplicate(_ old: FD, at new: FD, closesOnExec: Bool, for me: TaskID) throws(Stop) -> FD {
    guard new.number >= 0, UInt64(new.number) < limit(ResourceLimits.nofile, of: me) else { throw .errno(.EBADF) }
    try makeRoom(for: Int(new.number), me)
    let file = try fileOrPath(old, of: me)
    files[file].references += 1
    install(file, at: Int(new.number), closesOnExec: closesOnExec, for: me)
    return new
  }

  /// A table that grows while others use it too makes Linux wait until nobody can be looking at the old one; everybody
  /// who can run goes first. Linux: expand_fdtable(), synchronize_rcu().
  private func makeRoom(for number: Int, _ me: TaskID) throws(Stop) {
    let table = tasks[me].files
    guard number >= fileTables[table].capacity, UInt64(number) < limit(ResourceLimits.nofile, of: me) else { return }
    if fileTables[table].references > 1, canSleep, !current.isRetry { throw .yield }
  }
}
