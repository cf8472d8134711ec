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
  static let hup: Int32 = 1, int: Int32 = 2, quit: Int32 = 3, ill: Int32 = 4, trap: Int32 = 5, abrt: Int32 = 6,
    bus: Int32 = 7
  static let fpe: Int32 = 8, kill: Int32 = 9, usr1: Int32 = 10, segv: Int32 = 11, usr2: Int32 = 12, pipe: Int32 = 13
  static let alrm: Int32 = 14, term: Int32 = 15, chld: Int32 = 17, cont: Int32 = 18, stop: Int32 = 19, tstp: Int32 = 20
  static let ttin: Int32 = 21, ttou: Int32 = 22, urg: Int32 = 23, xcpu: Int32 = 24, xfsz: Int32 = 25, vtalrm: Int32 = 26
  static let winch: Int32 = 28, io: Int32 = 29, sys: Int32 = 31
  static let firstRealTime: Int32 = 32, last: Int32 = 64

  static let stops: SignalSet = [SignalSet(stop), SignalSet(tstp), SignalSet(ttin), SignalSet(ttou)]
  static let ignoredByDefault: SignalSet = [SignalSet(cont), SignalSet(chld), SignalSet(winch), SignalSet(urg)]
  /// Those whose default action writes a core file.
  static let dumpsCore: SignalSet = [
    SignalSet(quit), SignalSet(ill), SignalSet(trap), SignalSet(abrt), SignalSet(bus), SignalSet(fpe), SignalSet(segv),
    SignalSet(sys), SignalSet(xcpu), SignalSet(xfsz),
  ]
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
  /// Which setting of the POSIX timer sent it; 0 for a signal of any other origin.
  var timerSequence: UInt32 = 0
  var isOwnedByTimer: Bool { timerSequence != 0 }
  public internal(set) var overrun: Int32 = 0
  public internal(set) var errno: Int32 = 0
  /// si_addr of a fault, which stands where others have si_pid and si_uid.
  public internal(set) var address: UInt64 {
    get { UInt64(uid) << 32 | UInt64(UInt32(bitPattern: pid)) }
    set { (pid, uid) = (Int32(truncatingIfNeeded: newValue), UInt32(newValue >> 32)) }
  }

  /// SI_USER, SI_KERNEL and so on.
  static let user: Int32 = 0, kernel: Int32 = 0x80, queue: Int32 = -1, timer: Int32 = -2, mesgq: Int32 = -3,
    tkill: Int32 = -6
  /// CLD_EXITED and so on, of SIGCHLD.
  static let exited: Int32 = 1, killed: Int32 = 2, dumped: Int32 = 3, stopped: Int32 = 5, continued: Int32 = 6
}

/// Signals that wait to be delivered. Linux: struct sigpending.
struct PendingSignals {
  var mask = SignalSet()
  /// What is known about them, oldest first. A signal may be in `mask` alone: there was no room for its information.
  var queue: [SignalInfo] = []

  mutating func add(_ info: SignalInfo) {
    // A standard signal that is already pending is not queued again; real-time ones all are.
    if isMerged(info.signal) { return }
    enqueue(info)
  }

  /// Whether one more of the signal makes no difference. Linux: legacy_queue().
  func isMerged(_ signal: Int32) -> Bool { signal < Signal.firstRealTime && mask.contains(signal: signal) }

  /// Queues it in any case, as the one entry that a POSIX timer owns is.
  mutating func enqueue(_ info: SignalInfo) {
    mask.insert(SignalSet(info.signal))
    queue.append(info)
  }

  /// Makes a signal pending of which nothing more is known.
  mutating func addBare(_ signal: Int32) { mask.insert(SignalSet(signal)) }

  /// Takes out the next of those in `wanted`: faults first, then the lowest number, then the oldest.
  mutating func take(_ wanted: SignalSet) -> SignalInfo? {
    let ready = mask.intersection(wanted)
    guard !ready.isEmpty else { return nil }
    let faults = ready.intersection(Signal.synchronous)
    let signal = Int32((faults.isEmpty ? ready : faults).rawValue.trailingZeroBitCount) + 1
    guard let index = queue.firstIndex(where: { $0.signal == signal }) else {
      mask.remove(SignalSet(signal))
      return SignalInfo(signal: signal, code: SignalInfo.user)
    }
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
  /// What was blocked before sigtimedwait let it through for its sleep: such a signal is never ignored nor fatal.
  var reallyBlocked = SignalSet()
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
  /// Where those sleep who read or poll a signalfd; made by the first. Linux: signalfd_wqh.
  var signalArrived: ID<WaitQueue>?
  /// By signal number; entry 0 means nothing.
  var actions: [SignalAction]

  init(actions: [SignalAction] = SignalHandlers.initial) { self.actions = actions }
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
  /// An access to memory that faulted: the task makes it again.
  case access
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
