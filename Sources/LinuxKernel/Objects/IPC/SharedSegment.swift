// System V shared memory. Linux: ipc/shm.c.

/// A segment of shared memory. Linux: struct shmid_kernel.
struct SharedSegment {
  let namespace: ID<IPCNamespace>
  /// Its place in the namespace's table, known once it is entered.
  var slot = 0
  /// The key that it was made with, which its name in /proc/PID/maps keeps.
  let key: Int32
  let memory: ID<Memory>
  /// As it was asked for; memory has whole pages.
  let size: UInt64
  /// When it was last attached, detached and changed by shmctl, in seconds since 1970; 0 for never.
  var attached: Int64 = 0
  var detached: Int64 = 0
  var changed: Int64
  let creatorPID: Int32
  var lastPID: Int32 = 0
  /// Who made it, while that task neither ended nor left the namespace.
  var creator: TaskID?
  /// Areas of memory that show it: a mapping that was cut counts once for each piece.
  var attachCount = 0
  /// The user who pays for its locked pages (SHM_LOCK).
  var lockedBy: UInt32?

  var pages: UInt64 { size / 4096 + (size % 4096 == 0 ? 0 : 1) }

  /// Bits of the mode above the permissions: to be destroyed with the last attach, and locked in memory.
  static let isDestroyed: UInt32 = 0o1000
  static let isLocked: UInt32 = 0o2000

  /// IPC_STAT's answer.
  func append(_ permission: IPCPermission, to output: ByteBuffer) {
    permission.append(to: output)
    output.append(size)
    for time in [attached, detached, changed] { output.append(time) }
    output.append(creatorPID)
    output.append(lastPID)
    output.append(Int64(attachCount))
    output.append(zeros: 16)
  }
}

extension Kernel {
  /// An area shows the segment from now on. Linux: __shm_open().
  mutating func attach(_ segment: ID<SharedSegment>, by me: TaskID) {
    sharedSegments[segment].attached = realSeconds
    sharedSegments[segment].lastPID = processNumber(of: me)
    sharedSegments[segment].attachCount += 1
    // What is attached keeps its namespace, even where no task is in it any more.
    _ = share(sharedSegments[segment].namespace)
  }

  /// An area that showed the segment is no more. Linux: __shm_close().
  mutating func detach(_ segment: ID<SharedSegment>, by me: TaskID) {
    let namespace = sharedSegments[segment].namespace
    sharedSegments[segment].detached = realSeconds
    sharedSegments[segment].lastPID = processNumber(of: me)
    sharedSegments[segment].attachCount -= 1
    destroyIfUnused(segment)
    release(namespace)
  }

  /// Destroys a segment that nobody has attached, if it is marked or the namespace wants no orphans.
  /// Linux: shm_may_destroy().
  mutating func destroyIfUnused(_ segment: ID<SharedSegment>) {
    let namespace = sharedSegments[segment].namespace, slot = sharedSegments[segment].slot
    let mode = ipcNamespaces[namespace].segments[slot].permission.mode
    guard sharedSegments[segment].attachCount == 0 else { return }
    guard ipcNamespaces[namespace].limits.destroysOrphans || mode & SharedSegment.isDestroyed != 0 else { return }
    destroySegment(slot, in: namespace)
  }

  /// Linux: shm_destroy().
  private mutating func destroySegment(_ slot: Int, in namespace: ID<IPCNamespace>) {
    let segment = sharedSegments.remove(ipcNamespaces[namespace].segments.remove(slot).object)
    ipcNamespaces[namespace].segmentPages -= segment.pages
    release(segment.memory)
  }

  /// Destroys a segment, or marks it for destruction while it is attached; its key is free at once.
  /// Linux: do_shm_rmid().
  mutating func removeSegment(_ slot: Int, in namespace: ID<IPCNamespace>) {
    let segment = ipcNamespaces[namespace].segments[slot].object
    if sharedSegments[segment].attachCount == 0 { return destroySegment(slot, in: namespace) }
    ipcNamespaces[namespace].segments.changeMode(slot, setting: SharedSegment.isDestroyed)
    ipcNamespaces[namespace].segments.forgetKey(of: slot)
  }

  // MARK: Creators

  /// The creator of segments ends or leaves their namespace: where orphans are not wanted, they go. Linux: exit_shm().
  mutating func orphanSegments(of me: TaskID) {
    guard sharedSegments.count > 0 else { return }
    for segment in sharedSegments.ids where sharedSegments[segment].creator == me {
      sharedSegments[segment].creator = nil
      if ipcNamespaces[sharedSegments[segment].namespace].limits.destroysOrphans { destroyIfUnused(segment) }
    }
  }

  /// A thread has taken its leader's place.
  mutating func adoptSegments(of old: TaskID, by new: TaskID) {
    guard sharedSegments.count > 0 else { return }
    for segment in sharedSegments.ids where sharedSegments[segment].creator == old {
      sharedSegments[segment].creator = new
    }
  }

  /// kernel.shm_rmid_forced was set to 1: what nobody has attached and whose creator is gone goes too.
  /// Linux: shm_destroy_orphaned().
  mutating func destroyOrphans(in namespace: ID<IPCNamespace>) {
    for slot in ipcNamespaces[namespace].segments.usedSlots {
      let segment = ipcNamespaces[namespace].segments[slot].object
      if sharedSegments[segment].creator == nil { destroyIfUnused(segment) }
    }
  }

  // MARK: Locking

  /// Pages of segments that a user has locked. Linux: the user's UCOUNT_RLIMIT_MEMLOCK.
  private func lockedPages(of user: UInt32) -> UInt64 {
    var pages: UInt64 = 0
    for segment in sharedSegments.ids where sharedSegments[segment].lockedBy == user {
      pages += sharedSegments[segment].pages
    }
    return pages
  }

  /// SHM_LOCK within RLIMIT_MEMLOCK. Nothing is ever swapped out, so only the mark and the account matter.
  /// Linux: shmem_lock(), user_shm_lock().
  mutating func lockSegment(_ slot: Int, in namespace: ID<IPCNamespace>, _ me: TaskID) throws(Stop) {
    let segment = ipcNamespaces[namespace].segments[slot].object
    guard sharedSegments[segment].lockedBy == nil else { return }
    let limit = limit(ResourceLimits.memlock, of: me), user = tasks[me].credentials.uid
    let wanted = lockedPages(of: user) + sharedSegments[segment].pages
    guard limit == ResourceLimits.infinity || wanted <= limit / 4096 || tasks[me].credentials.has(.ipcLock) else {
      throw .errno(.ENOMEM)
    }
    sharedSegments[segment].lockedBy = user
    ipcNamespaces[namespace].segments.changeMode(slot, setting: SharedSegment.isLocked)
  }

  mutating func unlockSegment(_ slot: Int, in namespace: ID<IPCNamespace>) {
    sharedSegments[ipcNamespaces[namespace].segments[slot].object].lockedBy = nil
    ipcNamespaces[namespace].segments.changeMode(slot, clearing: SharedSegment.isLocked)
  }
}
