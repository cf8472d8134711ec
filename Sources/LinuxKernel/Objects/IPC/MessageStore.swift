/// Names a message of the kernel's store.
struct MessageNumber: Equatable, Sendable {
  let index: UInt32
  /// No message.
  static let none = MessageNumber(index: .max)
  @inline(__always) var isNone: Bool { index == .max }
}

/// A message without its bytes: 48 bytes, of which there may be a million.
struct Message {
  /// System V's type or POSIX's priority: what its queue finds it by.
  let type: Int64
  // Its neighbours in the queue, in the order of arrival. In the store's free list, `next` is the next free one.
  var previous = MessageNumber.none
  var next = MessageNumber.none
  /// The next younger one of the same type.
  var nextOfType = MessageNumber.none
  // Of the oldest one of its type, which stands for the type in the queue's tree: the youngest, and the tree's branches.
  var lastOfType = MessageNumber.none
  var left = MessageNumber.none
  var right = MessageNumber.none
  /// The page where its bytes start, and where in it; they go on in the page after that one.
  fileprivate(set) var page = PayloadPages.none
  fileprivate(set) var offset: UInt16 = 0
  fileprivate(set) var length: UInt32

  fileprivate static let freeLength = UInt32.max
  fileprivate var isFree: Bool { length == Message.freeLength }
  @inline(__always) fileprivate mutating func free(before next: MessageNumber) {
    length = Message.freeLength
    self.next = next
  }
}

/// The messages of all queues, of both kinds. Linux: struct msg_msg, ipc/msgutil.c.
///
/// A message costs no allocation of its own: its fields lie in a chunked array, its bytes one behind the other in pages that
/// they share with their neighbours in time. What this comes to is 53 bytes a message and its payload, plus at most a
/// quarter for pages that others have left.
struct MessageStore {
  private var messages = ChunkedArray<Message>()
  private var firstFree = MessageNumber.none
  private(set) var count = 0
  private var payload = PayloadPages()
  /// Parts of the queues' indices. A free one has the next free one in its first place.
  var groups = ChunkedArray<TypeIndex.Group>()
  private var firstFreeGroup = UInt32.max

  @inline(__always) subscript(_ number: MessageNumber) -> Message {
    _read { yield messages[Int(number.index)] }
    _modify { yield &messages[Int(number.index)] }
  }

  /// A new message that is in no queue.
  @inline(__always) mutating func insert(type: Int64, _ view: ByteView) -> MessageNumber {
    var message = Message(type: type, length: UInt32(truncatingIfNeeded: view.count))
    if view.count > 0 { (message.page, message.offset) = payload.append(view) }
    count += 1
    let number = firstFree
    guard !number.isNone else {
      let new = MessageNumber(index: UInt32(messages.count))
      message.lastOfType = new
      messages.append(message)
      return new
    }
    firstFree = messages[Int(number.index)].next
    message.lastOfType = number
    messages[Int(number.index)] = message
    return number
  }

  /// Ends a message that is in no queue.
  @inline(__always) mutating func remove(_ number: MessageNumber) {
    let message = messages[Int(number.index)]
    if message.length > 0 { payload.release(message) }
    count -= 1
    if count == 0, messages.count > MessageStore.keptWhenEmpty {
      // A burst is over: its room goes back.
      messages = ChunkedArray()
      firstFree = .none
    } else {
      messages[Int(number.index)].free(before: firstFree)
      firstFree = number
    }
    if payload.isWorthCompacting(messageCount: count) { compact() }
  }

  private static let keptWhenEmpty = 4096

  /// Appends the first `limit` bytes of a message to `output`; returns how many there were.
  @inline(__always) func read(_ number: MessageNumber, limit: Int, into output: ByteBuffer) -> Int {
    let message = messages[Int(number.index)], count = min(limit, Int(message.length))
    if count > 0 { payload.read(message, count, into: output) }
    return count
  }

  /// Another message with the same type and bytes (MSG_COPY).
  mutating func copy(_ number: MessageNumber) -> MessageNumber {
    let bytes = ByteBuffer(capacity: max(1, Int(messages[Int(number.index)].length)))
    _ = read(number, limit: .max, into: bytes)
    return insert(type: messages[Int(number.index)].type, bytes.view)
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

  /// Moves all bytes together, so that pages with few live ones are given back. Each byte that is moved stands for a
  /// quarter of one that was released since the last time.
  @inline(never) private mutating func compact() {
    let old = payload
    payload = PayloadPages()
    let bytes = ByteBuffer()
    for index in 0..<messages.count where !messages[index].isFree && messages[index].length > 0 {
      bytes.clear()
      old.read(messages[index], Int(messages[index].length), into: bytes)
      (messages[index].page, messages[index].offset) = payload.append(bytes.view)
    }
  }
}

/// The bytes of messages, one behind the other in pages. A page ends when no message has a piece in it.
private struct PayloadPages {
  private struct Entry {
    /// nil for a free entry.
    var page: Page?
    /// The page after this one, where messages that reach its end go on; of a free entry, the next free one.
    var next = PayloadPages.none
    /// How many messages have bytes in it.
    var pieces: UInt32 = 0

    // Each in one access, which costs the check that no snapshot shares the entry.
    @inline(__always) mutating func add(_ view: ByteView, at offset: Int) {
      page!.write(view, at: offset)
      pieces += 1
    }

    /// Returns whether it was the last piece.
    @inline(__always) mutating func drop() -> Bool {
      pieces -= 1
      return pieces == 0
    }
  }

  static let none = UInt32.max

  private var entries = ChunkedArray<Entry>()
  private var firstFree = PayloadPages.none
  private var pageCount = 0
  private var liveBytes = 0
  /// The page that is being filled, and how far it is.
  private var current = PayloadPages.none
  private var used = 0
  /// A page let go, for the next one that is needed: queues that fill and empty by turns allocate nothing.
  private var spare: Page?

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

  private mutating func appendPieces(_ view: ByteView) {
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

  @inline(__always) mutating func release(_ message: Message) {
    liveBytes -= Int(message.length)
    if Int(message.offset) + Int(message.length) <= Page.size {
      releasePiece(message.page)
    } else {
      var left = Int(message.offset) + Int(message.length), number = message.page
      while left > 0 {
        let next = entries[Int(number)].next
        releasePiece(number)
        number = next
        left -= Page.size
      }
    }
  }

  @inline(__always) private mutating func releasePiece(_ number: UInt32) {
    guard entries[Int(number)].drop() else { return }
    if number == current {
      // Nothing of it is needed any more: it is filled again from the start.
      used = 0
    } else {
      endPage(number)
    }
  }

  @inline(never) private mutating func endPage(_ number: UInt32) {
    spare = entries[Int(number)].page.take()
    entries[Int(number)].next = firstFree
    firstFree = number
    pageCount -= 1
  }

  @inline(__always) func read(_ message: Message, _ count: Int, into output: ByteBuffer) {
    let offset = Int(message.offset)
    if offset + count <= Page.size {
      output.append(entries[Int(message.page)].page!.view(offset, count))
      return
    }
    var done = 0, number = message.page, at = offset
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
    return dead > 65536 && dead > (liveBytes + 16 * messageCount) / 4 + 65536
  }
}
