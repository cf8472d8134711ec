extension Syscall {
  /// timer_create(2). Linux: kernel/time/posix-timers.c, do_timer_create().
  static let timerCreate = Syscall(
    222, "timer_create", "Creates a timer of the process, not yet running.",
    c: "int timer_create(clockid_t clockid, struct sigevent *_Nullable restrict sevp, timer_t *restrict timerid)",
    Param<Clock>("clockid"), Param<SignalEvent?>(optional: "sevp"),
    returns: "timerid",
    errors: [
      .EFAULT: "sevp lies outside the caller's memory", .EINVAL: "no such clock exists, or sevp is no way to tell",
      .ENOSYS: "not built: timers of processor time", .EOPNOTSUPP: "the clock has no timers",
    ]
  ) { (kernel: inout Kernel, me: TaskID, clock: Clock, event: SignalEvent?) throws(Stop) -> Int in
    guard clock.exists || clock.isOfProcess else { throw .errno(.EINVAL) }
    guard clock.isOfProcess || clock.hasTimers || clock.isAlarm || clock.isProcessorTime else {
      throw .errno(.EOPNOTSUPP)
    }
    if clock.isProcessorTime { throw .errno(.ENOSYS) }
    let process = kernel.process(of: me), timers = kernel.timers(of: process)
    // The number is used up even where the rest fails.
    let number = kernel.processTimers[timers].nextNumber
    kernel.processTimers[timers].nextNumber = number == .max ? 0 : number + 1
    var thread: TaskID?
    if let event {
      switch event.notify {
      case SignalEvent.threadID:
        guard let task = kernel.task(event.threadID), kernel.process(of: task) == process else { throw .errno(.EINVAL) }
        thread = task
        fallthrough
      case SignalEvent.signal, SignalEvent.thread:
        guard event.signal > 0, event.signal <= Signal.last else { throw .errno(.EINVAL) }
      case SignalEvent.none: break
      default: throw .errno(.EINVAL)
      }
    }
    // pid_for_clock(): processor times of other processes are not built, so that no such process exists.
    if clock.isOfProcess { throw .errno(.EINVAL) }
    // Alarm clocks want a real-time clock chip, which this machine lacks.
    if clock.isAlarm { throw .errno(.EOPNOTSUPP) }
    let standard = SignalEvent(value: Int64(number), signal: Signal.alrm, notify: SignalEvent.signal, threadID: 0)
    kernel.processTimers[timers].posix.append(
      PosixTimer(number: number, clock: clock, event: event ?? standard, thread: thread))
    return Int(number)
  }

  /// timer_delete(2).
  static let timerDelete = Syscall(
    226, "timer_delete", "Deletes a timer; a signal of its that is still pending is dropped when it would be taken.",
    c: "int timer_delete(timer_t timerid)",
    Param<Int32>("timerid"),
    returns: "zero",
    errors: [.EINVAL: "no such timer exists"]
  ) { (kernel: inout Kernel, me: TaskID, number: Int32) throws(Stop) -> Done in
    let (timers, index) = try kernel.posixTimer(number, of: me)
    kernel.processTimers[timers].posix.remove(at: index)
    return Done()
  }

  /// timer_settime(2).
  static let timerSettime = Syscall(
    223, "timer_settime", "Starts or stops a timer, and returns what it was.",
    c: """
      int timer_settime(timer_t timerid, int flags, const struct itimerspec *restrict new_value, \
      struct itimerspec *_Nullable restrict old_value)
      """,
    Param<Int32>("timerid"), Param<TimerFlags>("flags"), Param<IntervalSpec>("new_value"),
    returns: "old_value",
    errors: [.EFAULT: "new_value lies outside the caller's memory", .EINVAL: "a time is none, or no such timer exists"]
  ) {
    (kernel: inout Kernel, me: TaskID, number: Int32, flags: TimerFlags, new: IntervalSpec) throws(Stop) -> IntervalSpec
    in
    guard new.isValid else { throw .errno(.EINVAL) }
    let (timers, index) = try kernel.posixTimer(number, of: me)
    let (value, interval) = kernel.posixTimer(index, timers)
    kernel.setPosixTimer(
      index, timers, value: new.value.total, interval: new.interval.total, isAbsolute: flags.contains(.absolute))
    return IntervalSpec(interval: TimeSpec(interval), value: TimeSpec(value))
  }

  /// timer_gettime(2).
  static let timerGettime = Syscall(
    224, "timer_gettime", "Returns the time left on a timer, and its interval.",
    c: "int timer_gettime(timer_t timerid, struct itimerspec *curr_value)",
    Param<Int32>("timerid"),
    returns: "value",
    errors: [.EINVAL: "no such timer exists"]
  ) { (kernel: inout Kernel, me: TaskID, number: Int32) throws(Stop) -> IntervalSpec in
    let (timers, index) = try kernel.posixTimer(number, of: me)
    let (value, interval) = kernel.posixTimer(index, timers)
    return IntervalSpec(interval: TimeSpec(interval), value: TimeSpec(value))
  }

  /// timer_getoverrun(2).
  static let timerGetoverrun = Syscall(
    225, "timer_getoverrun", "Returns how many expiries the last signal of a timer stood for beyond one.",
    c: "int timer_getoverrun(timer_t timerid)",
    Param<Int32>("timerid"),
    returns: "count",
    errors: [.EINVAL: "no such timer exists"]
  ) { (kernel: inout Kernel, me: TaskID, number: Int32) throws(Stop) -> Int in
    let (timers, index) = try kernel.posixTimer(number, of: me)
    return Int(min(kernel.processTimers[timers].posix[index].lastOverrun, Int64(Int32.max)))
  }
}

extension Kernel {
  /// Linux: lock_timer().
  fileprivate func posixTimer(_ number: Int32, of me: TaskID) throws(Stop) -> (ID<ProcessTimers>, Int) {
    guard let timers = processes[process(of: me)].timers, let index = processTimers[timers].posix(number) else {
      throw .errno(.EINVAL)
    }
    return (timers, index)
  }
}
