extension Syscall {
  /// shmctl(2). Linux: ipc/shm.c, ksys_shmctl().
  static let shmctl = Syscall(
    31, "shmctl", "Looks at a segment of shared memory, changes it, or has it destroyed with its last attach.",
    c: "int shmctl(int shmid, int op, struct shmid_ds *buf)",
    Param<Int32>("shmid"), Param<SegmentCommand>("op"), Param<ControlArgument<SegmentControl>>("buf", default: 0),
    returns: "value",
    errors: [
      .EINVAL: "no such segment or operation, or a user or group that is none",
      .EACCES: "the segment does not grant reading",
      .EPERM: "the caller neither owns nor made the segment, and has no capability",
      .ENOMEM: "SHM_LOCK: more than RLIMIT_MEMLOCK",
      .EFAULT: "the argument lies outside the caller's memory",
    ]
  ) {
    (kernel: inout Kernel, me: TaskID, id: Int32, command: SegmentCommand, argument: ControlArgument<SegmentControl>)
      throws(Stop) -> ControlAnswer<SegmentControl> in
    guard id >= 0 else { throw .errno(.EINVAL) }
    let namespace = kernel.ipc(of: me)
    switch command {
    case .limits:
      kernel.appendSegmentLimits(namespace)
      return try argument.answer(
        command.rawValue, with: kernel.ipcNamespaces[namespace].segments.highestSlot, &kernel, me)
    case .usage:
      kernel.appendSegmentUsage(namespace)
      return try argument.answer(
        command.rawValue, with: kernel.ipcNamespaces[namespace].segments.highestSlot, &kernel, me)
    case .status, .slotStatus, .slotStatusForAll:
      let id = try kernel.appendSegmentStatus(id, command, me)
      return try argument.answer(command.rawValue, with: command == .status ? 0 : id, &kernel, me)
    case .set:
      let given = try argument.structure(&kernel, me).withByteView { GivenPermission($0) }
      let who = kernel.tasks[me].credentials
      let slot = try kernel.ipcNamespaces[namespace].segments.controlledSlot(of: id, who)
      try kernel.ipcNamespaces[namespace].segments.update(slot, given)
      kernel.sharedSegments[kernel.ipcNamespaces[namespace].segments[slot].object].changed = kernel.realSeconds
    case .remove:
      let who = kernel.tasks[me].credentials
      kernel.removeSegment(try kernel.ipcNamespaces[namespace].segments.controlledSlot(of: id, who), in: namespace)
    case .lock, .unlock:
      let slot = try kernel.ipcNamespaces[namespace].segments.slot(of: id)
      let permission = kernel.ipcNamespaces[namespace].segments[slot].permission, who = kernel.tasks[me].credentials
      if !who.has(.ipcLock) {
        guard who.euid == permission.uid || who.euid == permission.cuid else { throw .errno(.EPERM) }
        if command == .lock, kernel.limit(ResourceLimits.memlock, of: me) == 0 { throw .errno(.EPERM) }
      }
      if command == .lock {
        try kernel.lockSegment(slot, in: namespace, me)
      } else {
        kernel.unlockSegment(slot, in: namespace)
      }
    default: throw .errno(.EINVAL)
    }
    return ControlAnswer()
  }
}

extension Kernel {
  /// IPC_INFO: struct shminfo. Linux: shmctl_ipc_info().
  fileprivate func appendSegmentLimits(_ namespace: ID<IPCNamespace>) {
    let limits = ipcNamespaces[namespace].limits, count = UInt64(limits.segmentCount)
    for word in [limits.segmentSize, 1, count, count, limits.segmentPages] { output.append(word) }
    output.append(zeros: 32)
  }

  /// SHM_INFO: struct shm_info. Linux: shmctl_shm_info().
  fileprivate func appendSegmentUsage(_ namespace: ID<IPCNamespace>) {
    output.append(Int64(ipcNamespaces[namespace].segments.count))
    output.append(ipcNamespaces[namespace].segmentPages)
    var resident = 0
    for slot in ipcNamespaces[namespace].segments.usedSlots {
      resident += residentPages(of: ipcNamespaces[namespace].segments[slot].object)
    }
    output.append(Int64(resident))
    output.append(zeros: 24)
  }

  /// Pages of a segment that were written to.
  func residentPages(of segment: ID<SharedSegment>) -> Int {
    memories[sharedSegments[segment].memory].bytes.residentPages
  }

  /// IPC_STAT of a segment, SHM_STAT of a slot, SHM_STAT_ANY without a look at the mode; returns the identifier.
  /// Linux: shmctl_stat().
  fileprivate func appendSegmentStatus(_ id: Int32, _ command: SegmentCommand, _ me: TaskID) throws(Stop) -> Int {
    let namespace = ipc(of: me), segments = ipcNamespaces[namespace].segments
    let slot = command == .status ? try segments.slot(of: id) : try segments.slot(at: id)
    if command != .slotStatusForAll { try segments.check(IPCPermission.read, slot, tasks[me].credentials) }
    let permission = segments[slot].permission
    sharedSegments[segments[slot].object].append(permission, to: output)
    return Int(permission.id)
  }
}

/// What shmctl takes and gives.
enum SegmentControl: Control {
  static let forms = ControlForms(
    .shmidDS, .shminfo, .shmInfo, answers: [2: (1, false), 13: (1, true), 15: (1, true), 3: (2, true), 14: (3, true)])
}

/// Linux: include/uapi/linux/shm.h.
struct SegmentCommand: Choice, Equatable {
  let rawValue: Int32
  static let remove = SegmentCommand(rawValue: 0), set = SegmentCommand(rawValue: 1)
  static let status = SegmentCommand(rawValue: 2), limits = SegmentCommand(rawValue: 3)
  static let lock = SegmentCommand(rawValue: 11), unlock = SegmentCommand(rawValue: 12)
  static let slotStatus = SegmentCommand(rawValue: 13), usage = SegmentCommand(rawValue: 14)
  static let slotStatusForAll = SegmentCommand(rawValue: 15)

  static let names = NameSet(
    "shmctl operation", .values,
    [
      "IPC_RMID": 0, "IPC_SET": 1, "IPC_STAT": 2, "IPC_INFO": 3, "SHM_LOCK": 11, "SHM_UNLOCK": 12, "SHM_STAT": 13,
      "SHM_INFO": 14, "SHM_STAT_ANY": 15,
    ])
}
