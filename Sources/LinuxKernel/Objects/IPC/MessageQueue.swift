/// A bounded queue of messages, and those who sleep until it has room or a message: what both kinds of message queue
/// stand on. Linux has this twice, in ipc/msg.c and in ipc/mqueue.c.
///
/// The oldest message of each type stands in an index, and those of System V in the order of their arrival as well: so
/// the next one of a type, the lowest type, the highest priority and the oldest of all are found without a walk past
/// others.
struct MessageQueue {
  /// The two kinds, where they differ: in who is served first of those who sleep.
  enum Kind: Sendable { case systemV, posix }

  let kind: Kind
  // The oldest and the youngest message (System V).
  fileprivate(set) var first = MessageNumber.none
  fileprivate(set) var last = MessageNumber.none
  private var index = TypeIndex()
  fileprivate(set) var count = 0
  fileprivate(set) var byteCount = 0
  var countLimit: Int
  var byteLimit: Int
  // What System V tells of a queue: who used it last, and when it was changed, in seconds since 1970.
  var sent = QueueUse()
  var received = QueueUse()
  var changed: Int64 = 0
  // What a POSIX queue asks of itself with each message; the rest of it is there.
  var posix: ID<PosixQueue>?
  /// The longest message there may be.
  var messageSize = Int.max
  /// Somebody has polled it, so that what changes is an event.
  var isPolled = false
  /// Somebody is to be told that a message has come.
  var hasNotification = false
  /// Since when its inode has the time at which it was last used; .min for no time.
  var usedSince = Int64.min
  /// The only one who waits for a message, where that one is to have it as its call's answer: it needs no entry. Who
  /// comes behind it makes one of it first. Invariant: where there is one, no `receivers` stand in line.
  @Packed private var soleTask: TaskID?
  private var solePID: Int32 = 0
  private var soleSelector = MessageSelector.oldest
  private var soleRoom = 0
  private var soleAnswerLimit = 0
  var receivers = Line<QueueSleeper>()
  var senders = Line<QueueSleeper>()
  /// The line of those who send, or of those who receive.
  subscript(lineOfSenders isSender: Bool) -> Line<QueueSleeper> {
    @inline(__always) get { isSender ? senders : receivers }
    @inline(__always) _modify { if isSender { yield &senders } else { yield &receivers } }
  }

  init(_ kind: Kind, countLimit: Int, byteLimit: Int) {
    self.kind = kind
    self.countLimit = countLimit
    self.byteLimit = byteLimit
  }

  /// Linux: msg_fits_inqueue().
  @inline(__always) func hasRoom(for length: Int) -> Bool {
    count < countLimit && length <= byteLimit && byteCount <= byteLimit &- length
  }
}

/// Who sent to a queue last, or received from it.
struct QueueUse {
  var pid: Int32 = 0
  /// In ns since 1970; 0 for never.
  var time: Int64 = 0
  var seconds: Int64 { time / 1_000_000_000 }
}

/// Which message a receiver wants.
enum MessageSelector: Equatable, Sendable {
  /// The oldest (msgrcv with type 0).
  case oldest
  /// The oldest of a type.
  case type(Int64)
  /// The oldest of any other type (MSG_EXCEPT).
  case except(Int64)
  /// The lowest type up to a limit (a negative type).
  case lowest(upTo: Int64)
  /// The highest priority (POSIX).
  case highest
  /// The one at this place, the oldest at 0 (MSG_COPY).
  case position(Int64)

  /// Whether one who sleeps takes a message of this type that comes. Linux: testmsg().
  func accepts(_ type: Int64) -> Bool {
    switch self {
    case .oldest, .highest, .position: true
    case .type(let wanted): type == wanted
    case .except(let unwanted): type != unwanted
    case .lowest(let limit): type <= limit
    }
  }
}

extension MessageQueue {
  /// Adds a message that is in no queue. Linux: msg_insert(), and the end of do_msgsnd().
  @inline(never) mutating func append(_ number: MessageNumber, _ store: inout MessageStore) {
    store[number].previous = last
    enter(number, store[number].type, Int(store[number].length), &store)
  }

