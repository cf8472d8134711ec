import CShim
import LinuxKernel

/// A kernel that a script made by ks.new and runs itself.
///
/// Its tasks are coroutines of the same interpreter. While one of them runs, the interpreter's machine pointer leads to
/// this kernel's core, so that calls find their kernel as ever. Task 1 is idle: it exists to be the parent of the
/// spawned ones and to make the calls of k.init.
final class DrivenKernel {
  let core: UnsafeMutablePointer<Core>
  let initTask: TaskID
  let options: Machine.Options
  /// What its tasks wrote to the console.
  fileprivate(set) var output: [UInt8] = []
  fileprivate(set) var errorOutput: [UInt8] = []
  /// Errors that no task caught, and how many of them a run has already told.
  fileprivate(set) var errors: [String] = []
  fileprivate var toldErrors = 0
  /// Spawned tasks that have not ended.
  fileprivate var spawned: [TaskID] = []
  /// A task that was picked to go on, and waits for its driver to say so.
  fileprivate var picked: TaskID?
  fileprivate var isRunning = false
  /// Who ran when the idle task made its calls, innermost last.
  fileprivate var interrupted: [TaskID] = []
  /// Who performed the calls then: the referee, or the emulated kernel too.
  private var outerHosts: [UnsafePointer<ks_host>?] = []

  fileprivate init(_ options: Machine.Options, _ answer: UnsafeMutablePointer<ks_answer>, _ machine: Machine) {
    self.options = options
    var kernel = Kernel(seed: options.seed, policy: options.policy, epoch: options.epoch)
    if options.memoryLimit > 0 { kernel.memoryLimit = options.memoryLimit }
    initTask = kernel.boot()
    // The idle task has its turn now, and none after it: nothing wakes a task that does not sleep.
    _ = kernel.schedule()
    kernel.closeConsole()
    core = .allocate(capacity: 1)
    core.initialize(
      to: Core(kernel: kernel, current: initTask, answer: answer, interpreter: machine.interpreter, machine: machine))
    core.pointee.hash = Digest.mix(options.seed)
    core.pointee.driven = self
  }

  deinit {
    core.deinitialize(count: 1)
    core.deallocate()
  }

  func write(_ bytes: [UInt8], isError: Bool) { if isError { errorOutput += bytes } else { output += bytes } }

  /// The idle task has made a child.
  func noteSpawned(_ task: TaskID, by parent: TaskID) { if parent == initTask { spawned.append(task) } }

  func enter() {
    interrupted.append(core.pointee.current)
    core.pointee.current = initTask
    let machine = core.pointee.machine
    outerHosts.append(machine.interpreter.pointee.host)
    machine.interpreter.pointee.host = machine.emulatedHost
  }

  func leave() {
    core.pointee.current = interrupted.removeLast()
    core.pointee.machine.interpreter.pointee.host = outerHosts.removeLast()
  }

  /// Digest of the seed, of all calls and answers so far, and of what was written to the console.
  var hash: UInt64 {
    var digest = Digest.mix(core.pointee.hash ^ UInt64(bitPattern: core.pointee.kernel.time))
    output.withByteView { digest = $0.digest(digest) }
    errorOutput.withByteView { digest = $0.digest(digest) }
    return digest
  }
}

extension Machine {
  /// How a driven kernel's run stopped.
  private enum Stopped { case steps, done, deadlock, unwound(String) }

  /// Makes a kernel; the answer is its number.
  func makeDriven(seed: UInt64, policy: Policy, environment: [String: String]) -> Int64 {
    var options = options
    options.seed = seed
    options.policy = policy
    options.environment = environment
    drivenCount += 1
    driven[drivenCount] = DrivenKernel(options, core.pointee.answer, self)
    return drivenCount
  }

  /// Ends a kernel: its tasks are no more, and nothing of it remains. False while it runs.
  func closeDriven(_ number: Int64) -> Bool {
    guard let kernel = driven[number] else { return true }
    guard !kernel.isRunning, kernel.interrupted.isEmpty else { return false }
    for thread in kernel.core.pointee.threads { if let thread { ks_release_task(state, thread) } }
    ks_forget_handlers(state, kernel.core)
    driven[number] = nil
    return true
  }

