extension Syscall {
  /// umask(2). Linux: kernel/sys.c.
  static let umask = Syscall(
    95, "umask", "Sets the bits that new files do not get, and returns the old ones.", c: "mode_t umask(mode_t mask)",
    Param<Mode>("mask"), returns: "old"
  ) { (kernel: inout Kernel, me: TaskID, mask: Mode) throws(Stop) -> Int in
    let context = kernel.tasks[me].fileSystem
    defer { kernel.fileSystemContexts[context].umask = mask.bits & 0o777 }
    return Int(kernel.fileSystemContexts[context].umask)
  }
}
