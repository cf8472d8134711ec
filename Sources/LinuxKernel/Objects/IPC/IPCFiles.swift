// IPC namespaces as files: the settings in /proc/sys, and /proc/sysvipc. Linux: ipc/ipc_sysctl.c, ipc/util.c. Each
// shows the namespace of whoever opened it.

extension IPCNamespace {
  /// A setting of one number, in the namespace of the opener.
  static func number(
    _ path: String, _ range: ClosedRange<Int64>, mode: UInt32 = 0o644, writer: Capability? = nil,
    get: @escaping @Sendable (IPCNamespace) -> Int64, set: @escaping @Sendable (inout IPCNamespace, Int64) -> Void
  ) -> SystemFile {
    SystemFile.number(
      path, range, mode: mode, writer: writer, get: { kernel, viewer in get(kernel.ipcNamespaces[viewer.ipc]) },
      set: { kernel, viewer, value in set(&kernel.ipcNamespaces[viewer.ipc], value) })
  }

  private static let any = 0...Int64(Int32.max)
  private static let objects = 0...Int64(IPCTable<MessageQueue>.slotLimit)

  static let settings: [SystemFile] = [
    number("sys/kernel/msgmax", any, get: { Int64($0.limits.messageSize) }, set: { $0.limits.messageSize = Int32($1) }),
    number("sys/kernel/msgmnb", any, get: { Int64($0.limits.queueBytes) }, set: { $0.limits.queueBytes = Int32($1) }),
    number(
      "sys/kernel/msgmni", objects, get: { Int64($0.limits.queueCount) }, set: { $0.limits.queueCount = Int32($1) }),
    // What is written is forgotten.
    number("sys/kernel/auto_msgmni", 0...1, get: { _ in 0 }, set: { _, _ in }),
    SystemFile("sys/kernel/sem", 0o644, read: { kernel, viewer in kernel.semaphoreLimits(viewer.ipc) }) {
      (kernel: inout Kernel, viewer: SystemViewer, text: [UInt8]) throws(Stop) -> Int in
      try kernel.setSemaphoreLimits(text, viewer.ipc)
    },
    long("sys/kernel/shmmax", get: { $0.limits.segmentSize }, set: { $0.limits.segmentSize = $1 }),
    long("sys/kernel/shmall", get: { $0.limits.segmentPages }, set: { $0.limits.segmentPages = $1 }),
    number(
      "sys/kernel/shmmni", objects, get: { Int64($0.limits.segmentCount) },
      set: { $0.limits.segmentCount = Int32($1) }),
    SystemFile.number(
      "sys/kernel/shm_rmid_forced", 0...1,
      get: { kernel, viewer in kernel.ipcNamespaces[viewer.ipc].limits.destroysOrphans ? 1 : 0 },
      set: { kernel, viewer, value in
        kernel.ipcNamespaces[viewer.ipc].limits.destroysOrphans = value == 1
        if value == 1 { kernel.destroyOrphans(in: viewer.ipc) }
      }),
    nextID("msg", get: { $0.queues.nextID }, set: { $0.queues.nextID = $1 }),
    nextID("sem", get: { $0.semaphores.nextID }, set: { $0.semaphores.nextID = $1 }),
    nextID("shm", get: { $0.segments.nextID }, set: { $0.segments.nextID = $1 }),
  ]

  private static func nextID(
    _ kind: String, get: @escaping @Sendable (IPCNamespace) -> Int32,
    set: @escaping @Sendable (inout IPCNamespace, Int32) -> Void
  ) -> SystemFile {
    number(
      "sys/kernel/\(kind)_next_id", any, mode: 0o444, writer: .checkpointRestore, get: { Int64(get($0)) },
      set: { set(&$0, Int32($1)) })
  }

  /// An unsigned 64-bit number. Linux: proc_doulongvec_minmax().
  private static func long(
    _ path: String, get: @escaping @Sendable (IPCNamespace) -> UInt64,
    set: @escaping @Sendable (inout IPCNamespace, UInt64) -> Void
  ) -> SystemFile {
    SystemFile(path, 0o644, read: { kernel, viewer in "\(get(kernel.ipcNamespaces[viewer.ipc]))\n" }) {
      (kernel: inout Kernel, viewer: SystemViewer, text: [UInt8]) throws(Stop) -> Int in
      var numbers = NumberText(text)
      guard let value = try numbers.next().flatMap({ UInt64(exactly: $0) }) else { throw .errno(.EINVAL) }
      set(&kernel.ipcNamespaces[viewer.ipc], value)
      return numbers.finish()
    }
  }

  static let listings: [SystemFile] = [
    SystemFile(
      "sysvipc/msg", 0o444, row: { kernel, namespace, slot in kernel.messageQueueRow(namespace, &slot) },
      read: { _, _ in
        "       key      msqid perms      cbytes       qnum "
          + "lspid lrpid   uid   gid  cuid  cgid      stime      rtime      ctime\n"
      }),
    SystemFile(
      "sysvipc/sem", 0o444, row: { kernel, namespace, slot in kernel.semaphoreRow(namespace, &slot) },
      read: { _, _ in "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n" }),
    SystemFile(
      "sysvipc/shm", 0o444, row: { kernel, namespace, slot in kernel.segmentRow(namespace, &slot) },
      read: { _, _ in
        "       key      shmid perms                  size  "
          + "cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime"
          + "      ctime                   rss                  swap\n"
      }),
  ]
}

