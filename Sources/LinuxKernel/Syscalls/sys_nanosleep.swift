extension Syscall {
  /// nanosleep(2). Linux: kernel/time/hrtimer.c.
  static let nanosleep = Syscall(
    35, "nanosleep", "Sleeps for a time.",
    c: "int nanosleep(const struct timespec *duration, struct timespec *_Nullable rem)",
    Param<TimeSpec>("duration"),
    returns: "zero",
    errors: [
      .EFAULT: "duration lies outside the caller's memory",
      .EINTR: "a handler has run; the time that remained is a further result", .EINVAL: "duration is no time",
    ]
  ) { (kernel: inout Kernel, me: TaskID, duration: TimeSpec) throws(Stop) -> Done in
    guard duration.isValid else { throw .errno(.EINVAL) }
    return try kernel.sleep(for: duration)
  }

  /// clock_nanosleep(2). Linux: kernel/time/posix-timers.c, common_nsleep().
  static let clockNanosleep = Syscall(
    230, "clock_nanosleep", "Sleeps for a time, or until a clock shows one.",
    c: "int clock_nanosleep(clockid_t clockid, int flags, const struct timespec *t, struct timespec *_Nullable remain)",
    Param<Clock>("clockid"), Param<TimerFlags>("flags"), Param<TimeSpec>("t"),
    returns: "zero",
    errors: [
      .EFAULT: "t lies outside the caller's memory",
      .EINTR: "a handler has run; of a relative sleep the time that remained is a further result",
      .EINVAL: "no such clock exists, or t is no time", .ENOSYS: "not built: sleeping on processor time",
      .EOPNOTSUPP: "one cannot sleep on this clock",
    ]
  ) { (kernel: inout Kernel, me: TaskID, clock: Clock, flags: TimerFlags, time: TimeSpec) throws(Stop) -> Done in
    guard clock.exists else { throw .errno(.EINVAL) }
    // A thread cannot sleep on the time it runs; alarm clocks want a real-time clock chip, which this machine lacks.
    guard clock.hasTimers || clock == .processTime else { throw .errno(.EOPNOTSUPP) }
    guard time.isValid else { throw .errno(.EINVAL) }
    if clock == .processTime { throw .errno(.ENOSYS) }
    guard flags.contains(.absolute) else { return try kernel.sleep(for: time) }
    let end = kernel.monotonic(time.total, of: clock)
    if end <= kernel.now { return Done() }
    if clock.isSettable {
      throw .wait(on: kernel.clockQueue(), interruption: .restartUnlessHandled, until: end)
    }
    throw .sleep(until: end)
  }
}

/// TIMER_ABSTIME; Linux ignores the other bits.
struct TimerFlags: Flags {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let absolute = TimerFlags(rawValue: 1)
  static let names = NameSet("timer flags", .bits, ["TIMER_ABSTIME": 1])
}

extension Kernel {
  fileprivate mutating func sleep(for duration: TimeSpec) throws(Stop) -> Done {
    let end = deadline(after: duration.total)
    if end <= now { return Done() }
    current.remaining = end - now
    throw .sleep(until: end)
  }
}
