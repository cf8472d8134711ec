/// Names a message of the kernel's store.
struct MessageNumber: Equatable, Sendable {
  let index: UInt32
  /// No message.
  static let none = MessageNumber(index: .max)
  @inline(__always) var isNone: Bool { index == .max }
}

/// A message: 128 bytes, of which there may be a million.
struct Message {
  /// System V's type or POSIX's priority: what its queue finds it by.
  fileprivate(set) var type: Int64 = 0
  // Its neighbours in a System V queue, in the order of arrival. In the store's free list, `next` is the next free one.
  var previous = MessageNumber.none
  var next = MessageNumber.none
  /// The next younger one of the same type.
  var nextOfType = MessageNumber.none
  // Of the oldest one of a large type, which stands for the type in the queue's tree: the youngest, and the tree's
  // branches.
  var lastOfType = MessageNumber.none
  var left = MessageNumber.none
  var right = MessageNumber.none
  fileprivate(set) var length = Message.freeLength
  /// Of one that is too long for `bytes`: the page where its bytes start, and where in it; they go on in the page after
  /// that one.
  fileprivate var page = PayloadPages.none
  fileprivate var offset: UInt16 = 0
  /// All its bytes, if they are few: then one access finds all that there is of it.
  private var bytes = MessageBytes()

  fileprivate static let freeLength = UInt32.max
  fileprivate var isFree: Bool { length == Message.freeLength }
  @inline(__always) fileprivate var isLong: Bool { length > MessageBytes.capacity }

  @inline(__always) fileprivate mutating func free(before next: MessageNumber) {
    length = Message.freeLength
    self.next = next
  }

  /// A free place is taken by a message; returns the next free one. The bytes are kept if they are few.
  @inline(__always) fileprivate mutating func begin(
    _ type: Int64, behind previous: MessageNumber, _ view: ByteView
  ) -> MessageNumber {
    let nextFree = next
    self.type = type
    self.previous = previous
    next = .none
    nextOfType = .none
    length = UInt32(truncatingIfNeeded: view.count)
    if view.count <= MessageBytes.capacity { bytes.store(view) }
    return nextFree
  }

  /// Appends the first of its few bytes to `output`.
  fileprivate mutating func read(_ count: Int, into output: ByteBuffer) { bytes.append(count, to: output) }

  /// The message goes, and its few bytes with it to `output`; returns what is left to be done about it. nil where its
  /// bytes are many, and nothing has changed.
  @inline(__always) fileprivate mutating func leave(before nextFree: MessageNumber, into output: ByteBuffer)
    -> LeavingMessage?
  {
    guard !isLong else { return nil }
    let leaving = LeavingMessage(
      type: type, length: length, previous: previous, next: next, nextOfType: nextOfType)
    bytes.append(Int(length), to: output)
    free(before: nextFree)
    return leaving
  }
}

/// What is known of a message that goes.
struct LeavingMessage {
  let type: Int64
  let length: UInt32
  let previous: MessageNumber
  let next: MessageNumber
  fileprivate let nextOfType: MessageNumber
}

/// The messages of all queues, of both kinds. Linux: struct msg_msg, ipc/msgutil.c.
///
/// A message costs no allocation of its own: it lies in a chunked array, with up to 80 bytes; more lie one behind the
/// other in pages that they share with their neighbours in time. What this comes to is 128 bytes a message, and for a
/// long one its payload, plus at most a quarter for pages that others have left.
struct MessageStore: ~Copyable {
  private var messages = ChunkedStore<Message>()
  private var firstFree = MessageNumber.none
  private(set) var count = 0
  private var payload = PayloadPages()
  /// Parts of the queues' indices. A free one has the next free one in its first place.
  var groups = ChunkedStore<TypeIndex.Group>()
  private var firstFreeGroup = UInt32.max

  init() {}

  /// A second store with the same messages.
  borrowing func copy() -> MessageStore {
    var copy = MessageStore()
    copy.messages = messages.copy()
    (copy.firstFree, copy.count, copy.firstFreeGroup) = (firstFree, count, firstFreeGroup)
    copy.payload = payload.copy()
    copy.groups = groups.copy()
    return copy
  }

  @inline(__always) subscript(_ number: MessageNumber) -> Message {
    @inline(__always) _read { yield messages[Int(number.index)] }
    @inline(__always) _modify { yield &messages[Int(number.index)] }
  }

  /// A new message, which is to stand behind `previous`; with none, it is in no queue yet.
  @inline(__always)
  mutating func insert(type: Int64, _ view: ByteView, behind previous: MessageNumber = .none) -> MessageNumber {
    if firstFree.isNone { grow() }
    let number = firstFree
    firstFree = messages[Int(number.index)].begin(type, behind: previous, view)
    count &+= 1
    if view.count > MessageBytes.capacity { appendPayload(number, view) }
    return number
  }

