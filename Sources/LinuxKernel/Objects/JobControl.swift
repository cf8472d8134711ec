// How processes stop and go on. Linux: kernel/signal.c, do_signal_stop() and prepare_signal().

extension Kernel {
  /// Stops every thread of a process. Linux: do_signal_stop().
  mutating func stop(_ process: ID<Process>, by signal: Int32) {
    processes[process].status = .stopped(signal)
    processes[process].unreportedStop = signal
    processes[process].unreportedContinue = false
    processes[process].hasUntoldContinue = false
    var next = processes[process].firstThread
    while let task = next {
      next = tasks[task].nextThread
      guard tasks[task].state != .dead, tasks[task].state != .stopped else { continue }
      if tasks[task].state == .blocked, let call = tasks[task].call {
        // The sleeper is woken to stop; what its call makes of that shows when it goes on.
        calls[call].context.isInterrupted = true
        stopWaiting(task)
        tasks[task].sleepNumber &+= 1
      }
      if tasks[task].state == .settling { settling.removeAll { $0 == task } }
      tasks[task].state = .stopped
    }
    tellParent(of: process, code: SignalInfo.stopped, status: signal)
  }

  /// SIGCONT lets a stopped process go on, whatever it does with the signal itself.
  mutating func resumeStopped(_ process: ID<Process>) {
    guard case .stopped = processes[process].status else { return }
    processes[process].status = .running
    processes[process].unreportedStop = nil
    processes[process].unreportedContinue = true
    var next = processes[process].firstThread
    while let task = next {
      next = tasks[task].nextThread
      guard tasks[task].state == .stopped else { continue }
      tasks[task].state = .runnable
      tasks[task].needsAttention = true
      enqueue(task)
    }
    processes[process].hasUntoldContinue = true
  }

  /// The first thread that runs after SIGCONT tells the parent. Linux: get_signal(), SIGNAL_CLD_MASK.
  mutating func tellContinue(of process: ID<Process>) {
    processes[process].hasUntoldContinue = false
    tellParent(of: process, code: SignalInfo.continued, status: Signal.cont)
  }

  /// SIGCHLD about a stop or continuation, unless SA_NOCLDSTOP. Linux: do_notify_parent_cldstop().
  private mutating func tellParent(of process: ID<Process>, code: Int32, status: Int32) {
    guard let parent = processes[process].parent, !isZombie(parent) else { return }
    let action = action(Signal.chld, of: parent)
    if action.handler != .ignore, action.flags & SignalAction.noChildStop == 0 {
      var info = SignalInfo(signal: Signal.chld, code: code, pid: processes[process].pid)
      info.uid = uid(of: process)
      info.status = status
      send(info, to: parent)
    }
    processes[parent].lastToldGroup = processes[process].group
    wakeAll(processes[parent].childChanged)
  }
}
