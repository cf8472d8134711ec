/// A stretch of a task's memory.
struct Segment: Sendable {
  var address: UInt64
  var count: Int
}

// A source and a destination are plain words, since each read and write passes them around: where there are several
// segments, all but the first wait in the kernel (`pendingSegments`), last one first.

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
    kernel.pendingSegments = segments.reversed()
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
    if raw.form == .memory { return Destination(Segment(address: UInt64(bitPattern: raw.word), count: raw.count)) }
    return Destination(replyOf: Int(raw.word))
  }

  /// Limits how much will be taken.
  mutating func truncate(to count: Int) { remaining = min(remaining, count) }

  /// The next piece of the caller's memory, at most `limit` bytes.
  fileprivate mutating func next(_ limit: Int, _ pending: inout [Segment]) -> Segment? {
    while segment.count == 0, let following = pending.popLast() { segment = following }
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

  /// The caller's memory, one segment behind the other (writev).
  init(memory segments: [Segment], _ kernel: inout Kernel) {
    inline = .empty
    kernel.pendingSegments = segments.reversed()
    remaining = segments.reduce(0) { $0 + $1.count }
  }

  private init(_ segment: Segment) {
    inline = .empty
    self.segment = segment
    remaining = segment.count
  }

  @inline(__always)
  public static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> Source {
    if raw.form == .memory { return Source(Segment(address: UInt64(bitPattern: raw.word), count: raw.count)) }
    return Source(raw.view)
  }

  /// Steps over `count` bytes, as when an earlier performance of the call has already transferred them.
  mutating func skip(_ count: Int, _ kernel: inout Kernel) {
    guard count > 0 else { return }
    if inline.count > 0 {
      inline = inline.slice(count, inline.count - count)
      remaining -= count
      return
    }
    var left = count
    while left > 0, let piece = next(left, &kernel.pendingSegments) {
      advance(piece.count)
      left -= piece.count
    }
  }

  mutating func truncate(to count: Int) {
    remaining = min(remaining, count)
    if inline.count > remaining { inline = inline.slice(0, remaining) }
  }

  @inline(__always) fileprivate mutating func takeInline(_ count: Int) -> ByteView? {
    guard inline.count > 0 else { return nil }
    let piece = inline.slice(0, min(count, inline.count))
    inline = inline.slice(piece.count, inline.count - piece.count)
    remaining -= piece.count
    return piece
  }

  fileprivate mutating func next(_ limit: Int, _ pending: inout [Segment]) -> Segment? {
    while segment.count == 0, let following = pending.popLast() { segment = following }
    let count = min(segment.count, limit, remaining)
    guard count > 0 else { return nil }
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
    while done < view.count, let piece = destination.next(view.count - done, &pendingSegments) {
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
      return view.count
    }
    var done = 0
    while done < count, let piece = source.next(count - done, &pendingSegments) {
      let copied = readMemory(piece.address, piece.count, of: me) { view, at in page.write(view, at: offset + done + at) }
      source.advance(copied)
      done += copied
      if copied < piece.count { break }
    }
    return done
  }

  /// All bytes of the source, for calls that take small ones whole. Throws EFAULT where memory faults.
  mutating func bytes(of source: Source, _ me: TaskID) throws(Stop) -> [UInt8] {
    var source = source
    if let view = source.takeInline(source.remaining) { return view.array }
    var bytes: [UInt8] = []
    while let piece = source.next(source.remaining, &pendingSegments) {
      let copied = readMemory(piece.address, piece.count, of: me) { view, _ in bytes += view.array }
      guard copied == piece.count else { throw .errno(.EFAULT) }
      source.advance(copied)
    }
    return bytes
  }
}
