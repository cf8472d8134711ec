// How a signal gets to a process or thread and makes it look. Linux: kernel/signal.c, up to get_signal().

extension Kernel {
  func action(_ signal: Int32, of task: TaskID) -> SignalAction { action(signal, of: tasks[task].process) }
  func action(_ signal: Int32, of process: ID<Process>) -> SignalAction {
    signalHandlers[processes[process].handlers].actions[Int(signal)]
  }

  /// Sends a signal to a process. Linux: send_signal_locked() with PIDTYPE_TGID.
  ///
  /// - Parameter isForced: it comes from outside the pid namespace or from the kernel, and so may kill or stop init.
  /// - Returns: whether it was taken; not when it had to be queued and RLIMIT_SIGPENDING is reached.
  @discardableResult
  mutating func send(_ info: SignalInfo, to process: ID<Process>, isForced: Bool = false) -> Bool {
    guard let leader = processes[process].firstThread, !isZombie(process) else { return true }
    guard prepare(info, for: leader, isForced) else { return true }
    guard !processes[process].signals.pending.isMerged(info.signal) else { return true }
    if hasRoom(for: info, process) {
      processes[process].signals.pending.add(info)
    } else if info.signal >= Signal.firstRealTime, info.code != SignalInfo.user {
      return false
    } else {
      processes[process].signals.pending.addBare(info.signal)
    }
    complete(info.signal, leader, isDirected: false)
    return true
  }

  /// Sends a signal to one thread. Linux: send_signal_locked() with PIDTYPE_PID.
  @discardableResult
  mutating func send(_ info: SignalInfo, toThread task: TaskID) -> Bool {
    guard tasks[task].state != .dead, prepare(info, for: task, false) else { return true }
    guard !tasks[task].signals.pending.isMerged(info.signal) else { return true }
    if hasRoom(for: info, tasks[task].process) {
      tasks[task].signals.pending.add(info)
    } else if info.signal >= Signal.firstRealTime, info.code != SignalInfo.user {
      return false
    } else {
      tasks[task].signals.pending.addBare(info.signal)
    }
    complete(info.signal, task, isDirected: true)
    return true
  }

  /// A signal that the kernel raises in the task itself, such as SIGSEGV: neither blocked nor ignored, and init is not
  /// safe from it. Linux: force_sig_info_to_task().
  mutating func force(_ info: SignalInfo, on task: TaskID) {
    let handlers = handlers(of: task), signal = Int(info.signal)
    let isBlocked = tasks[task].signals.blocked.contains(signal: info.signal)
    if isBlocked || signalHandlers[handlers].actions[signal].handler == .ignore {
      signalHandlers[handlers].actions[signal].handler = .standard
      tasks[task].signals.blocked.remove(SignalSet(info.signal))
    }
    if signalHandlers[handlers].actions[signal].handler == .standard {
      processes[tasks[task].process].signals.isUnkillable = false
    }
    tasks[task].signals.pending.add(info)
    complete(info.signal, task, isDirected: true)
  }

  /// Whether the information that comes with a signal may be kept. Linux: sigqueue_alloc().
  private func hasRoom(for info: SignalInfo, _ process: ID<Process>) -> Bool {
    // Standard signals of kill and of the kernel are queued in any case.
    if info.signal < Signal.firstRealTime, info.code >= 0 { return true }
    let limit = processes[process].limits.soft[ResourceLimits.sigpending]
    // The limit counts for all processes of a user, which takes a walk: not while it is nowhere near.
    guard limit < 65536 else { return processes[process].signals.pending.queue.count < Int(clamping: limit) }
    let uid = processes[process].firstThread.map { tasks[$0].credentials.uid }
    var queued = 0
    for id in processes.ids {
      guard let leader = processes[id].firstThread, tasks[leader].credentials.uid == uid else { continue }
      queued += processes[id].signals.pending.queue.count
      for thread in threads(of: id) { queued += tasks[thread].signals.pending.queue.count }
    }
    return queued < Int(limit)
  }

  /// Side effects of sending, and whether the signal is to be queued at all. Linux: prepare_signal(), sig_ignored().
  mutating func prepare(_ info: SignalInfo, for task: TaskID, _ isForced: Bool) -> Bool {
    let set = SignalSet(info.signal), process = tasks[task].process
    // A process that is ending gets nothing more.
    guard processes[process].groupExitStatus == nil else { return false }
    if Signal.stops.contains(set) {
      discard(SignalSet(Signal.cont), of: process)
    } else if info.signal == Signal.cont {
      discard(Signal.stops, of: process)
      resumeStopped(process)
    }
    if tasks[task].signals.blocked.union(tasks[task].signals.reallyBlocked).contains(set) { return true }
    let isProtected = processes[process].signals.isUnkillable && !(isForced && Signal.unmaskable.contains(set))
    let isWanted =
      switch action(info.signal, of: process).handler {
      case .ignore: false
      case .standard: !isProtected && !Signal.ignoredByDefault.contains(set)
      case .function: true
      }
    // A tracer is told of ignored signals too.
    if isWatched, !isWanted { observe(.signalled(tid: tasks[task].tid, info)) }
    return isWanted
  }

  mutating func discard(_ unwanted: SignalSet, of process: ID<Process>) {
    processes[process].signals.pending.discard(unwanted)
    var next = processes[process].firstThread
    while let task = next {
      tasks[task].signals.pending.discard(unwanted)
      next = tasks[task].nextThread
    }
  }

