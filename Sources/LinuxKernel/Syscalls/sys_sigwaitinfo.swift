extension Syscall {
  /// rt_sigtimedwait(2), as sigtimedwait(3). Linux: kernel/signal.c, do_sigtimedwait().
  static let sigtimedwait = Syscall(
    128, "sigtimedwait", "Takes a pending signal of a set, or sleeps until one comes.",
    c: "int sigtimedwait(const sigset_t *set, siginfo_t *_Nullable info, const struct timespec *timeout)",
    raw: "int rt_sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *timeout, "
      + "size_t sigsetsize)",
    Param<SignalMask>("set"), Param<TimeSpec?>(optional: "timeout"),
    returns: "signo", "info",
    errors: [
      .EAGAIN: "the time is over", .EFAULT: "an argument lies outside the caller's memory",
      .EINTR: "a handler of another signal has run", .EINVAL: "the time is none",
    ]
  ) { (kernel: inout Kernel, me: TaskID, mask: SignalMask, timeout: TimeSpec?) throws(Stop) -> TakenSignal in
    if let timeout, !timeout.isValid { throw .errno(.EINVAL) }
    return try kernel.waitForSignal(mask.set, timeout, me)
  }

  /// sigwaitinfo(2), which C libraries make of rt_sigtimedwait(2).
  static let sigwaitinfo = Syscall(
    128, "sigwaitinfo", "Takes a pending signal of a set, or sleeps until one comes.",
    c: "int sigwaitinfo(const sigset_t *set, siginfo_t *_Nullable info)",
    raw: "int rt_sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *time, size_t sigsetsize)",
    Param<SignalMask>("set"),
    returns: "signo", "info",
    errors: [.EFAULT: "set lies outside the caller's memory", .EINTR: "a handler of another signal has run"]
  ) { (kernel: inout Kernel, me: TaskID, mask: SignalMask) throws(Stop) -> TakenSignal in
    try kernel.waitForSignal(mask.set, nil, me)
  }
}

extension Kernel {
  fileprivate mutating func waitForSignal(_ set: SignalSet, _ timeout: TimeSpec?, _ me: TaskID) throws(Stop)
    -> TakenSignal
  {
    let wanted = set.subtracting(Signal.unmaskable)
    if current.isRetry {
      // What was let through for the sleep is blocked again, before anything can be delivered.
      let blocked = tasks[me].signals.reallyBlocked
      tasks[me].signals.reallyBlocked = SignalSet()
      tasks[me].signals.blocked = blocked.union(tasks[me].signals.blocked)
    }
    if let info = takeSignal(me, in: wanted) {
      recalculateAttention(me)
      return TakenSignal(info: info)
    }
    let end = timeout.map { deadline(after: $0.total) } ?? .max
    if end <= now { throw .errno(.EAGAIN) }
    // A signal, even one without a handler, ends it: only the time may be what is left to wait for.
    if !current.isInterrupted, deliverable(me).isEmpty, canSleep {
      tasks[me].signals.reallyBlocked = tasks[me].signals.blocked
      tasks[me].signals.blocked.subtract(wanted)
    }
    throw .sleep(until: end, interruption: .never)
  }
}
