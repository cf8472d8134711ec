extension Syscall {
  /// wait4(2), as waitpid(3). Linux: kernel/exit.c, kernel_wait4().
  static let waitpid = Syscall(
    61, "waitpid", "Waits for a child to end, stop or go on.",
    c: "pid_t waitpid(pid_t pid, int *_Nullable wstatus, int options)",
    Param<Int32>("pid", default: -1), Param<WaitOptions>("options", default: 0),
    returns: "pid", "status",
    errors: [
      .ECHILD: "no such child exists",
      .EINTR: "a signal came first",
      .EINVAL: "options holds an unknown bit",
      .ESRCH: "pid is INT_MIN",
    ]
  ) { (kernel: inout Kernel, me: TaskID, pid: Int32, options: WaitOptions) throws(Stop) -> WaitResult in
    guard options.isSubset(of: [.noHang, .untraced, .continued, .noThread, .clone, .all]) else { throw .errno(.EINVAL) }
    if pid == .min { throw .errno(.ESRCH) }
    let selector: ChildSelector =
      pid > 0 ? .pid(pid) : pid == -1 ? .any : .group(pid == 0 ? kernel.processes[kernel.process(of: me)].group : -pid)
    guard let event = try kernel.wait(for: selector, options.union(.exited), me) else {
      return WaitResult(pid: 0, status: nil)
    }
    return WaitResult(pid: event.pid, status: event.status)
  }
}

extension Syscall {
  /// waitid(2). Linux: kernel/exit.c, kernel_waitid().
  static let waitid = Syscall(
    247, "waitid", "Waits for chosen events of chosen children, and describes the first.",
    c: "int waitid(idtype_t idtype, id_t id, siginfo_t *infop, int options)",
    Param<ChildIDType>("idtype"), Param<Int32>("id"), Param<WaitOptions>("options"),
    returns: "infop",
    errors: [
      .EBADF: "id is no pidfd",
      .ECHILD: "no such child exists, or none that could still do what is asked for",
      .EINTR: "a signal came first",
      .EINVAL: "options holds an unknown bit or names no event, or idtype or id is none",
    ]
  ) {
    (kernel: inout Kernel, me: TaskID, type: ChildIDType, id: Int32, options: WaitOptions) throws(Stop) -> SignalInfo in
    guard options.isSubset(of: [.noHang, .noReap, .exited, .untraced, .continued, .noThread, .clone, .all]),
      !options.isDisjoint(with: [.exited, .untraced, .continued])
    else { throw .errno(.EINVAL) }
    let selector: ChildSelector
    switch type {
    case .all: selector = .any
    case .pid:
      guard id > 0 else { throw .errno(.EINVAL) }
      selector = .pid(id)
    case .group:
      guard id >= 0 else { throw .errno(.EINVAL) }
      selector = .group(id == 0 ? kernel.processes[kernel.process(of: me)].group : id)
    case .pidfd:
      guard id >= 0 else { throw .errno(.EINVAL) }
      // No file is a pidfd yet.
      throw .errno(.EBADF)
    default: throw .errno(.EINVAL)
    }
    guard let event = try kernel.wait(for: selector, options, me) else { return SignalInfo(signal: 0, code: 0) }
    return event.info
  }
}

/// What the id of waitid(2) names.
struct ChildIDType: Choice, Equatable {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let all = ChildIDType(rawValue: 0), pid = ChildIDType(rawValue: 1), group = ChildIDType(rawValue: 2)
  static let pidfd = ChildIDType(rawValue: 3)
  static let names = NameSet("idtype", .values, ["P_ALL": 0, "P_PID": 1, "P_PGID": 2, "P_PIDFD": 3])
}

/// The options of the wait family. Linux: include/uapi/linux/wait.h.
struct WaitOptions: Flags {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let noHang = WaitOptions(rawValue: 1), untraced = WaitOptions(rawValue: 2), exited = WaitOptions(rawValue: 4)
  static let continued = WaitOptions(rawValue: 8), noReap = WaitOptions(rawValue: 0x0100_0000)
  static let noThread = WaitOptions(rawValue: 0x2000_0000), all = WaitOptions(rawValue: 0x4000_0000)
  static let clone = WaitOptions(rawValue: Int32(bitPattern: 0x8000_0000))

  static let names = NameSet(
    "wait options", .bits,
    [
      "WNOHANG": 1, "WUNTRACED": 2, "WSTOPPED": 2, "WEXITED": 4, "WCONTINUED": 8, "WNOWAIT": 0x0100_0000,
      "__WNOTHREAD": 0x2000_0000, "__WALL": 0x4000_0000, "__WCLONE": 0x8000_0000,
    ])
}

