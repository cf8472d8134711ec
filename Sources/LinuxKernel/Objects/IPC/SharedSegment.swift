/// A segment of shared memory. Linux: struct shmid_kernel.
struct SharedSegment {
}

extension Kernel {
  /// Destroys a segment, or marks it for destruction while it is attached. Linux: do_shm_rmid().
  mutating func removeSegment(_ slot: Int, in namespace: ID<IPCNamespace>) {
    sharedSegments.remove(ipcNamespaces[namespace].segments.remove(slot).object)
  }
}
