extension Syscall {
  /// fork(2). Linux: kernel/fork.c. The new task starts at the function given.
  static let fork = Syscall(
    57, "fork", "Creates a child process that runs a function and exits with what it returns.",
    c: "pid_t fork(void)",
    Param<TaskFunction>("fn"),
    returns: "pid",
    errors: [.EAGAIN: "no pid is free, or RLIMIT_NPROC is reached"]
  ) { (kernel: inout Kernel, me: TaskID, _: TaskFunction) throws(Stop) -> SpawnedTask in
    let child = try kernel.clone([], exitSignal: Signal.chld, by: me)
    return SpawnedTask(id: child, tid: kernel.tasks[child].tid)
  }

  /// vfork(2).
  static let vfork = Syscall(
    58, "vfork", "Creates a child process that shares the caller's memory, and waits for its end.",
    c: "pid_t vfork(void)",
    Param<TaskFunction>("fn"),
    returns: "pid",
    errors: [.EAGAIN: "no pid is free, or RLIMIT_NPROC is reached"]
  ) { (kernel: inout Kernel, me: TaskID, _: TaskFunction) throws(Stop) -> SpawnedTask in
    if let child = try kernel.endedVforkChild() { return child }
    if !kernel.canSleep { throw .sleep(until: .max) }
    try kernel.awaitVforkChild(try kernel.clone([.vm, .vfork], exitSignal: Signal.chld, by: me), me)
  }
}

extension Kernel {
  /// Waits for the end of a child just made; only a fatal signal ends that. Linux: wait_for_vfork_done().
  mutating func awaitVforkChild(_ child: TaskID, _ me: TaskID) throws(Stop) -> Never {
    tasks[child].vforkParent = me
    current.vforkChild = (child, tasks[child].tid)
    spawned = child
    throw .sleep(until: .max, interruption: .killable)
  }

  /// The child whose end this call has waited for; nil where it has not yet made one.
  func endedVforkChild() throws(Stop) -> SpawnedTask? {
    guard let child = current.vforkChild else { return nil }
    if tasks.contains(child.task), tasks[child.task].state != .dead, tasks[child.task].vforkParent != nil {
      throw .sleep(until: .max, interruption: .killable)
    }
    return SpawnedTask(id: nil, tid: child.pid)
  }
}

/// The function that a new task runs. It stays with the machine; the kernel only sees that there is one.
struct TaskFunction: Argument {
  static var kind: ArgumentKind { .function }
  static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> TaskFunction {
    TaskFunction()
  }
}

/// A new task, told to the machine unless it knows, and answered as its pid.
struct SpawnedTask: Returned {
  let id: TaskID?
  let tid: Int32
  static var results: [ResultKind] { [.integer] }
  func store(_ kernel: inout Kernel) {
    if let id { kernel.spawned = id }
    kernel.reply.words[0] = Int64(tid)
  }
}
