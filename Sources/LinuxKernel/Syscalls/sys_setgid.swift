extension Syscall {
  /// setgid(2). Linux: kernel/sys.c, __sys_setgid().
  static let setgid = Syscall(
    106, "setgid", "Sets the effective group id, and with CAP_SETGID the real and the saved one too.",
    c: "int setgid(gid_t gid)",
    Param<IDNumber>("gid"),
    returns: "zero",
    errors: [.EINVAL: "gid is -1", .EPERM: "gid is neither the real nor the saved id, and CAP_SETGID is lacking"]
  ) { (kernel: inout Kernel, me: TaskID, id: IDNumber) throws(Stop) -> Done in
    guard id != .none else { throw .errno(.EINVAL) }
    let old = kernel.tasks[me].credentials
    var new = old
    if old.has(.setgid) {
      (new.gid, new.sgid) = (id.value, id.value)
    } else if !id.isAmong(old.gid, old.sgid) {
      throw .errno(.EPERM)
    }
    (new.egid, new.fsgid) = (id.value, id.value)
    kernel.commit(new, for: me)
    return Done()
  }
}
