import CLua
import CShim
import LinuxKernel

/// Lines of Lua, run one after another as task 1 of a machine: what the REPL is about.
///
/// Each line gets a coroutine of its own, bound to task 1. While a line runs, everything runs, and the clock jumps as
/// in any run. After it the other tasks go on until all sleep, but the clock stands: sleepers wait for a line that
/// waits, or for `passTime`. What is done to the machine is kept as a journal, so that `back` can build the machine of
/// before from it.
public final class Session {
  /// What came of a line.
  public enum Ending: Sendable {
    /// Its values as Lua literals.
    case finished([String])
    case failed(String)
    /// Nothing can run and it waits: its call, and for what.
    case blocked(call: String, reason: String)
    /// Ctrl-C ended it while it ran.
    case interrupted
    /// Task 1 is no more; its status as wait(2) tells it.
    case ended(status: Int32)
    case limit(String)
  }

  /// What was done to the machine, in order.
  enum Action {
    case line(text: String, name: String, arguments: [String])
    case step, go, abandon, pass(Int64), hold(Bool)
  }

  struct Entry {
    let action: Action
    /// What was typed while it ran.
    var input: [[UInt8]?] = []
    /// The digest afterwards.
    var hash: UInt64 = 0
    var isInterrupted = false

    /// What was typed, where it is a line.
    var line: String? { if case .line(let text, _, _) = action { text } else { nil } }
  }

  public internal(set) var machine: Machine
  let options: Machine.Options
  let console: (_ bytes: ByteView, _ isError: Bool) -> Void
  let report: (String) -> Void
  var journal: [Entry] = []
  /// Whether a line waits: nothing but commands can be given then.
  public internal(set) var isBlocked = false
  /// Whether other tasks stay where they are but for `step`.
  public internal(set) var isHeld = false
  private let input: () -> [UInt8]?
  var replayedInput: [[UInt8]?]?

  /// Told of every machine that the session makes, before lines run on it that are not run again by `back`.
  public var attach: (Machine) -> Void = { _ in }
  /// Told of a machine on which `back` is about to run lines again, so that it can be interrupted.
  public var replaying: (Machine) -> Void = { _ in }
  let silence = Silence()

  final class Silence {
    var isOn = false
  }

  /// - Parameters:
  ///   - console: takes what is written to the console.
  ///   - report: takes reports about tasks that failed.
  ///   - input: gives a line of console input, nil at its end.
  public init(
    options: Machine.Options, console: @escaping (_ bytes: ByteView, _ isError: Bool) -> Void,
    report: @escaping (String) -> Void, input: @escaping () -> [UInt8]?
  ) {
    self.options = options
    self.input = input
    let silence = silence
    self.console = { bytes, isError in if !silence.isOn { console(bytes, isError) } }
    self.report = { text in if !silence.isOn { report(text) } }
    machine = Machine(options: options, console: self.console, report: self.report)
    prepare()
  }

  func prepare() {
    machine.input = { [unowned self] in readInput() }
    let state = machine.state
    let text = Prelude.text("session")!
    lua_settop(state, 0)
    lua_getfield(state, Prelude.registry, "ks.core")
    let status = text.withUnsafeBytes { bytes in
      ks_run_prelude(state, "=kscript:session", bytes.baseAddress!.assumingMemoryBound(to: CChar.self), bytes.count, 1)
    }
    precondition(status == LUA_OK, "prelude session: \(machine.takeString())")
    lua_setfield(state, Prelude.registry, "ks.session")
    machine.core.pointee.kernel.isClockHeld = true
  }

  private func readInput() -> [UInt8]? {
    if replayedInput != nil { return replayedInput!.isEmpty ? nil : replayedInput!.removeFirst() }
    let line = input()
    if !journal.isEmpty { journal[journal.count - 1].input.append(line) }
    return line
  }

  /// Lines that were run, oldest first.
  public var lines: [String] {
    journal.compactMap(\.line)
  }

  // Lines

  public enum Completeness: Equatable, Sendable {
    case whole, incomplete
    /// What the compiler says.
    case wrong(String)
  }

  /// Whether more has to be typed before the text can run.
  public func check(_ text: String) -> Completeness {
    switch call("check", [text, "=repl"]) {
    case "": .whole
    case "incomplete": .incomplete
    case let message: .wrong(message)
    }
  }

  /// What could stand at the end of a line: where the last word begins, in bytes, and the candidates.
  /// `commands` are what can stand there at the beginning of a line.
  public func completions(of line: String, commands: [String] = []) -> (start: Int, candidates: [String]) {
    if line.hasPrefix(":") {
      return line.contains(" ") ? (line.utf8.count, []) : (0, commands.filter { $0.hasPrefix(line) })
    }
    let parts = call("complete", [line]).split(separator: "\n").map(String.init)
    return (parts.first.flatMap { Int($0) } ?? line.utf8.count, Array(parts.dropFirst()))
  }

  /// Calls a function of the session's prelude that makes no system call.
  private func call(_ name: String, _ arguments: [String]) -> String {
    let state = machine.state
    lua_settop(state, 0)
    pushFunction(name)
    for argument in arguments { machine.push(argument) }
    guard lua_pcallk(state, Int32(arguments.count), 1, 0, 0, nil) == LUA_OK else { return machine.takeString() }
    return machine.takeString()
  }

  private func pushFunction(_ name: String) {
    lua_getfield(machine.state, Prelude.registry, "ks.session")
    lua_getfield(machine.state, -1, name)
    lua_rotate(machine.state, -2, -1)
    lua_settop(machine.state, -2)
  }

