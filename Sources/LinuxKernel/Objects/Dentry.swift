/// One name of a file in one directory. Linux: struct dentry.
///
/// Paths come from dentries: a working directory or an open file holds one, and walking up its parents spells the path
/// that getcwd and /proc/PID/fd show. A name that was unlinked lives on, marked, until the last holder lets it go.
struct Dentry {
  var name: [UInt8]
  /// nil for the root of a file system, and for a file without a name.
  var parent: ID<Dentry>?
  let inode: ID<Inode>
  /// Of parent and name; where to find it in the kernel's `dentryTable`.
  var hash: UInt64 = 0
  var nextInBucket: ID<Dentry>?
  // The names of a directory, newest first: the order in which tmpfs lists them.
  var firstChild: ID<Dentry>?
  var previousSibling: ID<Dentry>?
  var nextSibling: ID<Dentry>?
  /// The place in its directory's listing, for getdents64 to go on from.
  var offset: Int64 = 0
  /// The tree, children, open files, working directories and mounts that hold it.
  var references = 1
  /// It stands in no directory any more (or never did): " (deleted)".
  var isUnlinked = false
  /// How many mounts cover it.
  var mountCount = 0

  /// NAME_MAX.
  static let nameLimit = 255
  /// Offsets 0 and 1 are "." and "..", 2 is the start of the rest. Linux: DIR_OFFSET_MIN, DIR_OFFSET_EOD in fs/libfs.c.
  static let firstOffset: Int64 = 3
  static let endOffset: Int64 = 0x7fff_ffff
}

/// All names that stand in directories, by hash: buckets of chains through the dentries. Linux: dentry_hashtable.
struct DentryTable {
  var buckets = ChunkedArray<ID<Dentry>?>()
  var count = 0

  init() { buckets.grow(to: 64, filler: nil) }

  @inline(__always) func bucket(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash) & (buckets.count - 1) }
}

extension Kernel {
  private func hash(_ name: [UInt8], in parent: ID<Dentry>) -> UInt64 {
    name.withByteView { $0.digest(UInt64(parent.index) << 32 | UInt64(parent.generation)) }
  }

  /// The entry `name` of a directory. Linux: d_lookup().
  func dentry(_ name: [UInt8], in parent: ID<Dentry>) -> ID<Dentry>? {
    let hash = hash(name, in: parent)
    var next = dentryTable.buckets[dentryTable.bucket(hash)]
    while let id = next {
      if dentries[id].hash == hash, dentries[id].parent == parent, dentries[id].name == name { return id }
      next = dentries[id].nextInBucket
    }
    return nil
  }

  /// Makes a dentry for `inode` that its creator holds and that is in no directory.
  mutating func makeDentry(_ name: [UInt8], _ inode: ID<Inode>, parent: ID<Dentry>? = nil) -> ID<Dentry> {
    inodes[inode].references += 1
    if let parent { dentries[parent].references += 1 }
    var dentry = Dentry(name: name, parent: parent, inode: inode)
    dentry.isUnlinked = true
    return dentries.insert(dentry)
  }

  /// Enters `inode` under `name`. The tree holds the new dentry. Linux: d_instantiate(), simple_offset_add().
  @discardableResult
  mutating func enter(_ inode: ID<Inode>, _ name: [UInt8], in parent: ID<Dentry>) -> ID<Dentry> {
    let id = makeDentry(name, inode, parent: parent)
    attach(id)
    return id
  }

  /// Puts a dentry, whose name and parent are set, in front of its directory's listing.
  ///
  /// - Parameter offset: its place in the listing; by default a new one.
  mutating func attach(_ id: ID<Dentry>, offset: Int64? = nil) {
    let parent = dentries[id].parent!, directory = dentries[parent].inode
    let next = dentries[parent].firstChild
    dentries[id].isUnlinked = false
    dentries[id].previousSibling = nil
    dentries[id].nextSibling = next
    if let next { dentries[next].previousSibling = id }
    dentries[parent].firstChild = id
    if let offset {
      dentries[id].offset = offset
    } else {
      dentries[id].offset = inodes[directory].nextOffset
      inodes[directory].nextOffset += 1
    }
    inodes[directory].entryCount += 1
    insertIntoTable(id, hash(dentries[id].name, in: parent))
  }

  private mutating func insertIntoTable(_ id: ID<Dentry>, _ hash: UInt64) {
    if dentryTable.count >= dentryTable.buckets.count * 2 { growTable() }
    let bucket = dentryTable.bucket(hash)
    dentries[id].hash = hash
    dentries[id].nextInBucket = dentryTable.buckets[bucket]
    dentryTable.buckets[bucket] = id
    dentryTable.count += 1
  }

  private mutating func growTable() {
    let old = dentryTable.buckets
    dentryTable.buckets.grow(to: old.count * 4, filler: nil)
    for bucket in 0..<old.count { dentryTable.buckets[bucket] = nil }
    for bucket in 0..<old.count {
      var next = old[bucket]
      while let id = next {
        next = dentries[id].nextInBucket
        let new = dentryTable.bucket(dentries[id].hash)
        dentries[id].nextInBucket = dentryTable.buckets[new]
        dentryTable.buckets[new] = id
      }
    }
  }

  /// Takes a dentry out of its directory; the tree's hold on it passes to the caller. Linux: __d_drop().
  mutating func detach(_ id: ID<Dentry>) {
    let entry = dentries[id], parent = entry.parent!
    if let previous = entry.previousSibling {
      dentries[previous].nextSibling = entry.nextSibling
    } else {
      dentries[parent].firstChild = entry.nextSibling
    }
    if let next = entry.nextSibling { dentries[next].previousSibling = entry.previousSibling }
    dentries[id].previousSibling = nil
    dentries[id].nextSibling = nil
    dentries[id].isUnlinked = true
    inodes[dentries[parent].inode].entryCount -= 1
    let bucket = dentryTable.bucket(entry.hash)
    if dentryTable.buckets[bucket] == id {
      dentryTable.buckets[bucket] = entry.nextInBucket
    } else {
      var previous = dentryTable.buckets[bucket]!
      while dentries[previous].nextInBucket != id { previous = dentries[previous].nextInBucket! }
      dentries[previous].nextInBucket = entry.nextInBucket
    }
    dentries[id].nextInBucket = nil
    dentryTable.count -= 1
  }

  mutating func hold(_ dentry: ID<Dentry>) { dentries[dentry].references += 1 }

  /// Lets a dentry go; the last hold ends it, and with it what it held. Linux: dput().
  mutating func release(_ dentry: ID<Dentry>) {
    var next: ID<Dentry>? = dentry
    while let id = next {
      dentries[id].references -= 1
      guard dentries[id].references == 0 else { return }
      let ended = dentries.remove(id)
      next = ended.parent
      release(ended.inode)
    }
  }
}
