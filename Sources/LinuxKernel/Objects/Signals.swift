/// A set of signals, bit n-1 for signal n, as the kernel's sigset_t.
public struct SignalSet: OptionSet, Hashable, Sendable {
  public var rawValue: UInt64
  public init(rawValue: UInt64) { self.rawValue = rawValue }
  init(_ signal: Int32) { rawValue = 1 << UInt64(signal - 1) }

  func contains(signal: Int32) -> Bool { rawValue & (1 << UInt64(signal - 1)) != 0 }
  /// The members, lowest first.
  var signals: [Int32] { (1...64).filter { contains(signal: $0) } }
}

/// Signal numbers and what they do by default. Linux: include/linux/signal.h.
enum Signal {
  static let hup: Int32 = 1, int: Int32 = 2, quit: Int32 = 3, ill: Int32 = 4, trap: Int32 = 5, abrt: Int32 = 6, bus: Int32 = 7
  static let fpe: Int32 = 8, kill: Int32 = 9, usr1: Int32 = 10, segv: Int32 = 11, usr2: Int32 = 12, pipe: Int32 = 13
  static let alrm: Int32 = 14, term: Int32 = 15, chld: Int32 = 17, cont: Int32 = 18, stop: Int32 = 19, tstp: Int32 = 20
  static let ttin: Int32 = 21, ttou: Int32 = 22, urg: Int32 = 23, xcpu: Int32 = 24, xfsz: Int32 = 25, vtalrm: Int32 = 26
  static let winch: Int32 = 28, io: Int32 = 29, sys: Int32 = 31
  static let firstRealTime: Int32 = 32, last: Int32 = 64

  static let stops: SignalSet = [SignalSet(stop), SignalSet(tstp), SignalSet(ttin), SignalSet(ttou)]
  static let ignoredByDefault: SignalSet = [SignalSet(cont), SignalSet(chld), SignalSet(winch), SignalSet(urg)]
  /// Neither caught, blocked nor ignored.
  static let unmaskable: SignalSet = [SignalSet(kill), SignalSet(stop)]
  /// Faults of the task itself, which are delivered before others.
  static let synchronous: SignalSet = [
    SignalSet(segv), SignalSet(bus), SignalSet(ill), SignalSet(trap), SignalSet(fpe), SignalSet(sys),
  ]
}

/// What comes with a signal. Linux: siginfo_t.
public struct SignalInfo: Equatable, Sendable {
  public internal(set) var signal: Int32
  public internal(set) var code: Int32
  public internal(set) var pid: Int32 = 0
  public internal(set) var uid: UInt32 = 0
  /// si_status of SIGCHLD.
  public internal(set) var status: Int32 = 0
  /// si_value of a queued signal; si_overrun goes to `overrun`.
  public internal(set) var value: Int64 = 0
  public internal(set) var timer: Int32 = 0
  public internal(set) var overrun: Int32 = 0
  public internal(set) var errno: Int32 = 0

  /// SI_USER, SI_KERNEL and so on.
  static let user: Int32 = 0, kernel: Int32 = 0x80, queue: Int32 = -1, timer: Int32 = -2, mesgq: Int32 = -3, tkill: Int32 = -6
}

/// Signals that wait to be delivered.
struct PendingSignals {
  var mask = SignalSet()
  var queue: [SignalInfo] = []

  mutating func add(_ info: SignalInfo) {
    // A standard signal that is already pending is not queued again; real-time ones all are.
    if info.signal < Signal.firstRealTime, mask.contains(signal: info.signal) { return }
    mask.insert(SignalSet(info.signal))
    queue.append(info)
  }

  /// Takes out the next of those in `wanted`: faults first, then the lowest number, then the oldest.
  mutating func take(_ wanted: SignalSet) -> SignalInfo? {
    let ready = mask.intersection(wanted)
    guard !ready.isEmpty else { return nil }
    let faults = ready.intersection(Signal.synchronous)
    let signal = Int32((faults.isEmpty ? ready : faults).rawValue.trailingZeroBitCount) + 1
    let index = queue.firstIndex { $0.signal == signal }!
    let info = queue.remove(at: index)
    if !queue.contains(where: { $0.signal == signal }) { mask.remove(SignalSet(signal)) }
    return info
  }

