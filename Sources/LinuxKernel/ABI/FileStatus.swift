extension Layout {
  /// struct stat of x86-64. Linux: arch/x86/include/uapi/asm/stat.h.
  public static let stat = Layout(
    "stat", size: 144,
    [
      Field("st_dev", 0, .u64), Field("st_ino", 8, .u64), Field("st_nlink", 16, .u64), Field("st_mode", 24, .u32),
      Field("st_uid", 28, .u32), Field("st_gid", 32, .u32), Field("st_rdev", 40, .u64), Field("st_size", 48, .i64),
      Field("st_blksize", 56, .i64), Field("st_blocks", 64, .i64), Field("st_atim", 72, .structure(Layouts.timespec)),
      Field("st_mtim", 88, .structure(Layouts.timespec)), Field("st_ctim", 104, .structure(Layouts.timespec)),
    ])

  /// Linux: include/uapi/linux/stat.h.
  static let statxTime = Layout("statx_timestamp", size: 16, [Field("tv_sec", 0, .i64), Field("tv_nsec", 8, .u32)])

  public static let statx = Layout(
    "statx", size: 256,
    [
      Field("stx_mask", 0, .u32), Field("stx_blksize", 4, .u32), Field("stx_attributes", 8, .u64),
      Field("stx_nlink", 16, .u32),
      Field("stx_uid", 20, .u32), Field("stx_gid", 24, .u32), Field("stx_mode", 28, .u16), Field("stx_ino", 32, .u64),
      Field("stx_size", 40, .u64), Field("stx_blocks", 48, .u64), Field("stx_attributes_mask", 56, .u64),
      Field("stx_atime", 64, .structure(.statxTime)), Field("stx_btime", 80, .structure(.statxTime)),
      Field("stx_ctime", 96, .structure(.statxTime)), Field("stx_mtime", 112, .structure(.statxTime)),
      Field("stx_rdev_major", 128, .u32), Field("stx_rdev_minor", 132, .u32), Field("stx_dev_major", 136, .u32),
      Field("stx_dev_minor", 140, .u32), Field("stx_mnt_id", 144, .u64),
    ])

  /// Linux: arch/x86/include/uapi/asm/statfs.h.
  public static let statfs = Layout(
    "statfs", size: 120,
    [
      Field("f_type", 0, .i64), Field("f_bsize", 8, .i64), Field("f_blocks", 16, .u64), Field("f_bfree", 24, .u64),
      Field("f_bavail", 32, .u64), Field("f_files", 40, .u64), Field("f_ffree", 48, .u64), Field("f_fsid", 56, .u64),
      Field("f_namelen", 64, .i64), Field("f_frsize", 72, .i64), Field("f_flags", 80, .i64),
    ])

  /// Linux: include/uapi/linux/openat2.h.
  public static let openHow = Layout(
    "open_how", size: 24,
    [
      Field("flags", 0, .u64, names: OpenFlags.names), Field("mode", 8, .u64),
      Field("resolve", 16, .u64, names: ResolveFlags.names),
    ])
}

/// RESOLVE_*. Linux: include/uapi/linux/openat2.h.
enum ResolveFlags {
  static let names = NameSet(
    "resolve flags", .bits,
    [
      "RESOLVE_NO_XDEV": 1, "RESOLVE_NO_MAGICLINKS": 2, "RESOLVE_NO_SYMLINKS": 4, "RESOLVE_BENEATH": 8,
      "RESOLVE_IN_ROOT": 16, "RESOLVE_CACHED": 32,
    ])
}

/// The AT_* flags of calls that look a path up. Linux: include/uapi/linux/fcntl.h.
struct LookupFlags: Flags {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let noFollow = LookupFlags(rawValue: 0x100), follow = LookupFlags(rawValue: 0x400)
  static let noAutomount = LookupFlags(rawValue: 0x800), emptyPath = LookupFlags(rawValue: 0x1000)
  static let forceSync = LookupFlags(rawValue: 0x2000), dontSync = LookupFlags(rawValue: 0x4000)
  static let names = NameSet(
    "lookup flags", .bits,
    [
      "AT_SYMLINK_NOFOLLOW": 0x100, "AT_SYMLINK_FOLLOW": 0x400, "AT_NO_AUTOMOUNT": 0x800, "AT_EMPTY_PATH": 0x1000,
      "AT_STATX_SYNC_AS_STAT": 0, "AT_STATX_FORCE_SYNC": 0x2000, "AT_STATX_DONT_SYNC": 0x4000,
    ])

  /// How the path is walked, for calls that follow links unless told otherwise.
  var walk: WalkFlags {
    var flags: WalkFlags = contains(.noFollow) ? [] : .follow
    if contains(.emptyPath) { flags.insert(.empty) }
    return flags
  }
}

