/// A set of semaphores. Linux: struct sem_array.
struct SemaphoreSet {
}

extension Kernel {
  /// Removes a set; who sleeps on it learns so. Linux: freeary().
  mutating func removeSemaphoreSet(_ slot: Int, in namespace: ID<IPCNamespace>) {
    semaphoreSets.remove(ipcNamespaces[namespace].semaphores.remove(slot).object)
  }
}
