// /proc: what the kernel knows, as files. Linux: fs/proc/. Nothing here is stored: each file is computed when it is
// looked at, and a new one is a line in one of the two tables.

/// Which file of /proc an inode is.
enum ProcessFile: Equatable, Sendable {
  case root
  /// A place in `ProcessEntry.root`.
  case rootEntry(Int)
  /// The directory of a task: /proc/PID, or /proc/PID/task/TID.
  case task(Int32, isThread: Bool)
  /// A place in `ProcessEntry.task`, of a task.
  case taskEntry(Int32, Int)
  case descriptor(Int32, Int32)
  /// A place in `SystemNode.all`.
  case system(Int)

  /// Small, and the same each time.
  var inodeNumber: UInt64 {
    switch self {
    case .root: 1
    case .system(let node): 0xf000_1000 + UInt64(node)
    case .rootEntry(let index): 0xf000_0001 + UInt64(index)
    case .task(let tid, let isThread): UInt64(tid) << 20 | (isThread ? 0xff : 0xfe)
    case .taskEntry(let tid, let index): UInt64(tid) << 20 | UInt64(index)
    case .descriptor(let tid, let number): UInt64(tid) << 20 | 0x100 + UInt64(number)
    }
  }
}

/// One file that each task has below /proc, or that /proc itself has.
struct ProcessEntry: Sendable {
  enum Content: Sendable {
    case text(@Sendable (borrowing Kernel, TaskID) -> String)
    case link(@Sendable (borrowing Kernel, TaskID) throws(Stop) -> LinkTarget)
    /// The descriptors of the task.
    case descriptors
    /// The threads of its process.
    case threads
    /// A directory of the system's, by its place in `SystemNode.all`.
    case system(Int)
  }

  let name: [UInt8]
  let mode: UInt32
  let content: Content

  init(_ name: String, _ mode: UInt32, _ content: Content) {
    self.name = Array(name.utf8)
    self.mode = mode
    self.content = content
  }

  /// In the order in which Linux lists them: by length, then by name; self and thread-self stand last.
  static let root: [ProcessEntry] = [
    ProcessEntry("sys", FileMode.directory | 0o555, .system(SystemNode.top("sys"))),
    ProcessEntry("uptime", FileMode.regular | 0o444, .text { kernel, _ in kernel.uptimeText() }),
    ProcessEntry("sysvipc", FileMode.directory | 0o555, .system(SystemNode.top("sysvipc"))),
    ProcessEntry("version", FileMode.regular | 0o444, .text { _, _ in "Linux version 6.18.0 (kscript)\n" }),
    ProcessEntry(
      "self", FileMode.symlink | 0o777,
      .link { kernel, me in
        .text(Array("\(kernel.processes[kernel.tasks[me].process].pid)".utf8))
      }),
    ProcessEntry(
      "thread-self", FileMode.symlink | 0o777,
      .link { kernel, me in
        .text(Array("\(kernel.processes[kernel.tasks[me].process].pid)/task/\(kernel.tasks[me].tid)".utf8))
      }),
  ]

  /// In the order of tgid_base_stuff in fs/proc/base.c.
  static let task: [ProcessEntry] = [
    ProcessEntry("task", FileMode.directory | 0o555, .threads),
    ProcessEntry("fd", FileMode.directory | 0o500, .descriptors),
    ProcessEntry("status", FileMode.regular | 0o444, .text { kernel, task in kernel.statusText(task) }),
    ProcessEntry("comm", FileMode.regular | 0o644, .text { kernel, task in kernel.commandName(of: task) + "\n" }),
    ProcessEntry("stat", FileMode.regular | 0o444, .text { kernel, task in kernel.statText(task) }),
    ProcessEntry("maps", FileMode.regular | 0o444, .text { kernel, task in kernel.mapsText(task) }),
    ProcessEntry(
      "cwd", FileMode.symlink | 0o777,
      .link { (kernel, task) throws(Stop) in
        .path(try kernel.context(of: task).current)
      }),
    ProcessEntry(
      "root", FileMode.symlink | 0o777,
      .link { (kernel, task) throws(Stop) in
        .path(try kernel.context(of: task).root)
      }),
  ]

  /// Whether there is something to write: a name.
  var isWritable: Bool { mode & 0o222 != 0 }

  static func index(_ name: [UInt8], in table: [ProcessEntry]) -> Int? { table.firstIndex { $0.name == name } }
}

