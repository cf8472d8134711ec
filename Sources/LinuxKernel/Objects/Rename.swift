extension Kernel {
  /// Linux: do_renameat2(), vfs_rename(), shmem_rename2().
  mutating func rename(
    _ oldDirectory: FD, _ old: PathName, _ newDirectory: FD, _ new: PathName, _ flags: RenameFlags, _ me: TaskID
  ) throws(Stop) {
    try flags.check()
    if flags.contains(.exchange), !flags.isDisjoint(with: [.noReplace, .whiteout]) { throw .errno(.EINVAL) }
    let from = try walkToParent(oldDirectory, try old.bytes(self, me), me)
    hold(from.path)
    defer { release(from.path) }
    let to = try walkToParent(newDirectory, try new.bytes(self, me), me)
    if from.path.mount != to.path.mount { throw .errno(.EXDEV) }
    guard case .name(let fromName) = from.last else { throw .errno(.EBUSY) }
    guard case .name(let toName) = to.last else { throw .errno(flags.contains(.noReplace) ? .EEXIST : .EBUSY) }
    guard let source = try lookUp(fromName, in: from.path.dentry, me) else { throw .errno(.ENOENT) }
    let target = try lookUp(toName, in: to.path.dentry, me)
    if target != nil, flags.contains(.noReplace) { throw .errno(.EEXIST) }
    if target == nil, flags.contains(.exchange) { throw .errno(.ENOENT) }
    let sourceIsDirectory = isDirectory(source), targetIsDirectory = target.map { isDirectory($0) } ?? false
    if flags.contains(.exchange), !targetIsDirectory, to.hasTrailingSlash { throw .errno(.ENOTDIR) }
    if !sourceIsDirectory {
      if from.hasTrailingSlash { throw .errno(.ENOTDIR) }
      if !flags.contains(.exchange), to.hasTrailingSlash { throw .errno(.ENOTDIR) }
    }
    if isAncestor(source, of: to.path.dentry) { throw .errno(.EINVAL) }
    if let target, isAncestor(target, of: from.path.dentry) {
      throw .errno(flags.contains(.exchange) ? .EINVAL : .ENOTEMPTY)
    }
    try checkRename(source, target, to.path.dentry, flags, from.credentials)
    if let target, dentries[source].inode == dentries[target].inode { return }
    try checkIsChangeable(to.path)
    if isMountpoint(source) || target.map({ isMountpoint($0) }) ?? false { throw .errno(.EBUSY) }
    if flags.contains(.exchange) {
      exchange(source, target!)
    } else {
      if let target, targetIsDirectory, inodes[dentries[target].inode].entryCount > 0 { throw .errno(.ENOTEMPTY) }
      try move(source, onto: target, NewName(directory: to.path, name: toName), flags, from.credentials)
    }
  }

  private func isDirectory(_ dentry: ID<Dentry>) -> Bool { inodes[dentries[dentry].inode].isDirectory }

  /// Whether `dentry` is `other` or above it.
  private func isAncestor(_ dentry: ID<Dentry>, of other: ID<Dentry>) -> Bool {
    var next: ID<Dentry>? = other
    while let id = next {
      if id == dentry { return true }
      next = dentries[id].parent
    }
    return false
  }

  /// The permission checks of vfs_rename().
  private func checkRename(
    _ source: ID<Dentry>, _ target: ID<Dentry>?, _ newParent: ID<Dentry>, _ flags: RenameFlags, _ who: Credentials
  ) throws(Stop) {
    if let target, dentries[source].inode == dentries[target].inode { return }
    let sourceIsDirectory = isDirectory(source)
    try checkMayDelete(source, asDirectory: sourceIsDirectory, who)
    if let target {
      try checkMayDelete(target, asDirectory: flags.contains(.exchange) ? isDirectory(target) : sourceIsDirectory, who)
    } else {
      try checkMayCreate(in: newParent, who)
    }
    guard dentries[source].parent != newParent else { return }
    // A directory that changes its parent has its ".." rewritten.
    if sourceIsDirectory { try checkPermission(dentries[source].inode, .write, who) }
    if flags.contains(.exchange), let target, isDirectory(target) {
      try checkPermission(dentries[target].inode, .write, who)
    }
  }

  private mutating func move(
    _ source: ID<Dentry>, onto target: ID<Dentry>?, _ place: NewName, _ flags: RenameFlags, _ who: Credentials
  ) throws(Stop) {
    let oldParent = dentries[source].parent!, newParent = place.directory.dentry, isDirectory = isDirectory(source)
    let oldName = dentries[source].name, inode = dentries[source].inode
    var whiteout: ID<Inode>?
    if flags.contains(.whiteout) {
      let parent = dentries[oldParent].inode
      let (uid, gid, mode) = owner(ofNew: FileMode.character, in: parent, who)
      whiteout = try makeInode(.device(0), mode: mode, owner: (uid, gid), in: inodes[parent].fileSystem)
    }
    // What is replaced leaves its place in the listing to what replaces it.
    var offset: Int64?
    if let target {
      let replaced = dentries[target].inode
      offset = dentries[target].offset
      detach(target)
      if self.isDirectory(target) {
        bury(replaced)
        inodes[dentries[newParent].inode].links -= 1
      } else {
        inodes[replaced].links -= 1
        inodes[replaced].changed = fileTime
      }
      release(target)
    }
    detach(source)
    if let whiteout { enter(whiteout, oldName, in: oldParent) }
    settle(source, place.name, newParent, offset)
    if isDirectory, oldParent != newParent {
      inodes[dentries[oldParent].inode].links -= 1
      inodes[dentries[newParent].inode].links += 1
    }
    touchModified(dentries[oldParent].inode)
    touchModified(dentries[newParent].inode)
    inodes[inode].changed = fileTime
  }

  /// Gives a detached dentry its new name and parent.
  private mutating func settle(_ dentry: ID<Dentry>, _ name: [UInt8], _ parent: ID<Dentry>, _ offset: Int64?) {
    let before = dentries[dentry].parent!
    dentries[dentry].name = name
    if before != parent {
      hold(parent)
      dentries[dentry].parent = parent
      release(before)
    }
    attach(dentry, offset: offset)
  }

  /// Linux: simple_rename_exchange(), d_exchange().
  private mutating func exchange(_ source: ID<Dentry>, _ target: ID<Dentry>) {
    let a = dentries[source], b = dentries[target]
    let sourceParent = a.parent!, targetParent = b.parent!
    detach(source)
    detach(target)
    settle(target, a.name, sourceParent, a.offset)
    settle(source, b.name, targetParent, b.offset)
    if sourceParent != targetParent, isDirectory(source) != isDirectory(target) {
      let change = isDirectory(source) ? 1 : -1
      inodes[dentries[sourceParent].inode].links -= change
      inodes[dentries[targetParent].inode].links += change
    }
    for inode in [dentries[sourceParent].inode, dentries[targetParent].inode] { touchModified(inode) }
    inodes[a.inode].changed = fileTime
    inodes[b.inode].changed = fileTime
  }
}

/// RENAME_*. Linux: include/uapi/linux/fcntl.h.
struct RenameFlags: Flags {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let noReplace = RenameFlags(rawValue: 1), exchange = RenameFlags(rawValue: 2),
    whiteout = RenameFlags(rawValue: 4)
  static let names = NameSet(
    "rename flags", .bits, ["RENAME_NOREPLACE": 1, "RENAME_EXCHANGE": 2, "RENAME_WHITEOUT": 4])
}
