extension Syscall {
  /// sched_yield(2). Linux: kernel/sched/syscalls.c.
  static let schedYield = Syscall(
    24, "sched_yield", "Lets all other tasks that can run go first.", c: "int sched_yield(void)", returns: "zero"
  ) { (kernel: inout Kernel, me: TaskID) throws(Stop) -> Done in
    if !kernel.current.isRetry, kernel.canSleep, !kernel.runQueue.isEmpty { throw .yield }
    return Done()
  }
}
