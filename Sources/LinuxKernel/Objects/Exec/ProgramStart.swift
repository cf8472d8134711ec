// From the name of a program to the file that is run, and its arguments. Linux: fs/exec.c, up to begin_new_exec().

/// What a task runs from now on: the machine begins it.
public struct NewProgram: Sendable {
  public enum Image: Sendable {
    /// Lua text.
    case text([UInt8])
    /// What a script has registered under this name.
    case registered([UInt8])
  }

  /// The task that runs it.
  public internal(set) var task: TaskID
  /// The thread that asked for it, where that was not the leader whose place it took.
  public internal(set) var former: TaskID?
  /// What that was called when it asked.
  public internal(set) var formerTID: Int32
  public let image: Image
  /// How messages name it.
  public let path: [UInt8]
  public let arguments: [[UInt8]]
  public let environment: [[UInt8]]
}

/// A program on its way to being run. Linux: struct linux_binprm.
struct ProgramStart {
  var arguments: [[UInt8]] = []
  var environment: [[UInt8]] = []
  /// What it is called, and what an interpreter opens it by.
  var name: [UInt8] = []
  /// The file whose set-id bits count: the last interpreter.
  var inode: ID<Inode>?
  var path: [UInt8] = []
  /// What the task is called from then on.
  var command: [UInt8] = []
  /// The caller may not read it, and so its memory is nobody's to read.
  var isUnreadable = false
  /// The name leads through a descriptor that will be closed.
  var isInaccessible = false
  /// Bytes that strings may still take.
  var room = 0
}

extension Kernel {
  /// Linux: do_execveat_common(), bprm_execve().
  mutating func execute(
    _ directory: FD, _ name: ProgramName, _ arguments: StringList?, _ environment: StringList?, _ flags: ExecuteFlags,
    _ me: TaskID
  ) throws(Stop) -> Done {
    var start = ProgramStart()
    if let registered = name.registered {
      (start.name, start.path, start.command) = (registered, registered, registered)
    } else {
      let bytes = try name.path.bytes(self, me, allowsEmpty: flags.contains(.emptyPath))
      try flags.check()
      try open(&start, directory, bytes, flags, me)
    }
    try copyStrings(&start, arguments, environment, me)
    if flags.contains(.check) { return Done() }
    let image: NewProgram.Image
    if let registered = name.registered {
      image = .registered(registered)
    } else {
      image = .text(try findImage(&start, me))
    }
    replaceProgram(of: me, by: start, image)
    throw .replaced
  }

  /// Linux: alloc_bprm().
  private mutating func open(
    _ start: inout ProgramStart, _ directory: FD, _ name: [UInt8], _ flags: ExecuteFlags, _ me: TaskID
  ) throws(Stop) {
    var walk: WalkFlags = flags.contains(.noFollow) ? [] : .follow
    if flags.contains(.emptyPath) { walk.insert(.empty) }
    let path = try openProgram(directory, name, walk, me)
    start.inode = inode(path)
    start.path = name.isEmpty ? linkText(of: path) : name
    if directory == .current || name.first == 0x2f {
      start.name = name
    } else {
      start.name = Array("/dev/fd/\(directory.number)".utf8) + (name.isEmpty ? [] : [0x2f] + name)
      let table = tasks[me].files
      start.isInaccessible = fileTables[table].descriptors[Int(directory.number)].closesOnExec
    }
    let base = start.name.lastIndex(of: 0x2f).map { $0 + 1 } ?? 0
    start.command = name.isEmpty ? dentries[path.dentry].name : Array(start.name[base...])
  }

  /// Opens what is to be executed. Linux: do_open_execat(), may_open().
  private mutating func openProgram(_ directory: FD, _ name: [UInt8], _ flags: WalkFlags, _ me: TaskID) throws(Stop)
    -> Path
  {
    let walk = try walk(directory, name, flags, me)
    guard walk.anonymous == nil else { throw .errno(.EACCES) }
    let inode = inode(walk.path)
    if inodes[inode].isSymlink { throw .errno(.ELOOP) }
    guard inodes[inode].isRegular else { throw .errno(.EACCES) }
    // proc and mqueue are mounted with noexec by the kernel itself (SB_I_NOEXEC).
    guard fileSystems[inodes[inode].fileSystem].kind == .tmpfs else { throw .errno(.EACCES) }
    try checkPermission(inode, .execute, walk.credentials)
    if isOpenForWriting(inode) { throw .errno(.ETXTBSY) }
    return walk.path
  }

