import LinuxKernel

/// What a run's tasks did, call by call, in a form in which two kernels can be compared.
public final class CallRecord {
  public struct Entry: Sendable {
    public let tid: Int32
    /// "file:line" of the script.
    public let place: String
    public let name: String
    /// The call as strace shows it, up to its answer.
    public let text: String
    /// What is compared, by what it is called: each argument, the result, whether the task slept.
    public internal(set) var parts: [(name: String, value: String)]
    /// Why the two kernels may differ here, as the script says (ks.differs).
    public let reason: String?
    /// False when its task or the run ended in it.
    public let isAnswered: Bool
    /// When it was made, by its kernel's real-time clock, in ns.
    let realTime: Int64
  }

  /// By task, in the order in which they first made a call; each task's calls in the order in which they began.
  public private(set) var tasks: [(tid: Int32, entries: [Entry])] = []
  /// The tasks in the order in which calls that had slept were answered.
  public private(set) var wakes: [Int32] = []
  public private(set) var count = 0
  /// For how long, in ns, the host was not watched while it ran the tasks: HostAttention.
  var longestAbsence: Int64 = 0
  /// Calls that have not been answered, by task: those but the last were interrupted by handlers that run.
  private var open: [Int32: [(call: TracedCall, position: Int)]] = [:]

  public init() {}

  private func position(of tid: Int32) -> Int {
    if let position = tasks.firstIndex(where: { $0.tid == tid }) { return position }
    tasks.append((tid, []))
    return tasks.count - 1
  }

  /// A script makes a call.
  func begin(_ call: TracedCall) {
    count += 1
    let task = position(of: call.tid)
    open[call.tid, default: []].append((call, tasks[task].entries.count))
    tasks[task].entries.append(entry(call))
  }

  /// The call that a task made last sleeps.
  func wait(_ tid: Int32) {
    guard let last = open[tid]?.indices.last else { return }
    open[tid]![last].call.hasWaited = true
  }

  /// A script gets the answer of the call that its task made last.
  func end<S: TraceSource & ~Copyable>(
    _ tid: Int32, _ reply: Reply, _ bytes: ByteView, _ source: borrowing S, _ task: S.TracedTask, hasSlept: Bool? = nil
  ) {
    guard case (var call, let place)? = open[tid]?.popLast() else { return }
    if let hasSlept { call.hasWaited = hasSlept }
    call.trace.answer(reply, bytes, source, task, showsNames: false)
    call.ending = reply.errno == 0 ? .answered : .failed(reply.errno)
    if call.hasWaited, call.reason == nil, call.name != "sched_yield" { wakes.append(tid) }
    tasks[position(of: tid)].entries[place] = entry(call)
  }

  /// A handler was left by an error, and the call below it with it.
  func abandon(_ tid: Int32) {
    guard let (_, place) = open[tid]?.popLast() else { return }
    tasks[position(of: tid)].entries[place].parts = []
  }

  /// A task runs another program: its call has answered, and those below it never will.
  func replace<S: TraceSource & ~Copyable>(_ tid: Int32, _ source: borrowing S, _ task: S.TracedTask) {
    end(tid, Reply(words: [0], errno: 0, hasBytes: false, extraResult: false), .empty, source, task)
    while open[tid]?.isEmpty == false { abandon(tid) }
  }

  private func entry(_ call: TracedCall) -> Entry {
    Entry(
      tid: call.tid, place: call.place, name: call.name, text: Normal.text(call), parts: Normal.parts(call),
      reason: call.reason,
      isAnswered: call.ending != .pending, realTime: call.realTime)
  }
}

/// Values without what two kernels cannot have in common: times, inode and device numbers, addresses, random bytes.
enum Normal {
  static let names = "times, inode and device numbers, addresses, random bytes"

