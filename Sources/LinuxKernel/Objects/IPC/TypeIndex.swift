/// Finds the oldest message of each type in a queue, and the lowest and the highest type.
///
/// Types below 32768, among them all of POSIX's priorities, are bits in groups of 64, and the groups bits of a summary:
/// what one looks for is a few steps away. Others stand in a tree, threaded through the messages themselves; it is a
/// treap, whose shape depends on the types in it alone. Younger messages of a type hang behind the oldest.
///
/// Most queues are empty when a message comes, and it leaves before the next: such a one is in no group nor in the
/// tree. Invariant: where there is an `only` message, there is no other.
struct TypeIndex {
  private var only = MessageNumber.none
  private var onlyType: Int64 = 0
  /// A bit for each group that holds something, and a bit for each of these words that is not 0.
  private var summary: InlineArray<8, UInt64> = .init(repeating: 0)
  private var usedWords: UInt8 = 0
  /// Each group's place in the store; as many as were ever needed.
  private var groups: [UInt32] = []
  private var groupCount = 0
  private var root = MessageNumber.none

  /// Of 64 neighbouring types: which are there, and the oldest and the youngest message of each of those.
  struct Group {
    var bits: UInt64 = 0
    var oldest: InlineArray<64, MessageNumber> = .init(repeating: .none)
    private var youngest: InlineArray<64, MessageNumber> = .init(repeating: .none)

    /// A message becomes the youngest of its type. Returns the one that was; none where it is the first.
    @inline(__always) mutating func enter(_ bit: Int, _ number: MessageNumber) -> MessageNumber {
      let before = youngest[bit]
      youngest[bit] = number
      guard oldest[bit].isNone else { return before }
      oldest[bit] = number
      bits |= 1 << UInt64(bit)
      return .none
    }

    /// `successor`, which may be none, becomes the oldest. Returns whether nothing is left in the group.
    @inline(__always) mutating func advance(_ bit: Int, to successor: MessageNumber) -> Bool {
      oldest[bit] = successor
      let isLast: UInt64 = successor.isNone ? 1 : 0
      bits &= ~(isLast &<< UInt64(bit))
      return bits == 0
    }
  }

  private static let smallTypes: Int64 = 512 * 64

  @inline(__always) private static func isSmall(_ type: Int64) -> Bool { UInt64(bitPattern: type) < UInt64(smallTypes) }

  // What only looks is mutating too, and takes the store inout: borrowed values of these sizes would be copied.

  @inline(__always) mutating func find(_ type: Int64, _ store: inout MessageStore) -> MessageNumber {
    guard only.isNone else { return type == onlyType ? only : .none }
    guard TypeIndex.isSmall(type) else { return findInTree(type, &store) }
    let place = place(of: Int(type >> 6))
    return place == .max ? .none : store.groups[Int(place)].oldest[Int(type & 63)]
  }

  /// Where the group of a number lies in the store; .max for one that was never needed.
  @inline(__always) private func place(of group: Int) -> UInt32 { group < groupCount ? groups[group] : .max }

  @inline(never) mutating func lowest(_ store: inout MessageStore) -> MessageNumber {
    guard only.isNone else { return only }
    guard usedWords != 0 else { return lowestInTree(&store) }
    let word = usedWords.trailingZeroBitCount, number = word << 6 | summary[word].trailingZeroBitCount
    let group = Int(groups[number])
    return store.groups[group].oldest[store.groups[group].bits.trailingZeroBitCount & 63]
  }

  @inline(never) mutating func highest(_ store: inout MessageStore) -> MessageNumber {
    guard only.isNone else { return only }
    guard root.isNone else { return highestInTree(&store) }
    guard usedWords != 0 else { return .none }
    let (group, bit) = highestPlace(&store)
    return store.groups[Int(groups[group])].oldest[bit]
  }

