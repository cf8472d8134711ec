/// A message queue. Linux: struct msg_queue.
struct MessageQueue {
}

extension Kernel {
  /// Removes a queue and its messages; who sleeps on it learns so. Linux: freeque().
  mutating func removeMessageQueue(_ slot: Int, in namespace: ID<IPCNamespace>) {
    messageQueues.remove(ipcNamespaces[namespace].queues.remove(slot).object)
  }
}

extension Kernel {
  /// The rows of /proc/sysvipc/msg. Linux: sysvipc_msg_proc_show().
  func messageQueueRows(_ namespace: ID<IPCNamespace>) -> String { "" }
}
