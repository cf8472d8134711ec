extension Syscall {
  /// timerfd_create(2). Linux: fs/timerfd.c.
  static let timerfdCreate = Syscall(
    283, "timerfd_create", "Creates a timer that is read as a descriptor.",
    c: "int timerfd_create(int clockid, int flags)",
    Param<TimerClock>("clockid"), Param<TimerFileFlags>("flags", default: 0),
    returns: "fd",
    errors: [
      .EINVAL: "the clock cannot be followed, or flags holds an unknown bit",
      .EMFILE: "no descriptor is left below RLIMIT_NOFILE",
      .EPERM: "an alarm clock without CAP_WAKE_ALARM",
    ]
  ) { (kernel: inout Kernel, me: TaskID, clock: TimerClock, flags: TimerFileFlags) throws(Stop) -> FD in
    try flags.check()
    guard [.realtime, .monotonic, .boottime, .realtimeAlarm, .boottimeAlarm].contains(clock) else {
      throw .errno(.EINVAL)
    }
    if clock.isAlarm, !kernel.tasks[me].credentials.has(.wakeAlarm) { throw .errno(.EPERM) }
    let timer = kernel.timerFiles.insert(TimerFile(clock: clock, expired: kernel.waitQueues.insert(WaitQueue())))
    let file = kernel.files.insert(
      OpenFile(object: .timer(timer), status: flags.contains(.nonblock) ? [.readWrite, .nonblock] : .readWrite))
    return try kernel.install(file, closesOnExec: flags.contains(.cloexec), for: me)
  }

  /// timerfd_settime(2).
  static let timerfdSettime = Syscall(
    286, "timerfd_settime", "Sets or, with a zero it_value, disarms a timer; returns what gettime would have.",
    c:
      "int timerfd_settime(int fd, int flags, const struct itimerspec *new_value, "
      + "struct itimerspec *_Nullable old_value)",
    Param<FD>("fd"), Param<TimerSetFlags>("flags", default: 0), Param<IntervalSpec>("new_value"),
    returns: "old_value",
    errors: [
      .EBADF: "fd is not open", .EFAULT: "new_value lies outside the caller's memory",
      .EINVAL: "flags holds an unknown bit, a time is not valid, or fd is no timerfd",
      .EPERM: "an alarm clock without CAP_WAKE_ALARM",
    ]
  ) {
    (kernel: inout Kernel, me: TaskID, fd: FD, flags: TimerSetFlags, spec: IntervalSpec) throws(Stop) -> IntervalSpec in
    try flags.check()
    guard spec.isValid else { throw .errno(.EINVAL) }
    let timer = try kernel.timerFile(fd, of: me)
    if kernel.timerFiles[timer].clock.isAlarm, !kernel.tasks[me].credentials.has(.wakeAlarm) { throw .errno(.EPERM) }
    let old = kernel.set(
      timer, TimerSetting(value: spec.value.total, interval: spec.interval.total),
      isAbsolute: flags.contains(.absolute), cancelsOnSet: flags.contains(.cancelOnSet))
    return IntervalSpec(old)
  }

  /// timerfd_gettime(2).
  static let timerfdGettime = Syscall(
    287, "timerfd_gettime", "Tells the time left until the next expiry, and the interval.",
    c: "int timerfd_gettime(int fd, struct itimerspec *curr_value)",
    Param<FD>("fd"),
    returns: "value",
    errors: [.EBADF: "fd is not open", .EINVAL: "fd is no timerfd"]
  ) { (kernel: inout Kernel, me: TaskID, fd: FD) throws(Stop) -> IntervalSpec in
    IntervalSpec(kernel.look(at: try kernel.timerFile(fd, of: me)))
  }
}

extension Kernel {
  func timerFile(_ fd: FD, of me: TaskID) throws(Stop) -> ID<TimerFile> {
    guard case .timer(let timer) = files[try file(fd, of: me)].object else { throw .errno(.EINVAL) }
    return timer
  }
}

extension IntervalSpec {
  init(_ setting: TimerSetting) { self.init(interval: TimeSpec(setting.interval), value: TimeSpec(setting.value)) }
}

/// Linux: include/uapi/linux/timerfd.h.
struct TimerFileFlags: Flags {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let nonblock = TimerFileFlags(rawValue: 0o4000), cloexec = TimerFileFlags(rawValue: 0o2000000)
  static let names = NameSet("timerfd flags", .bits, ["TFD_NONBLOCK": 0o4000, "TFD_CLOEXEC": 0o2000000])
}

struct TimerSetFlags: Flags {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let absolute = TimerSetFlags(rawValue: 1), cancelOnSet = TimerSetFlags(rawValue: 2)
  static let names = NameSet("timerfd_settime flags", .bits, ["TFD_TIMER_ABSTIME": 1, "TFD_TIMER_CANCEL_ON_SET": 2])
}
