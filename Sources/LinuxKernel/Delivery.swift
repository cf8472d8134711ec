// How a task gets from the end of a call back to its script: signals are delivered on the way. Linux: get_signal(),
// handle_signal() in arch/x86/kernel/signal.c, and the restart rules around them.

extension Kernel {
  /// Looks at what has come for the task, and says how it goes on. What it would return to is on `signals.returns`.
  mutating func attend(_ me: TaskID) -> Outcome {
    while true {
      if processes[tasks[me].process].groupExitStatus != nil {
        endTask(me)
        return .ended
      }
      guard let info = takeSignal(me, in: SignalSet(rawValue: ~0).subtracting(tasks[me].signals.blocked)) else { break }
      if isWatched { observe(.signalled(tid: tasks[me].tid, info)) }
      let action = action(info.signal, of: me)
      let set = SignalSet(info.signal)
      switch action.handler {
      case .ignore: continue
      case .function(let function): push(function, action, info, for: me)
      case .standard:
        if Signal.ignoredByDefault.contains(set) { continue }
        let process = tasks[me].process
        if processes[process].signals.isUnkillable, !Signal.unmaskable.contains(set) { continue }
        if Signal.stops.contains(set) {
          if info.signal != Signal.stop, isOrphaned(processes[process].group) { continue }
          stop(process, by: info.signal)
          return .blocked
        }
        endProcess(process, status: info.signal)
        endTask(me)
        return .ended
      }
    }
    return conclude(me)
  }

  /// Sets up a handler to run before the task goes back. Linux: handle_signal().
  private mutating func push(_ function: Int64, _ action: SignalAction, _ info: SignalInfo, for me: TaskID) {
    if case .interrupted(let call)? = tasks[me].signals.returns.last {
      // The first handler decides what becomes of the call.
      let context = calls[call].context
      let restarts =
        context.isToRestart || context.interruption == .restart && action.flags & SignalAction.restart != 0
      if !restarts {
        tasks[me].signals.returns.removeLast()
        tasks[me].signals.returns.append(.reply(interruptedReply(call), output.view.array))
        removeCall(call)
      }
    }
    if action.flags & SignalAction.resetHandler != 0 {
      signalHandlers[handlers(of: me)].actions[Int(info.signal)].handler = .standard
    }
    let before = tasks[me].signals.savedMask ?? tasks[me].signals.blocked
    tasks[me].signals.savedMask = nil
    tasks[me].signals.returns.append(
      .handler(SignalFrame(function: function, info: info, maskAfterwards: before)))
    var blocked = tasks[me].signals.blocked.union(action.mask)
    if action.flags & SignalAction.noDefer == 0 { blocked.insert(SignalSet(info.signal)) }
    tasks[me].signals.blocked = blocked.subtracting(Signal.unmaskable)
  }

  /// What an interrupted call answers: EINTR, and what its body adds to that.
  private mutating func interruptedReply(_ call: ID<Call>) -> Reply {
    var reply = Reply()
    reply.errno = Errno.EINTR.code
    output.clear()
    if let remaining = calls[call].context.remaining {
      reply.extraResult = true
      output.append(remaining / 1_000_000_000)
      output.append(remaining % 1_000_000_000)
    }
    return reply
  }

  /// Goes back to the innermost thing: the newest handler, or the call.
  private mutating func conclude(_ me: TaskID) -> Outcome {
    guard let last = tasks[me].signals.returns.last else {
      restoreSavedMask(me)
      tasks[me].needsAttention = !deliverable(me).isEmpty
      return .start
    }
    if case .handler = last {} else if let outcome = unmask(last, me) { return outcome }
    switch last {
    case .handler(var frame):
      // A task that goes on in the middle of a handler (from ks.settle) does so where it was.
      if frame.hasStarted {
        recalculateAttention(me)
        return .start
      }
      frame.hasStarted = true
      tasks[me].signals.returns[tasks[me].signals.returns.count - 1] = .handler(frame)
      recalculateAttention(me)
      return .handler
    case .access:
      tasks[me].signals.returns.removeLast()
      restoreSavedMask(me)
      return .start
    case .reply(let saved, let bytes):
      tasks[me].signals.returns.removeLast()
      restoreSavedMask(me)
      reply = saved
      output.clear()
      output.append(bytes)
      return .reply
    case .interrupted(let call):
      tasks[me].signals.returns.removeLast()
      restoreSavedMask(me)
      if calls[call].context.interruption == .never {
        let answer = interruptedReply(call)
        removeCall(call)
        reply = answer
        return .reply
      }
      calls[call].context.isInterrupted = false
      calls[call].context.isToRestart = false
      tasks[me].call = call
      if isWatched { observe(.restarted(tid: tasks[me].tid)) }
      return performAgain(call, for: me)
    }
  }

  /// No handler runs with the mask of a call's own (ppoll, sigsuspend), so the other comes back, and signals that it
  /// lets through are next: what the call answers is decided by then. nil where there are none.
  /// Linux: arch_do_signal_or_restart(), exit_to_user_mode_loop().
  private mutating func unmask(_ last: Return, _ me: TaskID) -> Outcome? {
    guard tasks[me].signals.savedMask != nil else { return nil }
    restoreSavedMask(me)
    guard !deliverable(me).isEmpty else { return nil }
    if case .interrupted(let call) = last {
      if calls[call].context.interruption == .never {
        tasks[me].signals.returns.removeLast()
        tasks[me].signals.returns.append(.reply(interruptedReply(call), output.view.array))
        removeCall(call)
      } else {
        calls[call].context.isToRestart = true
      }
    }
    return attend(me)
  }

  mutating func restoreSavedMask(_ me: TaskID) {
    if let mask = tasks[me].signals.savedMask {
      tasks[me].signals.savedMask = nil
      tasks[me].signals.blocked = mask
    }
    recalculateAttention(me)
  }

  /// The handler that is to be run, after an outcome has said so.
  public func handlerFrame(of me: TaskID) -> SignalFrame {
    guard case .handler(let frame)? = tasks[me].signals.returns.last else {
      preconditionFailure("no handler is to be run")
    }
    return frame
  }

  /// The running handler has returned. Linux: sys_rt_sigreturn().
  public mutating func handlerReturned(_ me: TaskID) -> Outcome {
    guard case .handler(let frame)? = tasks[me].signals.returns.popLast() else {
      preconditionFailure("no handler runs")
    }
    tasks[me].signals.blocked = frame.maskAfterwards
    if isWatched {
      var below: Reply?
      if case .reply(let reply, _)? = tasks[me].signals.returns.last { below = reply }
      observe(.handlerReturned(tid: tasks[me].tid, below))
    }
    return attend(me)
  }
}
