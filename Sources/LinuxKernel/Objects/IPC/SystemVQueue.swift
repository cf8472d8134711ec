// System V message queues. Linux: ipc/msg.c.

/// Flags of msgsnd and msgrcv; others are ignored. Linux: include/uapi/linux/msg.h.
public struct MessageFlags: Flags {
  public let rawValue: Int32
  public init(rawValue: Int32) { self.rawValue = rawValue }
  public static let noWait = MessageFlags(rawValue: 0o4000), noError = MessageFlags(rawValue: 0o10000)
  public static let except = MessageFlags(rawValue: 0o20000), copy = MessageFlags(rawValue: 0o40000)
  static let names = NameSet(
    "message flags", .bits, ["IPC_NOWAIT": 0o4000, "MSG_NOERROR": 0o10000, "MSG_EXCEPT": 0o20000, "MSG_COPY": 0o40000])
}

extension Kernel {
  /// A new queue. Linux: newque().
  mutating func makeSystemVQueue(_ key: Int32, _ flags: IPCFlags, _ me: TaskID) throws(Stop) -> Int32 {
    let namespace = ipc(of: me), bytes = Int(ipcNamespaces[namespace].limits.queueBytes)
    var new = MessageQueue(.systemV, countLimit: bytes, byteLimit: bytes)
    new.changed = realSeconds
    let queue = messageQueues.insert(new)
    let limit = Int(ipcNamespaces[namespace].limits.queueCount)
    do throws(Stop) {
      return try ipcNamespaces[namespace].queues.insert(queue, key: key, flags, by: tasks[me].credentials, limit: limit)
    } catch {
      messageQueues.remove(queue)
      throw error
    }
  }

  /// Removes a queue and its messages; who sleeps on it learns so. Linux: freeque().
  mutating func removeMessageQueue(_ slot: Int, in namespace: ID<IPCNamespace>) {
    end(ipcNamespaces[namespace].queues.remove(slot).object)
  }

  /// A message made of what a call was given. Linux: load_msg().
  @inline(__always)
  mutating func makeMessage(_ type: Int64, _ source: Source, _ me: TaskID) throws(Stop) -> MessageNumber {
    if let view = source.whole { return messages.insert(type: type, view) }
    let bytes = try bytes(of: source, me)
    return bytes.withByteView { messages.insert(type: type, $0) }
  }

  /// Gives a message's bytes to the one who receives it, and ends it: where they cannot be stored they are lost.
  /// Linux: store_msg(), free_msg().
  @inline(__always)
  mutating func unpack(_ number: MessageNumber, limit: Int, _ destination: inout Destination, _ me: TaskID) throws(Stop)
    -> Int
  {
    guard destination.isReply, Int(messages[number].length) <= limit else {
      return try unpackInPart(number, limit: limit, &destination, me)
    }
    return Int(messages.remove(number, into: output).length)
  }

  @inline(never) private mutating func unpackInPart(
    _ number: MessageNumber, limit: Int, _ destination: inout Destination, _ me: TaskID
  ) throws(Stop) -> Int {
    if destination.isReply {
      let count = messages.read(number, limit: limit, into: output)
      messages.remove(number)
      return count
    }
    let bytes = ByteBuffer(capacity: max(1, Int(messages[number].length)))
    let count = messages.read(number, limit: limit, into: bytes)
    messages.remove(number)
    guard deliver(bytes.view, to: &destination, of: me) == count else { throw .errno(.EFAULT) }
    return count
  }

  // MARK: Sending

  /// Linux: do_msgsnd().
  @inline(never)
  mutating func send(_ id: Int32, _ type: Int64, whole view: ByteView, _ flags: MessageFlags, _ me: TaskID) throws(Stop)
  {
    if !current.isRetry, sendAtOnce(id, type, view, me) { return }
    try sendInSteps(id, type, Source(view), flags, me)
  }

  /// The caller's own queue, if it may do what `requested` says with a message of `length` bytes; nil for others, and
  /// where that is an error.
  @inline(__always)
  private mutating func ownQueue(_ id: Int32, for requested: UInt32, length: Int, _ caller: IPCCaller) -> ID<
    MessageQueue
  >? {
    if !queueShortcuts.lead(caller, to: id) { findShortcut(id, caller) }
    return queueShortcuts.object(id, for: requested, length)
  }

