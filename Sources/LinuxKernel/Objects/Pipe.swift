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

  /// As many as were ever filled at once, rounded up to a power of two: most pipes never need more than one.
  private var ring: [Buffer] = []
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
  @inline(__always) subscript(_ position: Int) -> Buffer {
    get { ring[(head + position) & (ring.count - 1)] }
    _modify { yield &ring[(head + position) & (ring.count - 1)] }
  }

  @inline(__always) mutating func append(_ buffer: consuming Buffer) {
    if used == ring.count { grow() }
    used += 1
    self[used - 1] = buffer
  }

  private mutating func grow() {
    var larger = (0..<used).map { self[$0] }
    larger += Array(repeating: Buffer(), count: max(1, ring.count * 2) - used)
    ring = larger
    head = 0
  }

  /// Drops the first buffer, whose page was taken out.
  @inline(__always) mutating func removeFirst() {
    used -= 1
    head = used == 0 ? 0 : (head + 1) & (ring.count - 1)
  }

  // The two ways that most bytes go, each in one access to the pipe: an access costs the check that no snapshot shares it.

  /// Takes in bytes at hand that fit into the last buffer, or into one more. False, with nothing changed, for all others.
  @inline(__always) mutating func put(_ view: ByteView, isPacket: Bool, _ spare: inout Page?) -> Bool {
    guard view.count <= Page.size, readers > 0 else { return false }
    if used > 0, view.count < Page.size {
      let last = (head + used - 1) & (ring.count - 1), end = ring[last].end
      if !ring[last].isPacket, end + view.count <= Page.size {
        ring[last].page!.write(view, at: end)
        ring[last].count += Int32(view.count)
        return true
      }
    }
    guard used < bufferLimit else { return false }
    if used == ring.count { grow() }
    let next = (head + used) & (ring.count - 1)
    swap(&ring[next].page, &spare)
    if ring[next].page == nil { ring[next].page = .uninitialised }
    ring[next].page!.write(view, at: 0)
    ring[next].offset = 0
    ring[next].count = Int32(view.count)
    ring[next].isPacket = isPacket
    used += 1
    return true
  }

  /// Hands up to `limit` bytes to `output`. Tells how many, and whether a slot was given up while the pipe was full.
  @inline(__always) mutating func take(_ limit: Int, _ output: ByteBuffer, _ spare: inout Page?) -> (count: Int, makesRoom: Bool) {
    var done = 0, makesRoom = false
    while done < limit, used > 0 {
      let count = Int(ring[head].count), wanted = min(count, limit - done), isPacket = ring[head].isPacket
      output.append(ring[head].page!.view(Int(ring[head].offset), wanted))
      done += wanted
      guard wanted == count || isPacket else {
        ring[head].offset += Int32(wanted)
        ring[head].count -= Int32(wanted)
        break
      }
      if isFull { makesRoom = true }
      if spare == nil { swap(&spare, &ring[head].page) } else { ring[head].page = nil }
      removeFirst()
      if isPacket { break }
    }
    return (done, makesRoom)
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
  mutating func read(_ pipe: ID<Pipe>, _ file: ID<OpenFile>, _ destination: inout Destination, for me: TaskID) throws(Stop) -> Int {
    if destination.remaining == 0 { return 0 }
    // Only giving up a slot makes room: reading a part of one does not.
    var makesRoom = false
    var done = 0
    if destination.isReply { (done, makesRoom) = pipes[pipe].take(destination.remaining, output, &sparePage) }
    while !destination.isReply, destination.remaining > 0, !pipes[pipe].isEmpty {
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
  mutating func write(_ pipe: ID<Pipe>, _ file: ID<OpenFile>, _ source: inout Source, for me: TaskID) throws(Stop) -> Int {
    if source.remaining == 0 { return 0 }
    if !current.isRetry, let view = source.whole {
      let wasEmpty = pipes[pipe].isEmpty
      if pipes[pipe].put(view, isPacket: files[file].status.contains(.direct), &sparePage) {
        if wasEmpty || pipes[pipe].isPolled { wake(pipes[pipe].readable, .readable) }
        return view.count
      }
    }
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
  @inline(__always)
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
