/// A pipe: a ring of page-sized buffers between writers and readers. Linux: fs/pipe.c, struct pipe_inode_info.
struct Pipe {
  /// One filled piece of one page. A later write may add to the last one while it fits (PIPE_BUF_FLAG_CAN_MERGE).
  struct Buffer {
    /// nil while the page is taken out to be read from or written to.
    var page: Page?
    var offset: Int32 = 0
    var count: Int32 = 0
    /// Written in packet mode (O_DIRECT): read whole, never merged.
    var isPacket = false

    @inline(__always) var end: Int { Int(offset + count) }
  }

  static let defaultBuffers = 16
  /// PIPE_BUF: writes up to this size are never torn.
  static let atomicSize = Page.size

  /// The one buffer of a pipe that never needed more, as most do not; unused once there is a ring.
  private var only = Buffer()
  /// As many as were ever filled at once, rounded up to a power of two; empty as long as `only` will do.
  private var ring: [Buffer] = []
  /// How many slots there are, less one.
  private var mask = 0
  private var head = 0
  private(set) var used = 0
  var bufferLimit = Pipe.defaultBuffers
  var readers = 0
  var writers = 0
  let inode: UInt64
  /// Where those stand who wait for bytes or poll, but for one who waits alone.
  let readable: ID<WaitQueue>
  let writable: ID<WaitQueue>
  /// Who alone waits for bytes. Invariant: where there is one, nobody stands on `readable`.
  @Packed private var soleReader: TaskID?
  /// Somebody may stand on `readable`.
  private var isQueueUsed = false
  /// Somebody polls the pipe, so that every write is an event, not only the one that ends emptiness.
  var isPolled = false
  var locks: ID<LockList>?
  /// What fchmod and fchown of its ends change, and fstat tells.
  var ownership = Ownership(mode: FileMode.fifo | 0o600, uid: 0, gid: 0)

  init(inode: UInt64, readable: ID<WaitQueue>, writable: ID<WaitQueue>) {
    self.inode = inode
    self.readable = readable
    self.writable = writable
  }

  @inline(__always) var isEmpty: Bool { used == 0 }
  /// Nobody waits alone any more; returns who did.
  @inline(__always) mutating func takeSoleReader() -> TaskID? {
    let task = soleReader
    soleReader = nil
    return task
  }

  /// Somebody comes to stand on `readable`, where this one who has waited alone is to stand as well.
  mutating func useQueue() -> TaskID? {
    isQueueUsed = true
    return takeSoleReader()
  }

  /// Nobody stands on `readable`.
  mutating func hasLeftQueue() { isQueueUsed = false }
  @inline(__always) var isFull: Bool { used >= bufferLimit }
  var byteCount: Int { (0..<used).reduce(0) { $0 + Int(self[$1].count) } }

  /// The buffer at a position, counted from the one that will be read next.
  subscript(_ position: Int) -> Buffer {
    @inline(__always) get { mask == 0 ? only : ring[(head + position) & mask] }
    @inline(__always) _modify { if mask == 0 { yield &only } else { yield &ring[(head + position) & mask] } }
  }

  mutating func append(_ buffer: consuming Buffer) {
    if used > mask { grow() }
    used += 1
    self[used - 1] = buffer
  }

  @inline(never) private mutating func grow() {
    var larger = (0..<used).map { self[$0] }
    larger += Array(repeating: Buffer(), count: 2 * (mask + 1) - used)
    only = Buffer()
    ring = larger
    mask = larger.count - 1
    head = 0
  }

  /// Drops the first buffer, whose page was taken out.
  @inline(__always) mutating func removeFirst() {
    used -= 1
    head = used == 0 ? 0 : (head + 1) & mask
  }

  // The two ways that most bytes go, each in one access to the pipe: an access costs the check that no snapshot shares
  // it.

  /// What became of bytes that were to be put into the pipe.
  enum Put {
    /// They are for the long way; nothing has changed.
    case refused
    case added
    /// This one has waited for it alone, and does so no more.
    case wakes(TaskID)
    /// Whoever waits on `readable` is to be told.
    case event
  }

  /// Takes in bytes at hand that fit into the last buffer, or into one more.
  @inline(__always) mutating func put(_ view: ByteView, isPacket: Bool, _ spare: inout Page?) -> Put {
    guard view.count <= Page.size, readers > 0 else { return .refused }
    if used == 0 {
      if mask == 0 { only.fill(view, isPacket, &spare) } else { fillRing(view, isPacket, &spare) }
      used = 1
      if let task = takeSoleReader() { return .wakes(task) }
      return isQueueUsed ? .event : .added
    }
    return putBehind(view, isPacket, &spare)
  }

  @inline(never) private mutating func fillRing(_ view: ByteView, _ isPacket: Bool, _ spare: inout Page?) {
    ring[head].fill(view, isPacket, &spare)
  }

