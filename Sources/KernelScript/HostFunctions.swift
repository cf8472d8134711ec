import LinuxKernel

/// A value on its way between a script and a function of the host.
public enum ScriptValue: Equatable, Sendable {
  case none
  case boolean(Bool)
  case integer(Int64)
  case number(Double)
  /// Lua's strings are bytes.
  case string([UInt8])

  public init(_ text: String) { self = .string(Array(text.utf8)) }

  /// The text of a string; nil for other values.
  public var text: String? { if case .string(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { nil } }
}

extension ScriptValue: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByNilLiteral
{
  public init(integerLiteral value: Int64) { self = .integer(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(stringLiteral value: String) { self.init(value) }
  public init(booleanLiteral value: Bool) { self = .boolean(value) }
  public init(nilLiteral: ()) { self = .none }
}

extension Machine {
  public typealias HostFunction = ([ScriptValue]) throws -> [ScriptValue]

  /// Makes a function of the host callable as `ks.host.NAME(...)`. It runs outside the emulated world and takes no
  /// virtual time; whoever wants runs to repeat themselves lets it depend on its arguments alone. What it throws is
  /// raised at the script's line. It must not run this machine.
  public func register(_ name: String, _ function: @escaping HostFunction) { hostFunctions[name] = function }

  /// The same for a function that returns nothing. One that only throws is taken for the first kind.
  @_disfavoredOverload
  public func register(_ name: String, _ function: @escaping ([ScriptValue]) throws -> Void) {
    hostFunctions[name] = { arguments in
      try function(arguments)
      return []
    }
  }

  /// host_call: a name and the arguments, as HostValues has them.
  func callHost(_ name: String, _ arguments: ByteView) -> Int32 {
    guard let function = hostFunctions[name] else { return fail("the host has no function \(name)") }
    do {
      return answer(HostValues.encode(try function(HostValues.decode(arguments))))
    } catch {
      return fail("ks.host.\(name): \(error)")
    }
  }
}

/// Values as bytes: a letter each, and what follows it (kscript.lua has the other half). n nil, t true, f false, i
/// eight bytes, d a double's eight bytes, s eight bytes of length and the string; integers with the lowest byte first.
enum HostValues {
  static func encode(_ values: [ScriptValue]) -> [UInt8] {
    var bytes: [UInt8] = []
    func append(_ letter: Character, _ word: UInt64) {
      bytes.append(letter.asciiValue!)
      for shift in stride(from: UInt64(0), to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
    }
    for value in values {
      switch value {
      case .none: bytes.append(UInt8(ascii: "n"))
      case .boolean(let value): bytes.append(UInt8(ascii: value ? "t" : "f"))
      case .integer(let value): append("i", UInt64(bitPattern: value))
      case .number(let value): append("d", value.bitPattern)
      case .string(let value):
        append("s", UInt64(value.count))
        bytes += value
      }
    }
    return bytes
  }

  static func decode(_ view: ByteView) -> [ScriptValue] {
    let bytes = view.array
    var values: [ScriptValue] = []
    var at = 0
    func word() -> UInt64 {
      defer { at += 8 }
      return (0..<8).reduce(0) { $0 | UInt64(bytes[at + $1]) << UInt64(8 * $1) }
    }
    while at < bytes.count {
      let letter = bytes[at]
      at += 1
      switch letter {
      case UInt8(ascii: "t"): values.append(.boolean(true))
      case UInt8(ascii: "f"): values.append(.boolean(false))
      case UInt8(ascii: "i"): values.append(.integer(Int64(bitPattern: word())))
      case UInt8(ascii: "d"): values.append(.number(Double(bitPattern: word())))
      case UInt8(ascii: "s"):
        let count = Int(word())
        values.append(.string(Array(bytes[at..<at + count])))
        at += count
      default: values.append(.none)
      }
    }
    return values
  }
}
