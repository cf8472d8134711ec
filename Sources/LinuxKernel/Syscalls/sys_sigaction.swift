extension Syscall {
  /// rt_sigaction(2), as sigaction(3). Linux: kernel/signal.c, do_sigaction().
  static let sigaction = Syscall(
    13, "sigaction", "Sets what a signal does, and returns what it did.",
    c: "int sigaction(int signum, const struct sigaction *_Nullable act, struct sigaction *_Nullable oldact)",
    raw: "int rt_sigaction(int signum, const struct sigaction *act, struct sigaction *oldact, size_t sigsetsize)",
    Param<SignalNumber>("signum"), Param<SignalAction?>(optional: "act"),
    returns: "oldact",
    errors: [
      .EFAULT: "act lies outside the caller's memory",
      .EINVAL: "signum is no signal, or act is given for SIGKILL or SIGSTOP",
    ]
  ) { (kernel: inout Kernel, me: TaskID, number: SignalNumber, action: SignalAction?) throws(Stop) -> SignalAction in
    let signal = number.rawValue
    guard signal >= 1, signal <= Signal.last else { throw .errno(.EINVAL) }
    let set = SignalSet(signal), process = kernel.process(of: me)
    let old = kernel.action(signal, of: process)
    guard let action else { return old }
    guard !Signal.unmaskable.contains(set) else { throw .errno(.EINVAL) }
    try kernel.setAction(signal, action, of: process, old: old)
    return old
  }
}

extension Kernel {
  fileprivate mutating func setAction(
    _ signal: Int32, _ action: SignalAction, of process: ID<Process>, old: SignalAction
  ) throws(Stop) {
    let set = SignalSet(signal)
    var action = action
    // Bits that no kernel knows are cleared, not refused: that is how SA_UNSUPPORTED lets programs ask.
    action.flags &= SignalAction.knownFlags
    action.mask.subtract(Signal.unmaskable)
    signalHandlers[processes[process].handlers].actions[Int(signal)] = action
    // What is ignored now is not kept from before, blocked or not (POSIX 3.3.1.3).
    let wasIgnored = SignalAction.isIgnored(old.handler, set)
    if SignalAction.isIgnored(action.handler, set) {
      discard(set, of: process)
    } else if wasIgnored {
      timersUnignore(signal, of: process)
    }
    var next = processes[process].firstThread
    while let task = next {
      next = tasks[task].nextThread
      if tasks[task].state != .dead { recalculateAttention(task) }
    }
  }
}

extension SignalAction {
  /// Linux: UAPI_SA_FLAGS, with SA_RESTORER, SA_ONSTACK, SA_EXPOSE_TAGBITS as x86-64 has them.
  static let knownFlags = Int32(bitPattern: 0xDC00_0007)

  /// Linux: sig_handler_ignored().
  static func isIgnored(_ handler: Handler, _ set: SignalSet) -> Bool {
    handler == .ignore || handler == .standard && Signal.ignoredByDefault.contains(set)
  }
}
