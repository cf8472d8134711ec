/// What the first bytes of a file say of how it is run. Linux: the handlers that search_binary_handler() asks.
///
/// Lua text stands where Linux has ELF: it is what this world's processor runs.
package enum ProgramFormat: Equatable, Sendable {
  /// Begins with #!: another program is to be run, with an argument perhaps, that is given the script's path.
  case script(interpreter: [UInt8], argument: [UInt8]?)
  case lua
  case unknown

  /// BINPRM_BUF_SIZE: what is looked at.
  package static let headSize = 256

  /// - Parameter head: the first `headSize` bytes, or all that there are.
  package init(_ head: [UInt8]) {
    if head.starts(with: [0x23, 0x21]) {
      self = ProgramFormat.script(head) ?? .unknown
    } else {
      self = ProgramFormat.isText(head) ? .lua : .unknown
    }
  }

  /// A NUL is in no Lua text; ESC begins a precompiled chunk.
  private static func isText(_ head: [UInt8]) -> Bool {
    !head.isEmpty && head[0] != 0x1b && head[0] != 0x7f && !head.contains(0)
  }

  /// The line behind #!. Linux: load_script().
  private static func script(_ head: [UInt8]) -> ProgramFormat? {
    func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
    // Linux fills up with NULs, which end a name as blanks do.
    let bytes = head + Array(repeating: 0, count: headSize - head.count)
    var end = headSize - 1
    if let newline = bytes.firstIndex(of: 0x0a), newline < headSize {
      end = newline
    } else {
      // Without a newline the name must be seen to end: it might go on behind what was read.
      guard let start = (2..<end).first(where: { !isBlank(bytes[$0]) }),
        (start..<end).contains(where: { isBlank(bytes[$0]) || bytes[$0] == 0 })
      else { return nil }
    }
    while end > 2, isBlank(bytes[end - 1]) { end -= 1 }
    guard let start = (2..<max(end, 2)).first(where: { !isBlank(bytes[$0]) }) else { return nil }
    let nameEnd = (start..<end).first { isBlank(bytes[$0]) || bytes[$0] == 0 } ?? end
    var argument: [UInt8]?
    if nameEnd < end, bytes[nameEnd] != 0, let first = (nameEnd..<end).first(where: { !isBlank(bytes[$0]) }) {
      argument = Array(bytes[first..<end].prefix { $0 != 0 })
    }
    return .script(interpreter: Array(bytes[start..<nameEnd]), argument: argument)
  }
}
