/// What eventfd(2) makes. Linux: fs/eventfd.c, struct eventfd_ctx.
struct EventCounter {
  var count: UInt64
  /// A read takes one and not all (EFD_SEMAPHORE).
  let isSemaphore: Bool
  let changed: ID<WaitQueue>
}

extension Kernel {
  /// Linux: eventfd_read(). Sleepers stand in one line, all of them told of each change.
  @inline(__always)
  mutating func read(
    _ counter: ID<EventCounter>, _ file: ID<OpenFile>, _ destination: inout Destination, for me: TaskID
  ) throws(Stop) -> Int {
    guard destination.remaining >= 8 else { throw .errno(.EINVAL) }
    let count = eventCounters[counter].count
    if count == 0 {
      if files[file].isNonblocking { throw .errno(.EAGAIN) }
      throw .wait(inLine: eventCounters[counter].changed)
    }
    let taken = eventCounters[counter].isSemaphore ? 1 : count
    eventCounters[counter].count = count - taken
    wake(eventCounters[counter].changed, .output)
    // A bad buffer is noticed only now: what was taken is lost.
    guard deliver(word: taken, to: &destination, of: me) else { throw .errno(.EFAULT) }
    return 8
  }

  /// Linux: eventfd_write().
  @inline(__always)
  mutating func write(_ counter: ID<EventCounter>, _ file: ID<OpenFile>, _ source: inout Source, for me: TaskID)
    throws(Stop) -> Int
  {
    guard source.remaining == 8 else { throw .errno(.EINVAL) }
    let added = try takeWord(from: &source, of: me)
    guard added != .max else { throw .errno(.EINVAL) }
    let count = eventCounters[counter].count
    guard UInt64.max - count > added else {
      if files[file].isNonblocking { throw .errno(.EAGAIN) }
      throw .wait(inLine: eventCounters[counter].changed)
    }
    eventCounters[counter].count = count + added
    wake(eventCounters[counter].changed, .input)
    return 8
  }

  /// Linux: eventfd_poll().
  func poll(_ counter: ID<EventCounter>) -> PollAnswer {
    let count = eventCounters[counter].count
    var answer = PollAnswer(events: [], queues: (eventCounters[counter].changed, nil))
    if count > 0 { answer.events.insert(.input) }
    if count < .max - 1 { answer.events.insert(.output) }
    return answer
  }
}
