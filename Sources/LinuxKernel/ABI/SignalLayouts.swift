// What calls about signals take and give. Linux: include/uapi/asm-generic/siginfo.h, include/uapi/linux/signalfd.h.

extension Layout {
  /// siginfo_t: a union, so that si_timerid is si_pid by another name, and si_int the lower half of si_value.
  static let siginfo = Layout(
    "siginfo", size: 128,
    [
      Field("si_signo", 0, .i32), Field("si_errno", 4, .i32), Field("si_code", 8, .i32), Field("si_pid", 16, .i32),
      Field("si_uid", 20, .u32), Field("si_status", 24, .i32), Field("si_value", 24, .i64), Field("si_int", 24, .i32),
      Field("si_timerid", 16, .i32), Field("si_overrun", 20, .i32), Field("si_addr", 16, .u64),
      Field("si_band", 16, .i64), Field("si_fd", 24, .i32), Field("si_utime", 32, .i64), Field("si_stime", 40, .i64),
    ])

  static let signalfdSiginfo = Layout(
    "signalfd_siginfo", size: 128,
    [
      Field("ssi_signo", 0, .u32), Field("ssi_errno", 4, .i32), Field("ssi_code", 8, .i32), Field("ssi_pid", 12, .u32),
      Field("ssi_uid", 16, .u32), Field("ssi_fd", 20, .i32), Field("ssi_tid", 24, .u32), Field("ssi_band", 28, .u32),
      Field("ssi_overrun", 32, .u32), Field("ssi_trapno", 36, .u32), Field("ssi_status", 40, .i32),
      Field("ssi_int", 44, .i32), Field("ssi_ptr", 48, .u64), Field("ssi_utime", 56, .u64),
      Field("ssi_stime", 64, .u64),
      Field("ssi_addr", 72, .u64), Field("ssi_addr_lsb", 80, .u16),
    ])

  static let sigevent = Layout(
    "sigevent", size: 64,
    [
      Field("sigev_value", 0, .i64), Field("sigev_signo", 8, .i32, names: SignalNames.names),
      Field("sigev_notify", 12, .i32, names: SignalEvent.notifyNames), Field("sigev_notify_thread_id", 16, .i32),
    ])
}

extension SignalInfo {
  /// The 128 bytes of siginfo_t.
  public func append(to output: ByteBuffer) {
    output.append(signal)
    output.append(errno)
    output.append(code)
    output.append(zeros: 4)
    output.append(code == SignalInfo.timer ? timer : pid)
    output.append(code == SignalInfo.timer ? UInt32(bitPattern: overrun) : uid)
    output.append(value != 0 ? value : Int64(UInt32(bitPattern: status)))
    output.append(zeros: 96)
  }

  /// siginfo_t as a caller hands it over, for the calls that send any.
  package init(_ view: ByteView) {
    self.init(signal: view.load(at: 0), code: view.load(at: 8))
    errno = view.load(at: 4)
    pid = view.load(at: 16)
    uid = view.load(at: 20)
    value = view.load(at: 24)
    if code == SignalInfo.timer {
      timer = pid
      overrun = Int32(bitPattern: uid)
    }
  }

  /// The 128 bytes of struct signalfd_siginfo. Linux: signalfd_copyinfo().
  func appendForDescriptor(to output: ByteBuffer) {
    output.append(signal)
    output.append(errno)
    output.append(code)
    let isTimer = code == SignalInfo.timer, isChild = signal == Signal.chld && code > 0
    output.append(isTimer ? 0 : pid)
    output.append(isTimer ? 0 : uid)
    output.append(zeros: 4)
    output.append(isTimer ? timer : 0)
    output.append(zeros: 4)
    output.append(isTimer ? overrun : 0)
    output.append(zeros: 4)
    output.append(isChild ? status : 0)
    let carried = isChild || code == SignalInfo.user ? 0 : value
    output.append(Int32(truncatingIfNeeded: carried))
    output.append(carried)
    output.append(zeros: 72)
  }
}

