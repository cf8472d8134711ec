/// Memory that several may see: the content of a file, or an anonymous shared mapping. Linux: struct address_space.
struct Memory {
  var bytes = PagedBytes()
  /// The size of the file; accesses by mapping beyond its last page raise SIGBUS.
  var size = 0
  /// Inodes and mappings that hold it.
  var references = 1
}

/// What a mapping may be used for, with mmap(2)'s values.
struct Protection: OptionSet, Hashable, Sendable {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let read = Protection(rawValue: 1), write = Protection(rawValue: 2), execute = Protection(rawValue: 4)

  /// What may be written may be read, and what may only be executed may not: a key of the processor's keeps it, as on
  /// x86-64 with protection keys. Linux: execute_only_pkey().
  var isReadable: Bool { rawValue & 11 != 0 }
  /// Of memory that may only be executed: that no key keeps it from being read.
  static let keyless = Protection(rawValue: 8)
}

/// One mapping. Linux: struct vm_area_struct.
struct MemoryArea {
  var start: UInt64
  var end: UInt64
  var protection: Protection
  var isShared: Bool
  /// What is mapped; nil for private anonymous memory.
  var memory: ID<Memory>?
  /// Where in `memory` the area starts, in bytes.
  var offset = 0
  /// Pages of a private mapping that were written to, counted from `start`.
  var ownPages = PagedBytes()
  /// Whether what is mapped may be written through (a file opened for writing): mprotect asks.
  var mayWrite = true
  /// The segment of System V shared memory that it is attached to.
  var segment: ID<SharedSegment>?
  var lock = MemoryLock.none

  var count: Int { Int(end - start) }
}

/// The memory of a process. Linux: struct mm_struct.
struct AddressSpace {
  /// Sorted by address, never overlapping.
  var areas: [MemoryArea] = []
  var references = 1
  /// PR_SET_DUMPABLE: a bit of the memory, so of all who share it. Linux: get_dumpable().
  var isDumpable = true
  /// Where buffers made by ks.buffer are carved from; 0 until the first.
  var arenaNext: UInt64 = 0
  var arenaEnd: UInt64 = 0
  /// How what is mapped from now on is locked (MCL_FUTURE).
  var futureLock = MemoryLock.none

  /// The first address above everything mapped without a wish of its own; mappings grow down from here.
  static let mappingTop: UInt64 = 0x7fff_f000_0000
  static let lowest: UInt64 = 0x10000
  /// vm.mmap_min_addr: below it only those with CAP_SYS_RAWIO may map.
  static let lowestForAll: UInt64 = 4096
  /// TASK_SIZE of x86-64.
  static let limit: UInt64 = 0x7fff_ffff_f000

  /// The index of the area that holds `address`.
  @inline(__always) func area(at address: UInt64) -> Int? {
    var low = 0, high = areas.count
    while low < high {
      let middle = (low + high) / 2
      if areas[middle].end <= address { low = middle + 1 } else { high = middle }
    }
    return low < areas.count && areas[low].start <= address ? low : nil
  }

  /// The highest free range of `count` bytes below `mappingTop`.
  func freeRange(_ count: Int) -> UInt64? {
    var top = AddressSpace.mappingTop
    for area in areas.reversed() {
      if area.start >= top { continue }
      if area.end <= top && top - area.end >= UInt64(count) { return top - UInt64(count) }
      top = min(top, area.start)
    }
    return top >= AddressSpace.lowest + UInt64(count) ? top - UInt64(count) : nil
  }

  /// Where MAP_32BIT puts mappings, the lowest place first. Linux: find_start_end().
  static let low: Range<UInt64> = 0x4000_0000..<0x8000_0000

  func lowRange(_ count: UInt64) -> UInt64? {
    var start = AddressSpace.low.lowerBound
    for area in areas[areas(in: AddressSpace.low)] {
      if area.start >= start, area.start - start >= count { return start }
      start = max(start, area.end)
    }
    return start < AddressSpace.low.upperBound && AddressSpace.low.upperBound - start >= count ? start : nil
  }

