extension Syscall {
  /// memfd_create(2). Linux: mm/memfd.c.
  static let memfdCreate = Syscall(
    319, "memfd_create", "Makes a file without a name, in memory.",
    c: "int memfd_create(const char *name, unsigned int flags)",
    Param<PathName>("name"), Param<MemfdFlags>("flags", default: 0), returns: "fd",
    errors: [
      .EFAULT: "the name lies outside the caller's memory",
      .EINVAL: "flags holds an unknown bit, or the name is longer than 249 bytes",
      .EMFILE: "no descriptor is left below RLIMIT_NOFILE",
    ]
  ) { (kernel: inout Kernel, me: TaskID, name: PathName, flags: MemfdFlags) throws(Stop) -> FD in
    try flags.check()
    if flags.isSuperset(of: [.execute, .noExecuteSeal]) { throw .errno(.EINVAL) }
    let bytes = try name.string(kernel, me, limit: 250, tooLong: .EINVAL)
    guard UInt64(kernel.fileTables[kernel.tasks[me].files].lowestFree()) < kernel.limit(ResourceLimits.nofile, of: me)
    else {
      throw .errno(.EMFILE)
    }
    let file = try kernel.makeMemoryFile(bytes, flags, me)
    return try kernel.install(file, closesOnExec: flags.contains(.cloexec), for: me)
  }
}

/// MFD_*. Linux: include/uapi/linux/memfd.h. Huge pages are not modelled.
struct MemfdFlags: Flags {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let cloexec = MemfdFlags(rawValue: 1), allowSealing = MemfdFlags(rawValue: 2)
  static let noExecuteSeal = MemfdFlags(rawValue: 8), execute = MemfdFlags(rawValue: 16)
  static let names = NameSet(
    "memfd flags", .bits, ["MFD_CLOEXEC": 1, "MFD_ALLOW_SEALING": 2, "MFD_NOEXEC_SEAL": 8, "MFD_EXEC": 16])
}

extension Kernel {
  /// A regular file on the kernel's own tmpfs, which no tree shows. Linux: shm_mnt.
  fileprivate mutating func makeMemoryFile(_ name: [UInt8], _ flags: MemfdFlags, _ me: TaskID) throws(Stop) -> ID<
    OpenFile
  > {
    let who = tasks[me].credentials, mount = memoryMount!
    let mode: UInt32 = flags.contains(.noExecuteSeal) ? 0o666 : 0o777
    let inode = try makeInode(
      .regular(makeMemory()), mode: FileMode.regular | mode, owner: (who.fsuid, who.fsgid), in: mounts[mount].fileSystem
    )
    inodes[inode].links = 0
    if flags.contains(.noExecuteSeal) {
      inodes[inode].seals = .execute
    } else if flags.contains(.allowSealing) {
      inodes[inode].seals = []
    }
    let dentry = makeDentry(Array("memfd:".utf8) + name, inode)
    let file = files.insert(
      OpenFile(object: .inode(inode), status: [.readWrite, .largefile], path: Path(mount: mount, dentry: dentry)))
    return file
  }

  /// fcntl(2), F_GET_SEALS. Linux: memfd_get_seals().
  func seals(of file: ID<OpenFile>) throws(Stop) -> Int {
    guard case .inode(let inode) = files[file].object, inodes[inode].memory != nil else { throw .errno(.EINVAL) }
    return Int(inodes[inode].seals.rawValue)
  }

  /// fcntl(2), F_ADD_SEALS. Linux: memfd_add_seals().
  mutating func addSeals(_ seals: Seals, to file: ID<OpenFile>) throws(Stop) {
    guard files[file].isWritable else { throw .errno(.EPERM) }
    try seals.check()
    guard case .inode(let inode) = files[file].object, let memory = inodes[inode].memory else { throw .errno(.EINVAL) }
    if inodes[inode].seals.contains(.seal) { throw .errno(.EPERM) }
    if seals.contains(.write), !inodes[inode].seals.contains(.write), isMappedWritable(memory) { throw .errno(.EBUSY) }
    var seals = seals
    // A file that is sealed to stay executable is sealed against being written too.
    if seals.contains(.execute), inodes[inode].mode & 0o111 != 0 {
      seals.formUnion([.shrink, .grow, .write, .futureWrite])
    }
    inodes[inode].seals.formUnion(seals)
  }

  /// Whether some task maps it shared and may write through that. Linux: mapping_deny_writable().
  private func isMappedWritable(_ memory: ID<Memory>) -> Bool {
    for space in addressSpaces.ids {
      for area in addressSpaces[space].areas where area.memory == memory && area.isShared && area.mayWrite {
        return true
      }
    }
    return false
  }
}
