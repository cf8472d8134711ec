extension Syscall {
  /// setsid(2). Linux: kernel/sys.c, ksys_setsid().
  static let setsid = Syscall(
    112, "setsid", "Makes the caller the leader of a new session and a new process group.",
    c: "pid_t setsid(void)",
    returns: "sid",
    errors: [.EPERM: "the caller leads a session, or a process group has its pid"]
  ) { (kernel: inout Kernel, me: TaskID) throws(Stop) -> Int in
    let process = kernel.process(of: me), pid = kernel.processes[process].pid
    guard kernel.processes[process].session != pid, kernel.group(pid) == nil else { throw .errno(.EPERM) }
    kernel.leaveGroup(process)
    kernel.join(process, group: pid, session: pid)
    return Int(pid)
  }

  /// getsid(2).
  static let getsid = Syscall(
    124, "getsid", "Returns the session of a process; 0 means the caller.",
    c: "pid_t getsid(pid_t pid)",
    Param<Int32>("pid", default: 0),
    returns: "sid",
    errors: [.ESRCH: "no such process exists"]
  ) { (kernel: inout Kernel, me: TaskID, pid: Int32) throws(Stop) -> Int in
    guard let task = pid == 0 ? me : kernel.task(pid) else { throw .errno(.ESRCH) }
    return Int(kernel.processes[kernel.process(of: task)].session)
  }
}
