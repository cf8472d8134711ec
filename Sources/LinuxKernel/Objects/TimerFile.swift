/// What timerfd_create(2) makes. Linux: fs/timerfd.c, struct timerfd_ctx.
///
/// A periodic timer goes off once and then rests until somebody looks: the intervals that passed meanwhile are counted
/// at that time, so that a timer that nobody reads costs nothing.
struct TimerFile {
  let clock: TimerClock
  /// When it goes off, on the monotonic clock; nil while disarmed.
  var expiry: Int64?
  var interval: Int64 = 0
  /// Expiries not yet read.
  var ticks: UInt64 = 0
  /// It went off and rests.
  var hasExpired = false
  /// Set for a time of the real-time clock, and so moves when that is set.
  var isWallTime = false
  /// A read after the clock was set fails (TFD_TIMER_CANCEL_ON_SET); `isCancelled` once it was.
  var cancelsOnSet = false
  var isCancelled = false
  /// Distinguishes this setting from earlier ones, whose timers are stale.
  var setting: UInt32 = 0
  let expired: ID<WaitQueue>
}

/// How a timerfd stands: the time left, and the interval.
struct TimerSetting: Equatable {
  var value: Int64
  var interval: Int64
}

extension Kernel {
  /// The timer is due. Linux: timerfd_triggered().
  mutating func expire(_ timer: ID<TimerFile>) {
    timerFiles[timer].hasExpired = true
    timerFiles[timer].ticks += 1
    wake(timerFiles[timer].expired, .input)
  }

  private mutating func start(_ timer: ID<TimerFile>, at expiry: Int64) {
    timerFiles[timer].setting &+= 1
    timerFiles[timer].expiry = expiry
    setTimer(at: expiry, .timerFile(timer, setting: timerFiles[timer].setting))
  }

  /// Moves a resting periodic timer to its next time ahead. Returns how many intervals that skipped.
  /// Linux: hrtimer_forward_now().
  private mutating func forward(_ timer: ID<TimerFile>) -> UInt64 {
    let interval = timerFiles[timer].interval, expiry = timerFiles[timer].expiry!
    guard now >= expiry else { return 0 }
    let skipped = saturatingSum(now, -expiry) / interval + 1
    timerFiles[timer].expiry = saturatingSum(expiry, saturatingProduct(skipped, interval))
    return UInt64(skipped)
  }

  /// Counts what a resting periodic timer missed, and starts it again.
  private mutating func catchUp(_ timer: ID<TimerFile>) {
    guard timerFiles[timer].hasExpired, timerFiles[timer].interval > 0 else { return }
    timerFiles[timer].hasExpired = false
    timerFiles[timer].ticks += forward(timer) - 1
    start(timer, at: timerFiles[timer].expiry!)
  }

  private func setting(of timer: ID<TimerFile>) -> TimerSetting {
    let expiry = timerFiles[timer].expiry ?? now
    let left = timerFiles[timer].hasExpired && timerFiles[timer].interval == 0 ? 0 : max(0, saturatingSum(expiry, -now))
    return TimerSetting(value: left, interval: timerFiles[timer].interval)
  }

  /// Linux: do_timerfd_gettime().
  mutating func look(at timer: ID<TimerFile>) -> TimerSetting {
    catchUp(timer)
    return setting(of: timer)
  }

  /// Linux: do_timerfd_settime(). A value of 0 disarms.
  mutating func set(_ timer: ID<TimerFile>, _ new: TimerSetting, isAbsolute: Bool, cancelsOnSet: Bool) -> TimerSetting {
    if timerFiles[timer].hasExpired, timerFiles[timer].interval > 0 { _ = forward(timer) }
    let old = setting(of: timer)
    let isWall = timerFiles[timer].clock.isWall && isAbsolute
    timerFiles[timer].setting &+= 1
    timerFiles[timer].expiry = nil
    timerFiles[timer].interval = new.interval
    timerFiles[timer].ticks = 0
    timerFiles[timer].hasExpired = false
    timerFiles[timer].isWallTime = isWall
    timerFiles[timer].cancelsOnSet = isWall && cancelsOnSet
    timerFiles[timer].isCancelled = false
    guard new.value != 0 else { return old }
    if isAbsolute {
      start(timer, at: isWall ? new.value - epoch : new.value)
    } else {
      let (sum, overflow) = now.addingReportingOverflow(new.value)
      start(timer, at: overflow ? .max : sum)
    }
    // What is due already goes off before the call returns.
    fireTimers()
    return old
  }

