// The operations of open files that stand for an inode. Linux: the file_operations of tmpfs, proc and the devices.

extension Kernel {
  mutating func readInode(
    _ inode: ID<Inode>, _ file: ID<OpenFile>, _ destination: inout Destination, at offset: Int64?, for me: TaskID
  ) throws(Stop) -> Int {
    switch inodes[inode].content {
    case .regular: return try readRegular(inode, file, &destination, at: offset, for: me)
    case .directory:
      try checkRange(offset ?? files[file].position, destination.remaining)
      throw .errno(.EISDIR)
    case .device(let number):
      guard let device = Device(rawValue: number) else { throw .errno(.ENXIO) }
      try checkRange(offset ?? files[file].position, destination.remaining)
      return try readDevice(device, &destination, for: me)
    case .process(let kind): return try readProcess(kind, file, &destination, at: offset, for: me)
    case .symlink, .fifo, .socket, .messageQueue: throw .errno(.EINVAL)
    }
  }

  mutating func writeInode(
    _ inode: ID<Inode>, _ file: ID<OpenFile>, _ source: inout Source, at offset: Int64?, for me: TaskID
  ) throws(Stop) -> Int {
    switch inodes[inode].content {
    case .regular: return try writeRegular(inode, file, &source, at: offset, for: me)
    case .device(let number):
      guard let device = Device(rawValue: number) else { throw .errno(.ENXIO) }
      try checkRange(offset ?? files[file].position, source.remaining)
      return try writeDevice(device, &source, for: me)
    case .process(let kind): return try writeProcess(kind, file, &source, at: offset, for: me)
    case .directory, .symlink, .fifo, .socket, .messageQueue: throw .errno(.EINVAL)
    }
  }

  /// Sets the position. Linux: vfs_llseek() and the llseek operations.
  mutating func seek(_ file: ID<OpenFile>, _ offset: Int64, _ whence: Whence, for me: TaskID) throws(Stop) -> Int64 {
    if case .messageQueue(let queue) = files[file].object {
      return try seek(file, ofSize: posixQueues[posix(queue)].statusSize, offset, whence)
    }
    guard case .inode(let inode) = files[file].object else {
      if isStream(file) { throw .errno(.ESPIPE) }
      // noop_llseek(): eventfds and their like have a position that means nothing.
      return files[file].position
    }
    switch inodes[inode].content {
    case .regular(let memory): return try seekRegular(file, memory, offset, whence)
    // null_lseek() knows no place but 0; /dev/random has noop_llseek(). No device here reads by position.
    case .device: return 0
    case .process(let kind) where isSequence(kind): return try seekSequence(kind, file, offset, whence, me)
    case .process(.system(let node)) where SystemNode.all[node].file != nil:
      // A setting ends where it begins.
      return try seek(file, ofSize: 0, offset, whence)
    default: return try seekSimply(file, offset, whence)
    }
  }

  /// Pipes, sockets and terminals have no positions at all.
  private func isStream(_ file: ID<OpenFile>) -> Bool {
    switch files[file].object {
    case .console, .socket: true
    default: isPipe(file)
    }
  }

  /// Goes to a place in a file that has a size, and no holes in front of it. Linux: default_llseek().
  mutating func seek(_ file: ID<OpenFile>, ofSize size: Int64, _ offset: Int64, _ whence: Whence) throws(Stop) -> Int64
  {
    var (target, overflows) = (offset, false)
    switch whence {
    case .current: (target, overflows) = offset.addingReportingOverflow(files[file].position)
    case .end: (target, overflows) = offset.addingReportingOverflow(size)
    case .data, .hole:
      if offset >= size { throw .errno(.ENXIO) }
      if whence == .hole { target = size }
    default: break
    }
    guard target >= 0, !overflows else { throw .errno(.EINVAL) }
    files[file].position = target
    return target
  }

  /// Directories know no end.
  private mutating func seekSimply(_ file: ID<OpenFile>, _ offset: Int64, _ whence: Whence) throws(Stop) -> Int64 {
    guard whence == .set || whence == .current else { throw .errno(.EINVAL) }
    let (sum, overflow) = offset.addingReportingOverflow(whence == .current ? files[file].position : 0)
    if overflow || sum < 0 { throw .errno(.EINVAL) }
    files[file].position = sum
    return sum
  }

