/// Whose a file is, and what its mode lets others do. Linux: i_mode, i_uid and i_gid.
struct Ownership {
  var mode: UInt32
  var uid: UInt32
  var gid: UInt32

  /// Linux: inode_owner_or_capable().
  private func obeys(_ who: Credentials) -> Bool { uid == who.fsuid || who.has(.fowner) }

  /// Throws EACCES unless the mode or a capability allows it. Linux: generic_permission(), of what is no directory.
  func check(_ access: Access, _ who: Credentials) throws(Stop) {
    var bits = mode
    if uid == who.fsuid { bits >>= 6 } else if who.isInGroup(gid) { bits >>= 3 }
    if access.rawValue & ~bits & 7 == 0 || access == .read && who.has(.dacReadSearch) { return }
    guard !access.contains(.execute) || mode & 0o111 != 0, who.has(.dacOverride) else { throw .errno(.EACCES) }
  }

  /// Linux: setattr_should_drop_suidgid().
  func setIDBits(_ who: Credentials) -> UInt32 {
    var bits = mode & FileMode.setUID
    if mode & FileMode.setGID != 0, mode & 0o010 != 0 || !(who.isInGroup(gid) || who.has(.fsetid)) {
      bits |= FileMode.setGID
    }
    return bits
  }

  /// Linux: chmod_common(), setattr_prepare().
  mutating func changeMode(_ new: Mode, _ who: Credentials) throws(Stop) {
    guard obeys(who) else { throw .errno(.EPERM) }
    mode = new.bits & FileMode.changeable | mode & ~FileMode.changeable
    if !who.isInGroup(gid), !who.has(.fsetid) { mode &= ~FileMode.setGID }
  }

  /// Linux: chown_common(), setattr_prepare(). An id of UInt32.max is left as it is.
  mutating func changeOwner(uid newUID: UInt32, gid newGID: UInt32, _ who: Credentials) throws(Stop) {
    let dropped = setIDBits(who)
    if newUID != .max, !(uid == who.fsuid && newUID == uid), !who.has(.chown) { throw .errno(.EPERM) }
    if newGID != .max, !(uid == who.fsuid && (newGID == gid || who.isInGroup(newGID))), !who.has(.chown) {
      throw .errno(.EPERM)
    }
    if dropped != 0, !obeys(who) { throw .errno(.EPERM) }
    if newUID != .max { uid = newUID }
    if newGID != .max { gid = newGID }
    mode &= ~dropped
  }

  /// Who is no owner may set times to now if the mode lets them write. Linux: may_setattr(), acl_permission_check().
  func checkMayTouch(_ who: Credentials, isTouch: Bool) throws(Stop) {
    if obeys(who) { return }
    guard isTouch else { throw .errno(.EPERM) }
    let shift: UInt32 = uid == who.fsuid ? 6 : who.isInGroup(gid) ? 3 : 0
    guard mode >> shift & 2 != 0 || who.has(.dacOverride) else { throw .errno(.EACCES) }
  }
}

extension Kernel {
  /// Whose a file is that no path names: of a pipe (pipefs) or a socket (sockfs). nil for those that share one inode.
  func ownershipOfNameless(_ file: ID<OpenFile>) -> Ownership? {
    switch files[file].object {
    case .pipeReader(let pipe), .pipeWriter(let pipe): pipes[pipe].ownership
    case .fifo(let pipe): files[file].path == nil ? pipes[pipe].ownership : nil
    case .socket(let socket): sockets[socket].ownership
    default: nil
    }
  }

  /// Changes mode or owner of a file that no path names. Throws EOPNOTSUPP for those that have none of their own.
  /// Linux: anon_inode_setattr().
  mutating func changeNameless(
    _ file: ID<OpenFile>, _ change: (inout Ownership) throws(Stop) -> Void
  ) throws(Stop) {
    guard var ownership = ownershipOfNameless(file) else { throw .errno(.EOPNOTSUPP) }
    try change(&ownership)
    switch files[file].object {
    case .pipeReader(let pipe), .pipeWriter(let pipe), .fifo(let pipe): pipes[pipe].ownership = ownership
    case .socket(let socket): sockets[socket].ownership = ownership
    default: break
    }
  }
}
