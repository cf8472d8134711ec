// The tree that a kernel boots with, and the machine's own way into it.

extension Kernel {
  /// Mounts the root, /dev, /dev/shm and /proc, and returns the context of task 1: its root and working directory.
  mutating func makeInitialTree() -> ID<FileSystemContext> {
    memoryMount = makeTree(.tmpfs, mode: 0o777, at: nil).mount
    let root = makeTree(.tmpfs, mode: 0o755, at: nil)
    rootMount = root.mount
    let device = makeTree(.tmpfs, mode: 0o755, at: makeDirectory("dev", 0o755, in: root))
    for (name, number) in [
      ("null", Device.null), ("zero", .zero), ("full", .full), ("random", .random), ("urandom", .urandom),
    ] {
      makeInitial(.device(number.rawValue), FileMode.character | 0o666, name, in: device)
    }
    makeInitial(.symlink(Array("/proc/self/fd".utf8)), FileMode.symlink | 0o777, "fd", in: device)
    makeDirectory("mqueue", 0o1777, in: device)
    _ = makeTree(.tmpfs, mode: 0o1777, at: makeDirectory("shm", 0o1777, in: device))
    _ = makeTree(.proc, mode: 0o555, at: makeDirectory("proc", 0o555, in: root))
    makeDirectory("tmp", 0o1777, in: root)
    makeDirectory("root", 0o700, in: root)
    makeDirectory("run", 0o755, in: root)
    hold(root)
    hold(root)
    return fileSystemContexts.insert(FileSystemContext(root: root, current: root))
  }

  /// Shows the POSIX queues of the first IPC namespace at /dev/mqueue.
  mutating func mountInitialQueues(of namespace: ID<IPCNamespace>) {
    guard let device = dentry(Array("dev".utf8), in: rootPath.dentry) else { return }
    let directory = crossMounts(Path(mount: rootPath.mount, dentry: device))
    guard let place = dentry(Array("mqueue".utf8), in: directory.dentry) else { return }
    mountQueues(of: namespace, at: Path(mount: directory.mount, dentry: place))
  }

  /// A new file system, mounted.
  private mutating func makeTree(_ kind: FileSystem.Kind, mode: UInt32, at place: Path?) -> Path {
    let fileSystem = makeFileSystem(kind)
    let inode: ID<Inode>
    switch kind {
    case .tmpfs: inode = makeInitialInode(.directory, FileMode.directory | mode, in: fileSystem)
    case .proc: inode = makeProcessInode(.root, in: fileSystem)
    case .mqueue: preconditionFailure("an IPC namespace makes its own")
    }
    let dentry = makeDentry([], inode)
    dentries[dentry].isUnlinked = false
    return Path(mount: mount(dentry, of: fileSystem, at: place), dentry: dentry)
  }

  private mutating func makeInitialInode(_ content: Inode.Content, _ mode: UInt32, in fileSystem: ID<FileSystem>) -> ID<
    Inode
  > {
    do throws(Stop) { return try makeInode(content, mode: mode, owner: (0, 0), in: fileSystem) } catch {
      preconditionFailure("a new file system has room")
    }
  }

  @discardableResult
  private mutating func makeInitial(_ content: Inode.Content, _ mode: UInt32, _ name: String, in directory: Path)
    -> Path
  {
    let parent = inode(directory)
    let inode = makeInitialInode(content, mode, in: inodes[parent].fileSystem)
    if inodes[inode].isDirectory { inodes[parent].links += 1 }
    return Path(mount: directory.mount, dentry: enter(inode, Array(name.utf8), in: directory.dentry))
  }

  @discardableResult
  private mutating func makeDirectory(_ name: String, _ mode: UInt32, in directory: Path) -> Path {
    makeInitial(.directory, FileMode.directory | mode, name, in: directory)
  }

  /// The root of the initial tree.
  var rootPath: Path { Path(mount: rootMount!, dentry: mounts[rootMount!].root) }

  // MARK: ks.put and ks.get

  /// Puts a file with these bytes at a path of the tree, as if it had always been there: outside any task's
  /// credentials. Directories on the way must exist.
  public mutating func put(_ path: String, _ bytes: [UInt8]) throws(Errno) {
    do throws(Stop) {
      let text = Array(path.utf8)
      var walk = rootWalk(.follow)
      try walkToLast(text, &walk)
      guard case .name(let name) = walk.last, !walk.hasTrailingSlash else { throw .errno(.EISDIR) }
      let inode: ID<Inode>
      if try lookUp(name, in: walk.path.dentry, walk.task) != nil {
        inode = self.inode(try resolve(text).path)
      } else {
        let parent = self.inode(walk.path)
        guard fileSystems[inodes[parent].fileSystem].kind == .tmpfs else { throw .errno(.EACCES) }
        inode = try makeInode(
          .regular(makeMemory()), mode: FileMode.regular | 0o644, owner: (0, 0), in: inodes[parent].fileSystem)
        enter(inode, name, in: walk.path.dentry)
        touchModified(parent)
      }
      if inodes[inode].isDirectory { throw .errno(.EISDIR) }
      guard let memory = inodes[inode].memory else { throw .errno(.EINVAL) }
      memories[memory].bytes.truncate(to: 0)
      bytes.withByteView { memories[memory].bytes.write($0, at: 0) }
      pagesMade += (bytes.count + Page.size - 1) / Page.size
      if pagesMade >= pageAlarm { _ = mayHoldMore() }
      memories[memory].size = bytes.count
      synchroniseCharge(inode)
      touchModified(inode)
    } catch { throw error.errno }
  }

  /// The bytes of the file at a path of the tree, whoever may read it.
  public mutating func get(_ path: String) throws(Errno) -> [UInt8] {
    do throws(Stop) {
      let walk = try resolve(Array(path.utf8))
      let inode = inode(walk.path)
      var destination = Destination(replyOf: Int.max >> 1)
      output.clear()
      switch inodes[inode].content {
      case .regular(let memory): memories[memory].bytes.read(0, memories[memory].size, into: output)
      case .process:
        let file = files.insert(OpenFile(object: .inode(inode), status: [], path: nil))
        defer { files.remove(file) }
        _ = try readInode(inode, file, &destination, at: 0, for: walk.task)
      case .directory: throw .errno(.EISDIR)
      default: throw .errno(.EINVAL)
      }
      defer { output.clear() }
      return output.view.array
    } catch { throw error.errno }
  }

  /// A walk of the kernel's own, with all rights.
  private mutating func rootWalk(_ flags: WalkFlags) -> Walk {
    dropPassing()
    return Walk(path: rootPath, root: rootPath, flags: flags, task: pids[1].task!, credentials: Credentials())
  }

  private mutating func resolve(_ path: [UInt8]) throws(Stop) -> Walk {
    if path.isEmpty { throw .errno(.ENOENT) }
    var walk = rootWalk(.follow)
    var text: [UInt8]? = path
    while let part = text {
      try walkToLast(part, &walk)
      if case .name = walk.last, walk.hasTrailingSlash { walk.flags.insert(.directory) }
      text = try step(&walk, isTrailing: true)
    }
    if walk.flags.contains(.directory), !isDirectory(walk) { throw .errno(.ENOTDIR) }
    if walk.anonymous != nil { throw .errno(.EINVAL) }
    return walk
  }
}

extension Stop {
  /// What a call answers that cannot wait.
  fileprivate var errno: Errno { if case .errno(let errno) = self { errno } else { .EAGAIN } }
}