  /// Runs a line as task 1.
  ///
  /// - Parameters:
  ///   - name: how messages name it, in Lua's form (`=repl`, `@file`).
  ///   - arguments: what the line gets as `...`.
  public func evaluate(_ text: String, name: String = "=repl", arguments: [String] = []) -> Ending {
    record(.line(text: text, name: name, arguments: arguments))
  }

  /// Lets a waiting line go on after something has changed.
  public func goOn() -> Ending { record(.go) }

  /// Leaves the line that waits, as if it had not made its call.
  public func abandon() { _ = record(.abandon) }

  /// Holds the other tasks between lines, or lets them go.
  public func hold(_ isOn: Bool) -> Ending { record(.hold(isOn)) }

  /// Lets virtual time pass; what sleeps until then goes on.
  public func passTime(_ nanoseconds: Int64) -> Ending { record(.pass(nanoseconds)) }

  func record(_ action: Action) -> Ending {
    journal.append(Entry(action: action))
    let ending = perform(action)
    if case .interrupted = ending { journal[journal.count - 1].isInterrupted = true }
    journal[journal.count - 1].hash = machine.hash
    return ending
  }

  func perform(_ action: Action) -> Ending {
    switch action {
    case .line(let text, let name, let arguments):
      begin(text, name, arguments)
      return run(startsLine: true)
    case .go: return run(startsLine: false)
    case .abandon:
      machine.core.pointee.kernel.abandonCall(machine.initTask)
      isBlocked = false
      return run(startsLine: false)
    case .hold(let isOn):
      isHeld = isOn
      return run(startsLine: false)
    case .pass(let nanoseconds): return pass(nanoseconds)
    case .step:
      _ = stepOnce()
      return ending() ?? .finished([])
    }
  }

  private func begin(_ text: String, _ name: String, _ arguments: [String]) {
    let state = machine.state
    lua_settop(state, 0)
    pushFunction("evaluate")
    for argument in [text, name] + arguments { machine.push(argument) }
    let core = machine.core
    let slot = Int(machine.initTask.index)
    if slot < core.pointee.threads.count, let old = core.pointee.threads[slot] { ks_release_task(state, old) }
    core.pointee.setThread(ks_new_task(state, 1), of: machine.initTask)
    machine.reports.removeAll { $0.first == "line" }
    isBlocked = true
  }

  /// Runs until the line is done and everything sleeps, or nothing can go on.
  private func run(startsLine: Bool) -> Ending {
    let core = machine.core
    if startsLine, let ending = go(machine.initTask) { return ending }
    while true {
      core.pointee.kernel.isClockHeld = !isBlocked
      // While tasks are held, only the line runs.
      if isHeld && !isBlocked { return ending() ?? .finished([]) }
      guard let task = core.pointee.kernel.schedule() else {
        if isBlocked, core.pointee.kernel.isConsoleAwaited {
          core.pointee.kernel.typed(machine.input())
          continue
        }
        core.pointee.kernel.isClockHeld = true
        return ending() ?? .finished([])
      }
      if let ending = go(task) { return ending }
    }
  }

  /// Lets one task go on; returns how that ends the line, if it does at once.
  func go(_ task: TaskID) -> Ending? {
    let core = machine.core
    guard let outcome = machine.step(task) else {
      if isBlocked, machine.reports.contains(where: { $0.first == "line" && $0[1] != "result" }) { isBlocked = false }
      return nil
    }
    core.pointee.kernel.isClockHeld = true
    switch outcome {
    case .done(let status): return .ended(status: status)
    case .unavailable(let text): return .limit(text)
    case .limit(let text): return .limit(text)
    case .deadlock: return nil
    case .interrupted:
      machine.interpreter.pointee.unwinding = Int32(KS_UNWIND_NOT)
      machine.interpreter.pointee.suspended = 0
      if task == machine.initTask {
        core.pointee.kernel.abandonCall(task)
        isBlocked = false
      } else {
        core.pointee.kernel.exit(task, status: 130)
        _ = core.pointee.kernel.takeEnded()
      }
      return .interrupted
    }
  }

  /// What the line that is done has to tell, or for what it waits.
  func ending() -> Ending? {
    let kernel = machine.core
    if let status = kernel.pointee.kernel.status(of: machine.initTask) { return .ended(status: status) }
    if isBlocked {
      return .blocked(
        call: kernel.pointee.kernel.describe(machine.initTask).call ?? "ks.settle()",
        reason: kernel.pointee.kernel.reasonForWaiting(machine.initTask))
    }
    let reports = machine.reports.filter { $0.first == "line" }
    machine.reports.removeAll { $0.first == "line" }
    if let failure = reports.first(where: { $0[1] == "failed" }) { return .failed(Suggestion.withCure(failure[2])) }
    return .finished(reports.filter { $0[1] == "result" }.map { $0[2] })
  }

  // Looking

  /// All tasks, as :ps shows them.
  public var tasks: [Kernel.TaskView] {
    let core = machine.core
    return core.pointee.kernel.taskIDs.map { core.pointee.kernel.describe($0) }
  }

  public func task(_ pid: Int32) -> Kernel.TaskView? {
    machine.core.pointee.kernel.task(pid).map { machine.core.pointee.kernel.describe($0) }
  }

  /// The System V and POSIX objects that a task sees, as :ipc shows them; nil where there is no such task.
  public func ipcObjects(of pid: Int32) -> [Kernel.IPCView]? {
    machine.core.pointee.kernel.task(pid).map { machine.core.pointee.kernel.ipcObjects(of: $0) }
  }

  /// Whether the task with this pid is task 1, which runs the lines.
  public func isPrompt(_ view: Kernel.TaskView) -> Bool { view.tid == 1 && !isBlocked }
}
