// Reading, writing, cutting and growing files whose bytes the kernel keeps. Linux: mm/filemap.c, mm/shmem.c.

extension Kernel {
  /// Linux: rw_verify_area().
  @inline(__always) func checkRange(_ offset: Int64, _ count: Int) throws(Stop) {
    if offset < 0 || offset.addingReportingOverflow(Int64(count)).overflow { throw .errno(.EINVAL) }
  }

  /// Linux: shmem_file_read_iter().
  mutating func readRegular(
    _ inode: ID<Inode>, _ file: ID<OpenFile>, _ destination: inout Destination, at offset: Int64?, for me: TaskID
  ) throws(Stop) -> Int {
    guard let memory = inodes[inode].memory else { throw .errno(.EINVAL) }
    let start = offset ?? files[file].position
    try checkRange(start, destination.remaining)
    let size = memories[memory].size
    var at = Int(start), done = 0
    while at < size, destination.remaining > 0 {
      let inPage = at % Page.size
      let wanted = min(Page.size - inPage, size - at, destination.remaining)
      let page = memories[memory].bytes.page(at / Page.size) ?? ZeroPage.page
      let copied = deliver(page.view(inPage, wanted), to: &destination, of: me)
      at += copied
      done += copied
      if copied < wanted {
        if done == 0 { throw .errno(.EFAULT) }
        break
      }
    }
    if offset == nil { files[file].position = Int64(at) }
    if !files[file].status.contains(.noatime) { touchAccessed(inode) }
    return done
  }

  /// Linux: generic_file_write_iter(), shmem_write_begin().
  mutating func writeRegular(
    _ inode: ID<Inode>, _ file: ID<OpenFile>, _ source: inout Source, at offset: Int64?, for me: TaskID
  ) throws(Stop) -> Int {
    guard let memory = inodes[inode].memory else { throw .errno(.EINVAL) }
    try checkRange(offset ?? files[file].position, source.remaining)
    if source.remaining == 0 { return 0 }
    let isAppending = files[file].status.contains(.append)
    let start = isAppending ? memories[memory].size : Int(offset ?? files[file].position)
    let limit = limit(ResourceLimits.fsize, of: me)
    if limit != ResourceLimits.infinity {
      if UInt64(start) >= limit {
        sendFileSizeSignal(to: me)
        throw .errno(.EFBIG)
      }
      source.truncate(to: Int(min(limit - UInt64(start), UInt64(Int.max))))
    }
    if start == Int.max { throw .errno(.EFBIG) }
    source.truncate(to: Int.max - start)
    removePrivileges(inode, tasks[me].credentials)
    touchModified(inode)
    let (done, failure) = store(&source, inode, memory, at: start, me)
    if done == 0, let failure { throw .errno(failure) }
    memories[memory].size = max(memories[memory].size, start + done)
    if offset == nil { files[file].position = Int64(start + done) }
    return done
  }

  /// Writes page by page until the source, the space or a seal ends it.
  private mutating func store(
    _ source: inout Source, _ inode: ID<Inode>, _ memory: ID<Memory>, at start: Int, _ me: TaskID
  ) -> (done: Int, failure: Errno?) {
    let fileSystem = inodes[inode].fileSystem, seals = inodes[inode].seals
    var at = start
    while source.remaining > 0 {
      let number = at / Page.size, inPage = at % Page.size
      let wanted = min(Page.size - inPage, source.remaining)
      if !seals.isDisjoint(with: [.write, .futureWrite]) { return (at - start, .EPERM) }
      if seals.contains(.grow), at + wanted > memories[memory].size { return (at - start, .EPERM) }
      var page: Page
      if memories[memory].bytes.isReserved(number) {
        page = Page()
      } else if memories[memory].bytes.hasPage(number) {
        // Where the source may be this very file, mapped, its page has to stay in place while it is read.
        page = source.isMemory ? memories[memory].bytes.page(number)! : memories[memory].bytes.takePage(number)
      } else {
        synchroniseCharge(inode)
        if fileSystems[fileSystem].usedPages >= fileSystems[fileSystem].pageLimit { return (at - start, .ENOSPC) }
        guard pagesMade < pageAlarm || mayHoldMore() else { return (at - start, .ENOSPC) }
        pagesMade += 1
        page = wanted == Page.size && !source.isMemory ? .uninitialised : Page()
      }
      let copied = fill(&page, at: inPage, wanted, from: &source, of: me)
      memories[memory].bytes.setPage(number, page)
      at += copied
      if copied < wanted {
        synchroniseCharge(inode)
        return (at - start, .EFAULT)
      }
    }
    synchroniseCharge(inode)
    return (at - start, nil)
  }

