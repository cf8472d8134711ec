extension Syscall {
  /// msgget(2). Linux: ipc/msg.c, ksys_msgget().
  static let msgget = Syscall(
    68, "msgget", "Finds a System V message queue by its key, or makes one.",
    c: "int msgget(key_t key, int msgflg)",
    Param<Int32>("key"), Param<IPCFlags>("msgflg", default: 0),
    returns: "msqid",
    errors: [
      .EACCES: "the queue's mode does not give what msgflg asks for",
      .EEXIST: "IPC_CREAT|IPC_EXCL, and the key is taken",
      .ENOENT: "nothing has the key, and IPC_CREAT is not given", .ENOSPC: "there are kernel.msgmni queues already",
    ]
  ) { (kernel: inout Kernel, me: TaskID, key: Int32, flags: IPCFlags) throws(Stop) -> Int in
    let namespace = kernel.ipc(of: me)
    guard let slot = try kernel.ipcNamespaces[namespace].queues.find(key, flags) else {
      return Int(try kernel.makeSystemVQueue(key, flags, me))
    }
    try kernel.ipcNamespaces[namespace].queues.check(flags.requested, slot, kernel.tasks[me].credentials)
    return Int(kernel.ipcNamespaces[namespace].queues[slot].permission.id)
  }
}
