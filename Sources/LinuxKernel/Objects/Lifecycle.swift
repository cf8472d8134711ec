// How tasks and processes begin, stop, end and are waited for. Linux: kernel/fork.c, kernel/exit.c, kernel/signal.c.

/// What clone shares between the caller and the new task; the rest is copied. Linux: include/uapi/linux/sched.h.
struct CloneFlags: OptionSet, Sendable {
  let rawValue: UInt64
  init(rawValue: UInt64) { self.rawValue = rawValue }
  static let vm = CloneFlags(rawValue: 0x100), fs = CloneFlags(rawValue: 0x200), files = CloneFlags(rawValue: 0x400)
  static let sighand = CloneFlags(rawValue: 0x800), parent = CloneFlags(rawValue: 0x8000)
  static let thread = CloneFlags(rawValue: 0x10000), clearSighand = CloneFlags(rawValue: 0x1_0000_0000)
}

extension Kernel {
  /// A new task like `me`, runnable. Linux: copy_process().
  mutating func clone(_ flags: CloneFlags, exitSignal: Int32, by me: TaskID) throws(Stop) -> TaskID {
    let pid = try allocatePID()
    let parent = tasks[me].process
    let process: ID<Process>
    if flags.contains(.thread) {
      process = parent
      processes[process].threadCount += 1
    } else {
      var new = Process(
        pid: pid, group: processes[parent].group, session: processes[parent].session,
        childChanged: waitQueues.insert(WaitQueue()))
      new.exitSignal = exitSignal
      new.limits = processes[parent].limits
      process = processes.insert(new)
      adopt(process, by: flags.contains(.parent) ? processes[parent].parent ?? parent : parent)
    }
    var task = Task(
      tid: pid, process: process,
      files: flags.contains(.files) ? share(tasks[me].files) : duplicate(tasks[me].files),
      fileSystem: flags.contains(.fs) ? share(tasks[me].fileSystem) : duplicate(tasks[me].fileSystem),
      memory: flags.contains(.vm) ? share(tasks[me].memory) : duplicate(tasks[me].memory),
      handlers: flags.contains(.sighand) ? share(tasks[me].handlers) : duplicate(tasks[me].handlers),
      credentials: tasks[me].credentials)
    task.signals.blocked = tasks[me].signals.blocked
    task.niceness = tasks[me].niceness
    if flags.contains(.clearSighand) { resetHandlers(task.handlers) }
    let id = tasks.insert(task)
    if flags.contains(.thread) {
      tasks[threads(of: process).last!].nextThread = id
    } else {
      processes[process].firstThread = id
    }
    tasksByPID[Int(pid)] = id
    makeRunnable(id, isNew: true)
    return id
  }

  private mutating func share(_ table: ID<FileTable>) -> ID<FileTable> {
    fileTables[table].references += 1
    return table
  }

  private mutating func share(_ space: ID<AddressSpace>) -> ID<AddressSpace> {
    addressSpaces[space].references += 1
    return space
  }

  private mutating func share(_ handlers: ID<SignalHandlers>) -> ID<SignalHandlers> {
    signalHandlers[handlers].references += 1
    return handlers
  }

  private mutating func duplicate(_ handlers: ID<SignalHandlers>) -> ID<SignalHandlers> {
    var copy = signalHandlers[handlers]
    copy.references = 1
    return signalHandlers.insert(copy)
  }

  /// CLONE_CLEAR_SIGHAND and execve: handlers become the default action, what is ignored stays so.
  mutating func resetHandlers(_ handlers: ID<SignalHandlers>) {
    for signal in 1...64 {
      if case .function = signalHandlers[handlers].actions[signal].handler {
        signalHandlers[handlers].actions[signal] = SignalAction()
      }
    }
  }

  /// Makes `child` the youngest child of `parent`.
  mutating func adopt(_ child: ID<Process>, by parent: ID<Process>) {
    processes[child].parent = parent
    processes[child].nextSibling = nil
    processes[child].previousSibling = processes[parent].lastChild
    if let last = processes[parent].lastChild { processes[last].nextSibling = child } else { processes[parent].firstChild = child }
    processes[parent].lastChild = child
  }

