/// A stretch of a task's memory.
struct Segment: Sendable {
  var address: UInt64
  var count: Int
}

/// Where a call puts the bytes it reads: the reply, or the caller's memory. Linux: struct iov_iter on the way in.
public struct Destination: Argument {
  /// Bytes still wanted.
  public private(set) var remaining: Int
  /// Whether the bytes are the call's answer; otherwise they go to `segments`.
  let isReply: Bool
  private var segments: [Segment] = []
  private var single = Segment(address: 0, count: 0)

  public static var kind: ArgumentKind { .destination }

  /// Bytes that become the call's answer.
  init(replyOf count: Int) {
    isReply = true
    remaining = count
  }

  init(memory segments: [Segment]) {
    isReply = false
    self.segments = segments.reversed()
    remaining = segments.reduce(0) { $0 + $1.count }
  }

  /// A count that is negative as a signed word is what Linux refuses as too large.
  @inline(__always)
  public static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> Destination {
    if raw.form == .memory {
      var destination = Destination(memory: [])
      destination.single = Segment(address: UInt64(bitPattern: raw.word), count: raw.count)
      destination.remaining = raw.count
      return destination
    }
    return Destination(replyOf: Int(raw.word))
  }

  /// Limits how much will be taken.
  mutating func truncate(to count: Int) { remaining = min(remaining, count) }

  /// The next piece of the caller's memory, at most `limit` bytes.
  fileprivate mutating func next(_ limit: Int) -> Segment? {
    while single.count == 0, let segment = segments.popLast() { single = segment }
    let count = min(single.count, limit, remaining)
    guard count > 0 else { return nil }
    return Segment(address: single.address, count: count)
  }

  @inline(__always) fileprivate mutating func advance(_ count: Int) {
    single.address &+= UInt64(count)
    single.count -= count
    remaining -= count
  }

  @inline(__always) fileprivate mutating func tookReply(_ count: Int) { remaining -= count }
}

/// What a transfer to a destination returns: the bytes themselves where they are the answer, else their number.
struct Transferred: Returned {
  let count: Int
  let isReply: Bool
  static var results: [ResultKind] { [.transfer] }

  init(_ count: Int, _ destination: Destination) {
    self.count = count
    isReply = destination.isReply
  }

  @inline(__always) func store(_ kernel: inout Kernel) {
    kernel.reply.words[0] = Int64(count)
    kernel.reply.hasBytes = isReply
  }
}

/// Where the bytes come from that a call writes: the caller's interpreter or memory. Linux: struct iov_iter.
public struct Source: Argument {
  public private(set) var remaining: Int
  private var inline: ByteView
  private var pieces: [Piece] = []
  private var single = Segment(address: 0, count: 0)

  /// One of several stretches of bytes (writev).
  enum Piece {
    case bytes(ByteView)
    case memory(Segment)

    var count: Int {
      switch self {
      case .bytes(let view): view.count
      case .memory(let segment): segment.count
      }
    }
  }

  public static var kind: ArgumentKind { .data }

  init(_ view: ByteView) {
    inline = view
    remaining = view.count
  }

  init(pieces: [Piece]) {
    inline = .empty
    self.pieces = pieces.reversed()
    remaining = pieces.reduce(0) { $0 + $1.count }
  }

  @inline(__always)
  public static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> Source {
    if raw.form == .memory {
      var source = Source(.empty)
      source.single = Segment(address: UInt64(bitPattern: raw.word), count: raw.count)
      source.remaining = raw.count
      return source
    }
    return Source(raw.view)
  }

  /// Steps over `count` bytes, as when an earlier performance of the call has already transferred them.
  mutating func skip(_ count: Int) {
    var left = count
    while left > 0 {
      if let view = takeInline(left) {
        left -= view.count
      } else if let piece = next(left) {
        advance(piece.count)
        left -= piece.count
      } else {
        return
      }
    }
  }

  mutating func truncate(to count: Int) { remaining = min(remaining, count) }

  /// The next bytes, if they came as bytes.
  @inline(__always) fileprivate mutating func takeInline(_ count: Int) -> ByteView? {
    if inline.count == 0 { startPiece() }
    guard inline.count > 0, count > 0, remaining > 0 else { return nil }
    let piece = inline.slice(0, min(count, inline.count, remaining))
    inline = inline.slice(piece.count, inline.count - piece.count)
    remaining -= piece.count
    return piece
  }