  @inline(never) private mutating func findShortcut(_ id: Int32, _ caller: IPCCaller) {
    let limit = Int(ipcNamespaces[caller.namespace].limits.messageSize)
    let shortcut = ipcNamespaces[caller.namespace].queues.shortcut(to: id, of: caller, limit: limit)
    queueShortcuts.set(shortcut, to: id)
  }

  /// What most calls come to: the caller's own queue has room. False for all others, and nothing has changed. Not for a
  /// call that is performed again.
  @inline(__always)
  mutating func sendAtOnce(_ id: Int32, _ type: Int64, _ view: ByteView, _ me: TaskID) -> Bool {
    let caller = tasks[me].ipcCaller
    guard type > 0, let queue = ownQueue(id, for: IPCPermission.write, length: view.count, caller)
    else { return false }
    switch messageQueues[queue].send(type, view, &messages, QueueUse(pid: caller.pid, time: realTime)) {
    case .refused: return false
    case .handed(let number, let task, _): wakeAlone(task, with: .handed(number, isPOSIX: false))
    case .isAwaited: pass(type, view, toReceiversOf: queue, caller.pid)
    case .sent, .sentInSight: if isWatched { observe(depth(of: queue)) }
    }
    return true
  }

  /// Where receivers sleep, the first of whom most often wants the message.
  @inline(never)
  private mutating func pass(_ type: Int64, _ view: ByteView, toReceiversOf queue: ID<MessageQueue>, _ pid: Int32) {
    makeEntry(ofSoleReceiverAt: queue)
    if !passOn(type, view, on: queue, isPOSIX: false, by: pid) { send(type, view, toReceiversOf: queue, pid) }
  }

  /// The same, though it may be that none of them does.
  @inline(never)
  private mutating func send(_ type: Int64, _ view: ByteView, toReceiversOf queue: ID<MessageQueue>, _ pid: Int32) {
    let number = messages.insert(type: type, view)
    messageQueues[queue].sent = QueueUse(pid: pid, time: realTime)
    if handOver(number, type, view.count, on: queue) { return }
    messageQueues[queue].append(number, &messages)
    if isWatched { observe(depth(of: queue)) }
  }

  @inline(never) mutating func sendInSteps(
    _ id: Int32, _ type: Int64, _ source: Source, _ flags: MessageFlags, _ me: TaskID
  ) throws(Stop) {
    let namespace = ipc(of: me)
    let number: MessageNumber
    if let slept = endSleep(me) {
      number = try takeUp(slept, me)
    } else {
      guard type > 0, id >= 0, source.remaining >= 0,
        source.remaining <= Int(ipcNamespaces[namespace].limits.messageSize)
      else {
        throw .errno(.EINVAL)
      }
      number = try makeMessage(type, source, me)
    }
    do throws(Stop) { try send(number, to: id, in: namespace, flags, me) } catch {
      // It belongs to the sleeper by now, or to nobody.
      if !tasks[me].isAtQueue { messages.remove(number) }
      throw error
    }
  }

  /// The queue, if the caller may do what `requested` says. Throws EINVAL, EACCES.
  private func queue(
    _ id: Int32, in namespace: ID<IPCNamespace>, for requested: UInt32, _ me: TaskID
  ) throws(Stop) -> ID<MessageQueue> {
    guard let (object, isAllowed) = ipcNamespaces[namespace].queues.find(id, for: requested, tasks[me].credentials)
    else {
      throw .errno(.EINVAL)
    }
    guard isAllowed else { throw .errno(.EACCES) }
    return object
  }

  /// The message of a sender whose sleep is over, who now looks again.
  private mutating func takeUp(_ slept: EndedSleep, _ me: TaskID) throws(Stop) -> MessageNumber {
    if case .failed(let errno) = slept.outcome {
      messages.remove(slept.message)
      throw .errno(errno)
    }
    if current.isInterrupted || !deliverable(me).isEmpty {
      messages.remove(slept.message)
      throw .sleep(until: .max)
    }
    return slept.message
  }