/// What stat tells of a file. Linux: struct kstat.
struct FileStatus: Returned {
  var device: UInt64
  var inode: UInt64
  var links: UInt64
  var mode: UInt32
  var uid: UInt32 = 0
  var gid: UInt32 = 0
  var deviceNumber: UInt64 = 0
  var size: Int64 = 0
  var blockSize: Int64 = 4096
  var blocks: Int64 = 0
  var accessed: FileTime
  var modified: FileTime
  var changed: FileTime
  var born: FileTime?
  var mount: UInt64 = 0
  /// Whether its path is the root of a mount.
  var isMountRoot = false

  /// A file system that counts time in seconds has no more to tell: mqueue keeps the default of s_time_gran.
  mutating func dropNanoseconds() {
    (accessed.nanoseconds, modified.nanoseconds, changed.nanoseconds) = (0, 0, 0)
  }

  static var results: [ResultKind] { [.structure(.stat)] }

  func store(_ kernel: inout Kernel) {
    let output = kernel.output
    output.append(device)
    output.append(inode)
    output.append(links)
    output.append(mode)
    output.append(uid)
    output.append(gid)
    output.append(UInt32(0))
    output.append(deviceNumber)
    output.append(size)
    output.append(blockSize)
    output.append(blocks)
    for time in [accessed, modified, changed] {
      output.append(time.seconds)
      output.append(time.nanoseconds)
    }
    output.append(zeros: 24)
    kernel.reply.words[0] = 0
  }
}

extension Kernel {
  /// Linux: vfs_getattr(), and the getattr operation of each file system.
  func status(of path: Path) -> FileStatus {
    let inode = inodes[self.inode(path)], fileSystem = fileSystems[inode.fileSystem]
    var status = FileStatus(
      device: fileSystem.device, inode: inode.number, links: UInt64(inode.links), mode: inode.mode, uid: inode.uid,
      gid: inode.gid, accessed: inode.accessed, modified: inode.modified, changed: inode.changed)
    status.mount = UInt64(path.mount.index) + 1
    if fileSystem.kind == .mqueue { status.dropNanoseconds() }
    status.isMountRoot = mounts[path.mount].root == path.dentry
    status.size = size(of: self.inode(path))
    switch inode.content {
    case .regular(let memory): status.blocks = Int64(memories[memory].bytes.residentPages * Page.size / 512)
    case .symlink(let text):
      // A short text lies in the inode itself (SHORT_SYMLINK_LEN).
      status.blocks = text.count + 1 > 128 ? 8 : 0
    case .device(let number): status.deviceNumber = UInt64(number)
    case .process: status.blockSize = 1024
    case .directory, .messageQueue, .fifo, .socket: break
    }
    if fileSystem.kind == .tmpfs { status.born = inode.born }
    return status
  }

  /// Linux: i_size, which the end of a file is for seeks and locks too.
  func size(of inode: ID<Inode>) -> Int64 {
    switch inodes[inode].content {
    case .regular(let memory): Int64(memories[memory].size)
    // On tmpfs a directory counts 20 bytes for each entry, "." and ".." too.
    case .directory: Int64(40 + 20 * inodes[inode].entryCount)
    case .symlink(let text): Int64(text.count)
    case .process(let file): processSize(file)
    case .messageQueue(let queue): posixQueues[queue].statusSize
    case .device, .fifo, .socket: 0
    }
  }

  /// A link to an open file counts 64; a directory of descriptors counts them.
  private func processSize(_ file: ProcessFile) -> Int64 {
    switch file {
    case .descriptor: return 64
    case .taskEntry(let tid, let index):
      guard case .descriptors = ProcessEntry.task[index].content, let task = task(tid), tasks[task].state != .dead
      else { return 0 }
      let table = fileTables[tasks[task].files].descriptors
      return Int64((0..<table.count).count { table[$0].file != nil })
    default: return 0
    }
  }

  /// What fstat tells of an open file. Objects in no tree lie in file systems of the kernel's own.
  func status(of file: ID<OpenFile>) -> FileStatus {
    if let path = files[file].path { return status(of: path) }
    let start = FileTime(nanosecondsSince1970: epoch)
    var status = FileStatus(
      device: 0x10, inode: 1, links: 1, mode: 0o600, accessed: start, modified: start, changed: start)
    switch files[file].object {
    case .pipeReader(let pipe), .pipeWriter(let pipe), .fifo(let pipe):
      status.device = 0xf
      status.inode = pipes[pipe].inode
      status.mode = pipes[pipe].ownership.mode
      status.uid = pipes[pipe].ownership.uid
      status.gid = pipes[pipe].ownership.gid
    case .console:
      status.device = 0x11
      status.mode = FileMode.character | 0o620
      status.deviceNumber = 0x501
      status.blockSize = 1024
    case .socket(let socket):
      status.device = 0x8
      status.inode = sockets[socket].inode
      status.mode = sockets[socket].ownership.mode
      status.uid = sockets[socket].ownership.uid
      status.gid = sockets[socket].ownership.gid
    // anon_inode: everything else shares one inode without a kind.
    default: break
    }
    return status
  }

  func status(of target: Target) -> FileStatus {
    switch target {
    case .path(let path): status(of: path)
    case .anonymous(let file): status(of: file)
    }
  }
}
