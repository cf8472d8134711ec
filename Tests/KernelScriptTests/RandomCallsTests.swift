import Glibc
import LinuxKernel
import Testing

/// Random calls with random arguments, straight at the kernel: whatever they answer, the kernel must not trap.
///
/// A trap ends the test program, so each seed is printed before it runs. KSCRIPT_FULL=1 runs seeds 0 to 99 with 10,000
/// calls each; KSCRIPT_SEED=n runs one of those alone.
@Suite("Random calls", .serialized)
struct RandomCallsTests {
  static let isFull = getenv("KSCRIPT_FULL") != nil
  static let seeds: [UInt64] = {
    if let one = getenv("KSCRIPT_SEED").flatMap({ UInt64(String(cString: $0)) }) { return [one] }
    return Array(0..<(isFull ? 100 : 5))
  }()
  static var calls: Int { isFull || getenv("KSCRIPT_SEED") != nil ? 10_000 : 2_000 }

  @Test(arguments: seeds) func endWithoutTrap(seed: UInt64) {
    print("random calls: seed \(seed)")
    var storm = Storm(seed: seed)
    storm.run(Self.calls)
    print("random calls: seed \(seed): \(storm.answered) of \(storm.performed) answered, in \(storm.worlds) worlds")
    let answered = storm.answered, performed = storm.performed
    #expect(answered * 6 > performed, "a storm of failures shows little")
  }
}

/// A kernel with a few tasks that make calls nobody would.
private struct Storm: ~Copyable {
  private var kernel: Kernel
  private var random: Random
  private let policy: Policy
  /// Task 1, which makes no random calls: it keeps the others going.
  private var keeper: TaskID
  private(set) var performed = 0
  /// How many calls succeeded, and how many kernels came to rest.
  private(set) var answered = 0
  private(set) var worlds = 1
  /// Where memory is mapped, and what lies beside it.
  private var addresses: [Int64] = [0, 1, -1, 4095, 4096, 0x7fff_ffff_f000, 1 << 47, .max, .min, 0x1000_0000]
  private let isTraced = getenv("KSCRIPT_CALLS") != nil

  init(seed: UInt64) {
    random = Random(seed: seed)
    policy = [.fifo, .random, .pct(depth: 3)][Int(seed % 3)]
    kernel = Kernel(seed: seed, policy: policy)
    keeper = kernel.boot()
    furnish()
  }

  /// Memory and descriptors that all tasks get from the first one.
  private mutating func furnish() {
    for _ in 0..<4 {
      if let address = kernel.allocateBuffer(random.below(20_000) + 1, for: keeper) {
        addresses.append(Int64(bitPattern: address))
        addresses.append(Int64(bitPattern: address) + 4000)
      }
    }
    for call in ["pipe2", "eventfd", "epoll_create1", "pipe2"] { _ = try? kernel.call(call, 0, as: keeper) }
    for clock in [0, 1] as [CallArgument] { _ = try? kernel.call("timerfd_create", clock, as: keeper) }
    _ = try? kernel.call("open", "/tmp/a", 0o102, 0o666, as: keeper)
    _ = try? kernel.call("mknod", "/tmp/b", 0o010666, 0, as: keeper)
    _ = try? kernel.call("memfd_create", "m", 2, as: keeper)
    for name in ["/a", "/b"] as [CallArgument] { _ = try? kernel.call("mq_open", name, 0o102, 0o666, as: keeper) }
    for key in [0, 1, 2] as [CallArgument] { _ = try? kernel.call("msgget", key, 0o1666, as: keeper) }
  }

  /// What task 1 does when it goes on, which is when all others sleep: reaps, kills, makes new tasks.
  private mutating func tend() {
    performed += 1
    while let reply = try? kernel.call("waitpid", -1, 0x4000_0001, as: keeper), reply.value > 0 {}
    for task in kernel.taskIDs where task != keeper && random.below(3) == 0 {
      let signal = [9, 9, 10, 15, 18][random.below(5)]
      _ = try? kernel.call("kill", .word(Int64(kernel.tid(of: task))), .word(Int64(signal)), as: keeper)
    }
    while kernel.taskCount < 5, let child = try? kernel.fork(as: keeper) { _ = child }
    if random.below(3) == 0 {
      let pause: CallArgument = .bytes([UInt8(random.below(3)), 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0])
      kernel.canSleep = true
      _ = kernel.call(pause, for: keeper)
    } else {
      kernel.settle(keeper)
    }
  }

