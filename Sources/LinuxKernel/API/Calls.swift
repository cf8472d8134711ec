// System calls for Swift: `let (r, w) = try kernel.pipe2([], as: me)`.
//
// A failed call throws its Errno. The commonest calls are here with types of their own, and take the shortest way to
// the kernel's objects; all others go by name through `call`.

/// Why a call made from Swift neither answered nor failed.
public enum Unanswered: Error, Equatable, Sendable {
  /// It would have to wait for another task. Nothing has changed: let the others go on, and make it again.
  case wouldWait
  /// The calling task is no more: the call or a signal has ended it.
  case taskEnded
  /// The calling task runs another program, which `takeNewProgram` tells.
  case programReplaced
  /// A handler is to be run first. Only tasks that an interpreter drives have handlers.
  case handler(number: Int64)
  /// There is no call of this name.
  case unknownCall(String)
}

/// An argument of a call made by name.
public enum CallArgument: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral, ExpressibleByNilLiteral, Sendable {
  /// A number, a set of flags, a descriptor, an address.
  case word(Int64)
  /// A path, bytes to be written, or a structure.
  case bytes([UInt8])
  /// `count` bytes at an address of the caller's memory.
  case memory(UInt64, count: Int)
  /// A null pointer, or the argument's default.
  case absent

  public init(integerLiteral value: Int64) { self = .word(value) }
  public init(stringLiteral value: String) { self = .bytes(Array(value.utf8)) }
  public init(nilLiteral: ()) { self = .absent }
  public init(_ fd: FD) { self = .word(Int64(fd.number)) }
  public init(_ number: Int) { self = .word(Int64(number)) }
}

extension Kernel {
  /// Creates a pipe. pipe(2).
  public mutating func pipe2(_ flags: OpenFlags, as me: TaskID) throws -> (reader: FD, writer: FD) {
    let pair = try perform(as: me) { (kernel: inout Kernel) throws(Stop) -> FDPair in
      guard flags.isSubset(of: [.cloexec, .nonblock, .direct]) else { throw .errno(.EINVAL) }
      return try kernel.makePipe(flags, for: me)
    }
    return (pair.first, pair.second)
  }

  /// Writes bytes to a descriptor; returns how many. write(2).
  @discardableResult
  public mutating func write(_ fd: FD, _ bytes: ByteView, as me: TaskID) throws -> Int {
    try transfer(me) { (kernel: inout Kernel) throws(Stop) -> Int in try kernel.write(fd, whole: bytes, for: me) }
  }

  @discardableResult
  public mutating func write(_ fd: FD, _ bytes: [UInt8], as me: TaskID) throws -> Int {
    try bytes.withByteView { try write(fd, $0, as: me) }
  }

  @discardableResult
  public mutating func write(_ fd: FD, _ text: String, as me: TaskID) throws -> Int {
    try text.withByteView { try write(fd, $0, as: me) }
  }

  /// Reads at most `buffer.count` bytes to the front of `buffer`; returns how many, 0 at the end. read(2).
  public mutating func read(_ fd: FD, into buffer: inout [UInt8], as me: TaskID) throws -> Int {
    let wanted = buffer.count
    _ = try readAnswer(fd, wanted, as: me)
    return answerBytes.copy(to: &buffer)
  }

  /// Reads at most `count` bytes; none at the end. read(2).
  public mutating func read(_ fd: FD, _ count: Int, as me: TaskID) throws -> [UInt8] {
    _ = try readAnswer(fd, count, as: me)
    return answerBytes.array
  }

  @inline(__always)
  private mutating func readAnswer(_ fd: FD, _ count: Int, as me: TaskID) throws -> Int {
    try transfer(me) { (kernel: inout Kernel) throws(Stop) -> Int in
      switch try kernel.readAnswer(fd, count, for: me) {
      case .answer(let transferred): return transferred.count
      case .wait(let wait): throw .wait(wait)
      }
    }
  }

  /// close(2).
  public mutating func close(_ fd: FD, as me: TaskID) throws {
    try perform(as: me) { (kernel: inout Kernel) throws(Stop) in try kernel.close(fd, of: me) }
  }

  /// Opens a file, relative to the working directory. open(2).
  public mutating func open(_ path: String, _ flags: OpenFlags, _ mode: Mode = Mode(0), as me: TaskID) throws -> FD {
    try openat(.current, path, flags, mode, as: me)
  }

