import Glibc
import LinuxKernel
import Testing

/// Random calls on one set by several processes, signals, ends of processes, removals and changed limits, against a
/// model that is as simple as the manual page.
///
/// KSCRIPT_FULL=1 runs seeds 0 to 9,999; KSCRIPT_SEED=n runs one of those alone.
@Suite("Semaphores")
struct SemaphoreTests {
  struct Operation {
    let number, change: Int
    let waits, isUndone: Bool

    var bytes: [UInt8] {
      let flags = (waits ? 0 : 0o4000) | (isUndone ? 0x1000 : 0)
      return [number, change, flags].flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
    }
  }

  /// What the manual says, done in the slowest way.
  struct Model {
    var values: [Int]
    var adjustments: [Int32: [Int]] = [:]
    var pending: [(process: Int32, operations: [Operation])] = []
    /// Calls that have ended since the last look, with their errno.
    var ended: [Int32: Int32] = [:]
    /// kernel.sem's third number.
    var operationLimit = 500

    /// 0, an errno, or nil for a call that has to wait.
    mutating func attempt(_ operations: [Operation], _ process: Int32) -> Int32? {
      var values = values, own = adjustments[process] ?? values.map { _ in 0 }
      for operation in operations {
        let value = values[operation.number] + operation.change
        if operation.change == 0 ? value != 0 : value < 0 { return operation.waits ? nil : Errno.EAGAIN.code }
        if value > 32767 { return Errno.ERANGE.code }
        values[operation.number] = value
        guard operation.isUndone else { continue }
        own[operation.number] -= operation.change
        if Int16(exactly: own[operation.number]) == nil { return Errno.ERANGE.code }
      }
      self.values = values
      adjustments[process] = own
      return 0
    }

    mutating func call(_ operations: [Operation], _ process: Int32, waits: Bool) -> Int32? {
      guard operations.count <= operationLimit else { return Errno.E2BIG.code }
      let answer = attempt(operations, process)
      if answer == nil {
        guard waits else { return Errno.EAGAIN.code }
        pending.append((process, operations))
      }
      settle()
      return answer
    }

    /// Zeros first, then by age, anew after each call that has ended.
    mutating func settle() {
      func changes(_ place: Int) -> Bool { pending[place].operations.contains { $0.change != 0 } }
      let order = pending.indices.filter { !changes($0) } + pending.indices.filter { changes($0) }
      for place in order {
        guard let answer = attempt(pending[place].operations, pending[place].process) else { continue }
        ended[pending[place].process] = answer
        pending.remove(at: place)
        return settle()
      }
    }

    /// A handler has run.
    mutating func interrupt(_ process: Int32) {
      pending.removeAll { $0.process == process }
      ended[process] = Errno.EINTR.code
    }

    /// SETVAL, and SETALL where there is no number.
    mutating func set(_ new: [Int], _ number: Int? = nil) {
      for place in values.indices where number == nil || number == place {
        values[place] = new[number == nil ? place : 0]
        for process in adjustments.keys { adjustments[process]![place] = 0 }
      }
      settle()
    }

    /// IPC_RMID, and a new set.
    mutating func remove() {
      for call in pending { ended[call.process] = Errno.EIDRM.code }
      pending = []
      adjustments = [:]
      values = values.map { _ in 0 }
    }

    mutating func end(_ process: Int32) {
      pending.removeAll { $0.process == process }
      for (number, adjustment) in (adjustments.removeValue(forKey: process) ?? []).enumerated() {
        values[number] = min(max(values[number] + adjustment, 0), 32767)
      }
      settle()
    }
  }

  static let seeds: [UInt64] = {
    if let one = getenv("KSCRIPT_SEED").flatMap({ UInt64(String(cString: $0)) }) { return [one] }
    return Array(0..<(getenv("KSCRIPT_FULL") != nil ? 10_000 : 300))
  }()