extension Kernel {
  /// The entry `name` of a directory of /proc: made for this walk, unless it belongs to no process. Then there is one,
  /// which keeps its owner, mode and locks. Linux: struct proc_dir_entry.
  mutating func lookUpProcess(_ name: [UInt8], in directory: ID<Dentry>, _ file: ProcessFile, _ me: TaskID) throws(Stop)
    -> ID<Dentry>?
  {
    guard let found = findProcess(name, file) else { return nil }
    if case .system(let node) = found, node < systemDentries.count, let kept = systemDentries[node] { return kept }
    let inode = makeProcessInode(found, in: inodes[dentries[directory].inode].fileSystem)
    let dentry = makeDentry(name, inode, parent: directory)
    dentries[dentry].isUnlinked = false
    if case .system(let node) = found {
      while systemDentries.count <= node { systemDentries.append(nil) }
      systemDentries[node] = dentry
    } else {
      passing.append(dentry)
    }
    return dentry
  }

  private func findProcess(_ name: [UInt8], _ file: ProcessFile) -> ProcessFile? {
    switch file {
    case .root:
      if let index = ProcessEntry.index(name, in: ProcessEntry.root) {
        if case .system(let node) = ProcessEntry.root[index].content { return .system(node) }
        return .rootEntry(index)
      }
      guard let pid = number(name), task(pid) != nil else { return nil }
      return .task(pid, isThread: false)
    case .task(let tid, let isThread):
      guard task(tid) != nil, let index = ProcessEntry.index(name, in: ProcessEntry.task) else { return nil }
      if isThread, case .threads = ProcessEntry.task[index].content { return nil }
      return .taskEntry(tid, index)
    case .taskEntry(let tid, let index):
      guard let task = task(tid) else { return nil }
      switch ProcessEntry.task[index].content {
      case .descriptors:
        guard let number = number(name), openFile(number, of: task) != nil else { return nil }
        return .descriptor(tid, number)
      case .threads:
        guard let number = number(name), let thread = self.task(number), tasks[thread].process == tasks[task].process
        else { return nil }
        return .task(number, isThread: true)
      default: return nil
      }
    case .system(let node): return SystemNode.all[node].child(name).map { .system($0) }
    case .rootEntry, .descriptor: return nil
    }
  }

  /// A decimal number without leading zeros. Linux: name_to_int().
  private func number(_ name: [UInt8]) -> Int32? {
    guard name.count <= 10, name.allSatisfy({ (0x30...0x39).contains($0) }), name.count == 1 || name.first != 0x30
    else { return nil }
    return Int32(String(decoding: name, as: UTF8.self))
  }

  /// The open file behind a descriptor of any task.
  private func openFile(_ number: Int32, of task: TaskID) -> ID<OpenFile>? {
    guard tasks[task].state != .dead else { return nil }
    return fileTables[tasks[task].files].file(number)
  }

  func context(of task: TaskID) throws(Stop) -> FileSystemContext {
    guard tasks[task].state != .dead else { throw .errno(.ENOENT) }
    return fileSystemContexts[tasks[task].fileSystem]
  }

  mutating func makeProcessInode(_ file: ProcessFile, in fileSystem: ID<FileSystem>) -> ID<Inode> {
    var mode: UInt32, owner: TaskID?
    switch file {
    case .root: mode = FileMode.directory | 0o555
    case .rootEntry(let index): mode = ProcessEntry.root[index].mode
    case .system(let node): mode = SystemNode.all[node].mode
    case .task(let tid, _): (mode, owner) = (FileMode.directory | 0o555, task(tid))
    case .taskEntry(let tid, let index): (mode, owner) = (ProcessEntry.task[index].mode, task(tid))
    case .descriptor(let tid, let number):
      owner = task(tid)
      mode = FileMode.symlink
      if let file = owner.flatMap({ openFile(number, of: $0) }) {
        if files[file].isReadable { mode |= 0o500 }
        if files[file].isWritable { mode |= 0o300 }
      }
    }
    let time = fileTime
    let who = owner.map { tasks[$0].credentials }
    var inode = Inode(
      number: file.inodeNumber, fileSystem: fileSystem, mode: mode, uid: who?.euid ?? 0, gid: who?.egid ?? 0,
      accessed: time,
      modified: time, changed: time, born: time, content: .process(file))
    if inode.isDirectory { inode.links = 2 }
    return inodes.insert(inode)
  }

  // MARK: Content