  /// A message that stands behind the last one comes to be in the queue.
  @inline(__always)
  private mutating func enter(_ number: MessageNumber, _ type: Int64, _ length: Int, _ store: inout MessageStore) {
    count &+= 1
    byteCount &+= length
    if kind == .systemV {
      if last.isNone { first = number } else { store[last].next = number }
      last = number
    }
    index.enter(number, type, &store)
  }

  /// The message that `selector` chooses. Linux: find_msg(), msg_get().
  @inline(__always) mutating func find(_ selector: MessageSelector, _ store: inout MessageStore) -> MessageNumber {
    switch selector {
    case .oldest: return first
    case .type(let type): return index.find(type, &store)
    case .lowest(let limit):
      let lowest = index.lowest(&store)
      return lowest.isNone || store[lowest].type > limit ? .none : lowest
    case .highest: return index.highest(&store)
    case .except(let type):
      var next = first
      while !next.isNone, store[next].type == type { next = store[next].next }
      return next
    case .position(let position):
      guard position >= 0, position < count else { return .none }
      var next = first
      for _ in 0..<position { next = store[next].next }
      return next
    }
  }

  /// Takes out a message, which is the oldest of its type: every selector finds such a one, but that of a copy.
  @inline(never) mutating func remove(_ number: MessageNumber, _ store: inout MessageStore) {
    left(store[number].previous, store[number].next, Int(store[number].length), &store)
    index.remove(number, &store)
  }

  /// A message that stood between these two is gone.
  @inline(__always) private mutating func left(
    _ previous: MessageNumber, _ next: MessageNumber, _ length: Int, _ store: inout MessageStore
  ) {
    count &-= 1
    byteCount &-= length
    guard kind == .systemV else { return }
    if previous.isNone { first = next } else { store[previous].next = next }
    if next.isNone { last = previous } else { store[next].previous = previous }
  }

  /// Whether there is nothing to be found.
  @inline(__always) var isEmpty: Bool { count == 0 }

  /// Who alone waits for a message, for which there is room: up to `room` bytes, up to `answerLimit` of which can be
  /// its call's answer.
  struct SoleReceiver {
    let task: TaskID
    let selector: MessageSelector
    let room: Int
    let answerLimit: Int
  }

  @inline(__always) var hasSoleReceiver: Bool { soleTask != nil }

  /// Nobody waits alone any more; returns who did.
  mutating func takeSoleReceiver() -> SoleReceiver? {
    guard let task = soleTask else { return nil }
    soleTask = nil
    return SoleReceiver(task: task, selector: soleSelector, room: soleRoom, answerLimit: soleAnswerLimit)
  }

  /// Has a task wait alone for a message, if it can; `pid`: the number of its process.
  @inline(__always)
  private mutating func letWait(
    _ task: TaskID, _ pid: Int32, _ selector: MessageSelector, room: Int, answerLimit: Int
  ) -> Bool {
    guard soleTask == nil, receivers.isEmpty else { return false }
    soleTask = task
    (solePID, soleSelector, soleRoom, soleAnswerLimit) = (pid, selector, room, answerLimit)
    return true
  }

  /// What has become of a message that was to be sent.
  enum Sending {
    /// It is the answer of this task's call, which waited alone for it. `isInSight`: the queue's times are to change.
    case handed(MessageNumber, to: TaskID, isInSight: Bool)
    /// It is in the queue.
    case sent
    /// The same, and others are to learn of it.
    case sentInSight
    /// Receivers sleep on the queue: it is for them to be offered to.
    case isAwaited
    /// It is for the long way; nothing has changed.
    case refused
  }

  /// Takes in a message for which there is room. Linux: the end of do_msgsnd().
  @inline(__always)
  mutating func send(_ type: Int64, _ view: ByteView, _ store: inout MessageStore, _ use: QueueUse) -> Sending {
    guard hasRoom(for: view.count) else { return .refused }
    if let task = soleTask {
      guard view.count <= soleAnswerLimit, soleSelector.accepts(type) else { return .isAwaited }
      soleTask = nil
      sent = use
      received = QueueUse(pid: solePID, time: use.time)
      return .handed(store.insert(type: type, view), to: task, isInSight: false)
    }
    guard receivers.isEmpty else { return .isAwaited }
    sent = use
    count &+= 1
    byteCount &+= view.count
    let number = store.insert(type: type, view, behind: last)
    if last.isNone { first = number } else { store[last].next = number }
    last = number
    index.enter(number, type, &store)
    return .sent
  }

