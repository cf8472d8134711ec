import Glibc
import LinuxKernel
import Testing

/// Random senders, receivers, signals, removals and limit changes: each call must answer what the model says, to whom
/// it says, so that no message is lost, invented or received twice, and none out of turn.
///
/// KSCRIPT_FULL=1 runs seeds 0 to 9,999; KSCRIPT_SEED=n runs one of those alone.
@Suite("Message queues against a model", .serialized)
struct QueueModelTests {
  static let seeds: [UInt64] = {
    if let one = getenv("KSCRIPT_SEED").flatMap({ UInt64(String(cString: $0)) }) { return [one] }
    return Array(0..<(getenv("KSCRIPT_FULL") != nil ? 10_000 : 150))
  }()

  @Test func answerAsTheModelSays() {
    var sent = 0, received = 0, slept = 0
    for seed in Self.seeds {
      var traffic = Traffic(seed: seed)
      if let difference = traffic.run(300) {
        Issue.record("seed \(seed): \(difference)")
        break
      }
      sent += traffic.sent
      received += traffic.received
      slept += traffic.slept
    }
    #expect(
      received > sent / 2 && slept > sent / 4, "\(sent) sent, \(received) received, \(slept) slept: little was tried")
  }
}

/// A kernel with a few tasks that talk over queues of both kinds, and the model beside it.
private struct Traffic: ~Copyable {
  private var kernel: Kernel
  private var model = QueueModel()
  private var random: Random
  /// Task 1, which never sleeps; it goes on when all others do.
  private let keeper: TaskID
  private var workers: [TaskID] = []
  /// Queues by their numbers here: System V identifiers, or descriptors.
  private var names: [Int64] = []
  /// The same for calls that do not wait.
  private var impatientNames: [Int64] = []
  private var lastMessage = 0
  private(set) var sent = 0, received = 0, slept = 0

  private static let signal: Int64 = 10
  /// Neighbours, and on both sides of where the index of types changes its ways.
  private static let types: [Int64] = [1, 2, 63, 64, 32767, 32768, 40_000, 1 << 40, .max]

