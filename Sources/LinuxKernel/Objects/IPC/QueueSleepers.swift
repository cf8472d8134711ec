// Those who sleep on a message queue, and how they are handed what they wait for: by whoever brings it about, while
// they sleep. Most receivers only want the bytes: their call is complete then (`Awaited.handed`). When any other
// sleeper goes on, its call finds the outcome here and has only to tell it.

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
  @Packed fileprivate var previous: ID<QueueSleeper>?
  @Packed fileprivate(set) var next: ID<QueueSleeper>?
  /// What a sender wants to send, or what a receiver was handed.
  var message: MessageNumber
  // What a receiver wants, and how long it may be.
  let selector: MessageSelector
  let room: Int
  /// How long a message may be that a receiver is to have as its call's answer, whole; -1 where it goes to memory.
  let answerLimit: Int
  fileprivate(set) var outcome = Outcome.none

  // What is asked of it together, in one access.
  @inline(__always) fileprivate var place: Place {
    Place(queue: queue, isSender: isSender, previous: previous, next: next)
  }
  @inline(__always) fileprivate var end: (end: EndedSleep, isInLine: Bool) {
    (EndedSleep(outcome: outcome, message: message), isInLine)
  }

  /// What a message of a type and a length is to a receiver, and who stands behind it.
  @inline(__always) func offer(_ type: Int64, _ length: Int) -> (isWanted: Bool, fits: Bool, next: ID<QueueSleeper>?) {
    (selector.accepts(type), length <= room, next)
  }

  /// Whose call a message of a type and a length completes, and where that task stands; nil where more is to be done.
  @inline(__always) fileprivate func completed(by type: Int64, _ length: Int) -> (task: TaskID, place: Place)? {
    length <= answerLimit && selector.accepts(type) ? (task, place) : nil
  }

  fileprivate struct Place {
    let queue: ID<MessageQueue>
    let isSender: Bool
    let previous: ID<QueueSleeper>?
    let next: ID<QueueSleeper>?
  }

  @inline(__always) fileprivate mutating func stand(_ previous: ID<QueueSleeper>?, _ next: ID<QueueSleeper>?) {
    self.previous = previous
    self.next = next
  }

  /// It stands in line no more; returns whose sleep this ends, and where it stood.
  @inline(__always) fileprivate mutating func settle(_ outcome: Outcome, _ message: MessageNumber?) -> (TaskID, Place) {
    let place = self.place
    isInLine = false
    stand(nil, nil)
    self.outcome = outcome
    if let message { self.message = message }
    return (task, place)
  }
}

/// What has come of a sleep.
struct EndedSleep {
  let outcome: QueueSleeper.Outcome
  let message: MessageNumber
}

extension MessageQueue {
  /// A message was handed from one task to another, who stood at this place.
  @inline(__always) fileprivate mutating func passed(_ place: QueueSleeper.Place, sent: QueueUse, received: QueueUse) {
    (self.sent, self.received) = (sent, received)
    receivers.lost(place.previous, place.next)
  }

  @inline(__always) fileprivate mutating func lost(_ place: QueueSleeper.Place) {
    if place.isSender { senders.lost(place.previous, place.next) } else { receivers.lost(place.previous, place.next) }
  }
}

extension Kernel {
  /// Whether the call may put its task on a queue. Not when the wait is to be cut short at once: `sleep` finds that
  /// out.
  @inline(__always) func maySleep(_ me: TaskID) -> Bool {
    canSleep && !current.isInterrupted && (!tasks[me].needsAttention || deliverable(me).isEmpty)
  }

  /// Puts the task in line for a message, of which at most `answerLimit` bytes can be its answer.
  @inline(never) mutating func awaitMessage(
    _ queue: ID<MessageQueue>, _ selector: MessageSelector, room: Int, answerLimit: Int, _ me: TaskID
  ) {
    makeEntry(ofSoleReceiverAt: queue)
    let id = queueSleepers.place {
      QueueSleeper(
        task: me, queue: queue, isSender: false, message: .none, selector: selector, room: room,
        answerLimit: answerLimit)
    }
    enterLine(id, of: queue, isSender: false, me)
  }

