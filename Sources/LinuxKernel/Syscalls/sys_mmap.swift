extension Syscall {
  /// mmap(2). Linux: mm/mmap.c, do_mmap().
  static let mmap = Syscall(
    9, "mmap", "Maps a file or fresh memory.",
    c: "void *mmap(void addr[.length], size_t length, int prot, int flags, int fd, off_t offset)",
    Param<Address>("addr"), Param<Int>("length"), Param<MapProtection>("prot"), Param<MapFlags>("flags"),
    Param<FD>("fd", default: -1), Param<Int>("offset", default: 0),
    returns: "memory",
    errors: [
      .EACCES: "the file is not open for what is asked",
      .EAGAIN: "more would be locked than RLIMIT_MEMLOCK allows",
      .EBADF: "fd is not open",
      .EEXIST: "MAP_FIXED_NOREPLACE and something is mapped there",
      .EINVAL: "length is 0, the offset or a fixed address is not on a page, or the kind of mapping is none",
      .EIO: "the file is one of the system's below /proc",
      .ENODEV: "the file cannot be mapped",
      .ENOMEM: "no room, or too many mappings; huge pages there are none",
      .ENOSYS: "not built: MAP_GROWSDOWN",
      .EOPNOTSUPP: "MAP_SHARED_VALIDATE with a flag that the file does not know",
      .EOVERFLOW: "offset plus length is too large",
      .EPERM: "MAP_LOCKED where RLIMIT_MEMLOCK is 0, an address below vm.mmap_min_addr without CAP_SYS_RAWIO, "
        + "a seal forbids writing, or PROT_EXEC of what is in no tree or below /proc; a fixed address of -1: each from "
        + "-4095 on is taken for the error of that number",
    ]
  ) {
    (
      kernel: inout Kernel, me: TaskID, address: Address, length: Int, protection: MapProtection, flags: MapFlags,
      fd: FD, offset: Int
    )
      throws(Stop) -> MappedMemory in
    guard offset % Page.size == 0 else { throw .errno(.EINVAL) }
    if !flags.isDisjoint(with: .notBuilt) { throw .errno(.ENOSYS) }
    var file: ID<OpenFile>?
    if !flags.contains(.anonymous) {
      file = try kernel.file(fd, of: me)
      if flags.contains(.hugePages) { throw .errno(.EINVAL) }
    }
    let size = try kernel.mapSize(flags.contains(.hugePages) ? flags.hugeLength(length) : length)
    let space = kernel.tasks[me].memory
    guard kernel.addressSpaces[space].areas.count <= AddressSpace.areaLimit else { throw .errno(.ENOMEM) }
    if flags.contains(.hugePages) { try flags.checkHugePlace(address.value) }
    let range = try kernel.placeMapping(address.value, size, flags, me)
    var area = MemoryArea(
      start: range.lowerBound, end: range.upperBound, protection: protection.protection,
      isShared: flags.kind != .private)
    area.lock = try kernel.lockOfNewArea(pages: size / Page.size, asked: flags.contains(.locked), me)
    // Huge pages are those of a file that the kernel makes. Linux: file_mmap_ok().
    if file != nil || flags.contains(.hugePages), offset < 0 || offset.addingReportingOverflow(size).overflow {
      throw .errno(.EOVERFLOW)
    }
    if flags.contains(.hugePages) {
      // There are none, which is the last thing to be looked at.
      guard flags.kind != nil else { throw .errno(.EINVAL) }
      try flags.checkValidated()
      throw .errno(offset % Int(MapFlags.hugePageSize) == 0 ? .ENOMEM : .EINVAL)
    }
    try kernel.backMapping(&area, file, offset, flags, protection)
    kernel.unmap(range, of: me)
    kernel.addressSpaces[space].insert(area)
    kernel.mergeAreas(space, around: range)
    if area.lock != .none || flags.contains(.populate) { kernel.populate(range, of: me) }
    return MappedMemory(address: range.lowerBound, count: length)
  }

  /// munmap(2).
  static let munmap = Syscall(
    11, "munmap", "Gives up a range of memory, whatever is mapped there.",
    c: "int munmap(void addr[.length], size_t length)",
    Param<Address>("addr"), Param<Int>("length"),
    returns: "zero",
    errors: [.EINVAL: "addr is not on a page, length is 0, or the range leaves the address space"]
  ) { (kernel: inout Kernel, me: TaskID, address: Address, length: Int) throws(Stop) -> Done in
    let start = address.value, limit = AddressSpace.limit
    guard start % UInt64(Page.size) == 0, start <= limit, length > 0, UInt64(length) <= limit - start else {
      throw .errno(.EINVAL)
    }
    let end = start + (UInt64(length) + 4095) / 4096 * 4096
    kernel.unmap(start..<end, of: me)
    return Done()
  }

  /// mprotect(2). Linux: mm/mprotect.c, do_mprotect_pkey().
  static let mprotect = Syscall(
    10, "mprotect", "Changes what a range of memory may be used for.",
    c: "int mprotect(void addr[.size], size_t size, int prot)",
    Param<Address>("addr"), Param<Int>("size"), Param<MapProtection>("prot"),
    returns: "zero",
    errors: [
      .EACCES: "writing to a shared mapping of a file that is not open for writing",
      .EINVAL: "addr is not on a page, or prot holds an unknown bit",
      .ENOMEM: "something in the range is not mapped; what lies before it is changed",
    ]
  ) { (kernel: inout Kernel, me: TaskID, address: Address, size: Int, protection: MapProtection) throws(Stop) -> Done in
    let start = address.value
    // No mapping grows, so that none can be asked for up to where it may.
    let grows = MapProtection(rawValue: protection.rawValue & MapProtection.grows.rawValue)
    guard start % 4096 == 0, grows != .grows else { throw .errno(.EINVAL) }
    if size == 0 { return Done() }
    let end = start &+ (UInt64(bitPattern: Int64(size)) &+ 4095) / 4096 * 4096
    guard end > start else { throw .errno(.ENOMEM) }
    try protection.check()
    if !grows.isEmpty {
      let space = kernel.tasks[me].memory, covered = kernel.addressSpaces[space].areas(in: start..<end).first
      guard let first = covered.map({ kernel.addressSpaces[space].areas[$0] }),
        grows == .growsDown || first.start <= start
      else {
        throw .errno(.ENOMEM)
      }
      throw .errno(.EINVAL)
    }
    try kernel.protect(start..<end, protection.protection, of: me)
    return Done()
  }
}