  private mutating func send(
    _ number: MessageNumber, to id: Int32, in namespace: ID<IPCNamespace>, _ flags: MessageFlags, _ me: TaskID
  ) throws(Stop) {
    let queue = try queue(id, in: namespace, for: IPCPermission.write, me)
    guard messageQueues[queue].hasRoom(for: Int(messages[number].length)) else {
      if flags.contains(.noWait) { throw .errno(.EAGAIN) }
      if maySleep(me) { awaitRoom(queue, number, me) }
      throw .sleep(until: .max)
    }
    messageQueues[queue].sent = QueueUse(pid: processNumber(of: me), time: realTime)
    makeEntry(ofSoleReceiverAt: queue)
    if !messageQueues[queue].receivers.isEmpty,
      handOver(number, messages[number].type, Int(messages[number].length), on: queue)
    {
      return
    }
    messageQueues[queue].append(number, &messages)
    if isWatched { observe(depth(of: queue)) }
  }

  /// Gives a message to the first sleeper who wants it. One whose buffer is too small is told so, and the next is
  /// asked. Linux: pipelined_send().
  private mutating func handOver(_ number: MessageNumber, _ type: Int64, _ length: Int, on queue: ID<MessageQueue>)
    -> Bool
  {
    var next = messageQueues[queue].receivers.first
    while let id = next {
      let offer = queueSleepers[id].offer(type, length)
      next = offer.next
      guard offer.isWanted else { continue }
      if !offer.fits {
        settle(id, .failed(.E2BIG))
        continue
      }
      messageQueues[queue].received = QueueUse(pid: processNumber(of: queueSleepers[id].task), time: realTime)
      settle(id, .done, message: number)
      return true
    }
    return false
  }

  // MARK: Receiving

  /// Linux: do_msgrcv().
  @inline(never)
  mutating func receive(
    _ id: Int32, answerOf room: Int, _ type: Int64, _ flags: MessageFlags, _ me: TaskID
  ) throws(Stop) -> AnswerOrWait<TypedMessage> {
    if !current.isRetry, let queue = queueToReceive(id, room, flags, me) {
      let waiter = canSleep && !flags.contains(.noWait) ? me : nil
      switch take(from: queue.id, room, type, flags, queue.pid, waiter: waiter) {
      case .message(let type, let count), .messageInSight(let type, let count):
        return .answer(TypedMessage(type: type, count: count, isReply: true))
      case .waitsAlone: return .wait(Wait(aloneAt: queue.id, interruption: .restartUnlessHandled))
      case .nothing:
        guard waiter != nil else { break }
        awaitMessage(
          queue.id, flags.selector(type), room: flags.contains(.noError) ? .max : room, answerLimit: room, me)
        return .wait(Wait(queue: nil, interruption: .restartUnlessHandled))
      case .refused: break
      }
    }
    return .answer(try receiveInSteps(id, Destination(replyOf: room), type, flags, me))
  }

  /// What most calls come to: the caller's own queue holds such a message, and no sender waits for room. nil for all
  /// others, and nothing has changed. Not for a call that is performed again.
  @inline(__always)
  mutating func receiveAtOnce(_ id: Int32, _ room: Int, _ type: Int64, _ flags: MessageFlags, _ me: TaskID) -> (
    type: Int64, count: Int
  )? {
    guard let queue = queueToReceive(id, room, flags, me),
      case .message(let type, let count) = take(from: queue.id, room, type, flags, queue.pid, waiter: nil)
    else { return nil }
    return (type, count)
  }

  /// The caller's own queue, if a message is to be taken out of it; and who the caller is.
  @inline(__always)
  private mutating func queueToReceive(_ id: Int32, _ room: Int, _ flags: MessageFlags, _ me: TaskID) -> (
    id: ID<MessageQueue>, pid: Int32
  )? {
    let caller = tasks[me].ipcCaller
    guard !flags.contains(.copy), room >= 0,
      let queue = ownQueue(id, for: IPCPermission.read, length: 0, caller)
    else { return nil }
    return (queue, caller.pid)
  }

  @inline(__always) private mutating func take(
    from queue: ID<MessageQueue>, _ room: Int, _ type: Int64, _ flags: MessageFlags, _ pid: Int32, waiter: TaskID?
  ) -> MessageQueue.Receipt {
    let receipt = messageQueues[queue].receive(
      flags.selector(type), room, &messages, QueueUse(pid: pid, time: realTime), into: output, waiter: waiter,
      waitRoom: flags.contains(.noError) ? .max : room)
    if isWatched, case .message = receipt { observe(depth(of: queue)) }
    return receipt
  }

