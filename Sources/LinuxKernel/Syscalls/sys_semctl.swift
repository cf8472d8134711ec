extension Syscall {
  /// semctl(2). Linux: ipc/sem.c, ksys_semctl().
  static let semctl = Syscall(
    66, "semctl", "Looks at a set of semaphores, changes it, or removes it.",
    c: "int semctl(int semid, int semnum, int op, ... /* union semun arg */ )",
    Param<Int32>("semid"), Param<Int32>("semnum"), Param<SemaphoreCommand>("op"),
    Param<ControlArgument<SemaphoreControl>>("arg", default: 0),
    returns: "value",
    errors: [
      .EINVAL: "no such set, semaphore or operation, or a user or group that is none",
      .ERANGE: "SETVAL, SETALL: a value is not within 0 to 32767",
      .EACCES: "the set does not grant reading, or writing for SETVAL and SETALL",
      .EPERM: "IPC_SET, IPC_RMID: the caller neither owns nor made the set, and has no CAP_SYS_ADMIN",
      .EFAULT: "the argument lies outside the caller's memory",
    ]
  ) {
    (
      kernel: inout Kernel, me: TaskID, id: Int32, number: Int32, command: SemaphoreCommand,
      argument: ControlArgument<SemaphoreControl>
    ) throws(Stop) -> ControlAnswer<SemaphoreControl> in
    guard id >= 0 else { throw .errno(.EINVAL) }
    switch command {
    case .information, .usage:
      let highest = kernel.appendSemaphoreInformation(command, me)
      return try argument.answer(command.rawValue, with: highest, &kernel, me)
    case .status, .slotStatus, .slotStatusForAll:
      let id = try kernel.appendSemaphoreStatus(id, command, me)
      return try argument.answer(command.rawValue, with: command == .status ? 0 : id, &kernel, me)
    case .setValue: try kernel.setValue(argument.number, of: number, id, me)
    case .getAll:
      let set = try kernel.semaphoreSet(id, IPCPermission.read, me)
      for index in kernel.semaphoreSets[set].semaphores.indices {
        kernel.output.append(UInt16(kernel.semaphoreSets[set].semaphores[index].value))
      }
      return try argument.answer(command.rawValue, &kernel, me)
    case .setAll: try kernel.setAllValues(id, argument, me)
    case .getValue, .getProcess, .getDecreaseCount, .getZeroCount:
      return ControlAnswer(try kernel.look(at: number, id, command, me))
    case .set:
      let given = try argument.structure(&kernel, me).withByteView { GivenPermission($0) }
      let namespace = kernel.ipc(of: me), who = kernel.tasks[me].credentials
      let slot = try kernel.ipcNamespaces[namespace].semaphores.controlledSlot(of: id, who)
      try kernel.ipcNamespaces[namespace].semaphores.update(slot, given)
      kernel.semaphoreSets[kernel.ipcNamespaces[namespace].semaphores[slot].object].changed = kernel.realSeconds
    case .remove:
      let namespace = kernel.ipc(of: me), who = kernel.tasks[me].credentials
      let slot = try kernel.ipcNamespaces[namespace].semaphores.controlledSlot(of: id, who)
      kernel.removeSemaphoreSet(slot, in: namespace)
    default: throw .errno(.EINVAL)
    }
    return ControlAnswer()
  }
}

extension Kernel {
  /// A set that grants what is asked. Throws EINVAL, EACCES.
  fileprivate func semaphoreSet(_ id: Int32, _ requested: UInt32, _ me: TaskID) throws(Stop) -> ID<SemaphoreSet> {
    let namespace = ipc(of: me), slot = try ipcNamespaces[namespace].semaphores.slot(of: id)
    try ipcNamespaces[namespace].semaphores.check(requested, slot, tasks[me].credentials)
    return ipcNamespaces[namespace].semaphores[slot].object
  }

  /// IPC_INFO, SEM_INFO: struct seminfo, and the highest slot in use. Linux: semctl_info().
  fileprivate func appendSemaphoreInformation(_ command: SemaphoreCommand, _ me: TaskID) -> Int {
    let namespace = ipc(of: me), limits = ipcNamespaces[namespace].limits, fixed = IPCLimits()
    let isUsage = command == .usage
    let size = isUsage ? Int32(ipcNamespaces[namespace].semaphores.count) : SemaphoreSet.undoSize
    let total = isUsage ? Int32(ipcNamespaces[namespace].usedSemaphores) : SemaphoreSet.valueLimit
    // semmap, semmnu and semume say what Linux was built with.
    for word in [
      fixed.semaphoreCount, limits.setCount, limits.semaphoreCount, fixed.semaphoreCount, limits.semaphoresInSet,
      limits.operationCount, fixed.operationCount, size, SemaphoreSet.valueLimit, total,
    ] { output.append(word) }
    return ipcNamespaces[namespace].semaphores.highestSlot
  }

  /// IPC_STAT of a set, SEM_STAT of a slot, SEM_STAT_ANY without a look at the mode; returns the identifier.
  /// Linux: semctl_stat().
  fileprivate func appendSemaphoreStatus(_ id: Int32, _ command: SemaphoreCommand, _ me: TaskID) throws(Stop) -> Int {
    let namespace = ipc(of: me), sets = ipcNamespaces[namespace].semaphores
    let slot = command == .status ? try sets.slot(of: id) : try sets.slot(at: id)
    if command != .slotStatusForAll { try sets.check(IPCPermission.read, slot, tasks[me].credentials) }
    let permission = sets[slot].permission
    semaphoreSets[sets[slot].object].append(permission, to: output)
    return Int(permission.id)
  }

