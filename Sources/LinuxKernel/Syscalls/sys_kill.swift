extension Syscall {
  /// kill(2). Linux: kernel/signal.c, kill_something_info().
  static let kill = Syscall(
    62, "kill", "Sends a signal to a process, a group, or all that may be sent one.",
    c: "int kill(pid_t pid, int sig)",
    Param<Int32>("pid"), Param<SignalNumber>("sig"),
    returns: "zero",
    errors: [
      .EINVAL: "sig is no signal, and the target exists",
      .EPERM: "the caller may send it to none of the targets",
      .ESRCH: "no such process or group exists",
    ]
  ) { (kernel: inout Kernel, me: TaskID, pid: Int32, signal: SignalNumber) throws(Stop) -> Done in
    let info = kernel.sender(me, signal: signal.rawValue, code: SignalInfo.user)
    if pid > 0 {
      try kernel.sendChecked(info, toPID: pid, by: me)
    } else if pid == .min {
      throw .errno(.ESRCH)
    } else if pid == -1 {
      try kernel.sendToAll(info, by: me)
    } else {
      try kernel.send(info, toGroup: pid == 0 ? kernel.processes[kernel.process(of: me)].group : -pid, by: me)
    }
    return Done()
  }

  /// tkill(2). Linux: kernel/signal.c, do_tkill().
  static let tkill = Syscall(
    200, "tkill", "Sends a signal to a thread.",
    c: "int tkill(pid_t tid, int sig)",
    Param<Int32>("tid"), Param<SignalNumber>("sig"),
    returns: "zero",
    errors: [
      .EINVAL: "tid is not above 0, or sig is no signal", .EPERM: "the caller may not send it",
      .ESRCH: "no such thread",
    ]
  ) { (kernel: inout Kernel, me: TaskID, tid: Int32, signal: SignalNumber) throws(Stop) -> Done in
    guard tid > 0 else { throw .errno(.EINVAL) }
    let info = kernel.sender(me, signal: signal.rawValue, code: SignalInfo.tkill)
    try kernel.send(info, toThread: tid, ofProcess: nil, by: me)
    return Done()
  }

  /// tgkill(2).
  static let tgkill = Syscall(
    234, "tgkill", "Sends a signal to a thread of a given process.",
    c: "int tgkill(pid_t tgid, pid_t tid, int sig)",
    Param<Int32>("tgid"), Param<Int32>("tid"), Param<SignalNumber>("sig"),
    returns: "zero",
    errors: [
      .EAGAIN: "RLIMIT_SIGPENDING is reached",
      .EINVAL: "an id is not above 0, or sig is no signal", .EPERM: "the caller may not send it",
      .ESRCH: "no such thread is in that process",
    ]
  ) { (kernel: inout Kernel, me: TaskID, tgid: Int32, tid: Int32, signal: SignalNumber) throws(Stop) -> Done in
    guard tid > 0, tgid > 0 else { throw .errno(.EINVAL) }
    let info = kernel.sender(me, signal: signal.rawValue, code: SignalInfo.tkill)
    try kernel.send(info, toThread: tid, ofProcess: tgid, by: me)
    return Done()
  }
}

extension Kernel {
  /// One process, or with a tid that of the thread. Linux: kill_pid_info().
  mutating func sendChecked(_ info: SignalInfo, toPID pid: Int32, by me: TaskID) throws(Stop) {
    guard let task = task(pid) else { throw .errno(.ESRCH) }
    try sendChecked(info, to: process(of: task), by: me)
  }

  /// Linux: group_send_sig_info().
  private mutating func sendChecked(_ info: SignalInfo, to process: ID<Process>, by me: TaskID) throws(Stop) {
    try checkMaySend(info, to: process, by: me)
    if info.signal != 0, !send(info, to: process) { throw .errno(.EAGAIN) }
  }

  /// Linux: check_kill_permission(). The signal's number is looked at here, after the target was found.
  func checkMaySend(_ info: SignalInfo, to process: ID<Process>, by me: TaskID) throws(Stop) {
    guard info.signal >= 0, info.signal <= Signal.last else { throw .errno(.EINVAL) }
    // What the kernel itself sends (SI_KERNEL and so on) asks nobody; what a call sends does.
    guard self.process(of: me) != process, let leader = processes[process].firstThread else { return }
    let mine = tasks[me].credentials, theirs = tasks[leader].credentials
    let isAllowed =
      mine.euid == theirs.suid || mine.euid == theirs.uid || mine.uid == theirs.suid || mine.uid == theirs.uid
      || mine.has(.kill)
    if isAllowed { return }
    // SIGCONT may be sent within a session.
    if info.signal == Signal.cont, processes[process].session == processes[self.process(of: me)].session { return }
    throw .errno(.EPERM)
  }

  /// Every member of a group; one that could be reached makes it a success. Linux: __kill_pgrp_info().
  mutating func send(_ info: SignalInfo, toGroup number: Int32, by me: TaskID) throws(Stop) {
    guard let group = group(number) else { throw .errno(.ESRCH) }
    var failure: Errno?, isReached = false
    for process in members(of: group) where processes.contains(process) {
      do {
        try sendChecked(info, to: process, by: me)
        isReached = true
      } catch .errno(let errno) {
        failure = errno
      }
    }
    if !isReached, let failure { throw .errno(failure) }
  }

  /// All but init and the caller's process. Linux: kill_something_info().
  fileprivate mutating func sendToAll(_ info: SignalInfo, by me: TaskID) throws(Stop) {
    var failure: Errno?, isAny = false
    for number in 2..<max(pids.count, 2) {
      guard let process = process(Int32(number)), process != self.process(of: me) else { continue }
      isAny = true
      do {
        try sendChecked(info, to: process, by: me)
        failure = nil
      } catch .errno(let errno) {
        // A target that may not be sent to does not count; otherwise the last one tells.
        if errno != .EPERM { failure = errno }
      }
    }
    guard isAny else { throw .errno(.ESRCH) }
    if let failure { throw .errno(failure) }
  }

  /// Linux: do_send_specific().
  mutating func send(_ info: SignalInfo, toThread tid: Int32, ofProcess pid: Int32?, by me: TaskID) throws(Stop) {
    guard let task = task(tid), pid == nil || processes[process(of: task)].pid == pid else { throw .errno(.ESRCH) }
    try checkMaySend(info, to: process(of: task), by: me)
    if info.signal != 0, !send(info, toThread: task) { throw .errno(.EAGAIN) }
  }
}
