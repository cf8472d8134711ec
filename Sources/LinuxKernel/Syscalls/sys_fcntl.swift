extension Syscall {
  /// fcntl(2). Linux: fs/fcntl.c, do_fcntl(). Leases, signals and notification are not built: EINVAL.
  static let fcntl = Syscall(
    72, "fcntl", "Reads or changes what belongs to a descriptor or an open file.",
    c: "int fcntl(int fd, int op, ... /* arg */ )",
    Param<FD>("fd"), Param<FileCommand>("op"), Param<FileCommandArgument>("arg", default: 0),
    returns: "value",
    errors: [
      .EAGAIN: "F_SETLK, and another's lock is in the way",
      .EBADF:
        "fd is not open, is O_PATH where that is not enough, is not open as a lock asks, "
        + "or is no pipe for a pipe's operation",
      .EBUSY: "F_SETPIPE_SZ below what is in use",
      .EDEADLK: "F_SETLKW would wait for ever",
      .EFAULT: "the structure lies outside the caller's memory",
      .EINTR: "a signal handler ran while F_SETLKW waited",
      .EINVAL: "the operation is unknown, or its argument out of range",
      .ESRCH: "F_SETOWN names no process or group",
      .EMFILE: "F_DUPFD finds no descriptor below RLIMIT_NOFILE",
      .EPERM: "F_SETPIPE_SZ above the limit without CAP_SYS_RESOURCE, or O_NOATIME on somebody else's file",
    ]
  ) {
    (kernel: inout Kernel, me: TaskID, fd: FD, command: FileCommand, argument: FileCommandArgument) throws(Stop)
      -> FileCommandAnswer in
    let file = try kernel.fileOrPath(fd, of: me)
    if kernel.files[file].status.contains(.path), !command.worksOnPath { throw .errno(.EBADF) }
    let table = kernel.tasks[me].files, number = Int(fd.number), value = argument.rawValue
    switch command {
    case .duplicate, .duplicateCloseOnExec:
      guard UInt64(UInt32(bitPattern: value)) < kernel.limit(ResourceLimits.nofile, of: me) else {
        throw .errno(.EINVAL)
      }
      let copy = try kernel.duplicate(file, closesOnExec: command == .duplicateCloseOnExec, from: Int(value), for: me)
      return .number(Int(copy.number))
    case .isDuplicate: return .number(try kernel.fileOrPath(FD(value), of: me) == file ? 1 : 0)
    case .getFD: return .number(kernel.fileTables[table].descriptors[number].closesOnExec ? 1 : 0)
    case .setFD: kernel.fileTables[table].descriptors[number].closesOnExec = value & 1 != 0
    case .getFlags: return .number(Int(kernel.files[file].status.rawValue))
    case .setFlags: try kernel.setStatus(OpenFlags(rawValue: value), of: file, me)
    case .getPipeSize: return .number(kernel.pipes[try kernel.pipe(of: file)].bufferLimit * Page.size)
    case .setPipeSize:
      return .number(try kernel.setPipeSize(UInt32(bitPattern: value), of: try kernel.pipe(of: file), me))
    case .addSeals: try kernel.addSeals(Seals(rawValue: value), to: file)
    case .getSeals: return .number(try kernel.seals(of: file))
    case .getOwner: return .number(Int(kernel.owner(of: file)))
    case .setOwner: try kernel.setOwner(value, of: file)
    case .getLock, .getFileLock:
      let record = try argument.record(&kernel, me)
      let found = try kernel.recordLock(inTheWayOf: record, on: file, byFile: command == .getFileLock, me)
      found.append(to: kernel.output)
      if let address = argument.address { try kernel.setMemory(kernel.output.view.array, at: address, of: me) }
      return .record
    case .setLock, .setFileLock, .setLockWaiting, .setFileLockWaiting:
      let waits = command == .setLockWaiting || command == .setFileLockWaiting
      let isByFile = command == .setFileLock || command == .setFileLockWaiting
      try kernel.setRecordLock(try argument.record(&kernel, me), on: file, byFile: isByFile, waits: waits, me)
      // Another thread may have closed the descriptor meanwhile, and found no lock to remove.
      if kernel.fileTables[table].file(fd.number) != file {
        if !isByFile { kernel.removeLocks(of: .table(table), on: file) }
        throw .errno(.EBADF)
      }
    default: throw .errno(.EINVAL)
    }
    return .number(0)
  }
}

