extension Syscall {
  /// setregid(2). Linux: kernel/sys.c, __sys_setregid().
  static let setregid = Syscall(
    114, "setregid", "Sets the real and the effective group id; -1 leaves one as it is.",
    c: "int setregid(gid_t rgid, gid_t egid)",
    Param<IDNumber>("rgid"), Param<IDNumber>("egid"),
    returns: "zero",
    errors: [.EPERM: "an id is none that the caller may take, and CAP_SETGID is lacking"]
  ) { (kernel: inout Kernel, me: TaskID, real: IDNumber, effective: IDNumber) throws(Stop) -> Done in
    let old = kernel.tasks[me].credentials, isCapable = old.has(.setgid)
    guard isCapable || real.isAmong(old.gid, old.egid) else { throw .errno(.EPERM) }
    guard isCapable || effective.isAmong(old.gid, old.egid, old.sgid) else { throw .errno(.EPERM) }
    var new = old
    new.gid = real.or(old.gid)
    new.egid = effective.or(old.egid)
    // The saved id follows, unless only an effective id that the caller had as its real one was set.
    if real != .none || effective != .none && effective.value != old.gid { new.sgid = new.egid }
    new.fsgid = new.egid
    kernel.commit(new, for: me)
    return Done()
  }
}
