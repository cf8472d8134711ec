/// A fifo: a pipe with a name, whose ends are opened one by one. Linux: fifo_open() in fs/pipe.c.
///
/// Who opens one end waits until the other is opened. A body that waits has changed nothing, so a waiting opener is
/// seen by its place on a queue; the one that it waited for counts it in at once, as Linux does from the start.
struct FIFO {
  /// The pipe, while somebody has it open.
  var pipe: ID<Pipe>?
  let waitingReaders: ID<WaitQueue>
  let waitingWriters: ID<WaitQueue>
  /// How often each end was opened (r_counter, w_counter).
  var readerOpens = 0
  var writerOpens = 0
}

extension Kernel {
  mutating func makeFIFO() -> Inode.Content {
    .fifo(FIFO(waitingReaders: waitQueues.insert(WaitQueue()), waitingWriters: waitQueues.insert(WaitQueue())))
  }

  /// Opens one end, or both. Linux: fifo_open().
  mutating func openFIFO(_ inode: ID<Inode>, _ flags: OpenFlags) throws(Stop) -> ID<Pipe> {
    guard case .fifo(var fifo) = inodes[inode].content else { throw .errno(.ENXIO) }
    let reads = flags.access == .readOnly || flags.access == .readWrite
    let writes = flags.access == .writeOnly || flags.access == .readWrite
    if !reads, !writes { throw .errno(.EINVAL) }
    if let seen = current.partner, seen.inode == inode, let pipe = fifo.pipe,
      seen.opens != (reads ? fifo.writerOpens : fifo.readerOpens)
    {
      // The partner has come, and has counted this end in.
      return pipe
    }
    let hasReaders = fifo.pipe.map { pipes[$0].readers > 0 } ?? false || !waitQueues[fifo.waitingReaders].isEmpty
    let hasWriters = fifo.pipe.map { pipes[$0].writers > 0 } ?? false || !waitQueues[fifo.waitingWriters].isEmpty
    let mustWait = reads && !writes && !hasWriters || writes && !reads && !hasReaders
    if mustWait, flags.contains(.nonblock), writes { throw .errno(.ENXIO) }
    if mustWait, !flags.contains(.nonblock) {
      if current.partner?.inode != inode {
        current.partner = (inode, reads ? fifo.writerOpens : fifo.readerOpens)
      }
      throw .wait(on: reads ? fifo.waitingReaders : fifo.waitingWriters)
    }
    let pipe = fifo.pipe ?? makePipe(inode: inodes[inode].number)
    fifo.pipe = pipe
    let waitingReaders = writes ? waiterCount(fifo.waitingReaders) : 0
    let waitingWriters = reads ? waiterCount(fifo.waitingWriters) : 0
    let newReaders = (reads ? 1 : 0) + waitingReaders, newWriters = (writes ? 1 : 0) + waitingWriters
    fifo.readerOpens += newReaders
    fifo.writerOpens += newWriters
    pipes[pipe].readers += newReaders
    pipes[pipe].writers += newWriters
    inodes[inode].content = .fifo(fifo)
    if waitingReaders > 0 { wakeAll(fifo.waitingReaders) }
    if waitingWriters > 0 { wakeAll(fifo.waitingWriters) }
    return pipe
  }

  private func waiterCount(_ queue: ID<WaitQueue>) -> Int {
    var count = waitQueues[queue].sleeper == nil ? 0 : 1
    var next = waitQueues[queue].first
    while let waiter = next {
      count += 1
      next = waiters[waiter].next
    }
    return count
  }

  /// A descriptor of a fifo, or of a pipe opened through /proc, was closed for the last time.
  mutating func releaseFIFO(_ pipe: ID<Pipe>, _ ended: OpenFile) {
    if ended.isReadable { releasePipe(pipe, reader: true) }
    if ended.isWritable { releasePipe(pipe, reader: false) }
    guard !pipes.contains(pipe), let path = ended.path else { return }
    let inode = inode(path)
    guard case .fifo(var fifo) = inodes[inode].content, fifo.pipe == pipe else { return }
    fifo.pipe = nil
    inodes[inode].content = .fifo(fifo)
  }

  /// The inode of a fifo has ended. Who still waits to open it finds that it is gone.
  mutating func end(_ fifo: FIFO) {
    for queue in [fifo.waitingReaders, fifo.waitingWriters] {
      wakeAll(queue)
      waitQueues.remove(queue)
    }
  }

  // Apart from the pipes' own, which go into the calls that read and write.
  @inline(never) mutating func readFIFO(
    _ pipe: ID<Pipe>, _ file: ID<OpenFile>, _ destination: inout Destination, for me: TaskID
  ) throws(Stop) -> Int { try read(pipe, file, &destination, for: me) }

  @inline(never) mutating func writeFIFO(
    _ pipe: ID<Pipe>, _ file: ID<OpenFile>, _ source: inout Source, for me: TaskID
  ) throws(Stop) -> Int { try write(pipe, file, &source, for: me) }
}
