extension Syscall {
  /// getrlimit(2). Linux: kernel/sys.c, do_prlimit().
  static let getrlimit = Syscall(
    97, "getrlimit", "Returns a resource limit of the caller's process.",
    c: "int getrlimit(int resource, struct rlimit *rlim)",
    Param<Resource>("resource"),
    returns: "rlim",
    errors: [.EINVAL: "no such resource exists"]
  ) { (kernel: inout Kernel, me: TaskID, resource: Resource) throws(Stop) -> Limit in
    try kernel.exchangeLimit(resource, nil, of: kernel.process(of: me), by: me)
  }

  /// setrlimit(2).
  static let setrlimit = Syscall(
    160, "setrlimit", "Sets a resource limit of the caller's process.",
    c: "int setrlimit(int resource, const struct rlimit *rlim)",
    Param<Resource>("resource"), Param<Limit>("rlim"),
    returns: "zero",
    errors: [
      .EFAULT: "rlim lies outside the caller's memory",
      .EINVAL: "no such resource exists, or the soft limit is above the hard one",
      .EPERM: "the hard limit would be raised without CAP_SYS_RESOURCE, or RLIMIT_NOFILE above what the kernel can",
    ]
  ) { (kernel: inout Kernel, me: TaskID, resource: Resource, limit: Limit) throws(Stop) -> Done in
    _ = try kernel.exchangeLimit(resource, limit, of: kernel.process(of: me), by: me)
    return Done()
  }

  /// prlimit64(2).
  static let prlimit64 = Syscall(
    302, "prlimit64", "Returns a resource limit of a process, and sets it when a new one is given.",
    c: """
      int prlimit(pid_t pid, int resource, const struct rlimit *_Nullable new_limit, struct rlimit *_Nullable old_limit)
      """,
    Param<Int32>("pid"), Param<Resource>("resource"), Param<Limit?>(optional: "new_limit"),
    returns: "old_limit",
    errors: [
      .EFAULT: "new_limit lies outside the caller's memory",
      .EINVAL: "no such resource exists, or the soft limit is above the hard one",
      .EPERM: "the process is another user's, or the hard limit would be raised, without CAP_SYS_RESOURCE",
      .ESRCH: "no such process exists",
    ]
  ) { (kernel: inout Kernel, me: TaskID, pid: Int32, resource: Resource, limit: Limit?) throws(Stop) -> Limit in
    guard let task = pid == 0 ? me : kernel.task(pid) else { throw .errno(.ESRCH) }
    if task != me, !kernel.mayLimit(task, me) { throw .errno(.EPERM) }
    return try kernel.exchangeLimit(resource, limit, of: kernel.process(of: task), by: me)
  }
}

extension Layout {
  static let rlimit = Layout("rlimit", size: 16, [Field("rlim_cur", 0, .u64), Field("rlim_max", 8, .u64)])
}

/// A soft and a hard limit.
struct Limit: Argument, Returned {
  let soft, hard: UInt64
  static var kind: ArgumentKind { .structure(.rlimit) }
  static var results: [ResultKind] { [.structure(.rlimit)] }
  static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> Limit {
    try raw.structure(16, &kernel, me).withByteView { Limit(soft: $0.load(at: 0), hard: $0.load(at: 8)) }
  }
  func store(_ kernel: inout Kernel) {
    kernel.output.append(soft)
    kernel.output.append(hard)
  }
}

/// Linux: include/uapi/asm-generic/resource.h.
struct Resource: Choice, Equatable {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let names = NameSet(
    "resource", .values,
    [
      "RLIMIT_CPU": 0, "RLIMIT_FSIZE": 1, "RLIMIT_DATA": 2, "RLIMIT_STACK": 3, "RLIMIT_CORE": 4, "RLIMIT_RSS": 5,
      "RLIMIT_NPROC": 6, "RLIMIT_NOFILE": 7, "RLIMIT_MEMLOCK": 8, "RLIMIT_AS": 9, "RLIMIT_LOCKS": 10,
      "RLIMIT_SIGPENDING": 11, "RLIMIT_MSGQUEUE": 12, "RLIMIT_NICE": 13, "RLIMIT_RTPRIO": 14, "RLIMIT_RTTIME": 15,
    ])
}

extension Kernel {
  /// fs.nr_open: no process may have more descriptors.
  private static let descriptorLimit: UInt64 = 1 << 20

  /// Linux: do_prlimit().
  fileprivate mutating func exchangeLimit(
    _ resource: Resource, _ new: Limit?, of process: ID<Process>, by me: TaskID
  ) throws(Stop) -> Limit {
    let number = Int(resource.rawValue)
    guard processes[process].limits.soft.indices.contains(number) else { throw .errno(.EINVAL) }
    let old = Limit(soft: processes[process].limits.soft[number], hard: processes[process].limits.hard[number])
    guard let new else { return old }
    guard new.soft <= new.hard else { throw .errno(.EINVAL) }
    if number == ResourceLimits.nofile, new.hard > Kernel.descriptorLimit { throw .errno(.EPERM) }
    if new.hard > old.hard, !tasks[me].credentials.has(.sysResource) { throw .errno(.EPERM) }
    processes[process].limits.soft[number] = new.soft
    processes[process].limits.hard[number] = new.hard
    return old
  }

  /// Linux: check_prlimit_permission().
  fileprivate func mayLimit(_ task: TaskID, _ me: TaskID) -> Bool {
    let mine = tasks[me].credentials, theirs = tasks[task].credentials
    let isSame =
      [theirs.uid, theirs.euid, theirs.suid].allSatisfy { $0 == mine.uid }
      && [theirs.gid, theirs.egid, theirs.sgid].allSatisfy { $0 == mine.gid }
    return isSame || mine.has(.sysResource)
  }
}
