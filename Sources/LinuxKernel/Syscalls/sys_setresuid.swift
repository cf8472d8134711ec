extension Syscall {
  /// setresuid(2). Linux: kernel/sys.c, __sys_setresuid().
  static let setresuid = Syscall(
    117, "setresuid", "Sets the real, the effective and the saved user id; -1 leaves one as it is.",
    c: "int setresuid(uid_t ruid, uid_t euid, uid_t suid)",
    Param<IDNumber>("ruid"), Param<IDNumber>("euid"), Param<IDNumber>("suid"),
    returns: "zero",
    errors: [.EPERM: "an id is none of the present three, and CAP_SETUID is lacking"]
  ) { (kernel: inout Kernel, me: TaskID, real: IDNumber, effective: IDNumber, saved: IDNumber) throws(Stop) -> Done in
    let old = kernel.tasks[me].credentials
    for id in [real, effective, saved] where !id.isAmong(old.uid, old.euid, old.suid) && !old.has(.setuid) {
      throw .errno(.EPERM)
    }
    var new = old
    new.uid = real.or(old.uid)
    new.euid = effective.or(old.euid)
    new.suid = saved.or(old.suid)
    // A call that changes none of the three leaves the file system id alone, unless it names the effective one.
    if new.uid == old.uid, new.euid == old.euid, new.suid == old.suid,
      effective == .none || new.euid == old.fsuid
    {
      return Done()
    }
    new.fsuid = new.euid
    new.followUsers(from: old)
    kernel.commit(new, for: me)
    return Done()
  }

  /// getresuid(2).
  static let getresuid = Syscall(
    118, "getresuid", "Returns the caller's real, effective and saved user id.",
    c: "int getresuid(uid_t *ruid, uid_t *euid, uid_t *suid)", returns: "ruid", "euid", "suid"
  ) { (kernel: inout Kernel, me: TaskID) throws(Stop) -> IDTriple in
    let credentials = kernel.tasks[me].credentials
    return IDTriple(real: credentials.uid, effective: credentials.euid, saved: credentials.suid)
  }
}

/// Three ids.
struct IDTriple: Returned {
  let real, effective, saved: UInt32
  static var results: [ResultKind] { [.integer, .integer, .integer] }
  func store(_ kernel: inout Kernel) {
    kernel.reply.words[0] = Int64(real)
    kernel.reply.words[1] = Int64(effective)
    kernel.reply.words[2] = Int64(saved)
  }
}