  mutating func run(_ count: Int) {
    while performed < count {
      guard let task = kernel.schedule() else {
        // Everybody has ended, or waits for ever: the storm goes on in a new world.
        kernel = Kernel(seed: random.next(), policy: policy)
        keeper = kernel.boot()
        furnish()
        performed += 1
        worlds += 1
        continue
      }
      var isRunning = false
      let outcome = kernel.resume(task)
      if task == keeper {
        switch outcome {
        case .blocked, .ended, .replaced: break
        default: tend()
        }
        continue
      }
      switch outcome {
      case .reply, .start, .cannotSleep: isRunning = true
      case .handler: isRunning = handlers(task)
      case .blocked, .ended, .replaced: break
      }
      // Not all of them for ever, since fifo lets a task go on until it waits.
      var left = random.below(60)
      while isRunning, left > 0, performed < count {
        isRunning = call(task)
        left -= 1
      }
      if isRunning { kernel.yield(task) }
      look()
    }
  }

  /// Runs handlers until the task goes on, or does not.
  private mutating func handlers(_ task: TaskID) -> Bool {
    for _ in 0..<100 {
      switch kernel.handlerReturned(task) {
      case .handler: continue
      case .reply, .start, .cannotSleep: return true
      case .blocked, .ended, .replaced: return false
      }
    }
    return true
  }

  /// What a machine does between calls, and snapshots at odd moments.
  private mutating func look() {
    _ = kernel.takeConsoleOutput()
    _ = kernel.takeEnded()
    for task in kernel.taskIDs.prefix(3) where random.below(40) == 0 {
      _ = kernel.describe(task)
      if kernel.isBlocked(task) { _ = kernel.reasonForWaiting(task) }
    }
    if random.below(200) == 0 {
      var copy = kernel.snapshot()
      swap(&copy, &kernel)
    }
    if kernel.isConsoleAwaited { kernel.typed(random.below(2) == 0 ? nil : Array("line\n".utf8)) }
  }

  private mutating func call(_ task: TaskID) -> Bool {
    let index = random.below(Syscall.all.count)
    let declaration = Syscall.all[index]
    // Rarely: it ends tasks, or makes more of them.
    if ["exit", "exit_group", "kill", "fork", "clone3"].contains(declaration.name), random.below(8) != 0 {
      return true
    }
    if declaration.name == "fork" || declaration.name == "clone3", kernel.taskCount > 12 { return true }
    var arguments = declaration.parameters.map { argument($0.kind) }
    arguments.append(.absent)
    var words: [RawArgument] = []
    var storage: [UInt8] = []
    for case .bytes(let bytes) in arguments { storage += bytes }
    performed += 1
    kernel.canSleep = random.below(10) != 0
    var outcome = Outcome.ended
    let isTraced = isTraced
    storage.withByteView { view in
      var offset = 0
      for argument in arguments {
        switch argument {
        case .absent: words.append(.absent)
        case .word(let word): words.append(.word(word))
        case .memory(let address, let count): words.append(.memory(address, count))
        case .bytes(let bytes):
          words.append(.bytes(view.slice(offset, bytes.count)))
          offset += bytes.count
        }
      }
      words.withUnsafeBufferPointer { pointer in
        let raw = Arguments(pointer.baseAddress!)
        if isTraced { print("\(kernel.tid(of: task)) \(declaration.name)(\(declaration.describe(raw)))") }
        outcome = kernel.perform(index, raw, for: task)
        if case .reply = outcome {
          _ = declaration.describe(raw)
          if kernel.answerErrno == 0 {
            answered += 1
            _ = declaration.describe(reply: kernel.answer, bytes: kernel.answerBytes)
          }
        }
      }
    }
    if kernel.answerErrno == 0, declaration.name == "mmap", case .reply = outcome {
      addresses.append(kernel.answerWord(0))
    }
    switch outcome {
    case .reply, .cannotSleep, .start: return true
    case .handler: return handlers(task)
    case .blocked, .ended, .replaced: return false
    }
  }

  // Values are mostly such that a call gets somewhere: small descriptors, names that are there, addresses that are
  // mapped.

  private mutating func argument(_ kind: ArgumentKind) -> CallArgument {
    switch kind {
    case .integer, .any: return oneIn(30) ? .absent : .word(number())
    case .descriptor: return .word(descriptor())
    case .mode: return .word(Int64(random.below(0o10000)))
    case .flags(let set), .value(let set): return .word(set.sample(&random))
    case .address: return .word(address())
    case .path, .program:
      return oneIn(10) ? .memory(UInt64(bitPattern: address()), count: -1) : .bytes(Array(path().utf8))
    case .data, .destination:
      if oneIn(3) { return .memory(UInt64(bitPattern: address()), count: Int(count())) }
      // Room in the answer is the machine's own memory, so not too much of it.
      if case .destination = kind { return .word(min(count(), 1 << 20)) }
      return .bytes(bytes(oneIn(20) ? 70_000 : oneIn(3) ? 8 : random.below(300)))
    case .structure(let layout): return structure(layout.size)
    case .flagsOrStructure(let set, let layout): return oneIn(2) ? .word(set.sample(&random)) : structure(layout.size)
    case .control(let forms):
      if forms.listedSize > 0, oneIn(5) { return .bytes(bytes(forms.listedSize * random.below(5))) }
      return oneIn(2) ? .word(number()) : structure(forms.layouts[0].size)
    case .structures(let layout): return structure(layout.size * random.below(5))
    case .time: return time()
    case .signalSet: return oneIn(8) ? .absent : .bytes(bytes(8))
    case .signalAction: return oneIn(4) ? .absent : structure(32)
    case .integers(let size): return .bytes(bytes(size * random.below(5)))
    case .strings: return oneIn(4) ? .word(address()) : .bytes(bytes(random.below(20)) + [0])
    case .vector: return oneIn(4) ? .word(address()) : vector()
    case .function: return 0
    }
  }

