// Those who sleep on a message queue, and how they are handed what they wait for: by whoever brings it about, while they
// sleep. When such a task goes on, its call finds the outcome and has only to tell it.

/// A task that sleeps until a message comes, or until there is room for its own. Linux: struct msg_receiver, struct
/// msg_sender, struct ext_wait_queue.
struct QueueSleeper {
  enum Outcome: Sendable {
    /// Nothing yet. Who goes on all the same was interrupted, or its time is over.
    case none
    /// It has got its message, or its own is in the queue.
    case done
    case failed(Errno)
    /// It is to try again: there may be room, or its rights have changed.
    case retry
  }

  let task: TaskID
  let queue: ID<MessageQueue>
  let isSender: Bool
  fileprivate(set) var isInLine = true
  fileprivate var previous: ID<QueueSleeper>?
  fileprivate(set) var next: ID<QueueSleeper>?
  /// What a sender wants to send, or what a receiver was handed.
  var message: MessageNumber
  // What a receiver wants, and how long it may be.
  let selector: MessageSelector
  let room: Int
  fileprivate(set) var outcome = Outcome.none
}

/// Sleepers in the order in which they are served.
struct SleeperLine {
  fileprivate(set) var first: ID<QueueSleeper>?
  fileprivate(set) var last: ID<QueueSleeper>?
  @inline(__always) var isEmpty: Bool { first == nil }
}

extension Kernel {
  /// Whether the call may put its task on a queue. Not when the wait is to be cut short at once: `sleep` finds that out.
  func maySleep(_ me: TaskID) -> Bool {
    canSleep && !current.isInterrupted && (!tasks[me].needsAttention || deliverable(me).isEmpty)
  }

  /// Puts the task in line for a message.
  mutating func awaitMessage(_ queue: ID<MessageQueue>, _ selector: MessageSelector, room: Int, _ me: TaskID) {
    enterLine(QueueSleeper(task: me, queue: queue, isSender: false, message: .none, selector: selector, room: room))
  }

  /// Puts the task in line for room. The queue's sleeper owns the message from now on.
  mutating func awaitRoom(_ queue: ID<MessageQueue>, _ message: MessageNumber, _ me: TaskID) {
    enterLine(QueueSleeper(task: me, queue: queue, isSender: true, message: message, selector: .oldest, room: 0))
  }

  private mutating func enterLine(_ sleeper: QueueSleeper) {
    var ahead = line(sleeper).last
    if messageQueues[sleeper.queue].kind == .posix {
      // Behind those of its own or a better priority. Linux: wq_add().
      let niceness = tasks[sleeper.task].niceness
      while let other = ahead, tasks[queueSleepers[other].task].niceness > niceness { ahead = queueSleepers[other].previous }
    }
    let id = queueSleepers.insert(sleeper)
    tasks[sleeper.task].queueSleeper = id
    put(id, behind: ahead)
  }

  private func line(_ sleeper: QueueSleeper) -> SleeperLine {
    sleeper.isSender ? messageQueues[sleeper.queue].senders : messageQueues[sleeper.queue].receivers
  }

  private mutating func put(_ id: ID<QueueSleeper>, behind ahead: ID<QueueSleeper>?) {
    let sleeper = queueSleepers[id]
    var line = line(sleeper)
    let next: ID<QueueSleeper>?
    if let ahead { next = queueSleepers[ahead].next } else { next = line.first }
    queueSleepers[id].previous = ahead
    queueSleepers[id].next = next
    if let ahead { queueSleepers[ahead].next = id } else { line.first = id }
    if let next { queueSleepers[next].previous = id } else { line.last = id }
    setLine(line, of: sleeper)
  }

  private mutating func leaveLine(_ id: ID<QueueSleeper>) {
    let sleeper = queueSleepers[id]
    var line = line(sleeper)
    if let previous = sleeper.previous { queueSleepers[previous].next = sleeper.next } else { line.first = sleeper.next }
    if let next = sleeper.next { queueSleepers[next].previous = sleeper.previous } else { line.last = sleeper.previous }
    queueSleepers[id].previous = nil
    queueSleepers[id].next = nil
    setLine(line, of: sleeper)
  }

  private mutating func setLine(_ line: SleeperLine, of sleeper: QueueSleeper) {
    if sleeper.isSender { messageQueues[sleeper.queue].senders = line } else { messageQueues[sleeper.queue].receivers = line }
  }

  /// Moves a sender whose message does not fit behind all others, once for each time that room appears.
  mutating func moveToEnd(_ id: ID<QueueSleeper>) {
    leaveLine(id)
    put(id, behind: line(queueSleepers[id]).last)
  }

  /// Settles what becomes of a sleeper, and lets it go on.
  mutating func settle(_ id: ID<QueueSleeper>, _ outcome: QueueSleeper.Outcome, message: MessageNumber? = nil) {
    leaveLine(id)
    queueSleepers[id].isInLine = false
    queueSleepers[id].outcome = outcome
    if let message { queueSleepers[id].message = message }
    makeRunnable(queueSleepers[id].task)
  }

  /// Lets a sleeper look for itself, without taking its place from it: it gives that up when it goes on.
  mutating func rouse(_ id: ID<QueueSleeper>) {
    queueSleepers[id].outcome = .retry
    makeRunnable(queueSleepers[id].task)
  }

  /// What has become of the sleep that the task's call was in; nil when it was in none. The caller owns the message.
  @inline(__always) mutating func endSleep(_ me: TaskID) -> QueueSleeper? {
    guard let id = tasks[me].queueSleeper else { return nil }
    tasks[me].queueSleeper = nil
    if queueSleepers[id].isInLine { leaveLine(id) }
    return queueSleepers.remove(id)
  }

  /// The task sleeps no more, and nobody will ask what came of it.
  mutating func abandonSleep(_ me: TaskID) {
    guard let sleeper = endSleep(me), !sleeper.message.isNone else { return }
    messages.remove(sleeper.message)
  }

  /// The next sleepers in a line, by value: what is done to one may take it out of line.
  func sleepers(_ line: SleeperLine) -> [ID<QueueSleeper>] {
    var list: [ID<QueueSleeper>] = []
    var next = line.first
    while let id = next {
      list.append(id)
      next = queueSleepers[id].next
    }
    return list
  }

  /// Ends a queue, its messages and everybody's sleep on it.
  mutating func end(_ queue: ID<MessageQueue>) {
    for id in sleepers(messageQueues[queue].receivers) + sleepers(messageQueues[queue].senders) { settle(id, .failed(.EIDRM)) }
    var next = messageQueues[queue].first
    while !next.isNone {
      let number = next
      next = messages[number].next
      messages.remove(number)
    }
    messageQueues[queue].dismantle(&messages)
    messageQueues.remove(queue)
  }
}
