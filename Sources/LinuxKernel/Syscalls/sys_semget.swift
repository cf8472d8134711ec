extension Syscall {
  /// semget(2). Linux: ipc/sem.c, ksys_semget(), newary().
  static let semget = Syscall(
    64, "semget", "Finds or creates a set of semaphores.",
    c: "int semget(key_t key, int nsems, int semflg)",
    Param<IPCKey>("key"), Param<Int32>("nsems"), Param<IPCFlags>("semflg", default: 0),
    returns: "semid",
    errors: [
      .EINVAL: "nsems is negative or above kernel.sem's first number, 0 for a new set, or more than the set has",
      .EEXIST: "IPC_CREAT and IPC_EXCL, and the set exists",
      .ENOENT: "no set has the key, and IPC_CREAT is not given",
      .EACCES: "the set exists and does not grant what the mode asks for",
      .ENOSPC: "no more sets or semaphores are allowed",
    ]
  ) { (kernel: inout Kernel, me: TaskID, key: IPCKey, count: Int32, flags: IPCFlags) throws(Stop) -> Int in
    let namespace = kernel.ipc(of: me), limits = kernel.ipcNamespaces[namespace].limits
    guard count >= 0, count <= limits.semaphoresInSet else { throw .errno(.EINVAL) }
    if let slot = try kernel.ipcNamespaces[namespace].semaphores.find(key.value, flags) {
      let entry = kernel.ipcNamespaces[namespace].semaphores[slot]
      guard Int(count) <= kernel.semaphoreSets[entry.object].semaphores.count else { throw .errno(.EINVAL) }
      try kernel.ipcNamespaces[namespace].semaphores.check(flags.requested, slot, kernel.tasks[me].credentials)
      return Int(entry.permission.id)
    }
    guard count > 0 else { throw .errno(.EINVAL) }
    let used = kernel.ipcNamespaces[namespace].usedSemaphores + Int(count)
    guard used <= Int(limits.semaphoreCount) else { throw .errno(.ENOSPC) }
    let semaphores = SemaphoreSet.Row(count: Int(count))
    let set = kernel.semaphoreSets.insert(SemaphoreSet(semaphores: semaphores, changed: kernel.realSeconds))
    do throws(Stop) {
      let id = try kernel.ipcNamespaces[namespace].semaphores.insert(
        set, key: key.value, flags, by: kernel.tasks[me].credentials, limit: Int(limits.setCount))
      kernel.ipcNamespaces[namespace].usedSemaphores = used
      return Int(id)
    } catch {
      kernel.semaphoreSets.remove(set)
      throw error
    }
  }
}

/// What System V objects are found by: any number, 0 (IPC_PRIVATE) for none.
struct IPCKey: Choice {
  let value: Int32
  init(rawValue: Int32) { value = rawValue }
  static let names = NameSet("key", .values, ["IPC_PRIVATE": 0])
}
