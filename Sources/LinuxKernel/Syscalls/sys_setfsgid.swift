extension Syscall {
  /// setfsgid(2). Linux: kernel/sys.c, __sys_setfsgid().
  static let setfsgid = Syscall(
    123, "setfsgid", "Sets the group id for file access if the caller may, and returns what it was.",
    c: "int setfsgid(gid_t fsgid)",
    Param<IDNumber>("fsgid"),
    returns: "old"
  ) { (kernel: inout Kernel, me: TaskID, id: IDNumber) throws(Stop) -> Int in
    let old = kernel.tasks[me].credentials, previous = Int(Int32(bitPattern: old.fsgid))
    // It never fails: whether it worked shows in what the next call returns.
    guard id != .none, id.value != old.fsgid, id.isAmong(old.gid, old.egid, old.sgid) || old.has(.setgid)
    else { return previous }
    var new = old
    new.fsgid = id.value
    kernel.commit(new, for: me)
    return previous
  }
}
