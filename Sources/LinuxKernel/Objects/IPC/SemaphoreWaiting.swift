// Calls of semop(2) that cannot be completed yet, and who completes them. Linux: ipc/sem.c, update_queue() and
// wake_const_ops(): whoever changes a value does the operations of all calls that have become possible, so that the
// sleepers only have to go on, and nobody can take from them what they were given.

/// A call that waits for semaphores. Linux: struct sem_queue.
struct PendingOperation {
  let task: TaskID
  let set: ID<SemaphoreSet>
  let operations: [SemaphoreOperation]
  let undo: ID<SemaphoreUndo>?
  let changesValues: Bool
  /// The first of the operations that cannot be done: where the call is counted (GETNCNT, GETZCNT).
  var blocking: Int
  var previous: ID<PendingOperation>?
  var next: ID<PendingOperation>?
}

extension Kernel {
  /// Adds a call behind those already pending.
  mutating func enqueue(_ entry: PendingOperation) {
    var entry = entry
    let set = entry.set
    entry.previous = entry.changesValues ? semaphoreSets[set].alterers.last : semaphoreSets[set].zeroWaiters.last
    let id = pendingOperations.insert(entry)
    if let previous = entry.previous { pendingOperations[previous].next = id }
    if entry.changesValues {
      if entry.previous == nil { semaphoreSets[set].alterers.first = id }
      semaphoreSets[set].alterers.last = id
    } else {
      if entry.previous == nil { semaphoreSets[set].zeroWaiters.first = id }
      semaphoreSets[set].zeroWaiters.last = id
    }
    for operation in entry.operations { semaphoreSets[set].semaphores[operation.index].pendingCount += 1 }
    if entry.operations.count > 1 { semaphoreSets[set].complexCount += 1 }
    tasks[entry.task].pendingOperation = id
  }

  /// Takes the call of a task off its set's list, if it is on one. Linux: unlink_queue().
  mutating func abandonOperation(_ task: TaskID) {
    guard let id = tasks[task].pendingOperation else { return }
    tasks[task].pendingOperation = nil
    let entry = pendingOperations.remove(id), set = entry.set
    if let previous = entry.previous {
      pendingOperations[previous].next = entry.next
    } else if entry.changesValues {
      semaphoreSets[set].alterers.first = entry.next
    } else {
      semaphoreSets[set].zeroWaiters.first = entry.next
    }
    if let next = entry.next {
      pendingOperations[next].previous = entry.previous
    } else if entry.changesValues {
      semaphoreSets[set].alterers.last = entry.previous
    } else {
      semaphoreSets[set].zeroWaiters.last = entry.previous
    }
    for operation in entry.operations { semaphoreSets[set].semaphores[operation.index].pendingCount -= 1 }
    if entry.operations.count > 1 { semaphoreSets[set].complexCount -= 1 }
  }

  /// Ends a pending call: its operations are done, or it fails. Linux: wake_up_sem_queue_prepare().
  mutating func complete(_ id: ID<PendingOperation>, with errno: Errno?) {
    let task = pendingOperations[id].task
    abandonOperation(task)
    if let call = tasks[task].call { calls[call].context.completion = errno?.code ?? 0 }
    makeRunnable(task)
  }

  /// Tries to do a pending call, which ends when it succeeds or fails. Returns whether it was done.
  private mutating func retry(_ id: ID<PendingOperation>) -> Bool {
    let entry = pendingOperations[id], pid = processNumber(of: entry.task)
    switch attempt(entry.operations, on: entry.set, for: pid, entry.undo) {
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

  /// Completes what values of the set have made possible: first those that wait for zeros, then those that change
  /// values, again and again until nothing changes. Linux: do_smart_update().
  @inline(never) mutating func settle(_ set: ID<SemaphoreSet>) {
    var hasDone = completeZeroWaiters(set)
    var next = semaphoreSets[set].alterers.first
    while let id = next {
      next = pendingOperations[id].next
      let isComplex = pendingOperations[id].operations.count > 1
      guard retry(id) else { continue }
      hasDone = true
      _ = completeZeroWaiters(set)
      // What a simple call takes lets no older one go on, unless calls of several operations are about.
      if isComplex || semaphoreSets[set].complexCount > 0 { next = semaphoreSets[set].alterers.first }
    }
    if hasDone { semaphoreSets[set].operated = realSeconds }
  }

  /// Linux: do_smart_wakeup_zero(), wake_const_ops().
  private mutating func completeZeroWaiters(_ set: ID<SemaphoreSet>) -> Bool {
    var hasDone = false
    var next = semaphoreSets[set].zeroWaiters.first
    while let id = next {
      next = pendingOperations[id].next
      if retry(id) { hasDone = true }
    }
    return hasDone
  }
}
