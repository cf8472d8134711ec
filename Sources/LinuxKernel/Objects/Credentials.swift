// Who a task acts as, and how that changes. Linux: kernel/sys.c, security/commoncap.c, commit_creds().

/// A user or group as a call takes it; -1 means "leave it".
struct IDNumber: Argument, Equatable {
  let value: UInt32
  /// -1, which is no id.
  static let none = IDNumber(value: .max)
  static var kind: ArgumentKind { .integer }
  static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> IDNumber {
    IDNumber(value: UInt32(truncatingIfNeeded: raw.word))
  }
  static func describe(_ raw: RawArgument) -> String { "\(Int32(truncatingIfNeeded: raw.word))" }
  /// The id, or `old` for -1.
  func or(_ old: UInt32) -> UInt32 { self == .none ? old : value }
  func isAmong(_ ids: UInt32...) -> Bool { self == .none || ids.contains(value) }
}

extension Credentials {
  /// What goes with the file system id: CAP_FS_SET.
  private static let fileSystemSet: UInt64 = [
    Capability.chown, .dacOverride, .dacReadSearch, .fowner, .fsetid, .linuxImmutable, .mknod, .macOverride,
  ].reduce(0) { $0 | 1 << UInt64($1.rawValue) }
  /// SECBIT_NOROOT.
  static let noRoot: UInt32 = 1
  /// SECBIT_NO_SETUID_FIXUP.
  private static let noFixup: UInt32 = 1 << 2

  /// Capabilities follow changes of user ids away from 0 and back. Linux: cap_emulate_setxuid().
  mutating func followUsers(from old: Credentials) {
    guard secureBits & Credentials.noFixup == 0 else { return }
    let wasRoot = old.uid == 0 || old.euid == 0 || old.suid == 0
    if wasRoot, uid != 0, euid != 0, suid != 0 {
      if secureBits & Credentials.keepCapabilities == 0 { (permitted, effective) = (0, 0) }
      ambient = 0
    }
    if old.euid == 0, euid != 0 { effective = 0 }
    if old.euid != 0, euid == 0 { effective = permitted }
  }

  /// The same for the file system id alone. Linux: cap_task_fix_setuid() with LSM_SETID_FS.
  mutating func followFileSystemUser(from old: Credentials) {
    guard secureBits & Credentials.noFixup == 0 else { return }
    if old.fsuid == 0, fsuid != 0 { effective &= ~Credentials.fileSystemSet }
    if old.fsuid != 0, fsuid == 0 { effective |= permitted & Credentials.fileSystemSet }
  }
}

extension Kernel {
  /// Lets a task act as `new` from now on. Linux: commit_creds().
  mutating func commit(_ new: Credentials, for me: TaskID) {
    let old = tasks[me].credentials
    tasks[me].credentials = new
    let isOther = old.euid != new.euid || old.egid != new.egid || old.fsuid != new.fsuid || old.fsgid != new.fsgid
    guard isOther || !old.permits(new) else { return }
    addressSpaces[tasks[me].memory].isDumpable = false
    tasks[me].parentDeathSignal = 0
  }
}
