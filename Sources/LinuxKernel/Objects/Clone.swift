// How tasks and processes begin. Linux: kernel/fork.c.

/// What clone shares between the caller and the new task; the rest is copied. Linux: include/uapi/linux/sched.h.
struct CloneFlags: OptionSet, Sendable {
  let rawValue: UInt64
  init(rawValue: UInt64) { self.rawValue = rawValue }

  static let vm = CloneFlags(rawValue: 0x100), fs = CloneFlags(rawValue: 0x200), files = CloneFlags(rawValue: 0x400)
  static let sighand = CloneFlags(rawValue: 0x800), pidfd = CloneFlags(rawValue: 0x1000)
  static let vfork = CloneFlags(rawValue: 0x4000), parent = CloneFlags(rawValue: 0x8000)
  static let thread = CloneFlags(rawValue: 0x10000), newNS = CloneFlags(rawValue: 0x20000)
  static let parentSetTID = CloneFlags(rawValue: 0x10_0000), childClearTID = CloneFlags(rawValue: 0x20_0000)
  static let detached = CloneFlags(rawValue: 0x40_0000), childSetTID = CloneFlags(rawValue: 0x100_0000)
  static let newUser = CloneFlags(rawValue: 0x1000_0000), newPID = CloneFlags(rawValue: 0x2000_0000)
  static let sysVSem = CloneFlags(rawValue: 0x40000), newIPC = CloneFlags(rawValue: 0x800_0000)
  static let clearSighand = CloneFlags(rawValue: 0x1_0000_0000), intoCgroup = CloneFlags(rawValue: 0x2_0000_0000)

  /// What is modelled; the other names are there so that a script may ask, and is told that they are not.
  static let built: CloneFlags = [
    .vm, .fs, .files, .sighand, .vfork, .parent, .thread, .parentSetTID, .childClearTID, .childSetTID, .clearSighand,
    .sysVSem, .newIPC,
  ]

  /// Namespaces, which only CAP_SYS_ADMIN may make; a user namespace is made first, and gives it.
  static let namespaces: CloneFlags = [
    .newNS, .newIPC, .newPID, CloneFlags(rawValue: 0x80), CloneFlags(rawValue: 0x200_0000),
    CloneFlags(rawValue: 0x400_0000), CloneFlags(rawValue: 0x4000_0000),
  ]

  static let names = NameSet(
    "clone flags", .bits,
    [
      "CLONE_NEWTIME": 0x80, "CLONE_VM": 0x100, "CLONE_FS": 0x200, "CLONE_FILES": 0x400, "CLONE_SIGHAND": 0x800,
      "CLONE_PIDFD": 0x1000, "CLONE_PTRACE": 0x2000, "CLONE_VFORK": 0x4000, "CLONE_PARENT": 0x8000,
      "CLONE_THREAD": 0x10000, "CLONE_NEWNS": 0x20000, "CLONE_SYSVSEM": 0x40000, "CLONE_SETTLS": 0x80000,
      "CLONE_PARENT_SETTID": 0x10_0000, "CLONE_CHILD_CLEARTID": 0x20_0000, "CLONE_DETACHED": 0x40_0000,
      "CLONE_UNTRACED": 0x80_0000, "CLONE_CHILD_SETTID": 0x100_0000, "CLONE_NEWCGROUP": 0x200_0000,
      "CLONE_NEWUTS": 0x400_0000, "CLONE_NEWIPC": 0x800_0000, "CLONE_NEWUSER": 0x1000_0000,
      "CLONE_NEWPID": 0x2000_0000, "CLONE_NEWNET": 0x4000_0000, "CLONE_IO": 0x8000_0000,
      "CLONE_CLEAR_SIGHAND": 0x1_0000_0000, "CLONE_INTO_CGROUP": 0x2_0000_0000,
    ])
}

extension Kernel {
  /// A new task like `me`, runnable. Linux: copy_process().
  mutating func clone(_ flags: CloneFlags, exitSignal: Int32, by me: TaskID) throws(Stop) -> TaskID {
    let parent = tasks[me].process
    guard mayHaveAnotherProcess(me) else { throw .errno(.EAGAIN) }
    let pid = try allocatePID()
    var task = Task(
      tid: pid, process: parent, processNumber: tasks[me].processNumber,
      files: flags.contains(.files) ? share(tasks[me].files) : duplicate(tasks[me].files),
      fileSystem: flags.contains(.fs) ? share(tasks[me].fileSystem) : duplicate(tasks[me].fileSystem),
      memory: flags.contains(.vm) ? share(tasks[me].memory) : duplicate(tasks[me].memory, by: me),
      ipcNamespace: flags.contains(.newIPC) ? makeIPCNamespace() : share(tasks[me].ipcNamespace),
      credentials: tasks[me].credentials)
    task.signals.blocked = tasks[me].signals.blocked
    task.niceness = tasks[me].niceness
    task.name = tasks[me].name
    if flags.contains(.sysVSem) {
      let list = undoList(of: me)
      undoLists[list].references += 1
      task.undoList = list
    }
    if flags.contains(.thread) {
      task.previousThread = processes[parent].lastThread
    } else {
      task.process = makeProcess(pid, flags, exitSignal, by: me)
      task.processNumber = pid
    }
    let process = task.process
    let id = tasks.insert(task)
    if let previous = task.previousThread {
      tasks[previous].nextThread = id
      processes[process].threadCount += 1
    } else {
      processes[process].firstThread = id
    }
    processes[process].lastThread = id
    pids[Int(pid)].task = id
    start(id)
    return id
  }