  /// As `put`, into a pipe that is not empty.
  @inline(never) private mutating func putBehind(_ view: ByteView, _ isPacket: Bool, _ spare: inout Page?) -> Put {
    if view.count == Page.size || !self[used - 1].join(view) {
      guard used < bufferLimit else { return .refused }
      if used > mask { grow() }
      self[used].fill(view, isPacket, &spare)
      used += 1
    }
    return isPolled ? .event : .added
  }

  /// What has become of a read.
  enum Taken {
    case bytes(Int)
    /// The same, and there is room where there was none.
    case bytesAndRoom(Int)
    /// The pipe is empty, and the task waits alone for bytes.
    case waitsAlone
    /// The pipe is empty.
    case nothing
  }

  /// Hands up to `limit` bytes to `output`; where there are none, and somebody can write some, a task `waiter` waits
  /// for them, if one is named.
  @inline(__always)
  mutating func take(_ limit: Int, _ output: ByteBuffer, _ spare: inout Page?, waiter: TaskID?) -> Taken {
    guard used > 0 else {
      guard let waiter, writers > 0, !isQueueUsed, soleReader == nil else { return .nothing }
      soleReader = waiter
      return .waitsAlone
    }
    if let count = takeAll(limit, output, &spare) { return .bytes(count) }
    let (count, makesRoom, _) = take(limit, output, &spare)
    return makesRoom ? .bytesAndRoom(count) : .bytes(count)
  }

  /// Hands all bytes to `output` of a pipe that has most often one buffer, if they are no more than `limit`, and tells
  /// how many there were. nil for any other, and nothing has changed.
  @inline(__always) mutating func takeAll(_ limit: Int, _ output: ByteBuffer, _ spare: inout Page?) -> Int? {
    let count = Int(only.count)
    guard used == 1, mask == 0, count <= limit, bufferLimit > 1 else { return nil }
    output.append(only.page!.view(Int(only.offset), count))
    if spare == nil { swap(&spare, &only.page) } else { only.page = nil }
    used = 0
    return count
  }

  /// Hands up to `limit` bytes to `output`. Tells how many, whether a slot was given up while the pipe was full, and
  /// whether the pipe is empty now.
  @inline(never)
  mutating func take(_ limit: Int, _ output: ByteBuffer, _ spare: inout Page?) -> (
    count: Int, makesRoom: Bool, isEmpty: Bool
  ) {
    guard used > 0 else { return (0, false, true) }
    let wasFull = isFull
    let first = mask == 0 ? only.take(limit, output, &spare) : takeFromRing(limit, output, &spare)
    guard first.isUsedUp else { return (first.count, false, false) }
    removeFirst()
    if first.isLast || used == 0 { return (first.count, wasFull, used == 0) }
    return takeMore(limit, output, &spare, first.count, wasFull)
  }

  @inline(never) private mutating func takeFromRing(_ limit: Int, _ output: ByteBuffer, _ spare: inout Page?) -> (
    count: Int, isUsedUp: Bool, isLast: Bool
  ) { ring[head].take(limit, output, &spare) }

  /// Goes on with the next buffers.
  @inline(never) private mutating func takeMore(
    _ limit: Int, _ output: ByteBuffer, _ spare: inout Page?, _ count: Int, _ wasFull: Bool
  ) -> (count: Int, makesRoom: Bool, isEmpty: Bool) {
    var done = count
    while done < limit, used > 0 {
      let next = self[0].take(limit - done, output, &spare)
      done += next.count
      if next.isUsedUp { removeFirst() }
      if next.isLast { break }
    }
    return (done, wasFull, used == 0)
  }
}

extension Pipe.Buffer {
  /// Becomes a buffer of these bytes.
  @inline(__always) mutating func fill(_ view: ByteView, _ isPacket: Bool, _ spare: inout Page?) {
    if page == nil { swap(&page, &spare) }
    if page == nil { page = .uninitialised(beginning: view.count) }
    page!.write(view, at: 0)
    offset = 0
    count = Int32(truncatingIfNeeded: view.count)
    self.isPacket = isPacket
  }

  /// Adds bytes behind those that are there, if they may and do fit.
  mutating func join(_ view: ByteView) -> Bool {
    guard !isPacket, end + view.count <= Page.size else { return false }
    page!.write(view, at: end)
    count += Int32(view.count)
    return true
  }

  /// Hands up to `limit` bytes to `output`. Tells how many; whether the buffer, of which the page then goes, has done
  /// its service; and whether a read ends here.
  @inline(__always)
  mutating func take(_ limit: Int, _ output: ByteBuffer, _ spare: inout Page?) -> (
    count: Int, isUsedUp: Bool, isLast: Bool
  ) {
    let wanted = min(Int(count), limit)
    output.append(page!.view(Int(offset), wanted))
    guard wanted == Int(count) || isPacket else {
      offset += Int32(wanted)
      count -= Int32(wanted)
      return (wanted, false, true)
    }
    if spare == nil { swap(&spare, &page) } else { page = nil }
    return (wanted, true, isPacket || wanted == limit)
  }
}