  /// The group of the highest small type there is, and its place there.
  @inline(__always) private func highestPlace(_ store: inout MessageStore) -> (group: Int, bit: Int) {
    let word = (7 &- usedWords.leadingZeroBitCount) & 7
    let group = word << 6 | (63 &- summary[word].leadingZeroBitCount) & 63
    return (group, (63 &- store.groups[Int(groups[group])].bits.leadingZeroBitCount) & 63)
  }

  /// Takes out the oldest message of the highest type, where no type is large; its bytes go to `output`.
  @inline(__always) mutating func takeHighest(_ store: inout MessageStore, into output: ByteBuffer) -> LeavingMessage? {
    guard only.isNone else { return takeOnly(&store, output) }
    guard usedWords != 0 else { return nil }
    let (group, bit) = highestPlace(&store)
    return takeOldest(group, bit, at: groups[group], room: .max, &store, output)
  }

  /// Takes out the oldest message of a type, if there is one and it has no more than `room` bytes; those go to
  /// `output`.
  @inline(__always)
  mutating func takeOldest(_ type: Int64, room: Int, _ store: inout MessageStore, into output: ByteBuffer)
    -> LeavingMessage?
  {
    if !only.isNone {
      guard type == onlyType, Int(store[only].length) <= room else { return nil }
      return takeOnly(&store, output)
    }
    guard TypeIndex.isSmall(type) else { return takeFromTree(type, room, &store, output) }
    let group = Int(type >> 6), place = place(of: group)
    guard place != .max else { return nil }
    return takeOldest(group, Int(type & 63), at: place, room: room, &store, output)
  }

  @inline(__always)
  private mutating func takeOnly(_ store: inout MessageStore, _ output: ByteBuffer) -> LeavingMessage {
    let number = only
    only = .none
    return store.remove(number, into: output)
  }

  @inline(__always) private mutating func takeOldest(
    _ group: Int, _ bit: Int, at place: UInt32, room: Int, _ store: inout MessageStore, _ output: ByteBuffer
  ) -> LeavingMessage? {
    guard let (leaving, isGroupEmpty) = store.takeOldest(bit, in: place, room: room, into: output) else { return nil }
    if isGroupEmpty { emptied(group) }
    return leaving
  }

  @inline(never) private mutating func takeFromTree(
    _ type: Int64, _ room: Int, _ store: inout MessageStore, _ output: ByteBuffer
  ) -> LeavingMessage? {
    let number = findInTree(type, &store)
    guard !number.isNone, Int(store[number].length) <= room else { return nil }
    remove(number, &store)
    return store.remove(number, into: output)
  }

  /// Adds the youngest message of a queue.
  @inline(__always) mutating func enter(_ number: MessageNumber, _ type: Int64, _ store: inout MessageStore) {
    if usedWords != 0 { return enterGroup(number, type, &store) }
    guard only.isNone, root.isNone else { return enterBehindOnly(number, type, &store) }
    only = number
    onlyType = type
  }

  /// As `enter`, where there was one alone, or only large types are.
  @inline(never)
  private mutating func enterBehindOnly(_ number: MessageNumber, _ type: Int64, _ store: inout MessageStore) {
    let first = only
    only = .none
    if !first.isNone { enterGroup(first, onlyType, &store) }
    enterGroup(number, type, &store)
  }

  @inline(__always)
  private mutating func enterGroup(_ number: MessageNumber, _ type: Int64, _ store: inout MessageStore) {
    guard TypeIndex.isSmall(type) else { return enterLarge(number, type, &store) }
    let group = Int(type >> 6)
    var place = place(of: group)
    if place == .max { place = makeGroup(group, &store) }
    let before = store.groups[Int(place)].enter(Int(type & 63), number)
    if before.isNone {
      summary[group >> 6] |= 1 << UInt64(group & 63)
      usedWords |= 1 << UInt8(group >> 6)
    } else {
      store.line(number, upBehind: before)
    }
  }

  @inline(never) private mutating func makeGroup(_ group: Int, _ store: inout MessageStore) -> UInt32 {
    while groups.count <= group { groups.append(.max) }
    groupCount = groups.count
    groups[group] = store.makeGroup()
    return groups[group]
  }

