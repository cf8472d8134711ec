// System V semaphores. Linux: ipc/sem.c.

/// A set of semaphores. Linux: struct sem_array.
///
/// Invariant: whenever no call is being performed, none of the pending calls could be completed.
struct SemaphoreSet {
  struct Semaphore {
    var value: Int32 = 0
    /// The process that changed or tested it last (sempid).
    var pid: Int32 = 0
    /// Pending calls that name it: only then need anybody be looked for when it changes.
    var pendingCount: Int32 = 0

    /// Does an operation that undoes nothing, as process `pid`. Returns whether others may go on now; nil where it
    /// cannot be done.
    @inline(__always) mutating func perform(_ operation: SemaphoreOperation, for pid: Int32) -> Bool? {
      let result = value &+ Int32(operation.change)
      guard UInt32(bitPattern: result) <= UInt32(SemaphoreSet.valueLimit), operation.change != 0 || value == 0
      else { return nil }
      value = result
      self.pid = pid
      return operation.change != 0 && pendingCount > 0
    }

  }

  /// All of a set, of which there is one at least. The first few lie in the set: most have no others, and to ask
  /// whether an array is shared takes longer than an operation.
  struct Row {
    private static let nearCount = 4
    private var near: InlineArray<4, Semaphore> = .init(repeating: Semaphore())
    private var far: [Semaphore]
    let count: Int

    init(count: Int) {
      far = Array(repeating: Semaphore(), count: max(0, count - Row.nearCount))
      self.count = count
    }

    var indices: Range<Int> { 0..<count }

    @inline(__always) func contains(_ index: Int) -> Bool { index < count }

    @inline(__always) subscript(_ index: Int) -> Semaphore {
      @inline(__always) get { index < Row.nearCount ? near[index] : far[index - Row.nearCount] }
      @inline(__always) set {
        if index < Row.nearCount { near[index] = newValue } else { far[index - Row.nearCount] = newValue }
      }
    }

    // As the semaphore itself, which is then changed where it lies.

    @inline(__always) mutating func perform(_ operation: SemaphoreOperation, for pid: Int32) -> Bool? {
      let index = operation.index
      return index < Row.nearCount ? near[index].perform(operation, for: pid) : performFar(operation, for: pid)
    }

    @inline(never) private mutating func performFar(_ operation: SemaphoreOperation, for pid: Int32) -> Bool? {
      far[operation.index - Row.nearCount].perform(operation, for: pid)
    }

    @inline(__always) mutating func countPending(at index: Int, _ change: Int32) {
      if index < Row.nearCount { near[index].pendingCount &+= change } else { countFarPending(at: index, change) }
    }

    @inline(never) private mutating func countFarPending(at index: Int, _ change: Int32) {
      far[index - Row.nearCount].pendingCount &+= change
    }
  }

  /// A call that waits alone: it has one operation, without SEM_UNDO.
  struct SoleOperation {
    let task: TaskID
    /// The number of its process.
    let pid: Int32
    let only: SemaphoreOperation
  }

  var semaphores: Row
  /// When semop last succeeded, in ns since 1970, and when semctl last changed the set, in seconds.
  var operationTime: Int64 = 0
  var changed: Int64
  /// The only pending call, where it is as simple as most: it needs no entry. Who comes behind it makes one of it
  /// first. Invariant: where there is one, the lists are empty.
  @Packed private var soleTask: TaskID?
  private var solePID: Int32 = 0
  private var soleOperation = SemaphoreOperation()
  /// Calls that wait for zeros and change nothing, and those that change values, oldest first.
  var zeroWaiters = Line<PendingOperation>()
  var alterers = Line<PendingOperation>()
  /// Pending calls of several operations: each completed call may then let an older one go on.
  var complexCount = 0
  /// Adjustments that processes have for this set.
  var undos: [ID<SemaphoreUndo>] = []

  init(semaphores: Row, changed: Int64) {
    self.semaphores = semaphores
    self.changed = changed
  }

  /// When semop last succeeded, in seconds since 1970; 0 for never.
  var operated: Int64 { operationTime / 1_000_000_000 }

  /// SEMVMX: the greatest value.
  static let valueLimit: Int32 = 32767
  /// SEMUSZ, which IPC_INFO tells for old times' sake.
  static let undoSize: Int32 = 20
}

/// One operation of semop(2). Linux: struct sembuf.
struct SemaphoreOperation: Structure {
  private(set) var number: UInt16 = 0
  private(set) var change: Int16 = 0
  private(set) var flags: Int16 = 0

  static var layout: Layout { .sembuf }
  static let byteCount = 6
  static let undo: Int16 = 0x1000, noWait: Int16 = 0o4000
  static let flagNames = NameSet("semop flags", .bits, ["IPC_NOWAIT": 0o4000, "SEM_UNDO": 0x1000])

  init() {}

  @inline(__always) init(_ view: ByteView) {
    number = view.load(at: 0)
    change = view.load(at: 2)
    flags = view.load(at: 4)
  }

  @inline(__always) var index: Int { Int(number) }
  @inline(__always) var isUndone: Bool { flags & SemaphoreOperation.undo != 0 }
}

/// How an attempt to do all operations of a call went.
enum SemaphoreAttempt {
  case done
  case failed(Errno)
  /// This operation of the call cannot be done yet.
  case blocked(by: Int)
}

extension SemaphoreSet {
  /// What becomes at once of a call of one operation that undoes nothing.
  enum Sequel {
    case done
    /// The same, and it has let the only pending call of this task be done as well.
    case completes(TaskID)
    /// It is done, and others may go on now.
    case letsOthers
    /// It waits, as the only one.
    case waitsAlone
    /// It waits, with others.
    case waits
    /// It is for the long way; nothing has changed.
    case refused
  }

