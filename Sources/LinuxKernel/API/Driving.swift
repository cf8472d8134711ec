// What a script that drives a kernel needs to see of it.

extension Kernel {
  /// Whether a task that `schedule` picked earlier can still go on.
  public func isRunnable(_ task: TaskID) -> Bool { tasks.contains(task) && tasks[task].state == .runnable }

  /// Whether the process of a task has ended; it may be waiting for its parent still.
  public func hasEnded(_ task: TaskID) -> Bool { !tasks.contains(task) || status(of: task) != nil }
}
