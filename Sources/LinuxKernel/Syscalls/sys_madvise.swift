extension Syscall {
  /// madvise(2). Linux: mm/madvise.c, do_madvise().
  static let madvise = Syscall(
    28, "madvise", "Says how a range of memory will be used; MADV_DONTNEED drops what was written to private memory.",
    c: "int madvise(void addr[.size], size_t size, int advice)",
    Param<Address>("addr"), Param<Int>("size"), Param<MemoryAdvice>("advice"),
    returns: "zero",
    errors: [
      .EINVAL: "addr is not on a page, size is too large, or the advice is unknown or not for this memory",
      .ENOMEM: "something in the range is not mapped; the rest is done",
    ]
  ) { (kernel: inout Kernel, me: TaskID, address: Address, size: Int, advice: MemoryAdvice) throws(Stop) -> Done in
    guard MemoryAdvice.names.entries.contains(where: { $0.value == Int64(advice.rawValue) }) else {
      throw .errno(.EINVAL)
    }
    let range = try pageRange(address, size, overflow: .EINVAL)
    let space = kernel.tasks[me].memory
    for index in kernel.addressSpaces[space].areas(in: range) {
      let area = kernel.addressSpaces[space].areas[index]
      if area.lock != .none, [.dontNeed, .free, .cold, .pageOut].contains(advice) { throw .errno(.EINVAL) }
      if advice == .free, area.isShared || area.memory != nil { throw .errno(.EINVAL) }
      guard advice == .dontNeed || advice == .dontNeedLocked else { continue }
      kernel.addressSpaces[space].areas[index].ownPages.drop(area.pages(in: range))
    }
    guard kernel.addressSpaces[space].isCovered(range) else { throw .errno(.ENOMEM) }
    return Done()
  }

  /// msync(2): files have no other storage than memory, so there is nothing to do. Linux: mm/msync.c.
  static let msync = Syscall(
    26, "msync", "Writes a mapped file back to its storage.",
    c: "int msync(void addr[.length], size_t length, int flags)",
    Param<Address>("addr"), Param<Int>("length"), Param<SyncFlags>("flags", default: 0),
    returns: "zero",
    errors: [
      .EBUSY: "MS_INVALIDATE of locked memory",
      .EINVAL: "addr is not on a page, or the flags are unknown or contradict each other",
      .ENOMEM: "something in the range is not mapped",
    ]
  ) { (kernel: inout Kernel, me: TaskID, address: Address, length: Int, flags: SyncFlags) throws(Stop) -> Done in
    try flags.check()
    guard !flags.isSuperset(of: [.async, .sync]) else { throw .errno(.EINVAL) }
    // A length that PAGE_ALIGN() wraps around to 0 is none.
    if address.value % 4096 == 0, length < 0, length > -4096 { return Done() }
    let range = try pageRange(address, length, overflow: .ENOMEM)
    let space = kernel.tasks[me].memory
    if flags.contains(.invalidate) {
      for index in kernel.addressSpaces[space].areas(in: range) {
        if kernel.addressSpaces[space].areas[index].lock != .none { throw .errno(.EBUSY) }
      }
    }
    guard kernel.addressSpaces[space].isCovered(range) else { throw .errno(.ENOMEM) }
    return Done()
  }

  /// mincore(2). Linux: mm/mincore.c.
  static let mincore = Syscall(
    27, "mincore", "Tells for each page of a range whether it is in memory: a byte of 1 or 0.",
    c: "int mincore(void addr[.length], size_t length, unsigned char vec[.length])",
    Param<Address>("addr"), Param<Int>("length"),
    returns: "vec",
    errors: [
      .EFAULT: "the answer is longer than 16 MiB", .EINVAL: "addr is not on a page",
      .ENOMEM: "something in the range is not mapped",
    ]
  ) { (kernel: inout Kernel, me: TaskID, address: Address, length: Int) throws(Stop) -> OutputBytes in
    let range = try pageRange(address, length, overflow: .ENOMEM)
    let space = kernel.tasks[me].memory
    // access_ok() looks at the address even of nothing.
    guard range.upperBound <= AddressSpace.limit, kernel.addressSpaces[space].isCovered(range) else {
      throw .errno(.ENOMEM)
    }
    // Nobody has room for a longer answer.
    guard range.count / Page.size <= 1 << 24 else { throw .errno(.EFAULT) }
    for start in stride(from: range.lowerBound, to: range.upperBound, by: Page.size) {
      let area = kernel.addressSpaces[space].areas[kernel.addressSpaces[space].area(at: start)!]
      let offset = Int(start - area.start)
      var page = area.ownPages.page(offset / Page.size)
      if page == nil, let memory = area.memory {
        page = kernel.memories[memory].bytes.page((area.offset + offset) / Page.size)
      }
      kernel.output.append(page == nil ? UInt8(0) : 1)
    }
    return OutputBytes()
  }
}

/// The pages of a range given by address and length.
private func pageRange(_ address: Address, _ length: Int, overflow: Errno) throws(Stop) -> Range<UInt64> {
  guard address.value % 4096 == 0 else { throw .errno(.EINVAL) }
  // Only what wraps around is refused here; what lies beyond all memory is not mapped.
  let size = (UInt64(bitPattern: Int64(length)) &+ 4095) & ~4095
  let (end, wraps) = address.value.addingReportingOverflow(size)
  guard !wraps, length == 0 || size > 0 else { throw .errno(overflow) }
  return address.value..<end
}

/// Linux: include/uapi/asm-generic/mman-common.h. Those listed change nothing that can be seen, but for MADV_DONTNEED.
struct MemoryAdvice: Choice, Equatable {
  let rawValue: Int32
  static let dontNeed = MemoryAdvice(rawValue: 4), free = MemoryAdvice(rawValue: 8), cold = MemoryAdvice(rawValue: 20)
  static let pageOut = MemoryAdvice(rawValue: 21), dontNeedLocked = MemoryAdvice(rawValue: 24)
  static let names = NameSet(
    "advice", .values,
    [
      "MADV_NORMAL": 0, "MADV_RANDOM": 1, "MADV_SEQUENTIAL": 2, "MADV_WILLNEED": 3, "MADV_DONTNEED": 4, "MADV_FREE": 8,
      "MADV_DONTDUMP": 16, "MADV_DODUMP": 17, "MADV_COLD": 20, "MADV_PAGEOUT": 21, "MADV_DONTNEED_LOCKED": 24,
    ])
}

struct SyncFlags: Flags {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let async = SyncFlags(rawValue: 1), sync = SyncFlags(rawValue: 4)
  static let invalidate = SyncFlags(rawValue: 2)
  static let names = NameSet("msync flags", .bits, ["MS_ASYNC": 1, "MS_INVALIDATE": 2, "MS_SYNC": 4])
}
