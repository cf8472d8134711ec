import CLua
import CProxy
import CShim
import LinuxKernel

/// A kernel and an interpreter: runs a script's tasks as coroutines, one at a time.
///
/// The kernel never calls up and the interpreter never calls the kernel by itself: this loop asks the kernel who goes
/// on, and resumes that task's coroutine. A machine belongs to one thread at a time; machines share nothing.
public final class Machine {
  /// How a run ended.
  public enum Outcome: Sendable {
    /// Task 1 has ended: its status as wait(2) tells it.
    case done(status: Int32)
    /// Nothing can run and no timer is set.
    case deadlock([StuckTask])
    /// A limit was reached; the text says which.
    case limit(String)
    case interrupted
    /// This machine cannot do what was asked for; the text says why.
    case unavailable(String)
  }

  public struct Options: Sendable {
    public var seed: UInt64 = 0
    public var policy = Policy.fifo
    /// The real-time clock at the start, in ns since 1970.
    public var epoch: Int64 = 1_767_225_600_000_000_000
    /// Lua instructions of all tasks together; 0 for no limit.
    public var instructionLimit: UInt64 = 0
    /// Bytes that the interpreter may hold.
    public var memoryLimit = 1024 << 20
    public var environment: [String: String] = [:]
    /// Where `require` looks for Lua files; nil for nowhere.
    public var moduleFolder: String?
    /// Whether calls go to this machine's own Linux, in namespaces made for the run.
    public var isHosted = false
    /// Whether the first process has only the capabilities that this program has, as it would on the host.
    public var hasHostCapabilities = false
    /// How long nothing may happen on the host before the run counts as stuck, in ns, even if a clock were to wake one
    /// of its tasks later.
    package var hostPatience: Int64?
    /// Whether arguments are read off Lua's stack, where its layout is as expected; else by Lua's functions alone.
    package var readsStack = true
    /// A mistake made on purpose, for tests of what finds mistakes.
    package var plant: Plant?
    public init() {}
  }

  public let options: Options
  let core: UnsafeMutablePointer<Core>
  let interpreter: UnsafeMutablePointer<ks_interpreter>
  let state: OpaquePointer
  let host: UnsafeMutablePointer<ks_host>
  /// The entry points of emulated kernels: `host`, unless the referee's stand there.
  private(set) var emulatedHost: UnsafePointer<ks_host>
  private let answerPointer: UnsafeMutablePointer<ks_answer>
  let scratch = ByteBuffer()
  /// Takes what is written to the console.
  public var console: (_ bytes: ByteView, _ isError: Bool) -> Void
  /// Gives a line of input, nil at its end. Called when all tasks sleep and one of them reads the console.
  public var input: () -> [UInt8]? = { nil }
  /// Called when all tasks of a run on the host sleep: what was written should be seen by then.
  public var quiet: () -> Void = {}
  /// Takes reports about tasks that failed.
  var report: (String) -> Void
  /// The text of the spec file being run, and what its cases report.
  var specSource: [UInt8] = []
  var reports: [[String]] = []
  /// The script as it was loaded; its name is empty where none was.
  private(set) var mainName = ""
  private(set) var mainText: [UInt8] = []
  private(set) var mainArguments: [String] = []
  /// Errors that no task caught.
  public private(set) var failureCount = 0
  /// The same as text, where nobody else takes the reports.
  var failures: [String] = []
  /// Kernels that the script drives, by the number that it knows them by.
  var driven: [Int64: DrivenKernel] = [:]
  var drivenCount: Int64 = 0
  /// How many of them run inside one another.
  var drivenDepth = 0
  /// Why what a task does now may differ between the kernels, by its tid (ks.differs); innermost last.
  var differenceReasons: [Int32: [String]] = [:]
  /// What `ks.host` offers.
  var hostFunctions: [String: HostFunction] = [:]
  let initTask: TaskID
  /// Performs the calls on real Linux, where the options say so; the emulated kernel then stands idle.
  private(set) var backend: HostBackend!
  private var hostedThread: OpaquePointer?

