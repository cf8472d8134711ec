// The files of /proc that belong to no process and lie in directories: /proc/sys, /proc/sysvipc. Linux:
// fs/proc/proc_sysctl.c, kernel/sysctl.c. A new one is an entry in the table of its family.

/// For whom such a file is read or written: a task, and the namespace that was its opener's.
struct SystemViewer {
  let task: TaskID
  let ipc: ID<IPCNamespace>
}

/// One such file.
struct SystemFile: Sendable {
  /// Below /proc: "sys/kernel/msgmax".
  let path: String
  let mode: UInt32
  /// The text of a setting, the heading of a listing.
  let read: @Sendable (borrowing Kernel, SystemViewer) -> String
  /// Of a listing: the row of the first object in a slot or behind it, which is told.
  let row: (@Sendable (borrowing Kernel, ID<IPCNamespace>, inout Int) -> String?)?
  /// Takes the bytes written and returns how many it used; nil where nothing can be written.
  let write: (@Sendable (inout Kernel, SystemViewer, [UInt8]) throws(Stop) -> Int)?
  /// A capability that lets anybody write, whoever owns the file.
  let writer: Capability?

  init(
    _ path: String, _ mode: UInt32, writer: Capability? = nil,
    row: (@Sendable (borrowing Kernel, ID<IPCNamespace>, inout Int) -> String?)? = nil,
    read: @escaping @Sendable (borrowing Kernel, SystemViewer) -> String,
    write: (@Sendable (inout Kernel, SystemViewer, [UInt8]) throws(Stop) -> Int)? = nil
  ) {
    self.path = path
    self.mode = mode
    self.writer = writer
    self.read = read
    self.row = row
    self.write = write
  }

  var isSetting: Bool { path.hasPrefix("sys/") }

  /// Every file of every family.
  static let all: [SystemFile] = QueueDirectory.settings + IPCNamespace.settings + IPCNamespace.listings
}

/// A directory of these files, or one of them.
struct SystemNode: Sendable {
  let name: [UInt8]
  /// Places in `SystemNode.all`, sorted by name.
  var children: [Int] = []
  var file: SystemFile?
  var mode: UInt32 { file.map { FileMode.regular | $0.mode } ?? FileMode.directory | 0o555 }

  /// The tree of `SystemFile.all`; the first stands for /proc itself.
  static let all: [SystemNode] = {
    var nodes = [SystemNode(name: [])]
    for file in SystemFile.all {
      var at = 0
      for part in file.path.split(separator: "/") {
        let name = Array(part.utf8)
        if let child = nodes[at].children.first(where: { nodes[$0].name == name }) {
          at = child
        } else {
          nodes.append(SystemNode(name: name))
          nodes[at].children.append(nodes.count - 1)
          at = nodes.count - 1
        }
      }
      nodes[at].file = file
    }
    let names = nodes.map(\.name)
    for place in nodes.indices {
      nodes[place].children.sort { names[$0].lexicographicallyPrecedes(names[$1]) }
    }
    return nodes
  }()

  func child(_ name: [UInt8]) -> Int? { children.first { SystemNode.all[$0].name == name } }

  /// A directory that /proc itself shows.
  static func top(_ name: String) -> Int { all[0].child(Array(name.utf8))! }
}

extension Kernel {
  /// Who may do what to a setting is up to the file alone: capabilities over files do not count, and root of the
  /// machine, in whose place a namespace may have its own, is judged by effective ids. Linux: sysctl_perm(),
  /// ipc_permissions().
  func checkSetting(_ file: SystemFile, _ access: Access, _ who: borrowing Credentials) throws(Stop) {
    var bits = file.mode
    if let writer = file.writer, who.has(writer) || who.has(.sysAdmin) {
      bits = 0o6
    } else if who.euid == 0 {
      bits >>= 6
    } else if who.isEffectivelyInGroup(0) {
      bits >>= 3
    }
    guard access.rawValue & ~bits & 7 == 0 else { throw .errno(.EACCES) }
  }

  /// A file of the system is opened: it shows the namespace of the opener from now on. A listing holds it, a setting
  /// ends with it. Linux: sysvipc_proc_open(), and the sysctls of a namespace, each a tree of its own.
  mutating func bindSystem(_ node: Int, _ file: ID<OpenFile>, to me: TaskID) {
    guard let entry = SystemNode.all[node].file else { return }
    let namespace = ipc(of: me)
    files[file].sequence = sequenceFiles.insert(
      SequenceFile(namespace: entry.isSetting ? namespace : share(namespace)))
  }

