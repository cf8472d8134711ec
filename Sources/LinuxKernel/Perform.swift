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
  /// The task runs another program, which `takeNewProgram` tells.
  case replaced
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
  /// Whether the answer is its first word and nothing else.
  @inlinable @inline(__always) public var answerIsNumber: Bool {
    reply.errno == 0 && !reply.hasBytes && output.count == 0
  }

  /// Performs a call for the running task.
  ///
  /// - Parameters:
  ///   - index: position of the call in `Syscall.all`.
  ///   - arguments: one for each of the call's parameters, valid until this returns.
  @inlinable @inline(__always)
  public mutating func perform(_ index: Int, _ arguments: Arguments, for me: TaskID) -> Outcome {
    callCount += 1
    if case .fifo = policy {} else if isPostponed(index, arguments, for: me) { return .blocked }
    output.clear()
    current = CallContext()
    reply.clear()
    guard let stop = performers[index]._withUnsafeGuaranteedRef({ $0.perform(&self, me, arguments) }) else {
      reply.errno = 0
      return tasks[me].needsAttention ? replyThroughSignals(me) : .reply
    }
    return stopped(stop, index, arguments, me)
  }

  /// Whether the policy lets others go first; then the call is kept for later.
  @inline(never) @usableFromInline
  mutating func isPostponed(_ index: Int, _ arguments: Arguments, for me: TaskID) -> Bool {
    guard canSleep, isPreempted(me) else { return false }
    postpone(index, arguments, for: me)
    return true
  }

  /// What follows when a call that was performed for the first time did not answer.
  @inline(never) @usableFromInline
  mutating func stopped(_ stop: Stop, _ index: Int, _ arguments: Arguments, _ me: TaskID)
    -> Outcome
  {
    switch stop {
    case .wait(let wait): if sleepAtOnce(wait, index, arguments, me) { return .blocked }
    case .errno(let errno):
      reply.errno = errno.code
      return tasks[me].needsAttention ? replyThroughSignals(me) : .reply
    case .ended, .replaced, .yield: break
    }
    return stoppedInSteps(stop, index, arguments, me)
  }

  @inline(never) private mutating func stoppedInSteps(_ stop: Stop, _ index: Int, _ arguments: Arguments, _ me: TaskID)
    -> Outcome
  {
    switch stop {
    case .errno: preconditionFailure("an error is an answer")
    case .ended: return .ended
    case .replaced: return .replaced
    case .yield: return giveWay(me) { kernel in kernel.keep(index, arguments, nil) }
    case .wait(let wait):
      let takesDescriptor = performers[index]._withUnsafeGuaranteedRef { $0.takesDescriptor }
      let number = takesDescriptor ? Int32(truncatingIfNeeded: arguments[0].word) : nil
      let spare = tasks[me].spareCall
      return sleep(wait, me, number) { kernel in kernel.keep(index, arguments, spare) }
    }
  }

  @inline(__always) func parameterCount(_ index: Int) -> Int {
    performers[index]._withUnsafeGuaranteedRef { $0.parameterCount }
  }

  /// Lets the task that `schedule` picked go on from where it was.
  public mutating func resume(_ me: TaskID) -> Outcome {
    if let call = tasks[me].callToPerform { return performAgain(call, for: me) }
    return resumeWithAttention(me)
  }

  @inline(never) private mutating func resumeWithAttention(_ me: TaskID) -> Outcome {
    if processes[tasks[me].process].hasUntoldContinue { tellContinue(of: tasks[me].process) }
    // Who was killed looks once more for what it waited for, and takes it along: ___wait_event() asks for signals after
    // that.
    if let call = tasks[me].call { return performAgain(call, for: me) }
    if tasks[me].needsAttention { return attend(me) }
    return .start
  }

  /// `schedule` and `resume` in one, for the driver whose tasks resume each other: the task that goes on, and how.
  public mutating func scheduleAndResume() -> (task: TaskID, outcome: Outcome)? {
    if policy == .fifo, !runQueue.isEmpty {
      let task = runQueue.removeFirst()
      if tasks.contains(task) {
        switch tasks[task].leaveQueueForCall() {
        case .performs(let call): return (task, goOn(with: call, for: task))
        case .reads(let call, let isPlaceKept):
          if readArrived(call) {
            if !isPlaceKept { calls.discard(call) }
            return (task, .reply)
          }
          tasks[task].callGoesOn(call, wasPlaceKept: isPlaceKept)
          return (task, goOn(with: call, for: task))
        case .answers(let call, let answer, let isPlaceKept):
          if case .outcome(let errno) = answer {
            output.clear()
            reply.clear()
            tellOutcome(errno)
            if !isPlaceKept { calls.discard(call) }
          } else {
            self.answer(call, answer, isPlaceKept)
          }
          return (task, .reply)
        case .other: if tasks[task].leaveQueue() { return (task, resume(task)) }
        }
      }
    }
    guard let task = schedule() else { return nil }
    return (task, resume(task))
  }

  /// Performs the task's own call again, after it was woken.
  @inline(never) mutating func performAgain(_ id: ID<Call>, for me: TaskID) -> Outcome {
    if let answer = tasks[me].takeAnswer() { return self.answer(id, answer, for: me) }
    return goOn(with: id, for: me)
  }

  /// Answers a read with the bytes that it waited for, if there is nothing else to it. False where there is, and
  /// nothing has changed.
  @inline(__always) private mutating func readArrived(_ id: ID<Call>) -> Bool {
    output.clear()
    let awaited = calls[id].context.awaitedBytes
    guard awaited.referredFile == nil, let (pipe, limit) = awaited.wanted,
      let count = pipes[pipe].takeAll(limit, output, &sparePage)
    else { return false }
    reply.clear()
    reply.errno = 0
    reply.words[0] = Int64(count)
    reply.hasBytes = true
    return true
  }

  @inline(never) private mutating func goOn(with id: ID<Call>, for me: TaskID) -> Outcome {
    output.clear()
    reply.clear()
    let awaited = calls[id].context.awaitedBytes
    if let (pipe, count) = awaited.wanted, readAwaited(pipe, count) {
      if let held = awaited.referredFile { release(held) }
      return answered(id, me)
    }
    return performWhole(id, for: me)
  }

  @inline(never) private mutating func performWhole(_ id: ID<Call>, for me: TaskID) -> Outcome {
    let stop = performBody(of: id, for: me)
    switch stop {
    case nil: reply.errno = 0
    case .errno(let errno): reply.errno = errno.code
    case .ended: return .ended
    case .replaced: return .replaced
    case .yield: return giveWay(me) { kernel in kernel.keep(id) }
    case .wait(let wait):
      let takesDescriptor = performers[calls[id].index]._withUnsafeGuaranteedRef { $0.takesDescriptor }
      let number = takesDescriptor ? calls[id].firstNumber : nil
      return sleep(wait, me, number) { kernel in kernel.keep(id) }
    }
    if let held = current.referredFile { release(held) }
    return answered(id, me)
  }

  /// The reply to a call that has slept is made.
  @inline(__always) private mutating func answered(_ id: ID<Call>, _ me: TaskID) -> Outcome {
    // A handler's call may have ended, and left its place, before the one that it interrupted.
    let (isPlaceKept, needsAttention) = tasks[me].callEnded(id)
    if !isPlaceKept { calls.discard(id) }
    return needsAttention ? replyThroughSignals(me) : .reply
  }

  /// Answers a call that others have completed while its task slept: nothing of it is to be performed any more.
  /// `isPlaceKept`: its place is kept for the next one.
  @inline(never) private mutating func answer(_ id: ID<Call>, _ answer: Awaited, _ isPlaceKept: Bool) {
    output.clear()
    reply.clear()
    switch answer {
    case .outcome(let errno): tellOutcome(errno)
    case .handed(let number, let isPOSIX):
      tellHanded(number, isPOSIX: isPOSIX)
      if isPOSIX, let held = calls[id].context.referredFile { release(held) }
    case .nothing, .semaphores, .soleOperation, .message, .soleReceiver, .bytes, .arrived:
      preconditionFailure("a call that nobody has completed")
    }
    if !isPlaceKept { calls.discard(id) }
  }

  @inline(__always) private mutating func tellOutcome(_ errno: Errno?) {
    reply.errno = errno?.code ?? 0
    if errno == nil { reply.words[0] = 0 }
  }

  /// The same, with what else is to be looked at on the way back.
  @inline(never) private mutating func answer(_ id: ID<Call>, _ answer: Awaited, for me: TaskID) -> Outcome {
    let (isPlaceKept, needsAttention) = tasks[me].callEnded(id)
    self.answer(id, answer, isPlaceKept)
    return needsAttention ? replyThroughSignals(me) : .reply
  }

  /// Keeps the answer while signals are delivered.
  @usableFromInline mutating func replyThroughSignals(_ me: TaskID) -> Outcome {
    if tasks[me].state == .dead { return .ended }
    if deliverable(me).isEmpty, tasks[me].signals.savedMask == nil, processes[tasks[me].process].groupExitStatus == nil
    {
      recalculateAttention(me)
      return .reply
    }
    if isWatched { observe(.answered(tid: tasks[me].tid, reply, output.view.array)) }
    tasks[me].signals.returns.append(.reply(reply, output.view.array))
    return attend(me)
  }
}
