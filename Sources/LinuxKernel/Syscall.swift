/// One system call: what it is called, what it takes and gives, how it can fail, and what it does.
///
/// This one value is all there is to know about a call. The Lua binding and its argument checks, the trace line, the
/// call on real Linux, `kscript list` and `kscript doc` and the editor stubs are derived from it. Declaration.swift has
/// the forms in which it is written.
public struct Syscall: Sendable {
  public struct Parameter: Sendable {
    public let name: String
    public let kind: ArgumentKind
    /// What an argument left out stands for; nil where it must be given.
    public let fallback: RawDefault?
    /// The argument as strace prints it.
    public let describe: @Sendable (RawArgument) -> String
  }

  /// What stands in for an argument that was not given.
  public enum RawDefault: Sendable {
    case word(Int64)
    case absent
  }

  public struct Result: Sendable {
    public let name: String
    public let kind: ResultKind
  }

  /// The number of the x86-64 ABI.
  public let number: Int
  public let name: String
  /// One sentence.
  public let summary: String
  /// The C declaration, as in the manual page.
  public let prototype: String
  /// The kernel's own declaration, which the C library's differs from where it is given.
  public let rawPrototype: String
  public let parameters: [Parameter]
  public let results: [Result]
  /// Whether the first argument is a descriptor: a call that sleeps keeps its open file.
  let takesDescriptor: Bool
  /// Each error with its cause.
  public let errors: [(errno: Errno, cause: String)]

  /// Whether it has answered; else `Kernel.stop` says why not.
  @usableFromInline typealias Body = @Sendable (inout Kernel, TaskID, Arguments) -> Bool
  private(set) var body: Body

  /// The call with another body.
  func with(_ body: @escaping Body) -> Syscall {
    var call = self
    call.body = body
    return call
  }

  /// The arguments as strace prints them, without those at the end that were left out.
  public func describe(_ arguments: Arguments) -> String {
    var count = parameters.count
    while count > 0, [.absent, .omitted].contains(arguments[count - 1].form) { count -= 1 }
    return (0..<count).map { parameters[$0].describe(arguments[$0]) }.joined(separator: ", ")
  }

  /// What the declarations of every arity (Declaration.swift) come down to.
  init(
    _ number: Int, _ name: String, _ summary: String, _ prototype: String, _ raw: String?, _ parameters: [Parameter],
    _ results: [ResultKind], _ resultNames: [String], _ errors: KeyValuePairs<Errno, String>, body: @escaping Body
  ) {
    precondition(resultNames.count == results.count, "\(name): name each result")
    precondition(parameters.count <= Arguments.capacity)
    self.number = number
    self.name = name
    self.summary = summary
    self.prototype = prototype
    rawPrototype = raw ?? prototype
    self.parameters = parameters
    self.results = zip(resultNames, results).map { Result(name: $0, kind: $1) }
    self.errors = errors.map { ($0.key, $0.value) }
    self.body = body
    if case .descriptor? = parameters.first?.kind { takesDescriptor = true } else { takesDescriptor = false }
  }
}

extension Syscall {
  /// A body where the hot path finds it: a call through a `let` of an object that lives for ever counts no references,
  /// which through an array of closures are a third of the cheapest call's time.
  @usableFromInline final class Performer: Sendable {
    @usableFromInline let body: Body
    let parameterCount: Int
    let takesDescriptor: Bool

    init(_ call: Syscall) {
      body = call.body
      parameterCount = call.parameters.count
      takesDescriptor = call.takesDescriptor
    }

    /// Performs the body; nil when it has answered.
    @inlinable @inline(__always) func perform(_ kernel: inout Kernel, _ me: TaskID, _ arguments: Arguments) -> Stop? {
      body(&kernel, me, arguments) ? nil : kernel.stop
    }
  }

  /// The bodies, by position in `all`; made once for the process.
  nonisolated(unsafe) static let performers: UnsafePointer<Unmanaged<Performer>> = {
    let table = UnsafeMutablePointer<Unmanaged<Performer>>.allocate(capacity: all.count)
    for (index, call) in all.enumerated() { (table + index).initialize(to: .passRetained(Performer(call))) }
    return UnsafePointer(table)
  }()
}

/// One parameter of a declaration.
struct Param<A: Argument>: Sendable {
  let parameter: Syscall.Parameter

  private init(_ name: String, _ fallback: Syscall.RawDefault?) {
    parameter = Syscall.Parameter(name: name, kind: A.kind, fallback: fallback, describe: { A.describe($0) })
  }

  /// A parameter that must be given.
  init(_ name: String) { self.init(name, nil) }

  /// A parameter that may be left out and then has the value `fallback`.
  init(_ name: String, default fallback: Int64) { self.init(name, .word(fallback)) }

  /// A parameter that may be left out or nil: a null pointer.
  init<W>(optional name: String) where A == W? { self.init(name, .absent) }
}

