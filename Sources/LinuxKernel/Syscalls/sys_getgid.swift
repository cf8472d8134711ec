extension Syscall {
  /// getgid(2). Linux: kernel/sys.c.
  static let getgid = Syscall(
    104, "getgid", "Returns the caller's real group id.", c: "gid_t getgid(void)", returns: "gid"
  ) { (kernel: inout Kernel, me: TaskID) throws(Stop) -> Int in Int(kernel.tasks[me].credentials.gid) }

  /// getegid(2).
  static let getegid = Syscall(
    108, "getegid", "Returns the caller's effective group id.", c: "gid_t getegid(void)", returns: "gid"
  ) { (kernel: inout Kernel, me: TaskID) throws(Stop) -> Int in Int(kernel.tasks[me].credentials.egid) }
}
