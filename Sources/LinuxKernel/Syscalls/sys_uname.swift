extension Syscall {
  /// uname(2). Linux: kernel/sys.c, newuname().
  static let uname = Syscall(
    63, "uname", "Tells the kernel's name, release and machine, and the node's name.",
    c: "int uname(struct utsname *buf)",
    returns: "buf"
  ) { (kernel: inout Kernel, me: TaskID) throws(Stop) -> SystemNames in SystemNames() }

  /// sysinfo(2): the up-time and the number of processes; memory there is as much as asked for. Linux: do_sysinfo().
  static let sysinfo = Syscall(
    99, "sysinfo", "Tells the up-time, the number of processes and how much memory there is.",
    c: "int sysinfo(struct sysinfo *info)",
    returns: "info"
  ) { (kernel: inout Kernel, me: TaskID) throws(Stop) -> SystemState in
    SystemState(uptime: kernel.now / 1_000_000_000, processes: kernel.tasks.count)
  }

  /// getcpu(2): there is one processor.
  static let getcpu = Syscall(
    309, "getcpu", "Tells the processor and the memory node that the caller runs on: 0 and 0.",
    c: "int getcpu(unsigned int *_Nullable cpu, unsigned int *_Nullable node)",
    returns: "cpu", "node"
  ) { (kernel: inout Kernel, me: TaskID) throws(Stop) -> FDPair in FDPair(first: FD(0), second: FD(0)) }
}

/// struct utsname.
struct SystemNames: Returned {
  private static let names = ["sysname", "nodename", "release", "version", "machine", "domainname"]
  static let layout = Layout(
    "utsname", size: 6 * 65, names.enumerated().map { Layout.Field($1, $0 * 65, .bytes(65, text: true)) })
  static var results: [ResultKind] { [.structure(layout)] }

  func store(_ kernel: inout Kernel) {
    for text in ["Linux", Kernel.hostName, Kernel.release, "#1 SMP PREEMPT_DYNAMIC", "x86_64", "(none)"] {
      kernel.output.append(Array(text.utf8))
      kernel.output.append(zeros: 65 - text.utf8.count)
    }
  }
}

/// struct sysinfo.
struct SystemState: Returned {
  let uptime: Int64
  let processes: Int
  static let memory: UInt64 = 1 << 30

  static let layout = Layout(
    "sysinfo", size: 112,
    [
      .init("uptime", 0, .i64), .init("totalram", 32, .u64), .init("freeram", 40, .u64), .init("sharedram", 48, .u64),
      .init("bufferram", 56, .u64), .init("totalswap", 64, .u64), .init("freeswap", 72, .u64), .init("procs", 80, .u16),
      .init("totalhigh", 88, .u64), .init("freehigh", 96, .u64), .init("mem_unit", 104, .u32),
    ])
  static var results: [ResultKind] { [.structure(layout)] }

  func store(_ kernel: inout Kernel) {
    let start = kernel.output.count
    kernel.output.append(zeros: 112)
    kernel.output.store(uptime, at: start)
    kernel.output.store(SystemState.memory, at: start + 32)
    kernel.output.store(SystemState.memory, at: start + 40)
    kernel.output.store(UInt16(truncatingIfNeeded: processes), at: start + 80)
    kernel.output.store(UInt32(1), at: start + 104)
  }
}
