/// Those who wait for something to change on one object, in the order in which they are woken.
///
/// As in Linux (kernel/sched/wait.c) those who want every event stand at the head, the newest first, and exclusive
/// ones at the tail, the oldest first: an event wakes all of the former and one of the latter.
///
/// Most queues have one sleeper at a time, who sleeps nowhere else. That one needs no entry: the queue names it, and it
/// names the queue (`Task.sleepsAloneOn`). Who comes to a queue with such a sleeper makes an entry of it first.
///
/// Invariant: where there is a `sleeper`, there are no entries.
struct WaitQueue {
  fileprivate var line = Line<Waiter>()
  @Packed private(set) var sleeper: TaskID?
  private var isSleeperExclusive = false

  @inline(__always) var first: ID<Waiter>? { line.first }
  @inline(__always) var isEmpty: Bool { line.isEmpty && sleeper == nil }

  /// Takes in a task as the only one. Tells whether that can be.
  @inline(__always) mutating func letSleep(_ task: TaskID, isExclusive: Bool) -> Bool {
    guard isEmpty else { return false }
    sleeper = task
    isSleeperExclusive = isExclusive
    return true
  }

  /// Takes out the task that sleeps here alone.
  @inline(__always) mutating func takeSleeper() -> TaskID? {
    let task = sleeper
    sleeper = nil
    return task
  }

  /// The same, and how an entry of it looks.
  fileprivate mutating func takeSleeperAsEntry(of queue: ID<WaitQueue>) -> Waiter? {
    takeSleeper().map { Waiter(owner: .task($0), queue: queue, isExclusive: isSleeperExclusive, events: .all) }
  }
}

/// One entry of a wait queue. A task in poll(2) has one on each queue, joined by `nextOfOwner`.
struct Waiter {
  enum Owner {
    case task(TaskID)
    /// An event does not end a sleep but makes the member of an epoll ready.
    case epollItem(ID<EpollItem>)
  }

  /// Where an entry goes. Most calls put exclusive ones at the tail and the others at the head; some differ.
  enum Place: Sendable { case head, tail }

  var owner: Owner
  var queue: ID<WaitQueue>
  @Packed var previous: ID<Waiter>?
  @Packed var next: ID<Waiter>?
  @Packed var nextOfOwner: ID<Waiter>? = nil
  var isExclusive: Bool
  var events: PollEvents
}

extension Kernel {
  /// Puts the task on `queue`; it leaves all its queues when it is woken.
  mutating func addWaiter(
    _ task: TaskID, to queue: ID<WaitQueue>, exclusive: Bool, events: PollEvents = .all, at place: Waiter.Place? = nil
  ) {
    let head = tasks[task].firstWaiter
    let waiter = link(
      Waiter(owner: .task(task), queue: queue, nextOfOwner: head, isExclusive: exclusive, events: events), at: place)
    tasks[task].firstWaiter = waiter
  }

  /// Adds an entry to its queue: by default exclusive ones behind, the others in front.
  mutating func link(_ entry: Waiter, at place: Waiter.Place? = nil) -> ID<Waiter> {
    let queue = entry.queue
    if let sleeper = waitQueues[queue].sleeper, let entry = waitQueues[queue].takeSleeperAsEntry(of: queue) {
      tasks[sleeper].firstWaiter = link(entry)
      tasks[sleeper].sleepsAloneOn = nil
    }
    if (place ?? (entry.isExclusive ? .tail : .head)) == .tail {
      let id = waiters.place { entry }
      if let last = waitQueues[queue].line.append(id) {
        waiters[id].previous = last
        waiters[last].next = id
      }
      return id
    }
    let id = waiters.place { entry }
    if let first = waitQueues[queue].line.prepend(id) {
      waiters[id].next = first
      waiters[first].previous = id
    }
    return id
  }

  mutating func unlink(_ id: ID<Waiter>) {
    let queue = waiters[id].queue, previous = waiters[id].previous, next = waiters[id].next
    waiters.discard(id)
    if !walks.isEmpty { for walk in walks.indices where walks[walk] == id { walks[walk] = next } }
    if let previous { waiters[previous].next = next }
    if let next { waiters[next].previous = previous }
    if previous == nil || next == nil { waitQueues[queue].line.lost(previous, next) }
  }

  /// A task that does not sleep after all, or no more, waits for nothing. (One that was woken to look whether a signal
  /// ends its sleep keeps its place among the pending semaphore operations, or at a message queue, until it has
  /// looked.)
  mutating func stopWaiting(_ task: TaskID) {
    removeWaiters(of: task)
    abandonOperation(task)
    abandonSleep(task)
  }