  mutating func discard(_ unwanted: SignalSet) {
    guard !mask.isDisjoint(with: unwanted) else { return }
    mask.subtract(unwanted)
    queue.removeAll { unwanted.contains(signal: $0.signal) }
  }
}

/// A task's own part in signals.
struct TaskSignals {
  var blocked = SignalSet()
  var pending = PendingSignals()
  /// The mask to go back to when a call that swapped it (sigsuspend, ppoll) is over.
  var savedMask: SignalSet?
  /// What the task returns to, innermost last: handlers to run, and below them the result of the call.
  var returns: [Return] = []
}

/// What its threads share.
struct ProcessSignals {
  var pending = PendingSignals()
  /// init of a pid namespace: default actions do not touch it (SIGNAL_UNKILLABLE).
  var isUnkillable = false
}

/// What a process does on each signal. Linux: struct sighand_struct.
struct SignalHandlers {
  var references = 1
  /// By signal number; entry 0 means nothing.
  var actions: [SignalAction] = SignalHandlers.initial
  private static let initial = Array(repeating: SignalAction(), count: 65)
}

public struct SignalAction: Equatable, Sendable {
  public enum Handler: Equatable, Sendable {
    case standard, ignore
    /// A function of the script, by the number that the machine gave it.
    case function(Int64)
  }
  public internal(set) var handler = Handler.standard
  public internal(set) var flags: Int32 = 0
  public internal(set) var mask = SignalSet()

  static let noChildStop: Int32 = 1, noChildWait: Int32 = 2, sigInfo: Int32 = 4
  static let restart: Int32 = 0x1000_0000, noDefer: Int32 = 0x4000_0000, resetHandler = Int32(bitPattern: 0x8000_0000)
}

/// One level of what a task goes back to after a call.
enum Return {
  /// The call's answer.
  case reply(Reply, [UInt8])
  /// A call that a signal cut short: it is performed again, or answers EINTR, as the signal's action says.
  case interrupted(ID<Call>)
  /// A handler that has been set up.
  case handler(SignalFrame)
}

/// A handler about to run, or running. Linux: struct rt_sigframe.
public struct SignalFrame: Sendable {
  public internal(set) var function: Int64
  public internal(set) var info: SignalInfo
  var maskAfterwards: SignalSet
  var hasStarted = false
}

extension Kernel {
  func action(_ signal: Int32, of task: TaskID) -> SignalAction { signalHandlers[tasks[task].handlers].actions[Int(signal)] }

  /// Sends a signal to a process. Linux: send_signal_locked() with PIDTYPE_TGID.
  mutating func send(_ info: SignalInfo, to process: ID<Process>) {
    guard let first = processes[process].firstThread, case .running = liveliness(process) else { return }
    guard prepare(info, for: first, process) else { return }
    processes[process].signals.pending.add(info)
    // The first thread that has it unblocked is woken, the main one by preference.
    var next: TaskID? = first
    while let task = next {
      next = tasks[task].nextThread
      guard tasks[task].state != .dead else { continue }
      if !tasks[task].signals.blocked.contains(signal: info.signal) {
        notice(task, isFatal: isFatal(info.signal, for: task))
        return
      }
    }
  }

  /// Sends a signal to one thread. Linux: send_signal_locked() with PIDTYPE_PID.
  mutating func send(_ info: SignalInfo, toThread task: TaskID) {
    guard tasks[task].state != .dead, prepare(info, for: task, tasks[task].process) else { return }
    tasks[task].signals.pending.add(info)
    if !tasks[task].signals.blocked.contains(signal: info.signal) { notice(task, isFatal: isFatal(info.signal, for: task)) }
  }

  /// A signal that the kernel raises in the task itself, such as SIGSEGV: neither blocked nor ignored.
  mutating func force(_ info: SignalInfo, on task: TaskID) {
    let handlers = tasks[task].handlers, signal = Int(info.signal)
    let isBlocked = tasks[task].signals.blocked.contains(signal: info.signal)
    if isBlocked || signalHandlers[handlers].actions[signal].handler == .ignore {
      signalHandlers[handlers].actions[signal].handler = .standard
      tasks[task].signals.blocked.remove(SignalSet(info.signal))
    }
    tasks[task].signals.pending.add(info)
    notice(task, isFatal: true)
  }