  public init(
    options: Options = Options(), console: @escaping (_ bytes: ByteView, _ isError: Bool) -> Void,
    report: @escaping (String) -> Void
  ) {
    self.options = options
    self.console = console
    self.report = report
    var kernel = Kernel(seed: options.seed, policy: options.policy, epoch: options.epoch)
    if let plant = options.plant { kernel.plant(plant) }
    if options.memoryLimit > 0 { kernel.memoryLimit = options.memoryLimit }
    initTask = kernel.boot(
      capabilities: options.hasHostCapabilities ? HostClock.capabilities & ~KS_DROPPED_CAPABILITIES : .max)
    answerPointer = .allocate(capacity: 1)
    answerPointer.initialize(to: ks_answer())
    core = .allocate(capacity: 1)
    host = .allocate(capacity: 1)
    host.initialize(to: Host.table(answer: UnsafePointer(answerPointer)))
    emulatedHost = UnsafePointer(host)
    interpreter = .allocate(capacity: 1)
    interpreter.initialize(to: ks_interpreter())
    interpreter.pointee.machine = UnsafeMutableRawPointer(core)
    interpreter.pointee.distrusts_slots = options.readsStack ? 0 : 1
    backend = nil
    interpreter.pointee.host = UnsafePointer(host)
    guard let state = ks_new_state(interpreter) else { fatalError("no memory for an interpreter") }
    self.state = state
    core.initialize(
      to: Core(kernel: kernel, current: initTask, answer: answerPointer, interpreter: interpreter, machine: self))
    if options.isHosted {
      backend = HostBackend(machine: self, answer: answerPointer)
      let emulated = UnsafeMutablePointer<ks_host>.allocate(capacity: 1)
      emulated.initialize(to: host.pointee)
      emulatedHost = UnsafePointer(emulated)
      host.pointee = HostCalls.table(answer: UnsafePointer(answerPointer))
      interpreter.pointee.machine = Unmanaged.passUnretained(backend).toOpaque()
    }
    ks_open_libraries(state)
    ks_seed_random(state, options.seed)
    Prelude.load(into: state)
    interpreter.pointee.memory_limit = options.memoryLimit
    if options.instructionLimit > 0 { ks_limit_instructions(state, options.instructionLimit) }
  }

  deinit {
    ks_close_state(state)
    driven.removeAll()
    core.deinitialize(count: 1)
    core.deallocate()
    if emulatedHost != UnsafePointer(host) { emulatedHost.deallocate() }
    host.deallocate()
    interpreter.deallocate()
    answerPointer.deallocate()
  }

  /// Digest of every call and answer so far: the same for the same script, seed and policy.
  public var hash: UInt64 { backend?.hash ?? core.pointee.hash }
  public var callCount: Int { backend?.callCount ?? core.pointee.callCount }
  /// Virtual time in ns.
  public var time: Int64 { backend?.time ?? core.pointee.kernel.time }

  /// Sends what happens to `take`, in order. `showsNames`: descriptors carry what they name.
  public func trace(showsNames: Bool = false, _ take: @escaping (TraceEvent) -> Void) {
    if let backend { return backend.tracer = HostTracer(showsNames: showsNames, take: take) }
    core.pointee.tracer = Tracer(showsNames: showsNames, take: take)
    core.pointee.kernel.isWatched = true
  }

  /// Records what scripts ask and are answered.
  public func record(_ record: CallRecord) {
    if let backend { return backend.tracer = HostTracer(showsNames: false, record: record, take: { _ in }) }
    core.pointee.tracer = Tracer(showsNames: false, record: record, take: { _ in })
    core.pointee.kernel.isWatched = true
  }

  public func endTrace() {
    backend?.tracer = nil
    core.pointee.tracer = nil
    core.pointee.kernel.isWatched = false
  }

  /// The calls that have not ended.
  public var unfinishedCalls: [TracedCall] { backend?.tracer?.unfinished() ?? core.pointee.tracer?.unfinished() ?? [] }

