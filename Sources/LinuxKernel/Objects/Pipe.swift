// What is done with pipes; what they are made of is in PipeBuffers.swift.

extension Kernel {
  /// A pipe that nobody has open yet.
  mutating func makePipe(inode: UInt64) -> ID<Pipe> {
    pipes.insert(Pipe(inode: inode, readable: waitQueues.insert(WaitQueue()), writable: waitQueues.insert(WaitQueue())))
  }

  mutating func makePipe(_ flags: OpenFlags, for me: TaskID) throws(Stop) -> FDPair {
    let pipe = makePipe(inode: nextInodeNumber())
    pipes[pipe].ownership.uid = tasks[me].credentials.fsuid
    pipes[pipe].ownership.gid = tasks[me].credentials.fsgid
    pipes[pipe].readers = 1
    pipes[pipe].writers = 1
    // Packet mode is the writer's: create_pipe_files() gives the read end O_NONBLOCK alone.
    let status = flags.intersection([.nonblock, .direct])
    let reader = files.insert(OpenFile(object: .pipeReader(pipe), status: status.subtracting(.direct)))
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
  mutating func read(_ pipe: ID<Pipe>, _ file: ID<OpenFile>, _ destination: inout Destination, for me: TaskID)
    throws(Stop) -> Int
  {
    guard destination.isReply, destination.remaining > 0 else {
      return try readToMemory(pipe, file, &destination, for: me)
    }
    let (done, makesRoom, isEmpty) = pipes[pipe].take(destination.remaining, output, &sparePage)
    if done > 0, !makesRoom, isEmpty || !current.isRetry { return done }
    return try finishRead(pipe, file, done, makesRoom)
  }

  /// The whole of a read(2) of up to `limit` bytes, which is not 0, that is performed for the first time.
  @inline(__always)
  mutating func readWhole(
    _ pipe: ID<Pipe>, _ file: ID<OpenFile>, _ limit: Int, isNonblocking: Bool, isTableOwn: Bool, for me: TaskID
  ) throws(Stop) -> AnswerOrWait<Transferred> {
    switch pipes[pipe].take(limit, output, &sparePage, waiter: isNonblocking ? nil : me) {
    case .bytes(let count): return .answer(Transferred(answerOf: count))
    case .bytesAndRoom(let count):
      wakeWriters(pipe)
      return .answer(Transferred(answerOf: count))
    case .waitsAlone:
      current.found(file, isOwn: isTableOwn)
      current.wanted = (pipe, limit)
      return .wait(Wait(aloneAt: pipe, interruption: .restart))
    case .nothing:
      if pipes[pipe].writers == 0 { return .answer(Transferred(answerOf: 0)) }
      if isNonblocking { throw .errno(.EAGAIN) }
      current.found(file, isOwn: isTableOwn)
      current.wanted = (pipe, limit)
      return .wait(Wait(queue: queueToRead(pipe), exclusive: true))
    }
  }

  @inline(never) private mutating func wakeWriters(_ pipe: ID<Pipe>) { wake(pipes[pipe].writable, .writable) }

  /// There are bytes to be read.
  @inline(never) private mutating func wakeReaders(_ pipe: ID<Pipe>) {
    if let task = pipes[pipe].takeSoleReader() { return wakeAlone(task, with: .arrived) }
    let queue = pipes[pipe].readable
    wake(queue, .readable)
    if waitQueues[queue].isEmpty { pipes[pipe].hasLeftQueue() }
  }

  /// Nobody can write any more, or read.
  private mutating func wakeAllReaders(_ pipe: ID<Pipe>) {
    if let task = pipes[pipe].takeSoleReader() { wakeAlone(task, with: .nothing) }
    wakeAll(pipes[pipe].readable)
  }

  /// Where to stand for bytes to be read. Who waits for them alone does so there from now on.
  @inline(never) private mutating func queueToRead(_ pipe: ID<Pipe>) -> ID<WaitQueue> {
    let queue = pipes[pipe].readable
    if let task = pipes[pipe].useQueue() {
      _ = tasks[task].forgetBytes()
      if waitQueues[queue].letSleep(task, isExclusive: true) { tasks[task].sleepsAloneOn = queue }
    }
    return queue
  }

  /// What a read that sleeps has waited for: makes what is there now its answer. False if nothing is, or the call has
  /// more to do, and nothing has changed.
  @inline(__always) mutating func readAwaited(_ pipe: ID<Pipe>, _ limit: Int) -> Bool {
    guard let count = pipes[pipe].takeAll(limit, output, &sparePage) ?? takeAwaited(pipe, limit) else { return false }
    reply.errno = 0
    reply.words[0] = Int64(count)
    reply.hasBytes = true
    return true
  }

  /// As `Pipe.takeAll`, where that is nil; others are told what follows from it.
  @inline(never) private mutating func takeAwaited(_ pipe: ID<Pipe>, _ limit: Int) -> Int? {
    let (count, makesRoom, isEmpty) = pipes[pipe].take(limit, output, &sparePage)
    guard count > 0 else { return nil }
    if makesRoom { wakeWriters(pipe) }
    if !isEmpty { wakeReaders(pipe) }
    return count
  }

  /// What a read of an empty pipe comes to: 0 at the end.
  private mutating func waitToRead(_ pipe: ID<Pipe>, _ file: ID<OpenFile>) throws(Stop) -> Int {
    if pipes[pipe].writers == 0 { return 0 }
    if files[file].isNonblocking { throw .errno(.EAGAIN) }
    if !current.holdsFile { current.found(file) }
    throw .wait(exclusive: queueToRead(pipe))
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
  private mutating func finishRead(_ pipe: ID<Pipe>, _ file: ID<OpenFile>, _ done: Int, _ makesRoom: Bool) throws(Stop)
    -> Int
  {
    if done == 0 { return try waitToRead(pipe, file) }
    if makesRoom { wakeWriters(pipe) }
    if current.isRetry, !pipes[pipe].isEmpty { wakeReaders(pipe) }
    return done
  }

  /// Linux: pipe_write().
  @inline(__always)
  mutating func write(_ pipe: ID<Pipe>, _ file: ID<OpenFile>, _ source: inout Source, for me: TaskID) throws(Stop)
    -> Int
  {
    if source.remaining == 0 { return 0 }
    if !current.isRetry, let view = source.whole,
      writeAtOnce(pipe, view, isPacket: files[file].status.contains(.direct))
    {
      return view.count
    }
    return try writeInPieces(pipe, file, &source, for: me)
  }

  /// What most writes come to: the bytes go into one buffer. False for all others, and nothing has changed.
  /// Not for a call that is performed again.
  @inline(__always) mutating func writeAtOnce(_ pipe: ID<Pipe>, _ view: ByteView, isPacket: Bool) -> Bool {
    switch pipes[pipe].put(view, isPacket: isPacket, &sparePage) {
    case .refused: return false
    case .added: break
    case .wakes(let task): wakeAlone(task, with: .arrived)
    case .event: wakeReaders(pipe)
    }
    return true
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
    if wasEmpty || !mustWait && pipes[pipe].isPolled { wakeReaders(pipe) }
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
      answer.queues.0 = queueToRead(pipe)
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
      if let task = pipes[pipe].takeSoleReader() { wakeAlone(task, with: .nothing) }
      let ended = pipes.remove(pipe)
      removeQueue(ended.readable)
      removeQueue(ended.writable)
    } else if pipes[pipe].readers == 0 || pipes[pipe].writers == 0 {
      wakeAllReaders(pipe)
      wakeAll(pipes[pipe].writable)
    }
  }
}
