// struct flock of fcntl(2), and its operations. Linux: fs/locks.c.

/// A range of a file as fcntl takes and gives it.
struct RecordLock {
  var kind: Int16
  var whence: Int16
  var start: Int64
  var length: Int64
  var pid: Int32

  static let layout = Layout(
    "flock", size: 32,
    [
      .init("l_type", 0, .i16, names: NameSet("lock type", .values, ["F_RDLCK": 0, "F_WRLCK": 1, "F_UNLCK": 2])),
      .init("l_whence", 2, .i16, names: Whence.names), .init("l_start", 8, .i64), .init("l_len", 16, .i64),
      .init("l_pid", 24, .i32),
    ])

  init(_ view: ByteView) {
    kind = view.load(at: 0)
    whence = view.load(at: 2)
    start = view.load(at: 8)
    length = view.load(at: 16)
    pid = view.load(at: 24)
  }

  func append(to output: ByteBuffer) {
    output.append(kind)
    output.append(whence)
    output.append(zeros: 4)
    output.append(start)
    output.append(length)
    output.append(pid)
    output.append(zeros: 4)
  }
}

extension Kernel {
  /// F_SETLK, F_SETLKW and their kin of open files. Linux: fcntl_setlk().
  mutating func setRecordLock(
    _ record: RecordLock, on file: ID<OpenFile>, byFile: Bool, waits: Bool, _ me: TaskID
  ) throws(Stop) {
    let lock = try fileLock(record, on: file, byFile, me)
    if lock.kind == .read, !files[file].isReadable { throw .errno(.EBADF) }
    if lock.kind == .write, !files[file].isWritable { throw .errno(.EBADF) }
    if byFile, record.pid != 0 { throw .errno(.EINVAL) }
    try setLock(lock, .records, on: file, waits: waits, me)
  }

  /// F_GETLK: the first lock in the way of this one. Linux: fcntl_getlk().
  func recordLock(inTheWayOf record: RecordLock, on file: ID<OpenFile>, byFile: Bool, _ me: TaskID) throws(Stop)
    -> RecordLock
  {
    if !byFile, record.kind != FileLock.Kind.read.rawValue, record.kind != FileLock.Kind.write.rawValue {
      throw .errno(.EINVAL)
    }
    let lock = try fileLock(record, on: file, byFile, me)
    if byFile, record.pid != 0 { throw .errno(.EINVAL) }
    var found: FileLock?
    if let list = lockList(of: file) {
      // F_OFD_GETLK with F_UNLCK asks for the open file's own locks.
      found =
        lock.kind != .none
        ? lockLists[list].obstacle(to: lock, .records)
        : lockLists[list].records.first { $0.owner == lock.owner && $0.overlaps(lock) }
    }
    var answer = record
    answer.kind = (found?.kind ?? .none).rawValue
    if let found {
      answer.whence = Int16(Whence.set.rawValue)
      answer.start = found.first
      answer.length = found.last == .max ? 0 : found.last - found.first + 1
      answer.pid = found.pid
    }
    return answer
  }

  /// Linux: flock64_to_posix_lock().
  private func fileLock(_ record: RecordLock, on file: ID<OpenFile>, _ byFile: Bool, _ me: TaskID) throws(Stop)
    -> FileLock
  {
    let base: Int64
    switch Whence(rawValue: Int32(record.whence)) {
    case .set: base = 0
    case .current: base = files[file].position
    case .end:
      if case .messageQueue(let queue) = files[file].object {
        base = posixQueues[posix(queue)].statusSize
      } else {
        base = inode(of: file).map { size(of: $0) } ?? 0
      }
    default: throw .errno(.EINVAL)
    }
    var (first, overflow) = base.addingReportingOverflow(record.start)
    if overflow, record.start > 0 { throw .errno(.EOVERFLOW) }
    if first < 0 { throw .errno(.EINVAL) }
    var last = Int64.max
    if record.length > 0 {
      (last, overflow) = first.addingReportingOverflow(record.length - 1)
      if overflow { throw .errno(.EOVERFLOW) }
    } else if record.length < 0 {
      if first + record.length < 0 { throw .errno(.EINVAL) }
      last = first - 1
      first += record.length
    }
    guard let kind = FileLock.Kind(rawValue: record.kind) else { throw .errno(.EINVAL) }
    let pid = byFile ? -1 : processes[tasks[me].process].pid
    return FileLock(
      owner: byFile ? .file(file) : .table(tasks[me].files), pid: pid, kind: kind, first: first, last: last)
  }
}
