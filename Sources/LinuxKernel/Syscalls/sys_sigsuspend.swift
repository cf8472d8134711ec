extension Syscall {
  /// rt_sigsuspend(2), as sigsuspend(3). Linux: kernel/signal.c, sigsuspend().
  static let sigsuspend = Syscall(
    130, "sigsuspend", "Sleeps with another set of blocked signals until a handler has run.",
    c: "int sigsuspend(const sigset_t *mask)",
    raw: "int rt_sigsuspend(const sigset_t *mask, size_t sigsetsize)",
    Param<SignalMask>("mask"),
    returns: "never",
    errors: [.EFAULT: "mask lies outside the caller's memory", .EINTR: "a handler has run"]
  ) { (kernel: inout Kernel, me: TaskID, mask: SignalMask) throws(Stop) -> Done in
    // The mask to go back to is kept until a handler's frame takes it over, or the call ends.
    if kernel.tasks[me].signals.savedMask == nil {
      kernel.tasks[me].signals.savedMask = kernel.tasks[me].signals.blocked
      kernel.setBlocked(mask.set, of: me)
    }
    throw .sleep(until: .max)
  }

  /// pause(2). Linux: kernel/signal.c.
  static let pause = Syscall(
    34, "pause", "Sleeps until a handler has run.", c: "int pause(void)", returns: "never",
    errors: [.EINTR: "a handler has run"]
  ) { (kernel: inout Kernel, me: TaskID) throws(Stop) -> Done in throw .sleep(until: .max) }
}
