// Times as C has them. Linux: include/uapi/linux/time.h, include/uapi/linux/time_types.h.

extension Layout {
  static let timespec = Layouts.timespec
  static let timeval = Layout("timeval", size: 16, [Field("tv_sec", 0, .i64), Field("tv_usec", 8, .i64)])
  static let itimerspec = Layout(
    "itimerspec", size: 32,
    [Field("it_interval", 0, .structure(timespec)), Field("it_value", 16, .structure(timespec))])
  static let itimerval = Layout(
    "itimerval", size: 32, [Field("it_interval", 0, .structure(timeval)), Field("it_value", 16, .structure(timeval))])
  static let tms = Layout(
    "tms", size: 32,
    [
      Field("tms_utime", 0, .i64), Field("tms_stime", 8, .i64), Field("tms_cutime", 16, .i64),
      Field("tms_cstime", 24, .i64),
    ])
}

extension RawArgument {
  /// The bytes of a structure: handed over by the caller's interpreter, or copied from the caller's memory. Throws
  /// EFAULT where the memory cannot be read. Linux: copy_from_user().
  func structure(_ size: Int, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> [UInt8] {
    if form == .bytes { return Array(view.array.prefix(size)) + Array(repeating: 0, count: max(0, size - view.count)) }
    return try kernel.memory(UInt64(bitPattern: word), size, of: me)
  }
}

/// A struct timespec; what it holds may be no time at all.
struct TimeSpec: Argument, Equatable {
  var seconds: Int64
  var nanoseconds: Int64

  static var kind: ArgumentKind { .time }
  static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> TimeSpec {
    try raw.structure(16, &kernel, me).withByteView { TimeSpec($0, at: 0) }
  }

  init(seconds: Int64, nanoseconds: Int64) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }

  init(_ view: ByteView, at offset: Int) {
    self.init(seconds: view.load(at: offset), nanoseconds: view.load(at: offset + 8))
  }

  init(_ total: Int64) {
    let rest = (total % 1_000_000_000 + 1_000_000_000) % 1_000_000_000
    self.init(seconds: (total - rest) / 1_000_000_000, nanoseconds: rest)
  }

  /// Linux: timespec64_valid().
  var isValid: Bool { seconds >= 0 && nanoseconds >= 0 && nanoseconds < 1_000_000_000 }

  /// In ns, at most the greatest there is. Linux: timespec64_to_ktime().
  var total: Int64 {
    seconds >= Int64.max / 1_000_000_000 ? .max : seconds * 1_000_000_000 + nanoseconds
  }
}

extension TimeSpec: Returned {
  static var results: [ResultKind] { [.structure(.timespec)] }
  func store(_ kernel: inout Kernel) { append(to: kernel.output) }

  func append(to output: ByteBuffer) {
    output.append(seconds)
    output.append(nanoseconds)
  }
}

/// A timer's setting in struct itimerspec: time to the first expiry, and between the others.
struct IntervalSpec: Argument {
  var interval: TimeSpec
  var value: TimeSpec

  static var kind: ArgumentKind { .structure(.itimerspec) }
  static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> IntervalSpec {
    try raw.structure(32, &kernel, me).withByteView {
      IntervalSpec(interval: TimeSpec($0, at: 0), value: TimeSpec($0, at: 16))
    }
  }

  /// Linux asks both times to be valid, even where the interval will not be used.
  var isValid: Bool { interval.isValid && value.isValid }
}

extension IntervalSpec: Returned {
  static var results: [ResultKind] { [.structure(.itimerspec)] }
  func store(_ kernel: inout Kernel) {
    interval.append(to: kernel.output)
    value.append(to: kernel.output)
  }
}

/// A timer's setting in struct itimerval, whose fractions are microseconds.
struct IntervalValue: Argument, Returned {
  /// Microseconds stand where a TimeSpec has nanoseconds.
  var interval: TimeSpec
  var value: TimeSpec

  static var kind: ArgumentKind { .structure(.itimerval) }
  static var results: [ResultKind] { [.structure(.itimerval)] }

  init(interval: TimeSpec, value: TimeSpec) {
    self.interval = interval
    self.value = value
  }

  /// From times in ns.
  init(interval: Int64, value: Int64) {
    self.init(interval: IntervalValue.micro(interval), value: IntervalValue.micro(value))
  }

  static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> IntervalValue {
    try raw.structure(32, &kernel, me).withByteView {
      IntervalValue(interval: TimeSpec($0, at: 0), value: TimeSpec($0, at: 16))
    }
  }

  private static func micro(_ total: Int64) -> TimeSpec {
    TimeSpec(seconds: total / 1_000_000_000, nanoseconds: total % 1_000_000_000 / 1000)
  }

  private static func nano(_ time: TimeSpec) -> Int64 {
    TimeSpec(seconds: time.seconds, nanoseconds: time.nanoseconds * 1000).total
  }

  private static func isValid(_ time: TimeSpec) -> Bool {
    time.seconds >= 0 && time.nanoseconds >= 0 && time.nanoseconds < 1_000_000
  }

  var isValid: Bool { IntervalValue.isValid(interval) && IntervalValue.isValid(value) }
  /// In ns.
  var intervalTotal: Int64 { IntervalValue.nano(interval) }
  var valueTotal: Int64 { IntervalValue.nano(value) }

  func store(_ kernel: inout Kernel) {
    interval.append(to: kernel.output)
    value.append(to: kernel.output)
  }
}
