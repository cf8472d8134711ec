/// One argument as it comes in: a word, bytes handed over by the caller, or a stretch of the caller's own memory.
///
/// The C side fills an array of these (ks_argument in CShim has the same layout) and nothing of it is copied unless the
/// call has to wait.
public struct RawArgument {
  public enum Form: Int32 {
    /// Not given.
    case absent = 0
    /// An integer.
    case word = 1
    /// `count` bytes at `bytes`, in the caller's interpreter.
    case bytes = 2
    /// `count` bytes at address `word` of the calling task's memory; a count of -1 leaves it to the call.
    case memory = 3
    /// An integer that was left out: the declaration's default.
    case omitted = 4
  }

  public var word: Int64
  public var bytes: UnsafeRawPointer?
  public var count: Int
  public var rawForm: Int32

  @inline(__always) public var form: Form { Form(rawValue: rawForm) ?? .absent }
  @inline(__always) var isBytes: Bool { rawForm == Form.bytes.rawValue }
  @inline(__always) var isMemory: Bool { rawForm == Form.memory.rawValue }
  @inline(__always) package var view: ByteView { ByteView(start: bytes, count: count) }

  public static var absent: RawArgument { RawArgument(word: 0, bytes: nil, count: 0, rawForm: Form.absent.rawValue) }
  /// The default of an integer that was left out.
  static func omitted(_ value: Int64) -> RawArgument {
    RawArgument(word: value, bytes: nil, count: 0, rawForm: Form.omitted.rawValue)
  }
  public static func word(_ value: Int64) -> RawArgument {
    RawArgument(word: value, bytes: nil, count: 0, rawForm: Form.word.rawValue)
  }
  public static func bytes(_ view: ByteView) -> RawArgument {
    RawArgument(word: 0, bytes: view.start, count: view.count, rawForm: Form.bytes.rawValue)
  }
  public static func memory(_ address: UInt64, _ count: Int) -> RawArgument {
    RawArgument(word: Int64(bitPattern: address), bytes: nil, count: count, rawForm: Form.memory.rawValue)
  }
}

/// The arguments of one call, valid while it is performed.
public struct Arguments {
  /// No call has more: clone3 and mmap fold to six, the seventh is room for a count beside an address.
  public static let capacity = 7

  let start: UnsafePointer<RawArgument>
  public init(_ start: UnsafePointer<RawArgument>) { self.start = start }

  @inline(__always) public subscript(_ index: Int) -> RawArgument { start[index] }
}

/// What a parameter takes, for everything derived from a declaration: the binding and its checks, traces, reference.
public enum ArgumentKind: Sendable {
  case integer
  case descriptor
  case flags(NameSet)
  case value(NameSet)
  /// Permission bits: an integer or an octal string.
  case mode
  /// Bytes up to a NUL.
  case path
  /// The path of a program to be run, or the name of one that a script has registered.
  case program
  /// A list of strings, or the address of such a list.
  case strings
  /// Bytes to be taken: a string, a buffer, or an address and a count.
  case data
  /// Room for bytes: how many are wanted, a buffer, or an address and a count.
  case destination
  case structure(Layout)
  case structures(Layout)
  /// A list of strings or buffers.
  case vector
  /// Seconds, or a timespec.
  case time
  /// A list of signals, handed over as a 64-bit set.
  case signalSet
  /// What a signal does: a function, "SIG_DFL", "SIG_IGN" or a table of struct sigaction.
  case signalAction
  /// An address of the caller's memory.
  case address
  /// The function that a new task runs.
  case function
  /// A list of integers of so many bytes each, handed over one behind the other.
  case integers(Int)
  /// An integer or bytes, as the operation takes it (prctl).
  case any
  /// An integer or flags by name, or a structure, as the operation takes it (fcntl).
  case flagsOrStructure(NameSet, Layout)
  /// A number, a structure or a list of integers, as the command takes it (semctl).
  case control(ControlForms)
}

/// A type that parameters of system calls can have.
protocol Argument: SendableMetatype {
  static var kind: ArgumentKind { get }
  static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> Self
  /// As strace prints it.
  static func describe(_ raw: RawArgument) -> String
}

extension Argument {
  public static func describe(_ raw: RawArgument) -> String { Trace.describe(raw, as: kind) }
}

extension Optional: Argument where Wrapped: Argument {
  static var kind: ArgumentKind { Wrapped.kind }
  @inline(__always)
  static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> Wrapped? {
    guard raw.form != .absent else { return nil }
    return try Wrapped.decode(raw, &kernel, me)
  }
  static func describe(_ raw: RawArgument) -> String { raw.form == .absent ? "NULL" : Wrapped.describe(raw) }
}

extension Int: Argument {
  public static var kind: ArgumentKind { .integer }
  @inline(__always)
  public static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> Int {
    Int(raw.word)
  }
}

extension Int32: Argument {
  public static var kind: ArgumentKind { .integer }
  @inline(__always)
  public static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> Int32 {
    Int32(truncatingIfNeeded: raw.word)
  }
}

extension UInt32: Argument {
  public static var kind: ArgumentKind { .integer }
  @inline(__always)
  public static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> UInt32 {
    UInt32(truncatingIfNeeded: raw.word)
  }
}

extension UInt64: Argument {
  public static var kind: ArgumentKind { .integer }
  @inline(__always)
  public static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> UInt64 {
    UInt64(bitPattern: raw.word)
  }
}

/// A file descriptor number. Whether it is open is for the call to find out, in Linux's order of checks.
public struct FD: Argument, Hashable, Sendable {
  public let number: Int32
  @inline(__always) public init(_ number: Int32) { self.number = number }

  public static var kind: ArgumentKind { .descriptor }
  @inline(__always)
  public static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> FD {
    FD(Int32(truncatingIfNeeded: raw.word))
  }
}

/// An address of the caller's memory; it is looked at only when the call gets that far.
public struct Address: Argument, Hashable, Sendable {
  public let value: UInt64
  public init(_ value: UInt64) { self.value = value }
  public static var kind: ArgumentKind { .address }
  @inline(__always)
  public static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> Address {
    Address(UInt64(bitPattern: raw.word))
  }
}

/// A set of named bits. `check` refuses the unnamed ones at the point where Linux looks.
protocol Flags: OptionSet, Argument, Sendable where RawValue == Int32 {
  static var names: NameSet { get }
}

extension Flags {
  public static var kind: ArgumentKind { .flags(names) }

  @inline(__always)
  public static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> Self {
    Self(rawValue: Int32(truncatingIfNeeded: raw.word))
  }

  /// Throws `errno` when a bit is set that has no name.
  @inline(__always) func check(_ errno: Errno = .EINVAL) throws(Stop) {
    if rawValue & ~Self.knownBits != 0 { throw .errno(errno) }
  }

  static var knownBits: Int32 { Int32(truncatingIfNeeded: names.mask) }
}

/// One of several named values.
protocol Choice: Argument, Sendable {
  static var names: NameSet { get }
  init(rawValue: Int32)
}

extension Choice {
  public static var kind: ArgumentKind { .value(names) }
  @inline(__always)
  public static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> Self {
    Self(rawValue: Int32(truncatingIfNeeded: raw.word))
  }
}

/// Permission bits.
public struct Mode: Argument, Hashable, Sendable {
  public var bits: UInt32
  public init(_ bits: UInt32) { self.bits = bits }
  public static var kind: ArgumentKind { .mode }
  public static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> Mode {
    Mode(UInt32(truncatingIfNeeded: raw.word))
  }
}
