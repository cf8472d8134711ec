import CShim
import Glibc
import LinuxKernel

/// What a system call touches on its way through: the kernel, who runs, and the answer that C reads.
///
/// It lies behind a pointer, not in a class, so that a call pays for no exclusivity check and no reference count.
struct Core: ~Copyable {
  var kernel: Kernel
  /// The running task.
  var current: TaskID
  let answer: UnsafeMutablePointer<ks_answer>
  let interpreter: UnsafeMutablePointer<ks_interpreter>
  /// How the task goes on that is being resumed.
  var outcome = Outcome.start
  /// Digest of every call and answer so far.
  var hash: UInt64 = 0
  var callCount = 0
  /// The coroutine of each task, by the task's slot.
  var threads: [OpaquePointer?] = []
  /// The coroutine made for the task that a call in progress is to create, by the caller's slot.
  var newThreads: [UInt32: OpaquePointer] = [:]
  /// Whether a task that waits may pass its turn on to the next one itself, as it may in a run that nobody watches step
  /// by step.
  var passesTurns = false
  /// A coroutine that did not come back to wait, while another task's wait stood between it and the machine.
  var cameBack: (thread: OpaquePointer, status: Int32)?
  /// The running task has yielded to the machine only to be resumed at once.
  var isToGoOn = false
  /// Set while calls are recorded.
  var tracer: Tracer?
  /// Something was written to the console, or a task ended: the machine is to look before it goes on.
  unowned(unsafe) let machine: Machine
  /// Set when a script drives this kernel.
  unowned(unsafe) var driven: DrivenKernel?

  /// Performs a call for the running task, and says how it goes on. `digest` is one of its arguments.
  @inline(__always)
  mutating func call(_ index: UInt32, _ arguments: UnsafePointer<ks_argument>, _ digest: UInt64, canSleep: Bool)
    -> ks_result
  {
    let raw = Arguments(UnsafeRawPointer(arguments).assumingMemoryBound(to: RawArgument.self))
    callCount &+= 1
    hash = Digest.mix(hash ^ digest ^ UInt64(current.index) << 40)
    if tracer != nil { beginTrace(index, raw) }
    kernel.canSleep = canSleep
    return result(kernel.perform(Int(index), raw, for: current))
  }

  /// How a call of the running task went on, for C.
  @inline(__always)
  mutating func result(_ outcome: Outcome) -> ks_result {
    guard outcome == .reply else {
      let isPlainWait = outcome == .blocked && tracer == nil && !kernel.needsNotice
      return ks_result(word: 0, outcome: Int64(isPlainWait ? Int32(KS_BLOCKED) : go(outcome)))
    }
    // Most calls answer one number, and it goes back in a register: what was just stored word by word, and is loaded
    // again as one, costs more than the call itself.
    guard kernel.answerIsNumber, !kernel.needsNotice, tracer == nil else {
      return ks_result(word: 0, outcome: Int64(reply()))
    }
    let word = kernel.answerWord(0)
    hash = Digest.mix(hash ^ UInt64(bitPattern: word))
    return ks_result(word: word, outcome: Int64(KS_NUMBER))
  }

  /// What Machine.run and Machine.step do when a task has gone to sleep, for all cases but the rare ones: chooses who
  /// goes on. C then resumes that task from where it stands, in the call of a task that waits: a switch there and back
  /// takes one coroutine's yield instead of two.
  ///
  /// - Parameters:
  ///   - own: the coroutine in whose call C stands. When its task is chosen, `result` is how its call went on.
  /// - Returns: the coroutine to be resumed; nil when the machine is to look after things first.
  @inline(__always)
  mutating func nextTurn(_ own: OpaquePointer?, _ result: UnsafeMutablePointer<ks_result>) -> OpaquePointer? {
    guard passesTurns, tracer == nil, !kernel.hasEnded, !kernel.needsNotice else { return nil }
    kernel.canSleep = true
    while let (task, outcome) = kernel.scheduleAndResume() {
      current = task
      if outcome == .blocked { continue }
      guard outcome != .ended, outcome != .replaced, let thread = threads[Int(task.index)] else { return nil }
      guard thread == own else {
        self.outcome = outcome
        return thread
      }
      if outcome == .reply || outcome == .start {
        result.pointee = self.result(outcome)
        return thread
      }
      // A handler is to be run. From here that would leave C standing one call deeper after each signal.
      self.outcome = outcome
      isToGoOn = true
      return nil
    }
    return nil
  }