  /// GETVAL, GETPID, GETNCNT, GETZCNT. Linux: semctl_main(), count_semcnt().
  fileprivate func look(at number: Int32, _ id: Int32, _ command: SemaphoreCommand, _ me: TaskID) throws(Stop) -> Int {
    let set = try semaphoreSet(id, IPCPermission.read, me)
    guard number >= 0, number < semaphoreSets[set].semaphores.count else { throw .errno(.EINVAL) }
    let semaphore = semaphoreSets[set].semaphores[Int(number)]
    switch command {
    case .getValue: return Int(semaphore.value)
    case .getProcess: return Int(semaphore.pid)
    default:
      // A call counts once, on the first of its operations that cannot be done.
      let countsZero = command == .getZeroCount
      var count = 0
      if let only = semaphoreSets[set].sole?.only, only.index == Int(number), (only.change == 0) == countsZero {
        count = 1
      }
      for var next in [semaphoreSets[set].alterers.first, semaphoreSets[set].zeroWaiters.first] {
        while let id = next {
          let pending = pendingOperations[id], blocking = pending.operations[pending.blocking]
          if blocking.index == Int(number), (blocking.change == 0) == countsZero { count += 1 }
          next = pending.next
        }
      }
      return count
    }
  }

  /// Linux: semctl_setval().
  fileprivate mutating func setValue(_ value: Int32, of number: Int32, _ id: Int32, _ me: TaskID) throws(Stop) {
    guard value >= 0, value <= SemaphoreSet.valueLimit else { throw .errno(.ERANGE) }
    let namespace = ipc(of: me), slot = try ipcNamespaces[namespace].semaphores.slot(of: id)
    let set = ipcNamespaces[namespace].semaphores[slot].object
    guard number >= 0, number < semaphoreSets[set].semaphores.count else { throw .errno(.EINVAL) }
    try ipcNamespaces[namespace].semaphores.check(IPCPermission.write, slot, tasks[me].credentials)
    forgetAdjustments(set, Int(number))
    semaphoreSets[set].semaphores[Int(number)].value = value
    semaphoreSets[set].semaphores[Int(number)].pid = processNumber(of: me)
    semaphoreSets[set].changed = realSeconds
    settle(set)
  }

  /// SETALL, all or nothing. Linux: semctl_main().
  fileprivate mutating func setAllValues(
    _ id: Int32, _ argument: ControlArgument<SemaphoreControl>, _ me: TaskID
  ) throws(Stop) {
    let set = try semaphoreSet(id, IPCPermission.write, me), count = semaphoreSets[set].semaphores.count
    let values: [UInt16] = try argument.bytes(count * 2, &self, me).withByteView { view in
      (0..<count).map { view.load(at: $0 * 2) }
    }
    guard values.allSatisfy({ Int32($0) <= SemaphoreSet.valueLimit }) else { throw .errno(.ERANGE) }
    let pid = processNumber(of: me)
    for (index, value) in values.enumerated() {
      semaphoreSets[set].semaphores[index].value = Int32(value)
      semaphoreSets[set].semaphores[index].pid = pid
    }
    forgetAdjustments(set, nil)
    semaphoreSets[set].changed = realSeconds
    settle(set, after: nil)
  }
}

/// What semctl takes and gives.
enum SemaphoreControl: Control {
  static let forms = ControlForms(
    .semidDS, .seminfo, listing: 2, lists: [13],
    answers: [2: (1, false), 18: (1, true), 20: (1, true), 3: (2, true), 19: (2, true)])
}

/// Linux: include/uapi/linux/sem.h.
struct SemaphoreCommand: Choice, Equatable {
  let rawValue: Int32
  static let remove = SemaphoreCommand(rawValue: 0), set = SemaphoreCommand(rawValue: 1)
  static let status = SemaphoreCommand(rawValue: 2), information = SemaphoreCommand(rawValue: 3)
  static let getProcess = SemaphoreCommand(rawValue: 11), getValue = SemaphoreCommand(rawValue: 12)
  static let getAll = SemaphoreCommand(rawValue: 13), getDecreaseCount = SemaphoreCommand(rawValue: 14)
  static let getZeroCount = SemaphoreCommand(rawValue: 15), setValue = SemaphoreCommand(rawValue: 16)
  static let setAll = SemaphoreCommand(rawValue: 17), slotStatus = SemaphoreCommand(rawValue: 18)
  static let usage = SemaphoreCommand(rawValue: 19), slotStatusForAll = SemaphoreCommand(rawValue: 20)

  static let names = NameSet(
    "semctl operation", .values,
    [
      "IPC_RMID": 0, "IPC_SET": 1, "IPC_STAT": 2, "IPC_INFO": 3, "GETPID": 11, "GETVAL": 12, "GETALL": 13,
      "GETNCNT": 14, "GETZCNT": 15, "SETVAL": 16, "SETALL": 17, "SEM_STAT": 18, "SEM_INFO": 19, "SEM_STAT_ANY": 20,
    ])
}
