extension Syscall {
  /// clock_gettime(2). Linux: kernel/time/posix-timers.c.
  static let clockGettime = Syscall(
    228, "clock_gettime", "Returns what a clock shows.",
    c: "int clock_gettime(clockid_t clockid, struct timespec *tp)",
    Param<Clock>("clockid"),
    returns: "tp",
    errors: [.EINVAL: "no such clock exists"]
  ) { (kernel: inout Kernel, me: TaskID, clock: Clock) throws(Stop) -> TimeSpec in
    // Alarm clocks want a real-time clock chip, which this machine lacks.
    guard clock.exists, !clock.isAlarm else { throw .errno(.EINVAL) }
    return TimeSpec(kernel.time(of: clock))
  }

  /// clock_getres(2).
  static let clockGetres = Syscall(
    229, "clock_getres", "Returns how finely a clock can tell time.",
    c: "int clock_getres(clockid_t clockid, struct timespec *_Nullable res)",
    Param<Clock>("clockid"),
    returns: "res",
    errors: [.EINVAL: "no such clock exists"]
  ) { (kernel: inout Kernel, me: TaskID, clock: Clock) throws(Stop) -> TimeSpec in
    guard clock.exists, !clock.isAlarm else { throw .errno(.EINVAL) }
    return TimeSpec(seconds: 0, nanoseconds: clock.isCoarse ? Clock.coarseTick : 1)
  }

  /// clock_settime(2).
  static let clockSettime = Syscall(
    227, "clock_settime", "Sets the real-time clock.",
    c: "int clock_settime(clockid_t clockid, const struct timespec *tp)",
    Param<Clock>("clockid"), Param<TimeSpec>("tp"),
    returns: "zero",
    errors: [
      .EFAULT: "tp lies outside the caller's memory", .EINVAL: "the clock cannot be set, or tp is no time for it",
      .EPERM: "the caller lacks CAP_SYS_TIME",
    ]
  ) { (kernel: inout Kernel, me: TaskID, clock: Clock, time: TimeSpec) throws(Stop) -> Done in
    switch clock {
    case .realtime: break
    default: throw .errno(.EINVAL)
    }
    // timespec64_valid_settod(): leaves room for thirty years of uptime.
    let latest = Int64.max / 1_000_000_000 - 30 * 365 * 24 * 3600
    guard time.isValid, time.seconds < latest else { throw .errno(.EINVAL) }
    guard kernel.tasks[me].credentials.has(.sysTime) else { throw .errno(.EPERM) }
    // Real time may not lie before the start of the monotonic clock (do_settimeofday64()).
    guard time.total >= kernel.now else { throw .errno(.EINVAL) }
    let step = time.total - kernel.now - kernel.epoch
    kernel.epoch += step
    // The same time may come again, and means another moment.
    for queue in kernel.messageQueues.ids { kernel.messageQueues[queue].usedSince = .min }
    kernel.realTimeClockWasSet()
    kernel.moveWallTimers(by: step)
    return Done()
  }
}
