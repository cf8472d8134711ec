extension Syscall {
  /// setuid(2). Linux: kernel/sys.c, __sys_setuid().
  static let setuid = Syscall(
    105, "setuid", "Sets the effective user id, and with CAP_SETUID the real and the saved one too.",
    c: "int setuid(uid_t uid)",
    Param<IDNumber>("uid"),
    returns: "zero",
    errors: [.EINVAL: "uid is -1", .EPERM: "uid is neither the real nor the saved id, and CAP_SETUID is lacking"]
  ) { (kernel: inout Kernel, me: TaskID, id: IDNumber) throws(Stop) -> Done in
    guard id != .none else { throw .errno(.EINVAL) }
    let old = kernel.tasks[me].credentials
    var new = old
    if old.has(.setuid) {
      (new.uid, new.suid) = (id.value, id.value)
    } else if !id.isAmong(old.uid, old.suid) {
      throw .errno(.EPERM)
    }
    (new.euid, new.fsuid) = (id.value, id.value)
    new.followUsers(from: old)
    kernel.commit(new, for: me)
    return Done()
  }
}