  private mutating func oneIn(_ chances: Int) -> Bool { random.below(chances) == 0 }
  private mutating func bytes(_ count: Int) -> [UInt8] {
    let isSmall = oneIn(2)
    return (0..<count).map { _ in UInt8(truncatingIfNeeded: isSmall ? UInt64(random.below(4)) : random.next()) }
  }

  private mutating func number() -> Int64 {
    switch random.below(12) {
    case 0: [Int64.min, .max, -1, 1 << 31, (1 << 31) - 1, -1 << 31, 1 << 32, 1 << 62, 1 << 53][random.below(9)]
    case 1: Int64(bitPattern: random.next())
    case 2: Int64(random.below(100_000))
    case 3: -Int64(random.below(1000))
    case 4: 1 << Int64(random.below(63))
    default: Int64(random.below(20))
    }
  }

  private mutating func count() -> Int64 { oneIn(40) ? number() : Int64(random.below(oneIn(6) ? 100_000 : 200)) }
  private mutating func descriptor() -> Int64 { oneIn(12) ? (oneIn(2) ? -100 : number()) : Int64(random.below(24)) }
  private mutating func address() -> Int64 { addresses[random.below(addresses.count)] &+ (oneIn(3) ? number() : 0) }

  private mutating func path() -> String {
    let names = [
      "a", "b", "c", "tmp", "dev", "proc", "self", "fd", "null", "zero", "full", "random", "..", ".", "1", "2", "3",
      "shm", "status", "stat", "mounts", "mqueue", "", "fdinfo", "exe", "cwd", "task",
    ]
    if oneIn(60) { return String(repeating: "x", count: random.below(5000)) }
    var path = oneIn(3) ? "" : oneIn(3) ? "/proc/self/fd/\(random.below(12))" : "/tmp"
    for _ in 0..<random.below(4) { path += "/" + names[random.below(oneIn(2) ? 3 : names.count)] }
    return path
  }

  /// Bytes of a structure with small numbers at the beginnings of fields, or of a wrong size, or at an address.
  private mutating func structure(_ size: Int) -> CallArgument {
    if oneIn(12) { return .memory(UInt64(bitPattern: address()), count: -1) }
    if oneIn(20) { return .absent }
    if oneIn(20) { return .bytes(bytes(random.below(size + 9))) }
    var content = [UInt8](repeating: 0, count: size)
    for offset in stride(from: 0, to: size, by: 4) where oneIn(2) {
      let value = UInt32(truncatingIfNeeded: oneIn(6) ? number() : Int64(random.below(32)))
      for byte in 0..<min(4, size - offset) {
        content[offset + byte] = UInt8(truncatingIfNeeded: value >> UInt32(byte * 8))
      }
    }
    return .bytes(content)
  }

  private mutating func time() -> CallArgument {
    if oneIn(5) { return .absent }
    if oneIn(8) { return structure(16) }
    var content: [UInt8] = []
    for word in [oneIn(10) ? number() : Int64(random.below(3)), Int64(random.below(1_000_000_000))] {
      content += (0..<8).map { UInt8(truncatingIfNeeded: word >> Int64($0 * 8)) }
    }
    return .bytes(content)
  }

  private mutating func vector() -> CallArgument { .bytes(bytes(random.below(80))) }
}

extension Kernel {
  /// nanosleep, which may be preempted or wait.
  fileprivate mutating func call(_ time: CallArgument, for me: TaskID) -> Outcome {
    guard case .bytes(let bytes) = time else { return .ended }
    return bytes.withByteView { view in
      [RawArgument.bytes(view), .absent].withUnsafeBufferPointer {
        perform(Syscall.indices["nanosleep"]!, Arguments($0.baseAddress!), for: me)
      }
    }
  }
}

extension NameSet {
  /// A few of the set's names, sometimes with a bit that has none.
  fileprivate func sample(_ random: inout Random) -> Int64 {
    if random.below(25) == 0 { return Int64(bitPattern: random.next()) }
    var result: Int64 = 0
    for _ in 0...random.below(3) where !entries.isEmpty { result |= entries[random.below(entries.count)].value }
    return random.below(3) == 0 && !entries.isEmpty ? entries[random.below(entries.count)].value : result
  }
}