extension Kernel {
  /// The length of a mapping in whole pages.
  func mapSize(_ length: Int) throws(Stop) -> Int {
    guard length != 0 else { throw .errno(.EINVAL) }
    guard length > 0, UInt64(length) <= AddressSpace.limit else { throw .errno(.ENOMEM) }
    return (length + Page.size - 1) / Page.size * Page.size
  }

  /// Where a mapping goes. Linux: __get_unmapped_area().
  func placeMapping(_ address: UInt64, _ size: Int, _ flags: MapFlags, _ me: TaskID) throws(Stop) -> Range<UInt64> {
    let space = tasks[me].memory, size = UInt64(size), limit = AddressSpace.limit
    guard size <= limit else { throw .errno(.ENOMEM) }
    if flags.contains(.fixed) || flags.contains(.fixedNoReplace) {
      // An address of the last page is taken for an error that was found on the way, but for the first of them.
      if address > UInt64(bitPattern: -4096) { throw .errno(Errno(Int32(-Int64(bitPattern: address)))) }
      guard address <= limit - size else { throw .errno(.ENOMEM) }
      guard address % 4096 == 0 else { throw .errno(.EINVAL) }
      if address < AddressSpace.lowestForAll, !tasks[me].credentials.has(.sysRawio) { throw .errno(.EPERM) }
      let range = address..<address + size
      if flags.contains(.fixedNoReplace), !addressSpaces[space].isFree(range) { throw .errno(.EEXIST) }
      return range
    }
    // arch_get_unmapped_area(): below 2 GiB a wish may lie lower than what is chosen.
    let end = flags.contains(.below2GiB) ? AddressSpace.low.upperBound : limit
    guard size <= end else { throw .errno(.ENOMEM) }
    // An address that is only a wish is taken if it is free; none lies in the first page. Linux: round_hint_to_min().
    let wish = address & ~4095
    if wish != 0, wish <= end - size {
      let start = max(wish, AddressSpace.lowest)
      if start <= end - size, addressSpaces[space].isFree(start..<start + size) { return start..<start + size }
    }
    let found =
      flags.contains(.below2GiB) ? addressSpaces[space].lowRange(size) : addressSpaces[space].freeRange(Int(size))
    guard let start = found else { throw .errno(.ENOMEM) }
    return start..<start + size
  }