  mutating func insert(_ area: MemoryArea) {
    let index = areas.firstIndex { $0.start >= area.end } ?? areas.count
    areas.insert(area, at: index)
  }
}

extension Kernel {
  /// Writes to a task's memory. Returns how many bytes were written before a fault.
  @inline(__always)
  mutating func writeMemory(_ view: ByteView, at address: UInt64, of me: TaskID) -> Int {
    let space = tasks[me].memory
    var done = 0
    while done < view.count {
      let at = address &+ UInt64(done)
      guard let index = addressSpaces[space].area(at: at) else { break }
      let count = min(view.count - done, Int(addressSpaces[space].areas[index].end - at))
      let written = write(view.slice(done, count), at: at, area: index, of: space)
      done += written
      if written < count { break }
    }
    return done
  }

  private mutating func write(_ view: ByteView, at address: UInt64, area index: Int, of space: ID<AddressSpace>) -> Int
  {
    // Field by field: a copy of the whole area would share its pages, which a write would then copy.
    guard addressSpaces[space].areas[index].protection.contains(.write) else { return 0 }
    guard pagesMade < pageAlarm || mayHoldMore() else { return 0 }
    let inArea = Int(address - addressSpaces[space].areas[index].start),
      offset = addressSpaces[space].areas[index].offset
    guard let memory = addressSpaces[space].areas[index].memory else {
      pagesMade += addressSpaces[space].areas[index].ownPages.store(view, at: inArea)
      return view.count
    }
    let count = accessible(memory, offset + inArea, view.count)
    if addressSpaces[space].areas[index].isShared {
      pagesMade += memories[memory].bytes.store(view.slice(0, count), at: offset + inArea)
      return count
    }
    // The first write to a page of a private file mapping takes a copy of the file's.
    for number in inArea / Page.size..<(inArea + max(count, 1) - 1) / Page.size + 1 where count > 0 {
      if !addressSpaces[space].areas[index].ownPages.hasPage(number) {
        let page = memories[memory].bytes.page(offset / Page.size + number) ?? Page()
        addressSpaces[space].areas[index].ownPages.setPage(number, page)
      }
    }
    pagesMade += addressSpaces[space].areas[index].ownPages.store(view.slice(0, count), at: inArea)
    return count
  }

  /// How many of `count` bytes at `offset` lie within the pages of a file; beyond them a mapping faults.
  func accessible(_ memory: ID<Memory>, _ offset: Int, _ count: Int) -> Int {
    let size = min(memories[memory].size, Int.max - Page.size)
    let end = (size + Page.size - 1) / Page.size * Page.size
    return max(0, min(count, end - offset))
  }

  /// Reads from a task's memory, piece by piece. Returns how many bytes were read before a fault.
  func readMemory(_ address: UInt64, _ count: Int, of me: TaskID, _ take: (ByteView, Int) -> Void) -> Int {
    var hasHoles = false
    return readMemory(address, count, of: me, &hasHoles, take)
  }

  /// Does the same, and says whether pages were met that are not there yet.
  func readMemory(
    _ address: UInt64, _ count: Int, of me: TaskID, _ hasHoles: inout Bool, _ take: (ByteView, Int) -> Void
  ) -> Int {
    let space = tasks[me].memory
    var done = 0
    while done < count {
      let at = address &+ UInt64(done)
      guard let index = addressSpaces[space].area(at: at) else { break }
      let area = addressSpaces[space].areas[index]
      guard area.protection.isReadable else { break }
      let inArea = Int(at - area.start), inPage = inArea % Page.size
      var step = min(count - done, area.count - inArea, Page.size - inPage)
      var page = area.ownPages.page(inArea / Page.size)
      if page == nil, let memory = area.memory {
        step = accessible(memory, area.offset + inArea, step)
        if step == 0 { break }
        page = memories[memory].bytes.page((area.offset + inArea) / Page.size)
      }
      if page == nil { hasHoles = true }
      take((page ?? Kernel.zeroPage).view(inPage, step), done)
      done += step
    }
    return done
  }