  /// Linux: shmem_file_llseek().
  private mutating func seekRegular(_ file: ID<OpenFile>, _ memory: ID<Memory>, _ offset: Int64, _ whence: Whence)
    throws(Stop) -> Int64
  {
    let size = memories[memory].size
    var target: Int64
    switch whence {
    case .set: target = offset
    case .current, .end:
      let base = whence == .end ? Int64(size) : files[file].position
      let (sum, overflow) = base.addingReportingOverflow(offset)
      if overflow { throw .errno(.EINVAL) }
      target = sum
    case .data:
      if offset < 0 || offset >= size { throw .errno(.ENXIO) }
      let number = Int(offset) / Page.size
      guard let next = memories[memory].bytes.nextData(from: number), next * Page.size < size else {
        throw .errno(.ENXIO)
      }
      target = next == number ? offset : Int64(next * Page.size)
    case .hole:
      if offset < 0 || offset >= size { throw .errno(.ENXIO) }
      let number = Int(offset) / Page.size
      let next = memories[memory].bytes.nextHole(from: number)
      target = next == number ? offset : Int64(min(next * Page.size, size))
    default: throw .errno(.EINVAL)
    }
    if target < 0 { throw .errno(.EINVAL) }
    files[file].position = target
    return target
  }

  /// One entry of a directory. Linux: struct linux_dirent64.
  struct DirectoryEntry {
    var name: [UInt8]
    var inode: UInt64
    var kind: UInt32
  }

  /// Appends entries to the output until `room` is full. Linux: iterate_dir(), offset_readdir(), filldir64().
  mutating func list(_ file: ID<OpenFile>, room: Int) throws(Stop) {
    guard case .inode(let inode) = files[file].object, inodes[inode].isDirectory, let path = files[file].path else {
      throw .errno(.ENOTDIR)
    }
    if inodes[inode].isDead { throw .errno(.ENOENT) }
    touchAccessed(inode)
    var listing = Listing(room: room)
    var position = files[file].position
    if position == 0, emit(.init(name: [0x2e], inode: inodes[inode].number, kind: 4), at: 0, &listing) { position = 1 }
    if position == 1 {
      let parent = inodes[dentries[dentries[path.dentry].parent ?? path.dentry].inode].number
      if emit(.init(name: [0x2e, 0x2e], inode: parent, kind: 4), at: 1, &listing) { position = 2 }
    }
    if position >= 2 {
      if case .process(let kind) = inodes[inode].content {
        listProcess(kind, &position, &listing)
      } else if position != Dentry.endOffset {
        listTree(path.dentry, &position, &listing)
      }
    }
    files[file].position = position
    if let last = listing.last { output.store(position, at: last + 8) }
    if listing.last == nil, listing.isFull { throw .errno(.EINVAL) }
  }

  private mutating func listTree(_ directory: ID<Dentry>, _ position: inout Int64, _ listing: inout Listing) {
    var next = dentries[directory].firstChild
    if position > 2 {
      // From the entry that has this offset; were it gone, from the one with the next higher offset (mas_find()).
      var best: ID<Dentry>?
      while let id = next {
        if dentries[id].offset >= position, best.map({ dentries[$0].offset > dentries[id].offset }) ?? true {
          best = id
        }
        next = dentries[id].nextSibling
      }
      next = best ?? dentries[directory].firstChild
    }
    while let id = next {
      position = dentries[id].offset
      let child = inodes[dentries[id].inode]
      guard emit(.init(name: dentries[id].name, inode: child.number, kind: child.kind >> 12), at: position, &listing)
      else { return }
      next = dentries[id].nextSibling
    }
    position = Dentry.endOffset
  }

  /// Adds one entry, if it fits; its predecessor learns where it stands (d_off).
  mutating func emit(_ entry: DirectoryEntry, at offset: Int64, _ listing: inout Listing) -> Bool {
    let length = (19 + entry.name.count + 1 + 7) / 8 * 8
    if output.count + length > listing.room {
      listing.isFull = true
      return false
    }
    if let last = listing.last { output.store(offset, at: last + 8) }
    listing.last = output.count
    output.append(entry.inode)
    output.append(Int64(0))
    output.append(UInt16(length))
    output.append(UInt8(entry.kind))
    output.append(entry.name)
    output.append(zeros: length - 19 - entry.name.count)
    return true
  }

  /// A listing as it grows.
  struct Listing {
    let room: Int
    /// Where in the output the last entry starts.
    var last: Int?
    var isFull = false
  }
}

/// SEEK_*. Linux: include/uapi/linux/fs.h.
struct Whence: Choice, Equatable {
  let rawValue: Int32
  static let set = Whence(rawValue: 0), current = Whence(rawValue: 1), end = Whence(rawValue: 2)
  static let data = Whence(rawValue: 3), hole = Whence(rawValue: 4)
  static let names = NameSet(
    "whence", .values, ["SEEK_SET": 0, "SEEK_CUR": 1, "SEEK_END": 2, "SEEK_DATA": 3, "SEEK_HOLE": 4])
}

extension Whence {
  static func ~= (pattern: Whence, value: Whence) -> Bool { pattern.rawValue == value.rawValue }
}
