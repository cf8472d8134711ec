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
    if !hasTypedEnd, !sleeps.contains(where: { $0 > 0 }), tasks.contains(where: { $0.map(awaitsConsole) ?? false }) {
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
      if round == 0 { for _ in 0..<HostBackend.spins { ks_pause() } }
    }
    return !tasks.allSatisfy { $0 == nil }
  }

  private func waitInVain() -> Machine.Outcome? {
    let silence = HostClock.now - lastEvent, needed = patience.limit(sleeps)
    if silence <= min(needed, machine.options.hostPatience ?? .max) {
      attention.sleep(nanoseconds: 100_000)
      return nil
    }
    let reason = silence > needed ? "no clock wakes it" : "nothing has happened for \(silence / 1_000_000) ms"
    return .deadlock(
      tasks.compactMap { $0 }.map { task in
        StuckTask(
          tid: task.tid, call: task.calls.last?.index.map { Syscall.all[$0].name } ?? "sleep",
          place: task.thread.map { machine.place($0) } ?? "", reason: "sleeps, and \(reason)")
      })
  }

  /// For how long the tasks may sleep in their calls, those to which handlers will return too, in ns.
  private var sleeps: [Int64] { tasks.compactMap { $0?.calls.map(\.longestSleep).max() } }

  func flushConsole(isLate: Bool) {
    guard mayHaveWritten, world != nil else { return }
    mayHaveWritten = false
    world.takeConsole(isLate: isLate) { bytes, isError in bytes.withByteView { machine.console($0, isError) } }
  }
}
