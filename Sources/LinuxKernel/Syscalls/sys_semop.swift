extension Syscall {
  /// semop(2). Linux: ipc/sem.c, __do_semtimedop().
  static let semop = Syscall(
    65, "semop", "Does operations on semaphores of one set, all at once, as soon as all can be done.",
    c: "int semop(int semid, struct sembuf *sops, size_t nsops)",
    Param<Int32>("semid"), Param<SemaphoreOperations>("sops"),
    returns: "zero",
    errors: Syscall.semopErrors
  ) {
    (kernel: inout Kernel, me: TaskID, id: Int32, operations: SemaphoreOperations) throws(Stop) -> AnswerOrWait<Done> in
    try kernel.operate(id, operations, me)
  }

  /// semtimedop(2).
  static let semtimedop = Syscall(
    220, "semtimedop", "Does what semop does, and waits no longer than a time.",
    c: "int semtimedop(int semid, struct sembuf *sops, size_t nsops, const struct timespec *_Nullable timeout)",
    Param<Int32>("semid"), Param<SemaphoreOperations>("sops"), Param<TimeSpec?>(optional: "timeout"),
    returns: "zero",
    errors: Syscall.semopErrors
  ) {
    (kernel: inout Kernel, me: TaskID, id: Int32, operations: SemaphoreOperations, timeout: TimeSpec?)
      throws(Stop) -> Done in
    try kernel.operate(id, operations, timeout: timeout, me)
  }

  private static var semopErrors: KeyValuePairs<Errno, String> {
    [
      .E2BIG: "more operations than kernel.sem's third number",
      .EINVAL: "no operation, no such set, or a time that is none",
      .EFAULT: "the operations lie outside the caller's memory",
      .EFBIG: "a semaphore that the set has not",
      .EACCES: "the set does not grant writing, or reading where all operations wait for zero",
      .EAGAIN: "an operation with IPC_NOWAIT cannot be done now, or the time ran out",
      .ERANGE: "a value would pass 32767, or an adjustment leave 16 bits",
      .EIDRM: "the set was removed meanwhile",
      .EINTR: "a signal came, even one without a handler that stopped the process",
    ]
  }
}

extension Kernel {
  /// Most calls have one operation without SEM_UNDO on a set of the caller's, which can be done now or later.
  @inline(never)
  fileprivate mutating func operate(_ id: Int32, _ operations: SemaphoreOperations, _ me: TaskID) throws(Stop)
    -> AnswerOrWait<Done>
  {
    guard let only = operations.only, !only.isUndone, !current.isRetry else {
      return .answer(try operateInSteps(id, operations, me))
    }
    let caller = tasks[me].ipcCaller
    guard let set = ownSet(id, for: only.change != 0 ? IPCPermission.write : IPCPermission.read, caller) else {
      return .answer(try operateInSteps(id, operations, me))
    }
    switch semaphoreSets[set].operate(only, for: me, caller.pid, at: realTime) {
    case .done: break
    case .completes(let task): wakeAlone(task, with: .outcome(nil))
    case .letsOthers: settle(set)
    case .waitsAlone: return .wait(Wait(aloneAt: set, interruption: .never))
    case .waits: return .wait(awaitOnly(only, on: set, me))
    case .refused: return .answer(try operateInSteps(id, operations, me))
    }
    return .answer(Done())
  }

  /// The caller's own set, if it may do what `requested` says; nil for others, and where that is an error.
  @inline(__always)
  private mutating func ownSet(_ id: Int32, for requested: UInt32, _ caller: IPCCaller) -> ID<SemaphoreSet>? {
    if !setShortcuts.lead(caller, to: id) { findShortcut(id, caller) }
    return setShortcuts.object(id, for: requested, 1)
  }

  @inline(never) private mutating func findShortcut(_ id: Int32, _ caller: IPCCaller) {
    let limit = Int(ipcNamespaces[caller.namespace].limits.operationCount)
    let shortcut = ipcNamespaces[caller.namespace].semaphores.shortcut(to: id, of: caller, limit: limit)
    setShortcuts.set(shortcut, to: id)
  }

  /// Puts a call whose one operation can be done later only behind those that wait already.
  @inline(never)
  private mutating func awaitOnly(_ only: SemaphoreOperation, on set: ID<SemaphoreSet>, _ me: TaskID) -> Wait {
    let pid = processNumber(of: me)
    enqueue(
      PendingOperation(
        task: me, pid: pid, set: set, operations: PendingOperations(only: only), undo: nil,
        changesValues: only.change != 0, blocking: 0))
    return Wait(queue: nil, interruption: .never)
  }

  /// The rest of it, for one that cannot be done now or has more to it.
  @inline(never) fileprivate mutating func operateInSteps(
    _ id: Int32, _ operations: SemaphoreOperations, _ me: TaskID
  ) throws(Stop) -> Done {
    try operate(id, operations, timeout: nil, me)
  }