  /// Linux: timerfd_read_iter().
  mutating func read(_ timer: ID<TimerFile>, _ file: ID<OpenFile>, _ destination: inout Destination, for me: TaskID)
    throws(Stop) -> Int
  {
    guard destination.remaining >= 8 else { throw .errno(.EINVAL) }
    if timerFiles[timer].isCancelled {
      timerFiles[timer].isCancelled = false
      timerFiles[timer].ticks = 0
      timerFiles[timer].hasExpired = false
      throw .errno(.ECANCELED)
    }
    if timerFiles[timer].ticks == 0 {
      if files[file].isNonblocking { throw .errno(.EAGAIN) }
      throw .wait(inLine: timerFiles[timer].expired)
    }
    catchUp(timer)
    let ticks = timerFiles[timer].ticks
    timerFiles[timer].ticks = 0
    timerFiles[timer].hasExpired = false
    if timerFiles[timer].interval == 0 { timerFiles[timer].expiry = nil }
    guard deliver(word: ticks, to: &destination, of: me) else { throw .errno(.EFAULT) }
    return 8
  }

  /// Linux: timerfd_poll().
  func poll(_ timer: ID<TimerFile>) -> PollAnswer {
    PollAnswer(events: timerFiles[timer].ticks > 0 ? .input : [], queues: (timerFiles[timer].expired, nil))
  }

  /// The real-time clock was moved ahead by `step`: timers set for a time of it follow, and those that asked are
  /// cancelled. To be called after `epoch` has changed. Linux: timerfd_clock_was_set().
  mutating func moveWallTimers(by step: Int64) {
    for timer in timerFiles.ids where timerFiles[timer].isWallTime {
      if timerFiles[timer].cancelsOnSet {
        timerFiles[timer].isCancelled = true
        timerFiles[timer].ticks += 1
        wake(timerFiles[timer].expired, .input)
      }
      guard let expiry = timerFiles[timer].expiry else { continue }
      let (moved, overflow) = expiry.subtractingReportingOverflow(step)
      let next = overflow ? .max : moved
      if timerFiles[timer].hasExpired { timerFiles[timer].expiry = next } else { start(timer, at: next) }
    }
    fireTimers()
  }
}

/// The clocks that a timerfd can follow.
struct TimerClock: Choice, Equatable {
  let rawValue: Int32
  static let realtime = TimerClock(rawValue: 0), monotonic = TimerClock(rawValue: 1), boottime = TimerClock(rawValue: 7)
  static let realtimeAlarm = TimerClock(rawValue: 8), boottimeAlarm = TimerClock(rawValue: 9)

  var isWall: Bool { self == .realtime || self == .realtimeAlarm }
  var isAlarm: Bool { self == .realtimeAlarm || self == .boottimeAlarm }

  /// All clocks have their names here, so that one that does not fit is refused by the call and not by its caller.
  static let names = NameSet(
    "clock", .values,
    [
      "CLOCK_REALTIME": 0, "CLOCK_MONOTONIC": 1, "CLOCK_PROCESS_CPUTIME_ID": 2, "CLOCK_THREAD_CPUTIME_ID": 3,
      "CLOCK_MONOTONIC_RAW": 4, "CLOCK_REALTIME_COARSE": 5, "CLOCK_MONOTONIC_COARSE": 6, "CLOCK_BOOTTIME": 7,
      "CLOCK_REALTIME_ALARM": 8, "CLOCK_BOOTTIME_ALARM": 9, "CLOCK_TAI": 11,
    ])
}
