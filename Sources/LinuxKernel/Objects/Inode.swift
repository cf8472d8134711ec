/// A file of any kind, without its names. Linux: struct inode.
struct Inode {
  /// What only a file of this kind has.
  enum Content {
    case regular(ID<Memory>)
    case directory
    case symlink([UInt8])
    case fifo(FIFO)
    case device(UInt32)
    case socket
    /// A file of /proc, whose content is computed when it is looked at.
    case process(ProcessFile)
    /// A POSIX message queue; a regular file, to look at.
    case messageQueue(ID<PosixQueue>)
  }

  let number: UInt64
  let fileSystem: ID<FileSystem>
  var mode: UInt32
  var uid: UInt32
  var gid: UInt32
  /// How many names it has. A directory: 2 and one for each subdirectory, as on tmpfs.
  var links = 1
  var accessed: FileTime
  var modified: FileTime
  var changed: FileTime
  let born: FileTime
  var content: Content
  /// Dentries that name it; it ends with the last of them.
  var references = 0
  /// Of a directory: how many names it holds, and the place in its listing that the next one gets.
  var entryCount = 0
  var nextOffset: Int64 = Dentry.firstOffset
  /// A directory that was removed takes no new names (S_DEAD).
  var isDead = false
  /// A file made by O_TMPFILE, which linkat may give its first name (I_LINKABLE).
  var isLinkable = false
  /// F_SEAL_*: what may no longer be done. What is no memfd made for sealing is sealed against seals.
  var seals = Seals.seal
  /// Pages that count against the size of its file system.
  var chargedPages = 0
  /// While somebody holds or awaits one.
  var locks: ID<LockList>?

  @inline(__always) mutating func touchAll(_ time: FileTime) { (accessed, modified, changed) = (time, time, time) }

  var kind: UInt32 { mode & FileMode.kindMask }
  var isDirectory: Bool { kind == FileMode.directory }
  var isRegular: Bool { kind == FileMode.regular }
  var isSymlink: Bool { kind == FileMode.symlink }
  /// The memory that holds the bytes of a regular file.
  var memory: ID<Memory>? { if case .regular(let memory) = content { memory } else { nil } }
}

/// The bits of st_mode. Linux: include/uapi/linux/stat.h.
enum FileMode {
  static let kindMask: UInt32 = 0o170000
  static let fifo: UInt32 = 0o010000, character: UInt32 = 0o020000, directory: UInt32 = 0o040000
  static let block: UInt32 = 0o060000, regular: UInt32 = 0o100000, symlink: UInt32 = 0o120000, socket: UInt32 = 0o140000
  static let setUID: UInt32 = 0o4000, setGID: UInt32 = 0o2000, sticky: UInt32 = 0o1000
  /// S_IALLUGO: all that chmod can set.
  static let changeable: UInt32 = 0o7777

  static let names = NameSet(
    "file modes", .bits,
    [
      "S_IFMT": 0o170000, "S_IFIFO": 0o010000, "S_IFCHR": 0o020000, "S_IFDIR": 0o040000, "S_IFBLK": 0o060000,
      "S_IFREG": 0o100000, "S_IFLNK": 0o120000, "S_IFSOCK": 0o140000, "S_ISUID": 0o4000, "S_ISGID": 0o2000,
      "S_ISVTX": 0o1000, "S_IRWXU": 0o700, "S_IRUSR": 0o400, "S_IWUSR": 0o200, "S_IXUSR": 0o100, "S_IRWXG": 0o070,
      "S_IRGRP": 0o040, "S_IWGRP": 0o020, "S_IXGRP": 0o010, "S_IRWXO": 0o007, "S_IROTH": 0o004, "S_IWOTH": 0o002,
      "S_IXOTH": 0o001, "UTIME_NOW": 0x3fff_ffff, "UTIME_OMIT": 0x3fff_fffe,
    ])
  /// d_type of a directory's entries: the kind bits, shifted.
  static let entryTypes = NameSet(
    "entry types", .values,
    ["DT_UNKNOWN": 0, "DT_FIFO": 1, "DT_CHR": 2, "DT_DIR": 4, "DT_BLK": 6, "DT_REG": 8, "DT_LNK": 10, "DT_SOCK": 12])
}

