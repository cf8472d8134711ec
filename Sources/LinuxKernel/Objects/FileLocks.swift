// Advisory locks: record locks of fcntl(2), which belong to a process or to an open file, and those of flock(2), which
// belong to an open file. Linux: fs/locks.c.

/// One lock that is held, or asked for. Linux: struct file_lock.
struct FileLock {
  enum Kind: Int16 { case read = 0, write = 1, none = 2 }
  /// Processes own record locks through the table of descriptors that their threads share.
  enum Owner: Equatable { case table(ID<FileTable>), file(ID<OpenFile>) }

  var owner: Owner
  /// Who asked for it, for F_GETLK; -1 where an open file owns it.
  var pid: Int32
  var kind: Kind
  /// Both inclusive; the last is .max where the lock reaches to the end of the file, wherever that may be.
  var first: Int64 = 0
  var last = Int64.max

  func overlaps(_ other: FileLock) -> Bool { first <= other.last && other.first <= last }
  /// Linux: posix_locks_conflict(), flock_locks_conflict().
  func conflicts(_ other: FileLock) -> Bool {
    owner != other.owner && (kind == .write || other.kind == .write) && overlaps(other)
  }
}

/// The locks on one file, and who waits for one. Linux: struct file_lock_context.
struct LockList {
  /// Where the list is found.
  enum Place { case inode(ID<Inode>), pipe(ID<Pipe>), socket(ID<Sock>), anonymous }
  /// Record locks and whole-file locks know nothing of each other.
  enum Family { case records, whole }

  /// One who sleeps, as the call last asked.
  struct Request {
    let task: TaskID
    let family: Family
    let lock: FileLock
    /// Its place in the order: it keeps that when it is woken in vain.
    let ticket: UInt64
    /// It may try again; until it has, nobody gets by it.
    var isWoken = false
  }

  let place: Place
  /// Those of one owner stand together, by address. Linux: flc_posix.
  var records: [FileLock] = []
  /// Linux: flc_flock.
  var whole: [FileLock] = []
  var waiting: [Request] = []
  var lastTicket: UInt64 = 0

  var isEmpty: Bool { records.isEmpty && whole.isEmpty && waiting.isEmpty }
  func held(_ family: Family) -> [FileLock] { family == .records ? records : whole }

  /// The first of the locks held that stands in the way.
  func obstacle(to lock: FileLock, _ family: Family) -> FileLock? {
    lock.kind == .none ? nil : held(family).first { $0.conflicts(lock) }
  }

  /// Gives the owner of `new` a record lock, or none, on its range, whatever it had there before: what it had is cut,
  /// and equal neighbours become one. Linux: posix_lock_inode().
  mutating func setRecord(_ new: FileLock) {
    let position = records.firstIndex { $0.owner == new.owner } ?? records.count
    var rest: [FileLock] = [], own: [FileLock] = [], new = new
    for lock in records where lock.owner != new.owner { rest.append(lock) }
    for lock in records where lock.owner == new.owner {
      let touches = lock.overlaps(new) || lock.last &+ 1 == new.first || new.last &+ 1 == lock.first
      if lock.kind == new.kind, touches {
        new.first = min(new.first, lock.first)
        new.last = max(new.last, lock.last)
        continue
      }
      if lock.first < new.first {
        var piece = lock
        piece.last = min(lock.last, new.first - 1)
        own.append(piece)
      }
      if lock.last > new.last {
        var piece = lock
        piece.first = max(lock.first, new.last + 1)
        own.append(piece)
      }
    }
    if new.kind != .none { own.append(new) }
    own.sort { $0.first < $1.first }
    records = Array(rest[..<position]) + own + Array(rest[position...])
  }
}

extension Kernel {
  /// The list of a file, if there is one.
  func lockList(of file: ID<OpenFile>) -> ID<LockList>? {
    switch lockPlace(of: file) {
    case .inode(let inode): inodes[inode].locks
    case .pipe(let pipe): pipes[pipe].locks
    case .socket(let socket): sockets[socket].locks
    case .anonymous: anonymousLocks
    }
  }

  /// What has no inode of its own shares one with all its kind. Linux: anon_inode_inode.
  private func lockPlace(of file: ID<OpenFile>) -> LockList.Place {
    if let inode = inode(of: file) { return .inode(inode) }
    switch files[file].object {
    case .pipeReader(let pipe), .pipeWriter(let pipe): return .pipe(pipe)
    case .socket(let socket): return .socket(socket)
    default: return .anonymous
    }
  }

  private mutating func setLocks(_ list: ID<LockList>?, at place: LockList.Place) {
    switch place {
    case .inode(let inode): inodes[inode].locks = list
    case .pipe(let pipe): pipes[pipe].locks = list
    case .socket(let socket): sockets[socket].locks = list
    case .anonymous: anonymousLocks = list
    }
  }

  private mutating func makeLockList(of file: ID<OpenFile>) -> ID<LockList> {
    if let list = lockList(of: file) { return list }
    let place = lockPlace(of: file)
    let list = lockLists.insert(LockList(place: place))
    setLocks(list, at: place)
    return list
  }

  private mutating func dropIfEmpty(_ list: ID<LockList>) {
    guard lockLists[list].isEmpty else { return }
    setLocks(nil, at: lockLists[list].place)
    lockLists.remove(list)
  }

