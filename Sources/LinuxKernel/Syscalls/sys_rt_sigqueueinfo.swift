extension Syscall {
  /// rt_sigqueueinfo(2), as sigqueue(3). Linux: kernel/signal.c.
  static let sigqueue = Syscall(
    129, "sigqueue", "Queues a signal with a value to a process.",
    c: "int sigqueue(pid_t pid, int sig, const union sigval value)",
    raw: "int rt_sigqueueinfo(pid_t pid, int sig, siginfo_t *info)",
    Param<Int32>("pid"), Param<SignalNumber>("sig"), Param<Int>("value", default: 0),
    returns: "zero",
    errors: [
      .EAGAIN: "RLIMIT_SIGPENDING is reached", .EINVAL: "sig is no signal", .EPERM: "the caller may not send it",
      .ESRCH: "no such process exists",
    ]
  ) { (kernel: inout Kernel, me: TaskID, pid: Int32, signal: SignalNumber, value: Int) throws(Stop) -> Done in
    var info = kernel.sender(me, signal: signal.rawValue, code: SignalInfo.queue)
    info.value = Int64(value)
    try kernel.sendChecked(info, toPID: pid, by: me)
    return Done()
  }

  /// rt_tgsigqueueinfo(2).
  static let rtTgsigqueueinfo = Syscall(
    297, "rt_tgsigqueueinfo", "Sends a signal with any information to a thread.",
    c: "int rt_tgsigqueueinfo(pid_t tgid, pid_t tid, int sig, siginfo_t *info)",
    Param<Int32>("tgid"), Param<Int32>("tid"), Param<SignalNumber>("sig"), Param<SignalInfo>("info"),
    returns: "zero",
    errors: [
      .EAGAIN: "RLIMIT_SIGPENDING is reached", .EFAULT: "info lies outside the caller's memory",
      .EINVAL: "an id is not above 0, or sig is no signal",
      .EPERM: "si_code pretends to come from the kernel or from kill, or the caller may not send it",
      .ESRCH: "no such thread is in that process",
    ]
  ) {
    (kernel: inout Kernel, me: TaskID, tgid: Int32, tid: Int32, signal: SignalNumber, info: SignalInfo)
      throws(Stop) -> Done in
    guard tid > 0, tgid > 0 else { throw .errno(.EINVAL) }
    // Only to oneself may one pretend to be the kernel, kill or tgkill.
    if info.code >= 0 || info.code == SignalInfo.tkill, kernel.tasks[me].tid != tid { throw .errno(.EPERM) }
    var info = info
    info.signal = signal.rawValue
    try kernel.send(info, toThread: tid, ofProcess: tgid, by: me)
    return Done()
  }
}

extension SignalInfo: Argument {
  public static var kind: ArgumentKind { .structure(.siginfo) }
  public static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> SignalInfo {
    try raw.structure(128, &kernel, me).withByteView { SignalInfo($0) }
  }
}