  /// A child whose making fails this late has had its own copy of the descriptors, and the caller closes them for it:
  /// queues take that for the caller's own wish to hear no more. So has it had its own memory, and what was attached
  /// there is attached and detached once more. Linux: copy_process(), exit_files(), mqueue_flush_file(), exit_mmap().
  mutating func giveUpClone(_ flags: CloneFlags, _ errno: Errno, by me: TaskID) throws(Stop) -> Never {
    if !flags.contains(.files) { releaseTable(duplicate(tasks[me].files), by: me) }
    if !flags.contains(.vm) {
      for segment in addressSpaces[tasks[me].memory].areas.compactMap(\.segment) {
        attach(segment, by: me)
        detach(segment, by: me)
      }
    }
    throw .errno(errno)
  }

  private mutating func makeProcess(
    _ pid: Int32, _ flags: CloneFlags, _ exitSignal: Int32, by me: TaskID
  ) -> ID<Process> {
    let parent = tasks[me].process, handlers = processes[parent].handlers
    var new = Process(
      pid: pid, group: processes[parent].group, session: processes[parent].session,
      handlers: flags.contains(.sighand) ? share(handlers) : duplicate(handlers),
      childChanged: waitQueues.insert(WaitQueue()))
    // A sibling tells its parent as the caller itself would.
    new.exitSignal = flags.contains(.parent) ? processes[parent].exitSignal : exitSignal
    new.executionCount = processes[parent].executionCount
    new.parentExecutionCount = flags.contains(.parent) ? processes[parent].parentExecutionCount : new.executionCount
    new.limits = processes[parent].limits
    new.hasSubreaperAbove = processes[parent].hasSubreaperAbove || processes[parent].isSubreaper
    if flags.contains(.clearSighand) { resetHandlers(new.handlers) }
    let process = processes.insert(new)
    adopt(process, by: flags.contains(.parent) ? processes[parent].parentThread ?? me : me)
    join(process, group: new.group, session: new.session)
    return process
  }

  /// RLIMIT_NPROC, from which root and those who may are exempt. Linux: copy_process(), is_rlimit_overlimit().
  private func mayHaveAnotherProcess(_ me: TaskID) -> Bool {
    let credentials = tasks[me].credentials, limit = limit(ResourceLimits.nproc, of: me)
    guard limit != ResourceLimits.infinity, credentials.uid != 0, !credentials.has(.sysResource),
      !credentials.has(.sysAdmin)
    else { return true }
    // Few set the limit, so the tasks of a user are counted when it is asked for.
    var count: UInt64 = 0
    for id in tasks.ids where tasks[id].credentials.uid == credentials.uid { count += 1 }
    return count < limit
  }

  private mutating func share(_ table: ID<FileTable>) -> ID<FileTable> {
    fileTables[table].references += 1
    return table
  }

  private mutating func share(_ space: ID<AddressSpace>) -> ID<AddressSpace> {
    addressSpaces[space].references += 1
    return space
  }

  private mutating func share(_ handlers: ID<SignalHandlers>) -> ID<SignalHandlers> {
    signalHandlers[handlers].references += 1
    return handlers
  }

  private mutating func duplicate(_ handlers: ID<SignalHandlers>) -> ID<SignalHandlers> {
    signalHandlers.insert(SignalHandlers(actions: signalHandlers[handlers].actions))
  }

  mutating func release(_ handlers: ID<SignalHandlers>) {
    signalHandlers[handlers].references -= 1
    guard signalHandlers[handlers].references == 0 else { return }
    // An epoll set may still stand on the queue; then it stays behind, and nothing will ever wake it.
    if let queue = signalHandlers[handlers].signalArrived, waitQueues[queue].isEmpty { waitQueues.remove(queue) }
    signalHandlers.remove(handlers)
  }

  /// CLONE_CLEAR_SIGHAND and execve: handlers become the default action, what is ignored stays so; flags and masks go.
  /// Linux: flush_signal_handlers().
  mutating func resetHandlers(_ handlers: ID<SignalHandlers>) {
    for signal in 1...64 {
      var action = SignalAction()
      if signalHandlers[handlers].actions[signal].handler == .ignore { action.handler = .ignore }
      signalHandlers[handlers].actions[signal] = action
    }
  }

  /// Makes `child` the youngest child of a thread.
  mutating func adopt(_ child: ID<Process>, by thread: TaskID) {
    let parent = tasks[thread].process, last = processes[parent].lastChild
    processes[child].parent = parent
    processes[child].parentThread = thread
    processes[child].nextSibling = nil
    processes[child].previousSibling = last
    if let last { processes[last].nextSibling = child } else { processes[parent].firstChild = child }
    processes[parent].lastChild = child
  }

  mutating func disown(_ child: ID<Process>) {
    guard let parent = processes[child].parent else { return }
    let previous = processes[child].previousSibling, next = processes[child].nextSibling
    if let previous { processes[previous].nextSibling = next } else { processes[parent].firstChild = next }
    if let next { processes[next].previousSibling = previous } else { processes[parent].lastChild = previous }
    processes[child].parent = nil
    processes[child].parentThread = nil
  }
}