  /// The same for a POSIX queue at the time `now`. Linux: the end of do_mq_timedsend().
  @inline(__always)
  mutating func send(priority: Int64, _ view: ByteView, _ store: inout MessageStore, at now: Int64) -> Sending {
    guard count < countLimit, view.count <= messageSize else { return .refused }
    if let task = soleTask {
      soleTask = nil
      return .handed(store.insert(type: priority, view), to: task, isInSight: usedSince != now)
    }
    guard receivers.isEmpty else { return .isAwaited }
    guard !hasNotification else { return .refused }
    count &+= 1
    byteCount &+= view.count
    index.enter(store.insert(type: priority, view), priority, &store)
    return usedSince == now && !isPolled ? .sent : .sentInSight
  }

  /// What has become of a receipt.
  enum Receipt {
    /// The message is taken out, its bytes are in the output.
    case message(type: Int64, count: Int)
    /// The same of a POSIX queue, and others are to learn of it.
    case messageInSight(priority: Int64, count: Int)
    /// The queue is empty, and the task waits alone for a message.
    case waitsAlone
    /// The queue is empty.
    case nothing
    /// It is for the long way; nothing has changed.
    case refused
  }

  /// Takes out the message that `selector` chooses, if there is one, it has no more than `room` bytes, and no sender
  /// waits for its place; its bytes go to `output`. Not for `position`. A task `waiter`, if one is named, waits where
  /// the queue is empty, for a message of up to `waitRoom` bytes.
  @inline(__always)
  mutating func receive(
    _ selector: MessageSelector, _ room: Int, _ store: inout MessageStore, _ use: QueueUse, into output: ByteBuffer,
    waiter: TaskID?, waitRoom: Int
  ) -> Receipt {
    if isEmpty {
      if let waiter, letWait(waiter, use.pid, selector, room: waitRoom, answerLimit: room) { return .waitsAlone }
      return .nothing
    }
    guard senders.isEmpty else { return .refused }
    let type: Int64
    if case .type(let wanted) = selector {
      type = wanted
    } else {
      let number = find(selector, &store)
      guard !number.isNone else { return .refused }
      type = store[number].type
    }
    guard let message = index.takeOldest(type, room: room, &store, into: output) else { return .refused }
    left(message.previous, message.next, Int(message.length), &store)
    received = use
    return .message(type: type, count: Int(message.length))
  }

  /// Takes the oldest message of the highest priority out of a POSIX queue, if there is one and no sender waits for its
  /// place; its bytes go to `output`. Refused too where `room` is less than any message may need. A task `waiter`, if
  /// one is named, waits where the queue is empty.
  @inline(__always)
  mutating func receive(
    room: Int, _ store: inout MessageStore, at now: Int64, into output: ByteBuffer, waiter: TaskID?
  ) -> Receipt {
    guard room >= messageSize else { return .refused }
    if isEmpty {
      if let waiter, letWait(waiter, 0, .highest, room: .max, answerLimit: .max) { return .waitsAlone }
      return .nothing
    }
    guard senders.isEmpty, let message = index.takeHighest(&store, into: output) else { return .refused }
    count &-= 1
    byteCount &-= Int(message.length)
    let length = Int(message.length)
    return usedSince == now && !isPolled
      ? .message(type: message.type, count: length) : .messageInSight(priority: message.type, count: length)
  }

  /// Any message there is; none in an empty queue.
  mutating func any(_ store: inout MessageStore) -> MessageNumber {
    kind == .systemV ? first : index.highest(&store)
  }

  /// Gives back what the index holds of the store; the queue ends.
  mutating func dismantle(_ store: inout MessageStore) { index.dismantle(&store) }

  /// The types of the oldest messages, in order (System V).
  func types(_ store: borrowing MessageStore, limit: Int) -> [Int64] {
    var types: [Int64] = []
    var next = first
    while !next.isNone, types.count < limit {
      types.append(store[next].type)
      next = store[next].next
    }
    return types
  }
}
