import LinuxKernel
import Testing

@Suite("The scheduler")
struct SchedulerTests {
  /// Has `count` tasks make `calls` calls each, and notes the order in which they are answered.
  private func order(_ policy: Policy, seed: UInt64, tasks count: Int = 4, calls: Int = 12) throws -> [Int32] {
    let kernel = TestKernel(seed: seed, policy: policy), me = kernel.me
    for _ in 0..<count { _ = try kernel.fork(as: me) }
    var done: [Int32: Int] = [:]
    var order: [Int32] = []
    // Goes on when all others have ended.
    kernel.settle(me)
    while let task = kernel.schedule(), task != me {
      if case .ended = kernel.resume(task) { continue }
      let tid = kernel.tid(of: task)
      // It was preempted before a call, which is answered now, or has not begun.
      if done[tid] == nil { done[tid] = 0 } else { note(tid) }
      var isPreempted = false
      while done[tid]! < calls, !isPreempted {
        if case .blocked = kernel.perform("getpid", for: task) { isPreempted = true } else { note(tid) }
      }
      if !isPreempted { kernel.exit(task, status: 0) }
    }
    func note(_ tid: Int32) {
      done[tid]! += 1
      order.append(tid)
    }
    return order
  }

  @Test("fifo runs each task until it sleeps, in the order of their making")
  func fifo() throws {
    let expected = (2...5).flatMap { Array(repeating: Int32($0), count: 12) }
    for seed in 0..<5 as Range<UInt64> { #expect(try order(.fifo, seed: seed) == expected) }
  }

  @Test(
    "random and pct give the same order for the same seed, and others for others",
    arguments: [
      Policy.random, .pct(depth: 1), .pct(depth: 3), .pct(depth: 10),
    ])
  func seeded(policy: Policy) throws {
    var seen: Set<[Int32]> = []
    for seed in 0..<12 as Range<UInt64> {
      let first = try order(policy, seed: seed)
      #expect(first == (try order(policy, seed: seed)), "seed \(seed)")
      #expect(first.sorted() == (try order(.fifo, seed: 0)), "every call of every task is answered")
      seen.insert(first)
    }
    #expect(seen.count > 4)
  }

  @Test("pct without change points runs by priority: no task goes on after another has overtaken it")
  func pctPriorities() throws {
    for seed in 0..<10 as Range<UInt64> {
      let order = try order(.pct(depth: 1), seed: seed)
      var runs: [Int32] = []
      for tid in order where runs.last != tid { runs.append(tid) }
      #expect(runs.count == 4, "seed \(seed): \(runs)")
    }
  }

  @Test("policies are read from their names")
  func names() {
    for text in ["fifo", "random", "pct:3"] { #expect(Policy(text)?.name == text) }
    for text in ["", "FIFO", "pct", "pct:", "pct:0", "pct:-1", "pct:x", "random "] { #expect(Policy(text) == nil) }
  }

  @Test("The clock jumps to the next timer only when nothing can run")
  func clock() throws {
    let kernel = TestKernel(), me = kernel.me
    let child = try kernel.fork(as: me)
    let second: CallArgument = .bytes([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    #expect(kernel.perform("nanosleep", second, for: me).name == "blocked")
    #expect(kernel.schedule() == child)
    #expect(kernel.time == 0)
    _ = kernel.resume(child)
    kernel.settle(child)
    #expect(kernel.schedule() == child, "who settles goes on before the clock moves")
    #expect(kernel.time == 0)
    kernel.exit(child, status: 0)
    #expect(kernel.schedule() == me)
    #expect(kernel.time == 1_000_000_000)
    #expect(kernel.resume(me).name == "reply")
    #expect(kernel.schedule() == nil)
  }

  @Test("Random numbers are the same everywhere")
  func random() {
    var random = Random(seed: 0)
    #expect([random.next(), random.next()] == [0xE220_A839_7B1D_CDAF, 0x6E78_9E6A_A1B9_65F4])
    for bound in [1, 2, 3, 1000] { for _ in 0..<100 { #expect((0..<bound).contains(random.below(bound))) } }
  }
}
