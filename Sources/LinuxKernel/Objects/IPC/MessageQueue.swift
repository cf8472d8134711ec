/// A message queue. Linux: struct msg_queue.
struct MessageQueue {
}

extension Kernel {
  /// Removes a queue and its messages; who sleeps on it learns so. Linux: freeque().
  mutating func removeMessageQueue(_ slot: Int, in namespace: ID<IPCNamespace>) {
    messageQueues.remove(ipcNamespaces[namespace].queues.remove(slot).object)
  }
}
