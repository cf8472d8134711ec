/// A call that has to wait, as data: it belongs to its task, and can be performed again, interrupted, saved or listed.
public struct Call {
  // The arguments come first and lie one behind the other as in `Arguments`, so that a body takes them from where they
  // are. Four are fields of their own, since most calls have no more, and an array's elements are reached by copying
  // it.
  private var first = RawArgument.absent, second = RawArgument.absent
  private var third = RawArgument.absent, fourth = RawArgument.absent
  private var others: InlineArray<3, RawArgument> = .init(repeating: .absent)
  /// Position in `Syscall.all`.
  private(set) var index: Int
  /// How many arguments the call takes.
  private var count: Int
  /// Whether arguments came as bytes; those lie one behind the other, in `short` if they are few, else in `long`.
  fileprivate private(set) var hasBytes = false
  fileprivate private(set) var short = ShortBytes()
  fileprivate private(set) var long: [UInt8] = []
  var context: CallContext

  /// The first argument, where it is a descriptor.
  @inline(__always) var firstNumber: Int32 { Int32(truncatingIfNeeded: first.word) }

  init(index: Int, count: Int, context: CallContext) {
    self.index = index
    self.count = count
    self.context = context
  }

  /// Becomes another call, in the same place.
  @inline(__always) mutating func renew(index: Int, count: Int, context: CallContext, _ arguments: Arguments) {
    self.index = index
    self.count = count
    self.context = context
    keep(arguments)
  }

  /// Copies what `arguments` points to.
  @inline(__always) mutating func keep(_ arguments: Arguments) {
    var comesAsBytes = false
    if count > 0 {
      first = arguments[0]
      comesAsBytes = first.isBytes
    }
    if count > 1 {
      second = arguments[1]
      comesAsBytes = comesAsBytes || second.isBytes
    }
    if count > 2 {
      third = arguments[2]
      comesAsBytes = comesAsBytes || third.isBytes
    }
    if count > 3 {
      fourth = arguments[3]
      comesAsBytes = comesAsBytes || fourth.isBytes
    }
    if comesAsBytes, count == 2, !first.isBytes, second.count <= ShortBytes.capacity, long.isEmpty {
      hasBytes = true
      short.store(second.view)
    } else if comesAsBytes || hasBytes || count > 4 {
      keepRest(arguments, comesAsBytes)
    }
  }

  @inline(never) private mutating func keepRest(_ arguments: Arguments, _ comesAsBytes: Bool) {
    if !long.isEmpty { long = [] }
    hasBytes = comesAsBytes
    short = ShortBytes()
    var argumentsOfBytes = 0, last = ByteView.empty
    for position in 0..<count {
      if position > 3 { others[position - 4] = arguments[position] }
      guard arguments[position].isBytes else { continue }
      argumentsOfBytes += 1
      hasBytes = true
      last = arguments[position].view
    }
    if argumentsOfBytes == 1, last.count <= ShortBytes.capacity {
      short.store(last)
    } else if argumentsOfBytes > 0 {
      for position in 0..<count where arguments[position].isBytes { long += arguments[position].view.array }
    }
  }

  /// Gives `body` the arguments in the form in which they first came.
  func withArguments<R>(_ body: (Arguments) -> R) -> R {
    func lend(_ view: ByteView) -> R {
      Arguments.withRoom { raw in
        copyArguments(to: raw)
        if hasBytes { lendBytes(view, to: raw) }
        return body(Arguments(UnsafePointer(raw)))
      }
    }
    return short.count > 0 ? short.withByteView(lend) : long.withByteView(lend)
  }

  /// Begins another performance: hands out what is known of the call, and tells which one it is.
  @inline(__always) fileprivate func begin(_ current: inout CallContext) -> Int {
    current = context
    // A call taken from a preempted task is here for the first time.
    current.isRetry = context.hasSlept
    return index
  }

  @inline(__always) fileprivate func copyArguments(to raw: UnsafeMutablePointer<RawArgument>) {
    raw[0] = first
    raw[1] = second
    raw[2] = third
    raw[3] = fourth
    if count > 4 { for position in 4..<count { raw[position] = others[position - 4] } }
  }

  /// Leads the arguments that came as bytes to their copies. `view` is of the call's own bytes.
  fileprivate func lendBytes(_ view: ByteView, to raw: UnsafeMutablePointer<RawArgument>) {
    var offset = 0
    for position in 0..<count where raw[position].isBytes {
      raw[position].bytes = view.slice(offset, raw[position].count).start
      offset += raw[position].count
    }
  }
}