/// What an operation of fcntl(2) takes: a number, flags of open or seals by name, or a struct flock.
struct FileCommandArgument: Argument, @unchecked Sendable {
  private let raw: RawArgument
  var rawValue: Int32 { Int32(truncatingIfNeeded: raw.word) }
  /// Where the structure lies, if it is in the caller's memory.
  var address: UInt64? { raw.form == .bytes ? nil : UInt64(bitPattern: raw.word) }

  static var kind: ArgumentKind { .flagsOrStructure(names, RecordLock.layout) }
  static let names = NameSet("fcntl argument", joining: [OpenFlags.names, Seals.names])

  @inline(__always)
  static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> FileCommandArgument {
    FileCommandArgument(raw: raw)
  }

  /// Linux: copy_from_user(). Throws EFAULT.
  func record(_ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> RecordLock {
    try raw.structure(RecordLock.layout.size, &kernel, me).withByteView { RecordLock($0) }
  }
}

/// A number, or the struct flock in the output.
enum FileCommandAnswer: Returned {
  case number(Int), record
  static var results: [ResultKind] { [.integerOrStructure(RecordLock.layout)] }
  @inline(__always) func store(_ kernel: inout Kernel) {
    if case .number(let number) = self { kernel.reply.words[0] = Int64(number) } else { kernel.reply.words[0] = 0 }
  }
}

extension Kernel {
  /// F_SETFL. Linux: setfl().
  mutating func setStatus(_ new: OpenFlags, of file: ID<OpenFile>, _ me: TaskID) throws(Stop) {
    let old = files[file].status
    if new.contains(.noatime), !old.contains(.noatime), !mayHideAccess(to: file, me) { throw .errno(.EPERM) }
    if new.contains(.direct), !allowsDirect(file) { throw .errno(.EINVAL) }
    // SIGIO is not built.
    if new.contains(.async), isPollable(file) { throw .errno(.EINVAL) }
    let changeable: OpenFlags = [.append, .nonblock, .direct, .noatime]
    setStatus(of: file, old.subtracting(changeable).union(new.intersection(changeable)))
  }

  /// F_SETOWN. Linux: f_setown().
  fileprivate mutating func setOwner(_ owner: Int32, of file: ID<OpenFile>) throws(Stop) {
    guard owner != .min else { throw .errno(.EINVAL) }
    guard owner == 0 || (owner > 0 ? process(owner) != nil : group(-owner) != nil) else { throw .errno(.ESRCH) }
    files[file].owner = owner
  }

  /// Whose process or group has ended shows as 0. Linux: f_getown().
  fileprivate func owner(of file: ID<OpenFile>) -> Int32 {
    let owner = files[file].owner
    return (owner > 0 ? process(owner) != nil : owner < 0 && group(-owner) != nil) ? owner : 0
  }

  /// Whether O_NOATIME is allowed: to the owner, and to those who may act as one. Linux: inode_owner_or_capable().
  private func mayHideAccess(to file: ID<OpenFile>, _ me: TaskID) -> Bool {
    if let inode = inode(of: file) { return isOwnerOrCapable(inode, tasks[me].credentials) }
    let owner = ownershipOfNameless(file)?.uid ?? 0
    return tasks[me].credentials.fsuid == owner || tasks[me].credentials.has(.fowner)
  }