  @inline(never)
  mutating func beginTrace(_ index: UInt32, _ raw: Arguments) {
    drainTrace(current: nil)
    tracer!.begin(
      kernel, current, Int(index), raw, where: machine.place(),
      reason: machine.differenceReasons[kernel.tid(of: current)]?.last)
  }

  /// Hands the tracer what the kernel has observed while a task ran.
  @inline(never)
  mutating func drainTrace(current tid: Int32?) { tracer!.observe(kernel.takeObservations(), kernel, current: tid) }

  /// Hands the kernel's answer to C.
  @inline(__always)
  private mutating func reply() -> Int32 {
    let bytes = kernel.answerPointer, first = kernel.answerWord(0), errno = kernel.answerErrno
    answer.pointee.error = errno
    answer.pointee.has_bytes = kernel.answerHasBytes ? 1 : 0
    answer.pointee.has_extra = kernel.answerHasExtra ? 1 : 0
    answer.pointee.bytes = bytes.baseAddress
    answer.pointee.count = Int64(bytes.count)
    answer.pointee.words.0 = first
    // Beside the bytes of a transfer there is their number and perhaps one word more; others ask for their words.
    if kernel.answerHasBytes { answer.pointee.words.1 = kernel.answerWord(1) } else { storeWords() }
    hash = Digest.mix(hash ^ UInt64(bitPattern: first) ^ UInt64(UInt32(bitPattern: errno)) << 32)
    answer.pointee.known = nil
    if bytes.count > 0 { digest(bytes) }
    if kernel.needsNotice { notice() }
    if tracer != nil { endTrace() }
    return Int32(KS_REPLY)
  }

  /// Digests the bytes of an answer; those of a string that scripts send again and again have been.
  @inline(__always)
  private mutating func digest(_ bytes: UnsafeRawBufferPointer) {
    let known = interpreter.pointee.known_string.unsafelyUnwrapped
    if known.pointee.length == bytes.count, memcmp(known.pointee.bytes!, bytes.baseAddress!, bytes.count) == 0 {
      hash = Digest.mix(hash ^ known.pointee.digest)
      answer.pointee.known = known
    } else {
      hash = ByteView(bytes).digest(hash)
    }
  }

  /// All words of the answer.
  func storeWords() {
    answer.pointee.words = (kernel.answerWord(0), kernel.answerWord(1), kernel.answerWord(2), kernel.answerWord(3))
  }

  /// Fills in the answer to a call that C was told the number of.
  func storeAnswer() {
    storeWords()
    (answer.pointee.error, answer.pointee.has_bytes, answer.pointee.has_extra) = (0, 0, 0)
    answer.pointee.bytes = kernel.answerPointer.baseAddress
    answer.pointee.count = 0
  }

  @inline(never)
  private mutating func endTrace() {
    drainTrace(current: kernel.tid(of: current))
    tracer!.end(kernel, current, kernel.answer, ByteView(kernel.answerPointer))
    tracer!.deliver(kernel, current, kernel.answer, ByteView(kernel.answerPointer))
  }

  /// The running task is to run another program: its coroutine is never resumed again.
  @inline(never)
  mutating func noteReplaced() {
    guard let (task, tid) = kernel.programStarter else { return }
    current = task
    guard tracer != nil else { return }
    drainTrace(current: tid)
    tracer!.replace(kernel, task, tid)
  }

