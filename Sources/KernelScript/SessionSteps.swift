import CShim
import LinuxKernel

// What moves a session besides its lines: time, single steps, and going back.

extension Session {
  func pass(_ nanoseconds: Int64) -> Ending {
    let core = machine.core
    let (end, isTooFar) = core.pointee.kernel.time.addingReportingOverflow(nanoseconds)
    guard !isTooFar, nanoseconds >= 0 else { return .failed("time only goes on") }
    while let due = core.pointee.kernel.nextDeadline(), due <= end {
      core.pointee.kernel.isClockHeld = false
      guard let task = core.pointee.kernel.schedule() else { break }
      core.pointee.kernel.isClockHeld = true
      if let ending = go(task) { return ending }
      while let next = core.pointee.kernel.schedule() { if let ending = go(next) { return ending } }
    }
    core.pointee.kernel.isClockHeld = true
    core.pointee.kernel.passTime(until: end)
    return ending() ?? .finished([])
  }

  /// What a step has done.
  public struct Step: Sendable {
    public let tid: Int32
    /// The call that was performed; nil for a task that began.
    public let call: String?
    /// Where the task stands now.
    public let state: String
  }

  /// Lets one task go one call; nil when nothing can go.
  public func step() -> Step? {
    journal.append(Entry(action: .step))
    let step = stepOnce()
    journal[journal.count - 1].hash = machine.hash
    return step
  }

  func stepOnce() -> Step? {
    let core = machine.core
    core.pointee.kernel.isClockHeld = false
    defer { core.pointee.kernel.isClockHeld = true }
    while let task = core.pointee.kernel.schedule() {
      // Between lines task 1 has nothing to do.
      if task == machine.initTask, !isBlocked { continue }
      let tid = core.pointee.kernel.tid(of: task)
      let before = core.pointee.kernel.describe(task)
      machine.postponeCalls { _ = go(task) }
      guard core.pointee.kernel.task(tid) == task else { return Step(tid: tid, call: before.call, state: "has ended") }
      let after = core.pointee.kernel.describe(task)
      let next = after.call.map { " in \($0)" } ?? ""
      return Step(
        tid: tid, call: before.call,
        state: after.state == "runnable" && after.call != nil
          ? "is about to call \(after.call!)" : "is \(after.state)\(next)")
    }
    return nil
  }

  // Back

  /// Undoes the last lines: builds a fresh machine and runs what came before them, without a word. An interrupt leaves
  /// the rest of it undone too.
  ///
  /// - Returns: what was undone, newest first; or, when the machine came out different, what went wrong.
  public func back(_ count: Int) -> (undone: [String], problem: String?) {
    var kept = journal, undone: [String] = []
    while undone.count < count, let last = kept.popLast() {
      if let text = last.line { undone.append(text) }
    }
    silence.isOn = true
    defer { silence.isOn = false }
    machine = Machine(options: options, console: console, report: report)
    (isBlocked, isHeld) = (false, false)
    prepare()
    journal = []
    replaying(machine)
    var problem: String?
    for (position, entry) in kept.enumerated() {
      // When Ctrl-C struck depends on the moment, so such a line cannot be run again the same way.
      if entry.isInterrupted {
        problem = "a line that was interrupted while it ran is left out"
        continue
      }
      journal.append(entry)
      replayedInput = entry.input
      if case .interrupted = perform(entry.action) {
        journal[journal.count - 1].isInterrupted = true
        undone += kept[(position + 1)...].reversed().compactMap(\.line)
        problem = "interrupted in a line that was run again: \(entry.line ?? "")"
        break
      }
      if machine.hash != entry.hash, problem == nil { problem = "the machine is not as it was: its calls differ" }
      journal[journal.count - 1].hash = machine.hash
    }
    replayedInput = nil
    attach(machine)
    return (undone, problem)
  }
}

extension Machine {
  /// Has every call that is made meanwhile put off until its task is resumed: what runs goes as far as its next call.
  fileprivate func postponeCalls(_ body: () -> Void) {
    let call = host.pointee.call, spawning = host.pointee.call_spawning
    defer { (host.pointee.call, host.pointee.call_spawning) = (call, spawning) }
    host.pointee.call = { pointer, index, arguments, digest, canSleep in
      Machine.core(pointer).pointee.postpone(index, arguments.unsafelyUnwrapped, digest, canSleep: canSleep != 0)
    }
    host.pointee.call_spawning = { pointer, index, arguments, digest, canSleep, thread in
      let core = Machine.core(pointer)
      core.pointee.newThreads[core.pointee.current.index] = thread
      return core.pointee.postpone(index, arguments.unsafelyUnwrapped, digest, canSleep: canSleep != 0)
    }
    body()
  }

  private static func core(_ pointer: UnsafeMutableRawPointer?) -> UnsafeMutablePointer<Core> {
    pointer.unsafelyUnwrapped.assumingMemoryBound(to: Core.self)
  }
}

extension Core {
  /// As `call`, but the call waits for the next step; inside a callback that cannot be suspended it cannot.
  fileprivate mutating func postpone(
    _ index: UInt32, _ arguments: UnsafePointer<ks_argument>, _ digest: UInt64, canSleep: Bool
  ) -> ks_result {
    guard canSleep else { return call(index, arguments, digest, canSleep: false) }
    let raw = Arguments(UnsafeRawPointer(arguments).assumingMemoryBound(to: RawArgument.self))
    callCount &+= 1
    hash = Digest.mix(hash ^ digest ^ UInt64(current.index) << 40)
    if tracer != nil { beginTrace(index, raw) }
    kernel.postpone(Int(index), raw, for: current)
    return ks_result(word: 0, outcome: Int64(go(.blocked)))
  }
}
