/// A pipe: a ring of page-sized buffers between writers and readers. Linux: fs/pipe.c, struct pipe_inode_info.
struct Pipe {
  /// One filled piece of one page. A later write may add to the last one while it fits (PIPE_BUF_FLAG_CAN_MERGE).
  struct Buffer {
    var page: Page
    var offset: Int32
    var count: Int32
    /// Written in packet mode (O_DIRECT): read whole, never merged.
    var isPacket: Bool
  }

  static let defaultBuffers = 16
  /// PIPE_BUF: writes up to this size are never torn.
  static let atomicSize = Page.size

  /// The filled buffers are `buffers[head...]`.
  private(set) var buffers: [Buffer] = []
  private(set) var head = 0
  var bufferLimit = Pipe.defaultBuffers
  var readers = 0
  var writers = 0
  let inode: UInt64
  let readable: ID<WaitQueue>
  let writable: ID<WaitQueue>
  /// Somebody polls the pipe, so that every write is an event, not only the one that ends emptiness.
  var isPolled = false

  init(inode: UInt64, readable: ID<WaitQueue>, writable: ID<WaitQueue>) {
    self.inode = inode
    self.readable = readable
    self.writable = writable
  }

  @inline(__always) var isEmpty: Bool { head == buffers.count }
  @inline(__always) var used: Int { buffers.count - head }
  @inline(__always) var isFull: Bool { used >= bufferLimit }
  var byteCount: Int { buffers[head...].reduce(0) { $0 + Int($1.count) } }

  /// The buffer that will be read next; the pipe is not empty.
  @inline(__always) var first: Buffer {
    get { buffers[head] }
    _modify { yield &buffers[head] }
  }

  /// Takes the last buffer out, to write to it.
  mutating func takeLast() -> Buffer { buffers.removeLast() }
  mutating func append(_ buffer: Buffer) { buffers.append(buffer) }

  @inline(__always) mutating func removeFirst() -> Page {
    let page = buffers[head].page
    head += 1
    if head == buffers.count {
      buffers.removeAll(keepingCapacity: true)
      head = 0
    } else if head == 64 {
      buffers.removeFirst(head)
      head = 0
    }
    return page
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
    while destination.remaining > 0, !pipes[pipe].isEmpty {
      let buffer = pipes[pipe].first
      let wanted = min(Int(buffer.count), destination.remaining)
      let copied = deliver(buffer.page.view(Int(buffer.offset), wanted), to: &destination, of: me)
      if copied < wanted {
        if done == 0 { throw .errno(.EFAULT) }
        break
      }
      done += copied
      if copied == Int(buffer.count) || buffer.isPacket {
        if pipes[pipe].isFull { makesRoom = true }
        sparePage = pipes[pipe].removeFirst()
        if buffer.isPacket { break }
      } else {
        pipes[pipe].first.offset += Int32(copied)
        pipes[pipe].first.count -= Int32(copied)
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
      var last = pipes[pipe].takeLast()
      let end = Int(last.offset + last.count)
      if !last.isPacket, end + tail <= Page.size {
        let copied = fill(&last.page, at: end, tail, from: &source, of: me)
        if copied == tail {
          last.count += Int32(copied)
          done += copied
        }
        pipes[pipe].append(last)
        if copied < tail { return .EFAULT }
      } else {
        pipes[pipe].append(last)
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
      pipes[pipe].append(Pipe.Buffer(page: page, offset: 0, count: Int32(copied), isPacket: isPacket))
      done += copied
    }
    return nil
  }

  /// A page to be written to before it is read.
  @inline(__always) private mutating func takePage() -> Page {
    if let page = sparePage {
      sparePage = nil
      return page
    }
    return .uninitialised
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