/// A set of signals in the caller's hands: sigset_t, 8 bytes.
struct SignalMask: Argument {
  var set: SignalSet
  static var kind: ArgumentKind { .signalSet }
  static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> SignalMask {
    let bits: UInt64 = try raw.structure(8, &kernel, me).withByteView { $0.load(at: 0) }
    return SignalMask(set: SignalSet(rawValue: bits))
  }
}

extension SignalSet: Returned {
  static var results: [ResultKind] { [.signalSet] }
  func store(_ kernel: inout Kernel) {
    kernel.reply.words[0] = Int64(bitPattern: rawValue)
    kernel.output.append(rawValue)
  }
}

/// What a signal does, in 32 bytes: the handler's number (0 SIG_DFL, 1 SIG_IGN, else a function of the machine's),
/// flags and mask.
extension SignalAction: Argument, Returned {
  public static var kind: ArgumentKind { .signalAction }
  static var results: [ResultKind] { [.signalAction] }

  public static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> SignalAction {
    try raw.structure(32, &kernel, me).withByteView { view in
      var action = SignalAction()
      switch view.load(Int64.self, at: 0) {
      case 0: action.handler = .standard
      case 1: action.handler = .ignore
      case let function: action.handler = .function(function)
      }
      action.flags = Int32(truncatingIfNeeded: view.load(UInt64.self, at: 8))
      action.mask = SignalSet(rawValue: view.load(at: 16))
      return action
    }
  }

  func store(_ kernel: inout Kernel) {
    let number: Int64 =
      switch handler {
      case .standard: 0
      case .ignore: 1
      case .function(let function): function
      }
    kernel.output.append(number)
    kernel.output.append(UInt64(UInt32(bitPattern: flags)))
    kernel.output.append(mask.rawValue)
    kernel.output.append(zeros: 8)
  }

  /// The names of `sa_flags`.
  public static let flagNames = NameSet(
    "signal action flags", .bits,
    [
      "SA_NOCLDSTOP": 1, "SA_NOCLDWAIT": 2, "SA_SIGINFO": 4, "SA_RESTORER": 0x400_0000, "SA_ONSTACK": 0x800_0000,
      "SA_RESTART": 0x1000_0000, "SA_NODEFER": 0x4000_0000, "SA_RESETHAND": 0x8000_0000,
    ])
}

extension SignalInfo {
  /// What `si_code` can be.
  public static let codeNames = NameSet(
    "signal code", .values,
    [
      "SI_USER": 0, "SI_KERNEL": 0x80, "SI_QUEUE": -1, "SI_TIMER": -2, "SI_MESGQ": -3, "SI_ASYNCIO": -4, "SI_SIGIO": -5,
      "SI_TKILL": -6, "CLD_EXITED": 1, "CLD_KILLED": 2, "CLD_DUMPED": 3, "CLD_TRAPPED": 4, "CLD_STOPPED": 5,
      "CLD_CONTINUED": 6,
    ])
}

/// How a timer or queue tells that something happened. Linux: struct sigevent.
struct SignalEvent: Argument {
  static let signal: Int32 = 0, none: Int32 = 1, thread: Int32 = 2, threadID: Int32 = 4
  static let notifyNames = NameSet(
    "sigev_notify", .values, ["SIGEV_SIGNAL": 0, "SIGEV_NONE": 1, "SIGEV_THREAD": 2, "SIGEV_THREAD_ID": 4])

  var value: Int64
  var signal: Int32
  var notify: Int32
  var threadID: Int32

  static var kind: ArgumentKind { .structure(.sigevent) }
  static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> SignalEvent {
    try raw.structure(64, &kernel, me).withByteView {
      SignalEvent(value: $0.load(at: 0), signal: $0.load(at: 8), notify: $0.load(at: 12), threadID: $0.load(at: 16))
    }
  }
}

/// A signal that was taken, and what came with it.
struct TakenSignal: Returned {
  let info: SignalInfo
  static var results: [ResultKind] { [.integer, .structure(.siginfo)] }
  func store(_ kernel: inout Kernel) {
    kernel.reply.words[0] = Int64(info.signal)
    info.append(to: kernel.output)
  }
}

extension SignalInfo: Returned {
  static var results: [ResultKind] { [.structure(.siginfo)] }
  func store(_ kernel: inout Kernel) { append(to: kernel.output) }
}
