/// A POSIX message queue: what it has besides the queue itself. Linux: struct mqueue_inode_info, ipc/mqueue.c.
struct PosixQueue {
  let queue: ID<MessageQueue>
  /// Who is charged for it, and with how much (RLIMIT_MSGQUEUE).
  let owner: UInt32
  let charge: UInt64
  /// Where poll and epoll wait.
  let changed: ID<WaitQueue>
  /// The file that it is; set right after both were made.
  var inode: ID<Inode>?
  /// Who is to be told that a message has come, and how.
  var notification: QueueNotification?
  /// What stat says; only ftruncate changes it.
  var statusSize: Int64 = 80
}

/// Who is to be told of the next message that comes to an empty queue. Linux: the notify_ fields.
struct QueueNotification {
  let owner: ID<Process>
  /// How often the owner had run another program by then. Linux: notify_self_exec_id.
  let executionCount: UInt32
  let event: SignalEvent
  /// What a netlink socket gets (SIGEV_THREAD).
  var cookie: AttachedBuffer?
}

extension Kernel {
  /// What a call may ask about the queue behind a descriptor. Linux: fdget() and the checks after it.
  @inline(__always)
  func posixQueue(_ fd: FD, of me: TaskID) throws(Stop) -> (file: ID<OpenFile>, queue: ID<PosixQueue>) {
    let file = try file(fd, of: me)
    guard case .messageQueue(let queue) = files[file].object else { throw .errno(.EBADF) }
    return (file, posix(queue))
  }

  /// What a POSIX queue has besides the queue itself.
  @inline(__always) func posix(_ queue: ID<MessageQueue>) -> ID<PosixQueue> { messageQueues[queue].posix! }

  /// When a time-out is over, on the monotonic clock. Linux: prepare_timeout().
  @inline(__always) func end(of timeout: TimeSpec?) throws(Stop) -> Int64 {
    guard let timeout else { return .max }
    guard timeout.isValid else { throw .errno(.EINVAL) }
    return monotonic(timeout.total, of: .realtime)
  }

  /// Linux: do_mq_timedsend().
  @inline(never)
  mutating func send(_ fd: FD, whole view: ByteView, priority: UInt32, _ me: TaskID) throws(Stop) {
    if !current.isRetry, sendAtOnce(fd, view, priority, me) { return }
    try sendInSteps(fd, Source(view), priority: priority, nil, me)
  }

  /// What most calls come to: the queue has room, and nobody is to be told. False for all others, and nothing has
  /// changed. Not for a call that is performed again.
  @inline(__always)
  mutating func sendAtOnce(_ fd: FD, _ view: ByteView, _ priority: UInt32, _ me: TaskID) -> Bool {
    guard priority < PosixQueue.priorityCount, let found = shortcut(fd, of: me),
      let queue = found.queueToSend
    else { return false }
    switch messageQueues[queue].send(priority: Int64(priority), view, &messages, at: realTime) {
    case .refused: return false
    case .handed(let number, let task, let isInSight):
      wakeAlone(task, with: .handed(number, isPOSIX: true))
      if isInSight { touchQueue(posix(queue)) }
    case .isAwaited: send(Int64(priority), view, toReceiverOf: queue)
    case .sent: if isWatched { observe(depth(of: queue)) }
    case .sentInSight: used(queue)
    }
    return true
  }

  /// A queue was sent to or received from, which pollers and its times show.
  @inline(never) private mutating func used(_ queue: ID<MessageQueue>) {
    let object = posix(queue)
    if isWatched { observe(depth(of: queue)) }
    touchQueue(object)
    wake(posixQueues[object].changed)
  }

  @inline(never)
  private mutating func send(_ priority: Int64, _ view: ByteView, toReceiverOf queue: ID<MessageQueue>) {
    if !passOn(priority, view, on: queue, isPOSIX: true, by: 0) {
      let number = messages.insert(type: priority, view)
      if let receiver = messageQueues[queue].receivers.first { settle(receiver, .done, message: number) }
    }
    if messageQueues[queue].usedSince != realTime { touchQueue(posix(queue)) }
  }

