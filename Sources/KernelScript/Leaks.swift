import LinuxKernel

extension Machine {
  /// What the running task's process has open besides the console, and which other tasks there are; nil for nothing.
  func leaks(_ core: UnsafeMutablePointer<Core>) -> String? {
    let own = core.pointee.kernel.describe(core.pointee.current)
    let files = own.descriptors.filter { $0.number > 2 }.map { "  fd \($0.number)  \($0.name)" }
    let others = core.pointee.kernel.taskIDs.filter { $0 != core.pointee.current }.map { task in
      let view = core.pointee.kernel.describe(task)
      return "  task \(view.tid)  " + (view.call ?? view.state)
    }
    guard !files.isEmpty || !others.isEmpty else { return nil }
    let shown = files + others
    return
      (["left behind (--leaks):"] + shown.prefix(20) + (shown.count > 20 ? ["  ... and \(shown.count - 20) more"] : []))
      .joined(separator: "\n")
  }
}
