/// Who runs next when several can.
public enum Policy: Equatable, Sendable {
  /// In the order in which they became able to; a task runs until it sleeps.
  case fifo
  /// Any of them, chosen anew before each call.
  case random
  /// Probabilistic concurrency testing: random priorities, and `depth - 1` random points where the running task drops
  /// to the lowest (Burckhardt et al., ASPLOS 2010).
  case pct(depth: Int)

  /// Reads "fifo", "random" or "pct:N".
  public init?(_ text: String) {
    switch text {
    case "fifo": self = .fifo
    case "random": self = .random
    default:
      // Each but the first is a point that is drawn beforehand.
      guard text.hasPrefix("pct:"), let depth = Int(text.dropFirst(4)), 1...1000 ~= depth else { return nil }
      self = .pct(depth: depth)
    }
  }

  public var name: String {
    switch self {
    case .fifo: "fifo"
    case .random: "random"
    case .pct(let depth): "pct:\(depth)"
    }
  }
}

/// The tasks that can run, oldest first.
struct RunQueue {
  /// The oldest, of which there is most often no other.
  private var front = TaskID(bits: 0)
  /// The others, in a ring: its size is a power of two, and they are `count - 1` from `head` on.
  private var ring: [TaskID] = []
  private var head = 0
  private(set) var count = 0

  /// For pct: after how many calls the running task drops to the lowest priority, drawn with the first call; and the
  /// lowest so far.
  var changePoints: [Int]?
  var lowestPriority = 0

  @inline(__always) var isEmpty: Bool { count == 0 }
  subscript(_ position: Int) -> TaskID { position == 0 ? front : ring[place(position - 1)] }

  /// Where the ring has the other with the number `position`.
  private func place(_ position: Int) -> Int { (head + position) & (ring.count - 1) }

  @inline(__always) mutating func append(_ task: TaskID) {
    if count == 0 { front = task } else { appendToRing(task) }
    count += 1
  }

  @inline(never) private mutating func appendToRing(_ task: TaskID) {
    if count > ring.count { grow(task) }
    ring[place(count - 1)] = task
  }

  private mutating func grow(_ filler: TaskID) {
    var larger = (0..<count - 1).map { ring[place($0)] }
    larger += Array(repeating: filler, count: max(8, ring.count * 2) - (count - 1))
    ring = larger
    head = 0
  }

  @inline(__always) mutating func removeFirst() -> TaskID {
    let task = front
    count -= 1
    if count > 0 { advance() }
    return task
  }

  /// The next one comes to the front.
  @inline(never) private mutating func advance() {
    front = ring[head]
    head = (head + 1) & (ring.count - 1)
  }

  mutating func remove(_ position: Int) -> TaskID {
    if position == 0 { return removeFirst() }
    let task = self[position]
    for next in position + 1..<max(count, position + 1) { ring[place(next - 2)] = self[next] }
    count -= 1
    return task
  }
}

extension Kernel {
  /// Ends a task's sleep.
  mutating func makeRunnable(_ task: TaskID) {
    guard tasks[task].state == .blocked else { return }
    if let pipe = tasks[task].forgetBytes() { _ = pipes[pipe].takeSoleReader() }
    let (waiter, queue, entersQueue) = tasks[task].wakeUp()
    if let queue { _ = waitQueues[queue].takeSleeper() }
    unlink(allFrom: waiter)
    if isWatched { observe(.woken(tid: tasks[task].tid)) }
    if entersQueue { runQueue.append(task) }
  }

  /// Starts a task.
  mutating func start(_ task: TaskID) {
    if policy != .fifo { tasks[task].priority = random.below(1 << 30) + 1 }
    if isWatched { observe(.started(tid: tasks[task].tid)) }
    enqueue(task)
  }

  mutating func enqueue(_ task: TaskID) {
    guard !tasks[task].isQueued else { return }
    tasks[task].isQueued = true
    runQueue.append(task)
  }

  /// The task to go on now. When none can, those in ks.settle() go on; when there are none either, the clock jumps to
  /// the next timer. Returns nil when nothing will ever happen.
  public mutating func schedule() -> TaskID? {
    while true {
      while !runQueue.isEmpty {
        let task = policy == .fifo ? runQueue.removeFirst() : pickNext()
        guard tasks.contains(task) else { continue }
        if tasks[task].leaveQueue() { return task }
      }
      if !settling.isEmpty {
        let ready = settling
        settling.removeAll()
        for task in ready where tasks.contains(task) && tasks[task].state == .settling {
          tasks[task].state = .runnable
          enqueue(task)
        }
        continue
      }
      guard !isClockHeld, let at = nextTimer() else { return nil }
      now = max(now, at)
      fireTimers()
    }
  }

  private mutating func pickNext() -> TaskID {
    switch policy {
    case .fifo: return runQueue.removeFirst()
    case .random: return runQueue.remove(random.below(runQueue.count))
    case .pct:
      var best = 0
      for position in 1..<max(runQueue.count, 1) {
        if priority(runQueue[position]) > priority(runQueue[best]) { best = position }
      }
      return runQueue.remove(best)
    }
  }

  private func priority(_ task: TaskID) -> Int { tasks.contains(task) ? tasks[task].priority : .max }

  /// Whether the policy takes the processor from the running task before its next call.
  mutating func isPreempted(_ me: TaskID) -> Bool {
    guard !runQueue.isEmpty else { return false }
    switch policy {
    case .fifo: return false
    case .random: return random.below(runQueue.count + 1) != 0
    case .pct(let depth):
      if runQueue.changePoints == nil {
        runQueue.changePoints = (1..<max(depth, 1)).map { _ in callCount + random.below(1000) }.sorted()
      }
      if let point = runQueue.changePoints?.first, callCount >= point {
        runQueue.changePoints?.removeFirst()
        dropPriority(me)
      }
      for position in 0..<runQueue.count where priority(runQueue[position]) > tasks[me].priority { return true }
      return false
    }
  }

  /// Lets all others go before a task, under the policy that looks at priorities. Who yields has this too: a loop that
  /// waits so for another task would else never see it run.
  mutating func dropPriority(_ me: TaskID) {
    runQueue.lowestPriority -= 1
    tasks[me].priority = runQueue.lowestPriority
  }

  /// Puts the running task into ks.settle(): it goes on when all others sleep. The caller resumes it with `schedule`.
  public mutating func settle(_ me: TaskID) {
    tasks[me].state = .settling
    settling.append(me)
  }

  /// Gives up the processor: the task goes on after all that can run now.
  public mutating func yield(_ me: TaskID) { enqueue(me) }
}