  /// Where a link of /proc leads. Linux: proc_pid_get_link().
  mutating func linkTarget(of file: ProcessFile, for me: TaskID) throws(Stop) -> LinkTarget {
    switch file {
    case .rootEntry(let index):
      guard case .link(let target) = ProcessEntry.root[index].content else { throw .errno(.EINVAL) }
      return try target(self, me)
    case .taskEntry(let tid, let index):
      guard let task = task(tid), case .link(let target) = ProcessEntry.task[index].content else {
        throw .errno(.ENOENT)
      }
      try checkMayInspect(task, me)
      return try target(self, task)
    case .descriptor(let tid, let number):
      guard let task = task(tid), let file = openFile(number, of: task) else { throw .errno(.ENOENT) }
      try checkMayInspect(task, me)
      if let path = files[file].path { return .path(path) }
      return .anonymous(file)
    default: throw .errno(.EINVAL)
    }
  }

  /// What readlink shows of such a link.
  mutating func linkText(of file: ProcessFile, for me: TaskID) throws(Stop) -> [UInt8] {
    switch try linkTarget(of: file, for: me) {
    case .text(let text): text
    case .path(let path): linkText(of: path)
    case .anonymous(let file): Array(name(of: file).utf8)
    }
  }

  /// The path of a file, marked where its name is gone. Linux: d_path().
  func linkText(of path: Path) -> [UInt8] {
    let root = rootPath
    if dentries[path.dentry].parent == nil, dentries[path.dentry].isUnlinked {
      return [0x2f] + dentries[path.dentry].name + Array(" (deleted)".utf8)
    }
    return text(of: path, from: root).bytes + (dentries[path.dentry].isUnlinked ? Array(" (deleted)".utf8) : [])
  }

  /// Whether a task may look into another. Linux: ptrace_may_access() with PTRACE_MODE_READ_FSCREDS.
  private func checkMayInspect(_ task: TaskID, _ me: TaskID) throws(Stop) {
    if tasks[task].process == tasks[me].process { return }
    let mine = tasks[me].credentials, theirs = tasks[task].credentials
    if mine.has(.sysPtrace) { return }
    let isSame =
      [theirs.euid, theirs.suid, theirs.uid].allSatisfy { $0 == mine.fsuid }
      && [theirs.egid, theirs.sgid, theirs.gid].allSatisfy { $0 == mine.fsgid }
    guard isSame, theirs.permitted & ~mine.permitted == 0 else { throw .errno(.EACCES) }
  }

  mutating func readProcess(
    _ kind: ProcessFile, _ file: ID<OpenFile>, _ destination: inout Destination, at offset: Int64?, for me: TaskID
  ) throws(Stop) -> Int {
    let start = offset ?? files[file].position
    try checkRange(start, destination.remaining)
    if isSequence(kind) { return try readSequence(kind, file, &destination, at: offset, for: me) }
    // A setting is read whole, and then is at its end.
    let text = try text(of: kind, file, me)
    return try read(start > 0 ? "" : text, as: file, &destination, at: offset, for: me)
  }

  /// The text of a file; of a listing, its heading.
  func text(of kind: ProcessFile, _ file: ID<OpenFile>, _ me: TaskID) throws(Stop) -> String {
    switch kind {
    case .rootEntry(let index):
      guard case .text(let compute) = ProcessEntry.root[index].content else { throw .errno(.EINVAL) }
      return compute(self, me)
    case .taskEntry(let tid, let index):
      guard case .text(let compute) = ProcessEntry.task[index].content else { throw .errno(.EISDIR) }
      guard let task = task(tid) else { throw .errno(.ESRCH) }
      return compute(self, task)
    case .root, .task: throw .errno(.EISDIR)
    case .descriptor: throw .errno(.EINVAL)
    case .system(let node):
      guard let entry = SystemNode.all[node].file else { throw .errno(.EISDIR) }
      return entry.read(self, try viewer(of: entry, file, .read, me))
    }
  }

  /// Reads a text that is made anew for each read, from the position of the file or from `offset`.
  /// Linux: simple_read_from_buffer().
  mutating func read(
    _ text: String, as file: ID<OpenFile>, _ destination: inout Destination, at offset: Int64?, for me: TaskID
  ) throws(Stop) -> Int {
    let start = offset ?? files[file].position, bytes = Array(text.utf8)
    guard start < bytes.count, destination.remaining > 0 else { return 0 }
    let wanted = min(bytes.count - Int(start), destination.remaining)
    let copied = bytes.withByteView { deliver($0.slice(Int(start), wanted), to: &destination, of: me) }
    if copied == 0 { throw .errno(.EFAULT) }
    if offset == nil { files[file].position = start + Int64(copied) }
    return copied
  }