  /// Calls whose answers are nothing but times, memory sizes or chance.
  private static let incomparable: Set = [
    "clock_gettime", "gettimeofday", "time", "times", "sysinfo", "getrandom", "getcpu", "clock_getres",
    "set_tid_address",
  ]
  private static let hidden: Set = [
    "st_ino", "st_dev", "st_rdev", "st_atime", "st_mtime", "st_ctime", "st_atime_nsec", "st_mtime_nsec",
    "st_ctime_nsec", "st_atim",
    "st_mtim", "st_ctim", "stx_ino", "stx_dev_major", "stx_dev_minor", "stx_atime", "stx_mtime", "stx_ctime",
    "stx_btime", "stx_mnt_id",
    "si_utime", "si_stime", "ssi_utime", "ssi_stime", "release", "version", "f_fsid", "f_blocks", "f_bfree", "f_bavail",
    "f_files", "f_ffree", "f_flags", "tv_sec", "tv_nsec", "tv_usec", "d_ino", "d_off",
    "msg_stime", "msg_rtime", "msg_ctime", "sem_otime", "sem_ctime", "shm_atime", "shm_dtime", "shm_ctime",
  ]

  static func isHidden(_ field: String) -> Bool { hidden.contains(field) }

  static func text(_ call: TracedCall) -> String {
    let known = call.trace.arguments.map { $0.value?.text() ?? "..." }
    return "\(call.name)(\(known.joined(separator: ", ")))"
  }

  static func parts(_ call: TracedCall) -> [(name: String, value: String)] {
    var parts: [(name: String, value: String)] = []
    let isComparable = !incomparable.contains(call.name)
    for (position, argument) in call.trace.arguments.enumerated() where isComparable || position < call.trace.knownCount
    {
      if let value = argument.value { parts.append((argument.name, text(value))) }
    }
    switch call.ending {
    case .failed(let errno): parts.append(("result", Errno(errno).name))
    case .answered:
      // How long the number of an inode is.
      let isNumbered = call.name.hasPrefix("readlink") && parts.contains { $0.value.contains(":[N]") }
      if isComparable, !isNumbered, let result = call.trace.result { parts.append(("result", text(result))) }
      for value in call.trace.further where isComparable { parts.append(("result", text(value))) }
    case .never: parts.append(("result", "none: the task ended"))
    case .pending: parts.append(("result", "none: it waits"))
    case .interrupted(let text): parts.append(("result", text))
    }
    // The machine's kernel does not count who gives way as asleep.
    if call.name != "sched_yield" { parts.append(("slept", call.hasWaited ? "yes" : "no")) }
    return parts
  }

  private static func text(_ value: TraceValue) -> String {
    switch value {
    case .address(let address): return address == 0 ? "NULL" : "an address"
    case .structure(_, let fields):
      return "{"
        + fields.filter { !hidden.contains($0.name) }.map { "\($0.name)=\(text($0.value))" }.joined(separator: ", ")
        + "}"
    case .list(let values): return "[" + values.map(text).joined(separator: ", ") + "]"
    case .bytes(let bytes):
      var style = TraceValue.Style()
      style.stringLimit = 4096
      return TraceValue.bytes(withoutNumbers(bytes)).text(style)
    case .integer(let value) where value >= 0x1000_0000_0000 && value < 0x8000_0000_0000: return "an address"
    default: return value.text()
    }
  }

  /// "pipe:[123]" names an inode, and ten digits that begin with 1 are a time of our days.
  private static func withoutNumbers(_ bytes: [UInt8]) -> [UInt8] {
    func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    var result: [UInt8] = []
    var position = 0
    while position < bytes.count {
      let end = bytes[position...].firstIndex { !isDigit($0) } ?? bytes.count
      let count = end - position
      if count == 0 {
        result.append(bytes[position])
        position += 1
        continue
      }
      let isInode =
        result.suffix(2) == [UInt8(ascii: ":"), UInt8(ascii: "[")] && end < bytes.count
        && bytes[end] == UInt8(ascii: "]")
      let isTime = count == 10 && bytes[position] == UInt8(ascii: "1")
      result += isInode ? [UInt8(ascii: "N")] : isTime ? [UInt8(ascii: "T")] : bytes[position..<end]
      position = end
    }
    return result
  }
}
