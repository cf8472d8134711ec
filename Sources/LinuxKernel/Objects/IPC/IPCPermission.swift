/// Who owns a System V object, and who may do what with it. Linux: struct kern_ipc_perm.
struct IPCPermission: Sendable {
  /// What the object is found by; IPC_PRIVATE for none.
  var key: Int32
  var uid: UInt32
  var gid: UInt32
  /// Its creator, for good.
  let cuid: UInt32
  let cgid: UInt32
  /// Nine permission bits, and what a kind keeps above them (SHM_DEST, SHM_LOCKED).
  var mode: UInt32
  /// How often its slot numbers had begun anew when it was made; part of the identifier.
  let sequence: Int32
  let id: Int32

  /// Whether `who` may do what the low nine bits of `requested` say, whichever class they stand for. Linux: ipcperms().
  @inline(__always) func allows(_ requested: UInt32, _ who: borrowing Credentials) -> Bool {
    let wanted = (requested >> 6 | requested >> 3 | requested) & 0o7
    var granted = mode
    if who.euid == cuid || who.euid == uid {
      granted >>= 6
    } else if who.isInGroup(cgid) || who.isInGroup(gid) {
      granted >>= 3
    }
    return wanted & ~granted == 0 || who.has(.ipcOwner)
  }

  /// Whether this is an owner's effective user.
  func isOwn(_ euid: UInt32) -> Bool { euid == cuid || euid == uid }

  /// Whether `who` may change or remove the object. Linux: ipcctl_obtain_check().
  func isControlled(by who: borrowing Credentials) -> Bool {
    who.euid == cuid || who.euid == uid || who.has(.sysAdmin)
  }

  /// Takes over what IPC_SET can change. Linux: ipc_update_perm().
  mutating func update(_ given: GivenPermission) throws(Stop) {
    guard given.uid != .max, given.gid != .max else { throw .errno(.EINVAL) }
    uid = given.uid
    gid = given.gid
    mode = mode & ~0o777 | given.mode & 0o777
  }

  /// As struct ipc64_perm.
  func append(to output: ByteBuffer) {
    output.append(key)
    for word in [uid, gid, cuid, cgid, mode] { output.append(word) }
    output.append(UInt32(UInt16(truncatingIfNeeded: sequence)))
    output.append(zeros: 20)
  }

  static let read: UInt32 = 0o444
  static let write: UInt32 = 0o222
  static let execute: UInt32 = 0o111
}

/// What IPC_SET reads of a struct ipc64_perm.
struct GivenPermission: Sendable {
  let uid: UInt32
  let gid: UInt32
  let mode: UInt32

  init(_ view: ByteView) {
    uid = view.load(at: 4)
    gid = view.load(at: 8)
    mode = view.load(at: 20)
  }
}
