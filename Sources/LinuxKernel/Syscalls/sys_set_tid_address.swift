extension Syscall {
  /// set_tid_address(2). Linux: kernel/fork.c.
  static let setTIDAddress = Syscall(
    218, "set_tid_address", "Sets where 0 is written when the caller ends while others share its memory.",
    c: "pid_t set_tid_address(int *tidptr)",
    Param<Address>("tidptr"),
    returns: "tid"
  ) { (kernel: inout Kernel, me: TaskID, address: Address) throws(Stop) -> Int in
    kernel.tasks[me].clearChildTID = address.value
    return Int(kernel.tasks[me].tid)
  }
}