  /// Who waits alone at a queue, if somebody does, gets an entry, as all have where several do.
  @inline(never) mutating func makeEntry(ofSoleReceiverAt queue: ID<MessageQueue>) {
    guard let sole = messageQueues[queue].takeSoleReceiver() else { return }
    awaitMessage(queue, sole.selector, room: sole.room, answerLimit: sole.answerLimit, sole.task)
  }

  /// Puts the task in line for room. The queue's sleeper owns the message from now on.
  mutating func awaitRoom(_ queue: ID<MessageQueue>, _ message: MessageNumber, _ me: TaskID) {
    let id = queueSleepers.place {
      QueueSleeper(
        task: me, queue: queue, isSender: true, message: message, selector: .oldest, room: 0, answerLimit: -1)
    }
    enterLine(id, of: queue, isSender: true, me)
  }

  @inline(__always)
  private mutating func enterLine(_ id: ID<QueueSleeper>, of queue: ID<MessageQueue>, isSender: Bool, _ me: TaskID) {
    tasks[me].awaited = .message(id)
    put(id, behind: lastAhead(of: id))
  }

  /// Behind whom a sleeper takes its place.
  private func lastAhead(of id: ID<QueueSleeper>) -> ID<QueueSleeper>? {
    let sleeper = queueSleepers[id]
    var ahead = messageQueues[sleeper.queue][lineOfSenders: sleeper.isSender].last
    if ahead != nil, messageQueues[sleeper.queue].kind == .posix {
      // Behind those of its own or a better priority. Linux: wq_add().
      let niceness = tasks[sleeper.task].niceness
      while let other = ahead, tasks[queueSleepers[other].task].niceness > niceness {
        ahead = queueSleepers[other].previous
      }
    }
    return ahead
  }

  private mutating func put(_ id: ID<QueueSleeper>, behind ahead: ID<QueueSleeper>?) {
    let queue = queueSleepers[id].queue, isSender = queueSleepers[id].isSender
    let next: ID<QueueSleeper>?
    if let ahead {
      next = queueSleepers[ahead].next
    } else {
      next = messageQueues[queue][lineOfSenders: isSender].first
    }
    queueSleepers[id].stand(ahead, next)
    if let ahead { queueSleepers[ahead].next = id }
    if let next { queueSleepers[next].previous = id }
    messageQueues[queue][lineOfSenders: isSender].gained(id, ahead, next)
  }

  private mutating func leaveLine(_ id: ID<QueueSleeper>) {
    let place = queueSleepers[id].place
    queueSleepers[id].stand(nil, nil)
    close(place)
  }

  /// A place in a line is free: those before and behind it stand together.
  @inline(__always) private mutating func close(_ place: QueueSleeper.Place) {
    if let previous = place.previous { queueSleepers[previous].next = place.next }
    if let next = place.next { queueSleepers[next].previous = place.previous }
    messageQueues[place.queue].lost(place)
  }

  /// Moves a sender whose message does not fit behind all others, once for each time that room appears.
  mutating func moveToEnd(_ id: ID<QueueSleeper>) {
    leaveLine(id)
    put(id, behind: messageQueues[queueSleepers[id].queue][lineOfSenders: queueSleepers[id].isSender].last)
  }

  /// Makes a message of `view` and hands it to the first receiver in line, if that completes the receiver's call. False
  /// where it does not, and nothing has changed.
  @inline(__always) mutating func passOn(
    _ type: Int64, _ view: ByteView, on queue: ID<MessageQueue>, isPOSIX: Bool, by pid: Int32
  ) -> Bool {
    guard let id = messageQueues[queue].receivers.first,
      let (task, place) = queueSleepers[id].completed(by: type, view.count)
    else { return false }
    queueSleepers.discard(id)
    if let next = place.next { queueSleepers[next].previous = nil }
    let answer = Awaited.handed(messages.insert(type: type, view), isPOSIX: isPOSIX)
    let woken = tasks[task].wakeUp(with: answer)
    messageQueues[queue].passed(
      place, sent: QueueUse(pid: pid, time: realTime),
      received: QueueUse(pid: woken?.pid ?? processNumber(of: task), time: realTime))
    noteWoken(task, woken)
    return true
  }