  /// Turns to the next piece when the one before is used up.
  @inline(__always) private mutating func startPiece() {
    while single.count == 0, inline.count == 0, let piece = pieces.popLast() {
      switch piece {
      case .bytes(let view): inline = view
      case .memory(let segment): single = segment
      }
    }
  }

  fileprivate mutating func next(_ limit: Int) -> Segment? {
    startPiece()
    let count = min(single.count, limit, remaining)
    guard count > 0, inline.count == 0 else { return nil }
    return Segment(address: single.address, count: count)
  }

  fileprivate mutating func advance(_ count: Int) {
    single.address &+= UInt64(count)
    single.count -= count
    remaining -= count
  }
}

extension Kernel {
  /// Hands `view` on to the destination. Returns how many bytes arrived: fewer where memory faults.
  @inline(__always)
  mutating func deliver(_ view: ByteView, to destination: inout Destination, of me: TaskID) -> Int {
    if destination.isReply {
      output.append(view)
      destination.tookReply(view.count)
      return view.count
    }
    return deliverToMemory(view, to: &destination, of: me)
  }

  private mutating func deliverToMemory(_ view: ByteView, to destination: inout Destination, of me: TaskID) -> Int {
    var done = 0
    while done < view.count, let piece = destination.next(view.count - done) {
      let copied = writeMemory(view.slice(done, piece.count), at: piece.address, of: me)
      destination.advance(copied)
      done += copied
      if copied < piece.count { break }
    }
    return done
  }

  /// Fills `page` from `offset` with at most `count` bytes of the source. Returns how many: fewer where memory faults.
  @inline(__always)
  mutating func fill(_ page: inout Page, at offset: Int, _ count: Int, from source: inout Source, of me: TaskID) -> Int {
    if let view = source.takeInline(count) {
      page.write(view, at: offset)
      if view.count == count { return count }
      return view.count + fillPieces(&page, at: offset + view.count, count - view.count, from: &source, of: me)
    }
    return fillPieces(&page, at: offset, count, from: &source, of: me)
  }

  private mutating func fillPieces(_ page: inout Page, at offset: Int, _ count: Int, from source: inout Source, of me: TaskID) -> Int {
    var done = 0
    while done < count {
      if let view = source.takeInline(count - done) {
        page.write(view, at: offset + done)
        done += view.count
        continue
      }
      guard let piece = source.next(count - done) else { break }
      let copied = readMemory(piece.address, piece.count, of: me) { view, at in page.write(view, at: offset + done + at) }
      source.advance(copied)
      done += copied
      if copied < piece.count { break }
    }
    return done
  }

  /// Hands on one 64-bit word. False where memory faults.
  @inline(__always)
  mutating func deliver(word: UInt64, to destination: inout Destination, of me: TaskID) -> Bool {
    if destination.isReply {
      output.append(word)
      destination.tookReply(8)
      return true
    }
    let bytes = (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64($0 * 8)) }
    return bytes.withByteView { deliver($0, to: &destination, of: me) } == 8
  }

  /// Takes one 64-bit word. Throws EFAULT where memory faults.
  @inline(__always)
  mutating func takeWord(from source: inout Source, of me: TaskID) throws(Stop) -> UInt64 {
    if let view = source.takeInline(8), view.count == 8 { return view.load(at: 0) }
    let bytes = try bytes(of: source, me)
    source.skip(8)
    return bytes.withByteView { $0.load(at: 0) }
  }

  /// All bytes of the source, for calls that take small ones whole. Throws EFAULT where memory faults.
  mutating func bytes(of source: Source, _ me: TaskID) throws(Stop) -> [UInt8] {
    var source = source
    var bytes: [UInt8] = []
    while source.remaining > 0 {
      if let view = source.takeInline(source.remaining) {
        bytes += view.array
        continue
      }
      guard let piece = source.next(source.remaining) else { break }
      let copied = readMemory(piece.address, piece.count, of: me) { view, _ in bytes += view.array }
      guard copied == piece.count else { throw .errno(.EFAULT) }
      source.advance(copied)
    }
    return bytes
  }
}
