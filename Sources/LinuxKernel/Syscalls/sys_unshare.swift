extension Syscall {
  /// unshare(2). Linux: kernel/fork.c, ksys_unshare().
  static let unshare = Syscall(
    272, "unshare", "Lets a task no longer share what it shared with others.",
    c: "int unshare(int flags)",
    Param<UnshareFlags>("flags"),
    returns: "zero",
    errors: [
      .EINVAL: "an unknown bit, or threads or memory that are shared",
      .EPERM: "a new namespace without CAP_SYS_ADMIN",
      .ENOSYS: "not built: namespaces but CLONE_NEWIPC",
    ]
  ) { (kernel: inout Kernel, me: TaskID, flags: UnshareFlags) throws(Stop) -> Done in
    try kernel.checkUnshare(flags.cloneFlags, me)
    kernel.unshare(flags.cloneFlags, me)
    return Done()
  }
}

extension Kernel {
  /// Linux: check_unshare_flags(), unshare_nsproxy_namespaces().
  fileprivate func checkUnshare(_ given: CloneFlags, _ me: TaskID) throws(Stop) {
    var flags = given
    if flags.contains(.newUser) { flags.formUnion([.thread, .fs]) }
    if flags.contains(.newPID) { flags.insert(.thread) }
    if flags.contains(.vm) { flags.insert(.sighand) }
    if flags.contains(.sighand) { flags.insert(.thread) }
    let known = CloneFlags(rawValue: UInt64(bitPattern: UnshareFlags.names.mask))
    guard flags.isSubset(of: known) else { throw .errno(.EINVAL) }
    // What processes can only be made with cannot be given up: it must not be shared.
    let process = process(of: me)
    if flags.contains(.thread), processes[process].threadCount > 1 { throw .errno(.EINVAL) }
    if flags.contains(.sighand), signalHandlers[processes[process].handlers].references > 1 { throw .errno(.EINVAL) }
    if flags.contains(.vm), addressSpaces[tasks[me].memory].references > 1 { throw .errno(.EINVAL) }
    // A user namespace is made first, and gives the capability over the others.
    if flags.contains(.newUser) { throw .errno(.ENOSYS) }
    if !flags.isDisjoint(with: .namespaces) {
      guard tasks[me].credentials.has(.sysAdmin) else { throw .errno(.EPERM) }
      guard flags.isDisjoint(with: CloneFlags.namespaces.subtracting(.newIPC)) else { throw .errno(.ENOSYS) }
    }
  }

  fileprivate mutating func unshare(_ flags: CloneFlags, _ me: TaskID) {
    if flags.contains(.fs), fileSystemContexts[tasks[me].fileSystem].references > 1 {
      let old = tasks[me].fileSystem
      tasks[me].fileSystem = duplicate(old)
      releaseContext(old)
    }
    if flags.contains(.files), fileTables[tasks[me].files].references > 1 {
      let old = tasks[me].files
      tasks[me].files = duplicate(old)
      releaseTable(old, by: me)
    }
    // Adjustments could not be applied from another namespace.
    if !flags.isDisjoint(with: [.newIPC, .sysVSem]) { leaveUndoList(me) }
    if flags.contains(.newIPC) {
      orphanSegments(of: me)
      let old = tasks[me].ipcNamespace
      tasks[me].ipcNamespace = makeIPCNamespace()
      release(old)
    }
  }
}

/// Linux: include/uapi/linux/sched.h, those that unshare(2) knows.
struct UnshareFlags: Flags {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  var cloneFlags: CloneFlags { CloneFlags(rawValue: UInt64(UInt32(bitPattern: rawValue))) }
  static let names = NameSet(
    "unshare flags", .bits,
    [
      "CLONE_NEWTIME": 0x80, "CLONE_VM": 0x100, "CLONE_FS": 0x200, "CLONE_FILES": 0x400, "CLONE_SIGHAND": 0x800,
      "CLONE_THREAD": 0x10000, "CLONE_NEWNS": 0x20000, "CLONE_SYSVSEM": 0x40000, "CLONE_NEWCGROUP": 0x200_0000,
      "CLONE_NEWUTS": 0x400_0000, "CLONE_NEWIPC": 0x800_0000, "CLONE_NEWUSER": 0x1000_0000,
      "CLONE_NEWPID": 0x2000_0000, "CLONE_NEWNET": 0x4000_0000,
    ])
}