  /// Whether O_DIRECT means anything for the file: packets on a pipe. Linux: FMODE_CAN_ODIRECT.
  private func allowsDirect(_ file: ID<OpenFile>) -> Bool {
    switch files[file].object {
    case .pipeReader, .pipeWriter, .fifo: true
    // A file of memfd_create never went through open(), which would have allowed it.
    case .inode(let inode): inodes[inode].memory != nil && files[file].path?.mount != memoryMount
    default: false
    }
  }

  /// Linux: get_pipe_info().
  func pipe(of file: ID<OpenFile>) throws(Stop) -> ID<Pipe> {
    switch files[file].object {
    case .pipeReader(let pipe), .pipeWriter(let pipe), .fifo(let pipe): return pipe
    default: throw .errno(.EBADF)
    }
  }

  /// fs.pipe-max-size.
  static var pipeSizeLimit: Int { 1 << 20 }

  /// Rounds up to a power of two of pages. Linux: pipe_set_size().
  mutating func setPipeSize(_ wanted: UInt32, of pipe: ID<Pipe>, _ me: TaskID) throws(Stop) -> Int {
    guard wanted <= 1 << 31 else { throw .errno(.EINVAL) }
    var size = Page.size
    while size < Int(wanted) { size *= 2 }
    let slots = size / Page.size
    if slots > pipes[pipe].bufferLimit, size > Kernel.pipeSizeLimit, !tasks[me].credentials.has(.sysResource) {
      throw .errno(.EPERM)
    }
    guard slots >= pipes[pipe].used else { throw .errno(.EBUSY) }
    pipes[pipe].bufferLimit = slots
    wake(pipes[pipe].writable)
    return size
  }
}

/// The operations of fcntl(2) that are built. Linux: include/uapi/linux/fcntl.h.
struct FileCommand: Choice, Equatable {
  let rawValue: Int32
  static let duplicate = FileCommand(rawValue: 0), getFD = FileCommand(rawValue: 1), setFD = FileCommand(rawValue: 2)
  static let getFlags = FileCommand(rawValue: 3), setFlags = FileCommand(rawValue: 4)
  static let setOwner = FileCommand(rawValue: 8), getOwner = FileCommand(rawValue: 9)
  static let getLock = FileCommand(rawValue: 5), setLock = FileCommand(rawValue: 6),
    setLockWaiting = FileCommand(rawValue: 7)
  static let getFileLock = FileCommand(rawValue: 36), setFileLock = FileCommand(rawValue: 37)
  static let setFileLockWaiting = FileCommand(rawValue: 38)
  static let isDuplicate = FileCommand(rawValue: 1027), duplicateCloseOnExec = FileCommand(rawValue: 1030)
  static let setPipeSize = FileCommand(rawValue: 1031), getPipeSize = FileCommand(rawValue: 1032)
  static let addSeals = FileCommand(rawValue: 1033), getSeals = FileCommand(rawValue: 1034)

  /// Linux: check_fcntl_cmd().
  var worksOnPath: Bool {
    [.duplicate, .duplicateCloseOnExec, .isDuplicate, .getFD, .setFD, .getFlags].contains(self)
  }

  static let names = NameSet(
    "fcntl operation", .values,
    [
      "F_DUPFD": 0, "F_GETFD": 1, "F_SETFD": 2, "F_GETFL": 3, "F_SETFL": 4, "F_GETLK": 5, "F_SETLK": 6, "F_SETLKW": 7,
      "F_SETOWN": 8, "F_GETOWN": 9,
      "F_OFD_GETLK": 36, "F_OFD_SETLK": 37, "F_OFD_SETLKW": 38, "F_DUPFD_QUERY": 1027, "F_DUPFD_CLOEXEC": 1030,
      "F_SETPIPE_SZ": 1031, "F_GETPIPE_SZ": 1032, "F_ADD_SEALS": 1033, "F_GET_SEALS": 1034,
    ])
}
