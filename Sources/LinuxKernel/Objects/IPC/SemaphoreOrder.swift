// Who goes first where several sleepers of a set may go on at once. Linux keeps calls of one operation with their
// semaphore and looks at one semaphore after the other; only while calls of several operations wait does the order in
// which all came count. Linux: ipc/sem.c, merge_queues().

extension Kernel {
  /// Completes what a change of several values has made possible.
  ///
  /// - Parameter operations: those that changed the values, in whose order their semaphores are looked at; nil for all
  ///   semaphores of the set.
  @inline(never)
  mutating func settle(_ set: ID<SemaphoreSet>, after operations: [SemaphoreOperation]?) {
    guard semaphoreSets[set].complexCount == 0, semaphoreSets[set].semaphores.count > 1 else { return settle(set) }
    makeEntry(ofSoleAt: set)
    var hasDone = false
    for id in bySemaphore(semaphoreSets[set].zeroWaiters.first, { _ in true }, operations) where retry(id) {
      hasDone = true
    }
    for id in bySemaphore(semaphoreSets[set].alterers.first, { $0 > 0 }, operations) where retry(id) {
      hasDone = true
      if semaphoreSets[set].zeroWaiters.first != nil { _ = completeZeroWaiters(set) }
    }
    if hasDone { semaphoreSets[set].operationTime = realTime }
  }

  /// The first call of several operations is to wait: from now on all that change values stand in one line, the lists
  /// of the semaphores one in front of the other. Linux: merge_queues().
  @inline(never) mutating func mergeQueues(of set: ID<SemaphoreSet>) {
    guard semaphoreSets[set].complexCount == 0 else { return }
    let line = ranked(calls(semaphoreSets[set].alterers.first)) { -$0.operations[0].index }
    guard line.count > 1 else { return }
    for (place, id) in line.enumerated() {
      pendingOperations[id].previous = place > 0 ? line[place - 1] : nil
      pendingOperations[id].next = place + 1 < line.count ? line[place + 1] : nil
    }
    semaphoreSets[set].alterers = Line(from: line[0], to: line[line.count - 1])
  }

  /// The calls of a list, those of one semaphore together and as they came. Linux: do_smart_update(),
  /// do_smart_wakeup_zero().
  private func bySemaphore(
    _ first: ID<PendingOperation>?, _ counts: (Int16) -> Bool, _ operations: [SemaphoreOperation]?
  ) -> [ID<PendingOperation>] {
    ranked(calls(first)) { pending in
      let index = pending.operations[0].index
      guard let operations else { return index }
      return operations.firstIndex { $0.index == index && counts($0.change) } ?? operations.count
    }
  }

  /// Those that wait for zeros, of several semaphores last. Linux: do_smart_wakeup_zero().
  @inline(never) func zeroWaitersInOrder(_ set: ID<SemaphoreSet>) -> [ID<PendingOperation>] {
    ranked(calls(semaphoreSets[set].zeroWaiters.first)) { $0.operations.count == 1 ? $0.operations[0].index : .max }
  }

  /// All calls that wait for a set, in the order in which they learn that it is gone: first those of several operations
  /// that wait for zeros, then, while such calls are about, all that change values, then those of each semaphore.
  /// Linux: freeary().
  func inOrderOfRemoval(_ set: ID<SemaphoreSet>) -> [ID<PendingOperation>] {
    let hasComplex = semaphoreSets[set].complexCount > 0
    let waiting = calls(semaphoreSets[set].zeroWaiters.first) + calls(semaphoreSets[set].alterers.first)
    return ranked(waiting) { pending in
      let isSingle = pending.operations.count == 1, index = pending.operations[0].index
      if pending.changesValues { return hasComplex ? 1 : 3 + 2 * index }
      return isSingle ? 2 + 2 * index : 0
    }
  }

  private func calls(_ first: ID<PendingOperation>?) -> [ID<PendingOperation>] {
    var calls: [ID<PendingOperation>] = [], next = first
    while let id = next {
      calls.append(id)
      next = pendingOperations[id].next
    }
    return calls
  }

  /// Who has the same rank stays in order.
  private func ranked(_ calls: [ID<PendingOperation>], _ rank: (PendingOperation) -> Int) -> [ID<PendingOperation>] {
    let ranks = calls.map { rank(pendingOperations[$0]) }
    return calls.indices.sorted { (ranks[$0], $0) < (ranks[$1], $1) }.map { calls[$0] }
  }
}
