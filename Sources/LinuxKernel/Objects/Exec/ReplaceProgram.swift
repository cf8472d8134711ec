// What remains of a task when it runs another program, and what does not. Linux: begin_new_exec() in fs/exec.c, whose
// order this is.

extension Kernel {
  mutating func replaceProgram(of caller: TaskID, by start: ProgramStart, _ image: NewProgram.Image) {
    let tid = tasks[caller].tid
    let (credentials, isSecure) = credentials(of: caller, running: start)
    let me = endOtherThreads(of: caller), process = process(of: me)
    ownFiles(me)
    let old = tasks[me].credentials
    takeNewMemory(me)
    endPosixTimers(of: process)
    ownHandlers(of: process)
    tasks[me].signals.savedMask = nil
    closeOnExec(me)
    if isSecure { tasks[me].parentDeathSignal = 0 }
    let isDumpable = !start.isUnreadable && old.euid == old.uid && old.egid == old.gid
    addressSpaces[tasks[me].memory].isDumpable = isDumpable
    tasks[me].name = Array(start.command.prefix(Task.nameLimit))
    processes[process].executionCount &+= 1
    processes[process].hasExecuted = true
    commit(credentials, for: me)
    recalculateAttention(me)
    newProgram = NewProgram(
      task: me, former: me == caller ? nil : caller, formerTID: tid, image: image, path: start.path,
      arguments: start.arguments, environment: start.environment)
  }

  /// The caller becomes the one thread of its process, and its leader. Linux: de_thread().
  ///
  /// - Returns: the task that it is from then on: the leader's, whose place it takes.
  private mutating func endOtherThreads(of caller: TaskID) -> TaskID {
    forgetCalls(of: caller)
    let process = process(of: caller)
    for thread in threads(of: process) where thread != caller { endTask(thread) }
    processes[process].exitSignal = Signal.chld
    let leader = processes[process].firstThread!
    guard leader != caller else { return caller }
    var task = tasks[caller]
    pids[Int(task.tid)].task = nil
    task.tid = processes[process].pid
    (task.previousThread, task.nextThread) = (nil, nil)
    tasks.remove(caller)
    tasks[leader] = task
    processes[process].lastThread = leader
    adoptSegments(of: caller, by: leader)
    return leader
  }

  /// The calls that handlers of the old program have interrupted are never returned to.
  private mutating func forgetCalls(of me: TaskID) {
    stopWaiting(me)
    if let call = tasks[me].call { removeCall(call) }
    if let spare = tasks[me].spareCall { calls.discard(spare) }
    (tasks[me].call, tasks[me].spareCall) = (nil, nil)
    for entry in tasks[me].signals.returns { if case .interrupted(let call) = entry { removeCall(call) } }
    tasks[me].signals.returns = []
  }

  /// Linux: unshare_files().
  private mutating func ownFiles(_ me: TaskID) {
    let shared = tasks[me].files
    guard fileTables[shared].references > 1 else { return }
    tasks[me].files = duplicate(shared)
    releaseTable(shared, by: me)
  }

  /// Whom vfork has made wait goes on, since the memory is its own again. Linux: exec_mmap(), mm_release().
  private mutating func takeNewMemory(_ me: TaskID) {
    clearTID(me)
    tasks[me].clearChildTID = 0
    releaseAddressSpace(of: me)
    tasks[me].memory = addressSpaces.insert(AddressSpace())
    if let parent = tasks[me].vforkParent, tasks.contains(parent) { makeRunnable(parent) }
    tasks[me].vforkParent = nil
  }

  /// Interval timers go on; the others end, with the signals that they have queued. Linux: exit_itimers(),
  /// flush_itimer_signals().
  private mutating func endPosixTimers(of process: ID<Process>) {
    guard let timers = processes[process].timers else { return }
    processTimers[timers].posix = []
    processTimers[timers].nextNumber = 0
    processes[process].signals.pending.dropTimers()
    if let task = processes[process].firstThread { tasks[task].signals.pending.dropTimers() }
  }

  /// Linux: unshare_sighand(), flush_signal_handlers().
  private mutating func ownHandlers(of process: ID<Process>) {
    let shared = processes[process].handlers
    if signalHandlers[shared].references > 1 {
      processes[process].handlers = signalHandlers.insert(SignalHandlers(actions: signalHandlers[shared].actions))
      release(shared)
    }
    resetHandlers(processes[process].handlers)
  }

  /// Linux: do_close_on_exec().
  private mutating func closeOnExec(_ me: TaskID) {
    let table = tasks[me].files
    for number in 0..<fileTables[table].descriptors.count where fileTables[table].descriptors[number].closesOnExec {
      if let file = fileTables[table].clear(number) { closed(file, in: table, by: me) }
    }
  }

  // MARK: Credentials

  /// Who the task acts as with the new program, and whether that is more than whoever started it was. Linux:
  /// prepare_exec_creds(), bprm_fill_uid(), cap_bprm_creds_from_file().
  private func credentials(of me: TaskID, running start: ProgramStart) -> (Credentials, isSecure: Bool) {
    let old = tasks[me].credentials
    var new = old
    if let inode = start.inode {
      let mode = inodes[inode].mode
      if mode & FileMode.setUID != 0 { new.euid = inodes[inode].uid }
      // Without the group's x the bit once meant mandatory locks.
      if mode & (FileMode.setGID | 0o010) == FileMode.setGID | 0o010 { new.egid = inodes[inode].gid }
    }
    // No file has capabilities of its own here; root's programs have all.
    new.permitted = 0
    var isEffective = false
    if new.secureBits & Credentials.noRoot == 0 {
      if new.euid == 0 || new.uid == 0 { new.permitted = old.bounding | old.inheritable }
      isEffective = new.euid == 0
    }
    let isOther = new.euid != old.euid || !old.isInGroup(new.egid)
    if isOther || new.permitted & ~old.permitted != 0, isDirectoryShared(by: me) {
      if !old.has(.setuid) { (new.euid, new.egid) = (new.uid, new.gid) }
      new.permitted &= old.permitted
    }
    (new.suid, new.fsuid, new.sgid, new.fsgid) = (new.euid, new.euid, new.egid, new.egid)
    if isOther { new.ambient = 0 }
    new.permitted |= new.ambient
    new.effective = isEffective ? new.permitted : new.ambient
    new.secureBits &= ~Credentials.keepCapabilities
    let hasGrown = new.permitted & ~new.ambient != 0
    let isSecure = isOther || new.euid != old.uid || new.egid != old.gid || new.uid != 0 && (isEffective || hasGrown)
    return (new, isSecure)
  }

  /// Whether another process could change this one's root directory under it. Linux: fs_struct.in_exec.
  private func isDirectoryShared(by me: TaskID) -> Bool {
    let context = tasks[me].fileSystem
    let own = threads(of: process(of: me)).count { tasks[$0].state != .dead && tasks[$0].fileSystem == context }
    return fileSystemContexts[context].references > own
  }
}

extension PendingSignals {
  /// Takes out what POSIX timers have queued.
  fileprivate mutating func dropTimers() {
    let gone = queue.filter { $0.isOwnedByTimer }
    guard !gone.isEmpty else { return }
    queue.removeAll { $0.isOwnedByTimer }
    for info in gone where !queue.contains(where: { $0.signal == info.signal }) { mask.remove(SignalSet(info.signal)) }
  }
}