  /// Takes, changes or gives up a lock. Throws EAGAIN where another stands in the way, or waits.
  mutating func setLock(_ lock: FileLock, _ family: LockList.Family, on file: ID<OpenFile>, waits: Bool, _ me: TaskID)
    throws(Stop)
  {
    leaveLockQueue(me)
    if lock.kind == .none, lockList(of: file) == nil { return }
    let list = makeLockList(of: file)
    defer { if lockLists.contains(list) { dropIfEmpty(list) } }
    if family == .whole, !convertWhole(list, lock) { return }
    if let obstacle = lockLists[list].obstacle(to: lock, family) {
      guard waits else { throw .errno(.EAGAIN) }
      if family == .records, isDeadlock(lock, obstacle) { throw .errno(.EDEADLK) }
      try waitForLock(lock, family, list, me)
    }
    if family == .records {
      lockLists[list].setRecord(lock)
    } else if lock.kind != .none {
      lockLists[list].whole.append(lock)
    }
    grantLocks(list)
  }

  /// flock(2) gives up what it had before it asks for another kind. Returns whether there is more to do.
  /// Linux: flock_lock_inode().
  private mutating func convertWhole(_ list: ID<LockList>, _ lock: FileLock) -> Bool {
    guard let index = lockLists[list].whole.firstIndex(where: { $0.owner == lock.owner }) else {
      return lock.kind != .none
    }
    if lockLists[list].whole[index].kind == lock.kind { return false }
    lockLists[list].whole.remove(at: index)
    grantLocks(list)
    return lock.kind != .none
  }

  /// Sleeps in line, unless the call is to end now.
  private mutating func waitForLock(
    _ lock: FileLock, _ family: LockList.Family, _ list: ID<LockList>, _ me: TaskID
  ) throws(Stop) -> Never {
    let isInterrupted = current.isInterrupted || tasks[me].needsAttention && !deliverable(me).isEmpty
    if canSleep, !isInterrupted {
      if current.lockTicket == 0 {
        lockLists[list].lastTicket += 1
        current.lockTicket = lockLists[list].lastTicket
      }
      let request = LockList.Request(task: me, family: family, lock: lock, ticket: current.lockTicket)
      let position = lockLists[list].waiting.firstIndex { $0.ticket > request.ticket } ?? lockLists[list].waiting.count
      lockLists[list].waiting.insert(request, at: position)
      tasks[me].waitsForLock = list
    } else {
      grantLocks(list)
    }
    throw .sleep(until: .max, interruption: .restart)
  }

  /// Takes back what the task last asked for and did not get. Linux: locks_delete_block().
  private mutating func leaveLockQueue(_ me: TaskID) {
    guard let list = tasks[me].waitsForLock else { return }
    tasks[me].waitsForLock = nil
    lockLists[list].waiting.removeAll { $0.task == me }
  }

  /// The same for a task that ends: those behind it may go on.
  mutating func abandonLockQueue(_ me: TaskID) {
    guard let list = tasks[me].waitsForLock else { return }
    leaveLockQueue(me)
    grantLocks(list)
    dropIfEmpty(list)
  }

  /// Wakes those in front whom nothing hinders any more, neither a lock nor one who was woken before them.
  private mutating func grantLocks(_ list: ID<LockList>) {
    for index in lockLists[list].waiting.indices where !lockLists[list].waiting[index].isWoken {
      let request = lockLists[list].waiting[index]
      if lockLists[list].obstacle(to: request.lock, request.family) != nil { continue }
      let isBehind = lockLists[list].waiting[..<index].contains {
        $0.family == request.family && $0.lock.conflicts(request.lock)
      }
      if isBehind { continue }
      lockLists[list].waiting[index].isWoken = true
      makeRunnable(request.task)
    }
  }

  /// Whether the owner of `obstacle` waits, perhaps over others, for the one who asks. Linux: posix_locks_deadlock(),
  /// which gives up after ten steps and does not look at locks of open files.
  private func isDeadlock(_ lock: FileLock, _ obstacle: FileLock) -> Bool {
    guard case .table = lock.owner else { return false }
    var obstacle = obstacle
    for _ in 0...10 {
      guard let next = awaited(by: obstacle.owner) else { return false }
      if next.owner == lock.owner { return true }
      obstacle = next
    }
    return false
  }

  /// The lock that an owner sleeps for. Linux: what_owner_is_waiting_for().
  private func awaited(by owner: FileLock.Owner) -> FileLock? {
    guard case .table = owner else { return nil }
    for list in lockLists.ids {
      for request in lockLists[list].waiting
      where request.family == .records && request.lock.owner == owner && !request.isWoken {
        if let obstacle = lockLists[list].obstacle(to: request.lock, .records) { return obstacle }
      }
    }
    return nil
  }

  /// Drops all locks of an owner on a file: a process' when it closes any descriptor of the file, an open file's when
  /// it ends. Linux: locks_remove_posix(), locks_remove_file().
  mutating func removeLocks(of owner: FileLock.Owner, on file: ID<OpenFile>) {
    guard lockLists.count > 0, let list = lockList(of: file) else { return }
    let before = lockLists[list].records.count + lockLists[list].whole.count
    lockLists[list].records.removeAll { $0.owner == owner }
    lockLists[list].whole.removeAll { $0.owner == owner }
    guard lockLists[list].records.count + lockLists[list].whole.count != before else { return }
    grantLocks(list)
    dropIfEmpty(list)
  }
}
