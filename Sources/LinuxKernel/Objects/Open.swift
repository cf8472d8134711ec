// Opening files. Linux: fs/open.c, and open_last_lookups(), do_open() in fs/namei.c.

/// What open asks for, checked. Linux: struct open_flags.
struct OpenRequest {
  var flags: OpenFlags
  var mode: UInt32
  var walk: WalkFlags
  var access: Access

  /// Linux: build_open_how(), for the calls that ignore what they do not know.
  init(lenient flags: OpenFlags, _ mode: Mode) throws(Stop) {
    var flags = flags.intersection(OpenFlags(rawValue: OpenFlags.knownBits))
    if flags.contains(.path) {
      flags.formIntersection([.directory, .nofollow, .path, .cloexec])
    } else {
      flags.insert(.largefile)
    }
    let creates = flags.contains(.create) || flags.contains(.tmpfileBit)
    try self.init(flags, mode: creates ? mode.bits & FileMode.changeable : 0, [])
  }

  /// Linux: build_open_flags().
  init(_ flags: OpenFlags, mode: UInt32, _ resolve: WalkFlags) throws(Stop) {
    if flags.isSuperset(of: [.create, .directory]) { throw .errno(.EINVAL) }
    access = []
    switch flags.access {
    case .readOnly: access = .read
    case .writeOnly: access = .write
    case .readWrite, .none: access = [.read, .write]
    }
    if flags.contains(.tmpfileBit), !flags.contains(.directory) || !access.contains(.write) { throw .errno(.EINVAL) }
    if flags.contains(.path) { access = [] }
    if flags.contains(.truncate) { access.insert(.write) }
    self.flags = flags
    self.mode = mode
    walk = resolve
    if flags.contains(.directory) { walk.insert(.directory) }
    if !flags.contains(.nofollow), !flags.isSuperset(of: [.create, .exclusive]) { walk.insert(.follow) }
  }
}

extension Kernel {
  /// Linux: do_sys_openat2().
  mutating func open(_ directory: FD, _ name: PathName, _ request: OpenRequest, _ me: TaskID) throws(Stop) -> FD {
    let bytes = try name.bytes(self, me)
    // The descriptor is the first thing that Linux takes.
    guard UInt64(fileTables[tasks[me].files].lowestFree()) < limit(ResourceLimits.nofile, of: me) else {
      throw .errno(.EMFILE)
    }
    let file = try openFile(directory, bytes, request, me)
    return try install(file, closesOnExec: request.flags.contains(.cloexec), for: me)
  }

  /// Linux: path_openat().
  mutating func openFile(_ directory: FD, _ name: [UInt8], _ request: OpenRequest, _ me: TaskID) throws(Stop) -> ID<
    OpenFile
  > {
    if request.flags.contains(.tmpfile) { return try openUnnamed(directory, name, request, me) }
    if request.flags.contains(.path) {
      let walk = try walk(directory, name, request.walk, me)
      // A place in no tree cannot be held by O_PATH here; nothing else refers to it than its own open file.
      if walk.anonymous != nil { throw .errno(.EOPNOTSUPP) }
      return addOpenFile(.inode(inode(walk.path)), walk.path, request)
    }
    var walk = try beginWalk(directory, name, request.walk, me)
    var text: [UInt8]? = name
    var isNew = false
    while let part = text {
      try walkToLast(part, &walk)
      text = try stepToOpen(&walk, request, &isNew)
    }
    return try finishOpen(walk, request, isNew: isNew)
  }

  /// Linux: open_last_lookups(), lookup_open().
  private mutating func stepToOpen(_ walk: inout Walk, _ request: OpenRequest, _ isNew: inout Bool) throws(Stop)
    -> [UInt8]?
  {
    guard case .name(let name) = walk.last else { return try step(&walk, isTrailing: true) }
    let creates = request.flags.contains(.create)
    if walk.hasTrailingSlash {
      if creates { throw .errno(.EISDIR) }
      walk.flags.formUnion([.follow, .directory])
    }
    if let child = try lookUp(name, in: walk.path.dentry, walk.task) {
      return try step(&walk, into: child, isTrailing: true)
    }
    guard creates else { throw .errno(.ENOENT) }
    let directory = inode(walk.path)
    if inodes[directory].isDead { throw .errno(.ENOENT) }
    try checkPermission(directory, [.write, .execute], walk.credentials)
    if fileSystems[inodes[directory].fileSystem].kind == .proc { throw .errno(.EACCES) }
    let memory = makeMemory()
    do throws(Stop) {
      walk.path.dentry = try create(
        .regular(memory), mode: FileMode.regular | masked(request.mode, walk.task),
        NewName(directory: walk.path, name: name),
        walk.task)
    } catch {
      release(memory)
      throw error
    }
    isNew = true
    return nil
  }

  /// O_CREAT opens nothing of another user in a directory where everybody may make files, such as /tmp. Regular files
  /// and fifos are free of that where fs.protected_regular and fs.protected_fifos are 0. Linux: may_create_in_sticky().
  private func checkMayCreateInSticky(_ dentry: ID<Dentry>, _ who: Credentials) throws(Stop) {
    guard let parent = dentries[dentry].parent else { return }
    let directory = inodes[dentries[parent].inode], owner = inodes[dentries[dentry].inode].uid
    guard directory.mode & FileMode.sticky != 0, directory.mode & 0o002 != 0, owner != directory.uid, owner != who.fsuid
    else { return }
    throw .errno(.EACCES)
  }

