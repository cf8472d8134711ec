/// A clock by its number. Linux: include/uapi/linux/time.h.
struct Clock: Choice, Equatable {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }

  static let realtime = Clock(rawValue: 0), monotonic = Clock(rawValue: 1)
  static let processTime = Clock(rawValue: 2), threadTime = Clock(rawValue: 3)
  static let monotonicRaw = Clock(rawValue: 4), realtimeCoarse = Clock(rawValue: 5),
    monotonicCoarse = Clock(rawValue: 6)
  static let boottime = Clock(rawValue: 7), realtimeAlarm = Clock(rawValue: 8), boottimeAlarm = Clock(rawValue: 9)
  static let tai = Clock(rawValue: 11)

  static let names = NameSet(
    "clock", .values,
    [
      "CLOCK_REALTIME": 0, "CLOCK_MONOTONIC": 1, "CLOCK_PROCESS_CPUTIME_ID": 2, "CLOCK_THREAD_CPUTIME_ID": 3,
      "CLOCK_MONOTONIC_RAW": 4, "CLOCK_REALTIME_COARSE": 5, "CLOCK_MONOTONIC_COARSE": 6, "CLOCK_BOOTTIME": 7,
      "CLOCK_REALTIME_ALARM": 8, "CLOCK_BOOTTIME_ALARM": 9, "CLOCK_TAI": 11,
    ])

  /// How often the coarse clocks move: a tick of a kernel with HZ=250.
  static let coarseTick: Int64 = 4_000_000

  var exists: Bool { (0...9).contains(rawValue) || rawValue == 11 }
  /// A negative number names a process's time (posix_cpu), or the clock of a descriptor (CLOCKFD).
  var isOfProcess: Bool { rawValue < 0 && rawValue & 7 != 3 }
  var isCoarse: Bool { self == .realtimeCoarse || self == .monotonicCoarse }
  /// Whether it shows processor time, of which emulated work takes none.
  var isProcessorTime: Bool { self == .processTime || self == .threadTime }
  /// Whether clock_settime moves it.
  var isSettable: Bool { [.realtime, .realtimeCoarse, .realtimeAlarm, .tai].contains(self) }
  /// Whether it also wakes a sleeping machine; asks for CAP_WAKE_ALARM.
  var isAlarm: Bool { self == .realtimeAlarm || self == .boottimeAlarm }
  /// Whether sleeps and timers can be set on it.
  var hasTimers: Bool { [.realtime, .monotonic, .boottime, .tai, .realtimeAlarm, .boottimeAlarm].contains(self) }
}

extension Kernel {
  /// What a clock shows, in ns.
  func time(of clock: Clock) -> Int64 {
    switch clock {
    case .realtime, .realtimeAlarm, .tai: saturatingSum(now, epoch)
    case .realtimeCoarse: saturatingSum(now, epoch) / Clock.coarseTick * Clock.coarseTick
    case .monotonicCoarse: now / Clock.coarseTick * Clock.coarseTick
    case .processTime, .threadTime: 0
    default: now
    }
  }

  /// When a clock that can have timers shows `time`, on the monotonic clock.
  func monotonic(_ time: Int64, of clock: Clock) -> Int64 {
    guard clock.isSettable else { return time }
    return time == .max ? .max : saturatingSum(time, -epoch)
  }

  /// The queue of those whose sleep ends at a time of the real-time clock.
  mutating func clockQueue() -> ID<WaitQueue> {
    if let queue = clockWasSet { return queue }
    let queue = waitQueues.insert(WaitQueue())
    clockWasSet = queue
    return queue
  }
}