  /// A task was made, or something was written to the console.
  @inline(never)
  private mutating func notice() {
    if let spawned = kernel.takeSpawned() {
      if let thread = newThreads.removeValue(forKey: current.index) { setThread(thread, of: spawned) }
      driven?.noteSpawned(spawned, by: current)
    }
    if kernel.hasConsoleOutput { machine.flushConsole(&kernel, driven) }
    if kernel.isOutOfMemory { ks_exhaust(machine.state) }
  }

  func thread(of task: TaskID) -> OpaquePointer? { Int(task.index) < threads.count ? threads[Int(task.index)] : nil }

  mutating func setThread(_ thread: OpaquePointer?, of task: TaskID) {
    while threads.count <= Int(task.index) { threads.append(nil) }
    threads[Int(task.index)] = thread
  }

  /// How the running task goes on, in C's terms.
  mutating func go(_ outcome: Outcome) -> Int32 {
    switch outcome {
    case .reply: return reply()
    case .start:
      answer.pointee.error = 0
      return Int32(KS_REPLY)
    case .blocked:
      if tracer != nil {
        drainTrace(current: kernel.tid(of: current))
        tracer!.wait(kernel.tid(of: current))
      }
      // vfork makes its child and then waits.
      if kernel.needsNotice { notice() }
      return Int32(KS_BLOCKED)
    case .ended: return Int32(KS_ENDED)
    case .replaced:
      noteReplaced()
      return Int32(KS_ENDED)
    case .cannotSleep: return Int32(KS_CANNOT_SLEEP)
    case .handler:
      let frame = kernel.handlerFrame(of: current)
      kernel.storeSignalInfo(frame.info)
      answer.pointee.words = (frame.function, Int64(frame.info.signal), 0, 0)
      let bytes = kernel.answerPointer
      answer.pointee.bytes = bytes.baseAddress
      answer.pointee.count = Int64(bytes.count)
      return Int32(KS_HANDLER)
    }
  }
}

// The running task's own accesses to its memory: what a buffer's methods do.
extension Core {
  @inline(__always)
  mutating func load(_ address: UInt64, _ size: Int, into value: UnsafeMutablePointer<UInt64>) -> Int32 {
    guard let word = kernel.load(address, size, of: current) else {
      return fault(address, UInt64(size), isWrite: false)
    }
    value.pointee = word
    return Int32(KS_REPLY)
  }

  @inline(__always)
  mutating func store(_ word: UInt64, _ size: Int, at address: UInt64) -> Int32 {
    kernel.store(word, size, at: address, of: current) ? Int32(KS_REPLY) : fault(address, UInt64(size), isWrite: true)
  }

  mutating func load(_ address: UInt64, _ count: UInt64) -> Int32 {
    // What is not mapped is not asked for: a view may be larger than any memory.
    guard kernel.peek(address, Int(clamping: count), of: current) else { return fault(address, count, isWrite: false) }
    let bytes = kernel.answerPointer
    answer.pointee.bytes = bytes.baseAddress
    answer.pointee.count = Int64(bytes.count)
    return Int32(KS_REPLY)
  }

  mutating func store(_ bytes: ByteView, at address: UInt64) -> Int32 {
    kernel.poke(bytes, at: address, of: current) ? Int32(KS_REPLY) : fault(address, UInt64(bytes.count), isWrite: true)
  }

  @inline(never)
  private mutating func fault(_ address: UInt64, _ count: UInt64, isWrite: Bool) -> Int32 {
    if kernel.isOutOfMemory {
      ks_exhaust(machine.state)
      return Int32(KS_REPLY)
    }
    let outcome = kernel.fault(at: address, Int(clamping: count), isWrite: isWrite, of: current)
    if case .ended = outcome, kernel.tid(of: current) == 1 {
      let what = isWrite ? "written" : "read"
      machine.report(
        "\(machine.place()): address 0x\(String(address, radix: 16)) cannot be \(what), and nothing handles the signal")
    }
    return go(outcome)
  }
}
