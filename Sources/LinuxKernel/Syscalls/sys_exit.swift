extension Syscall {
  /// _exit(2). Linux: kernel/exit.c.
  static let exit = Syscall(
    60, "exit", "Ends the calling thread.",
    c: "[[noreturn]] void exit(int status)",
    Param<Int32>("status", default: 0),
    returns: "never"
  ) { (kernel: inout Kernel, me: TaskID, status: Int32) throws(Stop) -> Done in
    kernel.endTask(me, status: (status & 0xff) << 8)
    throw .ended
  }

  /// exit_group(2). Linux: kernel/exit.c, do_group_exit().
  static let exitGroup = Syscall(
    231, "exit_group", "Ends all threads of the calling process.",
    c: "[[noreturn]] void exit_group(int status)",
    Param<Int32>("status", default: 0),
    returns: "never"
  ) { (kernel: inout Kernel, me: TaskID, status: Int32) throws(Stop) -> Done in
    kernel.endProcess(kernel.process(of: me), status: (status & 0xff) << 8)
    kernel.endTask(me)
    throw .ended
  }
}
