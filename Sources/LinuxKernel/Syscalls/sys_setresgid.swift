extension Syscall {
  /// setresgid(2). Linux: kernel/sys.c, __sys_setresgid().
  static let setresgid = Syscall(
    119, "setresgid", "Sets the real, the effective and the saved group id; -1 leaves one as it is.",
    c: "int setresgid(gid_t rgid, gid_t egid, gid_t sgid)",
    Param<IDNumber>("rgid"), Param<IDNumber>("egid"), Param<IDNumber>("sgid"),
    returns: "zero",
    errors: [.EPERM: "an id is none of the present three, and CAP_SETGID is lacking"]
  ) { (kernel: inout Kernel, me: TaskID, real: IDNumber, effective: IDNumber, saved: IDNumber) throws(Stop) -> Done in
    let old = kernel.tasks[me].credentials
    for id in [real, effective, saved] where !id.isAmong(old.gid, old.egid, old.sgid) && !old.has(.setgid) {
      throw .errno(.EPERM)
    }
    var new = old
    new.gid = real.or(old.gid)
    new.egid = effective.or(old.egid)
    new.sgid = saved.or(old.sgid)
    // A call that changes none of the three leaves the file system id alone, unless it names the effective one.
    if new.gid == old.gid, new.egid == old.egid, new.sgid == old.sgid,
      effective == .none || new.egid == old.fsgid
    {
      return Done()
    }
    new.fsgid = new.egid
    kernel.commit(new, for: me)
    return Done()
  }

  /// getresgid(2).
  static let getresgid = Syscall(
    120, "getresgid", "Returns the caller's real, effective and saved group id.",
    c: "int getresgid(gid_t *rgid, gid_t *egid, gid_t *sgid)", returns: "rgid", "egid", "sgid"
  ) { (kernel: inout Kernel, me: TaskID) throws(Stop) -> IDTriple in
    let credentials = kernel.tasks[me].credentials
    return IDTriple(real: credentials.gid, effective: credentials.egid, saved: credentials.sgid)
  }
}