  /// Linux: exe_file_deny_write_access(). The descriptor that memfd_create gives does not count as a writer.
  private func isOpenForWriting(_ inode: ID<Inode>) -> Bool {
    for file in files.ids {
      guard case .inode(inode) = files[file].object, files[file].isWritable else { continue }
      if files[file].path?.mount != memoryMount { return true }
    }
    return false
  }

  // MARK: Strings

  /// MAX_ARG_STRLEN, with the NUL.
  private static let stringLimit = 131_072

  /// Linux: bprm_stack_limits(), copy_strings(): the file's name, the environment, the arguments, each from its end.
  private mutating func copyStrings(
    _ start: inout ProgramStart, _ arguments: StringList?, _ environment: StringList?, _ me: TaskID
  ) throws(Stop) {
    let wanted = try arguments?.entries(self, me) ?? [], variables = try environment?.entries(self, me) ?? []
    let stack = Int(clamping: limit(ResourceLimits.stack, of: me) / 4)
    start.room = max(min(stack, 6 << 20), 131_072) - 8 * (max(wanted.count, 1) + variables.count)
    if start.room <= 0 { throw .errno(.E2BIG) }
    try take(start.name, &start)
    for entry in variables.reversed() { start.environment.append(try string(entry, &start, me)) }
    for entry in wanted.reversed() { start.arguments.append(try string(entry, &start, me)) }
    start.environment.reverse()
    start.arguments.reverse()
    // No program is run without a name of its own.
    if start.arguments.isEmpty { start.arguments = [[]] }
  }

  private func string(_ entry: StringList.Entry, _ start: inout ProgramStart, _ me: TaskID) throws(Stop) -> [UInt8] {
    let bytes: [UInt8]
    switch entry {
    case .bytes(let given): bytes = given
    case .address(let address):
      bytes = try PathName(at: address).string(self, me, limit: Kernel.stringLimit, tooLong: .E2BIG)
    }
    if bytes.count >= Kernel.stringLimit { throw .errno(.E2BIG) }
    try take(bytes, &start)
    return bytes
  }

  private func take(_ bytes: [UInt8], _ start: inout ProgramStart) throws(Stop) {
    start.room -= bytes.count + 1
    if start.room < 0 { throw .errno(.E2BIG) }
  }

  // MARK: Formats

  /// How many interpreters may stand behind one another.
  private static let interpreterLimit = 5

  /// The text that is run in the end: interpreters take the place of their scripts. Linux: exec_binprm().
  private mutating func findImage(_ start: inout ProgramStart, _ me: TaskID) throws(Stop) -> [UInt8] {
    for depth in 0... {
      if depth > Kernel.interpreterLimit { throw .errno(.ELOOP) }
      let inode = start.inode!
      switch ProgramFormat(content(of: inode, ProgramFormat.headSize)) {
      case .unknown: throw .errno(.ENOEXEC)
      case .lua:
        start.isUnreadable = !isReadable(inode, me)
        return content(of: inode, .max)
      case .script(let interpreter, let argument):
        if start.isInaccessible { throw .errno(.ENOENT) }
        start.arguments.replaceSubrange(0..<1, with: [interpreter] + (argument.map { [$0] } ?? []) + [start.name])
        for string in start.arguments.prefix(argument == nil ? 2 : 3) { try take(string, &start) }
        start.name = interpreter
        start.path = interpreter
        let path = try openProgram(.current, interpreter, .follow, me)
        start.inode = self.inode(path)
      }
    }
    fatalError("a range without end has ended")
  }

  private func isReadable(_ inode: ID<Inode>, _ me: TaskID) -> Bool {
    do throws(Stop) {
      try checkPermission(inode, .read, tasks[me].credentials)
      return true
    } catch { return false }
  }

  /// The first bytes of a regular file, whoever may read it. Linux: kernel_read().
  private mutating func content(of inode: ID<Inode>, _ limit: Int) -> [UInt8] {
    guard let memory = inodes[inode].memory else { return [] }
    output.clear()
    defer { output.clear() }
    memories[memory].bytes.read(0, min(memories[memory].size, limit), into: output)
    return output.view.array
  }
}