  /// What holes read as.
  private static var zeroPage: Page { ZeroPage.page }

  /// `count` bytes of a task's memory. Throws EFAULT where any of them cannot be read.
  func memory(_ address: UInt64, _ count: Int, of me: TaskID) throws(Stop) -> [UInt8] {
    var bytes: [UInt8] = []
    guard readMemory(address, count, of: me, { view, _ in bytes += view.array }) == count else { throw .errno(.EFAULT) }
    return bytes
  }

  mutating func setMemory(_ bytes: [UInt8], at address: UInt64, of me: TaskID) throws(Stop) {
    let written = bytes.withByteView { writeMemory($0, at: address, of: me) }
    guard written == bytes.count else { throw .errno(.EFAULT) }
  }

  /// Drops one holder of shared memory.
  mutating func release(_ memory: ID<Memory>) {
    memories[memory].references -= 1
    if memories[memory].references == 0 { memories.remove(memory) }
  }

  /// There is one more area like this one: what it shows has one more holder. Linux: the open operation of its kind.
  mutating func hold(_ area: MemoryArea, by me: TaskID) {
    if let memory = area.memory { memories[memory].references += 1 }
    if let segment = area.segment { attach(segment, by: me) }
  }

  /// An area is no more. Linux: the close operation of its kind.
  mutating func release(_ area: MemoryArea, by me: TaskID) {
    if let memory = area.memory { release(memory) }
    if let segment = area.segment { detach(segment, by: me) }
  }

  /// A copy for a new process: private pages are shared until written, shared memory is the same.
  mutating func duplicate(_ space: ID<AddressSpace>, by me: TaskID) -> ID<AddressSpace> {
    var copy = addressSpaces[space]
    copy.references = 1
    // Locks are not inherited.
    copy.futureLock = .none
    for index in copy.areas.indices where copy.areas[index].lock != .none { copy.areas[index].lock = .none }
    for area in copy.areas { hold(area, by: me) }
    return addressSpaces.insert(copy)
  }

  mutating func releaseAddressSpace(of me: TaskID) {
    let space = tasks[me].memory
    addressSpaces[space].references -= 1
    guard addressSpaces[space].references == 0 else { return }
    for area in addressSpaces.remove(space).areas { release(area, by: me) }
  }

  /// Maps `count` zero bytes for a task's own use, aligned to 64 (ks.buffer): carved from a private area that grows in
  /// steps, so that a thousand small buffers are not a thousand mappings.
  ///
  /// - Returns: the address; nil when no room is left.
  public mutating func allocateBuffer(_ count: Int, for me: TaskID) -> UInt64? {
    guard count >= 0, count <= 1 << 40 else { return nil }
    let space = tasks[me].memory, needed = UInt64((max(count, 1) + 63) / 64 * 64)
    if addressSpaces[space].arenaEnd - addressSpaces[space].arenaNext < needed {
      let size = max((needed + 4095) / 4096 * 4096, 1 << 20)
      guard let start = addressSpaces[space].freeRange(Int(size)) else { return nil }
      addressSpaces[space].insert(
        MemoryArea(start: start, end: start + size, protection: [.read, .write], isShared: false))
      addressSpaces[space].arenaNext = start
      addressSpaces[space].arenaEnd = start + size
    }
    defer { addressSpaces[space].arenaNext += needed }
    return addressSpaces[space].arenaNext
  }
}

/// The bytes of a hole.
enum ZeroPage {
  // Never written to: every holder that wants to write makes its own copy first.
  nonisolated(unsafe) static let page = Page()
  /// The same, for a page that was touched and so is no hole.
  nonisolated(unsafe) static let touched = Page()
}
