/// The descriptors of a process or of several that share them. Linux: struct files_struct.
struct FileTable {
  struct Descriptor {
    var file: ID<OpenFile>?
    var closesOnExec = false
  }

  var descriptors = ChunkedArray<Descriptor>()
  /// No descriptor below this one is free.
  var lowestCandidate = 0
  /// Tasks that use the table.
  var references = 1
  /// Descriptors for which Linux has made room; select(2) and FDSize in /proc/PID/status show it. Linux: max_fds of
  /// struct fdtable, at first NR_OPEN_DEFAULT, then a power of two that only grows. Linux: expand_fdtable().
  var capacity = FileTable.initialCapacity

  static let initialCapacity = 64

  /// The open file at `number`.
  @inline(__always) func file(_ number: Int32) -> ID<OpenFile>? {
    guard number >= 0, Int(number) < descriptors.count else { return nil }
    return descriptors[Int(number)].file
  }

  /// The lowest free number not below `minimum`.
  func lowestFree(from minimum: Int = 0) -> Int {
    var number = max(minimum, lowestCandidate)
    while number < descriptors.count, descriptors[number].file != nil { number += 1 }
    return number
  }

  mutating func set(_ number: Int, _ descriptor: Descriptor) {
    descriptors.grow(to: number + 1, filler: Descriptor())
    while number >= capacity { capacity *= 2 }
    descriptors[number] = descriptor
    if number == lowestCandidate { lowestCandidate += 1 }
  }

  @discardableResult
  mutating func clear(_ number: Int) -> ID<OpenFile>? {
    guard number < descriptors.count, let file = descriptors[number].file else { return nil }
    descriptors[number] = Descriptor()
    lowestCandidate = min(lowestCandidate, number)
    return file
  }
}

extension Kernel {
  /// The open file behind a descriptor of the task, not one that only names a place (O_PATH). Linux: fdget().
  @inline(__always) func file(_ fd: FD, of me: TaskID) throws(Stop) -> ID<OpenFile> {
    if let held = current.file(heldAs: fd.number) { return held }
    guard let file = fileTables[tasks[me].files].file(fd.number), !files[file].status.contains(.path) else {
      throw .errno(.EBADF)
    }
    return file
  }

  /// The same for the few calls that take O_PATH descriptors too. Linux: fdget_raw().
  @inline(__always) func fileOrPath(_ fd: FD, of me: TaskID) throws(Stop) -> ID<OpenFile> {
    if let held = current.file(heldAs: fd.number) { return held }
    guard let file = fileTables[tasks[me].files].file(fd.number) else { throw .errno(.EBADF) }
    return file
  }

  /// Gives `file` the lowest free descriptor. Takes over the caller's reference, and drops it on failure.
  mutating func install(_ file: ID<OpenFile>, closesOnExec: Bool, from minimum: Int = 0, for me: TaskID) throws(Stop)
    -> FD
  {
    let table = tasks[me].files
    let number = fileTables[table].lowestFree(from: minimum)
    guard UInt64(number) < limit(ResourceLimits.nofile, of: me) else {
      release(file)
      throw .errno(.EMFILE)
    }
    fileTables[table].set(number, FileTable.Descriptor(file: file, closesOnExec: closesOnExec))
    return FD(Int32(number))
  }

  /// Puts `file` at exactly `number`, closing what was there.
  mutating func install(_ file: ID<OpenFile>, at number: Int, closesOnExec: Bool, for me: TaskID) {
    let table = tasks[me].files
    let old = fileTables[table].file(Int32(number))
    fileTables[table].set(number, FileTable.Descriptor(file: file, closesOnExec: closesOnExec))
    if let old { closed(old, in: table, by: me) }
  }

  /// close(2) of one descriptor.
  mutating func close(_ fd: FD, of me: TaskID) throws(Stop) {
    let table = tasks[me].files
    guard fd.number >= 0, let file = fileTables[table].clear(Int(fd.number)) else { throw .errno(.EBADF) }
    closed(file, in: table, by: me)
  }

  /// What follows when a descriptor of `table` no longer names `file`. Linux: filp_close().
  mutating func closed(_ file: ID<OpenFile>, in table: ID<FileTable>, by me: TaskID) {
    // Any descriptor of the file will do: that is how POSIX has it.
    if lockLists.count > 0 { removeLocks(of: .table(table), on: file) }
    if case .messageQueue(let queue) = files[file].object {
      dropNotification(of: posix(queue), ownedBy: process(of: me))
    }
    release(file)
  }

  /// A copy of the table for a new process, naming the same open files.
  mutating func duplicate(_ table: ID<FileTable>) -> ID<FileTable> {
    var copy = fileTables[table]
    copy.references = 1
    // A copy has room for what is open, not for what once was. Linux: sane_fdtable_size().
    copy.capacity = FileTable.initialCapacity
    for number in 0..<copy.descriptors.count {
      guard let file = copy.descriptors[number].file else { continue }
      files[file].references += 1
      while number >= copy.capacity { copy.capacity *= 2 }
    }
    return fileTables.insert(copy)
  }

  /// One user of the table is gone; the last one closes what is in it.
  mutating func releaseTable(_ table: ID<FileTable>, by me: TaskID) {
    fileTables[table].references -= 1
    guard fileTables[table].references == 0 else { return }
    for number in 0..<fileTables[table].descriptors.count {
      if let file = fileTables[table].clear(number) { closed(file, in: table, by: me) }
    }
    fileTables.remove(table)
  }

  func limit(_ resource: Int, of me: TaskID) -> UInt64 { processes[tasks[me].process].limits.soft[resource] }
}