  /// Takes out a message, which is the oldest of its type.
  @inline(never) mutating func remove(_ number: MessageNumber, _ store: inout MessageStore) {
    if number == only {
      only = .none
      return
    }
    let type = store[number].type
    guard TypeIndex.isSmall(type) else { return removeFromTree(number, &store) }
    let group = Int(type >> 6)
    if store.groups[Int(groups[group])].advance(Int(type & 63), to: store[number].nextOfType) { emptied(group) }
  }

  @inline(__always) private mutating func emptied(_ group: Int) {
    let left = summary[group >> 6] & ~(1 << UInt64(group & 63))
    summary[group >> 6] = left
    if left == 0 { usedWords &= ~(1 << UInt8(group >> 6)) }
  }

  mutating func dismantle(_ store: inout MessageStore) {
    for place in groups where place != .max { store.endGroup(place) }
    groups = []
    groupCount = 0
    only = .none
  }

  @inline(never) private mutating func enterLarge(_ number: MessageNumber, _ type: Int64, _ store: inout MessageStore) {
    let oldest = findInTree(type, &store)
    if oldest.isNone {
      store[number].lastOfType = number
      enterTree(number, type, &store)
    } else {
      store.line(number, upBehind: store[oldest].lastOfType)
      store[oldest].lastOfType = number
    }
  }

  private mutating func removeFromTree(_ number: MessageNumber, _ store: inout MessageStore) {
    let successor = store[number].nextOfType, left = store[number].left, right = store[number].right
    let replacement: MessageNumber
    if successor.isNone {
      replacement = left.isNone ? right : right.isNone ? left : merge(left, right, &store)
    } else {
      store[successor].lastOfType = store[number].lastOfType
      store[successor].left = left
      store[successor].right = right
      replacement = successor
    }
    if root == number { root = replacement } else { replace(number, store[number].type, by: replacement, &store) }
  }

  // MARK: The tree

  /// What decides which of two types stands higher: as good as random, and different for different types.
  private func rank(_ type: Int64) -> UInt64 {
    // Each step can be undone, so no two types have the same.
    var word = UInt64(bitPattern: type) &* 0x9E37_79B9_7F4A_7C15
    word ^= word >> 32
    return word &* 0xD6E8_FEB8_6659_FD93
  }

  @inline(never) private func lowestInTree(_ store: inout MessageStore) -> MessageNumber {
    guard !root.isNone else { return .none }
    var lowest = root
    while !store[lowest].left.isNone { lowest = store[lowest].left }
    return lowest
  }

  @inline(never) private func highestInTree(_ store: inout MessageStore) -> MessageNumber {
    var highest = root
    while !store[highest].right.isNone { highest = store[highest].right }
    return highest
  }

  @inline(never) private func findInTree(_ type: Int64, _ store: inout MessageStore) -> MessageNumber {
    var next = root
    while !next.isNone {
      let other = store[next].type
      if other == type { return next }
      next = type < other ? store[next].left : store[next].right
    }
    return .none
  }

  /// A message that is the only one of its type goes where the first of lower rank stands, and takes what is below that
  /// for its branches.
  private mutating func enterTree(_ number: MessageNumber, _ type: Int64, _ store: inout MessageStore) {
    let rank = self.rank(type)
    var parent = MessageNumber.none, next = root
    while !next.isNone, self.rank(store[next].type) > rank {
      parent = next
      next = type < store[next].type ? store[next].left : store[next].right
    }
    let (left, right) = split(next, at: type, &store)
    store[number].left = left
    store[number].right = right
    if parent.isNone { root = number } else { setBranch(of: parent, towards: type, number, &store) }
  }

  private func setBranch(
    of parent: MessageNumber, towards type: Int64, _ child: MessageNumber, _ store: inout MessageStore
  ) {
    if type < store[parent].type { store[parent].left = child } else { store[parent].right = child }
  }

  /// Puts `replacement` where `number`, which is not the root, hangs.
  private func replace(
    _ number: MessageNumber, _ type: Int64, by replacement: MessageNumber, _ store: inout MessageStore
  ) {
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