/// Which children a wait asks for.
enum ChildSelector {
  case any
  case pid(Int32)
  case group(Int32)
}

/// What a wait found: whose, and what happened, as the status word of wait(2).
struct ChildEvent {
  let pid: Int32
  let uid: UInt32
  let status: Int32

  /// As waitid tells it.
  var info: SignalInfo {
    var info = SignalInfo(signal: Signal.chld, code: SignalInfo.exited, pid: pid, uid: uid)
    if status == 0xffff {
      (info.code, info.status) = (SignalInfo.continued, Signal.cont)
    } else if status & 0xff == 0x7f {
      (info.code, info.status) = (SignalInfo.stopped, status >> 8)
    } else if status & 0x7f != 0 {
      (info.code, info.status) = (status & 0x80 != 0 ? SignalInfo.dumped : SignalInfo.killed, status & 0x7f)
    } else {
      info.status = status >> 8
    }
    return info
  }
}

/// A pid and its status word; pid 0 alone where WNOHANG found nothing.
struct WaitResult: Returned {
  let pid: Int32
  let status: Int32?
  static var results: [ResultKind] { [.integer, .waitStatus] }
  func store(_ kernel: inout Kernel) {
    kernel.reply.words[0] = Int64(pid)
    kernel.reply.words[1] = status.map { Int64($0) } ?? -1
  }
}

extension Kernel {
  /// The first child, in order of age, to which something happened that `options` asks for; nil with WNOHANG when
  /// nothing did. Linux: do_wait().
  mutating func wait(for selector: ChildSelector, _ options: WaitOptions, _ me: TaskID) throws(Stop) -> ChildEvent? {
    let process = tasks[me].process
    var isAnyEligible = false
    for thread in parents(options, me) {
      var next = processes[process].firstChild
      if case .pid(let pid) = selector {
        next = self.process(pid)
        if let child = next, processes[child].parent != process { next = nil }
      }
      while let child = next {
        if case .pid = selector { next = nil } else { next = processes[child].nextSibling }
        if let thread, processes[child].parentThread != thread { continue }
        if case .group(let group) = selector, processes[child].group != group { continue }
        let isClone = processes[child].exitSignal != Signal.chld
        if !options.contains(.all), isClone != options.contains(.clone) { continue }
        // A zombie will do nothing more than be waited for.
        if options.contains(.exited) || !isZombie(child) { isAnyEligible = true }
        if let event = event(of: child, options) { return event }
      }
    }
    // child_wait_callback(): the end of a child that has left the group wakes nobody who waits for the group; a
    // signal does, even one that SIGCONT has taken away since.
    if !isAnyEligible, current.isRetry, case .group(let group) = selector, processes[process].lastToldGroup != group,
      !current.isInterrupted, deliverable(me).isEmpty
    {
      throw .wait(on: processes[process].childChanged)
    }
    guard isAnyEligible else { throw .errno(.ECHILD) }
    if options.contains(.noHang) { return nil }
    throw .wait(on: processes[process].childChanged)
  }

  /// Whose children a wait looks at: the caller's own, then those of the threads after it, around to the one before it.
  /// nil for all, where only one thread can have any. Linux: do_wait().
  private func parents(_ options: WaitOptions, _ me: TaskID) -> [TaskID?] {
    if options.contains(.noThread) { return [me] }
    let process = tasks[me].process
    guard processes[process].threadCount > 1 else { return [nil] }
    let threads = threads(of: process), own = threads.firstIndex(of: me)!
    return Array(threads[own...]) + Array(threads[..<own])
  }

  private mutating func event(of child: ID<Process>, _ options: WaitOptions) -> ChildEvent? {
    let pid = processes[child].pid, uid = uid(of: child)
    if case .zombie(let status) = processes[child].status {
      guard options.contains(.exited) else { return nil }
      if !options.contains(.noReap) { reap(child) }
      return ChildEvent(pid: pid, uid: uid, status: status)
    }
    if options.contains(.untraced), let signal = processes[child].unreportedStop {
      if !options.contains(.noReap) { processes[child].unreportedStop = nil }
      return ChildEvent(pid: pid, uid: uid, status: signal << 8 | 0x7f)
    }
    if options.contains(.continued), processes[child].unreportedContinue {
      if !options.contains(.noReap) { processes[child].unreportedContinue = false }
      return ChildEvent(pid: pid, uid: uid, status: 0xffff)
    }
    return nil
  }
}