/// What one result is, for everything derived from a declaration.
public enum ResultKind: Sendable {
  case integer
  /// All bytes of the answer.
  case bytes
  /// The bytes, or their number where they went to the caller's memory.
  case transfer
  /// A structure, as a table.
  case structure(Layout)
  /// The first word, unless there are bytes: then a structure (fcntl).
  case integerOrStructure(Layout)
  /// What a command answers (semctl): the first word, or what the second one says is in the bytes; then the first word
  /// is a further result where the third one is not 0.
  case control(ControlForms)
  /// As many structures as the answer holds, as a list.
  case structures(Layout)
  /// A 64-bit set, as a list of signal numbers: the first word, and 8 bytes.
  case signalSet
  /// Unsigned integers of so many bytes each, as a list.
  case integers(Int)
  /// A list of 4-byte integers behind their number, where several lists follow each other.
  case countedIntegers
  /// What a signal did before.
  case signalAction
  /// A wait status, as two results: "exited", "killed", "stopped" or "continued", and the code.
  case waitStatus
  /// NUL-separated records of its own kind, told apart by name (directory entries).
  case records(String)
  /// Memory mapped for the caller: address and length, as a buffer.
  case buffer
}

/// A type that bodies of system calls can return.
protocol Returned: SendableMetatype {
  static var results: [ResultKind] { get }
  /// Puts the value into the kernel's reply (words) and output (bytes).
  func store(_ kernel: inout Kernel)
  /// Why there is no result yet, where a body says so without throwing.
  var wait: Wait? { get }
}

extension Returned {
  @inline(__always) var wait: Wait? { nil }

  /// Ends a performance with what its body has returned. Tells whether that is an answer.
  @inline(__always) func end(_ kernel: inout Kernel) -> Bool {
    if let wait {
      kernel.stop = .wait(wait)
      return false
    }
    store(&kernel)
    return true
  }
}

/// What a body returns that most often has to wait: to throw that would take as long as a short call.
enum AnswerOrWait<Answer: Returned>: Returned {
  case answer(Answer)
  /// As for one that is thrown: nothing has changed but what says that the call waits.
  case wait(Wait)

  static var results: [ResultKind] { Answer.results }
  @inline(__always) func store(_ kernel: inout Kernel) { if case .answer(let answer) = self { answer.store(&kernel) } }
  @inline(__always) var wait: Wait? { if case .wait(let wait) = self { wait } else { nil } }
}

/// A call's answer: up to four words, and bytes in the kernel's output buffer.
public struct Reply: Sendable {
  public internal(set) var words: InlineArray<4, Int64> = .init(repeating: 0)
  /// 0, or why the call failed; results that accompany an error are stored all the same (nanosleep's remaining time).
  public var errno: Int32 = 0
  /// Whether the answer is the bytes in the output buffer rather than a number (`ResultKind.transfer`).
  public var hasBytes = false
  /// Whether the bytes are a result that accompanies the error (nanosleep's remaining time).
  public var extraResult = false
  public var value: Int64 { words[0] }

  /// As before a call. The words stay: what a call answers, it stores.
  @inlinable @inline(__always) mutating func clear() {
    hasBytes = false
    extraResult = false
  }

  init() {}

  /// An answer that another kernel has given.
  package init(words: [Int64], errno: Int32, hasBytes: Bool, extraResult: Bool) {
    for (index, word) in words.prefix(4).enumerated() { self.words[index] = word }
    self.errno = errno
    self.hasBytes = hasBytes
    self.extraResult = extraResult
  }
}

/// A call that only succeeds or fails: 0.
struct Done: Returned {
  static var results: [ResultKind] { [.integer] }
  @inline(__always) func store(_ kernel: inout Kernel) { kernel.reply.words[0] = 0 }
}

extension Int: Returned {
  static var results: [ResultKind] { [.integer] }
  @inline(__always) func store(_ kernel: inout Kernel) { kernel.reply.words[0] = Int64(self) }
}

extension FD: Returned {
  static var results: [ResultKind] { [.integer] }
  @inline(__always) func store(_ kernel: inout Kernel) { kernel.reply.words[0] = Int64(number) }
}

/// Two descriptors.
struct FDPair: Returned {
  let first: FD
  let second: FD
  static var results: [ResultKind] { [.integer, .integer] }
  @inline(__always) func store(_ kernel: inout Kernel) {
    kernel.reply.words[0] = Int64(first.number)
    kernel.reply.words[1] = Int64(second.number)
  }
}

/// The bytes that the body appended to the kernel's output.
struct OutputBytes: Returned {
  static var results: [ResultKind] { [.bytes] }
  @inline(__always) func store(_ kernel: inout Kernel) { kernel.reply.words[0] = Int64(kernel.output.count) }
}