  /// What follows from having completed a task's call. `woken`: as `Task.wakeUp(with:)` says.
  @inline(__always) mutating func noteWoken(_ task: TaskID, _ woken: (pid: Int32, entersQueue: Bool)?) {
    guard let woken else { return makeRunnable(task) }
    if isWatched { observe(.woken(tid: tasks[task].tid)) }
    if woken.entersQueue { runQueue.append(task) }
  }

  /// Ends the sleep of a task that stood alone at an object, and whose call that has completed.
  @inline(__always) mutating func wakeAlone(_ task: TaskID, with answer: Awaited) {
    guard let entersQueue = tasks[task].wakeUpAlone(with: answer) else { return }
    if isWatched { observe(.woken(tid: tasks[task].tid)) }
    if entersQueue { runQueue.append(task) }
  }

  /// Tells the task whose call is being answered the message that it was handed: its bytes, and beside them its length
  /// and its type or priority, in the order in which the two kinds of queue have them.
  @inline(__always) mutating func tellHanded(_ number: MessageNumber, isPOSIX: Bool) {
    let message = messages.remove(number, into: output), length = Int64(message.length)
    reply.errno = 0
    reply.words[0] = isPOSIX ? length : message.type
    reply.words[1] = isPOSIX ? message.type : length
    reply.hasBytes = true
  }

  /// Settles what becomes of a sleeper, and lets it go on.
  mutating func settle(_ id: ID<QueueSleeper>, _ outcome: QueueSleeper.Outcome, message: MessageNumber? = nil) {
    let (task, place) = queueSleepers[id].settle(outcome, message)
    close(place)
    makeRunnable(task)
  }

  /// Lets a sleeper look for itself, without taking its place from it: it gives that up when it goes on.
  mutating func rouse(_ id: ID<QueueSleeper>) {
    queueSleepers[id].outcome = .retry
    makeRunnable(queueSleepers[id].task)
  }

  /// What has become of the sleep that the task's call was in; nil when it was in none. The caller owns the message.
  @inline(__always) mutating func endSleep(_ me: TaskID) -> EndedSleep? {
    let id: ID<QueueSleeper>
    switch tasks[me].awaited {
    case .message(let sleeper): id = sleeper
    case .soleReceiver(let queue):
      tasks[me].awaited = .nothing
      _ = messageQueues[queue].takeSoleReceiver()
      return EndedSleep(outcome: .none, message: .none)
    case .nothing, .semaphores, .soleOperation, .bytes, .arrived, .outcome, .handed: return nil
    }
    tasks[me].awaited = .nothing
    let (end, isInLine) = queueSleepers[id].end
    if isInLine { leaveLine(id) }
    queueSleepers.discard(id)
    return end
  }

  /// The task sleeps no more, and nobody will ask what came of it.
  mutating func abandonSleep(_ me: TaskID) {
    if case .handed(let message, _)? = tasks[me].takeAnswer() { return messages.remove(message) }
    guard let sleeper = endSleep(me), !sleeper.message.isNone else { return }
    messages.remove(sleeper.message)
  }

  /// The next sleepers in a line, by value: what is done to one may take it out of line.
  func sleepers(_ line: Line<QueueSleeper>) -> [ID<QueueSleeper>] {
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
    makeEntry(ofSoleReceiverAt: queue)
    for id in sleepers(messageQueues[queue].receivers) + sleepers(messageQueues[queue].senders) {
      settle(id, .failed(.EIDRM))
    }
    var next = messageQueues[queue].any(&messages)
    while !next.isNone {
      messageQueues[queue].remove(next, &messages)
      messages.remove(next)
      next = messageQueues[queue].any(&messages)
    }
    messageQueues[queue].dismantle(&messages)
    messageQueues.remove(queue)
  }
}