extension Kernel {
  /// Performs the body of a call that waits in `calls` with its own arguments, which becomes the current one; nil when
  /// it has answered.
  ///
  /// The call stays where it is, since to copy it costs more than most bodies; its bytes are held meanwhile.
  @inline(__always) mutating func performBody(of id: ID<Call>, for me: TaskID) -> Stop? {
    if calls[id].hasBytes { return performBodyWithBytes(of: id, for: me) }
    let index = calls[id].begin(&current)
    // They are taken before the body does anything, so what it does to the slab cannot matter.
    return performBody(index, Arguments(of: calls.address(of: id)), for: me)
  }

  @inline(never) private mutating func performBodyWithBytes(of id: ID<Call>, for me: TaskID) -> Stop? {
    let short = calls[id].short
    if short.count > 0 { return short.withByteView { performBody(of: id, with: $0, for: me) } }
    let long = calls[id].long
    return long.withByteView { performBody(of: id, with: $0, for: me) }
  }

  @inline(__always) private mutating func performBody(of id: ID<Call>, with view: ByteView, for me: TaskID) -> Stop? {
    Arguments.withRoom { raw in
      let index = calls[id].begin(&current)
      calls[id].copyArguments(to: raw)
      calls[id].lendBytes(view, to: raw)
      return performBody(index, Arguments(UnsafePointer(raw)), for: me)
    }
  }

  @inline(__always) private mutating func performBody(_ index: Int, _ arguments: Arguments, for me: TaskID) -> Stop? {
    performers[index]._withUnsafeGuaranteedRef { $0.perform(&self, me, arguments) }
  }
}

/// What a body may ask about the performance it is part of.
///
/// It is made anew for every call and copied with every sleep. So it is six plain words, which the processor moves two
/// or four at a time, and what only some calls keep shares a place.
@usableFromInline struct CallContext {
  /// Bytes already transferred by earlier performances of this call.
  @usableFromInline var progress = 0
  /// The absolute time at which a time-out ends, set when the call first waited; .max for none.
  @usableFromInline var deadline = Int64.max
  /// What only some calls keep; `kept` says what it is.
  @usableFromInline var firstWord: Int64 = 0
  @usableFromInline var secondWord: Int64 = 0
  @usableFromInline var heldFile = ID<OpenFile>(bits: 0)
  @usableFromInline var heldNumber: Int32 = 0
  @usableFromInline var bits: UInt32 = 0

  @inlinable @inline(__always) init() {}

  @inline(__always) private func has(_ bit: UInt32) -> Bool { bits & bit != 0 }
  @inline(__always) private mutating func set(_ bit: UInt32, _ isSet: Bool) { bits = isSet ? bits | bit : bits & ~bit }

  /// This is not the first performance.
  var isRetry: Bool {
    @inline(__always) get { has(1) }
    @inline(__always) set { set(1, newValue) }
  }
  /// The call has waited at least once (one of a preempted task has not).
  var hasSlept: Bool {
    @inline(__always) get { has(2) }
    @inline(__always) set { set(2, newValue) }
  }
  /// A signal is what woke it.
  var isInterrupted: Bool {
    @inline(__always) get { has(4) }
    @inline(__always) set { set(4, newValue) }
  }
  /// A signal has cut it short that no handler was for, and it is performed again whatever comes before that.
  var isToRestart: Bool {
    @inline(__always) get { has(128) }
    @inline(__always) set { set(128, newValue) }
  }
  /// What the wait it last threw said about signals.
  var interruption: Interruption {
    @inline(__always) get { Interruption(rawValue: bits >> 8 & 3).unsafelyUnwrapped }
    @inline(__always) set { bits = bits & ~0x300 | newValue.rawValue << 8 }
  }
  /// It falls asleep for the first time, in a wait that says so about signals.
  @inline(__always) mutating func fallAsleep(_ wait: Wait) { bits = bits & ~0x300 | wait.interruptionBits << 8 | 2 }

  // The open file that the first argument named when the call first slept: it is kept, whoever closes the descriptor.

  @inline(__always) var holdsFile: Bool { has(8) }
  /// The file, if it was found as descriptor `number`.
  @inline(__always) func file(heldAs number: Int32) -> ID<OpenFile>? { has(8) && heldNumber == number ? heldFile : nil }
  /// The bytes that it waits for, and the file that it refers to, where it does so.
  @inline(__always) var awaitedBytes: (wanted: (pipe: ID<Pipe>, count: Int)?, referredFile: ID<OpenFile>?) {
    (wanted, referredFile)
  }
  /// The file, if the call counts as one of those who refer to it.
  @inline(__always) var referredFile: ID<OpenFile>? { has(16) ? heldFile : nil }