  /// What a query about driven kernels answers; nil for another query.
  func queryDriven(_ operation: String, _ arguments: QueryArguments) -> Int32? {
    guard operation.hasPrefix("driven_") else { return nil }
    if operation == "driven_new" {
      // The environment comes as NAME=VALUE, each ended by a NUL.
      var environment: [String: String] = [:]
      for entry in arguments.view(2).array.split(separator: 0) {
        let parts = entry.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
        environment[String(decoding: parts[0], as: UTF8.self)] = String(decoding: parts[1], as: UTF8.self)
      }
      let seed = arguments.isAbsent(0) ? options.seed : UInt64(bitPattern: arguments.word(0))
      var policy = options.policy
      if !arguments.isAbsent(1) {
        guard let named = Policy(arguments.string(1)) else { return nothing }
        policy = named
      }
      return answer(makeDriven(seed: seed, policy: policy, environment: environment))
    }
    guard let kernel = driven[arguments.word(0)] else {
      return operation == "driven_close" ? answer(1) : fail("the kernel is closed")
    }
    let core = kernel.core
    switch operation {
    case "driven_close": return answer(closeDriven(arguments.word(0)) ? 1 : 0)
    case "driven_now":
      core.pointee.answer.pointee.words.0 = core.pointee.kernel.time
      return letter("d")
    case "driven_hash":
      let digits = String(kernel.hash, radix: 16)
      return answer(String(repeating: "0", count: 16 - digits.count) + digits)
    case "driven_stdout": return answer(kernel.output)
    case "driven_stderr": return answer(kernel.errorOutput)
    case "driven_seed": return answer(Int64(bitPattern: kernel.options.seed))
    case "driven_policy": return answer(kernel.options.policy.name)
    case "driven_task":
      let task = core.pointee.kernel.task(Int32(truncatingIfNeeded: arguments.word(1)))
      return task.map { answer(LuaText.task($0, core)) } ?? nothing
    case "driven_pids":
      return answer(core.pointee.kernel.taskIDs.map { "\(core.pointee.kernel.tid(of: $0))" }.joined(separator: " "))
    case "driven_error":
      let position = Int(arguments.word(1))
      return position >= 1 && position <= kernel.errors.count ? answer(kernel.errors[position - 1]) : nothing
    case "driven_new_error":
      guard kernel.toldErrors < kernel.errors.count else { return nothing }
      defer { kernel.toldErrors = kernel.errors.count }
      return answer(kernel.errors[kernel.toldErrors])
    case "driven_deadlock": return answer(deadlockText(core))
    case "driven_put":
      do throws(Errno) {
        try core.pointee.kernel.put(arguments.string(1), arguments.view(2).array)
        return nothing
      } catch { return answer("\(error.name) (\(error.message))") }
    case "driven_get":
      do throws(Errno) { return answer(try core.pointee.kernel.get(arguments.string(1))) } catch { return nothing }
    case "driven_pick", "driven_run":
      if kernel.isRunning { return fail("this kernel is running: its own tasks cannot drive it") }
      // Each takes a piece of the thread's stack, of which a machine beside others has little.
      if drivenDepth >= 16 { return fail("kernels are nested too deep: 16 run inside one another already") }
      if operation == "driven_pick" { return answer(pick(kernel)) }
      let (stopped, steps) = run(kernel, steps: arguments.isAbsent(1) ? .max : Int(arguments.word(1)))
      switch stopped {
      case .steps: return answer("steps \(steps)")
      case .done: return answer("done \(steps)")
      case .deadlock: return answer("deadlock \(steps)")
      case .unwound(let message):
        answer(message)
        return letter("u")
      }
    default: return fail("the machine knows no \(operation)")
    }
  }

  private func deadlockText(_ core: UnsafeMutablePointer<Core>) -> String {
    (["deadlock: nothing can run and no timer is set"]
      + stuckTasks(core).map { "  task \($0.tid)  \($0.call)  \($0.place)  \($0.reason)" }).joined(separator: "\n")
  }

