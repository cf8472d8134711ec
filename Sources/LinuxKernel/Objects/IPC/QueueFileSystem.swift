// POSIX message queues as files of the mqueue file system, one for each IPC namespace. Linux: ipc/mqueue.c.

/// The limits of a namespace (fs.mqueue), and where its queues lie.
struct QueueDirectory {
  /// Mounted nowhere: the way by which mq_open finds names.
  var mount: ID<Mount>?
  /// Queues that are, those too that have no name any more.
  var count = 0
  var queueLimit: UInt32 = 256
  var messageLimit: UInt32 = 10
  var messageSizeLimit: UInt32 = 8192
  var messageDefault: UInt32 = 10
  var messageSizeDefault: UInt32 = 8192

  /// HARD_MSGMAX and HARD_MSGSIZEMAX: what CAP_SYS_RESOURCE cannot exceed.
  static let hardMessageLimit = 65536, hardMessageSizeLimit = 16 << 20
}

/// How much a user's queues count against RLIMIT_MSGQUEUE. Linux: UCOUNT_RLIMIT_MSGQUEUE.
struct QueueCharge {
  let user: UInt32
  var bytes: UInt64
}

/// struct mq_attr.
struct QueueAttributes: Argument, Returned {
  var flags: Int64
  var messageLimit: Int64
  var messageSize: Int64
  var messageCount: Int64

  static let layout = Layout(
    "mq_attr", size: 64,
    [
      Layout.Field("mq_flags", 0, .i64, names: flagNames), Layout.Field("mq_maxmsg", 8, .i64),
      Layout.Field("mq_msgsize", 16, .i64),
      Layout.Field("mq_curmsgs", 24, .i64),
    ])
  private static let flagNames = NameSet("mq_flags", .bits, ["O_NONBLOCK": 0o4000])
  static var kind: ArgumentKind { .structure(layout) }
  static var results: [ResultKind] { [.structure(layout)] }

  static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> QueueAttributes {
    try raw.structure(64, &kernel, me).withByteView {
      QueueAttributes(
        flags: $0.load(at: 0), messageLimit: $0.load(at: 8), messageSize: $0.load(at: 16), messageCount: $0.load(at: 24)
      )
    }
  }

  func store(_ kernel: inout Kernel) {
    for value in [flags, messageLimit, messageSize, messageCount] { kernel.output.append(value) }
    kernel.output.append(zeros: 32)
    kernel.reply.words[0] = 0
  }
}

extension Kernel {
  /// The file system of a new namespace, empty. Linux: mq_init_ns().
  mutating func makeQueueDirectory(for namespace: ID<IPCNamespace>) {
    let fileSystem = makeFileSystem(.mqueue)
    fileSystems[fileSystem].namespace = namespace
    let time = fileTime
    var root = Inode(
      number: nextNumber(in: fileSystem), fileSystem: fileSystem, mode: FileMode.directory | 0o1777, uid: 0, gid: 0,
      accessed: time,
      modified: time, changed: time, born: time, content: .directory)
    root.links = 2
    let dentry = makeDentry([], inodes.insert(root))
    dentries[dentry].isUnlinked = false
    ipcNamespaces[namespace].posix.mount = mount(dentry, of: fileSystem, at: nil)
  }

  /// The namespace ends: no queue can be made any more, and those that nobody holds end unless a mount still shows
  /// them. Linux: mq_clear_sbinfo(), mq_put_mnt().
  mutating func releaseQueueDirectory(of namespace: ID<IPCNamespace>) {
    guard let mount = ipcNamespaces[namespace].posix.mount else { return }
    fileSystems[mounts[mount].fileSystem].namespace = nil
    let root = mounts[mount].root
    guard !mounts.ids.contains(where: { $0 != mount && mounts[$0].root == root }) else { return }
    while let child = dentries[root].firstChild {
      detach(child)
      release(child)
    }
  }

  /// Shows the queues of a namespace at a place of the tree.
  mutating func mountQueues(of namespace: ID<IPCNamespace>, at place: Path) {
    guard let inner = ipcNamespaces[namespace].posix.mount else { return }
    hold(mounts[inner].root)
    _ = mount(mounts[inner].root, of: mounts[inner].fileSystem, at: place)
  }

  private mutating func nextNumber(in fileSystem: ID<FileSystem>) -> UInt64 {
    fileSystems[fileSystem].lastInodeNumber += 1
    return fileSystems[fileSystem].lastInodeNumber
  }

  // MARK: Making queues