  @inline(__always)
  mutating func operate(_ only: SemaphoreOperation, for task: TaskID, _ pid: Int32, at time: Int64) -> Sequel {
    guard semaphores.contains(only.index) else { return .refused }
    if let letsOthers = semaphores.perform(only, for: pid) {
      operationTime = time
      guard letsOthers else { return .done }
      guard let waiting = soleTask else { return .letsOthers }
      // It waits for this very semaphore, and what it changes lets nobody go on, since nobody else waits.
      guard semaphores.perform(soleOperation, for: solePID) != nil else { return .done }
      semaphores.countPending(at: soleOperation.index, -1)
      soleTask = nil
      return .completes(waiting)
    }
    // What is too great is no reason to wait.
    guard only.change <= 0, only.flags & SemaphoreOperation.noWait == 0 else { return .refused }
    guard soleTask == nil, zeroWaiters.isEmpty, alterers.isEmpty else { return .waits }
    (soleTask, solePID, soleOperation) = (task, pid, only)
    semaphores.countPending(at: only.index, 1)
    return .waitsAlone
  }

  /// The call that waits alone, if one does.
  var sole: SoleOperation? { soleTask.map { SoleOperation(task: $0, pid: solePID, only: soleOperation) } }

  /// It is pending no more.
  mutating func takeSole() -> SoleOperation? {
    guard let sole else { return nil }
    semaphores.countPending(at: sole.only.index, -1)
    soleTask = nil
    return sole
  }

  /// All of a call that has one operation and undoes nothing, as process `pid`.
  @inline(__always)
  mutating func perform(_ only: SemaphoreOperation, for pid: Int32, at time: Int64) -> SemaphoreAttempt {
    let outcome = attempt(only, for: pid)
    if case .done = outcome { operationTime = time }
    return outcome
  }

  /// The same, without noting the time.
  @inline(__always)
  mutating func attempt(_ only: SemaphoreOperation, for pid: Int32) -> SemaphoreAttempt {
    if semaphores[only.index].perform(only, for: pid) != nil { return .done }
    return attempt(only, 0)
  }

  /// Does one operation, unless it cannot be done now. `adjustment` is what the process has for the semaphore so far.
  /// Linux: perform_atomic_semop().
  @inline(__always)
  mutating func attempt(_ operation: SemaphoreOperation, _ adjustment: Int16) -> SemaphoreAttempt {
    let value = semaphores[operation.index].value, result = value + Int32(operation.change)
    if operation.change == 0 ? value != 0 : result < 0 {
      return operation.flags & SemaphoreOperation.noWait != 0 ? .failed(.EAGAIN) : .blocked(by: 0)
    }
    if result > SemaphoreSet.valueLimit { return .failed(.ERANGE) }
    if operation.isUndone, Int16(exactly: Int32(adjustment) - Int32(operation.change)) == nil {
      return .failed(.ERANGE)
    }
    semaphores[operation.index].value = result
    return .done
  }

  /// IPC_STAT's answer.
  func append(_ permission: IPCPermission, to output: ByteBuffer) {
    permission.append(to: output)
    for word in [operated, 0, changed, 0, Int64(semaphores.count), 0, 0] { output.append(word) }
  }
}

extension Kernel {
  /// Seconds since 1970. Linux: ktime_get_real_seconds().
  @inline(__always) var realSeconds: Int64 { (epoch &+ now) / 1_000_000_000 }

  /// The number of the process that a task belongs to.
  @inline(__always) func processNumber(of task: TaskID) -> Int32 { tasks[task].processNumber }

  /// Does all operations of a call or none. Linux: perform_atomic_semop_slow().
  mutating func attempt(
    _ operations: [SemaphoreOperation], on set: ID<SemaphoreSet>, for pid: Int32, _ undo: ID<SemaphoreUndo>?
  ) -> SemaphoreAttempt {
    for (place, operation) in operations.enumerated() {
      let adjustment = operation.isUndone ? semaphoreUndos[undo!].adjustments[operation.index] : 0
      switch semaphoreSets[set].attempt(operation, adjustment) {
      case .done:
        if operation.isUndone { semaphoreUndos[undo!].adjustments[operation.index] = adjustment - operation.change }
      case .failed(let errno):
        takeBack(operations[..<place], on: set, undo)
        return .failed(errno)
      case .blocked:
        takeBack(operations[..<place], on: set, undo)
        return .blocked(by: place)
      }
    }
    for operation in operations { semaphoreSets[set].semaphores[operation.index].pid = pid }
    return .done
  }

  /// The last one first: an adjustment then passes only what it passed on the way there, and stays within 16 bits.
  private mutating func takeBack(
    _ operations: ArraySlice<SemaphoreOperation>, on set: ID<SemaphoreSet>, _ undo: ID<SemaphoreUndo>?
  ) {
    for operation in operations.reversed() {
      semaphoreSets[set].semaphores[operation.index].value -= Int32(operation.change)
      if operation.isUndone { semaphoreUndos[undo!].adjustments[operation.index] += operation.change }
    }
  }

  /// Removes a set with what processes would undo on it; who sleeps on it learns so. Linux: freeary().
  mutating func removeSemaphoreSet(_ slot: Int, in namespace: ID<IPCNamespace>) {
    let id = ipcNamespaces[namespace].semaphores.remove(slot).object
    makeEntry(ofSoleAt: id)
    for pending in inOrderOfRemoval(id) { complete(pending, with: .EIDRM) }
    let set = semaphoreSets.remove(id)
    for undo in set.undos {
      let list = semaphoreUndos.remove(undo).list
      undoLists[list].undos.removeAll { $0 == undo }
    }
    ipcNamespaces[namespace].usedSemaphores -= set.semaphores.count
  }
}