  @inline(never) mutating func sendInSteps(
    _ fd: FD, _ source: Source, priority: UInt32, _ timeout: TimeSpec?, _ me: TaskID
  ) throws(Stop) {
    let end = try end(of: timeout)
    guard priority < PosixQueue.priorityCount else { throw .errno(.EINVAL) }
    let (file, object) = try posixQueue(fd, of: me)
    if tasks[me].isAtQueue {
      let slept = try endPosixSleep(end, me)
      guard case .done = slept.outcome else {
        messages.remove(slept.message)
        throw stop(slept, end, me)
      }
      return
    }
    guard files[file].isWritable else { throw .errno(.EBADF) }
    guard UInt(bitPattern: source.remaining) <= UInt(messageQueues[posixQueues[object].queue].messageSize) else {
      throw .errno(.EMSGSIZE)
    }
    let number = try makeMessage(Int64(priority), source, me), queue = posixQueues[object].queue
    guard messageQueues[queue].hasRoom(for: 0) else {
      if files[file].isNonblocking {
        messages.remove(number)
        throw .errno(.EAGAIN)
      }
      if maySleep(me), end > now { awaitRoom(queue, number, me) } else { messages.remove(number) }
      try sleepOnPosix(until: end, me)
    }
    makeEntry(ofSoleReceiverAt: queue)
    if let receiver = messageQueues[queue].receivers.first {
      settle(receiver, .done, message: number)
    } else {
      messageQueues[queue].append(number, &messages)
      if isWatched { observe(depth(of: queue)) }
      notify(of: object, by: me)
    }
    touchQueue(object)
  }

  /// Linux: do_mq_timedreceive().
  @inline(never)
  mutating func receive(_ fd: FD, answerOf room: Int, _ me: TaskID) throws(Stop) -> AnswerOrWait<RankedMessage> {
    if !current.isRetry, let found = shortcut(fd, of: me),
      let queue = found.queueToReceive
    {
      let waiter = canSleep && !found.status.contains(.nonblock) ? me : nil
      switch take(from: queue, room, waiter: waiter) {
      case .message(let priority, let count), .messageInSight(let priority, let count):
        return .answer(RankedMessage(priority: priority, count: count, isReply: true))
      case .waitsAlone:
        current.found(found.file, isOwn: found.isTableOwn)
        return .wait(Wait(aloneAt: queue, interruption: .restart))
      case .nothing:
        guard waiter != nil else { break }
        awaitMessage(queue, .highest, room: .max, answerLimit: .max, me)
        current.found(found.file, isOwn: found.isTableOwn)
        return .wait(Wait(queue: nil, interruption: .restart))
      case .refused: break
      }
    }
    return .answer(try receiveInSteps(fd, Destination(replyOf: room), nil, me))
  }

  /// What most calls come to: there is a message, and no sender waits for its place. nil for all others, and nothing
  /// has changed. Not for a call that is performed again.
  @inline(__always)
  mutating func receiveAtOnce(_ fd: FD, _ room: Int, _ me: TaskID) -> (priority: Int64, count: Int)? {
    guard let found = shortcut(fd, of: me), let queue = found.queueToReceive else { return nil }
    switch take(from: queue, room, waiter: nil) {
    case .message(let priority, let count), .messageInSight(let priority, let count): return (priority, count)
    case .waitsAlone, .nothing, .refused: return nil
    }
  }

  @inline(__always)
  private mutating func take(from queue: ID<MessageQueue>, _ room: Int, waiter: TaskID?) -> MessageQueue.Receipt {
    let receipt = messageQueues[queue].receive(room: room, &messages, at: realTime, into: output, waiter: waiter)
    switch receipt {
    case .messageInSight: used(queue)
    case .message: if isWatched { observe(depth(of: queue)) }
    case .waitsAlone, .nothing, .refused: break
    }
    return receipt
  }