  /// Loads a script as the function of task 1.
  ///
  /// - Parameters:
  ///   - name: how the script is named in messages; a file's path.
  ///   - arguments: what the script gets as `...`.
  /// - Returns: nil, or why the text is no Lua chunk.
  public func load(_ text: [UInt8], name: String, arguments: [String]) -> String? {
    if text.starts(with: Array("\u{1b}Lua".utf8)) {
      return "\(name): a precompiled chunk; scripts are run from their source"
    }
    // "#!/usr/bin/env lua" and the like, as in stand-alone Lua; the other lines keep their numbers.
    let text = text.first == UInt8(ascii: "#") ? Array(text.drop { $0 != UInt8(ascii: "\n") }) : text
    lua_settop(state, 0)
    let status = text.withUnsafeBytes { bytes in
      ks_load(state, "@" + name, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
    }
    guard status == LUA_OK else { return takeString() }
    (mainName, mainText, mainArguments) = (name, text, arguments)
    setArguments(name, arguments)
    for argument in arguments { push(argument) }
    let thread = ks_new_task(state, 1)
    if backend != nil { hostedThread = thread } else { core.pointee.setThread(thread, of: initTask) }
    return nil
  }

  /// `arg` as stand-alone Lua has it: the script at 0, its arguments from 1.
  private func setArguments(_ name: String, _ arguments: [String]) {
    lua_createtable(state, Int32(arguments.count), 1)
    push(name)
    lua_rawseti(state, -2, 0)
    for (position, argument) in arguments.enumerated() {
      push(argument)
      lua_rawseti(state, -2, lua_Integer(position + 1))
    }
    lua_setglobal(state, "arg")
  }

  func push(_ text: String) {
    var text = text
    text.withUTF8 { bytes in
      _ = bytes.withMemoryRebound(to: CChar.self) { lua_pushlstring(state, $0.baseAddress, $0.count) }
    }
  }

  func takeString() -> String {
    defer { lua_settop(state, -2) }
    var length = 0
    guard let text = lua_tolstring(state, -1, &length) else { return "?" }
    return String(decoding: UnsafeRawBufferPointer(start: text, count: length), as: UTF8.self)
  }

  /// Runs until task 1 has ended or nothing can go on.
  public func run() -> Outcome {
    if let backend, let thread = hostedThread { return backend.run(thread) }
    core.pointee.passesTurns = true
    defer { core.pointee.passesTurns = false }
    while true {
      guard let task = core.pointee.kernel.schedule() else {
        if let outcome = withNobodyRunnable() { return outcome }
        continue
      }
      if let outcome = step(task) { return outcome }
    }
  }

  /// What is left to do when nobody can go on: to ask for input, or to end.
  func withNobodyRunnable() -> Outcome? {
    if let status = core.pointee.kernel.status(of: initTask) { return .done(status: status) }
    guard core.pointee.kernel.isConsoleAwaited else { return .deadlock(stuckTasks(core)) }
    core.pointee.kernel.typed(input())
    return nil
  }

  /// Lets one task go on until it waits or ends.
  func step(_ task: TaskID) -> Outcome? {
    var task = task
    while true {
      let outcome = stepOnce(task)
      guard outcome == nil, let next = replaceProgram(core) else { return outcome }
      task = next
    }
  }

  /// The same, but that it stops when a task is to run another program.
  private func stepOnce(_ task: TaskID) -> Outcome? {
    core.pointee.current = task
    core.pointee.kernel.canSleep = true
    let isTraced = core.pointee.tracer != nil, tid = isTraced ? core.pointee.kernel.tid(of: task) : 0
    if isTraced { core.pointee.drainTrace(current: nil) }
    let outcome = core.pointee.kernel.resume(task)
    defer { if isTraced { core.pointee.drainTrace(current: tid) } }
    switch outcome {
    case .blocked: return nil
    case .ended: return afterEnds()
    case .replaced:
      core.pointee.noteReplaced()
      return afterEnds()
    default: break
    }
    guard var thread = core.pointee.threads[Int(task.index)] else { return afterEnds() }
    core.pointee.outcome = outcome
    var task = task, status = ks_go_on(thread)
    while core.pointee.isToGoOn {
      core.pointee.isToGoOn = false
      (task, thread) = (core.pointee.current, core.pointee.threads[Int(core.pointee.current.index)]!)
      status = ks_go_on(thread)
    }
    // The task has passed its turn on, and what has come back is a later one's.
    if let late = core.pointee.cameBack {
      (task, thread, status) = (core.pointee.current, late.thread, late.status)
      core.pointee.cameBack = nil
    }
    if let outcome = conclude(thread, status, failed: { fail(task, thread) }) { return outcome }
    if core.pointee.kernel.hasConsoleOutput { flushConsole(&core.pointee.kernel) }
    return afterEnds()
  }

  /// Lets a coroutine run; `failed` is called when an error has ended it. Returns how the run ends, if it does.
  func goOn(_ thread: OpaquePointer, failed: () -> Void) -> Outcome? {
    conclude(thread, ks_go_on(thread), failed: failed)
  }

  /// What follows from how a coroutine has come back.
  private func conclude(_ thread: OpaquePointer, _ status: Int32, failed: () -> Void) -> Outcome? {
    if interpreter.pointee.unwinding != KS_UNWIND_NOT, Int(interpreter.pointee.unwinding) != KS_UNWIND_TASK_ENDED {
      return unwound(thread, failed: status == KS_FAILED)
    }
    if status == KS_FAILED, Int(interpreter.pointee.unwinding) != KS_UNWIND_TASK_ENDED { failed() }
    interpreter.pointee.unwinding = Int32(KS_UNWIND_NOT)
    return nil
  }

  /// An error that no pcall of the task caught: told at once, and the task exits with 1.
  private func fail(_ task: TaskID, _ thread: OpaquePointer) {
    tellFailure(tid: core.pointee.kernel.tid(of: task), thread)
    core.pointee.kernel.exit(task, status: 1)
  }

  func tellFailure(tid: Int32, _ thread: OpaquePointer) {
    failureCount += 1
    let (message, frames) = takeFailure(thread)
    report(tid == 1 ? message : "task \(tid): \(message)")
    if !frames.isEmpty { report(frames.joined(separator: "\n")) }
  }

  /// The message of a failed coroutine, and the script's frames when there is more than one.
  func takeFailure(_ thread: OpaquePointer) -> (message: String, frames: [String]) {
    ks_push_failure(state, thread)
    let traceback = takeString()
    let message = takeString()
    let frames = traceback.split(separator: "\n").dropFirst().filter { frame in
      let shown = frame.drop { $0 == "\t" }
      return !shown.hasPrefix("[C]:") && !shown.hasPrefix("kscript:")
    }
    return (Suggestion.withCure(message), frames.count > 1 ? frames.map(String.init) : [])
  }

  private func unwound(_ thread: OpaquePointer, failed: Bool) -> Outcome {
    let why = Int(interpreter.pointee.unwinding)
    if why == KS_UNWIND_INTERRUPTED { return .interrupted }
    let place = placeOfEnd(thread)
    let prefix = place.isEmpty ? "" : place + ": "
    if why == KS_UNWIND_INSTRUCTIONS {
      return .limit("\(prefix)the limit of \(options.instructionLimit) Lua instructions is spent (--limit)")
    }
    return .limit("\(prefix)the limit of \(options.memoryLimit >> 20) MiB is reached (--memory)")
  }

  /// The message of the error by which a limit ended a task.
  func messageOfEnd(_ thread: OpaquePointer) -> String {
    lua_tolstring(thread, -1, nil).map { String(cString: $0) } ?? "the run has to end"
  }

  /// Where a limit ended a task: what its error says, since a protected call may have left the place by now.
  private func placeOfEnd(_ thread: OpaquePointer) -> String {
    if let text = lua_tolstring(thread, -1, nil) {
      let message = String(cString: text)
      let reasons = [": the limit of instructions is spent", ": the limit of memory is reached"]
      for reason in reasons where message.hasSuffix(reason) {
        return String(message.dropLast(reason.count))
      }
    }
    let place = place(thread)
    return place.hasPrefix("kscript:") ? "" : place
  }

  /// Lets go of the coroutines of tasks that are no more; ends the run when init is one of them.
  private func afterEnds() -> Outcome? {
    guard core.pointee.kernel.hasEnded else { return nil }
    for task in core.pointee.kernel.takeEnded() {
      if let thread = core.pointee.threads[Int(task.index)] {
        ks_release_task(state, thread)
        core.pointee.threads[Int(task.index)] = nil
      }
    }
    if let status = core.pointee.kernel.status(of: initTask) { return .done(status: status) }
    return nil
  }

  /// Hands the console what the kernel's console files were given.
  func flushConsole(_ kernel: inout Kernel, _ driven: DrivenKernel? = nil) {
    for (isError, bytes) in kernel.takeConsoleOutput() {
      if let driven { driven.write(bytes, isError: isError) } else { bytes.withByteView { console($0, isError) } }
    }
  }

  func write(_ bytes: ByteView, isError: Bool, _ core: UnsafeMutablePointer<Core>) {
    if let driven = core.pointee.driven { driven.write(bytes.array, isError: isError) } else { console(bytes, isError) }
  }

  /// Raises "interrupted" in whatever runs. Safe in a signal handler.
  public func interrupt() { ks_interrupt(state) }

  /// "file:line" where the running task stands.
  func place() -> String {
    if let backend { return backend.current?.thread.map { place($0) } ?? "" }
    return core.pointee.threads[Int(core.pointee.current.index)].map { place($0) } ?? ""
  }

  func place(_ thread: OpaquePointer) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
      let length = ks_where(thread, buffer.baseAddress, buffer.count)
      return length > 0 ? String(cString: buffer.baseAddress!) : ""
    }
  }

  /// The text of a module that `require` asks for, from the script's folder.
  func module(_ name: String) -> String? {
    guard let folder = options.moduleFolder, !name.contains("..") || !name.contains("/") else { return nil }
    let path = name.split(separator: ".").joined(separator: "/")
    for candidate in ["\(folder)/\(path).lua", "\(folder)/\(path)/init.lua"] {
      if let bytes = HostFile.read(candidate) { return "\(candidate)\n" + String(decoding: bytes, as: UTF8.self) }
    }
    return nil
  }

  func stuckTasks(_ core: UnsafeMutablePointer<Core>) -> [StuckTask] {
    core.pointee.kernel.taskIDs.filter { core.pointee.kernel.isBlocked($0) }.map { task in
      let view = core.pointee.kernel.describe(task)
      return StuckTask(
        tid: view.tid, call: view.call ?? view.state, place: core.pointee.thread(of: task).map { place($0) } ?? "",
        reason: core.pointee.kernel.reasonForWaiting(task))
    }
  }
}

/// A task that waits for what will never come.
public struct StuckTask: Sendable {
  public let tid: Int32
  /// The call with its arguments.
  public let call: String
  /// "file:line"
  public let place: String
  /// What it waits for.
  public let reason: String
}
