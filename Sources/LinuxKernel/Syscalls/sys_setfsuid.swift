extension Syscall {
  /// setfsuid(2). Linux: kernel/sys.c, __sys_setfsuid().
  static let setfsuid = Syscall(
    122, "setfsuid", "Sets the user id for file access if the caller may, and returns what it was.",
    c: "int setfsuid(uid_t fsuid)",
    Param<IDNumber>("fsuid"),
    returns: "old"
  ) { (kernel: inout Kernel, me: TaskID, id: IDNumber) throws(Stop) -> Int in
    let old = kernel.tasks[me].credentials, previous = Int(Int32(bitPattern: old.fsuid))
    // It never fails: whether it worked shows in what the next call returns.
    guard id != .none, id.value != old.fsuid, id.isAmong(old.uid, old.euid, old.suid) || old.has(.setuid)
    else { return previous }
    var new = old
    new.fsuid = id.value
    new.followFileSystemUser(from: old)
    kernel.commit(new, for: me)
    return previous
  }
}
