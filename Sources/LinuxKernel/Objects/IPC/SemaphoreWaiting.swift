// Calls of semop(2) that cannot be completed yet, and who completes them. Linux: ipc/sem.c, update_queue() and
// wake_const_ops(): whoever changes a value does the operations of all calls that have become possible, so that the
// sleepers only have to go on, and nobody can take from them what they were given.

/// A call that waits for semaphores. Linux: struct sem_queue.
struct PendingOperation {
  let task: TaskID
  /// The number of its process.
  let pid: Int32
  let set: ID<SemaphoreSet>
  let operations: PendingOperations
  let undo: ID<SemaphoreUndo>?
  let changesValues: Bool
  /// The first of the operations that cannot be done: where the call is counted (GETNCNT, GETZCNT).
  var blocking: Int
  @Packed var previous: ID<PendingOperation>?
  @Packed var next: ID<PendingOperation>?
}

extension PendingOperation {
  // What is asked of it together, in one access.
  @inline(__always) fileprivate var place:
    (
      set: ID<SemaphoreSet>, previous: ID<PendingOperation>?, next: ID<PendingOperation>?, changesValues: Bool,
      only: SemaphoreOperation?
    )
  {
    (set, previous, next, changesValues, operations.only)
  }
  @inline(__always) fileprivate var work: (set: ID<SemaphoreSet>, pid: Int32, only: SemaphoreOperation?) {
    (set, pid, operations.only)
  }
}

/// The operations of a pending call. Most have one, which needs no allocation.
struct PendingOperations {
  private let first: SemaphoreOperation
  /// nil where there are none.
  private let others: [SemaphoreOperation]?

  @inline(__always) init(only: SemaphoreOperation) {
    first = only
    others = nil
  }

  /// There is at least one.
  init(_ list: [SemaphoreOperation]) {
    first = list[0]
    others = list.count == 1 ? nil : Array(list.dropFirst())
  }

  var count: Int { 1 + (others?.count ?? 0) }
  /// The operation of a call that has one.
  @inline(__always) var only: SemaphoreOperation? { others == nil ? first : nil }
  var list: [SemaphoreOperation] { [first] + (others ?? []) }
  subscript(_ place: Int) -> SemaphoreOperation { place == 0 ? first : others![place - 1] }
}

extension Kernel {
  /// Adds a call behind those already pending.
  @inline(__always) mutating func enqueue(_ entry: PendingOperation) {
    let task = entry.task, set = entry.set
    makeEntry(ofSoleAt: set)
    if entry.operations.only == nil { mergeQueues(of: set) }
    let id = pendingOperations.place { entry }
    // What stands before it is rarely there.
    if let previous = semaphoreSets[set].gained(id, entry) {
      pendingOperations[previous].next = id
      pendingOperations[id].previous = previous
    }
    tasks[task].awaited = .semaphores(id)
  }

  /// The call that waits alone for a set, if one does, gets an entry, as all have where several are.
  @inline(never) mutating func makeEntry(ofSoleAt set: ID<SemaphoreSet>) {
    guard let sole = semaphoreSets[set].takeSole() else { return }
    enqueue(
      PendingOperation(
        task: sole.task, pid: sole.pid, set: set, operations: PendingOperations(only: sole.only), undo: nil,
        changesValues: sole.only.change != 0, blocking: 0))
  }

  /// Takes the call of a task off its set's list, if it is on one. Linux: unlink_queue().
  mutating func abandonOperation(_ task: TaskID) {
    switch tasks[task].awaited {
    case .semaphores(let id):
      tasks[task].awaited = .nothing
      withdraw(id)
    case .soleOperation(let set):
      tasks[task].awaited = .nothing
      _ = semaphoreSets[set].takeSole()
    case .nothing, .message, .soleReceiver, .bytes, .arrived, .outcome, .handed: break
    }
  }

  /// A call is pending no more.
  @inline(__always) private mutating func withdraw(_ id: ID<PendingOperation>) {
    let (set, previous, next, changesValues, only) = pendingOperations[id].place
    if let previous { pendingOperations[previous].next = next }
    if let next { pendingOperations[next].previous = previous }
    if let only {
      semaphoreSets[set].lost(previous, next, changesValues, of: only)
    } else {
      semaphoreSets[set].lost(previous, next, changesValues, ofSeveral: pendingOperations[id].operations)
    }
    pendingOperations.discard(id)
  }

