extension Syscall {
  /// getpriority(2), with the C library's result. Linux: kernel/sys.c.
  static let getpriority = Syscall(
    140, "getpriority", "Returns the lowest nice value among the processes chosen.",
    c: "int getpriority(int which, id_t who)",
    Param<PriorityTarget>("which"), Param<Int32>("who"),
    returns: "nice",
    errors: [.EINVAL: "which is none of the three", .ESRCH: "no process is chosen"]
  ) { (kernel: inout Kernel, me: TaskID, which: PriorityTarget, who: Int32) throws(Stop) -> Int in
    guard let lowest = try kernel.tasks(which, who, me).map({ kernel.tasks[$0].niceness }).min() else {
      throw .errno(.ESRCH)
    }
    return Int(lowest)
  }

  /// setpriority(2).
  static let setpriority = Syscall(
    141, "setpriority", "Sets the nice value of the processes chosen.",
    c: "int setpriority(int which, id_t who, int prio)",
    Param<PriorityTarget>("which"), Param<Int32>("who"), Param<Int32>("prio"),
    returns: "zero",
    errors: [
      .EACCES: "a nice value would be lowered without CAP_SYS_NICE or room in RLIMIT_NICE",
      .EINVAL: "which is none of the three",
      .EPERM: "a process is another user's, or has capabilities that the caller lacks", .ESRCH: "no process is chosen",
    ]
  ) { (kernel: inout Kernel, me: TaskID, which: PriorityTarget, who: Int32, value: Int32) throws(Stop) -> Done in
    let niceness = Int8(min(max(value, -20), 19))
    var failure: Errno? = .ESRCH
    for task in try kernel.tasks(which, who, me) {
      let mine = kernel.tasks[me].credentials, theirs = kernel.tasks[task].credentials
      if theirs.uid != mine.euid, theirs.euid != mine.euid, !mine.has(.sysNice) {
        failure = .EPERM
      } else if niceness < kernel.tasks[task].niceness, !kernel.mayBe(niceness, task, me) {
        failure = .EACCES
      } else if theirs.permitted & ~mine.permitted != 0, !mine.has(.sysNice) {
        // cap_safe_nice(): who has less may not slow down who has more.
        failure = .EPERM
      } else {
        kernel.tasks[task].niceness = niceness
        if failure == .ESRCH { failure = nil }
      }
    }
    if let failure { throw .errno(failure) }
    return Done()
  }

  /// nice(2), with the C library's result; x86-64 has no number for it. Linux: kernel/sched/syscalls.c.
  static let nice = Syscall(
    -1, "nice", "Adds to the caller's nice value, and returns the new one.",
    c: "int nice(int inc)",
    Param<Int32>("inc"),
    returns: "nice",
    errors: [.EPERM: "the value would become lower, and CAP_SYS_NICE and room in RLIMIT_NICE are lacking"]
  ) { (kernel: inout Kernel, me: TaskID, increment: Int32) throws(Stop) -> Int in
    let sum = Int32(kernel.tasks[me].niceness) + min(max(increment, -40), 40)
    let niceness = Int8(min(max(sum, -20), 19))
    if niceness < kernel.tasks[me].niceness, !kernel.mayBe(niceness, me, me) { throw .errno(.EPERM) }
    kernel.tasks[me].niceness = niceness
    return Int(niceness)
  }
}

/// Whose nice value.
struct PriorityTarget: Choice, Equatable {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let process = PriorityTarget(rawValue: 0), group = PriorityTarget(rawValue: 1),
    user = PriorityTarget(rawValue: 2)
  static let names = NameSet("which", .values, ["PRIO_PROCESS": 0, "PRIO_PGRP": 1, "PRIO_USER": 2])
}

extension Kernel {
  /// The tasks that `which` and `who` choose; 0 means the caller's own.
  fileprivate func tasks(_ which: PriorityTarget, _ who: Int32, _ me: TaskID) throws(Stop) -> [TaskID] {
    switch which {
    case .process: return who == 0 ? [me] : task(who).map { [$0] } ?? []
    case .group:
      guard let group = group(who == 0 ? processes[process(of: me)].group : who) else { return [] }
      return members(of: group).flatMap { threads(of: $0) }
    case .user:
      let uid = who == 0 ? tasks[me].credentials.uid : UInt32(bitPattern: who)
      return tasks.ids.filter { tasks[$0].credentials.uid == uid }
    default: throw .errno(.EINVAL)
    }
  }

  /// Linux: can_nice().
  fileprivate func mayBe(_ niceness: Int8, _ task: TaskID, _ me: TaskID) -> Bool {
    let asked = UInt64(20 - Int(niceness))
    return asked <= limit(ResourceLimits.nice, of: task) || tasks[me].credentials.has(.sysNice)
  }
}
