/// System V objects that a group of processes sees, and the limits they are under. Linux: struct ipc_namespace.
struct IPCNamespace {
  var queues = IPCTable<MessageQueue>()
  var semaphores = IPCTable<SemaphoreSet>()
  var segments = IPCTable<SharedSegment>()
  var limits = IPCLimits()
  var posix = QueueDirectory()
  /// Semaphores in all sets, and pages of all segments.
  var usedSemaphores = 0
  var segmentPages: UInt64 = 0
  /// Tasks that are in it, and areas of memory attached to its segments.
  var references = 1
}

/// Where a new namespace starts from, whatever its parent has. Linux: the defaults of ipc/namespace.c.
struct IPCLimits: Sendable {
  // kernel.msgmax, kernel.msgmnb, kernel.msgmni
  var messageSize: Int32 = 8192
  var queueBytes: Int32 = 16384
  var queueCount: Int32 = 32000
  // kernel.sem: semmsl, semmns, semopm, semmni
  var semaphoresInSet: Int32 = 32000
  var semaphoreCount: Int32 = 1_024_000_000
  var operationCount: Int32 = 500
  var setCount: Int32 = 32000
  // kernel.shmmax, kernel.shmall (in pages), kernel.shmmni, kernel.shm_rmid_forced
  var segmentSize = UInt64.max - 1 << 24
  var segmentPages = UInt64.max - 1 << 24
  var segmentCount: Int32 = 4096
  var destroysOrphans = false
}

extension Kernel {
  /// The IPC namespace of a task.
  @inline(__always) func ipc(of task: TaskID) -> ID<IPCNamespace> { tasks[task].ipcNamespace }

  mutating func share(_ namespace: ID<IPCNamespace>) -> ID<IPCNamespace> {
    ipcNamespaces[namespace].references += 1
    return namespace
  }

  /// An empty namespace for CLONE_NEWIPC. Linux: copy_ipcs().
  mutating func makeIPCNamespace() -> ID<IPCNamespace> {
    let namespace = ipcNamespaces.insert(IPCNamespace())
    makeQueueDirectory(for: namespace)
    return namespace
  }

  /// With its last task and the last attached segment, all that is in a namespace goes. Linux: free_ipc_ns().
  mutating func release(_ namespace: ID<IPCNamespace>) {
    ipcNamespaces[namespace].references -= 1
    guard ipcNamespaces[namespace].references == 0 else { return }
    for slot in ipcNamespaces[namespace].semaphores.usedSlots { removeSemaphoreSet(slot, in: namespace) }
    for slot in ipcNamespaces[namespace].queues.usedSlots { removeMessageQueue(slot, in: namespace) }
    releaseQueueDirectory(of: namespace)
    for slot in ipcNamespaces[namespace].segments.usedSlots { removeSegment(slot, in: namespace) }
    ipcNamespaces.remove(namespace)
  }
}
