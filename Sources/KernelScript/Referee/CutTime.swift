import LinuxKernel

/// Knows the times of a run again where a read has cut one in two: the digits of a listing's piece that are the end of
/// a time, or the beginning of one, and may be no other than the run's own. Whole times are told from their ten digits
/// (Normal).
struct CutTime {
  private let times: ClosedRange<Int64>

  /// - Parameters:
  ///   - start: when the run began, in s.
  ///   - entry: the call that has read.
  init(since start: Int64, to entry: CallRecord.Entry) {
    let end = entry.realTime / 1_000_000_000
    // A run that sleeps for long has no times to be looked for one by one.
    times = max(min(start, end), end - 60)...end
  }

  static func start(of record: CallRecord) -> Int64 {
    (record.tasks.lazy.compactMap { $0.entries.first?.realTime }.min() ?? 0) / 1_000_000_000
  }

  /// A string as traces show it, with its cut times as so many T.
  func mark(_ text: String) -> String {
    var bytes = Array(text.utf8)
    guard bytes.count > 2, bytes.first == 0x22, bytes.last == 0x22 else { return text }
    let inside = 1..<bytes.count - 1
    let head = bytes[inside].prefix { isDigit($0) }
    let tail = bytes[inside].suffix(while: { isDigit($0) })
    if head.count == inside.count {
      if matches(head, { $0.contains($1) }) { replace(head.indices, in: &bytes) }
    } else {
      if matches(head, { $0.hasSuffix($1) }) { replace(head.indices, in: &bytes) }
      // Digits behind a backslash are a byte's number.
      if bytes[tail.startIndex - 1] != 0x5c, matches(tail, { $0.hasPrefix($1) }) { replace(tail.indices, in: &bytes) }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  private func replace(_ place: Range<Int>, in bytes: inout [UInt8]) { for index in place { bytes[index] = 0x54 } }

  private func matches(_ digits: ArraySlice<UInt8>, _ isPart: (String, String) -> Bool) -> Bool {
    guard (1..<10).contains(digits.count) else { return false }
    let digits = String(decoding: digits, as: UTF8.self)
    return times.contains { isPart("\($0)", digits) }
  }
}

extension ArraySlice<UInt8> {
  /// The longest end of which all satisfy the predicate.
  fileprivate func suffix(while predicate: (UInt8) -> Bool) -> ArraySlice<UInt8> {
    var start = endIndex
    while start > startIndex, predicate(self[start - 1]) { start -= 1 }
    return self[start...]
  }
}
