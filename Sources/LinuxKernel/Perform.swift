/// How a task goes on after a call was performed. A plain byte, since every call returns one.
public enum Outcome: UInt8, Sendable {
  /// The call has answered: `reply` and `output`.
  case reply
  /// It waits, and owns its call; `resume` performs it again when the scheduler picks the task.
  case blocked
  /// A handler is to be run first, which `handlerFrame(of:)` tells; then `handlerReturned`.
  case handler
  /// A task that was never resumed: its function is to be started.
  case start
  /// The task is no more.
  case ended
  /// The call would have to wait, and the caller has said that it cannot (`canSleep`). Nothing has changed.
  case cannotSleep
}

extension Kernel {
  /// The answer of the call performed last, valid until the next one.
  public var answer: Reply { reply }
  // One by one: to load the whole at once stalls on the narrow stores just made (a fifth of the cheapest call's time).
  @inlinable @inline(__always) public func answerWord(_ index: Int) -> Int64 { reply.words[index] }
  @inlinable @inline(__always) public var answerErrno: Int32 { reply.errno }
  @inlinable @inline(__always) public var answerHasBytes: Bool { reply.hasBytes }
  @inlinable @inline(__always) public var answerHasExtra: Bool { reply.extraResult }
  public var answerBytes: ByteView { output.view }

  /// Performs a call for the running task.
  ///
  /// - Parameters:
  ///   - index: position of the call in `Syscall.all`.
  ///   - arguments: one for each of the call's parameters, valid until this returns.
  @inline(__always)
  public mutating func perform(_ index: Int, _ arguments: Arguments, for me: TaskID) -> Outcome {
    callCount += 1
    if policy != .fifo, canSleep, isPreempted(me) {
      tasks[me].call = calls.insert(Call(index: index, count: parameterCount(index), arguments: arguments, context: CallContext()))
      enqueue(me)
      return .blocked
    }
    output.clear()
    current = CallContext()
    reply.clear()
    switch performers[index]._withUnsafeGuaranteedRef({ $0.perform(&self, me, arguments) }) {
    case nil: reply.errno = 0
    case .errno(let errno): reply.errno = errno.code
    case .ended: return .ended
    case .yield:
      return giveWay(me) { kernel in kernel.calls.insert(Call(index: index, count: kernel.parameterCount(index), arguments: arguments, context: kernel.current)) }
    case .wait(let wait):
      return sleep(wait, me) { kernel in kernel.calls.insert(Call(index: index, count: kernel.parameterCount(index), arguments: arguments, context: kernel.current)) }
    }
    return tasks[me].needsAttention ? replyThroughSignals(me) : .reply
  }

  @inline(__always) func parameterCount(_ index: Int) -> Int {
    performers[index]._withUnsafeGuaranteedRef { $0.parameterCount }
  }

  /// Lets the task that `schedule` picked go on from where it was.
  public mutating func resume(_ me: TaskID) -> Outcome {
    // A task that was killed does nothing more, though what it waited for may have come about too.
    if processes[tasks[me].process].groupExitStatus != nil { return attend(me) }
    if tasks[me].call != nil { return performAgain(me) }
    if tasks[me].needsAttention { return attend(me) }
    return .start
  }

  /// Performs the task's own call again, after it was woken.
  mutating func performAgain(_ me: TaskID) -> Outcome {
    let id = tasks[me].call!
    let call = calls[id]
    output.clear()
    current = call.context
    // A call taken from a preempted task is here for the first time.
    current.isRetry = call.context.hasSlept
    reply.clear()
    let stop = call.withArguments { arguments in
      performers[call.index]._withUnsafeGuaranteedRef { $0.perform(&self, me, arguments) }
    }
    switch stop {
    case nil: reply.errno = 0
    case .errno(let errno): reply.errno = errno.code
    case .ended: return .ended
    case .yield:
      calls[id].context = current
      return giveWay(me) { _ in id }
    case .wait(let wait):
      calls[id].context = current
      return sleep(wait, me) { _ in id }
    }
    removeCall(id)
    tasks[me].call = nil
    return tasks[me].needsAttention ? replyThroughSignals(me) : .reply
  }

