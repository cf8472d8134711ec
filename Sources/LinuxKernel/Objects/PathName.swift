/// A path as a call gets it: read when the call gets that far, as Linux's getname() does.
struct PathName: Argument {
  private let view: ByteView
  /// Where it is in the caller's memory, if it is there.
  private let address: UInt64?

  static var kind: ArgumentKind { .path }

  /// PATH_MAX, with the NUL.
  static let limit = 4096

  static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> PathName {
    switch raw.form {
    case .bytes: PathName(view: raw.view, address: nil)
    case .word, .omitted, .memory: PathName(view: .empty, address: UInt64(bitPattern: raw.word))
    case .absent: PathName(view: .empty, address: 0)
    }
  }

  init(at address: UInt64) { self.init(view: .empty, address: address) }

  private init(view: ByteView, address: UInt64?) {
    self.view = view
    self.address = address
  }

  /// Bytes up to the NUL, at most `limit` with it.
  func string(_ kernel: borrowing Kernel, _ me: TaskID, limit: Int, tooLong: Errno) throws(Stop) -> [UInt8] {
    guard let address else {
      var count = 0
      while count < view.count, view[count] != 0 { count += 1 }
      if count >= limit { throw .errno(tooLong) }
      return view.slice(0, count).array
    }
    var bytes: [UInt8] = []
    var isEnded = false
    let read = kernel.readMemory(address, limit, of: me) { piece, _ in
      if isEnded { return }
      for offset in 0..<piece.count {
        if piece[offset] == 0 {
          isEnded = true
          return
        }
        bytes.append(piece[offset])
      }
    }
    if isEnded { return bytes }
    throw .errno(read < limit ? .EFAULT : tooLong)
  }

  /// Linux: getname_flags().
  func bytes(_ kernel: borrowing Kernel, _ me: TaskID, allowsEmpty: Bool = false) throws(Stop) -> [UInt8] {
    let bytes = try string(kernel, me, limit: PathName.limit, tooLong: .ENAMETOOLONG)
    if bytes.isEmpty, !allowsEmpty { throw .errno(.ENOENT) }
    return bytes
  }
}

/// A file that a call was pointed at, by path or by descriptor.
enum Target {
  case path(Path)
  /// An open file that is in no tree.
  case anonymous(ID<OpenFile>)
}

extension Kernel {
  /// The file that a path leads to. Linux: user_path_at().
  mutating func target(_ directory: FD, _ name: PathName, _ flags: WalkFlags, _ me: TaskID) throws(Stop) -> Target {
    let bytes = try name.bytes(self, me, allowsEmpty: flags.contains(.empty))
    let walk = try walk(directory, bytes, flags, me)
    if let file = walk.anonymous { return .anonymous(file) }
    return .path(walk.path)
  }

  /// The same for calls that change inodes; what is in no tree has none.
  mutating func path(_ directory: FD, _ name: PathName, _ flags: WalkFlags, _ me: TaskID) throws(Stop) -> Path {
    guard case .path(let path) = try target(directory, name, flags, me) else { throw .errno(.EPERM) }
    return path
  }

  func inode(_ path: Path) -> ID<Inode> { dentries[path.dentry].inode }

  /// The inode behind a descriptor, whose object may have none. Linux: file_inode().
  func inode(of file: ID<OpenFile>) -> ID<Inode>? { files[file].path.map { dentries[$0.dentry].inode } }
}