  /// Gives a new area what it shows, and checks that the file allows it.
  fileprivate mutating func backMapping(
    _ area: inout MemoryArea, _ file: ID<OpenFile>?, _ offset: Int, _ flags: MapFlags, _ protection: MapProtection
  ) throws(Stop) {
    guard let file else {
      switch flags.kind {
      case .private: return
      case .shared: area.memory = memories.insert(Memory(size: area.count))
      default: throw .errno(.EINVAL)
      }
      return
    }
    switch flags.kind {
    case .shared, .sharedValidate:
      try flags.checkValidated()
      if protection.protection.contains(.write), !files[file].isWritable { throw .errno(.EACCES) }
      area.mayWrite = files[file].isWritable
    case .private: break
    default: throw .errno(.EINVAL)
    }
    guard files[file].isReadable else { throw .errno(.EACCES) }
    if protection.protection.contains(.execute), isBarredFromExecution(file) { throw .errno(.EPERM) }
    switch try mappedContent(of: file) {
    case .zeros: if area.isShared { area.memory = memories.insert(Memory(size: area.count)) }
    case .memory(let memory):
      if area.isShared, let inode = inode(of: file), !inodes[inode].seals.isDisjoint(with: [.write, .futureWrite]) {
        if protection.protection.contains(.write) { throw .errno(.EPERM) }
        area.mayWrite = false
      }
      memories[memory].references += 1
      area.memory = memory
      area.offset = offset
    }
  }

  enum MappedContent {
    /// Fresh memory, as /dev/zero gives it.
    case zeros
    case memory(ID<Memory>)
  }

  /// What mapping a file shows. Linux: the mmap operation of its kind.
  func mappedContent(of file: ID<OpenFile>) throws(Stop) -> MappedContent {
    guard case .inode(let inode) = files[file].object else { throw .errno(.ENODEV) }
    switch inodes[inode].content {
    case .regular(let memory): return .memory(memory)
    case .device(let number): if Device(rawValue: number) == .zero { return .zeros }
    // proc_reg_mmap() stands before the files of the system, and has its own word for those that cannot be mapped.
    case .process(.rootEntry): if inodes[inode].isRegular { throw .errno(.EIO) }
    case .process(.system(let node)): if SystemNode.all[node].file?.isSetting == false { throw .errno(.EIO) }
    default: break
    }
    throw .errno(.ENODEV)
  }

  /// Whether nothing may be executed where the file is: what is in no tree, and what the kernel mounts itself
  /// (SB_I_NOEXEC). Linux: path_noexec().
  private func isBarredFromExecution(_ file: ID<OpenFile>) -> Bool {
    if let path = files[file].path { return fileSystems[inodes[inode(path)].fileSystem].kind != .tmpfs }
    if case .console = files[file].object { return false }
    return true
  }
}

/// Memory mapped for the caller.
struct MappedMemory: Returned {
  let address: UInt64
  let count: Int
  static var results: [ResultKind] { [.buffer] }
  func store(_ kernel: inout Kernel) {
    kernel.reply.words[0] = Int64(bitPattern: address)
    kernel.reply.words[1] = Int64(count)
  }
}

