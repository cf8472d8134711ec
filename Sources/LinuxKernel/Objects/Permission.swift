// Who may do what to which file. Linux: fs/namei.c, fs/attr.c.

/// What is asked of a file. Linux: MAY_READ and kin.
struct Access: OptionSet, Sendable {
  let rawValue: UInt32
  init(rawValue: UInt32) { self.rawValue = rawValue }
  static let execute = Access(rawValue: 1), write = Access(rawValue: 2), read = Access(rawValue: 4)
}

extension Kernel {
  /// The setting below /proc/sys that an inode is.
  private func setting(_ id: ID<Inode>) -> SystemFile? {
    guard case .process(.system(let node)) = inodes[id].content, let file = SystemNode.all[node].file,
      file.isSetting
    else { return nil }
    return file
  }

  /// Throws EACCES unless the mode bits or a capability allow it. Linux: generic_permission().
  func checkPermission(_ id: ID<Inode>, _ access: Access, _ who: Credentials) throws(Stop) {
    if access.isEmpty { return }
    let inode = inodes[id]
    if let file = setting(id) { return try checkSetting(file, access, who) }
    if access.contains(.write), fileSystems[inode.fileSystem].isReadOnly,
      inode.isRegular || inode.isDirectory || inode.isSymlink
    {
      throw .errno(.EROFS)
    }
    // One class alone judges: the owner's bits bind the owner even where others may more.
    var bits = inode.mode
    if inode.uid == who.fsuid { bits >>= 6 } else if who.isInGroup(inode.gid) { bits >>= 3 }
    if access.rawValue & ~bits & 7 == 0 { return }
    if inode.isDirectory {
      if !access.contains(.write), who.has(.dacReadSearch) { return }
      if who.has(.dacOverride) { return }
      throw .errno(.EACCES)
    }
    if access == .read, who.has(.dacReadSearch) { return }
    if !access.contains(.execute) || inode.mode & 0o111 != 0, who.has(.dacOverride) { return }
    throw .errno(.EACCES)
  }

  /// Whether the owner's privileges apply. Linux: inode_owner_or_capable().
  func isOwnerOrCapable(_ inode: ID<Inode>, _ who: Credentials) -> Bool {
    inodes[inode].uid == who.fsuid || who.has(.fowner)
  }

  /// Throws unless an entry may be added to `directory`. Linux: may_create(), for a name that is not there.
  func checkMayCreate(in directory: ID<Dentry>, _ who: Credentials) throws(Stop) {
    let inode = dentries[directory].inode
    if inodes[inode].isDead { throw .errno(.ENOENT) }
    try checkPermission(inode, [.write, .execute], who)
  }

  /// Throws unless `victim` may be taken out of its directory. Linux: may_delete().
  func checkMayDelete(_ victim: ID<Dentry>, asDirectory: Bool, _ who: Credentials) throws(Stop) {
    let directory = dentries[dentries[victim].parent!].inode, inode = dentries[victim].inode
    try checkPermission(directory, [.write, .execute], who)
    if inodes[directory].mode & FileMode.sticky != 0, inodes[inode].uid != who.fsuid,
      inodes[directory].uid != who.fsuid,
      !who.has(.fowner)
    {
      throw .errno(.EPERM)
    }
    if asDirectory, !inodes[inode].isDirectory { throw .errno(.ENOTDIR) }
    if !asDirectory, inodes[inode].isDirectory { throw .errno(.EISDIR) }
  }

  /// Owner, group and final mode of a new file in `directory`. Linux: inode_init_owner(), mode_strip_sgid().
  func owner(ofNew mode: UInt32, in directory: ID<Inode>, _ who: Credentials) -> (
    uid: UInt32, gid: UInt32, mode: UInt32
  ) {
    guard inodes[directory].mode & FileMode.setGID != 0 else { return (who.fsuid, who.fsgid, mode) }
    let gid = inodes[directory].gid
    var mode = mode
    if mode & FileMode.kindMask == FileMode.directory {
      mode |= FileMode.setGID
    } else if mode & (FileMode.setGID | 0o010) == FileMode.setGID | 0o010, !who.isInGroup(gid), !who.has(.fsetid) {
      mode &= ~FileMode.setGID
    }
    return (who.fsuid, gid, mode)
  }

  /// The set-id bits that a write, truncation or change of owner takes away.
  private func setIDBits(_ inode: ID<Inode>, _ who: Credentials) -> UInt32 {
    Ownership(mode: inodes[inode].mode, uid: inodes[inode].uid, gid: inodes[inode].gid).setIDBits(who)
  }

  /// What a write does to set-id bits. Linux: file_remove_privs().
  mutating func removePrivileges(_ inode: ID<Inode>, _ who: Credentials) {
    guard inodes[inode].mode & (FileMode.setUID | FileMode.setGID) != 0, inodes[inode].isRegular, !who.has(.fsetid)
    else { return }
    inodes[inode].mode &= ~setIDBits(inode, who)
    inodes[inode].changed = fileTime
  }

  /// Linux: chmod_common(), setattr_prepare().
  mutating func changeMode(_ inode: ID<Inode>, _ mode: Mode, _ who: Credentials) throws(Stop) {
    let old = inodes[inode].mode
    if fileSystems[inodes[inode].fileSystem].isReadOnly { throw .errno(.EROFS) }
    if inodes[inode].isSymlink { throw .errno(.EOPNOTSUPP) }
    // Settings keep theirs. Linux: proc_sys_setattr().
    if setting(inode) != nil { throw .errno(.EPERM) }
    var new = mode.bits & FileMode.changeable | old & ~FileMode.changeable
    guard isOwnerOrCapable(inode, who) else { throw .errno(.EPERM) }
    if !who.isInGroup(inodes[inode].gid), !who.has(.fsetid) { new &= ~FileMode.setGID }
    if inodes[inode].seals.contains(.execute), (old ^ new) & 0o111 != 0 { throw .errno(.EPERM) }
    inodes[inode].mode = new
    inodes[inode].changed = fileTime
  }

  /// Linux: chown_common(). An id of UInt32.max is left as it is.
  mutating func changeOwner(_ inode: ID<Inode>, uid: UInt32, gid: UInt32, _ who: Credentials) throws(Stop) {
    let old = inodes[inode]
    if fileSystems[old.fileSystem].isReadOnly { throw .errno(.EROFS) }
    if uid != .max || gid != .max, setting(inode) != nil { throw .errno(.EPERM) }
    let dropped = old.isDirectory ? 0 : setIDBits(inode, who)
    if uid != .max, !(old.uid == who.fsuid && uid == old.uid), !who.has(.chown) { throw .errno(.EPERM) }
    if gid != .max, !(old.uid == who.fsuid && (gid == old.gid || who.isInGroup(gid))), !who.has(.chown) {
      throw .errno(.EPERM)
    }
    if dropped != 0, !isOwnerOrCapable(inode, who) { throw .errno(.EPERM) }
    if uid != .max { inodes[inode].uid = uid }
    if gid != .max { inodes[inode].gid = gid }
    inodes[inode].mode &= ~dropped
    inodes[inode].changed = fileTime
  }
}
