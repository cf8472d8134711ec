extension Syscall {
  /// setpgid(2). Linux: kernel/sys.c.
  static let setpgid = Syscall(
    109, "setpgid", "Moves a process to a process group of its session, made if it is not there.",
    c: "int setpgid(pid_t pid, pid_t pgid)",
    Param<Int32>("pid"), Param<Int32>("pgid"),
    returns: "zero",
    errors: [
      .EACCES: "the process is a child that has run another program",
      .EINVAL: "pgid is negative",
      .EPERM: "the process leads a session, is in another one, or no such group is in the caller's session",
      .ESRCH: "pid is neither the caller nor a child of it",
    ]
  ) { (kernel: inout Kernel, me: TaskID, pid: Int32, pgid: Int32) throws(Stop) -> Done in
    let caller = kernel.process(of: me)
    let pid = pid == 0 ? kernel.processes[caller].pid : pid
    let number = pgid == 0 ? pid : pgid
    guard number >= 0 else { throw .errno(.EINVAL) }
    guard let task = kernel.task(pid) else { throw .errno(.ESRCH) }
    let process = kernel.process(of: task)
    guard kernel.processes[process].pid == pid else { throw .errno(.EINVAL) }
    if kernel.processes[process].parent == caller {
      guard kernel.processes[process].session == kernel.processes[caller].session else { throw .errno(.EPERM) }
      guard !kernel.processes[process].hasExecuted else { throw .errno(.EACCES) }
    } else if process != caller {
      throw .errno(.ESRCH)
    }
    guard kernel.processes[process].session != pid else { throw .errno(.EPERM) }
    if number != pid {
      guard let group = kernel.group(number), kernel.processGroups[group].session == kernel.processes[caller].session
      else { throw .errno(.EPERM) }
    }
    if kernel.processes[process].group != number {
      let session = kernel.processes[process].session
      kernel.leaveGroup(process)
      kernel.join(process, group: number, session: session)
    }
    return Done()
  }

  /// getpgid(2).
  static let getpgid = Syscall(
    121, "getpgid", "Returns the process group of a process; 0 means the caller.",
    c: "pid_t getpgid(pid_t pid)",
    Param<Int32>("pid", default: 0),
    returns: "pgid",
    errors: [.ESRCH: "no such process exists"]
  ) { (kernel: inout Kernel, me: TaskID, pid: Int32) throws(Stop) -> Int in
    guard let task = pid == 0 ? me : kernel.task(pid) else { throw .errno(.ESRCH) }
    return Int(kernel.processes[kernel.process(of: task)].group)
  }

  /// getpgrp(2).
  static let getpgrp = Syscall(
    111, "getpgrp", "Returns the caller's process group.", c: "pid_t getpgrp(void)", returns: "pgid"
  ) { (kernel: inout Kernel, me: TaskID) throws(Stop) -> Int in Int(kernel.processes[kernel.process(of: me)].group) }
}
