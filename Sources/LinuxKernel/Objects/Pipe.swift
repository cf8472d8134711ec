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

  init(inode: UInt64, readable: ID<WaitQueue>, writable: ID<WaitQueue>) {
    self.inode = inode
    self.readable = readable
    self.writable = writable
  }

  @inline(__always) var isEmpty: Bool { used == 0 }
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

  // The two ways that most bytes go, each in one access to the pipe: an access costs the check that no snapshot shares it.

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
  mutating func take(_ limit: Int, _ output: ByteBuffer, _ spare: inout Page?) -> (count: Int, makesRoom: Bool, isEmpty: Bool) {
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
    if page == nil { page = .uninitialised }
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

  /// Hands up to `limit` bytes to `output`. Tells how many; whether the buffer, of which the page then goes, has done its
  /// service; and whether a read ends here.
  @inline(__always)
  mutating func take(_ limit: Int, _ output: ByteBuffer, _ spare: inout Page?) -> (count: Int, isUsedUp: Bool, isLast: Bool) {
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

extension Kernel {
  /// A pipe that nobody has open yet.
  mutating func makePipe(inode: UInt64) -> ID<Pipe> {
    pipes.insert(Pipe(inode: inode, readable: waitQueues.insert(WaitQueue()), writable: waitQueues.insert(WaitQueue())))
  }

  mutating func makePipe(_ flags: OpenFlags, for me: TaskID) throws(Stop) -> FDPair {
    let pipe = makePipe(inode: nextInodeNumber())
    pipes[pipe].readers = 1
    pipes[pipe].writers = 1
    let status = flags.intersection([.nonblock, .direct])
    let reader = files.insert(OpenFile(object: .pipeReader(pipe), status: status))
    let writer = files.insert(OpenFile(object: .pipeWriter(pipe), status: status.union(.writeOnly)))
    let first: FD
    do throws(Stop) { first = try install(reader, closesOnExec: flags.contains(.cloexec), for: me) } catch {
      release(writer)
      throw error
    }
    do throws(Stop) {
      return FDPair(first: first, second: try install(writer, closesOnExec: flags.contains(.cloexec), for: me))
    } catch {
      try close(first, of: me)
      throw error
    }
  }

  /// Linux: pipe_read().
  @inline(__always)
  mutating func read(_ pipe: ID<Pipe>, _ file: ID<OpenFile>, _ destination: inout Destination, for me: TaskID) throws(Stop) -> Int {
    guard destination.isReply, destination.remaining > 0 else { return try readToMemory(pipe, file, &destination, for: me) }
    let (done, makesRoom, isEmpty) = pipes[pipe].take(destination.remaining, output, &sparePage)
    if done > 0, !makesRoom, isEmpty || !current.isRetry { return done }
    return try finishRead(pipe, file, done, makesRoom)
  }

  /// Where the bytes do not become the answer.
  @inline(never) private mutating func readToMemory(
    _ pipe: ID<Pipe>, _ file: ID<OpenFile>, _ destination: inout Destination, for me: TaskID
  ) throws(Stop) -> Int {
    if destination.remaining == 0 { return 0 }
    // Only giving up a slot makes room: reading a part of one does not.
    var makesRoom = false
    var done = 0
    while destination.remaining > 0, !pipes[pipe].isEmpty {
      let page = pipes[pipe][0].page.take()!
      let offset = Int(pipes[pipe][0].offset), count = Int(pipes[pipe][0].count), isPacket = pipes[pipe][0].isPacket
      let wanted = min(count, destination.remaining)
      let copied = deliver(page.view(offset, wanted), to: &destination, of: me)
      if copied < wanted {
        pipes[pipe][0].page = page
        if done == 0 { throw .errno(.EFAULT) }
        break
      }
      done += copied
      if copied == count || isPacket {
        if pipes[pipe].isFull { makesRoom = true }
        pipes[pipe].removeFirst()
        if sparePage == nil { sparePage = page }
        if isPacket { break }
      } else {
        pipes[pipe][0].page = page
        pipes[pipe][0].offset += Int32(copied)
        pipes[pipe][0].count -= Int32(copied)
      }
    }
    return try finishRead(pipe, file, done, makesRoom)
  }

  /// What follows from having read `done` bytes, or none.
  @inline(never)
  private mutating func finishRead(_ pipe: ID<Pipe>, _ file: ID<OpenFile>, _ done: Int, _ makesRoom: Bool) throws(Stop) -> Int {
    if done == 0 {
      if pipes[pipe].writers == 0 { return 0 }
      if files[file].isNonblocking { throw .errno(.EAGAIN) }
      throw .wait(exclusive: pipes[pipe].readable)
    }
    if makesRoom { wake(pipes[pipe].writable, .writable) }
    if current.isRetry, !pipes[pipe].isEmpty { wake(pipes[pipe].readable, .readable) }
    return done
  }

  /// Linux: pipe_write().
  @inline(__always)
  mutating func write(_ pipe: ID<Pipe>, _ file: ID<OpenFile>, _ source: inout Source, for me: TaskID) throws(Stop) -> Int {
    if source.remaining == 0 { return 0 }
    if !current.isRetry, let view = source.whole {
      switch pipes[pipe].put(view, isPacket: files[file].status.contains(.direct), &sparePage) {
      case .refused: break
      case .added: return view.count
      case .event(let queue):
        wake(queue, .readable)
        return view.count
      }
    }
    return try writeInPieces(pipe, file, &source, for: me)
  }

  /// Where the bytes do not all go into one buffer, or not at once.
  @inline(never) private mutating func writeInPieces(
    _ pipe: ID<Pipe>, _ file: ID<OpenFile>, _ source: inout Source, for me: TaskID
  ) throws(Stop) -> Int {
    source.skip(current.progress, &self)
    if pipes[pipe].readers == 0 {
      sendPipeSignal(to: me)
      if current.progress > 0 { return current.progress }
      throw .errno(.EPIPE)
    }
    let wasEmpty = pipes[pipe].isEmpty
    var done = current.progress
    let failure = append(to: pipe, file, &source, &done, for: me)
    let mustWait = failure == nil && source.remaining > 0 && !files[file].isNonblocking
    // Once somebody has polled, every end of a write is an event, even of one that failed.
    if wasEmpty || !mustWait && pipes[pipe].isPolled { wake(pipes[pipe].readable, .readable) }
    if mustWait {
      current.progress = done
      throw .wait(exclusive: pipes[pipe].writable)
    }
    if current.isRetry, !pipes[pipe].isFull { wake(pipes[pipe].writable, .writable) }
    if done > 0 { return done }
    throw .errno(failure ?? .EAGAIN)
  }

  /// Moves what fits from the source into the pipe. Returns EFAULT where the source ended early; whole slots that were
  /// filled before that stay, and count in `done`.
  private mutating func append(
    to pipe: ID<Pipe>, _ file: ID<OpenFile>, _ source: inout Source, _ done: inout Int, for me: TaskID
  ) -> Errno? {
    // What exceeds whole pages may join the last buffer, if all of it fits and the writer has not slept yet.
    let tail = source.remaining % Page.size
    if tail != 0, !current.isRetry, !pipes[pipe].isEmpty {
      let last = pipes[pipe].used - 1, end = pipes[pipe][last].end
      if !pipes[pipe][last].isPacket, end + tail <= Page.size {
        var page = pipes[pipe][last].page.take()!
        let copied = fill(&page, at: end, tail, from: &source, of: me)
        pipes[pipe][last].page = page
        guard copied == tail else { return .EFAULT }
        pipes[pipe][last].count += Int32(copied)
        done += copied
      }
    }
    let isPacket = files[file].status.contains(.direct)
    while source.remaining > 0, !pipes[pipe].isFull {
      var page = takePage()
      let wanted = min(Page.size, source.remaining)
      let copied = fill(&page, at: 0, wanted, from: &source, of: me)
      if copied < wanted {
        sparePage = page
        return .EFAULT
      }
      pipes[pipe].append(Pipe.Buffer(page: page, count: Int32(copied), isPacket: isPacket))
      done += copied
    }
    return nil
  }

  /// A page to be written to before it is read.
  @inline(__always) private mutating func takePage() -> Page {
    sparePage.take() ?? .uninitialised
  }

  /// Linux: pipe_poll().
  mutating func poll(_ pipe: ID<Pipe>, _ file: ID<OpenFile>) -> PollAnswer {
    pipes[pipe].isPolled = true
    var answer = PollAnswer(events: [])
    if files[file].isReadable {
      if !pipes[pipe].isEmpty { answer.events.formUnion(.readable) }
      if pipes[pipe].writers == 0 { answer.events.insert(.hangUp) }
      answer.queues.0 = pipes[pipe].readable
    }
    if files[file].isWritable {
      if !pipes[pipe].isFull { answer.events.formUnion(.writable) }
      if pipes[pipe].readers == 0 { answer.events.insert(.error) }
      answer.queues.1 = pipes[pipe].writable
    }
    return answer
  }

  /// One end was closed for the last time. Linux: pipe_release().
  mutating func releasePipe(_ pipe: ID<Pipe>, reader: Bool) {
    if reader { pipes[pipe].readers -= 1 } else { pipes[pipe].writers -= 1 }
    if pipes[pipe].readers == 0 && pipes[pipe].writers == 0 {
      let ended = pipes.remove(pipe)
      removeQueue(ended.readable)
      removeQueue(ended.writable)
    } else if pipes[pipe].readers == 0 || pipes[pipe].writers == 0 {
      wakeAll(pipes[pipe].readable)
      wakeAll(pipes[pipe].writable)
    }
  }
}