  /// Linux: do_open(), may_open().
  private mutating func finishOpen(_ walk: Walk, _ request: OpenRequest, isNew: Bool) throws(Stop) -> ID<OpenFile> {
    if let file = walk.anonymous { return try reopen(file, request, walk.task) }
    let inode = inode(walk.path), flags = request.flags, kind = inodes[inode].kind
    if flags.contains(.create) {
      if flags.contains(.exclusive), !isNew { throw .errno(.EEXIST) }
      if kind == FileMode.directory { throw .errno(.EISDIR) }
      if !isNew, kind != FileMode.regular, kind != FileMode.fifo {
        try checkMayCreateInSticky(walk.path.dentry, walk.credentials)
      }
    }
    if walk.flags.contains(.directory), kind != FileMode.directory { throw .errno(.ENOTDIR) }
    let access = isNew ? [] : request.access
    if kind == FileMode.symlink { throw .errno(.ELOOP) }
    if kind == FileMode.directory, access.contains(.write) { throw .errno(.EISDIR) }
    try checkPermission(inode, access, walk.credentials)
    if flags.contains(.noatime), !isOwnerOrCapable(inode, walk.credentials) { throw .errno(.EPERM) }
    // do_dentry_open(): O_DIRECT is for regular files.
    if flags.contains(.direct), kind == FileMode.directory || kind == FileMode.fifo { throw .errno(.EINVAL) }
    switch inodes[inode].content {
    case .socket: throw .errno(.ENXIO)
    case .device(let number):
      guard kind == FileMode.character, Device(rawValue: number) != nil else { throw .errno(.ENXIO) }
      if flags.contains(.direct) { throw .errno(.EINVAL) }
    case .fifo:
      let pipe = try openFIFO(inode, flags)
      return addOpenFile(.fifo(pipe), walk.path, request)
    case .messageQueue(let queue):
      if flags.contains(.direct) { throw .errno(.EINVAL) }
      if flags.contains(.truncate), !isNew { posixQueues[queue].statusSize = 0 }
      return addOpenFile(.messageQueue(posixQueues[queue].queue), walk.path, request)
    case .process(let kind):
      if flags.contains(.direct) { throw .errno(.EINVAL) }
      let file = addOpenFile(.inode(inode), walk.path, request)
      if case .system(let node) = kind { bindSystem(node, file, to: walk.task) }
      return file
    default: break
    }
    if flags.contains(.truncate), !isNew, kind == FileMode.regular, inodes[inode].memory != nil {
      try truncate(inode, to: 0, for: walk.task)
    }
    return addOpenFile(.inode(inode), walk.path, request)
  }

  /// O_TMPFILE. Linux: do_tmpfile(), shmem_tmpfile().
  private mutating func openUnnamed(_ directory: FD, _ name: [UInt8], _ request: OpenRequest, _ me: TaskID) throws(Stop)
    -> ID<OpenFile>
  {
    let walk = try walk(directory, name, request.walk.union(.directory), me)
    let parent = inode(walk.path)
    try checkPermission(parent, [.write, .execute], walk.credentials)
    if fileSystems[inodes[parent].fileSystem].kind != .tmpfs { throw .errno(.EOPNOTSUPP) }
    let (uid, gid, mode) = owner(ofNew: FileMode.regular | masked(request.mode, me), in: parent, walk.credentials)
    let memory = makeMemory()
    let inode: ID<Inode>
    do throws(Stop) {
      inode = try makeInode(.regular(memory), mode: mode, owner: (uid, gid), in: inodes[parent].fileSystem)
    } catch {
      release(memory)
      throw error
    }
    inodes[inode].links = 0
    inodes[inode].isLinkable = !request.flags.contains(.exclusive)
    let dentry = makeDentry(Array("#\(inodes[inode].number)".utf8), inode, parent: walk.path.dentry)
    let file = addOpenFile(.inode(inode), Path(mount: walk.path.mount, dentry: dentry), request)
    release(dentry)
    return file
  }

  /// A new open file, which holds its path. Linux: do_dentry_open().
  mutating func addOpenFile(_ object: FileObject, _ path: Path?, _ request: OpenRequest) -> ID<OpenFile> {
    if let path { hold(path) }
    let status = request.flags.subtracting([.create, .exclusive, .noctty, .truncate, .cloexec])
    return files.insert(OpenFile(object: object, status: status, path: path))
  }

  /// Opens anew, through /proc/PID/fd, what is in no tree: a pipe can be, the rest cannot (no_open()).
  private mutating func reopen(_ file: ID<OpenFile>, _ request: OpenRequest, _ me: TaskID) throws(Stop) -> ID<OpenFile>
  {
    if request.flags.contains(.directory) { throw .errno(.ENOTDIR) }
    switch files[file].object {
    case .pipeReader(let pipe), .pipeWriter(let pipe), .fifo(let pipe):
      if request.access.contains(.read), request.flags.access != .none { pipes[pipe].readers += 1 }
      if request.access.contains(.write), request.flags.access != .none { pipes[pipe].writers += 1 }
      if request.flags.access == .none { throw .errno(.EINVAL) }
      return addOpenFile(.fifo(pipe), nil, request)
    case .console(let stream): return addOpenFile(.console(stream), nil, request)
    default: throw .errno(.ENXIO)
    }
  }
}