  @inline(never) mutating func receiveInSteps(
    _ fd: FD, _ destination: Destination, _ timeout: TimeSpec?, _ me: TaskID
  ) throws(Stop) -> RankedMessage {
    var destination = destination
    let isReply = destination.isReply
    let (priority, count) = try receiveInSteps(fd, &destination, timeout, me)
    return RankedMessage(priority: priority, count: count, isReply: isReply)
  }

  mutating func receiveInSteps(
    _ fd: FD, _ destination: inout Destination, _ timeout: TimeSpec?, _ me: TaskID
  ) throws(Stop) -> (priority: Int64, count: Int) {
    let end = try end(of: timeout)
    let (file, object) = try posixQueue(fd, of: me)
    if tasks[me].isAtQueue {
      let slept = try endPosixSleep(end, me)
      guard case .done = slept.outcome else { throw stop(slept, end, me) }
      return try unpackPosix(slept.message, &destination, me)
    }
    guard files[file].isReadable else { throw .errno(.EBADF) }
    guard UInt(bitPattern: destination.remaining) >= UInt(messageQueues[posixQueues[object].queue].messageSize) else {
      throw .errno(.EMSGSIZE)
    }
    let queue = posixQueues[object].queue
    let number = messageQueues[queue].find(.highest, &messages)
    if number.isNone {
      if files[file].isNonblocking { throw .errno(.EAGAIN) }
      if maySleep(me), end > now {
        awaitMessage(queue, .highest, room: .max, answerLimit: destination.isReply ? .max : -1, me)
      }
      try sleepOnPosix(until: end, me)
    }
    messageQueues[queue].remove(number, &messages)
    if isWatched { observe(depth(of: queue)) }
    touchQueue(object)
    if let sender = messageQueues[queue].senders.first {
      // The place is taken again before anybody sees that it was free. Linux: pipelined_receive().
      messageQueues[queue].append(queueSleepers[sender].message, &messages)
      settle(sender, .done, message: .some(.none))
      if isWatched { observe(depth(of: queue)) }
    } else {
      wake(posixQueues[object].changed)
    }
    return try unpackPosix(number, &destination, me)
  }

  private mutating func unpackPosix(
    _ number: MessageNumber, _ destination: inout Destination, _ me: TaskID
  ) throws(Stop) -> (priority: Int64, count: Int) {
    let priority = messages[number].type
    return (priority, try unpack(number, limit: .max, &destination, me))
  }

  /// Sleeps on until the queue or the time has an answer. The clock may be set while it does. Linux: wq_sleep().
  private mutating func sleepOnPosix(until end: Int64, _ me: TaskID) throws(Stop) -> Never {
    let isInterrupted = current.isInterrupted || tasks[me].needsAttention && !deliverable(me).isEmpty
    if end <= now, !isInterrupted { throw .errno(.ETIMEDOUT) }
    if end == .max { throw .sleep(until: .max, interruption: .restart) }
    throw .wait(on: clockQueue(), interruption: .restart, until: end)
  }

  /// What has become of the task's sleep. One that was woken for nothing (the clock was set) sleeps on in its place.
  private mutating func endPosixSleep(_ end: Int64, _ me: TaskID) throws(Stop) -> EndedSleep {
    if case .soleReceiver(let queue) = tasks[me].awaited { makeEntry(ofSoleReceiverAt: queue) }
    guard case .message(let id) = tasks[me].awaited else { preconditionFailure("a sleep at no queue") }
    if case .none = queueSleepers[id].outcome, !current.isInterrupted, deliverable(me).isEmpty, end > now {
      try sleepOnPosix(until: end, me)
    }
    return endSleep(me)!
  }

  /// Why a sleep has ended that brought nothing.
  private mutating func stop(_ slept: EndedSleep, _ end: Int64, _ me: TaskID) -> Stop {
    if case .failed(let errno) = slept.outcome { return .errno(errno) }
    if current.isInterrupted || !deliverable(me).isEmpty { return .sleep(until: .max, interruption: .restart) }
    return .errno(.ETIMEDOUT)
  }

