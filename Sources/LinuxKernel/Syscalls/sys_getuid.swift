extension Syscall {
  /// getuid(2). Linux: kernel/sys.c.
  static let getuid = Syscall(
    102, "getuid", "Returns the caller's real user id.", c: "uid_t getuid(void)", returns: "uid"
  ) { (kernel: inout Kernel, me: TaskID) throws(Stop) -> Int in Int(kernel.tasks[me].credentials.uid) }

  /// geteuid(2).
  static let geteuid = Syscall(
    107, "geteuid", "Returns the caller's effective user id.", c: "uid_t geteuid(void)", returns: "uid"
  ) { (kernel: inout Kernel, me: TaskID) throws(Stop) -> Int in Int(kernel.tasks[me].credentials.euid) }
}