  /// Takes the task off every queue it stands on.
  mutating func removeWaiters(of task: TaskID) {
    if let pipe = tasks[task].forgetBytes() { _ = pipes[pipe].takeSoleReader() }
    if let queue = tasks[task].sleepsAloneOn {
      tasks[task].sleepsAloneOn = nil
      _ = waitQueues[queue].takeSleeper()
    }
    let first = tasks[task].firstWaiter
    guard first != nil else { return }
    tasks[task].firstWaiter = nil
    unlink(allFrom: first)
  }

  /// Takes `first` and the other entries of its owner off their queues.
  @inline(__always) mutating func unlink(allFrom first: ID<Waiter>?) {
    var next = first
    while let waiter = next {
      next = waiters[waiter].nextOfOwner
      unlink(waiter)
    }
  }

  /// Tells those on `queue` that `events` came about: all who want every event, and one exclusive sleeper.
  @inline(__always) mutating func wake(_ queue: ID<WaitQueue>, _ events: PollEvents = .all) {
    if let task = waitQueues[queue].sleeper {
      wake(task, aloneOn: queue)
    } else if waitQueues[queue].first != nil {
      wakeSome(queue, events, exclusiveLimit: 1)
    }
  }

  @inline(never) private mutating func wake(_ task: TaskID, aloneOn queue: ID<WaitQueue>) {
    _ = waitQueues[queue].takeSleeper()
    wakeFromAlone(task)
  }

  /// Ends the sleep of a task that its queue has just let go.
  @inline(__always) private mutating func wakeFromAlone(_ task: TaskID) {
    let entersQueue = tasks[task].wakeFromAlone()
    if isWatched { observe(.woken(tid: tasks[task].tid)) }
    if entersQueue { runQueue.append(task) }
  }

  /// Wakes everybody, as when the object is going away.
  mutating func wakeAll(_ queue: ID<WaitQueue>, _ events: PollEvents = .all) {
    if waitQueues[queue].first != nil { return wakeSome(queue, events, exclusiveLimit: .max) }
    guard waitQueues[queue].sleeper != nil, let task = waitQueues[queue].takeSleeper() else { return }
    wakeFromAlone(task)
  }

  private mutating func wakeSome(_ queue: ID<WaitQueue>, _ events: PollEvents, exclusiveLimit: Int) {
    var left = exclusiveLimit
    var next = waitQueues[queue].first
    while let id = next {
      next = waiters[id].next
      guard !waiters[id].events.isDisjoint(with: events) else { continue }
      let isExclusive = waiters[id].isExclusive
      switch waiters[id].owner {
      case .epollItem(let item):
        // What follows from this may take any task off any queue, this one too: `unlink` keeps the place up to date.
        walks.append(next)
        let hasWoken = memberEvent(item, events)
        next = walks.removeLast()
        if !hasWoken { continue }
      case .task(let task):
        // The task may stand on this queue twice (poll with the same descriptor twice): step past its own entries.
        while let following = next, case .task(task) = waiters[following].owner { next = waiters[following].next }
        makeRunnable(task)
      }
      if isExclusive {
        left -= 1
        if left == 0 { return }
      }
    }
  }
}

extension Kernel {
  /// Removes the queue of an object that is no more. Whoever still sleeps there (a thread whose descriptor another one
  /// closed) goes on and finds out.
  mutating func removeQueue(_ queue: ID<WaitQueue>) {
    wakeAll(queue)
    while let waiter = waitQueues[queue].first { unlink(waiter) }
    waitQueues.remove(queue)
  }
}

/// What poll(2) and epoll(7) report, with Linux's values.
public struct PollEvents: OptionSet, Hashable, Sendable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let input = PollEvents(rawValue: 0x001)
  public static let priority = PollEvents(rawValue: 0x002)
  public static let output = PollEvents(rawValue: 0x004)
  public static let error = PollEvents(rawValue: 0x008)
  public static let hangUp = PollEvents(rawValue: 0x010)
  public static let invalid = PollEvents(rawValue: 0x020)
  public static let readNormal = PollEvents(rawValue: 0x040)
  public static let readBand = PollEvents(rawValue: 0x080)
  public static let writeNormal = PollEvents(rawValue: 0x100)
  public static let writeBand = PollEvents(rawValue: 0x200)
  public static let readHangUp = PollEvents(rawValue: 0x2000)

  static let all = PollEvents(rawValue: .max)
  static let readable: PollEvents = [.input, .readNormal]
  static let writable: PollEvents = [.output, .writeNormal]
}
