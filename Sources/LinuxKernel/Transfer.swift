/// A stretch of a task's memory.
struct Segment: Sendable {
  var address: UInt64
  var count: Int
}

/// One of several stretches of bytes (writev): handed over, or in memory.
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

// A source and a destination are plain words, since each read and write passes them around: where there are several
// pieces, those that are not yet begun wait in the kernel (`pendingPieces`), last one first.

/// Where a call puts the bytes it reads: the reply, or the caller's memory. Linux: struct iov_iter on the way in.
public struct Destination: Argument {
  /// Bytes still wanted.
  public private(set) var remaining: Int
  /// Whether the bytes are the call's answer; otherwise they go to memory.
  let isReply: Bool
  private var segment = Segment(address: 0, count: 0)

  public static var kind: ArgumentKind { .destination }

  /// Bytes that become the call's answer.
  init(replyOf count: Int) {
    isReply = true
    remaining = count
  }

  /// The caller's memory, one segment behind the other (readv).
  init(memory segments: [Segment], _ kernel: inout Kernel) {
    isReply = false
    kernel.pendingPieces = segments.reversed().map { .memory($0) }
    remaining = segments.reduce(0) { $0 + $1.count }
  }

  private init(_ segment: Segment) {
    isReply = false
    self.segment = segment
    remaining = segment.count
  }

  /// A count that is negative as a signed word is what Linux refuses as too large.
  @inline(__always)
  public static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> Destination {
    if raw.isMemory { return Destination(Segment(address: UInt64(bitPattern: raw.word), count: raw.count)) }
    return Destination(replyOf: Int(raw.word))
  }

  /// Limits how much will be taken.
  mutating func truncate(to count: Int) { remaining = min(remaining, count) }

  /// The next piece of the caller's memory, at most `limit` bytes.
  fileprivate mutating func next(_ limit: Int, _ pending: inout [Piece]) -> Segment? {
    while segment.count == 0, remaining > 0, case .memory(let following)? = pending.popLast() { segment = following }
    let count = min(segment.count, limit, remaining)
    guard count > 0 else { return nil }
    return Segment(address: segment.address, count: count)
  }

