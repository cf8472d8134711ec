extension Syscall {
  /// shmget(2). Linux: ipc/shm.c, ksys_shmget(), newseg().
  static let shmget = Syscall(
    29, "shmget", "Finds or creates a segment of shared memory.",
    c: "int shmget(key_t key, size_t size, int shmflg)",
    Param<IPCKey>("key"), Param<UInt64>("size"), Param<SegmentFlags>("shmflg", default: 0),
    returns: "shmid",
    errors: [
      .EINVAL: "size is 0 or above kernel.shmmax for a new segment, or above the size of the one that exists",
      .EEXIST: "IPC_CREAT and IPC_EXCL, and the segment exists",
      .ENOENT: "no segment has the key, and IPC_CREAT is not given",
      .EACCES: "the segment exists and does not grant what the mode asks for",
      .ENOSPC: "kernel.shmall pages or kernel.shmmni segments are reached",
      .EPERM: "SHM_HUGETLB without CAP_IPC_LOCK, by a user outside vm.hugetlb_shm_group",
      .ENOMEM: "more than the machine's memory; huge pages there are none",
    ]
  ) { (kernel: inout Kernel, me: TaskID, key: IPCKey, size: UInt64, flags: SegmentFlags) throws(Stop) -> Int in
    let namespace = kernel.ipc(of: me)
    if let slot = try kernel.ipcNamespaces[namespace].segments.find(key.value, flags.common) {
      let entry = kernel.ipcNamespaces[namespace].segments[slot]
      guard size <= kernel.sharedSegments[entry.object].size else { throw .errno(.EINVAL) }
      try kernel.ipcNamespaces[namespace].segments.check(flags.common.requested, slot, kernel.tasks[me].credentials)
      return Int(entry.permission.id)
    }
    return Int(try kernel.makeSegment(key.value, size, flags, me))
  }
}

extension Kernel {
  /// Linux: newseg().
  fileprivate mutating func makeSegment(
    _ key: Int32, _ size: UInt64, _ flags: SegmentFlags, _ me: TaskID
  ) throws(Stop) -> Int32 {
    let namespace = ipc(of: me), limits = ipcNamespaces[namespace].limits
    guard size > 0, size <= limits.segmentSize else { throw .errno(.EINVAL) }
    let pages = size / 4096 + (size % 4096 == 0 ? 0 : 1)
    let (total, overflows) = ipcNamespaces[namespace].segmentPages.addingReportingOverflow(pages)
    guard !overflows, total <= limits.segmentPages else { throw .errno(.ENOSPC) }
    if flags.contains(.hugePages) {
      guard flags.hasPageSize else { throw .errno(.EINVAL) }
      // vm.hugetlb_shm_group is 0.
      guard tasks[me].credentials.has(.ipcLock) || tasks[me].credentials.isInGroup(0) else { throw .errno(.EPERM) }
      throw .errno(.ENOMEM)
    }
    // No file is longer; and a reservation that can never be kept is not given.
    guard size <= UInt64(Int64.max) else { throw .errno(.EINVAL) }
    guard flags.contains(.noReserve) || size <= SystemState.memory else { throw .errno(.ENOMEM) }
    let memory = memories.insert(Memory(size: Int(size)))
    let segment = sharedSegments.insert(
      SharedSegment(
        namespace: namespace, key: key, memory: memory, size: size, changed: realSeconds,
        creatorPID: processNumber(of: me), creator: me))
    do throws(Stop) {
      let id = try ipcNamespaces[namespace].segments.insert(
        segment, key: key, flags.common, by: tasks[me].credentials, limit: Int(limits.segmentCount))
      sharedSegments[segment].slot = try ipcNamespaces[namespace].segments.slot(of: id)
      ipcNamespaces[namespace].segmentPages = total
      return id
    } catch {
      sharedSegments.remove(segment)
      release(memory)
      throw error
    }
  }
}

/// Linux: include/uapi/linux/shm.h.
struct SegmentFlags: Flags {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let hugePages = SegmentFlags(rawValue: 0o4000), noReserve = SegmentFlags(rawValue: 0o10000)
  static let names = NameSet(
    "shmget flags", .bits,
    [
      "IPC_CREAT": 0o1000, "IPC_EXCL": 0o2000, "SHM_HUGETLB": 0o4000, "SHM_NORESERVE": 0o10000,
      "SHM_HUGE_2MB": 21 << 26, "SHM_HUGE_1GB": 30 << 26,
    ], acceptsMode: true)
  var common: IPCFlags { IPCFlags(rawValue: rawValue) }
  /// Bits 26 to 31 hold the size of a huge page as a power of two; 0 for the usual one.
  var hasPageSize: Bool { [0, 21, 30].contains(UInt32(bitPattern: rawValue) >> 26) }
}
