// What a machine and its tools see of the kernel from outside: nothing here is part of the emulated world.

extension Kernel {
  /// What uname(2) tells as the release.
  public static let release = "6.18.0"

  /// The monotonic clock in ns: 0 at the start.
  public var time: Int64 { now }
  public var taskCount: Int { tasks.count }
  @inline(__always) public func tid(of task: TaskID) -> Int32 { tasks[task].tid }
  public func pid(of task: TaskID) -> Int32 { processes[tasks[task].process].pid }

  /// The wait status of init, once it has ended.
  public func status(of task: TaskID) -> Int32? {
    guard tasks.contains(task), case .zombie(let status) = processes[tasks[task].process].status else { return nil }
    return status
  }

  /// The bytes of the answer of the call performed last, valid until the next one.
  @inline(__always) public var answerPointer: UnsafeRawBufferPointer { output.pointer }

  /// The task that the call performed last has made.
  public mutating func takeSpawned() -> TaskID? {
    needsNotice = false
    guard let task = spawned else { return nil }
    spawned = nil
    needsNotice = false
    return task
  }

  public var hasNewProgram: Bool { newProgram != nil }
  /// The task that runs a new program, and what it was called when it asked for that.
  public var programStarter: (task: TaskID, formerTID: Int32)? { newProgram.map { ($0.task, $0.formerTID) } }

  /// What a task is to run in place of what it ran.
  public mutating func takeNewProgram() -> NewProgram? {
    guard let program = newProgram else { return nil }
    newProgram = nil
    needsNotice = false
    return program
  }

  @inlinable @inline(__always) public var hasEnded: Bool { !endedTasks.isEmpty }

  /// The tasks that have ended since the last time.
  public mutating func takeEnded() -> [TaskID] {
    guard !endedTasks.isEmpty else { return [] }
    defer { endedTasks.removeAll(keepingCapacity: true) }
    return endedTasks
  }

  /// Puts a siginfo into the answer's bytes, as nine 64-bit integers: signo, errno, code, pid, uid, status, value,
  /// timer and overrun.
  public mutating func storeSignalInfo(_ info: SignalInfo) {
    output.clear()
    for word in [info.signal, info.errno, info.code, info.pid] { output.append(Int64(word)) }
    output.append(Int64(info.uid))
    output.append(Int64(info.status))
    output.append(info.value)
    output.append(Int64(info.timer))
    output.append(Int64(info.overrun))
  }

  /// The running handler and the call below it were left by an error, as by siglongjmp(3).
  public mutating func abandonHandler(_ me: TaskID) {
    guard case .handler(let frame)? = tasks[me].signals.returns.popLast() else { return }
    tasks[me].signals.blocked = frame.maskAfterwards
    switch tasks[me].signals.returns.last {
    case .interrupted(let call)?:
      removeCall(call)
      tasks[me].signals.returns.removeLast()
    case .reply?, .access?: tasks[me].signals.returns.removeLast()
    case .handler?, nil: break
    }
    recalculateAttention(me)
  }

  /// Ends a task's process as exit_group(2) does, or the task alone if it is a thread that is no leader.
  public mutating func exit(_ me: TaskID, status: Int32) {
    guard tasks[me].state != .dead else { return }
    if tasks[me].tid != processes[tasks[me].process].pid {
      endTask(me)
    } else {
      endProcess(tasks[me].process, status: (status & 0xff) << 8)
      endTask(me)
    }
  }

  /// What ks.task and :ps show.
  public struct TaskView: Sendable {
    public let pid: Int32
    public let tid: Int32
    public let parent: Int32?
    /// "runnable", "blocked", "settling", "stopped" or "zombie".
    public let state: String
    public let uid: UInt32
    public let gid: UInt32
    /// The call it sleeps in.
    public let blockedIn: String?
    /// The same with its arguments, descriptors shown with what they name.
    public let call: String?
    public let descriptors: [(number: Int, name: String)]
  }

  public func describe(_ task: TaskID) -> TaskView {
    let process = tasks[task].process
    let isDead = tasks[task].state == .dead
    var descriptors: [(Int, String)] = []
    if !isDead {
      let table = fileTables[tasks[task].files]
      for number in 0..<table.descriptors.count {
        if let file = table.descriptors[number].file { descriptors.append((number, name(of: file))) }
      }
    }
    let call = tasks[task].call
    return TaskView(
      pid: processes[process].pid, tid: tasks[task].tid, parent: processes[process].parent.map { processes[$0].pid },
      state: isDead ? "zombie" : "\(tasks[task].state)", uid: tasks[task].credentials.uid,
      gid: tasks[task].credentials.gid,
      blockedIn: call.map { Syscall.all[calls[$0].index].name }, call: call.map { describe($0, of: task) },
      descriptors: descriptors)
  }

  /// A waiting call as strace shows it with -y: descriptors with what they name.
  private func describe(_ call: ID<Call>, of task: TaskID) -> String {
    let declaration = Syscall.all[calls[call].index]
    let arguments = calls[call].withArguments { arguments in
      var parts = declaration.describe(arguments)
      if let first = declaration.parameters.first, case .descriptor = first.kind,
        let file = fileTables[tasks[task].files].file(Int32(truncatingIfNeeded: arguments[0].word))
      {
        let number = "\(arguments[0].word)"
        if parts.hasPrefix(number) { parts = number + "<" + name(of: file) + ">" + parts.dropFirst(number.count) }
      }
      return parts
    }
    return "\(declaration.name)(\(arguments))"
  }