  @inline(__always) fileprivate mutating func advance(_ count: Int) {
    segment.address &+= UInt64(count)
    segment.count -= count
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

  /// The bytes are the answer.
  @inline(__always) init(answerOf count: Int) {
    self.count = count
    isReply = true
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
  private var segment = Segment(address: 0, count: 0)

  public static var kind: ArgumentKind { .data }

  /// Whether the bytes lie in the memory of a task, which may be the very file that is written.
  var isMemory: Bool { inline.start == nil && remaining > 0 }

  init(_ view: ByteView) {
    inline = view
    remaining = view.count
  }

  /// Pieces one behind the other (writev).
  init(pieces: [Piece], _ kernel: inout Kernel) {
    inline = .empty
    kernel.pendingPieces = pieces.reversed()
    remaining = pieces.reduce(0) { $0 + $1.count }
  }

  private init(_ segment: Segment) {
    inline = .empty
    self.segment = segment
    remaining = segment.count
  }

  @inline(__always)
  public static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> Source {
    raw.isMemory ? memory(raw) : Source(raw.view)
  }

  // Apart from the others, of which it is then known that all bytes are at hand.
  @inline(never) private static func memory(_ raw: RawArgument) -> Source {
    Source(Segment(address: UInt64(bitPattern: raw.word), count: raw.count))
  }

  /// Steps over `count` bytes, as when an earlier performance of the call has already transferred them.
  @inline(__always) mutating func skip(_ count: Int, _ kernel: inout Kernel) {
    if count > 0 { skipSome(count, &kernel.pendingPieces) }
  }

  private mutating func skipSome(_ count: Int, _ pending: inout [Piece]) {
    var left = count
    while left > 0 {
      if let view = takeInline(left, &pending) {
        left -= view.count
      } else if let piece = next(left, &pending) {
        advance(piece.count)
        left -= piece.count
      } else {
        return
      }
    }
  }

  mutating func truncate(to count: Int) { remaining = min(remaining, count) }

  @inline(__always) fileprivate func hasInline(_ count: Int) -> Bool { inline.count >= count }

  /// All that is to be written, if it came as one run of bytes.
  @inline(__always) var whole: ByteView? { inline.count == remaining ? inline : nil }

  /// The next bytes, if they came as bytes.
  @inline(__always) fileprivate mutating func takeInline(_ count: Int, _ pending: inout [Piece]) -> ByteView? {
    if inline.count == 0 { startPiece(&pending) }
    guard inline.count > 0, count > 0, remaining > 0 else { return nil }
    let piece = inline.slice(0, min(count, inline.count, remaining))
    inline = inline.slice(piece.count, inline.count - piece.count)
    remaining -= piece.count
    return piece
  }

  /// Turns to the next piece when the one before is used up.
  private mutating func startPiece(_ pending: inout [Piece]) {
    while remaining > 0, segment.count == 0, inline.count == 0, let piece = pending.popLast() {
      switch piece {
      case .bytes(let view): inline = view
      case .memory(let following): segment = following
      }
    }
  }

  fileprivate mutating func next(_ limit: Int, _ pending: inout [Piece]) -> Segment? {
    startPiece(&pending)
    let count = min(segment.count, limit, remaining)
    guard count > 0, inline.count == 0 else { return nil }
    return Segment(address: segment.address, count: count)
  }

  fileprivate mutating func advance(_ count: Int) {
    segment.address &+= UInt64(count)
    segment.count -= count
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
    while done < view.count, let piece = destination.next(view.count - done, &pendingPieces) {
      let copied = writeMemory(view.slice(done, piece.count), at: piece.address, of: me)
      destination.advance(copied)
      done += copied
      if copied < piece.count { break }
    }
    return done
  }

  /// Fills `page` from `offset` with at most `count` bytes of the source. Returns how many: fewer where memory faults.
  @inline(__always)
  mutating func fill(_ page: inout Page, at offset: Int, _ count: Int, from source: inout Source, of me: TaskID) -> Int
  {
    if let view = source.takeInline(count, &pendingPieces) {
      page.write(view, at: offset)
      if view.count == count { return count }
      return view.count + fillPieces(&page, at: offset + view.count, count - view.count, from: &source, of: me)
    }
    return fillPieces(&page, at: offset, count, from: &source, of: me)
  }

  private mutating func fillPieces(
    _ page: inout Page, at offset: Int, _ count: Int, from source: inout Source, of me: TaskID
  ) -> Int {
    var done = 0
    while done < count {
      if let view = source.takeInline(count - done, &pendingPieces) {
        page.write(view, at: offset + done)
        done += view.count
        continue
      }
      guard let piece = source.next(count - done, &pendingPieces) else { break }
      var hasHoles = false
      let copied = readMemory(piece.address, piece.count, of: me, &hasHoles) { view, at in
        page.write(view, at: offset + done + at)
      }
      if hasHoles { touch(piece.address..<piece.address + UInt64(copied), of: me) }
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
    if source.hasInline(8), let view = source.takeInline(8, &pendingPieces) { return view.load(at: 0) }
    let bytes = try bytes(of: source, me)
    return bytes.withByteView { $0.load(at: 0) }
  }

  /// All bytes of the source, for calls that take small ones whole. Throws EFAULT where memory faults.
  mutating func bytes(of source: Source, _ me: TaskID) throws(Stop) -> [UInt8] {
    var source = source
    var bytes: [UInt8] = []
    while source.remaining > 0 {
      if let view = source.takeInline(source.remaining, &pendingPieces) {
        bytes += view.array
        continue
      }
      guard let piece = source.next(source.remaining, &pendingPieces) else { break }
      var hasHoles = false
      let copied = readMemory(piece.address, piece.count, of: me, &hasHoles) { view, _ in bytes += view.array }
      if hasHoles { touch(piece.address..<piece.address + UInt64(copied), of: me) }
      guard copied == piece.count else { throw .errno(.EFAULT) }
      source.advance(copied)
    }
    return bytes
  }
}
