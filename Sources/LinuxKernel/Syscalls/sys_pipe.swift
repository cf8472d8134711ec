extension Syscall {
  /// pipe(2). Linux: fs/pipe.c, do_pipe2().
  static let pipe2 = Syscall(
    293, "pipe2", "Creates a pipe and returns its read end and its write end.",
    c: "int pipe2(int pipefd[2], int flags)",
    Param<PipeFlags>("flags", default: 0),
    returns: "reader", "writer",
    errors: [
      .EINVAL: "flags holds another bit than O_CLOEXEC, O_NONBLOCK and O_DIRECT",
      .EMFILE: "fewer than two descriptors are left below RLIMIT_NOFILE",
    ]
  ) { (kernel: inout Kernel, me: TaskID, flags: PipeFlags) throws(Stop) -> FDPair in
    try flags.check()
    return try kernel.makePipe(OpenFlags(rawValue: flags.rawValue), for: me)
  }

  /// pipe(2), without flags.
  static let pipe = Syscall(
    22, "pipe", "Creates a pipe and returns its read end and its write end.",
    c: "int pipe(int pipefd[2])",
    returns: "reader", "writer",
    errors: [.EMFILE: "fewer than two descriptors are left below RLIMIT_NOFILE"]
  ) { (kernel: inout Kernel, me: TaskID) throws(Stop) -> FDPair in try kernel.makePipe([], for: me) }
}

/// The flags of open(2) that mean something for a pipe.
struct PipeFlags: Flags {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let names = NameSet("pipe flags", .bits, ["O_CLOEXEC": 0o2000000, "O_NONBLOCK": 0o4000, "O_DIRECT": 0o40000])
}
