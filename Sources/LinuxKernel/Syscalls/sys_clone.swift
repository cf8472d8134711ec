extension Syscall {
  /// clone3(2), the manual's clone(2). Linux: kernel/fork.c, SYSCALL_DEFINE2(clone3). The new task starts at `fn`.
  static let clone3 = Syscall(
    435, "clone3", "Creates a task that shares what the flags say with its creator and runs a function.",
    c: "long clone3(struct clone_args *cl_args, size_t size)",
    Param<CloneArguments>("cl_args"), Param<TaskFunction>("fn"),
    returns: "pid",
    errors: [
      .EAGAIN: "no pid is free, or RLIMIT_NPROC is reached",
      .EINVAL: "flags, exit_signal or stack contradict each other or hold an unknown bit",
      .EPERM: "a new namespace without CAP_SYS_ADMIN",
      .ENOSYS:
        "not built: namespaces but CLONE_NEWIPC, CLONE_PIDFD, CLONE_PTRACE, CLONE_SETTLS, CLONE_IO, set_tid, cgroup",
    ]
  ) { (kernel: inout Kernel, me: TaskID, arguments: CloneArguments, _: TaskFunction) throws(Stop) -> SpawnedTask in
    if let child = try kernel.endedVforkChild() { return child }
    try arguments.check()
    let flags = arguments.flags
    // copy_process(): combinations that cannot be.
    if !flags.isDisjoint(with: [.newNS, .newUser]), flags.contains(.fs) { throw .errno(.EINVAL) }
    if flags.contains(.thread), !flags.contains(.sighand) { throw .errno(.EINVAL) }
    if flags.contains(.sighand), !flags.contains(.vm) { throw .errno(.EINVAL) }
    // A sibling of init would have no parent inside its pid namespace.
    if flags.contains(.parent), kernel.processes[kernel.process(of: me)].signals.isUnkillable { throw .errno(.EINVAL) }
    if flags.contains(.thread), !flags.isDisjoint(with: [.newUser, .newPID]) { throw .errno(.EINVAL) }
    // copy_namespaces(): a child in another IPC namespace cannot share undo lists of this one.
    if !flags.isDisjoint(with: .namespaces), !flags.contains(.newUser) {
      guard kernel.tasks[me].credentials.has(.sysAdmin) else { try kernel.giveUpClone(flags, .EPERM, by: me) }
      if flags.isSuperset(of: [.newIPC, .sysVSem]) { try kernel.giveUpClone(flags, .EINVAL, by: me) }
    }
    guard flags.isSubset(of: .built), arguments.setTIDSize == 0 else { throw .errno(.ENOSYS) }
    if flags.contains(.vfork), !kernel.canSleep { throw .sleep(until: .max) }
    let child = try kernel.clone(flags, exitSignal: arguments.exitSignal, by: me)
    let tid = littleEndianBytes(kernel.tasks[child].tid)
    // Linux ignores faults of these three.
    if flags.contains(.parentSetTID) { try? kernel.setMemory(tid, at: arguments.parentTID, of: me) }
    if flags.contains(.childSetTID) { try? kernel.setMemory(tid, at: arguments.childTID, of: child) }
    if flags.contains(.childClearTID) { kernel.tasks[child].clearChildTID = arguments.childTID }
    if flags.contains(.vfork) { try kernel.awaitVforkChild(child, me) }
    return SpawnedTask(id: child, tid: kernel.tasks[child].tid)
  }
}

/// The four bytes of a number as C stores it.
private func littleEndianBytes(_ value: Int32) -> [UInt8] {
  (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}

extension Layout {
  static let cloneArgs = Layout(
    "clone_args", size: 88,
    [
      Field("flags", 0, .u64, names: CloneFlags.names), Field("pidfd", 8, .u64), Field("child_tid", 16, .u64),
      Field("parent_tid", 24, .u64), Field("exit_signal", 32, .u64, names: SignalNames.names), Field("stack", 40, .u64),
      Field("stack_size", 48, .u64), Field("tls", 56, .u64), Field("set_tid", 64, .u64),
      Field("set_tid_size", 72, .u64),
      Field("cgroup", 80, .u64),
    ])
}

/// Linux: struct clone_args.
struct CloneArguments: Argument {
  let flags: CloneFlags
  let childTID, parentTID, rawExitSignal, stack, stackSize, setTID, setTIDSize, cgroup: UInt64
  var exitSignal: Int32 { Int32(truncatingIfNeeded: rawExitSignal) }

  static var kind: ArgumentKind { .structure(.cloneArgs) }
  static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> CloneArguments {
    try raw.structure(88, &kernel, me).withByteView { view in
      CloneArguments(
        flags: CloneFlags(rawValue: view.load(at: 0)), childTID: view.load(at: 16), parentTID: view.load(at: 24),
        rawExitSignal: view.load(at: 32), stack: view.load(at: 40), stackSize: view.load(at: 48),
        setTID: view.load(at: 64), setTIDSize: view.load(at: 72), cgroup: view.load(at: 80))
    }
  }

  /// Linux: copy_clone_args_from_user() and clone3_args_valid().
  func check() throws(Stop) {
    let maximalLevel: UInt64 = 32
    guard setTIDSize <= maximalLevel, (setTID == 0) == (setTIDSize == 0) else { throw .errno(.EINVAL) }
    guard rawExitSignal <= UInt64(Signal.last) else { throw .errno(.EINVAL) }
    if flags.contains(.intoCgroup), cgroup > UInt64(Int32.max) { throw .errno(.EINVAL) }
    let known = UInt64(bitPattern: CloneFlags.names.mask)
    guard flags.rawValue & ~known == 0, !flags.contains(.detached) else { throw .errno(.EINVAL) }
    if flags.isSuperset(of: [.sighand, .clearSighand]) { throw .errno(.EINVAL) }
    if !flags.isDisjoint(with: [.thread, .parent]), rawExitSignal != 0 { throw .errno(.EINVAL) }
    guard (stack == 0) == (stackSize == 0) else { throw .errno(.EINVAL) }
  }
}
