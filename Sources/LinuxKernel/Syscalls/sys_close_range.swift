extension Syscall {
  /// close_range(2). Linux: fs/file.c, close_range().
  static let closeRange = Syscall(
    436, "close_range", "Closes the descriptors from first to last, or marks them to be closed by execve.",
    c: "int close_range(unsigned int first, unsigned int last, int flags)",
    Param<UInt32>("first"), Param<UInt32>("last"), Param<CloseRangeFlags>("flags", default: 0),
    returns: "zero",
    errors: [.EINVAL: "flags holds an unknown bit, or first is above last"]
  ) { (kernel: inout Kernel, me: TaskID, first: UInt32, last: UInt32, flags: CloseRangeFlags) throws(Stop) -> Done in
    try flags.check()
    guard first <= last else { throw .errno(.EINVAL) }
    if flags.contains(.unshare) { kernel.unshareTable(of: me) }
    let table = kernel.tasks[me].files
    let end = min(Int(last) + 1, kernel.fileTables[table].descriptors.count)
    guard Int(first) < end else { return Done() }
    for number in Int(first)..<end where kernel.fileTables[table].descriptors[number].file != nil {
      if flags.contains(.cloexec) {
        kernel.fileTables[table].descriptors[number].closesOnExec = true
      } else {
        try kernel.close(FD(Int32(number)), of: me)
      }
    }
    return Done()
  }
}

extension Kernel {
  /// Gives the task a descriptor table of its own, if it shares one (CLONE_FILES of unshare(2)).
  mutating func unshareTable(of me: TaskID) {
    let shared = tasks[me].files
    guard fileTables[shared].references > 1 else { return }
    tasks[me].files = duplicate(shared)
    fileTables[shared].references -= 1
  }
}

/// Linux: include/uapi/linux/close_range.h.
struct CloseRangeFlags: Flags {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let unshare = CloseRangeFlags(rawValue: 2), cloexec = CloseRangeFlags(rawValue: 4)
  static let names = NameSet("close_range flags", .bits, ["CLOSE_RANGE_UNSHARE": 2, "CLOSE_RANGE_CLOEXEC": 4])
}
