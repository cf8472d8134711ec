import LinuxKernel

/// Writes events as strace -f does.
public struct TraceText {
  public struct Options: Sendable {
    public var style = TraceValue.Style()
    /// -t, -tt, -ttt, -r: what stands at the head of a line.
    public enum Clock: Sendable { case none, seconds, microseconds, epoch, relative }
    public var clock = Clock.none
    /// -T: the virtual time that a call took.
    public var showsDuration = false
    /// -a: where results stand.
    public var column = 40
    /// -q: no word about new tasks (1), nor about ends (2).
    public var quietness = 0
    /// Every line names its task, as in strace's -o.
    public var namesTasks = false
    public init() {}
  }

  private let options: Options
  private let filter: TraceFilter
  private let write: (String) -> Void
  /// The task whose line has been begun, and what is written of it.
  private var begun: (tid: Int32, line: String)?
  /// Calls whose line was cut.
  private var cut: Set<Int32> = []
  private var alive: Set<Int32> = [1]
  private var lastTime: Int64?

  /// - Parameter write: takes whole lines.
  public init(_ options: Options, _ filter: TraceFilter, write: @escaping (String) -> Void) {
    self.options = options
    self.filter = filter
    self.write = write
  }

  public mutating func take(_ event: TraceEvent) {
    switch event {
    case .began(let call):
      guard filter.shows(call), !filter.judgesResults else { return }
      cutOpenLine()
      begun = (call.tid, head(call.tid, call.realTime) + start(call))
    case .ended(let call):
      guard filter.shows(call), filter.showsResult(call) else { return }
      end(call)
    case .started(let moment):
      alive.insert(moment.tid)
      guard options.quietness == 0, !options.namesTasks else { return }
      line("kscript: Process \(moment.tid) attached")
    case .signalled(let moment, let info):
      guard filter.shows(signal: info.signal) else { return }
      line(
        head(moment.tid, moment.realTime)
          + "--- \(SignalNames.name(info.signal)) \(TraceValue(info).text(options.style)) ---")
    case .handlerReturned(let moment, let errno, let value):
      guard filter.showsHandlerReturns else { return }
      let result = errno == 0 ? "\(value)" : TraceText.describe(errno)
      line(aligned(head(moment.tid, moment.realTime) + "rt_sigreturn({mask=[]})") + " = " + result)
    case .woken, .queueDepth: break
    case .exited(let moment, let status):
      defer {
        alive.remove(moment.tid)
        cut.remove(moment.tid)
      }
      guard options.quietness < 2 else { return }
      let isKilled = status & 0x7f != 0
      let how = isKilled ? "killed by \(SignalNames.name(status & 0x7f))" : "exited with \(status >> 8 & 0xff)"
      line(head(moment.tid, moment.realTime) + "+++ \(how) +++")
    }
  }

  /// Writes what is left of a begun line, at the end of the trace.
  public mutating func finish() { cutOpenLine() }

  private mutating func line(_ text: String) {
    cutOpenLine()
    write(text)
  }

  private mutating func cutOpenLine() {
    guard let (tid, text) = begun else { return }
    begun = nil
    cut.insert(tid)
    write(text + " <unfinished ...>")
  }

  private func start(_ call: TracedCall) -> String {
    if let old = call.resumes { return "restart_syscall(<... resuming interrupted \(old) ...>" }
    let known = call.trace.arguments.prefix(call.trace.knownCount).map { $0.value?.text(options.style) ?? "" }
    let isWhole = call.trace.knownCount == call.trace.arguments.count
    return call.name + "(" + known.joined(separator: ", ") + (isWhole || known.isEmpty ? "" : ", ")
  }

  private mutating func end(_ call: TracedCall) {
    var rest = ""
    if call.resumes == nil {
      rest = call.trace.arguments.dropFirst(call.trace.knownCount).map { $0.value?.text(options.style) ?? "..." }
        .joined(separator: ", ")
    }
    rest += ")"
    let text: String
    if let (tid, line) = begun, tid == call.tid {
      begun = nil
      text = aligned(line + rest)
    } else if cut.remove(call.tid) != nil {
      cutOpenLine()
      text = aligned(
        head(call.tid, call.realTime + call.ended - call.began)
          + "<... \(call.resumes == nil ? call.name : "restart_syscall") resumed>" + rest)
    } else {
      cutOpenLine()
      text = aligned(head(call.tid, call.realTime) + start(call) + rest)
    }
    write(text + " = " + result(call) + duration(call))
  }

  private func result(_ call: TracedCall) -> String {
    switch call.ending {
    case .failed(let errno): return TraceText.describe(errno)
    case .interrupted(let text): return "? " + text
    case .pending, .never: return "?"
    case .answered:
      let further = call.trace.further.map { $0.text(options.style) }.filter { $0 != "[]" }
      let value = call.trace.result?.text(options.style) ?? "0"
      return value + (further.isEmpty ? "" : " (" + further.joined(separator: ", ") + ")")
    }
  }

  static func describe(_ code: Int32) -> String {
    let errno = Errno(code)
    return "-1 \(errno.name) (\(errno.message))"
  }

  private func duration(_ call: TracedCall) -> String {
    guard options.showsDuration, call.ending != .never, call.ending != .pending else { return "" }
    return " <\(TraceText.seconds(call.ended - call.began))>"
  }

  /// Pads a line, so that results stand in one column.
  private func aligned(_ text: String) -> String {
    text + String(repeating: " ", count: max(0, options.column - 1 - text.count))
  }

  private mutating func head(_ tid: Int32, _ time: Int64) -> String {
    var head = ""
    if options.namesTasks {
      head = "\(tid)" + String(repeating: " ", count: max(1, 6 - "\(tid)".count))
    } else if alive.count > 1 {
      head = "[pid \(tid)] "
    }
    defer { lastTime = time }
    switch options.clock {
    case .none: return head
    case .seconds: return head + TraceText.timeOfDay(time) + " "
    case .microseconds: return head + TraceText.timeOfDay(time) + "." + TraceText.microseconds(time) + " "
    case .epoch: return head + TraceText.seconds(time) + " "
    case .relative:
      let text = TraceText.seconds(time - (lastTime ?? time))
      return head + String(repeating: " ", count: max(0, 12 - text.count)) + text + " "
    }
  }

  static func seconds(_ nanoseconds: Int64) -> String { "\(nanoseconds / 1_000_000_000)." + microseconds(nanoseconds) }

  private static func microseconds(_ nanoseconds: Int64) -> String {
    let text = "\(nanoseconds / 1000 % 1_000_000)"
    return String(repeating: "0", count: 6 - text.count) + text
  }

  private static func timeOfDay(_ nanoseconds: Int64) -> String {
    let seconds = nanoseconds / 1_000_000_000 % 86_400
    return [seconds / 3600, seconds / 60 % 60, seconds % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
  }
}
