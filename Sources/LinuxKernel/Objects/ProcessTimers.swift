// The timers of a process that send signals. Linux: kernel/time/itimer.c, kernel/time/posix-timers.c.

/// A process' timers, kept apart from it because most have none. They are not inherited by fork.
struct ProcessTimers {
  let owner: ID<Process>
  var real = IntervalTimer()
  /// By number, lowest first.
  var posix: [PosixTimer] = []
  var nextNumber: Int32 = 0

  /// The index of the POSIX timer with this number.
  func posix(_ number: Int32) -> Int? { posix.firstIndex { $0.number == number } }
}

/// ITIMER_REAL, which alarm(2) shares.
struct IntervalTimer {
  /// When it expires, on the monotonic clock; nil while it does not run.
  var expiry: Int64?
  var interval: Int64 = 0
  /// When it last expired, from where the next expiries are counted.
  var lastExpiry: Int64 = 0
  /// Distinguishes this setting from earlier ones.
  var setting: UInt32 = 0
}

/// A timer of timer_create(2). Linux: struct k_itimer.
struct PosixTimer {
  enum Status { case disarmed, armed, waitingForDelivery }

  let number: Int32
  let clock: Clock
  var event: SignalEvent
  /// The thread that SIGEV_THREAD_ID names.
  var thread: TaskID?
  var status = Status.disarmed
  /// When it expires or last did, on the monotonic clock.
  var expiry: Int64 = 0
  /// An absolute expiry on a clock that can be set.
  var realTimeExpiry: Int64?
  var interval: Int64 = 0
  var overrun: Int64 = -1
  var lastOverrun: Int64 = 0
  /// Counts settings and deliveries: a signal sent before is dropped.
  var sequence: UInt32 = 1
  /// The sequence of the signal that is queued.
  var queuedSequence: UInt32 = 0
  /// The expiry came while the signal was ignored; a handler set later gets it.
  var isIgnored = false
  var setting: UInt32 = 0

  /// Moves the expiry past `now` in whole intervals and returns how many. Linux: hrtimer_forward().
  mutating func forward(to now: Int64) -> Int64 {
    let late = saturatingSum(now, -expiry)
    guard late >= 0, interval > 0 else { return 0 }
    let count = late / interval + 1
    expiry = saturatingSum(expiry, saturatingProduct(count, interval))
    return count
  }
}

extension Kernel {
  /// The process' timers, made when it has none yet.
  mutating func timers(of process: ID<Process>) -> ID<ProcessTimers> {
    if let timers = processes[process].timers { return timers }
    let timers = processTimers.insert(ProcessTimers(owner: process))
    processes[process].timers = timers
    return timers
  }

  // MARK: ITIMER_REAL

  /// Time left and interval, in ns. Linux: get_itimer() and itimer_get_remtime().
  func intervalTimer(of process: ID<Process>) -> (value: Int64, interval: Int64) {
    guard let timers = processes[process].timers else { return (0, 0) }
    let timer = processTimers[timers].real
    return (timer.expiry.map { max($0 - now, 1000) } ?? 0, timer.interval)
  }

  /// Linux: do_setitimer().
  mutating func setIntervalTimer(of process: ID<Process>, value: Int64, interval: Int64) {
    if value == 0, processes[process].timers == nil { return }
    let timers = timers(of: process)
    processTimers[timers].real.interval = value == 0 ? 0 : interval
    arm(timers, at: value == 0 ? nil : saturatingSum(now, value))
  }

  private mutating func arm(_ timers: ID<ProcessTimers>, at expiry: Int64?) {
    processTimers[timers].real.setting &+= 1
    processTimers[timers].real.expiry = expiry
    if let expiry { setTimer(at: expiry, .intervalTimer(timers, setting: processTimers[timers].real.setting)) }
  }

  /// Linux: it_real_fn().
  mutating func intervalTimerExpired(_ timers: ID<ProcessTimers>) {
    processTimers[timers].real.lastExpiry = processTimers[timers].real.expiry ?? now
    processTimers[timers].real.expiry = nil
    send(SignalInfo(signal: Signal.alrm, code: SignalInfo.kernel), to: processTimers[timers].owner)
  }

  /// A timer with an interval goes on when its signal has been taken. Linux: posixtimer_rearm_itimer().
  mutating func rearmIntervalTimer(of process: ID<Process>) {
    guard let timers = processes[process].timers else { return }
    let timer = processTimers[timers].real
    guard timer.expiry == nil, timer.interval > 0 else { return }
    let missed = (now - timer.lastExpiry) / timer.interval
    arm(timers, at: saturatingSum(timer.lastExpiry, saturatingProduct(missed + 1, timer.interval)))
  }

  // MARK: POSIX timers

  /// Linux: common_timer_set(). `value` is relative, or a time of the timer's clock.
  mutating func setPosixTimer(
    _ index: Int, _ timers: ID<ProcessTimers>, value: Int64, interval: Int64, isAbsolute: Bool
  ) {
    processTimers[timers].posix[index].sequence &+= 1
    processTimers[timers].posix[index].interval = value == 0 ? 0 : interval
    processTimers[timers].posix[index].lastOverrun = 0
    processTimers[timers].posix[index].overrun = -1
    processTimers[timers].posix[index].isIgnored = false
    processTimers[timers].posix[index].status = .disarmed
    processTimers[timers].posix[index].setting &+= 1
    processTimers[timers].posix[index].realTimeExpiry = nil
    guard value != 0 else {
      processTimers[timers].posix[index].expiry = now
      return
    }
    let clock = processTimers[timers].posix[index].clock
    if isAbsolute, clock.isSettable { processTimers[timers].posix[index].realTimeExpiry = value }
    arm(index, timers, at: isAbsolute ? monotonic(value, of: clock) : saturatingSum(now, value))
  }

