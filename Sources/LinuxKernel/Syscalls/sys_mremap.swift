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
      .EFAULT: "nothing is mapped at old_address, or the range spans two mappings",
      .EINVAL: "an address is not on a page, a size or the flags are not possible, or the ranges overlap",
      .ENOMEM: "there is no room to grow and MREMAP_MAYMOVE is not given",
    ]
  ) {
    (kernel: inout Kernel, me: TaskID, old: Address, oldLength: Int, newLength: Int, flags: RemapFlags, new: Address?)
      throws(Stop) -> MappedMemory in
    let start = old.value, limit = AddressSpace.limit
    try flags.check()
    guard start % 4096 == 0, newLength > 0, UInt64(newLength) <= limit else {
      throw .errno(.EINVAL)
    }
    // PAGE_ALIGN() of the old size may wrap around to 0.
    let oldSize = (UInt64(bitPattern: Int64(oldLength)) &+ 4095) & ~4095,
      newSize = (UInt64(newLength) + 4095) / 4096 * 4096
    let target = new?.value ?? 0
    let isPlaced = flags.contains(.fixed)
    if isPlaced || flags.contains(.keepOld) {
      guard flags.contains(.mayMove), !flags.contains(.keepOld) || oldSize == newSize else { throw .errno(.EINVAL) }
      if isPlaced {
        guard target % 4096 == 0, target <= limit - newSize else { throw .errno(.EINVAL) }
        guard target + newSize <= start || start &+ oldSize <= target else { throw .errno(.EINVAL) }
      }
    }
    let space = kernel.tasks[me].memory
    guard let index = kernel.addressSpaces[space].area(at: start) else { throw .errno(.EFAULT) }
    let area = kernel.addressSpaces[space].areas[index]
    if oldSize == 0 {
      // A second view of memory that is shared: old programs ask so.
      guard area.isShared else { throw .errno(.EINVAL) }
      guard flags.contains(.mayMove) else { throw .errno(.ENOMEM) }
    }
    if !isPlaced, !flags.contains(.keepOld), newSize <= oldSize {
      // The rest goes by munmap(), which refuses what reaches beyond the addresses of tasks. Linux: shrink_vma().
      guard newSize == oldSize || start + newSize <= limit && oldSize - newSize <= limit - start - newSize else {
        throw .errno(.EINVAL)
      }
      if newSize < oldSize { kernel.unmap(start + newSize..<start + oldSize, of: me) }
      return MappedMemory(address: start, count: newLength)
    }
    guard oldSize <= area.end - start else { throw .errno(.EFAULT) }
    if newSize > oldSize, area.lock != .none, !kernel.mayLock(pages: Int(newSize - oldSize) / Page.size, me) {
      throw .errno(.EAGAIN)
    }
    if !isPlaced, !flags.contains(.keepOld) {
      let grown = start + oldSize..<start + newSize
      // What lies above the mappings is the stack's.
      let end = start < AddressSpace.mappingTop ? AddressSpace.mappingTop : limit
      if start + oldSize == area.end, grown.upperBound <= end, kernel.addressSpaces[space].isFree(grown) {
        kernel.addressSpaces[space].areas[index].end = grown.upperBound
        kernel.mergeAreas(space, around: grown)
        if area.lock != .none { kernel.populate(grown, of: me) }
        return MappedMemory(address: start, count: newLength)
      }
      guard flags.contains(.mayMove) else { throw .errno(.ENOMEM) }
    }
    if isPlaced { kernel.unmap(target..<target + newSize, of: me) }
    guard let place = isPlaced ? target : kernel.addressSpaces[space].freeRange(Int(newSize)) else {
      throw .errno(.ENOMEM)
    }
    if newSize < oldSize { kernel.unmap(start + newSize..<start + oldSize, of: me) }
    if oldSize == 0 {
      kernel.showAgain(area, from: start, at: place..<place + newSize, of: me)
      return MappedMemory(address: place, count: newLength)
    }
    let moved = start..<start + min(oldSize, newSize)
    kernel.move(moved, to: place..<place + newSize, keepsOld: flags.contains(.keepOld), of: me)
    if area.lock != .none { kernel.populate(place..<place + newSize, of: me) }
    return MappedMemory(address: place, count: newLength)
  }
}

extension Kernel {
  /// Shows what is mapped in a shared area from `start` on in a second place.
  fileprivate mutating func showAgain(_ area: MemoryArea, from start: UInt64, at range: Range<UInt64>, of me: TaskID) {
    var second = area
    second.offset += Int(start - area.start)
    second.start = range.lowerBound
    second.end = range.upperBound
    hold(second, by: me)
    addressSpaces[tasks[me].memory].insert(second)
    mergeAreas(tasks[me].memory, around: range)
  }

  /// Moves what is mapped in `old`, part of one area, to `new`. With `keepsOld` an area without its pages stays behind.
  /// Linux: move_vma().
  mutating func move(_ old: Range<UInt64>, to new: Range<UInt64>, keepsOld: Bool, of me: TaskID) {
    let space = tasks[me].memory
    guard var area = takeAreas(old, of: me).first else { return }
    // The new place is there before the old one goes.
    hold(area, by: me)
    if keepsOld {
      var rest = area
      rest.ownPages = PagedBytes()
      rest.lock = .none
      addressSpaces[space].insert(rest)
    } else {
      release(area, by: me)
    }
    area.start = new.lowerBound
    area.end = new.upperBound
    addressSpaces[space].insert(area)
    mergeAreas(space, around: new)
  }
}

/// Linux: include/uapi/linux/mman.h.
struct RemapFlags: Flags {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let mayMove = RemapFlags(rawValue: 1), fixed = RemapFlags(rawValue: 2), keepOld = RemapFlags(rawValue: 4)
  static let names = NameSet("mremap flags", .bits, ["MREMAP_MAYMOVE": 1, "MREMAP_FIXED": 2, "MREMAP_DONTUNMAP": 4])
}