/// Linux: include/uapi/asm-generic/mman-common.h.
struct MapProtection: Flags {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let growsDown = MapProtection(rawValue: 0x0100_0000), grows = MapProtection(rawValue: 0x0300_0000)
  /// mmap ignores bits that it does not know, but gives a key only to those who ask for PROT_EXEC and nothing else.
  var protection: Protection {
    let protection = Protection(rawValue: rawValue & 7)
    return protection == .execute && rawValue != 4 ? [.execute, .keyless] : protection
  }
  static let names = NameSet(
    "protection", .bits,
    [
      "PROT_NONE": 0, "PROT_READ": 1, "PROT_WRITE": 2, "PROT_EXEC": 4, "PROT_SEM": 8, "PROT_GROWSDOWN": 0x0100_0000,
      "PROT_GROWSUP": 0x0200_0000,
    ])
}

/// Linux: include/uapi/linux/mman.h. Those that only advise are accepted and change nothing: there is no
/// swap (MAP_NORESERVE, MAP_NONBLOCK, MAP_STACK). MAP_DENYWRITE, MAP_EXECUTABLE
/// and bits without a name are ignored by Linux itself, MAP_SHARED_VALIDATE apart. No mapping lies below 4 GiB unless
/// asked to (MAP_ABOVE4G).
struct MapFlags: Flags {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  enum Kind: Int32 { case shared = 1, `private` = 2, sharedValidate = 3 }
  var kind: Kind? { Kind(rawValue: rawValue & 0xf) }
  static let fixed = MapFlags(rawValue: 0x10), anonymous = MapFlags(rawValue: 0x20),
    hugePages = MapFlags(rawValue: 0x40000)
  static let fixedNoReplace = MapFlags(rawValue: 0x100000)
  static let hugePageSize: UInt64 = 2 << 20

  /// A length in whole huge pages, of the one size that there is. Rounding may wrap around to 0. Linux:
  /// hstate_sizelog() in ksys_mmap_pgoff().
  func hugeLength(_ length: Int) throws(Stop) -> Int {
    let size = Int(MapFlags.hugePageSize), logarithm = rawValue >> 26 & 0x3f
    guard logarithm == 0 || 1 << Int(logarithm) == size else { throw .errno(.EINVAL) }
    return (length &+ (size - 1)) & ~(size - 1)
  }

  /// A fixed place is refused unless it is on a boundary of huge pages. Linux: hugetlb_get_unmapped_area().
  func checkHugePlace(_ address: UInt64) throws(Stop) {
    if !isDisjoint(with: [.fixed, .fixedNoReplace]), address % MapFlags.hugePageSize != 0 { throw .errno(.EINVAL) }
  }

  /// MAP_SHARED_VALIDATE takes no flag that the file does not know.
  func checkValidated() throws(Stop) {
    if kind == .sharedValidate, !subtracting(.fixedNoReplace).isSubset(of: .legacy) { throw .errno(.EOPNOTSUPP) }
  }
  static let below2GiB = MapFlags(rawValue: 0x40), locked = MapFlags(rawValue: 0x2000),
    populate = MapFlags(rawValue: 0x8000)
  /// MAP_GROWSDOWN means something that is not modelled.
  static let notBuilt = MapFlags(rawValue: 0x100)
  /// LEGACY_MAP_MASK: what MAP_SHARED_VALIDATE finds known.
  static let legacy = MapFlags(rawValue: 0x7f9ff)
  static let names = NameSet(
    "mmap flags", .bits,
    [
      "MAP_SHARED": 1, "MAP_PRIVATE": 2, "MAP_SHARED_VALIDATE": 3, "MAP_FIXED": 0x10, "MAP_ANONYMOUS": 0x20,
      "MAP_ANON": 0x20,
      "MAP_32BIT": 0x40, "MAP_ABOVE4G": 0x80, "MAP_GROWSDOWN": 0x100, "MAP_DENYWRITE": 0x800, "MAP_EXECUTABLE": 0x1000,
      "MAP_LOCKED": 0x2000, "MAP_NORESERVE": 0x4000,
      "MAP_POPULATE": 0x8000, "MAP_NONBLOCK": 0x10000, "MAP_STACK": 0x20000, "MAP_HUGETLB": 0x40000,
      "MAP_FIXED_NOREPLACE": 0x100000,
    ], enumerationMask: 0xf)
}