  /// A file that was opened has been closed for good.
  mutating func unbindSystem(_ inode: ID<Inode>, from namespace: ID<IPCNamespace>) {
    guard case .process(.system(let node)) = inodes[inode].content, SystemNode.all[node].file?.isSetting == false else {
      return
    }
    release(namespace)
  }

  /// Who reads or writes a file now, if they still may: a setting asks each time. Linux: proc_sys_call_handler().
  func viewer(of entry: SystemFile, _ file: ID<OpenFile>, _ access: Access, _ me: TaskID) throws(Stop) -> SystemViewer {
    let namespace = files[file].sequence.flatMap { sequenceFiles[$0].namespace } ?? ipc(of: me)
    guard entry.isSetting else { return SystemViewer(task: me, ipc: namespace) }
    guard ipcNamespaces.contains(namespace) else { throw .errno(.ENOENT) }
    do throws(Stop) { try checkSetting(entry, access, tasks[me].credentials) } catch { throw .errno(.EPERM) }
    return SystemViewer(task: me, ipc: namespace)
  }

  /// Bytes written to a file of the system. Only the first write to a setting counts (kernel.sysctl_writes_strict), but
  /// each is taken over whole before it is looked at.
  mutating func writeSystem(
    _ node: Int, _ file: ID<OpenFile>, _ source: inout Source, at offset: Int64?, for me: TaskID
  ) throws(Stop) -> Int {
    guard let entry = SystemNode.all[node].file, let write = entry.write else { throw .errno(.EIO) }
    let viewer = try viewer(of: entry, file, .write, me), start = offset ?? files[file].position
    var used = source.remaining
    // KMALLOC_MAX_SIZE
    guard used < 4 << 20 else { throw .errno(.ENOMEM) }
    let text = try bytes(of: source, me)
    if start == 0, used > 0 {
      // What is behind the first page counts as used, what is left of the page does not. Linux: do_proc_dointvec().
      let first = Array(text.prefix(Page.size - 1))
      used -= first.count - (try write(&self, viewer, first))
    }
    if offset == nil { files[file].position = start + Int64(used) }
    return used
  }
}

extension SystemFile {
  /// A setting of one number, in a range.
  static func number(
    _ path: String, _ range: ClosedRange<Int64>, mode: UInt32 = 0o644, writer: Capability? = nil,
    get: @escaping @Sendable (borrowing Kernel, SystemViewer) -> Int64,
    set: @escaping @Sendable (inout Kernel, SystemViewer, Int64) -> Void
  ) -> SystemFile {
    SystemFile(
      path, mode, writer: writer, read: { kernel, viewer in "\(get(kernel, viewer))\n" },
      write: { (kernel: inout Kernel, viewer: SystemViewer, text: [UInt8]) throws(Stop) -> Int in
        var numbers = NumberText(text)
        guard let value = try numbers.next() else { throw .errno(.EINVAL) }
        guard let number = Int64(exactly: value), range.contains(number) else { throw .errno(.EINVAL) }
        set(&kernel, viewer, number)
        return numbers.finish()
      })
  }
}

/// The numbers of a text written to a setting, one after the other. Linux: proc_get_long().
struct NumberText {
  private let text: [UInt8]
  private var at = 0

  init(_ text: [UInt8]) { self.text = text }

  private mutating func skipSpaces() {
    while at < text.count, text[at] == 0x20 || (0x09...0x0d).contains(text[at]) { at += 1 }
  }

  /// The next number, decimal, octal or hexadecimal as in C; nil at the end. Throws EINVAL.
  mutating func next() throws(Stop) -> Int128? {
    skipSpaces()
    guard at < text.count else { return nil }
    var end = at
    while end < text.count, text[end] != 0x20, !(0x09...0x0d).contains(text[end]), text[end] != 0 { end += 1 }
    var digits = text[at..<end], sign: Int128 = 1, radix = 10
    if digits.first == 0x2d {
      sign = -1
      digits.removeFirst()
    }
    if digits.count > 2, digits.first == 0x30, digits[digits.startIndex + 1] | 0x20 == 0x78 {
      radix = 16
      digits = digits.dropFirst(2)
    } else if digits.count > 1, digits.first == 0x30 {
      radix = 8
    }
    guard digits.first != 0x2b, digits.first != 0x2d, digits.count <= 22 else { throw .errno(.EINVAL) }
    guard let value = Int128(String(decoding: digits, as: UTF8.self), radix: radix) else { throw .errno(.EINVAL) }
    at = end
    return sign * value
  }

  /// How many bytes were used, with the blanks behind.
  mutating func finish() -> Int {
    skipSpaces()
    return at
  }
}