  private enum Liveliness { case running, ended }
  private func liveliness(_ process: ID<Process>) -> Liveliness {
    if case .zombie = processes[process].status { return .ended }
    return .running
  }

  /// Side effects of sending, and whether the signal is to be queued at all. Linux: prepare_signal(), sig_ignored().
  private mutating func prepare(_ info: SignalInfo, for task: TaskID, _ process: ID<Process>) -> Bool {
    let set = SignalSet(info.signal)
    if Signal.stops.contains(set) {
      discard([SignalSet(Signal.cont)], of: process)
    } else if info.signal == Signal.cont {
      discard(Signal.stops, of: process)
      resumeStopped(process)
    }
    if tasks[task].signals.blocked.contains(set) { return true }
    switch action(info.signal, of: task).handler {
    case .ignore: return false
    case .standard:
      if processes[process].signals.isUnkillable { return false }
      return !Signal.ignoredByDefault.contains(set)
    case .function: return true
    }
  }

  private mutating func discard(_ unwanted: SignalSet, of process: ID<Process>) {
    processes[process].signals.pending.discard(unwanted)
    for task in threads(of: process) { tasks[task].signals.pending.discard(unwanted) }
  }

  /// Whether a signal ends the process at once. Linux: sig_fatal().
  private func isFatal(_ signal: Int32, for task: TaskID) -> Bool {
    if signal == Signal.kill { return true }
    let set = SignalSet(signal)
    return action(signal, of: task).handler == .standard && !Signal.ignoredByDefault.contains(set) && !Signal.stops.contains(set)
  }

  /// Makes a task look at its signals: at the end of its call, or now if it sleeps. Linux: signal_wake_up().
  mutating func notice(_ task: TaskID, isFatal: Bool) {
    tasks[task].needsAttention = true
    switch tasks[task].state {
    case .blocked:
      guard let call = tasks[task].call else { return }
      if calls[call].context.interruption == .killable && !isFatal { return }
      calls[call].context.isInterrupted = true
      makeRunnable(task)
    case .stopped:
      if let call = tasks[task].call { calls[call].context.isInterrupted = true }
      if isFatal || tasks[task].signals.pending.mask.contains(signal: Signal.kill)
        || processes[tasks[task].process].signals.pending.mask.contains(signal: Signal.kill)
      {
        guard isKilled(task) else { return }
        tasks[task].state = .runnable
        enqueue(task)
      }
    case .settling:
      settling.removeAll { $0 == task }
      tasks[task].state = .runnable
      enqueue(task)
    case .runnable, .dead: break
    }
  }

  private func isKilled(_ task: TaskID) -> Bool {
    tasks[task].signals.pending.mask.contains(signal: Signal.kill)
      || processes[tasks[task].process].signals.pending.mask.contains(signal: Signal.kill)
  }

  /// The signals that could be delivered to the task now.
  func deliverable(_ task: TaskID) -> SignalSet {
    tasks[task].signals.pending.mask.union(processes[tasks[task].process].signals.pending.mask)
      .subtracting(tasks[task].signals.blocked)
  }

  /// To be called when a mask or a pending set changed. Linux: recalc_sigpending().
  mutating func recalculateAttention(_ task: TaskID) {
    tasks[task].needsAttention =
      !deliverable(task).isEmpty || tasks[task].signals.savedMask != nil || !tasks[task].signals.returns.isEmpty
      || processes[tasks[task].process].groupExitStatus != nil
  }

  mutating func setBlocked(_ set: SignalSet, of task: TaskID) {
    tasks[task].signals.blocked = set.subtracting(Signal.unmaskable)
    recalculateAttention(task)
  }

  /// Takes the next signal to deliver: the task's own before its process'. Linux: dequeue_signal().
  mutating func takeSignal(_ task: TaskID, in wanted: SignalSet) -> SignalInfo? {
    if let own = tasks[task].signals.pending.take(wanted) { return own }
    return processes[tasks[task].process].signals.pending.take(wanted)
  }

  /// SIGPIPE, as a write to a pipe or socket without a reader raises it.
  mutating func sendPipeSignal(to task: TaskID) {
    send(SignalInfo(signal: Signal.pipe, code: SignalInfo.user, pid: tasks[task].tid, uid: tasks[task].credentials.uid), toThread: task)
  }
}