  /// Ends a pending call: its operations are done, or it fails. Linux: wake_up_sem_queue_prepare().
  mutating func complete(_ id: ID<PendingOperation>, with errno: Errno?) {
    let task = pendingOperations[id].task
    withdraw(id)
    noteWoken(task, tasks[task].wakeUp(with: .outcome(errno)))
  }

  /// Tries to do a pending call, which ends when it succeeds or fails. Returns whether it was done.
  mutating func retry(_ id: ID<PendingOperation>) -> Bool {
    switch attempt(id) {
    case .blocked(let place):
      pendingOperations[id].blocking = place
      return false
    case .failed(let errno):
      complete(id, with: errno)
      return false
    case .done:
      complete(id, with: nil)
      return true
    }
  }

  @inline(__always) private mutating func attempt(_ id: ID<PendingOperation>) -> SemaphoreAttempt {
    let (set, pid, only) = pendingOperations[id].work
    if let only, !only.isUndone {
      // The time is noted once, for all that are completed.
      return semaphoreSets[set].attempt(only, for: pid)
    }
    return attempt(pendingOperations[id].operations.list, on: set, for: pid, pendingOperations[id].undo)
  }

  /// Completes what values of the set have made possible: first those that wait for zeros, then those that change
  /// values, again and again until nothing changes. Linux: do_smart_update().
  @inline(never) mutating func settle(_ set: ID<SemaphoreSet>) {
    makeEntry(ofSoleAt: set)
    var hasDone = semaphoreSets[set].zeroWaiters.first != nil && completeZeroWaiters(set)
    var next = semaphoreSets[set].alterers.first
    while let id = next {
      next = pendingOperations[id].next
      let isComplex = pendingOperations[id].operations.count > 1
      guard retry(id) else { continue }
      hasDone = true
      if semaphoreSets[set].zeroWaiters.first != nil { _ = completeZeroWaiters(set) }
      // What a simple call takes lets no older one go on, unless calls of several operations are about.
      if isComplex || semaphoreSets[set].complexCount > 0 { next = semaphoreSets[set].alterers.first }
    }
    if hasDone { semaphoreSets[set].operationTime = realTime }
  }

  /// Linux: do_smart_wakeup_zero(), wake_const_ops().
  mutating func completeZeroWaiters(_ set: ID<SemaphoreSet>) -> Bool {
    var hasDone = false
    if semaphoreSets[set].complexCount > 0 {
      for id in zeroWaitersInOrder(set) where retry(id) { hasDone = true }
      return hasDone
    }
    var next = semaphoreSets[set].zeroWaiters.first
    while let id = next {
      next = pendingOperations[id].next
      if retry(id) { hasDone = true }
    }
    return hasDone
  }
}

extension SemaphoreSet {
  /// A call is put behind those already pending; returns the last of these.
  @inline(__always)
  fileprivate mutating func gained(_ id: ID<PendingOperation>, _ entry: PendingOperation) -> ID<PendingOperation>? {
    if let only = entry.operations.only {
      semaphores.countPending(at: only.index, 1)
    } else {
      count(entry.operations, 1)
    }
    return entry.changesValues ? alterers.append(id) : zeroWaiters.append(id)
  }

  /// A call of one operation, which stood between `previous` and `next`, is pending no more.
  @inline(__always) fileprivate mutating func lost(
    _ previous: ID<PendingOperation>?, _ next: ID<PendingOperation>?, _ changesValues: Bool, of only: SemaphoreOperation
  ) {
    semaphores.countPending(at: only.index, -1)
    if changesValues { alterers.lost(previous, next) } else { zeroWaiters.lost(previous, next) }
  }

  @inline(never) fileprivate mutating func lost(
    _ previous: ID<PendingOperation>?, _ next: ID<PendingOperation>?, _ changesValues: Bool,
    ofSeveral operations: PendingOperations
  ) {
    count(operations, -1)
    if changesValues { alterers.lost(previous, next) } else { zeroWaiters.lost(previous, next) }
  }

  @inline(never) private mutating func count(_ operations: PendingOperations, _ change: Int32) {
    for operation in operations.list { semaphores[operation.index].pendingCount += change }
    complexCount += Int(change)
  }
}
