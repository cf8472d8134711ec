extension Syscall {
  /// mremap(2). Linux: mm/mremap.c.
  static let mremap = Syscall(
    25, "mremap", "Makes a mapping longer or shorter, or moves it.",
    c: """
      void *mremap(void old_address[.old_size], size_t old_size, size_t new_size, int flags, ... \
      /* void *new_address */ )
      """,
    Param<Address>("old_address"), Param<Int>("old_size"), Param<Int>("new_size"),
    Param<RemapFlags>("flags", default: 0),
    Param<Address?>(optional: "new_address"),
    returns: "memory",
    errors: [
      .EAGAIN: "more would be locked than RLIMIT_MEMLOCK allows",
      .EFAULT: "nothing is mapped at old_address, or what does not only move spans two mappings",
      .EINVAL: "an address is not on a page, a size or the flags are not possible, or the ranges overlap",
      .ENOMEM: "there is no room to grow and MREMAP_MAYMOVE is not given",
      .EPERM: "new_address is below vm.mmap_min_addr, without CAP_SYS_RAWIO",
    ]
  ) {
    (kernel: inout Kernel, me: TaskID, old: Address, oldLength: Int, newLength: Int, flags: RemapFlags, new: Address?)
      throws(Stop) -> MappedMemory in
    try flags.check()
    guard old.value % 4096 == 0, newLength > 0, UInt64(newLength) <= AddressSpace.limit else { throw .errno(.EINVAL) }
    // PAGE_ALIGN() of the old size may wrap around to 0.
    let remapping = Remapping(
      start: old.value, oldSize: (UInt64(bitPattern: Int64(oldLength)) &+ 4095) & ~4095,
      newSize: (UInt64(newLength) + 4095) / 4096 * 4096, target: new?.value ?? 0, flags: flags)
    if remapping.hasTarget { try remapping.checkTarget() }
    let address: UInt64
    if flags.contains(.fixed), remapping.oldSize == remapping.newSize {
      address = try kernel.moveAll(remapping, of: me)
    } else {
      try kernel.check(remapping, of: me)
      address = remapping.hasTarget ? try kernel.remapTo(remapping, of: me) : try kernel.remapAt(remapping, of: me)
    }
    return MappedMemory(address: address, count: newLength)
  }
}

/// What mremap is asked for, in whole pages. Linux: struct vma_remap_struct.
private struct Remapping {
  var start: UInt64
  var oldSize: UInt64
  var newSize: UInt64
  /// Where to, or with MREMAP_DONTUNMAP alone a wish.
  var target: UInt64
  let flags: RemapFlags

  /// Linux: vrm_implies_new_addr().
  var hasTarget: Bool { !flags.isDisjoint(with: [.fixed, .keepOld]) }

  /// Linux: check_mremap_params().
  func checkTarget() throws(Stop) {
    guard target <= AddressSpace.limit - newSize, target % 4096 == 0, flags.contains(.mayMove),
      !flags.contains(.keepOld) || oldSize == newSize,
      // The end of what is old may wrap around.
      target + newSize <= start || start &+ oldSize <= target
    else {
      throw .errno(.EINVAL)
    }
  }
}

extension Kernel {
  /// What moves and keeps its size may be several mappings with gaps between them, which stay as wide; what is mapped
  /// at the new place of a gap stays too. Those before one that cannot move have moved. Linux: remap_move().
  fileprivate mutating func moveAll(_ remapping: Remapping, of me: TaskID) throws(Stop) -> UInt64 {
    let space = tasks[me].memory, (end, wraps) = remapping.start.addingReportingOverflow(remapping.oldSize)
    guard !wraps, addressSpaces[space].area(at: remapping.start) != nil else { throw .errno(.EFAULT) }
    var next = remapping.start
    while let index = addressSpaces[space].areas(in: next..<end).first {
      let area = addressSpaces[space].areas[index], start = max(area.start, next)
      // A segment's mapping moves alone. Linux: vma_multi_allowed().
      if area.segment != nil, next > remapping.start || area.end < end { throw .errno(.EFAULT) }
      next = min(area.end, end)
      let part = Remapping(
        start: start, oldSize: next - start, newSize: next - start,
        target: remapping.target + (start - remapping.start), flags: remapping.flags)
      _ = try remapTo(part, of: me)
      if next == end { break }
    }
    return remapping.target
  }

  /// Whether what is mapped there may become what is asked for. Linux: check_prep_vma().
  fileprivate func check(_ remapping: Remapping, of me: TaskID) throws(Stop) {
    let space = tasks[me].memory
    guard let index = addressSpaces[space].area(at: remapping.start) else { throw .errno(.EFAULT) }
    let area = addressSpaces[space].areas[index], oldSize = remapping.oldSize, newSize = remapping.newSize
    guard remapping.hasTarget || newSize > oldSize else { return }
    // A second view of memory that is shared: old programs ask so.
    if oldSize == 0, !area.isShared { throw .errno(.EINVAL) }
    // What is cut off may be anything.
    guard min(oldSize, newSize) <= area.end - remapping.start else { throw .errno(.EFAULT) }
    if newSize > oldSize, area.lock != .none, !mayLock(pages: Int(newSize - oldSize) / Page.size, me) {
      throw .errno(.EAGAIN)
    }
  }

