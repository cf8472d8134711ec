extension Syscall {
  /// fork(2). Linux: kernel/fork.c. The new task starts at the function given.
  static let fork = Syscall(
    57, "fork", "Creates a child process that runs a function and exits with what it returns.",
    c: "pid_t fork(void)",
    Param<TaskFunction>("fn"),
    returns: "pid",
    errors: [.EAGAIN: "no pid is free, or RLIMIT_NPROC is reached"]
  ) { (kernel: inout Kernel, me: TaskID, _: TaskFunction) throws(Stop) -> SpawnedTask in
    SpawnedTask(id: try kernel.clone([], exitSignal: Signal.chld, by: me))
  }
}

/// The function that a new task runs. It stays with the machine; the kernel only sees that there is one.
struct TaskFunction: Argument {
  static var kind: ArgumentKind { .function }
  static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> TaskFunction { TaskFunction() }
}

/// A new task, told to the machine and answered as its pid.
struct SpawnedTask: Returned {
  let id: TaskID
  static var results: [ResultKind] { [.integer] }
  func store(_ kernel: inout Kernel) {
    kernel.spawned = id
    kernel.reply.words[0] = Int64(kernel.tasks[id].tid)
  }
}