  /// Puts a new queue into a directory of the file system. Linux: mqueue_create_attr().
  mutating func createQueue(
    _ name: [UInt8], mode: UInt32, _ attributes: QueueAttributes?, in directory: ID<Dentry>, _ me: TaskID
  ) throws(Stop) -> ID<Dentry> {
    let parent = dentries[directory].inode, fileSystem = inodes[parent].fileSystem, who = tasks[me].credentials
    guard let namespace = fileSystems[fileSystem].namespace else { throw .errno(.EACCES) }
    let limits = ipcNamespaces[namespace].posix
    guard limits.count < limits.queueLimit || who.has(.sysResource) else { throw .errno(.ENOSPC) }
    let object = try makePosixQueue(attributes, limits, me)
    let time = fileTime
    let inode = inodes.insert(
      Inode(
        number: nextNumber(in: fileSystem), fileSystem: fileSystem, mode: FileMode.regular | mode & FileMode.changeable,
        uid: who.fsuid, gid: who.fsgid,
        accessed: time, modified: time, changed: time, born: time, content: .messageQueue(object)))
    posixQueues[object].inode = inode
    ipcNamespaces[namespace].posix.count += 1
    touchModified(parent)
    inodes[parent].accessed = time
    return enter(inode, name, in: directory)
  }

  /// Linux: mqueue_get_inode().
  private mutating func makePosixQueue(
    _ attributes: QueueAttributes?, _ limits: QueueDirectory, _ me: TaskID
  ) throws(Stop) -> ID<PosixQueue> {
    let who = tasks[me].credentials
    let count = attributes?.messageLimit ?? Int64(min(limits.messageLimit, limits.messageDefault))
    let size = attributes?.messageSize ?? Int64(min(limits.messageSizeLimit, limits.messageSizeDefault))
    let isPrivileged = who.has(.sysResource)
    let highestCount = isPrivileged ? QueueDirectory.hardMessageLimit : Int(limits.messageLimit)
    let highestSize = isPrivileged ? QueueDirectory.hardMessageSizeLimit : Int(limits.messageSizeLimit)
    guard count > 0, size > 0, count <= highestCount, size <= highestSize else { throw .errno(.EINVAL) }
    // What Linux may need for the messages' own structures counts too: 48 bytes for each, and 48 for each priority in
    // use.
    let charge =
      UInt64(count) * UInt64(size) + UInt64(count) * 48 + UInt64(min(count, Int64(PosixQueue.priorityCount))) * 48
    let position = queueCharges.firstIndex { $0.user == who.uid }
    let charged = (position.map { queueCharges[$0].bytes } ?? 0) + charge
    guard charged <= limit(ResourceLimits.msgqueue, of: me) else { throw .errno(.EMFILE) }
    if let position {
      queueCharges[position].bytes = charged
    } else {
      queueCharges.append(QueueCharge(user: who.uid, bytes: charged))
    }
    let queue = messageQueues.insert(MessageQueue(.posix, countLimit: Int(count), byteLimit: .max))
    let object = posixQueues.insert(
      PosixQueue(queue: queue, owner: who.uid, charge: charge, changed: waitQueues.insert(WaitQueue())))
    messageQueues[queue].posix = object
    messageQueues[queue].messageSize = Int(size)
    return object
  }

  /// The queue's file is gone. Linux: mqueue_evict_inode().
  mutating func end(_ object: ID<PosixQueue>, in fileSystem: ID<FileSystem>) {
    removeNotification(of: object)
    let ended = posixQueues.remove(object)
    end(ended.queue)
    removeQueue(ended.changed)
    if let position = queueCharges.firstIndex(where: { $0.user == ended.owner }) {
      queueCharges[position].bytes -= ended.charge
      if queueCharges[position].bytes == 0 { queueCharges.remove(at: position) }
    }
    if let namespace = fileSystems[fileSystem].namespace { ipcNamespaces[namespace].posix.count -= 1 }
  }

  // MARK: Names

  /// The root of the caller's namespace.
  private func queueRoot(_ me: TaskID) -> Path {
    let mount = ipcNamespaces[ipc(of: me)].posix.mount!
    return Path(mount: mount, dentry: mounts[mount].root)
  }

  /// A name as the C library hands it to the kernel, without the slash that it must begin with.
  private func queueName(_ name: PathName, _ me: TaskID) throws(Stop) -> [UInt8] {
    let bytes = try name.bytes(self, me, allowsEmpty: true)
    guard bytes.first == 0x2f else { throw .errno(.EINVAL) }
    if bytes.count == 1 { throw .errno(.ENOENT) }
    return Array(bytes.dropFirst())
  }

