// What a task says of itself when it falls asleep, is woken and goes on.

/// What others see to while a task sleeps. When they have completed its call, the call is answered without being
/// performed again.
enum Awaited {
  case nothing
  /// Its operations on semaphores are pending.
  case semaphores(ID<PendingOperation>)
  /// The same, where no others are pending on their set.
  case soleOperation(ID<SemaphoreSet>)
  /// It stands in line at a message queue, or is to look there again.
  case message(ID<QueueSleeper>)
  /// It is the only one who waits for a message there.
  case soleReceiver(ID<MessageQueue>)
  /// It is the only one who waits for bytes of this pipe.
  case bytes(ID<Pipe>)
  /// The pipe has got bytes since: its call is most likely to be complete with them.
  case arrived
  /// Its call is complete: it answers 0, or fails.
  case outcome(Errno?)
  /// It was handed a message, which it owns from then on; `isPOSIX` says which kind of queue that came from.
  case handed(MessageNumber, isPOSIX: Bool)
}

/// How a task goes on whose turn it is.
enum Turn {
  /// There is more to be looked at.
  case other
  /// It performs its call again.
  case performs(ID<Call>)
  /// The same, but the call is over if the bytes that it waited for can be its answer, and counts as that already.
  case reads(ID<Call>, isPlaceKept: Bool)
  /// Its call was completed while it slept: with `outcome` or `handed`. `isPlaceKept`: as `callEnded` says.
  case answers(ID<Call>, Awaited, isPlaceKept: Bool)
}

extension Kernel.Task {
  /// It stands at a message queue.
  @inline(__always) var isAtQueue: Bool {
    switch awaited {
    case .message, .soleReceiver: true
    case .nothing, .semaphores, .soleOperation, .bytes, .arrived, .outcome, .handed: false
    }
  }

  /// Somebody has completed the call that it sleeps in, or slept in before it was woken for something else.
  @inline(__always) var isAnswered: Bool {
    switch awaited {
    case .outcome, .handed: true
    case .nothing, .semaphores, .soleOperation, .message, .soleReceiver, .bytes, .arrived: false
    }
  }

  /// The answer that others have given its call, if they have: it is told once.
  @inline(__always) mutating func takeAnswer() -> Awaited? {
    guard isAnswered else { return nil }
    defer { awaited = .nothing }
    return awaited
  }
}

// What changes together changes in one access: each pays for the check that no snapshot shares the task's page.
extension Kernel.Task {
  /// Falls asleep in a call that takes the spare place, which this returns, and the descriptor table. nil where more is
  /// to be looked at, and nothing has changed.
  @inline(__always)
  mutating func fallAsleepAtOnce(aloneOn queue: ID<WaitQueue>?) -> (call: ID<Call>, files: ID<FileTable>)? {
    guard !needsAttention, firstWaiter == nil, let place = spareCall else { return nil }
    call = place
    spareCall = nil
    sleepsAloneOn = queue
    state = .blocked
    return (place, files)
  }

  /// The same, where the task stands alone at an object that will complete its call.
  @inline(__always)
  mutating func fallAsleepAtOnce(_ awaited: Awaited) -> (call: ID<Call>, files: ID<FileTable>)? {
    guard !needsAttention, let place = spareCall else { return nil }
    call = place
    spareCall = nil
    self.awaited = awaited
    state = .blocked
    return (place, files)
  }

  @inline(__always) mutating func fallAsleep(in call: ID<Call>, aloneOn queue: ID<WaitQueue>?) {
    self.call = call
    sleepsAloneOn = queue
    if spareCall == call { spareCall = nil }
    state = .blocked
  }

  /// Ends a sleep. Tells what stands on wait queues for it, and whether it is to be put into the run queue.
  @inline(__always) mutating func wakeUp() -> (waiter: ID<Waiter>?, queue: ID<WaitQueue>?, entersQueue: Bool) {
    let waiter = firstWaiter, queue = sleepsAloneOn
    firstWaiter = nil
    return (waiter, queue, wakeFromAlone())
  }

  /// Ends a sleep on a queue that has let go of the task already. Tells whether it is to be put into the run queue.
  @inline(__always) mutating func wakeFromAlone() -> Bool {
    let entersQueue = !isQueued
    sleepsAloneOn = nil
    sleepNumber &+= 1
    state = .runnable
    isQueued = true
    return entersQueue
  }

  /// Ends a sleep that only its queue of messages or semaphores knows of, since its call is complete. nil where it was
  /// woken before, or stands on wait queues too. Tells the number of its process, and whether it is to be put into the
  /// run queue.
  @inline(__always) mutating func wakeUp(with answer: Awaited) -> (pid: Int32, entersQueue: Bool)? {
    awaited = answer
    guard state == .blocked, firstWaiter == nil, sleepsAloneOn == nil else { return nil }
    let entersQueue = !isQueued
    sleepNumber &+= 1
    state = .runnable
    isQueued = true
    return (processNumber, entersQueue)
  }

  /// Ends the sleep of one that stood alone, since its call is complete or there is what it waits for. nil where it was
  /// woken before. Tells whether it is to be put into the run queue.
  @inline(__always) mutating func wakeUpAlone(with answer: Awaited) -> Bool? {
    awaited = answer
    guard state == .blocked else { return nil }
    let entersQueue = !isQueued
    sleepNumber &+= 1
    state = .runnable
    isQueued = true
    return entersQueue
  }

  /// The call that it is to perform again, if nothing else is to be looked at first.
  @inline(__always) var callToPerform: ID<Call>? { needsAttention ? nil : call }

  /// Waits no more as the only one for bytes of a pipe; returns the pipe if it did.
  @inline(__always) mutating func forgetBytes() -> ID<Pipe>? {
    guard case .bytes(let pipe) = awaited else { return nil }
    awaited = .nothing
    return pipe
  }

  /// It was taken from the run queue. Tells whether it can go on.
  @inline(__always) mutating func leaveQueue() -> Bool {
    isQueued = false
    return state == .runnable
  }

  /// The same, where it can go on and has nothing to do but to end its call or to perform it again; `other` leaves it
  /// where it is.
  @inline(__always) mutating func leaveQueueForCall() -> Turn {
    guard state == .runnable, let call = callToPerform else { return .other }
    isQueued = false
    switch awaited {
    case .outcome, .handed:
      let answer = awaited
      awaited = .nothing
      return .answers(call, answer, isPlaceKept: callEnded(call).isPlaceKept)
    case .arrived:
      awaited = .nothing
      return .reads(call, isPlaceKept: callEnded(call).isPlaceKept)
    case .nothing, .semaphores, .soleOperation, .message, .soleReceiver, .bytes: return .performs(call)
    }
  }

  /// The call is not over after all.
  mutating func callGoesOn(_ id: ID<Call>, wasPlaceKept: Bool) {
    call = id
    if wasPlaceKept { spareCall = nil }
  }

  /// Its call has answered. Tells whether the call's place is kept for the next one, and `needsAttention`.
  @inline(__always) mutating func callEnded(_ id: ID<Call>) -> (isPlaceKept: Bool, needsAttention: Bool) {
    call = nil
    guard spareCall == nil else { return (false, needsAttention) }
    spareCall = id
    return (true, needsAttention)
  }
}