  @inline(never) private mutating func grow() {
    firstFree = MessageNumber(index: UInt32(messages.count))
    messages.append(Message())
  }

  @inline(never) private mutating func appendPayload(_ number: MessageNumber, _ view: ByteView) {
    (messages[Int(number.index)].page, messages[Int(number.index)].offset) = payload.append(view)
  }

  /// Ends a message that is in no queue.
  @inline(never) mutating func remove(_ number: MessageNumber) {
    if messages[Int(number.index)].isLong { payload.release(messages[Int(number.index)]) }
    messages[Int(number.index)].free(before: firstFree)
    freed(number)
    compactIfWorthIt()
  }

  /// The same; its bytes go to `output`. Returns what it was.
  @inline(__always) mutating func remove(_ number: MessageNumber, into output: ByteBuffer) -> LeavingMessage {
    guard let leaving = messages[Int(number.index)].leave(before: firstFree, into: output) else {
      return removeLong(number, into: output)
    }
    freed(number)
    return leaving
  }

  @inline(never) private mutating func removeLong(_ number: MessageNumber, into output: ByteBuffer) -> LeavingMessage {
    let message = messages[Int(number.index)]
    payload.release(message, into: output)
    messages[Int(number.index)].free(before: firstFree)
    freed(number)
    compactIfWorthIt()
    return LeavingMessage(
      type: message.type, length: message.length, previous: message.previous, next: message.next,
      nextOfType: message.nextOfType)
  }

  /// Takes out the oldest message of a type that an index has in this place of its group, if it has no more than `room`
  /// bytes, which go to `output`; tells whether nothing is left in the group.
  @inline(__always)
  mutating func takeOldest(_ bit: Int, in group: UInt32, room: Int, into output: ByteBuffer) -> (
    LeavingMessage, isGroupEmpty: Bool
  )? {
    let number = groups[Int(group)].oldest[bit]
    guard !number.isNone, Int(messages[Int(number.index)].length) <= room else { return nil }
    let leaving = remove(number, into: output)
    return (leaving, groups[Int(group)].advance(bit, to: leaving.nextOfType))
  }

  /// The place of a message is free, and first among those that are.
  @inline(__always) private mutating func freed(_ number: MessageNumber) {
    firstFree = number
    count &-= 1
    if count == 0, messages.count > MessageStore.keptWhenEmpty { giveBack() }
  }

  /// A burst is over: its room goes back.
  @inline(never) private mutating func giveBack() {
    messages = ChunkedStore()
    firstFree = .none
  }

  private static let keptWhenEmpty = 4096

  /// Appends the first `limit` bytes of a message to `output`; returns how many there were.
  mutating func read(_ number: MessageNumber, limit: Int, into output: ByteBuffer) -> Int {
    let count = min(limit, Int(messages[Int(number.index)].length))
    if messages[Int(number.index)].isLong {
      payload.read(messages[Int(number.index)], count, into: output)
    } else {
      messages[Int(number.index)].read(count, into: output)
    }
    return count
  }

  /// Another message with the same type and bytes (MSG_COPY).
  mutating func copy(_ number: MessageNumber) -> MessageNumber {
    let bytes = ByteBuffer(capacity: max(1, Int(messages[Int(number.index)].length)))
    _ = read(number, limit: .max, into: bytes)
    return insert(type: messages[Int(number.index)].type, bytes.view)
  }

  /// Puts a message behind all others of its type, of which `youngest` is the last.
  @inline(__always) mutating func line(_ number: MessageNumber, upBehind youngest: MessageNumber) {
    messages[Int(youngest.index)].nextOfType = number
  }

  /// An empty group for an index.
  mutating func makeGroup() -> UInt32 {
    let place = firstFreeGroup
    guard place != .max else {
      groups.append(TypeIndex.Group())
      return UInt32(groups.count - 1)
    }
    firstFreeGroup = groups[Int(place)].oldest[0].index
    groups[Int(place)] = TypeIndex.Group()
    return place
  }

  mutating func endGroup(_ place: UInt32) {
    groups[Int(place)].oldest[0] = MessageNumber(index: firstFreeGroup)
    firstFreeGroup = place
  }

  private mutating func compactIfWorthIt() {
    if payload.isWorthCompacting(messageCount: count) { compact() }
  }

  /// Moves all bytes together, so that pages with few live ones are given back. Each byte that is moved stands for a
  /// quarter of one that was released since the last time.
  @inline(never) private mutating func compact() {
    var old = PayloadPages()
    swap(&old, &payload)
    let bytes = ByteBuffer()
    for index in 0..<messages.count where !messages[index].isFree && messages[index].isLong {
      bytes.clear()
      old.read(messages[index], Int(messages[index].length), into: bytes)
      (messages[index].page, messages[index].offset) = payload.append(bytes.view)
    }
  }
}