  /// A queue's file was read and written.
  private mutating func touchQueue(_ object: ID<PosixQueue>) {
    inodes[posixQueues[object].inode!].touchAll(fileTime)
    messageQueues[posixQueues[object].queue].usedSince = realTime
  }

  /// The status of a queue's file was asked for or changed.
  mutating func touchStatus(_ object: ID<PosixQueue>) {
    let inode = posixQueues[object].inode!, time = fileTime
    inodes[inode].accessed = time
    inodes[inode].changed = time
  }

  // MARK: Notification

  /// A message has come that no sleeper was handed: tells who has asked for that, and pollers. Linux: __do_notify().
  @inline(__always) private mutating func notify(of object: ID<PosixQueue>, by me: TaskID) {
    if posixQueues[object].notification != nil, messageQueues[posixQueues[object].queue].count == 1 {
      sendNotification(of: object, by: me)
    }
    wake(posixQueues[object].changed)
  }

  @inline(never) private mutating func sendNotification(of object: ID<PosixQueue>, by me: TaskID) {
    guard let notification = posixQueues[object].notification else { return }
    set(nil, for: object)
    if let cookie = notification.cookie { sendCookie(cookie, .message) }
    // A signal number of 0 is taken, and means none.
    guard notification.event.notify == SignalEvent.signal, notification.event.signal != 0 else { return }
    guard processes.contains(notification.owner),
      processes[notification.owner].executionCount == notification.executionCount
    else { return }
    var info = sender(me, signal: notification.event.signal, code: SignalInfo.mesgq)
    info.value = notification.event.value
    send(info, to: notification.owner)
  }

  /// Linux: do_mq_notify().
  mutating func setNotification(_ fd: FD, _ event: SignalEvent?, _ me: TaskID) throws(Stop) {
    var cookie: AttachedBuffer?
    if let event {
      try check(event)
      if event.notify == SignalEvent.thread { cookie = try attachCookie(event, me) }
    }
    do throws(Stop) { try setNotification(posixQueue(fd, of: me).queue, event, cookie, me) } catch {
      if let cookie { detach(cookie) }
      throw error
    }
  }

  private mutating func setNotification(
    _ object: ID<PosixQueue>, _ event: SignalEvent?, _ cookie: AttachedBuffer?, _ me: TaskID
  ) throws(Stop) {
    if let event {
      guard posixQueues[object].notification == nil else { throw .errno(.EBUSY) }
      let owner = process(of: me)
      let notification = QueueNotification(
        owner: owner, executionCount: processes[owner].executionCount, event: event, cookie: cookie)
      set(notification, for: object)
    } else {
      guard posixQueues[object].notification?.owner == process(of: me) else { return }
      removeNotification(of: object)
    }
    touchStatus(object)
  }

  mutating func set(_ notification: QueueNotification?, for object: ID<PosixQueue>) {
    posixQueues[object].notification = notification
    messageQueues[posixQueues[object].queue].hasNotification = notification != nil
  }

  private func check(_ event: SignalEvent) throws(Stop) {
    switch event.notify {
    case SignalEvent.none, SignalEvent.thread: break
    case SignalEvent.signal: guard (0...Signal.last).contains(event.signal) else { throw .errno(.EINVAL) }
    default: throw .errno(.EINVAL)
    }
  }

  /// A process has closed some descriptor of a queue: it wants to hear no more. Linux: mqueue_flush_file().
  mutating func dropNotification(of object: ID<PosixQueue>, ownedBy process: ID<Process>) {
    if posixQueues[object].notification?.owner == process { removeNotification(of: object) }
  }
}

extension DescriptorShortcut {
  // The queue behind a descriptor that may be used this way.
  @inline(__always) fileprivate var queueToSend: ID<MessageQueue>? {
    if case .messageQueue(let queue) = object, status.allowsWriting { queue } else { nil }
  }
  @inline(__always) fileprivate var queueToReceive: ID<MessageQueue>? {
    if case .messageQueue(let queue) = object, status.allowsReading { queue } else { nil }
  }
}

extension PosixQueue {
  /// MQ_PRIO_MAX.
  static let priorityCount: UInt32 = 32768
}