  /// What was at the new place is gone even if the rest fails. Linux: mremap_to().
  fileprivate mutating func remapTo(_ remapping: Remapping, of me: TaskID) throws(Stop) -> UInt64 {
    var remapping = remapping
    if remapping.flags.contains(.fixed) {
      unmap(remapping.target..<remapping.target + remapping.newSize, of: me)
      // A second view may have been asked for in the place of the first.
      guard addressSpaces[tasks[me].memory].area(at: remapping.start) != nil else { throw .errno(.EFAULT) }
    }
    if remapping.newSize < remapping.oldSize {
      try shrink(remapping, of: me)
      remapping.oldSize = remapping.newSize
    }
    return try move(remapping, of: me)
  }

  /// Linux: mremap_at().
  fileprivate mutating func remapAt(_ remapping: Remapping, of me: TaskID) throws(Stop) -> UInt64 {
    let space = tasks[me].memory, start = remapping.start
    if remapping.newSize <= remapping.oldSize {
      if remapping.newSize < remapping.oldSize { try shrink(remapping, of: me) }
      return start
    }
    let grown = start + remapping.oldSize..<start + remapping.newSize
    // What lies above the mappings is the stack's.
    let end = start < AddressSpace.mappingTop ? AddressSpace.mappingTop : AddressSpace.limit
    if let index = addressSpaces[space].area(at: start), addressSpaces[space].areas[index].end == grown.lowerBound,
      grown.upperBound <= end, addressSpaces[space].isFree(grown)
    {
      let isLocked = addressSpaces[space].areas[index].lock != .none
      addressSpaces[space].areas[index].end = grown.upperBound
      mergeAreas(space, around: grown)
      if isLocked { populate(grown, of: me) }
      return start
    }
    guard remapping.flags.contains(.mayMove) else { throw .errno(.ENOMEM) }
    return try move(remapping, of: me)
  }

  /// Gives up what lies beyond the new size as munmap() does, which refuses what reaches beyond the addresses of tasks.
  /// Linux: shrink_vma().
  private mutating func shrink(_ remapping: Remapping, of me: TaskID) throws(Stop) {
    let start = remapping.start + remapping.newSize, count = remapping.oldSize - remapping.newSize
    guard start <= AddressSpace.limit, count <= AddressSpace.limit - start else { throw .errno(.EINVAL) }
    unmap(start..<start + count, of: me)
  }

  /// Linux: vrm_set_new_addr().
  private func place(_ remapping: Remapping, _ me: TaskID) throws(Stop) -> UInt64 {
    let space = tasks[me].memory, wish = remapping.hasTarget ? remapping.target : 0
    if remapping.flags.contains(.fixed) {
      if wish < AddressSpace.lowestForAll, !tasks[me].credentials.has(.sysRawio) { throw .errno(.EPERM) }
      return wish
    }
    if wish != 0, addressSpaces[space].isFree(wish..<wish + remapping.newSize) { return wish }
    guard let found = addressSpaces[space].freeRange(Int(remapping.newSize)) else { throw .errno(.ENOMEM) }
    return found
  }

  /// Moves what is mapped in the old range, part of one area or nothing of it, to its new place. With MREMAP_DONTUNMAP
  /// the old area stays, without these pages and the lock. Linux: move_vma().
  private mutating func move(_ remapping: Remapping, of me: TaskID) throws(Stop) -> UInt64 {
    let space = tasks[me].memory, old = remapping.start..<remapping.start + remapping.oldSize
    let place = try place(remapping, me), new = place..<place + remapping.newSize
    guard let index = addressSpaces[space].area(at: remapping.start) else { throw .errno(.EFAULT) }
    var area: MemoryArea
    if old.isEmpty || remapping.flags.contains(.keepOld) {
      area = addressSpaces[space].areas[index]
      let pages = area.pages(in: old)
      area.offset += Int(old.lowerBound - area.start)
      area.ownPages = addressSpaces[space].areas[index].ownPages.take(pages)
      if !old.isEmpty { addressSpaces[space].areas[index].lock = .none }
      hold(area, by: me)
    } else {
      area = takeAreas(old, of: me)[0]
      // The new one is there before the old one goes.
      hold(area, by: me)
      release(area, by: me)
    }
    area.start = new.lowerBound
    area.end = new.upperBound
    addressSpaces[space].insert(area)
    mergeAreas(space, around: new)
    if area.lock != .none, new.count > old.count { populate(place + remapping.oldSize..<new.upperBound, of: me) }
    return place
  }
}

/// Linux: include/uapi/linux/mman.h.
struct RemapFlags: Flags {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let mayMove = RemapFlags(rawValue: 1), fixed = RemapFlags(rawValue: 2), keepOld = RemapFlags(rawValue: 4)
  static let names = NameSet("mremap flags", .bits, ["MREMAP_MAYMOVE": 1, "MREMAP_FIXED": 2, "MREMAP_DONTUNMAP": 4])
}