  private mutating func disown(_ child: ID<Process>) {
    guard let parent = processes[child].parent else { return }
    let previous = processes[child].previousSibling, next = processes[child].nextSibling
    if let previous { processes[previous].nextSibling = next } else { processes[parent].firstChild = next }
    if let next { processes[next].previousSibling = previous } else { processes[parent].lastChild = previous }
    processes[child].parent = nil
  }

  /// Ends all threads of a process; `status` as wait(2) tells it. The caller, if it is one of them, ends itself.
  mutating func endProcess(_ process: ID<Process>, status: Int32) {
    guard processes[process].groupExitStatus == nil else { return }
    processes[process].groupExitStatus = status
    for task in threads(of: process) where tasks[task].state != .dead {
      tasks[task].needsAttention = true
      switch tasks[task].state {
      case .blocked:
        if let call = tasks[task].call { calls[call].context.isInterrupted = true }
        makeRunnable(task)
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
    removeWaiters(of: me)
    if let call = tasks[me].call {
      calls.remove(call)
      tasks[me].call = nil
    }
    for entry in tasks[me].signals.returns { if case .interrupted(let call) = entry { calls.remove(call) } }
    tasks[me].signals = TaskSignals()
    tasks[me].state = .dead
    let process = tasks[me].process
    releaseTable(tasks[me].files)
    releaseContext(tasks[me].fileSystem)
    releaseAddressSpace(tasks[me].memory)
    let handlers = tasks[me].handlers
    let ignoresChildren =
      processes[process].parent.map { ignoresEnd(of: process, $0) } ?? false
    signalHandlers[handlers].references -= 1
    if signalHandlers[handlers].references == 0 { signalHandlers.remove(handlers) }
    endedTasks.append(me)
    processes[process].threadCount -= 1
    if processes[process].threadCount == 0 {
      endLast(process, status: processes[process].groupExitStatus ?? status, isReaped: ignoresChildren)
    } else if tasks[me].tid != processes[process].pid {
      forget(thread: me, of: process)
    }
  }

  /// Takes a thread that is no leader out of its process at once: nobody waits for it.
  private mutating func forget(thread: TaskID, of process: ID<Process>) {
    var previous = processes[process].firstThread
    if previous == thread {
      processes[process].firstThread = tasks[thread].nextThread
    } else {
      while let task = previous, tasks[task].nextThread != thread { previous = tasks[task].nextThread }
      if let previous { tasks[previous].nextThread = tasks[thread].nextThread }
    }
    tasksByPID[Int(tasks[thread].tid)] = nil
    tasks.remove(thread)
  }

  /// The last thread of a process is gone. Linux: exit_notify().
  private mutating func endLast(_ process: ID<Process>, status: Int32, isReaped: Bool) {
    reparentChildren(of: process)
    // A leader that ended before its other threads waited as a dead thread until now.
    for thread in threads(of: process) where tasks[thread].tid != processes[process].pid { forget(thread: thread, of: process) }
    processes[process].status = .zombie(status)
    processes[process].unreportedStop = nil
    processes[process].unreportedContinue = false
    guard let parent = processes[process].parent else {
      // init itself has ended: the kernel comes to rest, and everything else with it.
      endEverything(but: process)
      return
    }
    if processes[process].exitSignal != 0 { notifyParent(of: process, parent, status) }
    wakeAll(processes[parent].childChanged)
    if isReaped { reap(process) }
  }

  /// When init ends, every other process is killed. Linux: zap_pid_ns_processes().
  private mutating func endEverything(but initProcess: ID<Process>) {
    for process in processes.ids where process != initProcess && processes.contains(process) {
      if case .zombie = processes[process].status { continue }
      processes[process].groupExitStatus = Signal.kill
      for task in threads(of: process) { endTask(task) }
    }
  }

  /// SIGCHLD, or whatever clone asked for.
  private mutating func notifyParent(of process: ID<Process>, _ parent: ID<Process>, _ status: Int32) {
    let code: Int32 = status & 0x7f == 0 ? 1 : status & 0x80 != 0 ? 3 : 2
    let value = status & 0x7f == 0 ? status >> 8 & 0xff : status & 0x7f
    var info = SignalInfo(signal: processes[process].exitSignal, code: code, pid: processes[process].pid)
    info.uid = processes[process].firstThread.map { tasks[$0].credentials.uid } ?? 0
    info.status = value
    send(info, to: parent)
  }

  /// Whether the parent has said that it will not wait. Linux: do_notify_parent().
  private func ignoresEnd(of process: ID<Process>, _ parent: ID<Process>) -> Bool {
    guard processes[process].exitSignal == Signal.chld, let task = processes[parent].firstThread, tasks[task].state != .dead else { return false }
    let action = action(Signal.chld, of: task)
    return action.handler == .ignore || action.flags & SignalAction.noChildWait != 0
  }

  /// Children of an ending process go to the nearest subreaper above, or to init.
  private mutating func reparentChildren(of process: ID<Process>) {
    guard processes[process].firstChild != nil else { return }
    var heir = processes[process].parent
    while let candidate = heir, !processes[candidate].isSubreaper, let next = processes[candidate].parent { heir = next }
    guard let heir else { return }
    while let child = processes[process].firstChild {
      disown(child)
      adopt(child, by: heir)
      // An orphan always tells its new parent by SIGCHLD.
      processes[child].exitSignal = Signal.chld
      if case .zombie(let status) = processes[child].status {
        let isReaped = ignoresEnd(of: child, heir)
        notifyParent(of: child, heir, status)
        wakeAll(processes[heir].childChanged)
        if isReaped { reap(child) }
      }
    }
  }

  /// Removes a zombie and its pid.
  mutating func reap(_ process: ID<Process>) {
    disown(process)
    for thread in threads(of: process) {
      tasksByPID[Int(tasks[thread].tid)] = nil
      tasks.remove(thread)
    }
    let ended = processes.remove(process)
    waitQueues.remove(ended.childChanged)
  }

  /// Stops every thread of a process. Linux: do_signal_stop().
  mutating func stop(_ process: ID<Process>, by signal: Int32) {
    processes[process].status = .stopped(signal)
    processes[process].unreportedStop = signal
    processes[process].unreportedContinue = false
    for task in threads(of: process) where tasks[task].state != .dead && tasks[task].state != .stopped {
      tasks[task].runsWhenContinued = tasks[task].state != .blocked
      if tasks[task].state == .blocked, let call = tasks[task].call {
        // The sleeper is woken to stop; what its call makes of that shows when it goes on.
        calls[call].context.isInterrupted = true
        removeWaiters(of: task)
        tasks[task].sleepNumber &+= 1
        tasks[task].runsWhenContinued = true
      }
      settling.removeAll { $0 == task }
      tasks[task].state = .stopped
    }
    tellParent(of: process, code: 5, status: signal)
  }

  /// SIGCONT lets a stopped process go on, whatever it does with the signal itself.
  mutating func resumeStopped(_ process: ID<Process>) {
    guard case .stopped = processes[process].status else { return }
    processes[process].status = .running
    processes[process].unreportedStop = nil
    processes[process].unreportedContinue = true
    for task in threads(of: process) where tasks[task].state == .stopped {
      tasks[task].state = tasks[task].runsWhenContinued ? .runnable : .blocked
      if tasks[task].state == .runnable { enqueue(task) }
    }
    tellParent(of: process, code: 6, status: Signal.cont)
  }

  /// SIGCHLD about a stop or continue, unless SA_NOCLDSTOP. Linux: do_notify_parent_cldstop().
  private mutating func tellParent(of process: ID<Process>, code: Int32, status: Int32) {
    guard let parent = processes[process].parent, let task = processes[parent].firstThread, tasks[task].state != .dead else { return }
    if action(Signal.chld, of: task).flags & SignalAction.noChildStop == 0 {
      var info = SignalInfo(signal: Signal.chld, code: code, pid: processes[process].pid)
      info.uid = processes[process].firstThread.map { tasks[$0].credentials.uid } ?? 0
      info.status = status
      send(info, to: parent)
    }
    wakeAll(processes[parent].childChanged)
  }

  /// Whether nobody outside a process group, in its session, could continue it: terminal stops do not apply then.
  func isOrphaned(_ group: Int32) -> Bool {
    for process in processes.ids where processes[process].group == group {
      if case .zombie = processes[process].status { continue }
      guard let parent = processes[process].parent else { continue }
      if processes[parent].group != group && processes[parent].session == processes[process].session { return false }
    }
    return true
  }
}