  init(seed: UInt64) {
    random = Random(seed: seed &* 77 &+ 5)
    kernel = Kernel(seed: seed)
    keeper = kernel.boot()
    _ = kernel.schedule().map { kernel.resume($0) }
    for _ in 0..<2 { addSystemVQueue() }
    for number in 0..<2 { addPosixQueue(number) }
    for worker in 0..<5 {
      let task = try! kernel.fork(as: keeper)
      workers.append(task)
      // Handlers of every other worker restart what they interrupt.
      let flags: UInt64 = restarts(worker) ? 0x1000_0000 : 0
      var action: [UInt8] = []
      for word in [2, flags, 0, 0] { action += (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }
      try! kernel.call("sigaction", .word(Self.signal), .bytes(action), as: task)
      try! kernel.call("setpriority", 0, 0, .word(Int64(niceness(worker))), as: task)
    }
  }

  private func restarts(_ worker: Int) -> Bool { worker % 2 == 0 }
  private func niceness(_ worker: Int) -> Int { worker % 3 }

  private mutating func addSystemVQueue() {
    model.queues[names.count] = QueueModel.Queue(byteLimit: 16384, countLimit: 16384)
    names.append(Int64(try! kernel.msgget(0, 0o600, as: keeper)))
    impatientNames.append(names.last!)
    setLimit(names.count - 1)
  }

  private mutating func addPosixQueue(_ number: Int) {
    let count = 1 + random.below(4)
    model.queues[names.count] = QueueModel.Queue(isPosix: true, byteLimit: .max, countLimit: count)
    let fd = try! kernel.mq_open("/\(number)", [.create, .readWrite], Mode(0o600), count: count, size: 40, as: keeper)
    names.append(Int64(fd.number))
    impatientNames.append(Int64(try! kernel.mq_open("/\(number)", [.readWrite, .nonblock], as: keeper).number))
  }

  private mutating func setLimit(_ queue: Int) {
    let bytes = random.below(120)
    var buffer = [UInt8](repeating: 0, count: 120)
    (buffer[20], buffer[21]) = (0x80, 0x01)  // mode 0600
    buffer[88] = UInt8(bytes)
    try! kernel.call("msgctl", .word(names[queue]), 1, .bytes(buffer), as: keeper)
    model.setLimit(bytes, of: queue)
  }

  /// Returns how the kernel first differs from the model.
  mutating func run(_ steps: Int) -> String? {
    kernel.settle(keeper)
    for step in 0..<steps {
      guard let task = kernel.schedule() else { return "step \(step): nobody can go on" }
      let outcome = kernel.resume(task)
      if let difference = task == keeper ? tend() : goOn(workers.firstIndex(of: task)!, outcome) {
        return "step \(step): \(difference)"
      }
      if random.below(20) == 0 {
        // A snapshot taken in the middle goes on just as well.
        var copy = kernel.snapshot()
        swap(&copy, &kernel)
      }
    }
    return nil
  }

  // MARK: The workers

  private mutating func goOn(_ worker: Int, _ first: Outcome) -> String? {
    var outcome = first
    while case .handler = outcome { outcome = kernel.handlerReturned(workers[worker]) }
    if let sleeper = model.sleepers[worker] {
      guard sleeper.isRunnable else { return "worker \(worker) was woken for nothing" }
      let expected = model.goOn(worker, restarts: restarts(worker))
      if let difference = compare(sleeper.call, expected, outcome, "worker \(worker) goes on") { return difference }
      if expected == nil { return nil }
    } else if case .start = outcome {
    } else {
      return "worker \(worker) has made no call, and is told \(outcome.name)"
    }
    for _ in 0..<random.below(4) {
      let call = randomCall(waits: random.below(4) != 0), isPosix = model.queues[call.queue]!.isPosix
      let expected = model.make(call, by: worker, niceness: isPosix ? niceness(worker) : 0)
      if let difference = compare(call, expected, perform(call, for: workers[worker]), "worker \(worker)") {
        return difference
      }
      if expected == nil { return nil }
    }
    kernel.yield(workers[worker])
    return nil
  }

  private mutating func randomCall(waits: Bool) -> QueueModel.Call {
    let queue = model.queues.keys.sorted()[random.below(model.queues.count)], isPosix = model.queues[queue]!.isPosix
    var call = QueueModel.Call(queue: queue)
    call.waits = waits
    if random.below(2) == 0 {
      lastMessage += 1
      // Also around the length from which on bytes lie apart from their message.
      let length = !isPosix && random.below(6) == 0 ? 70 + random.below(40) : random.below(40)
      let bytes = (0..<length).map { UInt8(truncatingIfNeeded: lastMessage >> ($0 % 3 * 8)) }
      call.message = QueueModel.Message(type: isPosix ? Self.types[random.below(5)] : randomType(), bytes: bytes)
    } else if isPosix {
      call.selector = .highest
    } else {
      let type = randomType()
      call.selector = [.oldest, .type(type), .except(type), .lowest(type)][random.below(4)]
      call.room = random.below(4) == 0 ? random.below(20) : random.below(2) == 0 ? 40 : 120
      call.cuts = random.below(3) == 0
    }
    return call
  }

  private mutating func randomType() -> Int64 { Self.types[random.below(random.below(3) == 0 ? 9 : 4)] }

  private mutating func perform(_ call: QueueModel.Call, for task: TaskID) -> Outcome {
    let name = CallArgument.word(call.waits ? names[call.queue] : impatientNames[call.queue])
    if model.queues[call.queue]!.isPosix {
      guard let message = call.message else { return kernel.perform("mq_receive", [name, 40], for: task) }
      return kernel.perform("mq_send", [name, .bytes(message.bytes), .word(message.type)], for: task)
    }
    var flags: Int64 = (call.waits ? 0 : 0o4000) | (call.cuts ? 0o10000 : 0), type: Int64 = 0
    if let message = call.message {
      return kernel.perform("msgsnd", [name, .word(message.type), .bytes(message.bytes), .word(flags)], for: task)
    }
    switch call.selector {
    case .oldest, .highest: break
    case .type(let wanted): type = wanted
    case .lowest(let limit): type = -limit
    case .except(let unwanted): (type, flags) = (unwanted, flags | 0o20000)
    }
    return kernel.perform("msgrcv", [name, .word(Int64(call.room)), .word(type), .word(flags)], for: task)
  }

  private mutating func compare(
    _ call: QueueModel.Call, _ expected: QueueModel.Answer?, _ outcome: Outcome, _ who: String
  ) -> String? {
    let actual: QueueModel.Answer?
    switch outcome {
    case .blocked: actual = nil
    case .reply where kernel.answerErrno != 0: actual = .failed(kernel.answerErrno)
    case .reply where call.message != nil: actual = .sent
    case .reply:
      // The type stands where its result does: before the bytes for msgrcv, behind them for mq_receive.
      let isPosix = model.queues[call.queue].map(\.isPosix) ?? false
      actual = .received(QueueModel.Message(type: kernel.answerWord(isPosix ? 1 : 0), bytes: kernel.answerBytes.array))
    default: return "\(who): \(outcome.name)"
    }
    switch actual {
    case nil: slept += 1
    case .sent?: sent += 1
    case .received?: received += 1
    case .failed?: break
    }
    guard actual != expected else { return nil }
    func text(_ answer: QueueModel.Answer?) -> String { answer.map { "\($0)" } ?? "waits" }
    return "\(who): \(call): the kernel \(text(actual)), the model \(text(expected))"
  }

  // MARK: Task 1

  /// All workers sleep: signals, limits and removals, and calls that do not wait.
  private mutating func tend() -> String? {
    for (worker, sleeper) in model.sleepers where sleeper.isRunnable { return "worker \(worker) should not sleep" }
    for _ in 0...random.below(4) {
      switch random.below(10) {
      case 0, 1:
        let asleep = model.sleepers.keys.sorted()
        guard !asleep.isEmpty else { break }
        let worker = asleep[random.below(asleep.count)]
        model.interrupt(worker)
        try! kernel.call("kill", .word(Int64(kernel.tid(of: workers[worker]))), .word(Self.signal), as: keeper)
      case 2, 3: setLimit(systemVQueue())
      case 4:
        guard random.below(3) == 0 else { break }
        let queue = systemVQueue()
        try! kernel.call("msgctl", .word(names[queue]), 0, as: keeper)
        model.remove(queue)
        addSystemVQueue()
      default:
        let call = randomCall(waits: false)
        let expected = model.make(call, by: -1)
        if let difference = compare(call, expected, perform(call, for: keeper), "task 1") { return difference }
      }
    }
    kernel.settle(keeper)
    return nil
  }

  private mutating func systemVQueue() -> Int {
    let all = model.queues.keys.sorted().filter { !model.queues[$0]!.isPosix }
    return all[random.below(all.count)]
  }
}
