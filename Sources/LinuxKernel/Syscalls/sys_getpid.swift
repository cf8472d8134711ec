extension Syscall {
  /// getpid(2). Linux: kernel/sys.c.
  static let getpid = Syscall(
    39, "getpid", "Returns the caller's process id.", c: "pid_t getpid(void)", returns: "pid"
  ) { (kernel: inout Kernel, me: TaskID) throws(Stop) -> Int in Int(kernel.processes[kernel.tasks[me].process].pid) }

  static let getppid = Syscall(
    110, "getppid", "Returns the process id of the caller's parent, 0 for init.", c: "pid_t getppid(void)",
    returns: "pid"
  ) { (kernel: inout Kernel, me: TaskID) throws(Stop) -> Int in
    guard let parent = kernel.processes[kernel.tasks[me].process].parent else { return 0 }
    return Int(kernel.processes[parent].pid)
  }

  /// gettid(2).
  static let gettid = Syscall(
    186, "gettid", "Returns the caller's thread id.", c: "pid_t gettid(void)", returns: "tid"
  ) { (kernel: inout Kernel, me: TaskID) throws(Stop) -> Int in Int(kernel.tasks[me].tid) }
}