  fileprivate mutating func operate(
    _ id: Int32, _ operations: SemaphoreOperations, timeout: TimeSpec?, _ me: TaskID
  ) throws(Stop) -> Done {
    if current.isRetry { return try endOfWait(me) }
    let namespace = ipc(of: me)
    guard operations.count <= ipcNamespaces[namespace].limits.operationCount else { throw .errno(.E2BIG) }
    guard operations.count > 0 else { throw .errno(.EINVAL) }
    // By far the most calls have one operation, without SEM_UNDO: they come straight from the caller's bytes.
    if let only = operations.only, !only.isUndone {
      guard id >= 0, timeout?.isValid != false else { throw .errno(.EINVAL) }
      let set = try usableSet(id, in: namespace, highest: only.index, changes: only.change != 0, me)
      switch semaphoreSets[set].perform(only, for: processNumber(of: me), at: realTime) {
      case .done:
        if only.change != 0, semaphoreSets[set].semaphores[only.index].pendingCount > 0 { settle(set) }
        return Done()
      case .failed(let errno): throw .errno(errno)
      case .blocked:
        try wait(for: PendingOperations(only: only), only.change != 0, blocking: 0, on: set, nil, timeout, me)
      }
    }
    let list = try operations.load(self, me)
    guard id >= 0, timeout?.isValid != false else { throw .errno(.EINVAL) }
    let highest = list.reduce(0) { max($0, $1.index) }, changes = list.contains { $0.change != 0 }
    // A call that is to be undone has its adjustments before anything but the set is looked at. Linux:
    // find_alloc_undo().
    var undo: ID<SemaphoreUndo>?
    if list.contains(where: { $0.isUndone }) {
      let slot = try ipcNamespaces[namespace].semaphores.slot(of: id)
      undo = self.undo(of: me, for: ipcNamespaces[namespace].semaphores[slot].object)
    }
    let set = try usableSet(id, in: namespace, highest: highest, changes: changes, me)
    switch attempt(list, on: set, for: processNumber(of: me), undo) {
    case .done:
      semaphoreSets[set].operationTime = realTime
      if changes { settle(set, after: list) }
      return Done()
    case .failed(let errno): throw .errno(errno)
    case .blocked(let place):
      try wait(for: PendingOperations(list), changes, blocking: place, on: set, undo, timeout, me)
    }
  }

  /// The set, if the caller may do such operations on it. Throws EINVAL, EFBIG, EACCES.
  @inline(__always) private func usableSet(
    _ id: Int32, in namespace: ID<IPCNamespace>, highest: Int, changes: Bool, _ me: TaskID
  ) throws(Stop) -> ID<SemaphoreSet> {
    let requested = changes ? IPCPermission.write : IPCPermission.read
    guard let (set, isAllowed) = ipcNamespaces[namespace].semaphores.find(id, for: requested, tasks[me].credentials)
    else {
      throw .errno(.EINVAL)
    }
    guard highest < semaphoreSets[set].semaphores.count else { throw .errno(.EFBIG) }
    guard isAllowed else { throw .errno(.EACCES) }
    return set
  }

  /// Puts the call behind those that wait already; somebody else completes it.
  private mutating func wait(
    for operations: PendingOperations, _ changesValues: Bool, blocking: Int, on set: ID<SemaphoreSet>,
    _ undo: ID<SemaphoreUndo>?, _ timeout: TimeSpec?, _ me: TaskID
  ) throws(Stop) -> Never {
    let end = timeout.map { deadline(after: $0.total) } ?? .max
    guard end > now else { throw .errno(.EAGAIN) }
    enqueue(
      PendingOperation(
        task: me, pid: processNumber(of: me), set: set, operations: operations, undo: undo,
        changesValues: changesValues, blocking: blocking))
    throw .sleep(until: end, interruption: .never)
  }

  /// What has ended the sleep, though nobody has completed the call: the end of the time, or a signal.
  private mutating func endOfWait(_ me: TaskID) throws(Stop) -> Done {
    // A stop has ended the sleep when it came, however long it lasted.
    if current.deadline <= now, !current.isInterrupted {
      abandonOperation(me)
      throw .errno(.EAGAIN)
    }
    throw .sleep(until: current.deadline, interruption: .never)
  }
}

/// The operations of a call: handed over, or in the caller's memory.
struct SemaphoreOperations: Argument, @unchecked Sendable {
  private let raw: RawArgument

  static var kind: ArgumentKind { .structures(.sembuf) }
  @inline(__always)
  static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> SemaphoreOperations {
    SemaphoreOperations(raw: raw)
  }

  /// An address without a number: one, to be looked for there.
  @inline(__always) var count: Int { raw.count < 0 ? 1 : raw.count / SemaphoreOperation.byteCount }

  /// The operation of a call that has one, and handed it over.
  @inline(__always) var only: SemaphoreOperation? {
    raw.form == .bytes && raw.count == SemaphoreOperation.byteCount ? SemaphoreOperation(raw.view) : nil
  }

  func load(_ kernel: borrowing Kernel, _ me: TaskID) throws(Stop) -> [SemaphoreOperation] {
    func decode(_ view: ByteView) -> [SemaphoreOperation] {
      (0..<count).map {
        SemaphoreOperation(view.slice($0 * SemaphoreOperation.byteCount, SemaphoreOperation.byteCount))
      }
    }
    if raw.form == .bytes { return decode(raw.view) }
    let bytes = try kernel.memory(UInt64(bitPattern: raw.word), count * SemaphoreOperation.byteCount, of: me)
    return bytes.withByteView(decode)
  }
}
