/// What is to happen at a time: a binary heap ordered by time, then by the order in which the timers were set.
struct TimerQueue {
  enum Event {
    /// The task's sleep with this number is over.
    case wake(TaskID, sleep: UInt32)
    /// A timerfd is due, unless it was set anew since.
    case timerFile(ID<TimerFile>, setting: UInt32)
    /// ITIMER_REAL, as set for the n-th time, is over.
    case intervalTimer(ID<ProcessTimers>, setting: UInt32)
    /// A POSIX timer, as set for the n-th time, is over.
    case posixTimer(ID<ProcessTimers>, number: Int32, setting: UInt32)
  }

  struct Entry {
    var at: Int64
    var order: UInt64
    var event: Event

    func isBefore(_ other: Entry) -> Bool { at != other.at ? at < other.at : order < other.order }
  }

  private var heap: [Entry] = []
  private var nextOrder: UInt64 = 0

  var first: Entry? { heap.first }
  var count: Int { heap.count }
  /// How many entries there may be before the stale ones are swept out.
  fileprivate var sweepLimit = 1024

  /// Keeps only the entries that `isNeeded` names.
  fileprivate mutating func sweep(_ isNeeded: (Event) -> Bool) {
    // A sorted array is a heap.
    heap = heap.filter { isNeeded($0.event) }.sorted { $0.isBefore($1) }
    sweepLimit = max(1024, 2 * heap.count)
  }

  fileprivate mutating func add(at: Int64, _ event: Event) {
    heap.append(Entry(at: at, order: nextOrder, event: event))
    nextOrder += 1
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard heap[child].isBefore(heap[parent]) else { break }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  mutating func removeFirst() -> Entry {
    let entry = heap[0]
    let last = heap.removeLast()
    guard !heap.isEmpty else { return entry }
    heap[0] = last
    var parent = 0
    while true {
      var child = 2 * parent + 1
      guard child < heap.count else { break }
      if child + 1 < heap.count, heap[child + 1].isBefore(heap[child]) { child += 1 }
      guard heap[child].isBefore(heap[parent]) else { break }
      heap.swapAt(child, parent)
      parent = child
    }
    return entry
  }
}

extension Kernel {
  /// Sets a timer. There is no way to take it back: an event tells whether it is stale when it comes. Stale ones are
  /// swept out when they may be half of all, so that a time-out set a million times over takes no room.
  @inline(__always) mutating func setTimer(at time: Int64, _ event: TimerQueue.Event) {
    if timers.count >= timers.sweepLimit { sweepTimers() }
    timers.add(at: time, event)
  }

  @inline(never) private mutating func sweepTimers() {
    var swept = timers
    swept.sweep { !isStale($0) }
    timers = swept
  }

  /// Whether an event still means anything: the sleep it was to end may long be over.
  func isStale(_ event: TimerQueue.Event) -> Bool {
    switch event {
    case .wake(let task, let sleep):
      !tasks.contains(task) || tasks[task].sleepNumber != sleep || tasks[task].call == nil
    case .timerFile(let timer, let setting): !timerFiles.contains(timer) || timerFiles[timer].setting != setting
    case .intervalTimer(let timers, let setting):
      !processTimers.contains(timers) || processTimers[timers].real.setting != setting
    case .posixTimer(let timers, let number, let setting):
      !processTimers.contains(timers)
        || processTimers[timers].posix(number).map { processTimers[timers].posix[$0].setting } != setting
    }
  }

  /// Drops stale timers from the head, and tells when the next real one is due.
  mutating func nextTimer() -> Int64? {
    while let first = timers.first {
      if !isStale(first.event) { return first.at }
      _ = timers.removeFirst()
    }
    return nil
  }

  /// Lets everything happen that is due by now.
  mutating func fireTimers() {
    while let at = nextTimer(), at <= now {
      switch timers.removeFirst().event {
      case .wake(let task, _): makeRunnable(task)
      case .timerFile(let timer, _): expire(timer)
      case .intervalTimer(let timers, _): intervalTimerExpired(timers)
      case .posixTimer(let timers, let number, _): posixTimerExpired(number, timers)
      }
    }
  }
}