/// The bytes of long messages, one behind the other in pages. A page ends when no message has a piece in it.
private struct PayloadPages: ~Copyable {
  private struct Entry {
    /// nil for a free entry.
    var page: Page?
    /// The page after this one, where messages that reach its end go on; of a free entry, the next free one.
    var next = PayloadPages.none
    /// How many messages have bytes in it.
    var pieces: UInt32 = 0

    // Each in one access to the entry.
    @inline(__always) mutating func add(_ view: ByteView, at offset: Int) {
      page!.write(view, at: offset)
      pieces += 1
    }

    /// Returns whether it was the last piece.
    @inline(__always) mutating func drop() -> Bool {
      pieces -= 1
      return pieces == 0
    }

    /// The same for one whose bytes go to `output`.
    @inline(__always) mutating func drop(_ offset: Int, _ count: Int, into output: ByteBuffer) -> Bool {
      output.append(page!.view(offset, count))
      return drop()
    }
  }

  static let none = UInt32.max
  /// Bytes that may lie idle however few are in use: moving a thousand messages ten times as often would cost a tenth
  /// of each receipt's time.
  private static let tolerated = 262144

  private var entries = ChunkedStore<Entry>()
  private var firstFree = PayloadPages.none
  private var pageCount = 0
  private var liveBytes = 0
  /// The page that is being filled, and how far it is.
  private var current = PayloadPages.none
  private var used = 0
  /// A page let go, for the next one that is needed: queues that fill and empty by turns allocate nothing.
  private var spare: Page?

  borrowing func copy() -> PayloadPages {
    var copy = PayloadPages()
    copy.entries = entries.copy()
    (copy.firstFree, copy.pageCount, copy.liveBytes) = (firstFree, pageCount, liveBytes)
    (copy.current, copy.used) = (current, used)
    return copy
  }

  /// Copies `view`, which is not empty, behind what came before. Returns where it starts.
  @inline(__always) mutating func append(_ view: ByteView) -> (page: UInt32, offset: UInt16) {
    if current == PayloadPages.none || used == Page.size { startPage() }
    let place = (current, UInt16(used))
    liveBytes += view.count
    if used + view.count <= Page.size {
      entries[Int(current)].add(view, at: used)
      used += view.count
    } else {
      appendPieces(view)
    }
    return place
  }

  @inline(never) private mutating func appendPieces(_ view: ByteView) {
    var done = 0
    while done < view.count {
      if used == Page.size { startPage() }
      let count = min(view.count - done, Page.size - used)
      entries[Int(current)].add(view.slice(done, count), at: used)
      used += count
      done += count
    }
  }

  @inline(never) private mutating func startPage() {
    let page = spare.take() ?? .uninitialised
    pageCount += 1
    var number = firstFree
    if number == PayloadPages.none {
      number = UInt32(entries.count)
      entries.append(Entry(page: page))
    } else {
      firstFree = entries[Int(number)].next
      entries[Int(number)] = Entry(page: page)
    }
    if current != PayloadPages.none { entries[Int(current)].next = number }
    current = number
    used = 0
  }

  mutating func release(_ message: Message) {
    liveBytes -= Int(message.length)
    var left = Int(message.offset) + Int(message.length), number = message.page
    while left > 0 {
      let next = entries[Int(number)].next
      if entries[Int(number)].drop() { emptied(number) }
      number = next
      left -= Page.size
    }
  }

  @inline(__always) mutating func release(_ message: Message, into output: ByteBuffer) {
    let offset = Int(message.offset), count = Int(message.length)
    guard offset + count <= Page.size else { return releasePieces(message, into: output) }
    liveBytes -= count
    if entries[Int(message.page)].drop(offset, count, into: output) { emptied(message.page) }
  }

  @inline(never) private mutating func releasePieces(_ message: Message, into output: ByteBuffer) {
    read(message, Int(message.length), into: output)
    release(message)
  }

  /// A page has no message's bytes any more. The one that is being filled is filled again from the start.
  @inline(__always) private mutating func emptied(_ number: UInt32) {
    if number == current { used = 0 } else { endPage(number) }
  }

  @inline(never) private mutating func endPage(_ number: UInt32) {
    spare = entries[Int(number)].page.take()
    entries[Int(number)].next = firstFree
    firstFree = number
    pageCount -= 1
  }

  func read(_ message: Message, _ count: Int, into output: ByteBuffer) {
    var done = 0, number = message.page, at = Int(message.offset)
    while done < count {
      let step = min(count - done, Page.size - at)
      output.append(entries[Int(number)].page!.view(at, step))
      done += step
      at = 0
      number = entries[Int(number)].next
    }
  }

  /// Whether more than a quarter of the bytes held mean nothing. Moving costs a step for each message, too.
  @inline(__always) func isWorthCompacting(messageCount: Int) -> Bool {
    let dead = pageCount * Page.size - liveBytes
    return dead > PayloadPages.tolerated && dead > (liveBytes + 16 * messageCount) / 4 + PayloadPages.tolerated
  }
}
