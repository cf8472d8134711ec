extension Syscall {
  /// mlock(2). Linux: mm/mlock.c, do_mlock().
  static let mlock = Syscall(
    149, "mlock", "Locks a range of memory: its pages are there at once, and stay.",
    c: "int mlock(const void addr[.size], size_t size)",
    Param<Address>("addr"), Param<Int>("size"),
    returns: "zero", errors: Syscall.lockErrors
  ) { (kernel: inout Kernel, me: TaskID, address: Address, size: Int) throws(Stop) -> Done in
    try kernel.lockMemory(address.value, UInt64(bitPattern: Int64(size)), .locked, me)
    return Done()
  }

  /// mlock2(2).
  static let mlock2 = Syscall(
    325, "mlock2", "Does as mlock; with MLOCK_ONFAULT pages come when they are touched.",
    c: "int mlock2(const void addr[.size], size_t size, unsigned int flags)",
    Param<Address>("addr"), Param<Int>("size"), Param<LockFlags>("flags", default: 0),
    returns: "zero", errors: Syscall.lockErrors
  ) { (kernel: inout Kernel, me: TaskID, address: Address, size: Int, flags: LockFlags) throws(Stop) -> Done in
    try flags.check()
    let lock: MemoryLock = flags.contains(.onFault) ? .onFault : .locked
    try kernel.lockMemory(address.value, UInt64(bitPattern: Int64(size)), lock, me)
    return Done()
  }

  /// munlock(2).
  static let munlock = Syscall(
    150, "munlock", "Unlocks a range of memory.",
    c: "int munlock(const void addr[.size], size_t size)",
    Param<Address>("addr"), Param<Int>("size"),
    returns: "zero",
    errors: [
      .EINVAL: "the range wraps around",
      .ENOMEM: "something in the range is not mapped; what lies before it is unlocked",
    ]
  ) { (kernel: inout Kernel, me: TaskID, address: Address, size: Int) throws(Stop) -> Done in
    let page = UInt64(Page.size), start = address.value & ~(page - 1)
    let length = (UInt64(bitPattern: Int64(size)) &+ address.value % page &+ (page - 1)) & ~(page - 1)
    let (end, wraps) = start.addingReportingOverflow(length)
    if wraps { throw .errno(.EINVAL) }
    try kernel.setLock(start..<end, .none, me)
    return Done()
  }

  /// mlockall(2).
  static let mlockall = Syscall(
    151, "mlockall", "Locks all that is mapped, or all that will be.",
    c: "int mlockall(int flags)",
    Param<LockAllFlags>("flags"),
    returns: "zero",
    errors: [
      .EINVAL: "flags is 0, MCL_ONFAULT alone or holds an unknown bit",
      .ENOMEM: "MCL_CURRENT, and more is mapped than RLIMIT_MEMLOCK allows",
      .EPERM: "RLIMIT_MEMLOCK is 0 without CAP_IPC_LOCK",
    ]
  ) { (kernel: inout Kernel, me: TaskID, flags: LockAllFlags) throws(Stop) -> Done in
    try flags.check()
    guard flags.contains(.current) || flags.contains(.future) else { throw .errno(.EINVAL) }
    guard kernel.mayLock(me) else { throw .errno(.EPERM) }
    let space = kernel.tasks[me].memory, lock: MemoryLock = flags.contains(.onFault) ? .onFault : .locked
    if flags.contains(.current), !kernel.tasks[me].credentials.has(.ipcLock) {
      let total = kernel.addressSpaces[space].areas.reduce(0) { $0 + $1.count }
      guard UInt64(total) <= kernel.limit(ResourceLimits.memlock, of: me) else { throw .errno(.ENOMEM) }
    }
    kernel.addressSpaces[space].futureLock = flags.contains(.future) ? lock : .none
    if flags.contains(.current) {
      kernel.setLockOfAll(lock, me)
      for area in kernel.addressSpaces[space].areas { kernel.populate(area.start..<area.end, of: me) }
    }
    return Done()
  }

  /// munlockall(2).
  static let munlockall = Syscall(
    152, "munlockall", "Unlocks everything, and what will be mapped.",
    c: "int munlockall(void)",
    returns: "zero"
  ) { (kernel: inout Kernel, me: TaskID) throws(Stop) -> Done in
    kernel.addressSpaces[kernel.tasks[me].memory].futureLock = .none
    kernel.setLockOfAll(.none, me)
    return Done()
  }

  private static var lockErrors: KeyValuePairs<Errno, String> {
    [
      .EINVAL: "flags holds an unknown bit, or the range wraps around",
      .ENOMEM: "more than RLIMIT_MEMLOCK allows without CAP_IPC_LOCK, or a page in the range is not there; "
        + "the others are locked",
      .EPERM: "RLIMIT_MEMLOCK is 0 without CAP_IPC_LOCK",
    ]
  }
}

/// Linux: include/uapi/asm-generic/mman-common.h.
struct LockFlags: Flags {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let onFault = LockFlags(rawValue: 1)
  static let names = NameSet("mlock2 flags", .bits, ["MLOCK_ONFAULT": 1])
}

/// Linux: include/uapi/asm-generic/mman.h.
struct LockAllFlags: Flags {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let current = LockAllFlags(rawValue: 1), future = LockAllFlags(rawValue: 2)
  static let onFault = LockAllFlags(rawValue: 4)
  static let names = NameSet("mlockall flags", .bits, ["MCL_CURRENT": 1, "MCL_FUTURE": 2, "MCL_ONFAULT": 4])
}
