/// A call that has to wait, as data: it belongs to its task, and can be performed again, interrupted, saved or listed.
public struct Call {
  /// Position in `Syscall.all`.
  private(set) var index: Int
  /// How many arguments the call takes.
  private var count: Int
  // Three arguments that are fields, since most calls have no more, and an array's elements are reached by copying it.
  private var first = RawArgument.absent, second = RawArgument.absent, third = RawArgument.absent
  private var others: InlineArray<4, RawArgument> = .init(repeating: .absent)
  /// The bytes of all arguments that came as bytes, one behind the other: in `short` if they are few, else in `long`.
  fileprivate var short = ShortBytes()
  fileprivate var long: [UInt8] = []
  @inline(__always) fileprivate var hasBytes: Bool { short.count > 0 || !long.isEmpty }
  var context: CallContext

  /// The first argument, if it is a descriptor.
  var descriptor: Int32? {
    Syscall.performers[index]._withUnsafeGuaranteedRef { $0.takesDescriptor } ? Int32(truncatingIfNeeded: first.word) : nil
  }

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
    if hasBytes { dropBytes() }
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
    if comesAsBytes || count > 3 { keepRest(arguments) }
  }

  private mutating func dropBytes() {
    short = ShortBytes()
    if !long.isEmpty { long = [] }
  }

  @inline(never) private mutating func keepRest(_ arguments: Arguments) {
    var argumentsOfBytes = 0, last = ByteView.empty
    for position in 0..<count {
      if position > 2 { others[position - 3] = arguments[position] }
      guard arguments[position].isBytes else { continue }
      argumentsOfBytes += 1
      last = arguments[position].view
    }
    if argumentsOfBytes == 1, last.count <= ShortBytes.capacity {
      short = ShortBytes(last)
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

  /// Begins another performance: hands out the arguments and what is known of the call, and tells which one it is.
  @inline(__always) fileprivate func begin(_ raw: UnsafeMutablePointer<RawArgument>, _ current: inout CallContext) -> Int {
    copyArguments(to: raw)
    current = context
    // A call taken from a preempted task is here for the first time.
    current.isRetry = context.hasSlept
    return index
  }

  @inline(__always) fileprivate func copyArguments(to raw: UnsafeMutablePointer<RawArgument>) {
    raw[0] = first
    raw[1] = second
    raw[2] = third
    if count > 3 { for position in 3..<count { raw[position] = others[position - 3] } }
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
  /// Performs the body of a call that waits in `calls` with its own arguments, which becomes the current one; nil when it
  /// has answered.
  ///
  /// The call stays where it is, since to copy it costs more than most bodies; its bytes are held meanwhile.
  @inline(__always) mutating func performBody(of id: ID<Call>, for me: TaskID) -> Stop? {
    if calls[id].hasBytes { return performBodyWithBytes(of: id, for: me) }
    return Arguments.withRoom { raw in
      let index = calls[id].begin(raw, &current)
      return performBody(index, Arguments(UnsafePointer(raw)), for: me)
    }
  }

  @inline(never) private mutating func performBodyWithBytes(of id: ID<Call>, for me: TaskID) -> Stop? {
    let short = calls[id].short
    if short.count > 0 { return short.withByteView { performBody(of: id, with: $0, for: me) } }
    let long = calls[id].long
    return long.withByteView { performBody(of: id, with: $0, for: me) }
  }

  @inline(__always) private mutating func performBody(of id: ID<Call>, with view: ByteView, for me: TaskID) -> Stop? {
    Arguments.withRoom { raw in
      let index = calls[id].begin(raw, &current)
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
/// It is made anew for every call, so what only some calls keep shares one place.
struct CallContext {
  /// Bytes already transferred by earlier performances of this call.
  var progress = 0
  /// The absolute time at which a time-out ends, set when the call first waited; .max for none.
  var deadline = Int64.max
  /// This is not the first performance.
  var isRetry = false
  /// The call has waited at least once (one of a preempted task has not).
  var hasSlept = false
  /// A signal is what woke it.
  var isInterrupted = false
  /// What the wait it last threw said about signals.
  var interruption = Interruption.restart
  private var kept = Kept.nothing
  /// The open file that its first argument named when it first slept: it is kept, whoever closes the descriptor.
  var held: (number: Int32, file: ID<OpenFile>)?

  private enum Kept {
    case nothing
    case partner(inode: ID<Inode>, opens: Int)
    case vforkChild(task: TaskID, pid: Int32)
    case lockTicket(UInt64)
    case completion(Int32)
    case remaining(Int64)
    case pollTable(ID<PollTable>)
  }

  /// The fifo whose other end it waits for, and how often that had been opened before.
  var partner: (inode: ID<Inode>, opens: Int)? {
    get { if case .partner(let inode, let opens) = kept { (inode, opens) } else { nil } }
    set { kept = newValue.map { .partner(inode: $0.inode, opens: $0.opens) } ?? .nothing }
  }
  /// The child whose end it waits for, and its pid (vfork).
  var vforkChild: (task: TaskID, pid: Int32)? {
    get { if case .vforkChild(let task, let pid) = kept { (task, pid) } else { nil } }
    set { kept = newValue.map { .vforkChild(task: $0.task, pid: $0.pid) } ?? .nothing }
  }
  /// Its place among those who wait for a lock; 0 before it first waited.
  var lockTicket: UInt64 {
    get { if case .lockTicket(let ticket) = kept { ticket } else { 0 } }
    set { kept = .lockTicket(newValue) }
  }
  /// What others have made of the call while it slept: 0, or an errno (semop).
  var completion: Int32? {
    get { if case .completion(let errno) = kept { errno } else { nil } }
    set { kept = newValue.map { .completion($0) } ?? .nothing }
  }
  /// Nanoseconds left of a sleep, which an EINTR answers with (nanosleep).
  var remaining: Int64? {
    get { if case .remaining(let left) = kept { left } else { nil } }
    set { kept = newValue.map { .remaining($0) } ?? .nothing }
  }
  /// The files that it waits for (poll, select); to be freed when it sleeps no more.
  var pollTable: ID<PollTable>? {
    get { if case .pollTable(let table) = kept { table } else { nil } }
    set { kept = newValue.map { .pollTable($0) } ?? .nothing }
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
