extension Syscall {
  /// shmat(2), of the manual's shmop(2). Linux: ipc/shm.c, do_shmat().
  static let shmat = Syscall(
    30, "shmat", "Maps a segment of shared memory.",
    c: "void *shmat(int shmid, const void *_Nullable shmaddr, int shmflg)",
    Param<Int32>("shmid"), Param<Address?>(optional: "shmaddr"), Param<AttachFlags>("shmflg", default: 0),
    returns: "memory",
    errors: [
      .EINVAL: "no such segment, an address that is not on a page or is taken, or SHM_REMAP without an address",
      .EACCES: "the segment does not grant what the flags ask for",
      .ENOMEM: "no room, or too many mappings",
      .EPERM: "an address below vm.mmap_min_addr without CAP_SYS_RAWIO",
    ]
  ) {
    (kernel: inout Kernel, me: TaskID, id: Int32, address: Address?, flags: AttachFlags) throws(Stop) -> MappedMemory in
    var address = address?.value ?? 0
    let isPlaced = address != 0
    guard id >= 0 else { throw .errno(.EINVAL) }
    if address % 4096 != 0 {
      guard flags.contains(.round) else { throw .errno(.EINVAL) }
      address -= address % 4096
    }
    if flags.contains(.remap), address == 0 { throw .errno(.EINVAL) }
    let namespace = kernel.ipc(of: me), slot = try kernel.ipcNamespaces[namespace].segments.slot(of: id)
    try kernel.ipcNamespaces[namespace].segments.check(flags.requested, slot, kernel.tasks[me].credentials)
    let segment = kernel.ipcNamespaces[namespace].segments[slot].object, size = kernel.sharedSegments[segment].size
    do throws(Stop) { return try kernel.attach(segment, size, at: isPlaced ? address : nil, flags, me) } catch {
      // It was held for the attempt, and a namespace that wants no orphans takes the end of that for the last detach.
      kernel.destroyIfUnused(segment)
      throw error
    }
  }

  /// shmdt(2). Linux: ksys_shmdt(). The pieces of an attach are found by where in the segment they begin, so that an
  /// attach that has lost its first page goes too.
  static let shmdt = Syscall(
    67, "shmdt", "Gives up a mapping of shared memory.",
    c: "int shmdt(const void *shmaddr)",
    Param<Address>("shmaddr"),
    returns: "zero",
    errors: [.EINVAL: "no attach begins at the address"]
  ) { (kernel: inout Kernel, me: TaskID, address: Address) throws(Stop) -> Done in
    let start = address.value, space = kernel.tasks[me].memory
    guard start % 4096 == 0 else { throw .errno(.EINVAL) }
    func isPiece(_ area: MemoryArea) -> Bool { area.segment != nil && area.start - start == UInt64(area.offset) }
    let areas = kernel.addressSpaces[space].areas
    guard
      let first = areas[kernel.addressSpaces[space].firstArea(from: start)...].first(where: {
        $0.start >= start && isPiece($0)
      })
    else { throw .errno(.EINVAL) }
    // From the first piece on as far as the segment could reach.
    let size = (kernel.sharedSegments[first.segment!].size + 4095) / 4096 * 4096
    kernel.unmap(first.start..<first.end, of: me)
    for area in areas where area.start >= first.end && area.segment == first.segment && isPiece(area) {
      guard area.end - start <= size else { break }
      kernel.unmap(area.start..<area.end, of: me)
    }
    return Done()
  }
}

extension Kernel {
  fileprivate mutating func attach(
    _ segment: ID<SharedSegment>, _ size: UInt64, at address: UInt64?, _ flags: AttachFlags, _ me: TaskID
  ) throws(Stop) -> MappedMemory {
    let space = tasks[me].memory
    // What was rounded to 0 is the place all the same, and not looked at.
    if let address, address != 0, !flags.contains(.remap) {
      // By the bytes asked for, not by pages.
      let (end, overflows) = address.addingReportingOverflow(size)
      guard !overflows, addressSpaces[space].isFree(address..<end) else { throw .errno(.EINVAL) }
    }
    guard size <= AddressSpace.limit else { throw .errno(.ENOMEM) }
    let count = Int((size + 4095) / 4096 * 4096)
    guard addressSpaces[space].areas.count <= AddressSpace.areaLimit else { throw .errno(.ENOMEM) }
    let range = try placeMapping(address ?? 0, count, address == nil ? [] : .fixed, me)
    var area = MemoryArea(start: range.lowerBound, end: range.upperBound, protection: flags.protection, isShared: true)
    area.memory = sharedSegments[segment].memory
    area.mayWrite = !flags.contains(.readOnly)
    area.segment = segment
    area.lock = try lockOfNewArea(pages: count / Page.size, asked: false, me)
    // Held before what lies there goes, which may be this very segment's last attach.
    hold(area, by: me)
    unmap(range, of: me)
    addressSpaces[space].insert(area)
    if area.lock != .none { populate(range, of: me) }
    return MappedMemory(address: range.lowerBound, count: Int(size))
  }
}

/// Linux: include/uapi/linux/shm.h.
struct AttachFlags: Flags {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let readOnly = AttachFlags(rawValue: 0o10000), round = AttachFlags(rawValue: 0o20000)
  static let remap = AttachFlags(rawValue: 0o40000), execute = AttachFlags(rawValue: 0o100000)
  static let names = NameSet(
    "shmat flags", .bits,
    ["SHM_RDONLY": 0o10000, "SHM_RND": 0o20000, "SHM_REMAP": 0o40000, "SHM_EXEC": 0o100000])

  var protection: Protection {
    var protection: Protection = contains(.readOnly) ? .read : [.read, .write]
    if contains(.execute) { protection.insert(.execute) }
    return protection
  }

  /// What the segment must grant.
  var requested: UInt32 {
    IPCPermission.read | (contains(.readOnly) ? 0 : IPCPermission.write)
      | (contains(.execute) ? IPCPermission.execute : 0)
  }
}
