extension Syscall {
  /// setreuid(2). Linux: kernel/sys.c, __sys_setreuid().
  static let setreuid = Syscall(
    113, "setreuid", "Sets the real and the effective user id; -1 leaves one as it is.",
    c: "int setreuid(uid_t ruid, uid_t euid)",
    Param<IDNumber>("ruid"), Param<IDNumber>("euid"),
    returns: "zero",
    errors: [.EPERM: "an id is none that the caller may take, and CAP_SETUID is lacking"]
  ) { (kernel: inout Kernel, me: TaskID, real: IDNumber, effective: IDNumber) throws(Stop) -> Done in
    let old = kernel.tasks[me].credentials, isCapable = old.has(.setuid)
    guard isCapable || real.isAmong(old.uid, old.euid) else { throw .errno(.EPERM) }
    guard isCapable || effective.isAmong(old.uid, old.euid, old.suid) else { throw .errno(.EPERM) }
    var new = old
    new.uid = real.or(old.uid)
    new.euid = effective.or(old.euid)
    // The saved id follows, unless only an effective id that the caller had as its real one was set.
    if real != .none || effective != .none && effective.value != old.uid { new.suid = new.euid }
    new.fsuid = new.euid
    new.followUsers(from: old)
    kernel.commit(new, for: me)
    return Done()
  }
}