  /// A worker, which a signal interrupts.
  static func makeWorker(_ kernel: TestKernel) throws -> TaskID {
    let worker = try kernel.fork(as: kernel.me)
    var action: [UInt8] = []
    for word: UInt64 in [2, 0x1000_0000, 0, 0] { action += (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }
    try kernel.call("sigaction", 10, .bytes(action), as: worker)
    return worker
  }

  @Test("do what the manual says, call for call", arguments: seeds)
  func matchTheModel(seed: UInt64) throws {
    var random = Random(seed: seed)
    let kernel = TestKernel(seed: seed), me = kernel.me, count = 1 + random.below(3)
    var id = try kernel.call("semget", 0, CallArgument(count), 0o600, as: me).value
    let limits = Int64(try kernel.open("/proc/sys/kernel/sem", .writeOnly, as: me).number)
    var model = Model(values: Array(repeating: 0, count: count))
    var workers = try (0..<5).map { _ in try Self.makeWorker(kernel) }
    var sleeping: [Int32: Bool] = [:]

    /// Lets everybody go on who can, and compares whose calls have ended, and how.
    func compare(_ step: Int) throws {
      var ended: [Int32: Int32] = [:]
      while let task = kernel.schedule() {
        let tid = kernel.tid(of: task)
        var outcome = kernel.resume(task)
        while case .handler = outcome { outcome = kernel.value.handlerReturned(task) }
        if case .reply = outcome, sleeping[tid] == true {
          ended[tid] = kernel.answerErrno
          sleeping[tid] = false
        }
      }
      #expect(ended == model.ended, "seed \(seed), step \(step)")
      model.ended = [:]
      _ = try kernel.call("semctl", .word(id), 0, 13, as: me)
      let bytes = kernel.answerBytes
      let values = (0..<count).map { Int(bytes.load(UInt16.self, at: $0 * 2)) }
      #expect(values == model.values, "seed \(seed), step \(step)")
    }

    func operation() -> Operation {
      let change = random.below(40) == 0 ? [32767, -32767, 32000][random.below(3)] : random.below(7) - 3
      return Operation(
        number: random.below(count), change: change, waits: random.below(5) != 0, isUndone: random.below(3) == 0)
    }

    try compare(-1)
    for step in 0..<120 {
      let place = random.below(workers.count), worker = workers[place], tid = kernel.tid(of: worker)
      switch random.below(15) {
      case 0:
        _ = try kernel.call("kill", .word(Int64(tid)), 9, as: me)
        // One that is in nobody's call notices at its next.
        if sleeping[tid] != true { _ = kernel.perform("getpid", for: worker) }
        while let task = kernel.schedule() {
          let other = kernel.tid(of: task)
          if case .reply = kernel.resume(task) {
            model.end(tid)
            #expect(model.ended[other] == kernel.answerErrno, "seed \(seed), step \(step)")
            model.ended[other] = nil
            sleeping[other] = false
          }
        }
        model.end(tid)
        sleeping[tid] = nil
        _ = try kernel.call("waitpid", .word(Int64(tid)), 0, as: me)
        workers[place] = try Self.makeWorker(kernel)
      case 1:
        let number = random.below(count), value = random.below(4)
        _ = try kernel.call("semctl", .word(id), CallArgument(number), 16, CallArgument(value), as: me)
        model.set([value], number)
      case 2 where random.below(2) == 0:
        let values = (0..<count).map { _ in random.below(4) }
        let bytes: [UInt8] = values.flatMap { [UInt8($0), UInt8(0)] }
        _ = try kernel.call("semctl", .word(id), 0, 17, .bytes(bytes), as: me)
        model.set(values)
      case 3:
        guard sleeping[tid] == true else { continue }
        model.interrupt(tid)
        _ = try kernel.call("kill", .word(Int64(tid)), 10, as: me)
      case 4 where random.below(4) == 0:
        model.remove()
        _ = try kernel.call("semctl", .word(id), 0, 0, as: me)
        id = try kernel.call("semget", 0, CallArgument(count), 0o600, as: me).value
      case 5 where random.below(2) == 0:
        model.operationLimit = 1 + random.below(4)
        _ = try kernel.call("pwrite", .word(limits), .bytes(Array("250 32000 \(model.operationLimit)".utf8)), 0, as: me)
      default:
        guard sleeping[tid] != true else { continue }
        let operations = (0...random.below(3)).map { _ in operation() }
        let waits = random.below(8) != 0, bytes = CallArgument.bytes(operations.flatMap(\.bytes))
        let none = CallArgument.bytes([UInt8](repeating: 0, count: 16))
        let outcome =
          waits
          ? kernel.perform("semop", .word(id), bytes, for: worker)
          : kernel.perform("semtimedop", .word(id), bytes, none, for: worker)
        let expected = model.call(operations, tid, waits: waits)
        if case .blocked = outcome {
          #expect(expected == nil, "seed \(seed), step \(step)")
          sleeping[tid] = true
        } else {
          #expect(kernel.answerErrno == expected, "seed \(seed), step \(step)")
        }
      }
      try compare(step)
    }
    // And the set goes with all that belongs to it.
    _ = try kernel.call("semctl", .word(id), 0, 0, as: me)
    let left = kernel.value.ipcCounts
    #expect(left.sets == 0 && left.pending == 0 && left.undos == 0, "seed \(seed)")
  }
}

@Suite("IPC namespaces")
struct IPCNamespaceTests {
  @Test("end with their last task and attach, and all that is in them")
  func end() throws {
    let kernel = TestKernel(), me = kernel.me
    let before = kernel.value.ipcCounts
    let child = try kernel.fork(as: me)
    _ = try kernel.call("unshare", 0x800_0000, as: child)
    _ = try kernel.call("semget", 7, 3, 0o1600, as: child)
    _ = try kernel.call("semop", 0, .bytes([0, 0, 1, 0, 0, 0x10]), as: child)
    _ = try kernel.call("shmget", 7, 5000, 0o1600, as: child)
    let address = try kernel.call("shmat", 0, as: child).value
    #expect(kernel.value.ipcCounts.namespaces == before.namespaces + 1)
    // It moves on, and keeps what it has attached.
    _ = try kernel.call("unshare", 0x800_0000, as: child)
    #expect(kernel.value.ipcCounts.namespaces == before.namespaces + 2)
    #expect(kernel.value.ipcCounts.undos == 0)
    _ = try kernel.call("shmdt", .word(address), as: child)
    #expect(kernel.value.ipcCounts.namespaces == before.namespaces + 1)
    #expect(kernel.value.ipcCounts == (before.namespaces + 1, 0, 0, 0, 0))
    kernel.exit(child, status: 0)
    #expect(kernel.value.ipcCounts == before)
  }

  @Test("outlive processes that sleep in them and are killed")
  func sleepers() throws {
    let kernel = TestKernel(), me = kernel.me
    let before = kernel.value.ipcCounts
    let child = try kernel.fork(as: me)
    _ = kernel.schedule()
    _ = kernel.resume(child)
    _ = try kernel.call("unshare", 0x800_0000, as: child)
    _ = try kernel.call("semget", 7, 3, 0o1600, as: child)
    let outcome = kernel.perform("semop", 0, .bytes([0, 0, 0xff, 0xff, 0, 0x10]), for: child)
    #expect(outcome.name == "blocked")
    #expect(kernel.value.ipcCounts.pending == 1)
    _ = try kernel.call("kill", .word(Int64(kernel.tid(of: child))), 9, as: me)
    _ = kernel.schedule()
    _ = kernel.resume(child)
    #expect(kernel.value.ipcCounts == before)
  }
}
