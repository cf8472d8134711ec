import LinuxKernel

/// Writes events as JSON lines: one object an event, with raw numbers and whole strings.
///
/// Strings that are no UTF-8 become `{"hex": "..."}`; numbers with names become `{"value": 5, "names": "A|B"}`.
public enum TraceJSON {
  /// The line of an event; nil where there is nothing to tell (the end of a call tells its beginning too).
  public static func line(_ event: TraceEvent) -> String? {
    switch event {
    case .began, .queueDepth: return nil
    case .ended(let call): return line(call)
    case .started(let moment): return object("start", moment, [])
    case .signalled(let moment, let info):
      return object(
        "signal", moment, [("signal", quote(SignalNames.name(info.signal))), ("info", text(TraceValue(info)))])
    case .handlerReturned(let moment, _, _): return object("handler_return", moment, [])
    case .woken(let moment, let waker): return object("wake", moment, [("by", waker.map { "\($0)" } ?? "null")])
    case .exited(let moment, let status):
      let how =
        status & 0x7f == 0 ? ("code", "\(status >> 8 & 0xff)") : ("signal", quote(SignalNames.name(status & 0x7f)))
      return object("exit", moment, [how])
    }
  }

  /// The line of a call; of one that has not ended, too.
  public static func line(_ call: TracedCall) -> String {
    var fields = [
      ("type", quote("call")), ("tid", "\(call.tid)"), ("pid", "\(call.pid)"), ("call", quote(call.name)),
      (
        "args",
        "{" + call.trace.arguments.map { "\(quote($0.name)):\($0.value.map(text) ?? "null")" }.joined(separator: ",")
          + "}"
      ),
    ]
    switch call.ending {
    case .answered:
      fields.append(("result", call.trace.result.map(text) ?? "0"))
      if !call.trace.further.isEmpty {
        fields.append(("more", "[" + call.trace.further.map(text).joined(separator: ",") + "]"))
      }
    case .failed(let code):
      fields += [("result", "-1"), ("errno", quote(Errno(code).name)), ("error", quote(Errno(code).message))]
    case .interrupted(let text):
      fields += [("result", "null"), ("interrupted", quote(String(text.prefix { $0 != " " })))]
    case .pending: fields += [("result", "null"), ("unfinished", "true")]
    case .never: fields.append(("result", "null"))
    }
    fields += [
      ("place", quote(call.place)), ("began", "\(call.began)"),
      ("ended", call.ending == .pending ? "null" : "\(call.ended)"),
      ("waited", "\(call.hasWaited)"), ("order", "[\(call.beganOrder),\(call.endedOrder)]"),
    ]
    return join(fields)
  }

  private static func object(_ type: String, _ moment: TraceMoment, _ fields: [(String, String)]) -> String {
    join(
      [("type", quote(type)), ("tid", "\(moment.tid)"), ("pid", "\(moment.pid)")] + fields + [
        ("time", "\(moment.time)"), ("order", "\(moment.order)"),
      ])
  }

  private static func join(_ fields: [(String, String)]) -> String {
    "{" + fields.map { "\(quote($0.0)):\($0.1)" }.joined(separator: ",") + "}"
  }

  static func text(_ value: TraceValue) -> String {
    switch value {
    case .null: "null"
    case .integer(let number), .mode(let number): "\(number)"
    case .unsigned(let number), .address(let number): "\(number)"
    case .named(let number, let names): "{\"value\":\(number),\"names\":\(quote(names))}"
    case .descriptor(let number, let name): name.map { "{\"value\":\(number),\"name\":\(quote($0))}" } ?? "\(number)"
    case .bytes(let bytes): text(bytes)
    case .structure(_, let fields):
      "{" + fields.map { "\(quote($0.name)):\(text($0.value))" }.joined(separator: ",") + "}"
    case .list(let values): "[" + values.map(text).joined(separator: ",") + "]"
    case .signals(let set):
      "[" + (1...64).filter { set.rawValue >> UInt64($0 - 1) & 1 != 0 }.map { "\($0)" }.joined(separator: ",") + "]"
    case .waitStatus(let status): "\(status)"
    case .note(let note): quote(note)
    }
  }

  private static func text(_ bytes: [UInt8]) -> String {
    if let text = String(validating: bytes, as: UTF8.self) { return quote(text) }
    let digits = Array("0123456789abcdef")
    return "{\"hex\":\"" + bytes.reduce(into: "") { $0 += "\(digits[Int($1 >> 4)])\(digits[Int($1 & 15)])" } + "\"}"
  }

  static func quote(_ text: String) -> String { JSON.quote(text) }
}