/// Seconds since 1970 and nanoseconds. Linux: struct timespec64.
struct FileTime: Equatable, Comparable, Sendable {
  var seconds: Int64
  var nanoseconds: Int64

  init(seconds: Int64, nanoseconds: Int64) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }

  init(nanosecondsSince1970 time: Int64) {
    seconds = time >= 0 ? time / 1_000_000_000 : (time - 999_999_999) / 1_000_000_000
    nanoseconds = time - seconds * 1_000_000_000
  }

  static func < (a: FileTime, b: FileTime) -> Bool { (a.seconds, a.nanoseconds) < (b.seconds, b.nanoseconds) }
}

/// Where files live: the space and the inode numbers they share. Linux: struct super_block.
struct FileSystem {
  enum Kind: Sendable { case tmpfs, proc, mqueue }

  let kind: Kind
  /// st_dev.
  let device: UInt64
  /// Of a tmpfs: how many pages its files may hold (size=), and how many files it may have (nr_inodes=).
  var pageLimit = FileSystem.defaultPageLimit
  var usedPages = 0
  var inodeCount = 0
  var lastInodeNumber: UInt64 = 0
  var isReadOnly = false
  /// Of an mqueue file system: whose queues it shows, while that is.
  var namespace: ID<IPCNamespace>?

  /// 512 MiB.
  static let defaultPageLimit = 512 << 20 / Page.size
  static let inodeLimit = 1 << 20
}

extension Kernel {
  /// What files take for the current time. Linux: current_time().
  var fileTime: FileTime { FileTime(nanosecondsSince1970: epoch &+ now) }

  /// A new file system. Its device number is the next anonymous one. Linux: set_anon_super().
  mutating func makeFileSystem(_ kind: FileSystem.Kind) -> ID<FileSystem> {
    lastDevice += 1
    return fileSystems.insert(FileSystem(kind: kind, device: lastDevice))
  }

  /// A new inode without a name. Throws ENOSPC when the file system may not have another. Linux: shmem_get_inode().
  mutating func makeInode(
    _ content: Inode.Content, mode: UInt32, owner: (uid: UInt32, gid: UInt32), in fileSystem: ID<FileSystem>
  ) throws(Stop) -> ID<Inode> {
    guard fileSystems[fileSystem].inodeCount < FileSystem.inodeLimit else { throw .errno(.ENOSPC) }
    fileSystems[fileSystem].inodeCount += 1
    fileSystems[fileSystem].lastInodeNumber += 1
    let time = fileTime
    var inode = Inode(
      number: fileSystems[fileSystem].lastInodeNumber, fileSystem: fileSystem, mode: mode, uid: owner.uid,
      gid: owner.gid,
      accessed: time, modified: time, changed: time, born: time, content: content)
    if inode.isDirectory { inode.links = 2 }
    return inodes.insert(inode)
  }

  /// Drops one dentry's hold. An inode that no dentry names is gone with its bytes.
  mutating func release(_ inode: ID<Inode>) {
    inodes[inode].references -= 1
    guard inodes[inode].references == 0 else { return }
    let ended = inodes.remove(inode)
    if case .process = ended.content { return }
    if case .messageQueue(let queue) = ended.content { return end(queue, in: ended.fileSystem) }
    if case .fifo(let fifo) = ended.content { end(fifo) }
    fileSystems[ended.fileSystem].inodeCount -= 1
    fileSystems[ended.fileSystem].usedPages -= ended.chargedPages
    if let memory = ended.memory { release(memory) }
  }
}
