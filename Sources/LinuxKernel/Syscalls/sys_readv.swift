extension Syscall {
  /// readv(2). Linux: fs/read_write.c, do_readv().
  static let readv = Syscall(
    19, "readv", "Reads into several buffers, one after the other.",
    c: "ssize_t readv(int fd, const struct iovec *iov, int iovcnt)",
    Param<FD>("fd"), Param<Vector>("iov"), returns: "data", errors: Syscall.vectorErrors
  ) { (kernel: inout Kernel, me: TaskID, fd: FD, vector: Vector) throws(Stop) -> Transferred in
    try kernel.readVector(fd, vector, at: nil, [], me)
  }

  /// writev(2). Linux: do_writev().
  static let writev = Syscall(
    20, "writev", "Writes several pieces, one after the other.",
    c: "ssize_t writev(int fd, const struct iovec *iov, int iovcnt)",
    Param<FD>("fd"), Param<Vector>("iov"), returns: "count", errors: Syscall.vectorErrors
  ) { (kernel: inout Kernel, me: TaskID, fd: FD, vector: Vector) throws(Stop) -> Int in
    try kernel.writeVector(fd, vector, at: nil, [], me)
  }

  /// preadv(2). Linux: do_preadv().
  static let preadv = Syscall(
    295, "preadv", "Reads at an offset into several buffers; the file's own offset stays.",
    c: "ssize_t preadv(int fd, const struct iovec *iov, int iovcnt, off_t offset)",
    raw: "ssize_t preadv(int fd, const struct iovec *iov, unsigned long vlen, unsigned long offset, "
      + "unsigned long pos_h)",
    Param<FD>("fd"), Param<Vector>("iov"), Param<Int>("offset"), returns: "data", errors: Syscall.vectorErrors
  ) { (kernel: inout Kernel, me: TaskID, fd: FD, vector: Vector, offset: Int) throws(Stop) -> Transferred in
    guard offset >= 0 else { throw .errno(.EINVAL) }
    return try kernel.readVector(fd, vector, at: Int64(offset), [], me)
  }

  /// pwritev(2). Linux: do_pwritev().
  static let pwritev = Syscall(
    296, "pwritev", "Writes several pieces at an offset; the file's own offset stays.",
    c: "ssize_t pwritev(int fd, const struct iovec *iov, int iovcnt, off_t offset)",
    raw: "ssize_t pwritev(int fd, const struct iovec *iov, unsigned long vlen, unsigned long offset, "
      + "unsigned long pos_h)",
    Param<FD>("fd"), Param<Vector>("iov"), Param<Int>("offset"), returns: "count", errors: Syscall.vectorErrors
  ) { (kernel: inout Kernel, me: TaskID, fd: FD, vector: Vector, offset: Int) throws(Stop) -> Int in
    guard offset >= 0 else { throw .errno(.EINVAL) }
    return try kernel.writeVector(fd, vector, at: Int64(offset), [], me)
  }

  /// preadv2(2): offset -1 is the file's own.
  static let preadv2 = Syscall(
    327, "preadv2", "Does as preadv, or as readv at offset -1, with flags.",
    c: "ssize_t preadv2(int fd, const struct iovec *iov, int iovcnt, off_t offset, int flags)",
    raw: "ssize_t preadv2(int fd, const struct iovec *iov, unsigned long vlen, unsigned long offset, "
      + "unsigned long pos_h, int flags)",
    Param<FD>("fd"), Param<Vector>("iov"), Param<Int>("offset", default: -1), Param<TransferFlags>("flags", default: 0),
    returns: "data", errors: Syscall.vectorErrors
  ) {
    (kernel: inout Kernel, me: TaskID, fd: FD, vector: Vector, offset: Int, flags: TransferFlags) throws(Stop)
      -> Transferred in
    guard offset >= -1 else { throw .errno(.EINVAL) }
    return try kernel.readVector(fd, vector, at: offset == -1 ? nil : Int64(offset), flags, me)
  }

  /// pwritev2(2).
  static let pwritev2 = Syscall(
    328, "pwritev2", "Does as pwritev, or as writev at offset -1, with flags.",
    c: "ssize_t pwritev2(int fd, const struct iovec *iov, int iovcnt, off_t offset, int flags)",
    raw: "ssize_t pwritev2(int fd, const struct iovec *iov, unsigned long vlen, unsigned long offset, "
      + "unsigned long pos_h, int flags)",
    Param<FD>("fd"), Param<Vector>("iov"), Param<Int>("offset", default: -1), Param<TransferFlags>("flags", default: 0),
    returns: "count", errors: Syscall.vectorErrors
  ) {
    (kernel: inout Kernel, me: TaskID, fd: FD, vector: Vector, offset: Int, flags: TransferFlags) throws(Stop) -> Int in
    guard offset >= -1 else { throw .errno(.EINVAL) }
    return try kernel.writeVector(fd, vector, at: offset == -1 ? nil : Int64(offset), flags, me)
  }

  private static var vectorErrors: KeyValuePairs<Errno, String> {
    [
      .EAGAIN: "it would have to wait, and must not",
      .EBADF: "fd is not open in this direction",
      .EFAULT: "iov or its first piece lies outside the caller's memory",
      .EINVAL: "more than 1024 pieces, a negative length or offset, or an object that does not work so",
      .EOPNOTSUPP: "flags holds a bit that is unknown or not for this file",
      .ESPIPE: "an offset for a file that has none",
    ]
  }
}

