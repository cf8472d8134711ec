extension Syscall {
  /// getitimer(2). Linux: kernel/time/itimer.c.
  static let getitimer = Syscall(
    36, "getitimer", "Returns the time left on an interval timer, and its interval.",
    c: "int getitimer(int which, struct itimerval *curr_value)",
    Param<IntervalTimerKind>("which"),
    returns: "value",
    errors: [.EINVAL: "no such timer exists", .ENOSYS: "not built: timers of processor time"]
  ) { (kernel: inout Kernel, me: TaskID, which: IntervalTimerKind) throws(Stop) -> IntervalValue in
    try which.check()
    let (value, interval) = kernel.intervalTimer(of: kernel.process(of: me))
    return IntervalValue(interval: interval, value: value)
  }

  /// setitimer(2).
  static let setitimer = Syscall(
    38, "setitimer", "Sets an interval timer, and returns what it was.",
    c: "int setitimer(int which, const struct itimerval *restrict new_value, struct itimerval *_Nullable old_value)",
    Param<IntervalTimerKind>("which"), Param<IntervalValue>("new_value"),
    returns: "old_value",
    errors: [
      .EFAULT: "new_value lies outside the caller's memory", .EINVAL: "no such timer exists, or a time is none",
      .ENOSYS: "not built: timers of processor time",
    ]
  ) { (kernel: inout Kernel, me: TaskID, which: IntervalTimerKind, new: IntervalValue) throws(Stop) -> IntervalValue in
    guard new.isValid else { throw .errno(.EINVAL) }
    try which.check()
    let process = kernel.process(of: me)
    let (value, interval) = kernel.intervalTimer(of: process)
    kernel.setIntervalTimer(of: process, value: new.valueTotal, interval: new.intervalTotal)
    return IntervalValue(interval: interval, value: value)
  }

  /// alarm(2), which sets ITIMER_REAL.
  static let alarm = Syscall(
    37, "alarm", "Sends SIGALRM after some seconds; 0 takes it back. Returns the seconds that were left.",
    c: "unsigned int alarm(unsigned int seconds)",
    Param<UInt32>("seconds"),
    returns: "left"
  ) { (kernel: inout Kernel, me: TaskID, seconds: UInt32) throws(Stop) -> Int in
    let process = kernel.process(of: me)
    let old = TimeSpec(kernel.intervalTimer(of: process).value)
    kernel.setIntervalTimer(of: process, value: Int64(seconds) * 1_000_000_000, interval: 0)
    // Rounded to the nearest second, but an alarm that is set never shows as 0.
    let isRoundedUp = old.seconds == 0 && old.nanoseconds > 0 || old.nanoseconds >= 500_000_000
    return Int(old.seconds) + (isRoundedUp ? 1 : 0)
  }
}

struct IntervalTimerKind: Choice, Equatable {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let names = NameSet("interval timer", .values, ["ITIMER_REAL": 0, "ITIMER_VIRTUAL": 1, "ITIMER_PROF": 2])

  func check() throws(Stop) {
    guard (0...2).contains(rawValue) else { throw .errno(.EINVAL) }
    guard rawValue == 0 else { throw .errno(.ENOSYS) }
  }
}
