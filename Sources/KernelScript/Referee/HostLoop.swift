import CProxy
import CShim
import LinuxKernel

/// The loop of a run on the host: from the first process to the last, or to where nothing goes on.
extension HostBackend {
  /// Makes the world, and runs until its first process has ended or nothing can go on.
  func run(_ thread: OpaquePointer) -> Machine.Outcome {
    do throws(HostWorld.Unavailable) { world = try HostWorld() } catch { return .unavailable(error.reason) }
    defer {
      endTime = time
      world = nil
    }
    let first = HostTask(slot: 0)
    first.thread = thread
    tasks = [first]
    current = first
    greet(first, as: Array("kscript".utf8))
    lastEvent = HostClock.now
    attention = HostAttention()
    while true {
      if let outcome = runOnce() {
        tracer?.record?.longestAbsence = attention.longestAbsence
        flushConsole(isLate: true)
        return outcome
      }
    }
  }

  private func runOnce() -> Machine.Outcome? {
    if machine.interpreter.pointee.interrupted != 0 { return .interrupted }
    if let task = tasks.compactMap({ $0 }).first(where: { turn($0) == UInt32(KS_TURN_CONTROLLER) }) {
      current = task
      beginProgram(task)
      return resume(task, take(task) ?? Int32(KS_BLOCKED))
    }
    if let status = world.initStatus { return .done(status: status) }
    guard everybodySleeps() else { return nil }
    flushConsole(isLate: false)
    machine.quiet()
    if let task = settling.first {
      settling.removeFirst()
      current = task
      task.state = .running
      return resume(task, letSignalsIn(task))
    }
    // Who sleeps for a time wakes first, as the emulated clock jumps before anybody types.
    if !hasTypedEnd, longestSleep == 0, tasks.contains(where: { $0.map(awaitsConsole) ?? false }) {
      let line = machine.input()
      hasTypedEnd = line == nil
      world.type(line)
      return nil
    }
    return waitInVain()
  }

  /// Goes on with a task's script.
  private func resume(_ task: HostTask, _ outcome: Int32) -> Machine.Outcome? {
    guard outcome != Int32(KS_BLOCKED), outcome != Int32(KS_ENDED), let thread = task.thread else { return nil }
    task.outcome = outcome
    return machine.goOn(thread) { [self] in
      machine.tellFailure(tid: task.tid, thread)
      exit(task, status: 1)
    }
  }

  /// Whether every proxy sleeps, in a call or parked, and goes on sleeping. Those that are no more are let go.
  private func everybodySleeps() -> Bool {
    var seen: [HostWorld.State] = []
    for round in 0..<2 {
      for (position, task) in tasks.compactMap({ $0 }).enumerated() {
        if turn(task) == UInt32(KS_TURN_CONTROLLER) { return false }
        // A task whose first words nobody has heard yet.
        if task.tid == 0 { return false }
        let state = world.state(of: task.tid)
        switch state {
        case .running: return false
        case .ended:
          if turn(task) == UInt32(KS_TURN_CONTROLLER) { return false }
          end(task)
          return false
        case .asleep:
          if round == 0 {
            seen.append(state)
          } else if position >= seen.count || seen[position] != state {
            return false
          }
        }
      }
      if round == 0 { for _ in 0..<HostBackend.patience { ks_pause() } }
    }
    return !tasks.allSatisfy { $0 == nil }
  }

  /// How long nothing may happen before the run counts as stuck, in ns: sleeping scripts take real time here.
  static let patienceWithSleepers: Int64 = 3_000_000_000

  private func waitInVain() -> Machine.Outcome? {
    if HostClock.now - lastEvent > machine.options.hostPatience ?? HostBackend.patienceWithSleepers + longestSleep {
      return .deadlock(
        tasks.compactMap { $0 }.map { task in
          StuckTask(
            tid: task.tid, call: task.calls.last?.index.map { Syscall.all[$0].name } ?? "sleep",
            place: task.thread.map { machine.place($0) } ?? "",
            reason: "sleeps, and nothing has happened for \(HostBackend.patienceWithSleepers / 1_000_000_000) s")
        })
    }
    attention.sleep(nanoseconds: 100_000)
    return nil
  }

  /// The longest time that a sleeping call was given, in ns.
  private var longestSleep: Int64 {
    tasks.compactMap { $0?.calls.last }.map { call in
      guard let index = call.index else { return 0 }
      for (position, parameter) in Syscall.all[index].parameters.enumerated()
      where parameter.name == "timeout" && call.words[position] > 0 {
        return min(call.words[position], 60_000) * 1_000_000
      }
      for (position, parameter) in Syscall.all[index].parameters.enumerated() {
        if case .time = parameter.kind, call.counts[position] > 0 { return 10_000_000_000 }
      }
      return 0
    }.max() ?? 0
  }

  func flushConsole(isLate: Bool) {
    guard mayHaveWritten, world != nil else { return }
    mayHaveWritten = false
    world.takeConsole(isLate: isLate) { bytes, isError in bytes.withByteView { machine.console($0, isError) } }
  }
}