  /// Chooses who goes on, and moves the clock to when that is, but lets nobody go on yet.
  private func pick(_ kernel: DrivenKernel) -> String {
    if kernel.spawned.isEmpty { return "done" }
    if let task = kernel.picked, kernel.core.pointee.kernel.isRunnable(task) { return "picked" }
    kernel.picked = kernel.core.pointee.kernel.schedule()
    return kernel.picked == nil ? "deadlock" : "picked"
  }

  /// Runs a kernel's tasks in the midst of one of an outer kernel. No error of theirs passes through here: each ends in
  /// the resume of its own coroutine.
  private func run(_ kernel: DrivenKernel, steps: Int) -> (Stopped, Int) {
    let outer = interpreter.pointee.machine, outerHost = interpreter.pointee.host
    kernel.isRunning = true
    drivenDepth += 1
    interpreter.pointee.machine = UnsafeMutableRawPointer(kernel.core)
    interpreter.pointee.host = emulatedHost
    defer {
      interpreter.pointee.machine = outer
      interpreter.pointee.host = outerHost
      kernel.isRunning = false
      drivenDepth -= 1
      // What happened in here is part of what the outer kernel's tasks did.
      if outerHost == emulatedHost {
        let driver = outer!.assumingMemoryBound(to: Core.self)
        driver.pointee.hash = Digest.mix(driver.pointee.hash ^ kernel.core.pointee.hash)
      }
    }
    var count = 0
    while true {
      if kernel.spawned.isEmpty { return (.done, count) }
      if count >= steps { return (.steps, count) }
      if pick(kernel) == "deadlock" { return (.deadlock, count) }
      let task = kernel.picked!
      kernel.picked = nil
      if task == kernel.initTask { continue }  // it has yielded the processor, which it does not have
      count += 1
      if let message = step(kernel, task) { return (.unwound(message), count) }
    }
  }

  /// Lets one task go on until it waits or ends. Returns the message when all that runs has to end.
  private func step(_ kernel: DrivenKernel, _ task: TaskID) -> String? {
    var task = task
    while true {
      let message = stepOnce(kernel, task)
      guard message == nil, let next = replaceProgram(kernel.core) else { return message }
      task = next
    }
  }

  private func stepOnce(_ kernel: DrivenKernel, _ task: TaskID) -> String? {
    let core = kernel.core
    core.pointee.current = task
    core.pointee.kernel.canSleep = true
    defer { releaseEnded(kernel) }
    let outcome = core.pointee.kernel.resume(task)
    switch outcome {
    case .blocked, .ended: return nil
    case .replaced:
      core.pointee.noteReplaced()
      return nil
    default: break
    }
    guard let thread = core.pointee.thread(of: task) else { return nil }
    core.pointee.outcome = outcome
    let status = ks_go_on(thread)
    let unwinding = Int(interpreter.pointee.unwinding)
    if unwinding != KS_UNWIND_NOT, unwinding != KS_UNWIND_TASK_ENDED { return messageOfEnd(thread) }
    if status == KS_FAILED, unwinding != KS_UNWIND_TASK_ENDED {
      let (message, frames) = takeFailure(thread)
      kernel.errors.append((["task \(core.pointee.kernel.tid(of: task)): \(message)"] + frames).joined(separator: "\n"))
      core.pointee.kernel.exit(task, status: 1)
    }
    interpreter.pointee.unwinding = Int32(KS_UNWIND_NOT)
    if core.pointee.kernel.hasConsoleOutput { flushConsole(&core.pointee.kernel, kernel) }
    return nil
  }

  private func releaseEnded(_ kernel: DrivenKernel) {
    let core = kernel.core
    let ended = core.pointee.kernel.takeEnded()
    if ended.isEmpty { return }
    for task in ended {
      guard let thread = core.pointee.thread(of: task) else { continue }
      ks_release_task(state, thread)
      core.pointee.threads[Int(task.index)] = nil
    }
    kernel.spawned.removeAll { core.pointee.kernel.hasEnded($0) }
  }
}
