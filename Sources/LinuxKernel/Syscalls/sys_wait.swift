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
    guard let event = try kernel.wait(for: selector, options.union(.exited), me) else { return WaitResult(pid: 0, status: nil) }
    return WaitResult(pid: event.pid, status: event.status)
  }
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
    var next = processes[process].firstChild
    if case .pid(let pid) = selector {
      next = self.process(pid)
      if let child = next, processes[child].parent != process { next = nil }
    }
    while let child = next {
      if case .pid = selector { next = nil } else { next = processes[child].nextSibling }
      if case .group(let group) = selector, processes[child].group != group { continue }
      let isClone = processes[child].exitSignal != Signal.chld
      if !options.contains(.all), isClone != options.contains(.clone) { continue }
      isAnyEligible = true
      if let event = event(of: child, options) { return event }
    }
    guard isAnyEligible else { throw .errno(.ECHILD) }
    if options.contains(.noHang) { return nil }
    throw .wait(on: processes[process].childChanged)
  }

  private mutating func event(of child: ID<Process>, _ options: WaitOptions) -> ChildEvent? {
    let pid = processes[child].pid
    let uid = processes[child].firstThread.map { tasks[$0].credentials.uid } ?? 0
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
