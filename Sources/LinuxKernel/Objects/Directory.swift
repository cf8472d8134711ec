// Names come and go. Linux: fs/namei.c (filename_create(), vfs_*), mm/shmem.c.

/// A name that is about to be made.
struct NewName {
  let directory: Path
  let name: [UInt8]
}

extension Kernel {
  /// Walks to where a new name goes, and makes sure that it is free. Linux: filename_create().
  mutating func newName(_ directory: FD, _ name: PathName, isDirectory: Bool = false, _ me: TaskID) throws(Stop)
    -> NewName
  {
    let walk = try walkToParent(directory, try name.bytes(self, me), me)
    guard case .name(let last) = walk.last else { throw .errno(.EEXIST) }
    if try lookUp(last, in: walk.path.dentry, me) != nil { throw .errno(.EEXIST) }
    // A slash behind asks for a directory, which is not there.
    if walk.hasTrailingSlash, !isDirectory { throw .errno(.ENOENT) }
    return NewName(directory: walk.path, name: last)
  }

  /// Makes a file of any kind under a free name. Linux: vfs_create(), vfs_mkdir(), vfs_mknod(), vfs_symlink().
  @discardableResult
  mutating func create(_ content: Inode.Content, mode: UInt32, _ place: NewName, _ me: TaskID) throws(Stop) -> ID<
    Dentry
  > {
    let who = tasks[me].credentials, directory = place.directory.dentry
    try checkMayCreate(in: directory, who)
    let parent = dentries[directory].inode
    switch fileSystems[inodes[parent].fileSystem].kind {
    case .tmpfs: break
    case .proc: throw .errno(.EPERM)
    case .mqueue:
      guard case .regular(let memory) = content else { throw .errno(.EPERM) }
      let dentry = try createQueue(place.name, mode: mode, nil, in: directory, me)
      release(memory)
      return dentry
    }
    let (uid, gid, mode) = owner(ofNew: mode, in: parent, who)
    let inode = try makeInode(content, mode: mode, owner: (uid, gid), in: inodes[parent].fileSystem)
    let dentry = enter(inode, place.name, in: directory)
    if inodes[inode].isDirectory { inodes[parent].links += 1 }
    touchModified(parent)
    return dentry
  }

  /// New bytes for a regular file.
  mutating func makeMemory() -> ID<Memory> { memories.insert(Memory()) }

  /// A directory's content has changed.
  mutating func touchModified(_ inode: ID<Inode>) {
    inodes[inode].modified = fileTime
    inodes[inode].changed = inodes[inode].modified
  }

  /// Linux: touch_atime() on a mount with relatime.
  mutating func touchAccessed(_ inode: ID<Inode>) {
    let now = fileTime, old = inodes[inode].accessed
    // utimensat sets any number of seconds: the difference may not fit.
    let (age, overflow) = now.seconds.subtractingReportingOverflow(old.seconds)
    let isDayOld = overflow ? old < now : age >= 86_400
    guard old != now, old <= inodes[inode].modified || old <= inodes[inode].changed || isDayOld else { return }
    inodes[inode].accessed = now
  }

  /// Takes the last name off the tree and lets the tree's hold go.
  private mutating func remove(_ victim: ID<Dentry>) {
    let parent = dentries[dentries[victim].parent!].inode
    detach(victim)
    touchModified(parent)
    release(victim)
  }

  /// Linux: do_unlinkat().
  mutating func unlink(_ directory: FD, _ name: PathName, _ me: TaskID) throws(Stop) {
    let walk = try walkToParent(directory, try name.bytes(self, me), me)
    guard case .name(let last) = walk.last else { throw .errno(.EISDIR) }
    guard let victim = try lookUp(last, in: walk.path.dentry, me) else { throw .errno(.ENOENT) }
    if walk.hasTrailingSlash { throw .errno(inodes[dentries[victim].inode].isDirectory ? .EISDIR : .ENOTDIR) }
    try checkMayDelete(victim, asDirectory: false, walk.credentials)
    if fileSystems[inodes[inode(walk.path)].fileSystem].kind == .proc { throw .errno(.EPERM) }
    if isMountpoint(victim) { throw .errno(.EBUSY) }
    removeName(victim)
  }

  /// Takes a name from a file that is no directory. Linux: vfs_unlink().
  mutating func removeName(_ victim: ID<Dentry>) {
    let inode = dentries[victim].inode
    inodes[inode].links -= 1
    inodes[inode].changed = fileTime
    remove(victim)
  }

  /// Linux: do_rmdir().
  mutating func removeDirectory(_ directory: FD, _ name: PathName, _ me: TaskID) throws(Stop) {
    let walk = try walkToParent(directory, try name.bytes(self, me), me)
    let last: [UInt8]
    switch walk.last {
    case .name(let name): last = name
    case .dot: throw .errno(.EINVAL)
    case .dotDot: throw .errno(.ENOTEMPTY)
    case .none: throw .errno(.EBUSY)
    }
    guard let victim = try lookUp(last, in: walk.path.dentry, me) else { throw .errno(.ENOENT) }
    try checkMayDelete(victim, asDirectory: true, walk.credentials)
    try checkIsChangeable(walk.path)
    if isMountpoint(victim) { throw .errno(.EBUSY) }
    let inode = dentries[victim].inode
    if inodes[inode].entryCount > 0 { throw .errno(.ENOTEMPTY) }
    bury(inode)
    inodes[dentries[walk.path.dentry].inode].links -= 1
    remove(victim)
  }

  /// Marks a directory as removed.
  mutating func bury(_ directory: ID<Inode>) {
    inodes[directory].links = 0
    inodes[directory].isDead = true
    inodes[directory].changed = fileTime
  }

  /// In /proc names neither come nor go; in an mqueue file system they cannot be moved or shared.
  func checkIsChangeable(_ directory: Path) throws(Stop) {
    if fileSystems[inodes[inode(directory)].fileSystem].kind != .tmpfs { throw .errno(.EPERM) }
  }

  /// Gives a file another name. Linux: vfs_link().
  mutating func link(_ old: Path, _ place: NewName, _ me: TaskID) throws(Stop) {
    if old.mount != place.directory.mount { throw .errno(.EXDEV) }
    try checkMayCreate(in: place.directory.dentry, tasks[me].credentials)
    let inode = inode(old), parent = self.inode(place.directory)
    if inodes[inode].fileSystem != inodes[parent].fileSystem { throw .errno(.EXDEV) }
    try checkIsChangeable(place.directory)
    if inodes[inode].isDirectory { throw .errno(.EPERM) }
    if inodes[inode].links == 0, !inodes[inode].isLinkable { throw .errno(.ENOENT) }
    inodes[inode].links += 1
    inodes[inode].isLinkable = false
    inodes[inode].changed = fileTime
    enter(inode, place.name, in: place.directory.dentry)
    touchModified(parent)
  }
}
