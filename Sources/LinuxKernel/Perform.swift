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
    case .errno(let errno):
      reply.errno = errno.code
      return tasks[me].needsAttention ? replyThroughSignals(me) : .reply
    case .ended: return .ended
    case .replaced: return .replaced
    case .yield:
      return giveWay(me) { kernel in kernel.keep(index, arguments, nil) }
    case .wait(let wait):
      if sleepAtOnce(wait, index, arguments, me) { return .blocked }
      let takesDescriptor = performers[index]._withUnsafeGuaranteedRef { $0.takesDescriptor }
      let number = takesDescriptor ? Int32(truncatingIfNeeded: arguments[0].word) : nil
      let spare = tasks[me].spareCall
      return sleep(wait, me, number) { kernel in kernel.keep(index, arguments, spare) }
    }
  }

  /// What most waits come to: no signal has come, no time is set, nobody else sleeps on the queue, and the place of an
  /// earlier call is free. False for all others, and nothing has changed.
  @inline(__always)
  private mutating func sleepAtOnce(_ wait: Wait, _ index: Int, _ arguments: Arguments, _ me: TaskID) -> Bool {
    guard canSleep, wait.deadline == .max else { return false }
    if let queue = wait.queue, !waitQueues[queue].letSleep(me, isExclusive: wait.exclusive) { return false }
    guard let (call, table) = tasks[me].fallAsleepAtOnce(aloneOn: wait.queue) else {
      if let queue = wait.queue { _ = waitQueues[queue].takeSleeper() }
      return false
    }
    let (count, takesDescriptor) = performers[index]._withUnsafeGuaranteedRef {
      ($0.parameterCount, $0.takesDescriptor)
    }
    var context = current
    context.fallAsleep(wait)
    if takesDescriptor { holdFile(Int32(truncatingIfNeeded: arguments[0].word), in: table, &context) }
    calls[call].renew(index: index, count: count, context: context, arguments)
    return true
  }

  /// The call as data, with what the kernel knows of this performance; in the place of `spare`, if there is one.
  @inline(__always) private mutating func keep(_ index: Int, _ arguments: Arguments, _ spare: ID<Call>?) -> ID<Call> {
    let count = parameterCount(index), context = current
    guard let spare else { return keepNew(index, arguments) }
    calls[spare].renew(index: index, count: count, context: context, arguments)
    return spare
  }

  @inline(never) private mutating func keepNew(_ index: Int, _ arguments: Arguments) -> ID<Call> {
    var call = Call(index: index, count: parameterCount(index), context: current)
    call.keep(arguments)
    return calls.insert(call)
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
        case .answers(let call, let answer, let isPlaceKept):
          self.answer(call, answer, isPlaceKept)
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
  @inline(__always) private mutating func answer(_ id: ID<Call>, _ answer: Awaited, _ isPlaceKept: Bool) {
    output.clear()
    reply.clear()
    reply.errno = 0
    switch answer {
    case .outcome(let errno): if let errno { reply.errno = errno.code } else { reply.words[0] = 0 }
    case .handed(let number, let isPOSIX):
      tellHanded(number, isPOSIX: isPOSIX)
      if isPOSIX, let held = calls[id].context.referredFile { release(held) }
    case .nothing, .semaphores, .message: preconditionFailure("a call that nobody has completed")
    }
    if !isPlaceKept { calls.discard(id) }
  }

  /// The same, with what else is to be looked at on the way back.
  @inline(never) private mutating func answer(_ id: ID<Call>, _ answer: Awaited, for me: TaskID) -> Outcome {
    let (isPlaceKept, needsAttention) = tasks[me].callEnded(id)
    self.answer(id, answer, isPlaceKept)
    return needsAttention ? replyThroughSignals(me) : .reply
  }

  /// A call that waits again stays where it is.
  @inline(__always) private mutating func keep(_ id: ID<Call>) -> ID<Call> {
    calls[id].context = current
    return id
  }

  /// Puts the task to sleep, or has a signal that is already there cut the call short. `descriptor`: what the call's
  /// first argument is, if it is one. `call` keeps the call as data.
  @inline(__always)
  private mutating func sleep(_ wait: Wait, _ me: TaskID, _ descriptor: Int32?, _ call: (inout Kernel) -> ID<Call>)
    -> Outcome
  {
    current.interruption = wait.interruption
    let (needsAttention, head, table) = (tasks[me].needsAttention, tasks[me].firstWaiter, tasks[me].files)
    if current.isInterrupted || needsAttention, isCutShort(wait, me) {
      stopWaiting(me)
      if current.progress > 0 { return answerProgress(me) }
      current.hasSlept = true
      let held = current.referredFile
      current.letGo()
      let id = call(&self)
      if tasks[me].spareCall == id { tasks[me].spareCall = nil }
      return interrupted(id, wait, held, me)
    }
    guard canSleep else { return cannotSleep(me) }
    var isAlone = false
    if let queue = wait.queue {
      isAlone = head == nil && waitQueues[queue].letSleep(me, isExclusive: wait.exclusive)
      if !isAlone { standInLine(me, queue, wait) }
    }
    if wait.deadline != .max { setTimer(at: wait.deadline, .wake(me, sleep: tasks[me].sleepNumber)) }
    current.hasSlept = true
    if let descriptor, !current.holdsFile {
      var context = current
      holdFile(descriptor, in: table, &context)
      current = context
    }
    let id = call(&self)
    tasks[me].fallAsleep(in: id, aloneOn: isAlone ? wait.queue : nil)
    return .blocked
  }

  /// Puts the task on a queue where it is not the only one.
  @inline(never) private mutating func standInLine(_ me: TaskID, _ queue: ID<WaitQueue>, _ wait: Wait) {
    addWaiter(me, to: queue, exclusive: wait.exclusive, at: wait.place)
  }

  /// Whether a signal that has come before the task sleeps keeps it from that.
  @inline(never) private mutating func isCutShort(_ wait: Wait, _ me: TaskID) -> Bool {
    if isDying(me) { return true }
    return wait.interruption != .killable && (current.isInterrupted || !deliverable(me).isEmpty)
  }

  /// A transfer that was cut short answers what it has moved.
  @inline(never) private mutating func answerProgress(_ me: TaskID) -> Outcome {
    let progress = current.progress
    if let call = tasks[me].call { removeCall(call) }
    tasks[me].call = nil
    reply.errno = 0
    reply.words[0] = Int64(progress)
    return replyThroughSignals(me)
  }

  /// A call that a signal has cut short starts anew, and looks its descriptor up again.
  @inline(never) private mutating func interrupted(_ id: ID<Call>, _ wait: Wait, _ held: ID<OpenFile>?, _ me: TaskID)
    -> Outcome
  {
    if let held { release(held) }
    tasks[me].call = nil
    if isWatched { observe(.interrupted(tid: tasks[me].tid, wait.interruption)) }
    tasks[me].signals.returns.append(.interrupted(id))
    return attend(me)
  }

  @inline(never) private mutating func cannotSleep(_ me: TaskID) -> Outcome {
    stopWaiting(me)
    freePollTable()
    restoreSavedMask(me)
    guard current.progress > 0 else { return .cannotSleep }
    // What a transfer has already moved cannot be taken back: it is the answer, as when a signal cuts it short.
    reply.errno = 0
    reply.words[0] = Int64(current.progress)
    return .reply
  }

  /// Lets everybody else go first who can; the call is performed again after them.
  private mutating func giveWay(_ me: TaskID, _ call: (inout Kernel) -> ID<Call>) -> Outcome {
    guard canSleep else {
      // Who cannot be suspended stays where it is: to give way promises nothing.
      reply.errno = 0
      reply.words[0] = 0
      return .reply
    }
    current.hasSlept = true
    tasks[me].call = call(&self)
    enqueue(me)
    return .blocked
  }

  /// A sleeping call keeps its open file. Where nobody else has the descriptor table, nobody can close the file
  /// meanwhile, and it need not count. Linux: fs/file.c, __fget_light().
  @inline(__always)
  private mutating func holdFile(_ number: Int32, in table: ID<FileTable>, _ context: inout CallContext) {
    guard let file = context.foundFile ?? fileTables[table].file(number) else { return }
    let isShared = !context.isTableOwn && fileTables[table].references > 1
    if isShared { files[file].references += 1 }
    context.hold(file, as: number, isReferred: isShared)
  }

  /// A call is over, or its task is.
  mutating func removeCall(_ id: ID<Call>) {
    let held = calls[id].context.referredFile, table = calls[id].context.pollTable
    calls.discard(id)
    if let table { free(table) }
    if let held { release(held) }
  }

  private func isDying(_ me: TaskID) -> Bool {
    processes[tasks[me].process].groupExitStatus != nil || deliverable(me).contains(signal: Signal.kill)
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
