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
  let readable: ID<WaitQueue>
  let writable: ID<WaitQueue>
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
  /// Where to wait for bytes, while anybody can write some.
  @inline(__always) var queueToRead: ID<WaitQueue>? { writers > 0 ? readable : nil }
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
    /// Whoever waits on `readable` is to be told.
    case event(ID<WaitQueue>)
  }

  /// Takes in bytes at hand that fit into the last buffer, or into one more.
  @inline(__always) mutating func put(_ view: ByteView, isPacket: Bool, _ spare: inout Page?) -> Put {
    guard view.count <= Page.size, readers > 0 else { return .refused }
    if used == 0 {
      if mask == 0 { only.fill(view, isPacket, &spare) } else { ring[head].fill(view, isPacket, &spare) }
      used = 1
      return .event(readable)
    }
    return putBehind(view, isPacket, &spare)
  }

  /// As `put`, into a pipe that is not empty.
  @inline(never) private mutating func putBehind(_ view: ByteView, _ isPacket: Bool, _ spare: inout Page?) -> Put {
    if view.count == Page.size || !self[used - 1].join(view) {
      guard used < bufferLimit else { return .refused }
      if used > mask { grow() }
      self[used].fill(view, isPacket, &spare)
      used += 1
    }
    return isPolled ? .event(readable) : .added
  }

  /// Hands up to `limit` bytes to `output`. Tells how many, whether a slot was given up while the pipe was full, and
  /// whether the pipe is empty now.
  @inline(__always)
  mutating func take(_ limit: Int, _ output: ByteBuffer, _ spare: inout Page?) -> (
    count: Int, makesRoom: Bool, isEmpty: Bool
  ) {
    guard used > 0 else { return (0, false, true) }
    let wasFull = isFull
    let first = mask == 0 ? only.take(limit, output, &spare) : ring[head].take(limit, output, &spare)
    guard first.isUsedUp else { return (first.count, false, false) }
    removeFirst()
    if first.isLast || used == 0 { return (first.count, wasFull, used == 0) }
    return takeMore(limit, output, &spare, first.count, wasFull)
  }

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