  /// The entry of that name, if there is one. Linux: lookup_noperm().
  private mutating func findQueue(_ name: [UInt8], in root: Path, _ me: TaskID) throws(Stop) -> ID<Dentry>? {
    if name.contains(0x2f) || name == [0x2e] || name == [0x2e, 0x2e] { throw .errno(.EACCES) }
    return try lookUp(name, in: root.dentry, me)
  }

  /// Linux: do_mq_open().
  mutating func openQueue(
    _ name: PathName, _ flags: OpenFlags, _ mode: Mode, _ attributes: QueueAttributes?, _ me: TaskID
  ) throws(Stop) -> FD {
    let bytes = try queueName(name, me)
    // The descriptor is the first thing that Linux takes: a call that fails leaves no queue behind.
    guard UInt64(fileTables[tasks[me].files].lowestFree()) < limit(ResourceLimits.nofile, of: me) else {
      throw .errno(.EMFILE)
    }
    let root = queueRoot(me)
    let dentry: ID<Dentry>
    if let found = try findQueue(bytes, in: root, me) {
      if flags.isSuperset(of: [.create, .exclusive]) { throw .errno(.EEXIST) }
      guard flags.access != .none else { throw .errno(.EINVAL) }
      let access: Access = flags.access == .readOnly ? .read : flags.access == .writeOnly ? .write : [.read, .write]
      try checkPermission(dentries[found].inode, access, tasks[me].credentials)
      dentry = found
    } else {
      guard flags.contains(.create) else { throw .errno(.ENOENT) }
      try checkMayCreate(in: root.dentry, tasks[me].credentials)
      dentry = try createQueue(bytes, mode: masked(mode.bits, me), attributes, in: root.dentry, me)
    }
    // Bytes that are nowhere in memory cannot be read without a cache.
    if flags.contains(.direct) { throw .errno(.EINVAL) }
    guard case .messageQueue(let object) = inodes[dentries[dentry].inode].content else { throw .errno(.EACCES) }
    let path = Path(mount: root.mount, dentry: dentry)
    hold(path)
    let file = files.insert(
      OpenFile(
        object: .messageQueue(posixQueues[object].queue),
        status: flags.subtracting([.create, .exclusive, .noctty, .truncate]), path: path)
    )
    return try install(file, closesOnExec: true, for: me)
  }

  /// mq_unlink(2).
  mutating func unlinkQueue(_ name: PathName, _ me: TaskID) throws(Stop) {
    let bytes = try queueName(name, me), root = queueRoot(me)
    guard let victim = try findQueue(bytes, in: root, me) else { throw .errno(.ENOENT) }
    try checkMayDelete(victim, asDirectory: false, tasks[me].credentials)
    removeName(victim)
  }

  // MARK: The file

  /// The line that a queue's file reads as. Linux: mqueue_read_file().
  mutating func readStatus(
    of object: ID<PosixQueue>, _ file: ID<OpenFile>, _ destination: inout Destination, at offset: Int64?, for me: TaskID
  ) throws(Stop) -> Int {
    let notification = posixQueues[object].notification
    let isSignal = notification?.event.notify == SignalEvent.signal
    let owner = notification.flatMap { processes.contains($0.owner) ? processes[$0.owner].pid : nil } ?? 0
    func column(_ number: Int, _ width: Int) -> String {
      let digits = "\(number)"
      return digits + String(repeating: " ", count: max(0, width - digits.count))
    }
    let text =
      "QSIZE:\(column(messageQueues[posixQueues[object].queue].byteCount, 10)) "
      + "NOTIFY:\(column(Int(notification?.event.notify ?? 0), 5)) "
      + "SIGNO:\(column(isSignal ? Int(notification!.event.signal) : 0, 5)) "
      + "NOTIFY_PID:\(column(Int(owner), 6))\n"
    try checkRange(offset ?? files[file].position, destination.remaining)
    let copied = try read(text, as: file, &destination, at: offset, for: me)
    if copied > 0 { touchStatus(object) }
    return copied
  }

  /// Linux: mqueue_poll_file(). Which way the descriptor was opened makes no difference.
  mutating func poll(_ id: ID<MessageQueue>) -> PollAnswer {
    messageQueues[id].isPolled = true
    let queue = messageQueues[id]
    var answer = PollAnswer(events: [], queues: (posixQueues[posix(id)].changed, nil))
    if queue.count > 0 { answer.events.formUnion(.readable) }
    if queue.count < queue.countLimit { answer.events.formUnion(.writable) }
    return answer
  }
}
