/// A bounded queue of messages, and those who sleep until it has room or a message: what both kinds of message queue stand
/// on. Linux has this twice, in ipc/msg.c and in ipc/mqueue.c.
///
/// Messages stand in the order of their arrival, and the oldest of each type in a tree ordered by type: so the next one of
/// a type, the lowest type and the highest priority are found without a walk past others.
struct MessageQueue {
  /// The two kinds, where they differ: in who is served first of those who sleep.
  enum Kind: Sendable { case systemV, posix }

  let kind: Kind
  // The oldest and the youngest message.
  fileprivate(set) var first = MessageNumber.none
  fileprivate(set) var last = MessageNumber.none
  /// The tree of types: a treap, whose shape depends on the types in it alone.
  fileprivate var root = MessageNumber.none
  fileprivate(set) var count = 0
  fileprivate(set) var byteCount = 0
  var countLimit: Int
  var byteLimit: Int
  var receivers = SleeperLine()
  var senders = SleeperLine()

  init(_ kind: Kind, countLimit: Int, byteLimit: Int) {
    self.kind = kind
    self.countLimit = countLimit
    self.byteLimit = byteLimit
  }

  /// Linux: msg_fits_inqueue().
  @inline(__always) func hasRoom(for length: Int) -> Bool { count < countLimit && length <= byteLimit && byteCount <= byteLimit - length }
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
  /// Adds a message. Linux: msg_insert(), and the end of do_msgsnd().
  @inline(__always) mutating func append(_ number: MessageNumber, _ store: inout MessageStore) {
    count += 1
    byteCount += Int(store[number].length)
    store[number].previous = last
    if last.isNone { first = number } else { store[last].next = number }
    last = number
    if root.isNone {
      store[number].lastOfType = number
      root = number
    } else {
      enterTree(number, &store)
    }
  }

  /// The message that `selector` chooses. Linux: find_msg(), msg_get().
  @inline(__always) func find(_ selector: MessageSelector, _ store: borrowing MessageStore) -> MessageNumber {
    switch selector {
    case .oldest: return first
    case .type(let type): return find(type: type, store)
    case .lowest(let limit):
      guard !root.isNone else { return .none }
      var lowest = root
      while !store[lowest].left.isNone { lowest = store[lowest].left }
      return store[lowest].type <= limit ? lowest : .none
    case .highest:
      guard !root.isNone else { return .none }
      var highest = root
      while !store[highest].right.isNone { highest = store[highest].right }
      return highest
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
  @inline(__always) mutating func remove(_ number: MessageNumber, _ store: inout MessageStore) {
    let message = store[number]
    count -= 1
    byteCount -= Int(message.length)
    if message.previous.isNone { first = message.next } else { store[message.previous].next = message.next }
    if message.next.isNone { last = message.previous } else { store[message.next].previous = message.previous }
    let successor = message.nextOfType
    let replacement: MessageNumber
    if successor.isNone {
      replacement = message.left.isNone ? message.right : message.right.isNone ? message.left : merge(message.left, message.right, &store)
    } else {
      store[successor].lastOfType = message.lastOfType
      store[successor].left = message.left
      store[successor].right = message.right
      replacement = successor
    }
    if root == number { root = replacement } else { replace(number, message.type, by: replacement, &store) }
  }

  /// All messages, the oldest first.
  func types(_ store: borrowing MessageStore, limit: Int) -> [Int64] {
    var types: [Int64] = []
    var next = first
    while !next.isNone, types.count < limit {
      types.append(store[next].type)
      next = store[next].next
    }
    return types
  }

  // MARK: The tree of types

  /// What decides which of two types stands higher: as good as random, and different for different types.
  private func rank(_ type: Int64) -> UInt64 {
    // Each step can be undone, so no two types have the same.
    var word = UInt64(bitPattern: type) &* 0x9E37_79B9_7F4A_7C15
    word ^= word >> 32
    return word &* 0xD6E8_FEB8_6659_FD93
  }

  private func find(type: Int64, _ store: borrowing MessageStore) -> MessageNumber {
    var next = root
    while !next.isNone {
      let other = store[next].type
      if other == type { return next }
      next = type < other ? store[next].left : store[next].right
    }
    return .none
  }

  private mutating func enterTree(_ number: MessageNumber, _ store: inout MessageStore) {
    let type = store[number].type
    let oldest = find(type: type, store)
    if !oldest.isNone {
      store[store[oldest].lastOfType].nextOfType = number
      store[oldest].lastOfType = number
      return
    }
    // It goes where the first of lower rank stands, and takes what is below that for its branches.
    let rank = rank(type)
    var parent = MessageNumber.none, next = root
    while !next.isNone, self.rank(store[next].type) > rank {
      parent = next
      next = type < store[next].type ? store[next].left : store[next].right
    }
    let (left, right) = split(next, at: type, &store)
    store[number].lastOfType = number
    store[number].left = left
    store[number].right = right
    if parent.isNone { root = number } else { setBranch(of: parent, towards: type, number, &store) }
  }

  private func setBranch(of parent: MessageNumber, towards type: Int64, _ child: MessageNumber, _ store: inout MessageStore) {
    if type < store[parent].type { store[parent].left = child } else { store[parent].right = child }
  }

  /// Puts `replacement` where `number`, which is not the root, hangs.
  private func replace(_ number: MessageNumber, _ type: Int64, by replacement: MessageNumber, _ store: inout MessageStore) {
    var parent = root
    while true {
      let next = type < store[parent].type ? store[parent].left : store[parent].right
      if next == number { break }
      parent = next
    }
    setBranch(of: parent, towards: type, replacement, &store)
  }

  /// Divides a subtree into the types below and those above `type`, which is not in it.
  private func split(
    _ subtree: MessageNumber, at type: Int64, _ store: inout MessageStore
  ) -> (MessageNumber, MessageNumber) {
    var below = MessageNumber.none, above = MessageNumber.none
    // Where the next part of either hangs; none for the top.
    var belowEnd = MessageNumber.none, aboveEnd = MessageNumber.none
    var next = subtree
    while !next.isNone {
      if store[next].type < type {
        if belowEnd.isNone { below = next } else { store[belowEnd].right = next }
        belowEnd = next
        next = store[next].right
      } else {
        if aboveEnd.isNone { above = next } else { store[aboveEnd].left = next }
        aboveEnd = next
        next = store[next].left
      }
    }
    if !belowEnd.isNone { store[belowEnd].right = .none }
    if !aboveEnd.isNone { store[aboveEnd].left = .none }
    return (below, above)
  }

  /// Joins two subtrees, all of whose types on the left are below those on the right.
  private func merge(_ left: MessageNumber, _ right: MessageNumber, _ store: inout MessageStore) -> MessageNumber {
    var left = left, right = right
    var top = MessageNumber.none, end = MessageNumber.none
    var endsLeft = false
    while !left.isNone, !right.isNone {
      let takesLeft = rank(store[left].type) > rank(store[right].type)
      let next = takesLeft ? left : right
      if end.isNone { top = next } else if endsLeft { store[end].right = next } else { store[end].left = next }
      end = next
      endsLeft = takesLeft
      if takesLeft { left = store[left].right } else { right = store[right].left }
    }
    let rest = left.isNone ? right : left
    if end.isNone { return rest }
    if endsLeft { store[end].right = rest } else { store[end].left = rest }
    return top
  }
}

extension Kernel {
  /// The rows of /proc/sysvipc/msg. Linux: sysvipc_msg_proc_show().
  func messageQueueRows(_ namespace: ID<IPCNamespace>) -> String { "" }
}
