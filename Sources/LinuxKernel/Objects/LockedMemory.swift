// Memory that is to stay where it is. Nothing is ever swapped out here: what can be seen is the limit on how much a
// process may lock, that locked pages are there at once, and what may not be done with them.
// Linux: mm/mlock.c, mm/gup.c.

/// How an area is locked. Linux: VM_LOCKED, VM_LOCKONFAULT.
enum MemoryLock {
  case none
  case locked
  /// Pages come when they are touched.
  case onFault
}

extension Kernel {
  /// Linux: can_do_mlock().
  func mayLock(_ me: TaskID) -> Bool {
    limit(ResourceLimits.memlock, of: me) != 0 || tasks[me].credentials.has(.ipcLock)
  }

  /// Whether so many pages more may be locked. Linux: mlock_future_ok().
  func mayLock(pages: Int, _ me: TaskID) -> Bool {
    tasks[me].credentials.has(.ipcLock)
      || UInt64(lockedPages(of: tasks[me].memory) + pages) <= limit(ResourceLimits.memlock, of: me) / UInt64(Page.size)
  }

  /// Linux: locked_vm.
  func lockedPages(of space: ID<AddressSpace>) -> Int {
    addressSpaces[space].areas.reduce(0) { $1.lock == .none ? $0 : $0 + $1.count / Page.size }
  }

  /// How a new area is locked, and whether it may be. Linux: do_mmap().
  func lockOfNewArea(pages: Int, asked: Bool, _ me: TaskID) throws(Stop) -> MemoryLock {
    let lock = addressSpaces[tasks[me].memory].futureLock
    if asked, !mayLock(me) { throw .errno(.EPERM) }
    if asked || lock != .none, !mayLock(pages: pages, me) { throw .errno(.EAGAIN) }
    return asked && lock == .none ? .locked : lock
  }

  /// Linux: do_mlock().
  mutating func lockMemory(_ address: UInt64, _ length: UInt64, _ lock: MemoryLock, _ me: TaskID) throws(Stop) {
    guard mayLock(me) else { throw .errno(.EPERM) }
    let page = UInt64(Page.size), start = address & ~(page - 1)
    let size = (length &+ address % page &+ (page - 1)) & ~(page - 1)
    let (end, wraps) = start.addingReportingOverflow(size)
    if !tasks[me].credentials.has(.ipcLock) {
      // What is locked already is not counted twice.
      let space = tasks[me].memory, most = limit(ResourceLimits.memlock, of: me) / page
      var overlap: UInt64 = 0
      if !wraps {
        for index in addressSpaces[space].areas(in: start..<end) where addressSpaces[space].areas[index].lock != .none {
          let area = addressSpaces[space].areas[index]
          overlap += (min(area.end, end) - max(area.start, start)) / page
        }
      }
      guard size / page + UInt64(lockedPages(of: space)) - overlap <= most else { throw .errno(.ENOMEM) }
    }
    if wraps { throw .errno(.EINVAL) }
    try setLock(start..<end, lock, me)
    guard populate(start..<end, of: me) else { throw .errno(.ENOMEM) }
  }

  /// Pages before a hole are done all the same. Linux: apply_vma_lock_flags().
  mutating func setLock(_ range: Range<UInt64>, _ lock: MemoryLock, _ me: TaskID) throws(Stop) {
    try changeAreas(in: range, of: me) { area throws(Stop) in
      defer { area.lock = lock }
      return area.lock != lock
    }
  }

  /// Linux: apply_mlockall_flags().
  mutating func setLockOfAll(_ lock: MemoryLock, _ me: TaskID) {
    let space = tasks[me].memory
    for index in addressSpaces[space].areas.indices { addressSpaces[space].areas[index].lock = lock }
    mergeAreas(space, around: 0..<AddressSpace.limit)
  }

  /// What a read of memory does that meets pages not yet there. Linux: do_read_fault().
  @inline(never) mutating func touch(_ range: Range<UInt64>, of me: TaskID) {
    let space = tasks[me].memory
    for index in addressSpaces[space].areas(in: range) {
      for number in addressSpaces[space].areas[index].pages(in: range)
      where !addressSpaces[space].areas[index].ownPages.hasPage(number) {
        if let memory = addressSpaces[space].areas[index].memory {
          touch(memory, addressSpaces[space].areas[index].offset / Page.size + number)
        } else {
          addressSpaces[space].areas[index].ownPages.setPage(number, ZeroPage.touched)
        }
      }
    }
  }

  /// Has the pages of a range be there, as if each were touched. False where one cannot be. Linux: __mm_populate().
  @discardableResult
  mutating func populate(_ range: Range<UInt64>, of me: TaskID) -> Bool {
    if range.isEmpty { return true }
    let space = tasks[me].memory
    for index in addressSpaces[space].areas(in: range) {
      if addressSpaces[space].areas[index].lock == .onFault { continue }
      let protection = addressSpaces[space].areas[index].protection
      if !protection.isReadable { return false }
      let pages = addressSpaces[space].areas[index].pages(in: range)
      guard let memory = addressSpaces[space].areas[index].memory else {
        addressSpaces[space].areas[index].ownPages.fill(pages, with: ZeroPage.touched)
        continue
      }
      // What is written to later gets its own page now.
      let isOwn = !addressSpaces[space].areas[index].isShared && protection.contains(.write)
      for number in pages where !addressSpaces[space].areas[index].ownPages.hasPage(number) {
        let offset = addressSpaces[space].areas[index].offset + number * Page.size
        guard accessible(memory, offset, 1) == 1 else { return false }
        let page = touch(memory, offset / Page.size)
        if isOwn { addressSpaces[space].areas[index].ownPages.setPage(number, page) }
      }
    }
    return true
  }

  /// The page of shared memory that is now there, if it was a hole before. Linux: shmem_fault().
  @discardableResult
  mutating func touch(_ memory: ID<Memory>, _ number: Int) -> Page {
    if let page = memories[memory].bytes.page(number), !Page.isShared(page, ZeroPage.page) { return page }
    memories[memory].bytes.setPage(number, ZeroPage.touched)
    return ZeroPage.touched
  }
}
