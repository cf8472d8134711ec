// How a task falls asleep in a call, which is kept as data meanwhile; and what keeps it from that.

extension Kernel {
  /// What most waits come to: no signal has come, no time is set, nobody else sleeps on the queue, and the place of an
  /// earlier call is free. False for all others, and nothing has changed.
  @inline(__always)
  mutating func sleepAtOnce(_ wait: Wait, _ index: Int, _ arguments: Arguments, _ me: TaskID) -> Bool {
    guard canSleep, wait.deadline == .max else { return false }
    let call: ID<Call>, table: ID<FileTable>
    if let awaited = wait.awaited {
      guard let place = tasks[me].fallAsleepAtOnce(awaited) else { return false }
      (call, table) = place
    } else {
      if let queue = wait.queue, !waitQueues[queue].letSleep(me, isExclusive: wait.exclusive) { return false }
      guard let place = tasks[me].fallAsleepAtOnce(aloneOn: wait.queue) else {
        if let queue = wait.queue { _ = waitQueues[queue].takeSleeper() }
        return false
      }
      (call, table) = place
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
  @inline(__always) mutating func keep(_ index: Int, _ arguments: Arguments, _ spare: ID<Call>?) -> ID<Call> {
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

  /// A call that waits again stays where it is.
  @inline(__always) mutating func keep(_ id: ID<Call>) -> ID<Call> {
    calls[id].context = current
    return id
  }

  /// Puts the task to sleep, or has a signal that is already there cut the call short. `descriptor`: what the call's
  /// first argument is, if it is one. `call` keeps the call as data.
  @inline(__always)
  mutating func sleep(_ wait: Wait, _ me: TaskID, _ descriptor: Int32?, _ call: (inout Kernel) -> ID<Call>)
    -> Outcome
  {
    current.interruption = wait.interruption
    if let awaited = wait.awaited { tasks[me].awaited = awaited }
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
  mutating func giveWay(_ me: TaskID, _ call: (inout Kernel) -> ID<Call>) -> Outcome {
    guard canSleep else {
      // Who cannot be suspended stays where it is: to give way promises nothing.
      reply.errno = 0
      reply.words[0] = 0
      return .reply
    }
    current.hasSlept = true
    tasks[me].call = call(&self)
    if case .pct = policy { dropPriority(me) }
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
}
