/// A bounded queue of messages, and those who sleep until it has room or a message: what both kinds of message queue
/// stand on. Linux has this twice, in ipc/msg.c and in ipc/mqueue.c.
///
/// Messages stand in the order of their arrival, and the oldest of each type in an index: so the next one of a type,
/// the lowest type and the highest priority are found without a walk past others.
struct MessageQueue {
  /// The two kinds, where they differ: in who is served first of those who sleep.
  enum Kind: Sendable { case systemV, posix }

  let kind: Kind
  // The oldest and the youngest message.
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
  var receivers = SleeperLine()
  var senders = SleeperLine()
  /// The line of those who send, or of those who receive.
  subscript(lineOfSenders isSender: Bool) -> SleeperLine {
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
    count < countLimit && length <= byteLimit && byteCount <= byteLimit - length
  }
  /// Whether there is room for a message, and whether anybody sleeps who may want it.
  @inline(__always) func acceptance(of length: Int) -> (hasRoom: Bool, isAwaited: Bool) {
    (hasRoom(for: length), !receivers.isEmpty)
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
  mutating func append(_ number: MessageNumber, _ store: inout MessageStore) {
    store[number].previous = last
    enter(number, store[number].type, Int(store[number].length), &store)
  }

  /// Makes a message and adds it.
  @inline(__always) mutating func append(type: Int64, _ view: ByteView, _ store: inout MessageStore) {
    enter(store.insert(type: type, view, behind: last), type, view.count, &store)
  }

  /// A message that stands behind the last one comes to be in the queue.
  @inline(__always)
  private mutating func enter(_ number: MessageNumber, _ type: Int64, _ length: Int, _ store: inout MessageStore) {
    count += 1
    byteCount += length
    if last.isNone { first = number } else { store[last].next = number }
    last = number
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
  mutating func remove(_ number: MessageNumber, _ store: inout MessageStore) { remove(number, store[number], &store) }

  @inline(__always) private mutating func remove(
    _ number: MessageNumber, _ message: Message, _ store: inout MessageStore
  ) {
    count -= 1
    byteCount -= Int(message.length)
    if message.previous.isNone { first = message.next } else { store[message.previous].next = message.next }
    if message.next.isNone { last = message.previous } else { store[message.next].previous = message.previous }
    index.remove(number, message, &store)
  }

  /// Whether there is nothing to be found.
  @inline(__always) var isEmpty: Bool { count == 0 }

  /// Takes out the message that `selector` chooses, if there is one, it has no more than `room` bytes, and no sender
  /// waits for its place. Not for `position`.
  @inline(__always)
  mutating func take(_ selector: MessageSelector, _ room: Int, _ store: inout MessageStore) -> (MessageNumber, Message)?
  {
    let number = find(selector, &store)
    guard !number.isNone, senders.isEmpty else { return nil }
    let message = store[number]
    guard Int(message.length) <= room else { return nil }
    remove(number, message, &store)
    return (number, message)
  }

  /// Gives back what the index holds of the store; the queue ends.
  mutating func dismantle(_ store: inout MessageStore) { index.dismantle(&store) }

  /// The types of the oldest messages, in order.
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
