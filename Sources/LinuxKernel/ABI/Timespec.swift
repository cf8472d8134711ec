/// A time as calls take it: struct timespec. What it may hold is for the call to check, in Linux's order.
struct Timespec: Argument, Equatable, Sendable {
  var seconds: Int64
  var nanoseconds: Int64

  static var kind: ArgumentKind { .time }
  static let layout = Layout("timespec", size: 16, [.init("tv_sec", 0, .i64), .init("tv_nsec", 8, .i64)])

  static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> Timespec {
    if raw.form == .bytes {
      guard raw.count >= 16 else { throw .errno(.EFAULT) }
      return Timespec(raw.view, at: 0)
    }
    return try kernel.memory(UInt64(bitPattern: raw.word), 16, of: me).withByteView { Timespec($0, at: 0) }
  }

  init(_ view: ByteView, at offset: Int) {
    seconds = view.load(at: offset)
    nanoseconds = view.load(at: offset + 8)
  }

  /// Rounded down, as ns_to_timespec64() does.
  init(total: Int64) {
    seconds = total / 1_000_000_000
    nanoseconds = total % 1_000_000_000
  }

  /// Linux: timespec64_valid().
  var isValid: Bool { seconds >= 0 && (0..<1_000_000_000).contains(nanoseconds) }

  /// In nanoseconds; the largest number where they are more.
  var total: Int64 {
    let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, carried) = whole.addingReportingOverflow(nanoseconds)
    return overflow || carried ? .max : sum
  }
}