extension Kernel {
  fileprivate mutating func readVector(
    _ fd: FD, _ vector: Vector, at offset: Int64?, _ flags: TransferFlags, _ me: TaskID
  ) throws(Stop) -> Transferred {
    let file = try file(fd, of: me)
    if offset != nil, !hasPositions(file) { throw .errno(.ESPIPE) }
    guard files[file].isReadable else { throw .errno(.EBADF) }
    if case .epoll = files[file].object { throw .errno(.EINVAL) }
    var destination = try vector.destination(&self, me)
    destination.truncate(to: Kernel.transferLimit)
    // vfs_readv(): nothing asked for is nothing done, before the flags are looked at.
    if destination.remaining == 0 { return Transferred(0, destination) }
    try checkRange(offset ?? files[file].position, destination.remaining)
    if !flags.isEmpty, !readsPieces(file) { throw .errno(.EOPNOTSUPP) }
    return try withTransferFlags(flags, file) { (kernel) throws(Stop) in
      Transferred(try kernel.read(file, &destination, at: offset, for: me), destination)
    }
  }

  fileprivate mutating func writeVector(
    _ fd: FD, _ vector: Vector, at offset: Int64?, _ flags: TransferFlags, _ me: TaskID
  ) throws(Stop) -> Int {
    let file = try file(fd, of: me)
    if offset != nil, !canWriteAt(file) { throw .errno(.ESPIPE) }
    guard files[file].isWritable else { throw .errno(.EBADF) }
    guard hasWrite(file) else { throw .errno(.EINVAL) }
    var source = try vector.source(&self, me)
    source.truncate(to: Kernel.transferLimit)
    if source.remaining == 0 { return 0 }
    try checkRange(offset ?? files[file].position, source.remaining)
    guard takesPieces(file) else {
      if !flags.isEmpty { throw .errno(.EOPNOTSUPP) }
      return try writeEach(vector, file, at: offset, me)
    }
    return try withTransferFlags(flags, file) { (kernel) throws(Stop) in
      try kernel.write(file, &source, at: offset, for: me)
    }
  }

  /// Whether a file can be written at all (FMODE_CAN_WRITE), which comes before the pieces are looked at.
  private func hasWrite(_ file: ID<OpenFile>) -> Bool {
    switch files[file].object {
    case .timer, .epoll, .signals, .messageQueue: return false
    case .inode(let inode):
      guard case .process(.taskEntry(_, let index)) = inodes[inode].content else { return true }
      return ProcessEntry.task[index].isWritable
    default: return true
    }
  }

  /// Whether a file fills several pieces by one read (read_iter()); only those know flags.
  private func readsPieces(_ file: ID<OpenFile>) -> Bool {
    switch files[file].object {
    case .messageQueue: return false
    case .inode(let inode):
      switch inodes[inode].content {
      case .process(.taskEntry): return false
      case .process(.system(let node)): return SystemNode.all[node].file?.isSetting ?? false
      default: return !inodes[inode].isDirectory
      }
    default: return true
    }
  }

  /// Whether a file takes several pieces as one write (write_iter()).
  private func takesPieces(_ file: ID<OpenFile>) -> Bool {
    switch files[file].object {
    case .eventCounter: false
    case .inode(let inode):
      if case .process = inodes[inode].content { !isSequence(file) } else { inodes[inode].content.device != .full }
    default: true
    }
  }

  /// Writes each piece by itself, until one is not taken whole. Linux: do_loop_readv_writev().
  private mutating func writeEach(_ vector: Vector, _ file: ID<OpenFile>, at offset: Int64?, _ me: TaskID) throws(Stop)
    -> Int
  {
    // What went before the sleep is not written again.
    var done = 0
    for (place, (_, piece)) in try vector.pieces(self, me).enumerated() {
      // iov_iter_advance() passes over empty pieces behind the first.
      if place > 0, piece.count == 0 { continue }
      if done < current.progress {
        done += piece.count
        continue
      }
      var source = Source(pieces: [piece], &self)
      let written: Int
      do throws(Stop) { written = try write(file, &source, at: offset.map { $0 + Int64(done) }, for: me) } catch {
        current.progress = done
        if case .errno = error, done > 0 { return done }
        throw error
      }
      done += written
      if written < piece.count { break }
    }
    return done
  }

