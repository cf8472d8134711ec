extension Syscall {
  /// pipe(2). Linux: fs/pipe.c, do_pipe2().
  static let pipe2 = Syscall(
    293, "pipe2", "Creates a pipe and returns its read end and its write end.",
    c: "int pipe2(int pipefd[2], int flags)",
    Param<OpenFlags>("flags", default: 0),
    returns: "reader", "writer",
    errors: [
      .EINVAL: "flags holds another bit than O_CLOEXEC, O_NONBLOCK and O_DIRECT",
      .EMFILE: "fewer than two descriptors are left below RLIMIT_NOFILE",
    ]
  ) { (kernel: inout Kernel, me: TaskID, flags: OpenFlags) throws(Stop) -> FDPair in
    guard flags.isSubset(of: [.cloexec, .nonblock, .direct]) else { throw .errno(.EINVAL) }
    return try kernel.makePipe(flags, for: me)
  }

  /// pipe(2), without flags.
  static let pipe = Syscall(
    22, "pipe", "Creates a pipe and returns its read end and its write end.",
    c: "int pipe(int pipefd[2])",
    returns: "reader", "writer",
    errors: [.EMFILE: "fewer than two descriptors are left below RLIMIT_NOFILE"]
  ) { (kernel: inout Kernel, me: TaskID) throws(Stop) -> FDPair in try kernel.makePipe([], for: me) }
}
