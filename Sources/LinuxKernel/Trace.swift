/// Values as strace prints them.
public enum Trace {
  /// How many bytes of a string are shown (strace's default of -s).
  public static let stringLimit = 32

  static func describe(_ raw: RawArgument, as kind: ArgumentKind) -> String {
    switch raw.form {
    case .absent: return "NULL"
    case .bytes:
      switch kind {
      case .strings: return TraceValue.strings(raw.view).text()
      case .vector: return TraceValue.vector(raw.view).text()
      case .signalAction: return TraceValue.signalAction(raw.view).text()
      case .flagsOrStructure(_, let layout): return structure(raw.view, layout)
      case .path, .data: return quote(raw.view, limit: stringLimit)
      case .structure(let layout): return structure(raw.view, layout)
      case .structures(let layout): return structures(raw.view, layout)
      case .control(let forms):
        return TraceValue.control(raw.view, raw.count == forms.layouts[0].size ? 1 : ControlForms.list, forms).text()
      case .time: return time(raw.view)
      case .signalSet: return signals(SignalSet(rawValue: raw.view.load(at: 0)))
      default: return quote(raw.view, limit: stringLimit)
      }
    case .memory:
      return "0x" + String(UInt64(bitPattern: raw.word), radix: 16) + (raw.count >= 0 ? ", \(raw.count)" : "")
    case .word, .omitted: return word(raw.word, as: kind)
    }
  }

  private static func word(_ value: Int64, as kind: ArgumentKind) -> String {
    switch kind {
    case .flags(let names), .value(let names): names.describe(value)
    case .flagsOrStructure: "\(value)"
    case .mode: octal(value)
    case .address: value == 0 ? "NULL" : "0x" + String(UInt64(bitPattern: value), radix: 16)
    case .function: "fn"
    case .descriptor: value == -100 ? "AT_FDCWD" : "\(value)"
    default: "\(value)"
    }
  }

  /// A string in double quotes with C's escapes; `...` where it was cut.
  public static func quote(_ view: ByteView, limit: Int) -> String {
    var text = "\""
    for offset in 0..<min(view.count, limit) {
      let byte = view[offset]
      switch byte {
      case 0x22: text += "\\\""
      case 0x5c: text += "\\\\"
      case 0x0a: text += "\\n"
      case 0x0d: text += "\\r"
      case 0x09: text += "\\t"
      case 0x20..<0x7f: text.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let next = offset + 1 < min(view.count, limit) ? view[offset + 1] : 0
        let digits = String(byte, radix: 8)
        let isFollowedByDigit = (0x30...0x37).contains(next)
        text += "\\" + (isFollowedByDigit ? String(repeating: "0", count: 3 - digits.count) : "") + digits
      }
    }
    return text + "\"" + (view.count > limit ? "..." : "")
  }

  static func structure(_ view: ByteView, _ layout: Layout) -> String {
    guard view.count >= layout.size else { return quote(view, limit: stringLimit) }
    let parts = layout.fields.filter { !$0.isAlias }.map { field in field.name + "=" + value(view, field) }
    return "{" + parts.joined(separator: ", ") + "}"
  }

  static func structures(_ view: ByteView, _ layout: Layout) -> String {
    var parts: [String] = []
    var offset = 0
    while offset + layout.size <= view.count {
      parts.append(structure(view.slice(offset, layout.size), layout))
      offset += layout.size
    }
    return "[" + parts.joined(separator: ", ") + "]"
  }

  private static func value(_ view: ByteView, _ field: Layout.Field) -> String {
    switch field.type {
    case .bytes(let count, _): return quote(view.slice(field.offset, count), limit: stringLimit)
    case .structure(let layout): return structure(view.slice(field.offset, layout.size), layout)
    default: break
    }
    let number = field.number(in: view)!
    if let names = field.names { return names.describe(number) }
    if case .u64 = field.type { return "\(UInt64(bitPattern: number))" }
    return "\(number)"
  }

  private static func time(_ view: ByteView) -> String {
    guard view.count >= 16 else { return quote(view, limit: stringLimit) }
    return "{tv_sec=\(view.load(Int64.self, at: 0)), tv_nsec=\(view.load(Int64.self, at: 8))}"
  }

  static func signals(_ set: SignalSet) -> String {
    "[" + set.signals.map { SignalNames.name($0).replacing("SIG", with: "") }.joined(separator: " ") + "]"
  }
}