  /// Opens a file, relative to a directory. openat(2).
  public mutating func openat(
    _ directory: FD, _ path: String, _ flags: OpenFlags, _ mode: Mode = Mode(0), as me: TaskID
  ) throws -> FD {
    let name = CallArgument.bytes(Array(path.utf8))
    let reply = try call(
      "openat", CallArgument(directory), name, .word(Int64(flags.rawValue)), .word(Int64(mode.bits)), as: me)
    return FD(Int32(truncatingIfNeeded: reply.value))
  }

  /// The lowest free descriptor as a duplicate of `fd`. dup(2).
  public mutating func dup(_ fd: FD, as me: TaskID) throws -> FD {
    FD(Int32(truncatingIfNeeded: try call("dup", CallArgument(fd), as: me).value))
  }

  /// Makes a child process, which its creator drives by its id. fork(2).
  public mutating func fork(as me: TaskID) throws -> TaskID {
    _ = try call("fork", 0, as: me)
    guard let child = takeSpawned() else { preconditionFailure("fork answered without a child") }
    return child
  }

  /// Any call, by its name in `Syscall.all`; arguments left out at the end have their defaults.
  ///
  /// What it answers in bytes is `answerBytes`, until the next call.
  @discardableResult
  public mutating func call(_ name: String, _ arguments: CallArgument..., as me: TaskID) throws -> Reply {
    try call(name, arguments, as: me)
  }

  @discardableResult
  public mutating func call(_ name: String, _ arguments: [CallArgument], as me: TaskID) throws -> Reply {
    guard let index = Syscall.indices[name] else { throw Unanswered.unknownCall(name) }
    let couldSleep = canSleep
    canSleep = false
    defer { canSleep = couldSleep }
    let outcome = CallArgument.withRaw(arguments, Syscall.all[index].parameters) { perform(index, $0, for: me) }
    switch outcome {
    case .reply:
      if answerErrno != 0 { throw Errno(answerErrno) }
      return answer
    case .cannotSleep, .blocked: throw Unanswered.wouldWait
    case .handler: throw Unanswered.handler(number: handlerFrame(of: me).function)
    case .replaced: throw Unanswered.programReplaced
    case .ended, .start: throw Unanswered.taskEnded
    }
  }

  /// Performs `body` as a call of `me`, and looks at the signals that have come afterwards.
  @inline(__always)
  mutating func perform<R>(as me: TaskID, _ body: (inout Kernel) throws(Stop) -> R) throws -> R {
    callCount += 1
    output.clear()
    current = CallContext()
    let result: R
    do throws(Stop) { result = try body(&self) } catch { throw reason(error, me) }
    if tasks[me].needsAttention { try takeSignals(me) }
    return result
  }

  /// The same for transfers, of which a part may be done when the rest has to wait: its size is then the answer.
  @inline(__always)
  private mutating func transfer(_ me: TaskID, _ body: (inout Kernel) throws(Stop) -> Int) throws -> Int {
    do { return try perform(as: me, body) } catch Unanswered.wouldWait where current.progress > 0 {
      return current.progress
    }
  }

  @inline(never)
  private mutating func reason(_ stop: Stop, _ me: TaskID) -> any Error {
    switch stop {
    case .ended: return Unanswered.taskEnded
    case .replaced: return Unanswered.programReplaced
    case .wait, .yield:
      if case .wait(let wait) = stop, let awaited = wait.awaited { tasks[me].awaited = awaited }
      stopWaiting(me)
      restoreSavedMask(me)
      return Unanswered.wouldWait
    case .errno(let errno):
      // A SIGPIPE that came with the EPIPE may have ended the task.
      if tasks[me].needsAttention, (try? takeSignals(me)) == nil { return Unanswered.taskEnded }
      return errno
    }
  }

  /// Acts on the signals that have come, as on the way back from a call.
  @inline(never)
  private mutating func takeSignals(_ me: TaskID) throws {
    let bytes = output.view.array
    switch attend(me) {
    case .ended, .blocked, .cannotSleep, .replaced: throw Unanswered.taskEnded
    case .handler: throw Unanswered.handler(number: handlerFrame(of: me).function)
    case .start, .reply:
      output.clear()
      output.append(bytes)
    }
  }
}
