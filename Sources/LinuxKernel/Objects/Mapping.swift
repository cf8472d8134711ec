// How areas of memory are made, cut, moved and given up. Linux: mm/mmap.c, mm/vma.c, mm/mprotect.c, mm/mremap.c.

extension MemoryArea {
  /// Whether the two could be one: neighbours of the same kind, and not of those that count their pieces (System V
  /// segments). Linux: can_vma_merge_after().
  func joins(_ next: MemoryArea) -> Bool {
    end == next.start && segment == nil && next.segment == nil && protection == next.protection
      && isShared == next.isShared && memory == next.memory
      && mayWrite == next.mayWrite && lock == next.lock && (memory == nil || offset + count == next.offset)
  }

  /// Cuts the area in two at `address`, which lies inside; keeps the first part and returns the other.
  mutating func split(at address: UInt64) -> MemoryArea {
    var rest = self
    let kept = Int(address - start)
    rest.start = address
    rest.offset += kept
    rest.ownPages = ownPages.split(at: kept / Page.size)
    end = address
    return rest
  }

  /// Which of its pages a range touches.
  func pages(in range: Range<UInt64>) -> Range<Int> {
    let first = Int(max(start, range.lowerBound) - start) / Page.size
    return first..<(Int(min(end, range.upperBound) - start) + Page.size - 1) / Page.size
  }

  /// Takes in the area behind it, which joins.
  mutating func append(_ next: consuming MemoryArea) {
    var pages = PagedBytes()
    swap(&pages, &next.ownPages)
    ownPages.join(pages, at: count / Page.size)
    end = next.end
  }
}

extension AddressSpace {
  /// vm.max_map_count.
  static let areaLimit = 65530

  /// The first area that ends above `address`.
  func firstArea(from address: UInt64) -> Int {
    var low = 0, high = areas.count
    while low < high {
      let middle = (low + high) / 2
      if areas[middle].end <= address { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The areas that touch a range.
  func areas(in range: Range<UInt64>) -> Range<Int> {
    let first = firstArea(from: range.lowerBound)
    var end = first
    while end < areas.count, areas[end].start < range.upperBound { end += 1 }
    return first..<end
  }

  func isFree(_ range: Range<UInt64>) -> Bool { areas(in: range).isEmpty }

  /// Whether every address of a range is mapped.
  func isCovered(_ range: Range<UInt64>) -> Bool {
    var next = range.lowerBound
    for area in areas[areas(in: range)] {
      if area.start > next { return false }
      next = area.end
    }
    return next >= range.upperBound
  }
}

extension Kernel {
  /// Makes `address` a boundary between areas, if it lies inside one.
  mutating func cutArea(_ space: ID<AddressSpace>, at address: UInt64, by me: TaskID) {
    guard let index = addressSpaces[space].area(at: address), addressSpaces[space].areas[index].start < address else {
      return
    }
    let rest = addressSpaces[space].areas[index].split(at: address)
    addressSpaces[space].areas.insert(rest, at: index + 1)
    hold(rest, by: me)
  }

  /// Makes one area of neighbours that are alike, around those in `range`. Linux: vma_merge().
  mutating func mergeAreas(_ space: ID<AddressSpace>, around range: Range<UInt64>) {
    var index = max(addressSpaces[space].firstArea(from: range.lowerBound) - 1, 0)
    while index + 1 < addressSpaces[space].areas.count, addressSpaces[space].areas[index].start <= range.upperBound {
      guard addressSpaces[space].areas[index].joins(addressSpaces[space].areas[index + 1]) else {
        index += 1
        continue
      }
      let memory = addressSpaces[space].areas[index + 1].memory
      // It leaves the space first: pages that nobody else holds are not copied.
      let next = addressSpaces[space].areas.remove(at: index + 1)
      addressSpaces[space].areas[index].append(next)
      if let memory { release(memory) }
    }
  }

  /// Gives up a range, whatever is mapped there. Linux: do_vmi_munmap().
  mutating func unmap(_ range: Range<UInt64>, of me: TaskID) {
    for area in takeAreas(range, of: me) { release(area, by: me) }
  }

  /// Takes the areas of a range out of the space, cut to it.
  mutating func takeAreas(_ range: Range<UInt64>, of me: TaskID) -> [MemoryArea] {
    let space = tasks[me].memory
    if addressSpaces[space].isFree(range) { return [] }
    cutArea(space, at: range.lowerBound, by: me)
    cutArea(space, at: range.upperBound, by: me)
    let found = addressSpaces[space].areas(in: range)
    let taken = Array(addressSpaces[space].areas[found])
    addressSpaces[space].areas.removeSubrange(found)
    if range.overlaps(
      addressSpaces[space].arenaNext..<max(addressSpaces[space].arenaNext, addressSpaces[space].arenaEnd))
    {
      // The next buffer is carved from elsewhere.
      addressSpaces[space].arenaNext = 0
      addressSpaces[space].arenaEnd = 0
    }
    return taken
  }

  /// Pages before a hole, or before one that must not change so, are changed all the same. Linux: mprotect_fixup().
  mutating func protect(_ range: Range<UInt64>, _ protection: Protection, of me: TaskID) throws(Stop) {
    try changeAreas(in: range, of: me) { area throws(Stop) in
      if protection.contains(.write), area.isShared, !area.mayWrite { throw .errno(.EACCES) }
      defer { area.protection = protection }
      return area.protection != protection
    }
  }

  /// Changes what is mapped in a range, area after area up to the first hole, which is an ENOMEM. An area that stays as
  /// it is stays in one piece: somebody may count the pieces (shm_nattch).
  ///
  /// - Parameter change: changes an area and tells whether anything is different now; or throws, having changed
  ///   nothing.
  mutating func changeAreas(
    in range: Range<UInt64>, of me: TaskID, _ change: (inout MemoryArea) throws(Stop) -> Bool
  ) throws(Stop) {
    let space = tasks[me].memory
    var next = range.lowerBound
    defer { mergeAreas(space, around: range) }
    while next < range.upperBound {
      guard let index = addressSpaces[space].area(at: next) else { throw .errno(.ENOMEM) }
      var area = addressSpaces[space].areas[index]
      let end = min(area.end, range.upperBound)
      if try change(&area) {
        cutArea(space, at: next, by: me)
        cutArea(space, at: end, by: me)
        let piece = addressSpaces[space].area(at: next)!
        _ = try change(&addressSpaces[space].areas[piece])
      }
      next = end
    }
  }

  /// A file has been cut: what private mappings had copied from beyond its new end is gone too.
  /// Linux: unmap_mapping_range() with even_cows.
  mutating func cutMappings(of memory: ID<Memory>, to size: Int) {
    guard memories[memory].references > 1 else { return }
    let firstGone = (size + Page.size - 1) / Page.size
    for space in addressSpaces.ids {
      for index in addressSpaces[space].areas.indices {
        let area = addressSpaces[space].areas[index]
        guard area.memory == memory, !area.isShared, area.ownPages.residentPages > 0 else { continue }
        let number = max(0, firstGone - area.offset / Page.size)
        if area.ownPages.nextPage(from: number) != nil {
          addressSpaces[space].areas[index].ownPages.drop(number..<area.count / Page.size)
        }
      }
    }
  }

  /// Whether somebody could write to a file through a shared mapping (mapping_writably_mapped()): a seal waits for
  /// that.
  func isMappedWritably(_ memory: ID<Memory>) -> Bool {
    guard memories[memory].references > 1 else { return false }
    return addressSpaces.ids.contains { space in
      addressSpaces[space].areas.contains { $0.memory == memory && $0.isShared && $0.mayWrite }
    }
  }
}