  /// FMODE_NOWAIT: what /dev/full, terminals and tmpfs lack.
  private func canSkipWaiting(_ file: ID<OpenFile>) -> Bool {
    switch files[file].object {
    case .console: false
    case .inode(let inode): inodes[inode].content.device.map { $0 != .full } ?? false
    default: true
    }
  }

  /// Linux: kiocb_set_rw_flags().
  private mutating func withTransferFlags<R>(
    _ flags: TransferFlags, _ file: ID<OpenFile>, _ body: (inout Kernel) throws(Stop) -> R
  ) throws(Stop) -> R {
    try flags.check(.EOPNOTSUPP)
    guard flags.contains(.noWait) else { return try body(&self) }
    guard canSkipWaiting(file) else { throw .errno(.EOPNOTSUPP) }
    let status = files[file].status
    setStatus(of: file, status.union(.nonblock))
    defer { setStatus(of: file, status) }
    return try body(&self)
  }
}

/// The pieces of a transfer: records of form (0 bytes, 1 memory, 2 a count), address and length, the bytes behind; or
/// the address of an array of struct iovec.
struct Vector: Argument, @unchecked Sendable {
  private let raw: RawArgument
  static var kind: ArgumentKind { .vector }
  static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> Vector {
    Vector(raw: raw)
  }

  fileprivate enum Form: UInt64 { case bytes = 0, memory = 1, count = 2 }

  /// UIO_MAXIOV.
  private static let pieceLimit = 1024

  /// Linux: import_iovec().
  fileprivate func pieces(_ kernel: borrowing Kernel, _ me: TaskID) throws(Stop) -> [(form: Form, piece: Piece)] {
    var list: [(form: Form, piece: Piece)] = []
    if raw.form == .bytes {
      var offset = 0
      while offset + 24 <= raw.count {
        let form = Form(rawValue: raw.view.load(at: offset)) ?? .count
        let segment = Segment(address: raw.view.load(at: offset + 8), count: raw.view.load(Int.self, at: offset + 16))
        offset += 24
        if form == .bytes {
          list.append((form, .bytes(raw.view.slice(offset, segment.count))))
          offset += segment.count
        } else {
          list.append((form, .memory(segment)))
        }
      }
    } else {
      guard raw.count >= 0 else { throw .errno(.EFAULT) }
      guard raw.count / 16 <= Vector.pieceLimit else { throw .errno(.EINVAL) }
      let bytes = try kernel.memory(UInt64(bitPattern: raw.word), raw.count / 16 * 16, of: me)
      bytes.withByteView { view in
        for offset in stride(from: 0, to: view.count, by: 16) {
          list.append(
            (.memory, .memory(Segment(address: view.load(at: offset), count: view.load(Int.self, at: offset + 8)))))
        }
      }
    }
    guard list.count <= Vector.pieceLimit else { throw .errno(.EINVAL) }
    for (form, piece) in list {
      guard piece.count >= 0 else { throw .errno(.EINVAL) }
      // access_ok(): the kernel's half is refused whatever stands before it.
      if form == .memory, case .memory(let segment) = piece, segment.address > AddressSpace.limit {
        throw .errno(.EFAULT)
      }
    }
    return list
  }

  /// Where bytes go: the caller's memory, or, for bare counts, the answer.
  func destination(_ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> Destination {
    let list = try pieces(kernel, me)
    if let first = list.first, first.form == .count {
      return Destination(replyOf: list.reduce(0) { min($0 + $1.piece.count, Kernel.transferLimit) })
    }
    var segments: [Segment] = []
    for (form, piece) in list {
      guard form == .memory, case .memory(let segment) = piece else { throw .errno(.EFAULT) }
      segments.append(segment)
    }
    return Destination(memory: segments, &kernel)
  }

  func source(_ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> Source {
    let list = try pieces(kernel, me)
    for (form, _) in list where form == .count { throw .errno(.EFAULT) }
    return Source(pieces: list.map(\.piece), &kernel)
  }
}

/// RWF_*: how one transfer differs from the file's own flags. Linux: include/uapi/linux/fs.h.
struct TransferFlags: Flags {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let noWait = TransferFlags(rawValue: 8)
  /// Everything is on stable storage at once, so that synchronous writes are like others.
  static let names = NameSet("transfer flags", .bits, ["RWF_DSYNC": 2, "RWF_SYNC": 4, "RWF_NOWAIT": 8])
}
