import LinuxKernel

/// Writes events in Chrome's trace format, which ui.perfetto.dev and chrome://tracing open: a track a task, a slice a
/// call, an arrow from whoever ends a sleep to the sleeper.
///
/// Calls take no virtual time, so a timeline of virtual time shows most of them on one spot. `calls` counts events
/// instead, one microsecond each: what came before what is then plain to see, and it is the default. In `virtual`,
/// calls of one instant lie a nanosecond apart, and those that neither waited nor woke anybody are marks, not slices.
public struct TraceTimeline {
  public enum TimeBase: String, Sendable, CaseIterable { case calls, virtual }

  private let base: TimeBase
  private let style = TraceValue.Style()
  private let write: (String) -> Void
  private var isFirst = true
  private var named: Set<Int32> = []
  private var namedProcesses: Set<Int32> = []
  private var arrows = 0
  /// Arrows that wait for the sleeper's call to end.
  private var incoming: [Int32: Int] = [:]
  /// The nanosecond that each event got, in `virtual`.
  private var lastInstant: Int64 = -1
  private var begins: [Int32: Int64] = [:]

  /// - Parameter write: takes pieces of the file.
  public init(_ base: TimeBase, write: @escaping (String) -> Void) {
    self.base = base
    self.write = write
    write("{\"displayTimeUnit\":\"ns\",\"otherData\":{\"time\":\"\(base.rawValue)\"},\"traceEvents\":[\n")
  }

  public mutating func finish(_ unfinished: [TracedCall]) {
    for var call in unfinished {
      call.ending = .pending
      slice(call, end: stamp(lastTime, lastOrder + 1))
    }
    write("\n]}\n")
  }

  private var lastTime: Int64 = 0
  private var lastOrder = 0

  /// Nanoseconds on the timeline, each event later than the one before.
  private mutating func stamp(_ time: Int64, _ order: Int) -> Int64 {
    (lastTime, lastOrder) = (time, order)
    lastInstant = base == .calls ? Int64(order) * 1000 : max(time, lastInstant + 1)
    return lastInstant
  }

  public mutating func take(_ event: TraceEvent) {
    switch event {
    case .began(let call):
      name(call.tid, call.pid)
      begins[call.tid] = stamp(call.began, call.beganOrder)
    case .ended(let call): slice(call, end: stamp(call.ended, call.endedOrder))
    case .started(let moment):
      name(moment.tid, moment.pid)
      mark("started", moment, "")
    case .signalled(let moment, let info):
      mark(SignalNames.name(info.signal), moment, "\"info\":\(TraceJSON.text(TraceValue(info)))")
    case .handlerReturned(let moment, _, _): mark("handler returned", moment, "")
    case .woken(let moment, let waker):
      let at = stamp(moment.time, moment.order)
      guard let waker, waker != moment.tid else { return }
      arrows += 1
      // Drawn from the middle of the waker's slice: the call that ends the sleep has begun and not ended.
      add("\"ph\":\"s\",\"id\":\(arrows),\"name\":\"wakes\",\"cat\":\"wake\"", waker, at)
      incoming[moment.tid] = arrows
    case .queueDepth(let moment, let queue, let messages):
      if namedProcesses.insert(0).inserted {
        add("\"ph\":\"M\",\"name\":\"process_name\",\"args\":{\"name\":\"message queues\"}", 0, 0, 0)
      }
      let at = stamp(moment.time, moment.order)
      add("\"ph\":\"C\",\"name\":\(TraceJSON.quote(queue)),\"args\":{\"messages\":\(messages)}", 0, at, 0)
    case .exited(let moment, let status):
      let how =
        status & 0x7f == 0 ? "exited with \(status >> 8 & 0xff)" : "killed by \(SignalNames.name(status & 0x7f))"
      mark(how, moment, "")
    }
  }

  private mutating func slice(_ call: TracedCall, end: Int64) {
    let begin = begins.removeValue(forKey: call.tid) ?? end
    let arguments = call.trace.arguments.map { $0.value?.text(style) ?? "..." }.joined(separator: ", ")
    let result: String
    switch call.ending {
    case .answered: result = call.trace.result?.text(style) ?? "0"
    case .failed(let code): result = TraceText.describe(code)
    case .interrupted(let text): result = "? " + text
    case .pending: result = "unfinished"
    case .never: result = "?"
    }
    let details =
      "\"args\":{\"call\":\(TraceJSON.quote("\(call.name)(\(arguments))")),\"result\":\(TraceJSON.quote(result)),"
      + "\"place\":\(TraceJSON.quote(call.place)),\"virtual_ns\":\(call.began)}"
    let head = "\"name\":\(TraceJSON.quote(call.name)),\"cat\":\"\(call.hasWaited ? "wait" : "call")\","
    if base == .virtual, !call.hasWaited, call.woken.isEmpty, call.ending != .pending {
      add(head + "\"ph\":\"i\",\"s\":\"t\"," + details, call.tid, begin, call.pid)
      return
    }
    add(
      head + "\"ph\":\"X\",\"dur\":\(TraceTimeline.microseconds(max(end - begin, 1)))," + details, call.tid, begin,
      call.pid)
    if let arrow = incoming.removeValue(forKey: call.tid), call.hasWaited {
      // Bound to the slice that it lies in: the nanosecond before the call's end.
      add("\"ph\":\"f\",\"bp\":\"e\",\"id\":\(arrow),\"name\":\"wakes\",\"cat\":\"wake\"", call.tid, end - 1, call.pid)
    }
  }

  private mutating func mark(_ text: String, _ moment: TraceMoment, _ arguments: String) {
    let at = stamp(moment.time, moment.order)
    add(
      "\"name\":\(TraceJSON.quote(text)),\"cat\":\"task\",\"ph\":\"i\",\"s\":\"t\",\"args\":{\(arguments)}", moment.tid,
      at, moment.pid)
  }

  private var pids: [Int32: Int32] = [:]

  private mutating func name(_ tid: Int32, _ pid: Int32) {
    pids[tid] = pid
    if namedProcesses.insert(pid).inserted {
      add("\"ph\":\"M\",\"name\":\"process_name\",\"args\":{\"name\":\"process \(pid)\"}", tid, 0, pid)
      add("\"ph\":\"M\",\"name\":\"process_sort_index\",\"args\":{\"sort_index\":\(pid)}", tid, 0, pid)
    }
    if named.insert(tid).inserted {
      add("\"ph\":\"M\",\"name\":\"thread_name\",\"args\":{\"name\":\"task \(tid)\"}", tid, 0, pid)
    }
  }

  private mutating func add(_ fields: String, _ tid: Int32, _ nanoseconds: Int64, _ pid: Int32? = nil) {
    write(
      (isFirst ? "" : ",\n")
        + "{\(fields),\"pid\":\(pid ?? pids[tid] ?? tid),\"tid\":\(tid),"
        + "\"ts\":\(TraceTimeline.microseconds(nanoseconds))}"
    )
    isFirst = false
  }

  private static func microseconds(_ nanoseconds: Int64) -> String {
    let rest = "\(nanoseconds % 1000)"
    return nanoseconds % 1000 == 0
      ? "\(nanoseconds / 1000)" : "\(nanoseconds / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest
  }
}
