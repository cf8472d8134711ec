// What processes take back of their semaphore operations when they end (SEM_UNDO). Linux: ipc/sem.c, exit_sem().

/// What tasks that were made with CLONE_SYSVSEM have in common. Linux: struct sem_undo_list.
struct UndoList {
  /// One for each set, that used last at the end.
  var undos: [ID<SemaphoreUndo>] = []
  var references = 1
}

/// What is to be added to the semaphores of one set. Linux: struct sem_undo.
struct SemaphoreUndo {
  let list: ID<UndoList>
  let set: ID<SemaphoreSet>
  var adjustments: [Int16]
}

extension Kernel {
  /// The undo list of a task, made when first asked for. Linux: get_undo_list().
  mutating func undoList(of me: TaskID) -> ID<UndoList> {
    if let list = tasks[me].undoList { return list }
    let list = undoLists.insert(UndoList())
    tasks[me].undoList = list
    return list
  }

  /// What a task has for a set. Linux: find_alloc_undo().
  mutating func undo(of me: TaskID, for set: ID<SemaphoreSet>) -> ID<SemaphoreUndo> {
    let list = undoList(of: me)
    if let last = undoLists[list].undos.last, semaphoreUndos[last].set == set { return last }
    let undo: ID<SemaphoreUndo>
    if let place = undoLists[list].undos.firstIndex(where: { semaphoreUndos[$0].set == set }) {
      undo = undoLists[list].undos.remove(at: place)
    } else {
      let count = semaphoreSets[set].semaphores.count
      undo = semaphoreUndos.insert(SemaphoreUndo(list: list, set: set, adjustments: Array(repeating: 0, count: count)))
      semaphoreSets[set].undos.append(undo)
    }
    undoLists[list].undos.append(undo)
    return undo
  }

  /// SETVAL and SETALL: nobody undoes any more what was done to a semaphore before; nil for all of the set.
  mutating func forgetAdjustments(_ set: ID<SemaphoreSet>, _ number: Int?) {
    for undo in semaphoreSets[set].undos {
      for index in number.map({ $0..<$0 + 1 }) ?? semaphoreSets[set].semaphores.indices {
        semaphoreUndos[undo].adjustments[index] = 0
      }
    }
  }

  /// A task ends or unshares: the last one of those that share a list applies it, without ever waiting. Values stay
  /// within their range. Linux: exit_sem().
  mutating func leaveUndoList(_ me: TaskID) {
    guard let list = tasks[me].undoList else { return }
    tasks[me].undoList = nil
    undoLists[list].references -= 1
    guard undoLists[list].references == 0 else { return }
    let pid = processNumber(of: me)
    while let id = undoLists[list].undos.popLast() {
      let undo = semaphoreUndos.remove(id)
      semaphoreSets[undo.set].undos.removeAll { $0 == id }
      for (index, adjustment) in undo.adjustments.enumerated() where adjustment != 0 {
        let value = semaphoreSets[undo.set].semaphores[index].value + Int32(adjustment)
        semaphoreSets[undo.set].semaphores[index].value = min(max(value, 0), SemaphoreSet.valueLimit)
        semaphoreSets[undo.set].semaphores[index].pid = pid
      }
      semaphoreSets[undo.set].operationTime = realTime
      settle(undo.set, after: nil)
    }
    undoLists.remove(list)
  }
}
