// How tasks and processes end. Linux: kernel/exit.c.

extension Kernel {
  /// Ends all threads of a process; `status` as wait(2) tells it. The caller, if it is one of them, ends itself.
  /// Linux: do_group_exit(), zap_other_threads().
  mutating func endProcess(_ process: ID<Process>, status: Int32) {
    guard processes[process].groupExitStatus == nil else { return }
    processes[process].groupExitStatus = status
    var next = processes[process].firstThread
    while let task = next {
      next = tasks[task].nextThread
      guard tasks[task].state != .dead else { continue }
      tasks[task].needsAttention = true
      switch tasks[task].state {
      case .blocked: makeRunnable(task)
      case .stopped, .settling:
        settling.removeAll { $0 == task }
        tasks[task].state = .runnable
        enqueue(task)
      case .runnable, .dead: break
      }
    }
  }

  /// Ends one task; with its last thread the process becomes a zombie. Linux: do_exit().
  mutating func endTask(_ me: TaskID, status: Int32 = 0) {
    guard tasks[me].state != .dead else { return }
    stopWaiting(me)
    abandonLockQueue(me)
    if let call = tasks[me].call {
      removeCall(call)
      tasks[me].call = nil
    }
    if let spare = tasks[me].spareCall {
      calls.discard(spare)
      tasks[me].spareCall = nil
    }
    for entry in tasks[me].signals.returns { if case .interrupted(let call) = entry { removeCall(call) } }
    // What it would have taken of its process' signals falls to another thread.
    retarget(SignalSet(rawValue: ~0), from: me)
    tasks[me].signals = TaskSignals()
    tasks[me].state = .dead
    let process = tasks[me].process
    if isWatched { observe(.ended(tid: tasks[me].tid, status: processes[process].groupExitStatus ?? status)) }
    processes[process].threadCount -= 1
    // The process' timers end before its memory and files do: exit_itimers().
    if processes[process].threadCount == 0, let timers = processes[process].timers {
      processTimers.remove(timers)
      processes[process].timers = nil
    }
    clearTID(me)
    releaseAddressSpace(of: me)
    leaveUndoList(me)
    orphanSegments(of: me)
    releaseTable(tasks[me].files, by: me)
    releaseContext(tasks[me].fileSystem)
    release(tasks[me].ipcNamespace)
    endedTasks.append(me)
    if let parent = tasks[me].vforkParent, tasks.contains(parent) { makeRunnable(parent) }
    reparentChildren(of: me)
    if processes[process].threadCount == 0 {
      endLast(process, status: processes[process].groupExitStatus ?? status)
    } else if tasks[me].tid != processes[process].pid {
      forget(thread: me, of: process)
    }
  }

  /// Tells others in the same memory that the task has ended. Linux: mm_release().
  mutating func clearTID(_ me: TaskID) {
    let address = tasks[me].clearChildTID
    guard address != 0, addressSpaces[tasks[me].memory].references > 1 else { return }
    tasks[me].clearChildTID = 0
    _ = [UInt8](repeating: 0, count: 4).withByteView { writeMemory($0, at: address, of: me) }
  }

  /// Takes a thread that is no leader out of its process at once: nobody waits for it. Linux: release_task().
  private mutating func forget(thread: TaskID, of process: ID<Process>) {
    let previous = tasks[thread].previousThread, next = tasks[thread].nextThread
    if let previous { tasks[previous].nextThread = next } else { processes[process].firstThread = next }
    if let next { tasks[next].previousThread = previous } else { processes[process].lastThread = previous }
    pids[Int(tasks[thread].tid)].task = nil
    tasks.remove(thread)
  }

  /// The last thread of a process is gone. Linux: exit_notify().
  private mutating func endLast(_ process: ID<Process>, status: Int32) {
    // The last one may be another than the leader, which waited as a dead thread until now.
    while let last = processes[process].lastThread, last != processes[process].firstThread {
      forget(thread: last, of: process)
    }
    hangUpIfOrphaned(process, leaving: nil)
    processes[process].status = .zombie(status)
    processes[process].unreportedStop = nil
    processes[process].unreportedContinue = false
    processes[process].signals.pending = PendingSignals()
    guard let parent = processes[process].parent else {
      // init itself has ended: the kernel comes to rest, and everything else with it.
      endEverything(but: process)
      return
    }
    if notify(parent, ofEndOf: process, status) { reap(process) }
  }

  /// When init ends, every other process is killed. Linux: zap_pid_ns_processes().
  private mutating func endEverything(but initProcess: ID<Process>) {
    for process in processes.ids where process != initProcess && processes.contains(process) && !isZombie(process) {
      processes[process].groupExitStatus = Signal.kill
      for task in threads(of: process) { endTask(task) }
    }
  }