  @inline(__always) mutating func hold(_ file: ID<OpenFile>, as number: Int32, isReferred: Bool) {
    (heldFile, heldNumber) = (file, number)
    bits |= isReferred ? 24 : 8
  }

  /// The file that the body has found under the first argument, where it says so when it waits: else it is looked up
  /// again.
  @inline(__always) var foundFile: ID<OpenFile>? { has(32) ? heldFile : nil }

  /// `isOwn`: nobody else has the descriptor table.
  @inline(__always) mutating func found(_ file: ID<OpenFile>, isOwn: Bool = false) {
    heldFile = file
    bits |= isOwn ? 96 : 32
  }

  /// It is known that nobody else has the descriptor table.
  @inline(__always) var isTableOwn: Bool { has(64) }

  /// The call is to start anew, and to look its descriptor up again.
  mutating func letGo() {
    bits &= ~120
    if kept == .bytes { keep(.nothing) }
  }

  private enum Kept: UInt32 { case nothing, partner, vforkChild, lockTicket, bytes, remaining, pollTable }
  private var kept: Kept { Kept(rawValue: bits >> 16).unsafelyUnwrapped }

  @inline(__always) private mutating func keep(_ kept: Kept, _ first: Int64 = 0, _ second: Int64 = 0) {
    bits = bits & 0xffff | kept.rawValue << 16
    (firstWord, secondWord) = (first, second)
  }

  /// The fifo whose other end it waits for, and how often that had been opened before.
  var partner: (inode: ID<Inode>, opens: Int)? {
    get { kept == .partner ? (ID(bits: UInt64(bitPattern: firstWord)), Int(secondWord)) : nil }
    set {
      if let newValue {
        keep(.partner, Int64(bitPattern: newValue.inode.bits), Int64(newValue.opens))
      } else {
        keep(.nothing)
      }
    }
  }
  /// The child whose end it waits for, and its pid (vfork).
  var vforkChild: (task: TaskID, pid: Int32)? {
    get { kept == .vforkChild ? (ID(bits: UInt64(bitPattern: firstWord)), Int32(secondWord)) : nil }
    set {
      if let newValue {
        keep(.vforkChild, Int64(bitPattern: newValue.task.bits), Int64(newValue.pid))
      } else {
        keep(.nothing)
      }
    }
  }
  /// Its place among those who wait for a lock; 0 before it first waited.
  var lockTicket: UInt64 {
    get { kept == .lockTicket ? UInt64(bitPattern: firstWord) : 0 }
    set { keep(.lockTicket, Int64(bitPattern: newValue)) }
  }
  /// The pipe whose bytes it waits for, of which it wants so many as its answer (read). The pipe is there for as long
  /// as the call holds its open file.
  var wanted: (pipe: ID<Pipe>, count: Int)? {
    @inline(__always) get { kept == .bytes ? (ID(bits: UInt64(bitPattern: firstWord)), Int(secondWord)) : nil }
    @inline(__always) set {
      if let newValue {
        keep(.bytes, Int64(bitPattern: newValue.pipe.bits), Int64(newValue.count))
      } else {
        keep(.nothing)
      }
    }
  }
  /// Nanoseconds left of a sleep, which an EINTR answers with (nanosleep).
  var remaining: Int64? {
    get { kept == .remaining ? firstWord : nil }
    set { if let newValue { keep(.remaining, newValue) } else { keep(.nothing) } }
  }
  /// The files that it waits for (poll, select); to be freed when it sleeps no more.
  var pollTable: ID<PollTable>? {
    get { kept == .pollTable ? ID(bits: UInt64(bitPattern: firstWord)) : nil }
    set { if let newValue { keep(.pollTable, Int64(bitPattern: newValue.bits)) } else { keep(.nothing) } }
  }
}

extension Kernel {
  /// The end of a time-out of `nanoseconds` that began when the call was first performed.
  mutating func deadline(after nanoseconds: Int64) -> Int64 {
    if !current.isRetry || current.deadline == .max {
      let (sum, overflow) = now.addingReportingOverflow(nanoseconds)
      current.deadline = overflow ? .max : sum
    }
    return current.deadline
  }
}
