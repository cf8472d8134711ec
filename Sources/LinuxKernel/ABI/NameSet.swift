/// The names that a parameter's bits or values have, for scripts, traces and the reference.
///
/// What is listed is what is modelled: a call refuses what its set does not name, unless Linux ignores it there.
public struct NameSet: Sendable {
  public enum Kind: Sendable { case bits, values }

  /// What the set is called in messages: "open flags", "clock".
  public let title: String
  public let kind: Kind
  public let entries: [(name: String, value: Int64)]
  /// Whether a number may stand among the flags (`"IPC_CREAT|0600"`).
  public let acceptsMode: Bool
  /// The bits of an enumeration inside a bit set, such as O_ACCMODE; its values are compared under this mask.
  public let enumerationMask: Int64
  /// Every bit that has a name.
  public let mask: Int64

  public init(
    _ title: String, _ kind: Kind, _ entries: KeyValuePairs<String, Int64>, acceptsMode: Bool = false,
    enumerationMask: Int64 = 0
  ) {
    self.title = title
    self.kind = kind
    self.entries = entries.map { ($0.key, $0.value) }
    self.acceptsMode = acceptsMode
    self.enumerationMask = enumerationMask
    self.mask = self.entries.reduce(enumerationMask) { $0 | $1.value }
  }

  /// The names of several sets of bits, for a parameter whose meaning another one decides.
  init(_ title: String, joining sets: [NameSet]) {
    self.title = title
    kind = .bits
    entries = sets.flatMap(\.entries)
    acceptsMode = false
    enumerationMask = sets.reduce(0) { $0 | $1.enumerationMask }
    mask = sets.reduce(0) { $0 | $1.mask }
  }

  /// The value as strace prints it: names joined by `|`, the rest in hexadecimal, `0` for nothing.
  public func describe(_ value: Int64) -> String {
    guard kind == .bits else { return entries.first { $0.value == value }?.name ?? "\(value)" }
    var rest = value, parts: [String] = []
    if enumerationMask != 0,
      let entry = entries.first(where: { $0.value & ~enumerationMask == 0 && $0.value == value & enumerationMask })
    {
      parts.append(entry.name)
      rest &= ~enumerationMask
    }
    for entry in entries where entry.value & ~enumerationMask != 0 && rest & entry.value == entry.value {
      parts.append(entry.name)
      rest &= ~entry.value
    }
    if acceptsMode, rest != 0, rest & ~0o7777 == 0 {
      parts.append(octal(rest))
      rest = 0
    }
    if rest != 0 { parts.append("0x" + String(UInt64(bitPattern: rest), radix: 16)) }
    return parts.isEmpty ? "0" : parts.joined(separator: "|")
  }
}

/// A mode as C and strace write it: `0644`.
func octal(_ value: Int64) -> String { "0" + (value == 0 ? "" : String(value, radix: 8)) }