extension QueueDirectory {
  /// fs.mqueue. Linux: ipc/mq_sysctl.c.
  static let settings: [SystemFile] = [
    setting("queues_max", Int64(Int32.min)...Int64(Int32.max), \.queueLimit),
    setting("msg_max", 1...Int64(hardMessageLimit), \.messageLimit),
    setting("msgsize_max", 128...Int64(hardMessageSizeLimit), \.messageSizeLimit),
    setting("msg_default", 1...Int64(hardMessageLimit), \.messageDefault),
    setting("msgsize_default", 128...Int64(hardMessageSizeLimit), \.messageSizeDefault),
  ]

  private static func setting(
    _ name: String, _ range: ClosedRange<Int64>, _ field: WritableKeyPath<QueueDirectory, UInt32> & Sendable
  ) -> SystemFile {
    IPCNamespace.number(
      "sys/fs/mqueue/" + name, range, get: { Int64(Int32(bitPattern: $0.posix[keyPath: field])) },
      set: { $0.posix[keyPath: field] = UInt32(truncatingIfNeeded: $1) })
  }
}

extension IPCPermission {
  /// Columns that all kinds begin with, and those that all have in the middle.
  var head: String { "\(key)".padded(10) + " " + "\(id)".padded(10) + "  " + String(mode, radix: 8).padded(4) }
  var owners: String { columns([uid, gid, cuid, cgid], 5) }
}

extension String {
  /// Blanks in front, up to a width.
  func padded(_ width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}

/// Numbers side by side, each behind a blank.
private func columns<Number: BinaryInteger>(_ numbers: [Number], _ width: Int) -> String {
  numbers.map { " " + "\($0)".padded(width) }.joined()
}

extension Kernel {
  /// kernel.sem: semmsl, semmns, semopm, semmni.
  fileprivate func semaphoreLimits(_ namespace: ID<IPCNamespace>) -> String {
    let limits = ipcNamespaces[namespace].limits
    return "\(limits.semaphoresInSet)\t\(limits.semaphoreCount)\t\(limits.operationCount)\t\(limits.setCount)\n"
  }

  /// Fewer numbers change only the first; a number of sets out of range is refused, and the others count all the same.
  /// Linux: proc_ipc_sem_dointvec().
  fileprivate mutating func setSemaphoreLimits(_ text: [UInt8], _ namespace: ID<IPCNamespace>) throws(Stop) -> Int {
    var numbers = NumberText(text), limits = ipcNamespaces[namespace].limits
    let fields: [WritableKeyPath<IPCLimits, Int32>] = [
      \.semaphoresInSet, \.semaphoreCount, \.operationCount, \.setCount,
    ]
    for (place, field) in fields.enumerated() {
      guard let value = try numbers.next() else {
        if place == 0 { throw .errno(.EINVAL) }
        break
      }
      guard let number = Int32(exactly: value) else { throw .errno(.EINVAL) }
      if field == \.setCount, !(0...Int32(IPCTable<SemaphoreSet>.slotLimit)).contains(number) { throw .errno(.ERANGE) }
      limits[keyPath: field] = number
      ipcNamespaces[namespace].limits = limits
    }
    return numbers.finish()
  }

  /// Linux: sysvipc_msg_proc_show().
  fileprivate func messageQueueRow(_ namespace: ID<IPCNamespace>, _ slot: inout Int) -> String? {
    guard let used = ipcNamespaces[namespace].queues.firstUsedSlot(from: slot) else { return nil }
    slot = used
    let entry = ipcNamespaces[namespace].queues[slot], queue = messageQueues[entry.object]
    return entry.permission.head + " " + columns([queue.byteCount, queue.count], 10)
      + columns([queue.sent.pid, queue.received.pid], 5) + entry.permission.owners
      + columns([queue.sent.seconds, queue.received.seconds, queue.changed], 10) + "\n"
  }

  /// Linux: sysvipc_sem_proc_show().
  fileprivate func semaphoreRow(_ namespace: ID<IPCNamespace>, _ slot: inout Int) -> String? {
    guard let used = ipcNamespaces[namespace].semaphores.firstUsedSlot(from: slot) else { return nil }
    slot = used
    let entry = ipcNamespaces[namespace].semaphores[slot], set = semaphoreSets[entry.object]
    return entry.permission.head + columns([set.semaphores.count], 10) + entry.permission.owners
      + columns([set.operated, set.changed], 10) + "\n"
  }

  /// Linux: sysvipc_shm_proc_show().
  fileprivate func segmentRow(_ namespace: ID<IPCNamespace>, _ slot: inout Int) -> String? {
    guard let used = ipcNamespaces[namespace].segments.firstUsedSlot(from: slot) else { return nil }
    slot = used
    let entry = ipcNamespaces[namespace].segments[slot], segment = sharedSegments[entry.object]
    return entry.permission.head + columns([segment.size], 21) + columns([segment.creatorPID, segment.lastPID], 5)
      + " " + columns([segment.attachCount], 5) + entry.permission.owners
      + columns([segment.attached, segment.detached, segment.changed], 10)
      + columns([residentPages(of: entry.object) * Page.size, 0], 21) + "\n"
  }
}
