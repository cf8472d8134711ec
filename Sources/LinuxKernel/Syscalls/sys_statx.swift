extension Syscall {
  /// statx(2). Linux: fs/stat.c.
  static let statx = Syscall(
    332, "statx", "Describes a file, with its birth and its mount.",
    c: "int statx(int dirfd, const char *path, int flags, unsigned int mask, struct statx *statxbuf)",
    Param<FD>("dirfd"), Param<PathName>("path"), Param<LookupFlags>("flags", default: 0),
    Param<StatxMask>("mask", default: 0x7ff),
    returns: "statxbuf",
    errors: [
      .EINVAL: "flags or mask holds an unknown bit, or both kinds of synchronisation",
      .ENOENT: "nothing stands there",
      .ENOTDIR: "a component is no directory",
    ]
  ) {
    (kernel: inout Kernel, me: TaskID, directory: FD, path: PathName, flags: LookupFlags, mask: StatxMask) throws(Stop)
      -> ExtendedStatus in
    if mask.rawValue < 0 || flags.isSuperset(of: [.forceSync, .dontSync]) { throw .errno(.EINVAL) }
    guard flags.isSubset(of: [.noFollow, .noAutomount, .emptyPath, .forceSync, .dontSync]) else {
      throw .errno(.EINVAL)
    }
    return ExtendedStatus(status: kernel.status(of: try kernel.target(directory, path, flags.walk, me)), mask: mask)
  }
}

/// STATX_*. What is asked for beyond the basics comes where it is known; unknown bits are ignored, but for the reserved
/// one.
struct StatxMask: Flags {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let changes: UInt32 = 0xc0
  static let basic: UInt32 = 0x7ff, born: UInt32 = 0x800, mountID: UInt32 = 0x1000
  /// STATX_ATTR_MOUNT_ROOT; with AUTOMOUNT and DAX what every file system knows; IMMUTABLE, APPEND and NODUMP.
  static let mountRoot: UInt64 = 0x2000, attributes: UInt64 = 0x20_3000, memoryAttributes: UInt64 = 0x70
  static let names = NameSet(
    "statx mask", .bits,
    [
      "STATX_TYPE": 1, "STATX_MODE": 2, "STATX_NLINK": 4, "STATX_UID": 8, "STATX_GID": 0x10, "STATX_ATIME": 0x20,
      "STATX_MTIME": 0x40, "STATX_CTIME": 0x80, "STATX_INO": 0x100, "STATX_SIZE": 0x200, "STATX_BLOCKS": 0x400,
      "STATX_BASIC_STATS": 0x7ff, "STATX_BTIME": 0x800, "STATX_MNT_ID": 0x1000, "STATX_ALL": 0xfff,
    ])
}

/// struct statx.
struct ExtendedStatus: Returned {
  let status: FileStatus
  let mask: StatxMask
  static var results: [ResultKind] { [.structure(.statx)] }

  func store(_ kernel: inout Kernel) {
    let output = kernel.output, start = output.count
    output.append(zeros: Layout.statx.size)
    var known = StatxMask.basic | StatxMask.mountID
    // shmem_getattr() looks at the mask, and has three attributes more than others.
    let isBornAsked = UInt32(bitPattern: mask.rawValue) & StatxMask.born != 0
    if status.born != nil, isBornAsked { known |= StatxMask.born }
    // Nor are times told unasked that would have to be made finer then: fill_mg_cmtime().
    let tellsChanges = status.born == nil || UInt32(bitPattern: mask.rawValue) & StatxMask.changes != 0
    if !tellsChanges { known &= ~StatxMask.changes }
    output.store(known, at: start)
    output.store(UInt32(status.blockSize), at: start + 4)
    output.store(status.isMountRoot ? StatxMask.mountRoot : 0, at: start + 8)
    output.store(StatxMask.attributes | (status.born != nil ? StatxMask.memoryAttributes : 0), at: start + 56)
    output.store(UInt32(status.links), at: start + 16)
    output.store(status.uid, at: start + 20)
    output.store(status.gid, at: start + 24)
    output.store(UInt16(truncatingIfNeeded: status.mode), at: start + 28)
    output.store(status.inode, at: start + 32)
    output.store(status.size, at: start + 40)
    output.store(status.blocks, at: start + 48)
    let born = isBornAsked ? status.born : nil
    let (changed, modified) = tellsChanges ? (status.changed, status.modified) : (nil, nil)
    for (offset, time) in [(64, status.accessed), (80, born), (96, changed), (112, modified)] {
      guard let time else { continue }
      output.store(time.seconds, at: start + offset)
      output.store(UInt32(time.nanoseconds), at: start + offset + 8)
    }
    output.store(UInt32(status.deviceNumber >> 8 & 0xfff), at: start + 128)
    output.store(UInt32(status.deviceNumber & 0xff), at: start + 132)
    output.store(UInt32(status.device & 0xff), at: start + 140)
    output.store(status.mount, at: start + 144)
    kernel.reply.words[0] = 0
  }
}