  @inline(never) mutating func receiveInSteps(
    _ id: Int32, _ destination: Destination, _ type: Int64, _ flags: MessageFlags, _ me: TaskID
  ) throws(Stop) -> TypedMessage {
    var destination = destination
    let isReply = destination.isReply
    let (type, count) = try receiveInSteps(id, &destination, type, flags, me)
    return TypedMessage(type: type, count: count, isReply: isReply)
  }

  mutating func receiveInSteps(
    _ id: Int32, _ destination: inout Destination, _ type: Int64, _ flags: MessageFlags, _ me: TaskID
  ) throws(Stop) -> (type: Int64, count: Int) {
    let room = destination.remaining
    guard id >= 0, room >= 0 else { throw .errno(.EINVAL) }
    if flags.contains(.copy), flags.contains(.except) || !flags.contains(.noWait) { throw .errno(.EINVAL) }
    if let slept = endSleep(me) {
      switch slept.outcome {
      case .done: return try unpack(slept.message, room, &destination, me)
      case .failed(let errno): throw .errno(errno)
      case .none, .retry: if current.isInterrupted || !deliverable(me).isEmpty { throw .sleep(until: .max) }
      }
    }
    let namespace = ipc(of: me)
    let queue = try queue(id, in: namespace, for: IPCPermission.read, me)
    let selector = flags.selector(type)
    let number = messageQueues[queue].find(selector, &messages)
    if number.isNone {
      if flags.contains(.noWait) { throw .errno(.ENOMSG) }
      if maySleep(me) {
        let limit = flags.contains(.noError) ? .max : room
        awaitMessage(queue, selector, room: limit, answerLimit: destination.isReply ? room : -1, me)
      }
      throw .sleep(until: .max)
    }
    let length = Int(messages[number].length)
    if length > room, !flags.contains(.noError) { throw .errno(.E2BIG) }
    if flags.contains(.copy) {
      // copy_msg(): the copy was given its room before its length was known.
      if length > min(room, Int(ipcNamespaces[namespace].limits.messageSize)) { throw .errno(.EINVAL) }
      return try unpack(messages.copy(number), room, &destination, me)
    }
    messageQueues[queue].remove(number, &messages)
    if isWatched { observe(depth(of: queue)) }
    messageQueues[queue].received = QueueUse(pid: processNumber(of: me), time: realTime)
    if !messageQueues[queue].senders.isEmpty { rouseSenders(queue) }
    return try unpack(number, room, &destination, me)
  }

  private mutating func unpack(
    _ number: MessageNumber, _ room: Int, _ destination: inout Destination, _ me: TaskID
  ) throws(Stop) -> (type: Int64, count: Int) {
    let type = messages[number].type
    return (type, try unpack(number, limit: room, &destination, me))
  }

  /// Lets those try again whose message fits now; one that does not goes behind the others. Linux: ss_wakeup().
  mutating func rouseSenders(_ queue: ID<MessageQueue>) {
    var next = messageQueues[queue].senders.first
    var firstMoved: ID<QueueSleeper>?
    while let id = next, id != firstMoved {
      next = queueSleepers[id].next
      if messageQueues[queue].hasRoom(for: Int(messages[queueSleepers[id].message].length)) {
        rouse(id)
      } else {
        if firstMoved == nil { firstMoved = id }
        moveToEnd(id)
      }
    }
  }
}

extension Kernel.Task {
  /// What calls on System V objects ask of their task, in one access.
  @inline(__always) var ipcCaller: IPCCaller {
    IPCCaller(namespace: ipcNamespace, pid: processNumber, euid: credentials.euid)
  }
}

extension MessageFlags {
  /// Which message is meant. Linux: convert_mode().
  @inline(__always) fileprivate func selector(_ type: Int64) -> MessageSelector {
    if contains(.copy) { return .position(type) }
    if type == 0 { return .oldest }
    if type < 0 { return .lowest(upTo: type == .min ? .max : -type) }
    return contains(.except) ? .except(type) : .type(type)
  }
}