  /// How many System V objects there are, and of what belongs to them.
  package var ipcCounts: (namespaces: Int, sets: Int, segments: Int, pending: Int, undos: Int) {
    let alone = semaphoreSets.ids.count { semaphoreSets[$0].sole != nil }
    return (
      ipcNamespaces.count, semaphoreSets.count, sharedSegments.count, pendingOperations.count + alone,
      semaphoreUndos.count
    )
  }

  /// All tasks, by tid.
  public var taskIDs: [TaskID] { tasks.ids.sorted { tasks[$0].tid < tasks[$1].tid } }
  public func isBlocked(_ task: TaskID) -> Bool { tasks[task].state == .blocked || tasks[task].state == .stopped }
}

extension Syscall {
  /// The answer of a successful call as strace prints it.
  public func describe(reply: Reply, bytes: ByteView) -> String {
    switch results.first?.kind {
    case .bytes?: return Trace.quote(bytes, limit: Trace.stringLimit)
    case .transfer? where reply.hasBytes: return Trace.quote(bytes, limit: Trace.stringLimit) + " = \(reply.words[0])"
    case .structure(let layout)? where bytes.count >= layout.size: return Trace.structure(bytes, layout)
    default: break
    }
    let words = results.filter { if case .integer = $0.kind { true } else { false } }.count
    guard words > 1 else { return "\(reply.words[0])" }
    return "[" + (0..<min(words, 4)).map { "\(reply.words[$0])" }.joined(separator: ", ") + "]"
  }
}

extension Kernel {
  /// What a sleeping task waits for, in words, for the deadlock report.
  public func reasonForWaiting(_ task: TaskID) -> String {
    if tasks[task].state == .stopped { return "is stopped, and nobody sends SIGCONT" }
    if let list = tasks[task].waitsForLock { return reasonForLock(list, task) }
    if let call = tasks[task].call, let child = calls[call].context.vforkChild {
      return "waits for the end of task \(child.pid)"
    }
    switch tasks[task].awaited {
    case .semaphores(let id):
      let pending = pendingOperations[id]
      return reasonForSemaphore(pending.set, pending.operations[pending.blocking])
    case .soleOperation(let set): if let sole = semaphoreSets[set].sole { return reasonForSemaphore(set, sole.only) }
    case .message(let sleeper): return reasonForQueue(sleeper)
    case .soleReceiver(let queue): return reasonForReceiver(queue)
    case .bytes(let pipe): return "waits for a writer: " + holders(of: pipe, writers: true, for: task)
    case .nothing, .arrived, .outcome, .handed: break
    }
    guard let queue = tasks[task].sleepsAloneOn ?? tasks[task].firstWaiter.map({ waiters[$0].queue }) else {
      return "waits for a signal"
    }
    for pipe in pipes.ids {
      if pipes[pipe].readable == queue { return "waits for a writer: " + holders(of: pipe, writers: true, for: task) }
      if pipes[pipe].writable == queue { return "waits for a reader: " + holders(of: pipe, writers: false, for: task) }
    }
    for process in processes.ids where processes[process].childChanged == queue { return "waits for a child" }
    return "waits for what no task will do"
  }

  private func reasonForSemaphore(_ set: ID<SemaphoreSet>, _ operation: SemaphoreOperation) -> String {
    let semaphore = semaphoreSets[set].semaphores[operation.index]
    let wanted = operation.change == 0 ? "be 0" : "reach \(-Int(operation.change))"
    let last = semaphore.pid == 0 ? "and nobody has touched it" : "and process \(semaphore.pid) came to it last"
    return "waits for semaphore \(operation.index) to \(wanted): it is \(semaphore.value), \(last)"
  }

  private func reasonForLock(_ list: ID<LockList>, _ task: TaskID) -> String {
    guard let request = lockLists[list].waiting.first(where: { $0.task == task }),
      let obstacle = lockLists[list].obstacle(to: request.lock, request.family)
    else { return "waits for a lock behind others" }
    return obstacle.pid > 0
      ? "waits for a lock that process \(obstacle.pid) holds" : "waits for a lock that another open file holds"
  }

  /// Who could end the wait: the descriptors that hold the other end.
  private func holders(of pipe: ID<Pipe>, writers: Bool, for task: TaskID) -> String {
    var found: [(tid: Int32, number: Int)] = []
    for other in taskIDs where tasks[other].state != .dead {
      let table = fileTables[tasks[other].files]
      for number in 0..<table.descriptors.count {
        guard let file = table.descriptors[number].file else { continue }
        switch files[file].object {
        case .pipeWriter(pipe) where writers, .pipeReader(pipe) where !writers: found.append((tasks[other].tid, number))
        default: break
        }
      }
    }
    let end = writers ? "write end" : "read end"
    guard let first = found.first else { return "no \(end) is open" }
    let own = tasks[task].tid
    if found.count == 1 {
      return first.tid == own
        ? "the only \(end) is its own fd \(first.number)" : "the only \(end) is fd \(first.number) of task \(first.tid)"
    }
    let shown = found.prefix(3).map { $0.tid == own ? "its own fd \($0.number)" : "fd \($0.number) of task \($0.tid)" }
    return "the \(found.count) \(end)s are " + shown.joined(separator: ", ") + (found.count > 3 ? ", ..." : "")
  }
}