  /// Finds who is to act on a signal that has become pending: `task` by preference; for a process signal, else any
  /// thread that can. Linux: complete_signal().
  mutating func complete(_ signal: Int32, _ task: TaskID, isDirected: Bool) {
    if let queue = signalHandlers[handlers(of: task)].signalArrived { wakeAll(queue, .readable) }
    let process = tasks[task].process
    var chosen: TaskID? = task
    if !wants(signal, task) {
      guard !isDirected, processes[process].threadCount > 1 else { return }
      chosen = processes[process].firstThread
      while let thread = chosen, !wants(signal, thread) { chosen = tasks[thread].nextThread }
    }
    guard let chosen else { return }
    if isFatal(signal, for: process), !tasks[chosen].signals.reallyBlocked.contains(signal: signal),
      !Signal.dumpsCore.contains(SignalSet(signal))
    {
      if isWatched, signal != Signal.kill { observeFatal(signal, on: chosen) }
      endProcess(process, status: signal)
    } else {
      notice(chosen)
    }
  }

  /// Whether the task would take the signal now. Linux: wants_signal().
  private func wants(_ signal: Int32, _ task: TaskID) -> Bool {
    if tasks[task].state == .dead || tasks[task].signals.blocked.contains(signal: signal) { return false }
    if signal == Signal.kill { return true }
    return tasks[task].state != .stopped && deliverable(task).subtracting(SignalSet(signal)).isEmpty
  }

  /// Whether a signal ends the process at once. Linux: sig_fatal().
  private func isFatal(_ signal: Int32, for process: ID<Process>) -> Bool {
    let set = SignalSet(signal)
    return action(signal, of: process).handler == .standard
      && !Signal.ignoredByDefault.contains(set) && !Signal.stops.contains(set)
  }

  /// Makes a task look at its signals: at the end of its call, or now if it sleeps. Linux: signal_wake_up().
  mutating func notice(_ task: TaskID) {
    tasks[task].needsAttention = true
    switch tasks[task].state {
    case .blocked:
      guard let call = tasks[task].call, calls[call].context.interruption != .killable else { return }
      calls[call].context.isInterrupted = true
      makeRunnable(task)
    case .stopped:
      if let call = tasks[task].call { calls[call].context.isInterrupted = true }
    // ks.settle() goes on until none can, and its task looks at its signals then.
    case .settling, .runnable, .dead: break
    }
  }

  /// The signals that could be delivered to the task now.
  func deliverable(_ task: TaskID) -> SignalSet {
    pending(task).subtracting(tasks[task].signals.blocked)
  }

  /// All that wait for the task, its own and its process'.
  func pending(_ task: TaskID) -> SignalSet {
    tasks[task].signals.pending.mask.union(processes[tasks[task].process].signals.pending.mask)
  }

  /// To be called when a mask or a pending set changed. Linux: recalc_sigpending().
  mutating func recalculateAttention(_ task: TaskID) {
    tasks[task].needsAttention =
      !deliverable(task).isEmpty || tasks[task].signals.savedMask != nil || !tasks[task].signals.returns.isEmpty
      || processes[tasks[task].process].groupExitStatus != nil
  }

  /// Linux: __set_current_blocked().
  mutating func setBlocked(_ set: SignalSet, of task: TaskID) {
    let old = tasks[task].signals.blocked
    tasks[task].signals.blocked = set.subtracting(Signal.unmaskable)
    retarget(tasks[task].signals.blocked.subtracting(old), from: task)
    recalculateAttention(task)
  }

  /// Process signals that `task` no longer takes find another thread. Linux: retarget_shared_pending().
  mutating func retarget(_ signals: SignalSet, from task: TaskID) {
    let process = tasks[task].process
    guard processes[process].threadCount > 1 else { return }
    let waiting = processes[process].signals.pending.mask.intersection(signals)
    guard !waiting.isEmpty else { return }
    for thread in threads(of: process) where thread != task && tasks[thread].state != .dead {
      if !waiting.subtracting(tasks[thread].signals.blocked).isEmpty { notice(thread) }
    }
  }

  /// Takes the next signal to deliver: the task's own before its process'. Linux: dequeue_signal().
  mutating func takeSignal(_ task: TaskID, in wanted: SignalSet) -> SignalInfo? {
    let process = tasks[task].process
    while true {
      var info = tasks[task].signals.pending.take(wanted)
      if info == nil {
        info = processes[process].signals.pending.take(wanted)
        if info?.signal == Signal.alrm { rearmIntervalTimer(of: process) }
      }
      guard var found = info else { return nil }
      // The signal of a timer that was set anew or deleted since is dropped.
      if found.isOwnedByTimer, !deliverTimerSignal(&found, of: process) { continue }
      return found
    }
  }

  /// SIGPIPE, as a write to a pipe or socket without a reader raises it.
  mutating func sendPipeSignal(to task: TaskID) {
    send(sender(task, signal: Signal.pipe, code: SignalInfo.user), toThread: task)
  }

  /// The information of a signal that `task` sends.
  func sender(_ task: TaskID, signal: Int32, code: Int32) -> SignalInfo {
    var info = SignalInfo(signal: signal, code: code)
    info.pid = processes[tasks[task].process].pid
    info.uid = tasks[task].credentials.uid
    return info
  }
}
