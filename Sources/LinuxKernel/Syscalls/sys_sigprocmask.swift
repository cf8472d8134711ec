extension Syscall {
  /// rt_sigprocmask(2), as sigprocmask(3). Linux: kernel/signal.c.
  static let sigprocmask = Syscall(
    14, "sigprocmask", "Changes the set of blocked signals, and returns what it was.",
    c: "int sigprocmask(int how, const sigset_t *_Nullable set, sigset_t *_Nullable oldset)",
    raw: "int rt_sigprocmask(int how, const sigset_t *set, sigset_t *oldset, size_t sigsetsize)",
    Param<MaskChange>("how"), Param<SignalMask?>(optional: "set"),
    returns: "oldset",
    errors: [.EFAULT: "set lies outside the caller's memory", .EINVAL: "how is unknown"]
  ) { (kernel: inout Kernel, me: TaskID, how: MaskChange, mask: SignalMask?) throws(Stop) -> SignalSet in
    let old = kernel.tasks[me].signals.blocked
    guard let set = mask?.set else { return old }
    switch how {
    case .block: kernel.setBlocked(old.union(set), of: me)
    case .unblock: kernel.setBlocked(old.subtracting(set), of: me)
    case .set: kernel.setBlocked(set, of: me)
    default: throw .errno(.EINVAL)
    }
    return old
  }

  /// rt_sigpending(2), as sigpending(3).
  static let sigpending = Syscall(
    127, "sigpending", "Returns the signals that are blocked and pending.",
    c: "int sigpending(sigset_t *set)", raw: "int rt_sigpending(sigset_t *set, size_t sigsetsize)", returns: "set"
  ) { (kernel: inout Kernel, me: TaskID) throws(Stop) -> SignalSet in
    kernel.pending(me).intersection(kernel.tasks[me].signals.blocked)
  }
}

/// How a mask is changed. Linux: include/uapi/asm-generic/signal-defs.h.
struct MaskChange: Choice, Equatable {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let block = MaskChange(rawValue: 0), unblock = MaskChange(rawValue: 1), set = MaskChange(rawValue: 2)
  static let names = NameSet("how", .values, ["SIG_BLOCK": 0, "SIG_UNBLOCK": 1, "SIG_SETMASK": 2])
}