  mutating func writeProcess(
    _ kind: ProcessFile, _ file: ID<OpenFile>, _ source: inout Source, at offset: Int64?, for me: TaskID
  ) throws(Stop) -> Int {
    try checkRange(offset ?? files[file].position, source.remaining)
    switch kind {
    case .system(let node): return try writeSystem(node, file, &source, at: offset, for: me)
    case .rootEntry: throw .errno(.EIO)
    case .taskEntry(let tid, let index) where ProcessEntry.task[index].isWritable:
      return try writeCommandName(of: tid, &source, for: me)
    default: throw .errno(.EINVAL)
    }
  }

  /// A process names its threads. Linux: comm_write().
  private mutating func writeCommandName(of tid: Int32, _ source: inout Source, for me: TaskID) throws(Stop) -> Int {
    let count = source.remaining
    source.truncate(to: Task.nameLimit)
    let name = try bytes(of: source, me)
    guard let task = task(tid), tasks[task].process == tasks[me].process else { throw .errno(.EINVAL) }
    tasks[task].name = Array(name.prefix { $0 != 0 })
    return count
  }

  // MARK: Listing

  /// Continues the listing of a directory of /proc after "." and "..".
  mutating func listProcess(_ file: ProcessFile, _ position: inout Int64, _ listing: inout Listing) {
    switch file {
    case .root:
      while position < 2 + ProcessEntry.root.count {
        let index = Int(position) - 2, entry = ProcessEntry.root[index]
        let file = findProcess(entry.name, .root) ?? .rootEntry(index)
        let item = DirectoryEntry(name: entry.name, inode: file.inodeNumber, kind: entry.mode >> 12)
        guard emit(item, at: position, &listing) else { return }
        position += 1
      }
      listNumbers(pids.count, base: 256, &position, &listing) { kernel, pid in
        guard let process = kernel.process(pid), kernel.processes[process].pid == pid else { return nil }
        return .task(pid, isThread: false)
      }
    case .task(let tid, let isThread):
      guard task(tid) != nil else { return }
      while position < 2 + ProcessEntry.task.count {
        let index = Int(position) - 2, entry = ProcessEntry.task[index]
        if isThread, case .threads = entry.content {
          position += 1
          continue
        }
        let item = DirectoryEntry(
          name: entry.name, inode: ProcessFile.taskEntry(tid, index).inodeNumber, kind: entry.mode >> 12)
        guard emit(item, at: position, &listing) else { return }
        position += 1
      }
    case .taskEntry(let tid, let index):
      guard let task = task(tid) else { return }
      switch ProcessEntry.task[index].content {
      case .descriptors:
        guard tasks[task].state != .dead else { return }
        listNumbers(fileTables[tasks[task].files].descriptors.count, base: 2, &position, &listing) { kernel, number in
          kernel.openFile(number, of: task).map { _ in .descriptor(tid, number) }
        }
      case .threads:
        listNumbers(pids.count, base: 2, &position, &listing) { kernel, number in
          guard let thread = kernel.task(number), kernel.tasks[thread].process == kernel.tasks[task].process else {
            return nil
          }
          return .task(number, isThread: true)
        }
      default: break
      }
    case .system(let node):
      let children = SystemNode.all[node].children
      while position < 2 + children.count {
        let child = children[Int(position) - 2], entry = SystemNode.all[child]
        let item = DirectoryEntry(
          name: entry.name, inode: ProcessFile.system(child).inodeNumber, kind: entry.mode >> 12)
        guard emit(item, at: position, &listing) else { return }
        position += 1
      }
    case .rootEntry, .descriptor: break
    }
  }

  /// Lists those of the numbers below `count` that `find` knows, from `position` on, where `base` stands for 0.
  private mutating func listNumbers(
    _ count: Int, base: Int64, _ position: inout Int64, _ listing: inout Listing,
    _ find: (borrowing Kernel, Int32) -> ProcessFile?
  ) {
    position = max(position, base)
    while position - base < count {
      let number = Int32(position - base)
      if let found = find(self, number) {
        var kind = FileMode.directory >> 12
        if case .descriptor = found { kind = FileMode.symlink >> 12 }
        let item = DirectoryEntry(name: Array("\(number)".utf8), inode: found.inodeNumber, kind: kind)
        guard emit(item, at: position, &listing) else { return }
      }
      position += 1
    }
  }
}