  /// Tells a parent by SIGCHLD, or whatever clone asked for, and wakes it. Linux: do_notify_parent().
  ///
  /// - Returns: whether the child is not to wait for it, because the parent has said that it will not ask.
  private mutating func notify(_ parent: ID<Process>, ofEndOf process: ID<Process>, _ status: Int32) -> Bool {
    var signal = processes[process].exitSignal, isReaped = false
    // A parent that has run another program since did not ask for that signal.
    if signal != Signal.chld, processes[process].parentExecutionCount != processes[parent].executionCount {
      signal = Signal.chld
    }
    if signal == Signal.chld, !isZombie(parent) {
      let action = action(signal, of: parent)
      isReaped = action.handler == .ignore || action.flags & SignalAction.noChildWait != 0
      if action.handler == .ignore { signal = 0 }
    }
    if signal != 0 {
      let isKilled = status & 0x7f != 0
      let code = !isKilled ? SignalInfo.exited : status & 0x80 != 0 ? SignalInfo.dumped : SignalInfo.killed
      var info = SignalInfo(signal: signal, code: code, pid: processes[process].pid)
      info.uid = uid(of: process)
      info.status = isKilled ? status & 0x7f : status >> 8 & 0xff
      send(info, to: parent)
    }
    processes[parent].lastToldGroup = processes[process].group
    wakeAll(processes[parent].childChanged)
    return isReaped
  }

  /// The real user of a process, dead or alive.
  func uid(of process: ID<Process>) -> UInt32 { processes[process].firstThread.map { tasks[$0].credentials.uid } ?? 0 }

  /// Children of an ending thread go to another one of its process, or else to the nearest subreaper above, or to init.
  /// Linux: forget_original_parent().
  private mutating func reparentChildren(of me: TaskID) {
    let process = tasks[me].process
    guard processes[process].firstChild != nil, let heir = heir(of: process) else { return }
    let isThread = tasks[heir].process == process
    var next = processes[process].firstChild
    while let child = next {
      next = processes[child].nextSibling
      guard processes[child].parentThread == me else { continue }
      disown(child)
      adopt(child, by: heir)
      tellDeathOfParent(me, to: child)
      if !isThread { inherit(child, from: process, by: tasks[heir].process) }
    }
  }

  /// PR_SET_PDEATHSIG: the parent is the thread that made the child, or the one that took it over.
  private mutating func tellDeathOfParent(_ me: TaskID, to child: ID<Process>) {
    for thread in threads(of: child) where tasks[thread].parentDeathSignal != 0 {
      var info = SignalInfo(signal: Int32(tasks[thread].parentDeathSignal), code: SignalInfo.user)
      (info.pid, info.uid) = (processes[tasks[me].process].pid, tasks[me].credentials.uid)
      send(info, to: child)
    }
  }

  /// A child comes to another process. Linux: reparent_leader().
  private mutating func inherit(_ child: ID<Process>, from process: ID<Process>, by heir: ID<Process>) {
    // An orphan always tells its new parent by SIGCHLD.
    processes[child].exitSignal = Signal.chld
    if case .zombie(let status) = processes[child].status, notify(heir, ofEndOf: child, status) {
      reap(child)
    } else {
      hangUpIfOrphaned(child, leaving: process)
    }
  }

  /// Who takes over the children of a thread of a process. Linux: find_new_reaper().
  private func heir(of process: ID<Process>) -> TaskID? {
    if let thread = livingThread(of: process) { return thread }
    if processes[process].hasSubreaperAbove {
      var next = processes[process].parent
      while let candidate = next {
        if processes[candidate].isSubreaper, let thread = livingThread(of: candidate) { return thread }
        next = processes[candidate].parent
      }
    }
    guard let initProcess = self.process(1), initProcess != process else { return nil }
    return livingThread(of: initProcess)
  }

  /// The oldest thread that has not ended. Linux: find_alive_thread().
  private func livingThread(of process: ID<Process>) -> TaskID? {
    var next = processes[process].firstThread
    while let thread = next {
      if tasks[thread].state != .dead { return thread }
      next = tasks[thread].nextThread
    }
    return nil
  }

  /// Removes a zombie and its pid. Linux: release_task() of a leader.
  mutating func reap(_ process: ID<Process>) {
    disown(process)
    leaveGroup(process)
    let ended = processes.remove(process)
    // A zombie shares its handlers still, as unshare(CLONE_SIGHAND) finds. Linux: __exit_signal().
    release(ended.handlers)
    waitQueues.remove(ended.childChanged)
    pids[Int(ended.pid)].task = nil
    if let leader = ended.firstThread { tasks.remove(leader) }
  }
}