  private mutating func arm(_ index: Int, _ timers: ID<ProcessTimers>, at expiry: Int64) {
    processTimers[timers].posix[index].expiry = expiry
    // A timer that notifies nobody is only looked at.
    guard processTimers[timers].posix[index].event.notify != SignalEvent.none else { return }
    processTimers[timers].posix[index].status = .armed
    let timer = processTimers[timers].posix[index]
    setTimer(at: expiry, .posixTimer(timers, number: timer.number, setting: timer.setting))
  }

  /// Time left and interval, in ns. Linux: common_timer_get().
  mutating func posixTimer(_ index: Int, _ timers: ID<ProcessTimers>) -> (value: Int64, interval: Int64) {
    let timer = processTimers[timers].posix[index]
    let isSilent = timer.event.notify == SignalEvent.none
    if timer.interval == 0, timer.status == .disarmed, !isSilent { return (0, 0) }
    if timer.interval > 0, timer.status != .armed {
      processTimers[timers].posix[index].overrun += processTimers[timers].posix[index].forward(to: now)
    }
    let left = processTimers[timers].posix[index].expiry - now
    return (left > 0 ? left : isSilent ? 0 : 1, timer.interval)
  }

  /// Linux: posix_timer_fn(), posixtimer_send_sigqueue().
  mutating func posixTimerExpired(_ number: Int32, _ timers: ID<ProcessTimers>) {
    let index = processTimers[timers].posix(number)!, process = processTimers[timers].owner
    let timer = processTimers[timers].posix[index]
    processTimers[timers].posix[index].status = timer.interval > 0 ? .waitingForDelivery : .disarmed
    processTimers[timers].posix[index].queuedSequence = timer.sequence
    let isDirected = timer.event.notify == SignalEvent.threadID
    let target = isDirected ? timer.thread : processes[process].firstThread
    guard let target, tasks.contains(target), !isDirected || tasks[target].state != .dead else { return }
    var info = SignalInfo(signal: timer.event.signal, code: SignalInfo.timer)
    info.value = timer.event.value
    info.timer = number
    info.timerSequence = timer.sequence
    guard prepare(info, for: target, false) else {
      processTimers[timers].posix[index].isIgnored = timer.interval > 0
      return
    }
    // A timer's signal is queued once, though its number may be pending for another reason.
    if isDirected {
      tasks[target].signals.pending.enqueue(info)
    } else {
      processes[process].signals.pending.enqueue(info)
    }
    complete(info.signal, target, isDirected: isDirected)
  }

  /// Called as a timer's signal is taken: the timer goes on, and tells what it missed. False drops the signal, for the
  /// timer was set anew or deleted. Linux: posixtimer_deliver_signal().
  mutating func deliverTimerSignal(_ info: inout SignalInfo, of process: ID<Process>) -> Bool {
    guard let timers = processes[process].timers, let index = processTimers[timers].posix(info.timer),
      processTimers[timers].posix[index].sequence == info.timerSequence
    else { return false }
    guard processTimers[timers].posix[index].interval > 0 else { return true }
    processTimers[timers].posix[index].overrun += processTimers[timers].posix[index].forward(to: now)
    processTimers[timers].posix[index].setting &+= 1
    arm(index, timers, at: processTimers[timers].posix[index].expiry)
    let missed = processTimers[timers].posix[index].overrun
    processTimers[timers].posix[index].lastOverrun = missed
    processTimers[timers].posix[index].overrun = -1
    processTimers[timers].posix[index].sequence &+= 1
    info.overrun = Int32(clamping: missed)
    return true
  }

  /// A signal is no longer ignored: timers that expired meanwhile send it now. Linux: posixtimer_sig_unignore().
  mutating func timersUnignore(_ signal: Int32, of process: ID<Process>) {
    guard let timers = processes[process].timers else { return }
    for timer in processTimers[timers].posix where timer.isIgnored && timer.event.signal == signal {
      processTimers[timers].posix[processTimers[timers].posix(timer.number)!].isIgnored = false
      posixTimerExpired(timer.number, timers)
    }
  }

  /// The real-time clock was set: absolute timers on it now mean another moment. Linux: clock_was_set().
  mutating func realTimeClockWasSet() {
    for timers in processTimers.ids {
      for index in processTimers[timers].posix.indices {
        let timer = processTimers[timers].posix[index]
        guard timer.status == .armed, let expiry = timer.realTimeExpiry else { continue }
        processTimers[timers].posix[index].setting &+= 1
        arm(index, timers, at: monotonic(expiry, of: timer.clock))
      }
    }
    if let queue = clockWasSet { wakeAll(queue) }
  }
}

/// The product of two numbers that are not negative, or the greatest number there is.
func saturatingProduct(_ a: Int64, _ b: Int64) -> Int64 {
  let (product, overflow) = a.multipliedReportingOverflow(by: b)
  return overflow ? .max : product
}

/// The sum, or the greatest number there is.
func saturatingSum(_ a: Int64, _ b: Int64) -> Int64 {
  let (sum, overflow) = a.addingReportingOverflow(b)
  return overflow ? (b > 0 ? .max : .min) : sum
}
