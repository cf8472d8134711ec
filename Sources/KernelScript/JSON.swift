/// A JSON value to be written. Objects keep the order of their keys, so that the same value is the same bytes.
package indirect enum JSON {
  case null
  case bool(Bool)
  case integer(Int64)
  /// Thousandths, for durations.
  case thousandths(Int64)
  case string(String)
  case array([JSON])
  case object(KeyValuePairs<String, JSON>)

  /// Two spaces an indentation; a list or object without inner ones stays on one line.
  package func text(indentation: Int = 0) -> String {
    let inner = String(repeating: "  ", count: indentation + 1)
    let outer = String(repeating: "  ", count: indentation)
    switch self {
    case .null: return "null"
    case .bool(let value): return "\(value)"
    case .integer(let value): return "\(value)"
    case .thousandths(let value):
      let fraction = "\(value.magnitude % 1000)"
      return "\(value / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
    case .string(let text): return JSON.quote(text)
    case .array(let values):
      guard values.contains(where: \.isNested) else {
        return "[" + values.map { $0.text() }.joined(separator: ", ") + "]"
      }
      return "[\n" + values.map { inner + $0.text(indentation: indentation + 1) }.joined(separator: ",\n")
        + "\n\(outer)]"
    case .object(let pairs):
      let parts = pairs.map { "\(JSON.quote($0.key)): \($0.value.text(indentation: indentation + 1))" }
      guard pairs.contains(where: { $0.value.isNested }) else { return "{" + parts.joined(separator: ", ") + "}" }
      return "{\n" + parts.map { inner + $0 }.joined(separator: ",\n") + "\n\(outer)}"
    }
  }

  private var isNested: Bool {
    switch self {
    case .array(let values): !values.isEmpty
    case .object(let pairs): !pairs.isEmpty
    default: false
    }
  }

  package static func strings(_ texts: [String]) -> JSON { .array(texts.map { .string($0) }) }

  package static func quote(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\t": quoted += "\\t"
      case _ where scalar.value < 0x20 || scalar.value == 0x7f:
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