  /// Counts the pages of a file, which mappings may have added to, against its file system.
  mutating func synchroniseCharge(_ inode: ID<Inode>) {
    guard let memory = inodes[inode].memory else { return }
    let pages = memories[memory].bytes.residentPages
    guard pages != inodes[inode].chargedPages else { return }
    fileSystems[inodes[inode].fileSystem].usedPages += pages - inodes[inode].chargedPages
    inodes[inode].chargedPages = pages
  }

  private mutating func sendFileSizeSignal(to me: TaskID) {
    send(
      SignalInfo(signal: Signal.xfsz, code: SignalInfo.user, pid: tasks[me].tid, uid: tasks[me].credentials.uid),
      toThread: me)
  }

  /// Linux: inode_newsize_ok().
  private mutating func checkNewSize(from old: Int, _ size: Int, most: Int = .max, _ me: TaskID) throws(Stop) {
    if size <= old { return }
    let limit = limit(ResourceLimits.fsize, of: me)
    if limit != ResourceLimits.infinity, UInt64(size) > limit {
      sendFileSizeSignal(to: me)
      throw .errno(.EFBIG)
    }
    if size > most { throw .errno(.EFBIG) }
  }

  /// MAX_NON_LFS: how large files are at most where a file system does not say otherwise (s_maxbytes).
  private static var usualLargest: Int { Int(Int32.max) }

  /// Sets the size of a regular file. Linux: do_truncate(), shmem_setattr().
  mutating func truncate(_ inode: ID<Inode>, to size: Int, for me: TaskID) throws(Stop) {
    if case .messageQueue(let queue) = inodes[inode].content {
      try checkNewSize(from: Int(posixQueues[queue].statusSize), size, most: Kernel.usualLargest, me)
      posixQueues[queue].statusSize = Int64(size)
      return touchModified(inode)
    }
    // A file of /proc takes any size that may be, and forgets it. Linux: proc_notify_change(), proc_sys_setattr().
    if case .process = inodes[inode].content {
      return try checkNewSize(from: 0, size, most: Kernel.usualLargest, me)
    }
    guard let memory = inodes[inode].memory else { throw .errno(.EINVAL) }
    let old = memories[memory].size
    try checkNewSize(from: old, size, me)
    if size < old, inodes[inode].seals.contains(.shrink) { throw .errno(.EPERM) }
    if size > old, inodes[inode].seals.contains(.grow) { throw .errno(.EPERM) }
    removePrivileges(inode, tasks[me].credentials)
    memories[memory].bytes.truncate(to: size)
    memories[memory].size = size
    if size < old { cutMappings(of: memory, to: size) }
    synchroniseCharge(inode)
    touchModified(inode)
  }

  /// Gives the range pages of its own, or takes them. Linux: shmem_fallocate().
  mutating func allocate(_ inode: ID<Inode>, _ mode: AllocateFlags, _ offset: Int, _ count: Int, for me: TaskID)
    throws(Stop)
  {
    guard let memory = inodes[inode].memory else { throw .errno(.EOPNOTSUPP) }
    let seals = inodes[inode].seals
    if mode.contains(.punchHole) {
      if !seals.isDisjoint(with: [.write, .futureWrite]) { throw .errno(.EPERM) }
      memories[memory].bytes.punch(offset, count)
    } else {
      let end = offset + count
      try checkNewSize(from: memories[memory].size, end, me)
      if seals.contains(.grow), end > memories[memory].size { throw .errno(.EPERM) }
      synchroniseCharge(inode)
      let fileSystem = inodes[inode].fileSystem
      let first = offset / Page.size, last = (end - 1) / Page.size
      let room = fileSystems[fileSystem].pageLimit - fileSystems[fileSystem].usedPages
      guard last - first < fileSystems[fileSystem].pageLimit else { throw .errno(.ENOSPC) }
      let missing = (first...last).filter { !memories[memory].bytes.hasPage($0) }
      if missing.count > room { throw .errno(.ENOSPC) }
      for number in missing { memories[memory].bytes.reservePage(number) }
      if !mode.contains(.keepSize) { memories[memory].size = max(memories[memory].size, end) }
    }
    removePrivileges(inode, tasks[me].credentials)
    synchroniseCharge(inode)
    touchModified(inode)
  }
}

/// F_SEAL_*. Linux: include/uapi/linux/fcntl.h.
struct Seals: Flags {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let seal = Seals(rawValue: 1), shrink = Seals(rawValue: 2), grow = Seals(rawValue: 4)
  static let write = Seals(rawValue: 8), futureWrite = Seals(rawValue: 16), execute = Seals(rawValue: 32)

  static let names = NameSet(
    "seals", .bits,
    [
      "F_SEAL_SEAL": 1, "F_SEAL_SHRINK": 2, "F_SEAL_GROW": 4, "F_SEAL_WRITE": 8, "F_SEAL_FUTURE_WRITE": 16,
      "F_SEAL_EXEC": 32,
    ])
}