  /// Puts the task to sleep, or has a signal that is already there cut the call short.
  private mutating func sleep(_ wait: Wait, _ me: TaskID, _ call: (inout Kernel) -> ID<Call>) -> Outcome {
    current.interruption = wait.interruption
    let isInterrupted = current.isInterrupted || tasks[me].needsAttention && !deliverable(me).isEmpty
    if isInterrupted, wait.interruption != .killable || isDying(me) {
      removeWaiters(of: me)
      if current.progress > 0 {
        let progress = current.progress
        if tasks[me].call != nil { removeCall(call(&self)) }
        tasks[me].call = nil
        reply.errno = 0
        reply.words[0] = Int64(progress)
        return replyThroughSignals(me)
      }
      let id = call(&self)
      calls[id].context.hasSlept = true
      dropHeldFile(id)
      tasks[me].call = nil
      if isWatched { observe(.interrupted(tid: tasks[me].tid, wait.interruption)) }
      tasks[me].signals.returns.append(.interrupted(id))
      return attend(me)
    }
    guard canSleep else {
      removeWaiters(of: me)
      restoreSavedMask(me)
      guard current.progress > 0 else { return .cannotSleep }
      // What a transfer has already moved cannot be taken back: it is the answer, as when a signal cuts it short.
      reply.errno = 0
      reply.words[0] = Int64(current.progress)
      return .reply
    }
    if let queue = wait.queue { addWaiter(me, to: queue, exclusive: wait.exclusive, at: wait.place) }
    if wait.deadline != .max { setTimer(at: wait.deadline, .wake(me, sleep: tasks[me].sleepNumber)) }
    let id = call(&self)
    calls[id].context.hasSlept = true
    holdFile(id, me)
    tasks[me].call = id
    tasks[me].state = .blocked
    return .blocked
  }

  /// Lets everybody else go first who can; the call is performed again after them.
  private mutating func giveWay(_ me: TaskID, _ call: (inout Kernel) -> ID<Call>) -> Outcome {
    guard canSleep else {
      // Who cannot be suspended stays where it is: to give way promises nothing.
      reply.errno = 0
      reply.words[0] = 0
      return .reply
    }
    let id = call(&self)
    calls[id].context.hasSlept = true
    tasks[me].call = id
    enqueue(me)
    return .blocked
  }

  /// A sleeping call keeps its open file, as fdget() does where a table is shared. Linux: fs/file.c.
  @inline(__always) private mutating func holdFile(_ id: ID<Call>, _ me: TaskID) {
    guard calls[id].context.held == nil, let number = calls[id].descriptor,
      let file = fileTables[tasks[me].files].file(number)
    else { return }
    files[file].references += 1
    calls[id].context.held = (number, file)
  }

  /// A call that a signal has cut short starts anew, and looks its descriptor up again.
  private mutating func dropHeldFile(_ id: ID<Call>) {
    guard let held = calls[id].context.held else { return }
    calls[id].context.held = nil
    release(held.file)
  }

  /// A call is over, or its task is.
  mutating func removeCall(_ id: ID<Call>) {
    if let held = calls.remove(id).context.held { release(held.file) }
  }

  private func isDying(_ me: TaskID) -> Bool {
    processes[tasks[me].process].groupExitStatus != nil || deliverable(me).contains(signal: Signal.kill)
  }

  /// Keeps the answer while signals are delivered.
  private mutating func replyThroughSignals(_ me: TaskID) -> Outcome {
    if tasks[me].state == .dead { return .ended }
    if deliverable(me).isEmpty, tasks[me].signals.savedMask == nil, processes[tasks[me].process].groupExitStatus == nil {
      recalculateAttention(me)
      return .reply
    }
    if isWatched { observe(.answered(tid: tasks[me].tid, reply, output.view.array)) }
    tasks[me].signals.returns.append(.reply(reply, output.view.array))
    return attend(me)
  }
}
