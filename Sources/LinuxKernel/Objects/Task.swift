extension Kernel {
  /// What Linux schedules: a process' one thread, or one of several. Linux: struct task_struct.
  public struct Task {
    public enum State: Sendable {
      /// Can go on, and stands in the run queue unless it is the one running.
      case runnable
      /// Sleeps in a call.
      case blocked
      /// Waits in ks.settle() until all others sleep.
      case settling
      /// Stopped by a signal. A call that was cut short is performed again when the task goes on.
      case stopped
      /// Has ended. The entry stays while its process is a zombie.
      case dead
    }

    public internal(set) var tid: Int32
    public internal(set) var process: ID<Process>
    /// The number of that process. Linux: tgid.
    var processNumber: Int32
    public internal(set) var state = State.runnable
    var files: ID<FileTable>
    var fileSystem: ID<FileSystemContext>
    var memory: ID<AddressSpace>
    var ipcNamespace: ID<IPCNamespace>
    public internal(set) var credentials: Credentials
    /// The call it sleeps in or is to perform again.
    @Packed var call: ID<Call>?
    /// The place of a call that is over, for the next one that has to wait.
    @Packed var spareCall: ID<Call>?
    @Packed var firstWaiter: ID<Waiter>?
    /// The queue that it sleeps on as the only one, without an entry; then it sleeps on no other.
    @Packed var sleepsAloneOn: ID<WaitQueue>?
    /// Who waits in vfork for its end.
    var vforkParent: TaskID?
    /// Where it has asked for a lock and not yet got it.
    var waitsForLock: ID<LockList>?
    /// What stands elsewhere for the call that it sleeps in, or has come of that.
    var awaited = Awaited.nothing
    /// What its process takes back of semaphore operations at the end; made by the first with SEM_UNDO.
    var undoList: ID<UndoList>?
    /// Distinguishes this sleep from earlier ones, so that a timer set for those is recognised as stale.
    var sleepNumber: UInt32 = 0
    /// Something is to be looked at before the task returns from a call (TIF_SIGPENDING).
    @usableFromInline var needsAttention = false
    /// Whether it waits in the run queue.
    var isQueued = false
    var signals = TaskSignals()
    /// Its place among the threads of its process, oldest first.
    var previousThread: TaskID?
    var nextThread: TaskID?
    /// For the pct policy: the greater runs first.
    var priority = 0
    var niceness: Int8 = 0
    /// PR_SET_PDEATHSIG: what it gets when its parent ends; 0 for nothing.
    var parentDeathSignal: Int8 = 0
    /// PR_SET_NAME: at most 15 bytes, shared with the task it was copied from.
    var name: [UInt8] = Array("kscript".utf8)
    /// TASK_COMM_LEN without its NUL.
    static let nameLimit = 15
    /// Where to write 0 when the task ends (CLONE_CHILD_CLEARTID, set_tid_address); 0 for nowhere.
    var clearChildTID: UInt64 = 0
  }
}

/// What others see to while a task sleeps. When they have completed its call, the call is answered without being
/// performed again.
enum Awaited {
  case nothing
  /// Its operations on semaphores are pending.
  case semaphores(ID<PendingOperation>)
  /// The same, where no others are pending on their set.
  case soleOperation(ID<SemaphoreSet>)
  /// It stands in line at a message queue, or is to look there again.
  case message(ID<QueueSleeper>)
  /// It is the only one who waits for a message there.
  case soleReceiver(ID<MessageQueue>)
  /// It is the only one who waits for bytes of this pipe.
  case bytes(ID<Pipe>)
  /// The pipe has got bytes since: its call is most likely to be complete with them.
  case arrived
  /// Its call is complete: it answers 0, or fails.
  case outcome(Errno?)
  /// It was handed a message, which it owns from then on; `isPOSIX` says which kind of queue that came from.
  case handed(MessageNumber, isPOSIX: Bool)
}

/// How a task goes on whose turn it is.
enum Turn {
  /// There is more to be looked at.
  case other
  /// It performs its call again.
  case performs(ID<Call>)
  /// The same, but the call is over if the bytes that it waited for can be its answer, and counts as that already.
  case reads(ID<Call>, isPlaceKept: Bool)
  /// Its call was completed while it slept: with `outcome` or `handed`. `isPlaceKept`: as `callEnded` says.
  case answers(ID<Call>, Awaited, isPlaceKept: Bool)
}

extension Kernel.Task {
  /// It stands at a message queue.
  @inline(__always) var isAtQueue: Bool {
    switch awaited {
    case .message, .soleReceiver: true
    case .nothing, .semaphores, .soleOperation, .bytes, .arrived, .outcome, .handed: false
    }
  }

  /// Somebody has completed the call that it sleeps in, or slept in before it was woken for something else.
  @inline(__always) var isAnswered: Bool {
    switch awaited {
    case .outcome, .handed: true
    case .nothing, .semaphores, .soleOperation, .message, .soleReceiver, .bytes, .arrived: false
    }
  }

  /// The answer that others have given its call, if they have: it is told once.
  @inline(__always) mutating func takeAnswer() -> Awaited? {
    guard isAnswered else { return nil }
    defer { awaited = .nothing }
    return awaited
  }
}

// What changes together changes in one access: each pays for the check that no snapshot shares the task's page.
extension Kernel.Task {
  /// Falls asleep in a call that takes the spare place, which this returns, and the descriptor table. nil where more is
  /// to be looked at, and nothing has changed.
  @inline(__always)
  mutating func fallAsleepAtOnce(aloneOn queue: ID<WaitQueue>?) -> (call: ID<Call>, files: ID<FileTable>)? {
    guard !needsAttention, firstWaiter == nil, let place = spareCall else { return nil }
    call = place
    spareCall = nil
    sleepsAloneOn = queue
    state = .blocked
    return (place, files)
  }

  /// The same, where the task stands alone at an object that will complete its call.
  @inline(__always)
  mutating func fallAsleepAtOnce(_ awaited: Awaited) -> (call: ID<Call>, files: ID<FileTable>)? {
    guard !needsAttention, let place = spareCall else { return nil }
    call = place
    spareCall = nil
    self.awaited = awaited
    state = .blocked
    return (place, files)
  }

  @inline(__always) mutating func fallAsleep(in call: ID<Call>, aloneOn queue: ID<WaitQueue>?) {
    self.call = call
    sleepsAloneOn = queue
    if spareCall == call { spareCall = nil }
    state = .blocked
  }

  /// Ends a sleep. Tells what stands on wait queues for it, and whether it is to be put into the run queue.
  @inline(__always) mutating func wakeUp() -> (waiter: ID<Waiter>?, queue: ID<WaitQueue>?, entersQueue: Bool) {
    let waiter = firstWaiter, queue = sleepsAloneOn
    firstWaiter = nil
    return (waiter, queue, wakeFromAlone())
  }

  /// Ends a sleep on a queue that has let go of the task already. Tells whether it is to be put into the run queue.
  @inline(__always) mutating func wakeFromAlone() -> Bool {
    let entersQueue = !isQueued
    sleepsAloneOn = nil
    sleepNumber &+= 1
    state = .runnable
    isQueued = true
    return entersQueue
  }

  /// Ends a sleep that only its queue of messages or semaphores knows of, since its call is complete. nil where it was
  /// woken before, or stands on wait queues too. Tells the number of its process, and whether it is to be put into the
  /// run queue.
  @inline(__always) mutating func wakeUp(with answer: Awaited) -> (pid: Int32, entersQueue: Bool)? {
    awaited = answer
    guard state == .blocked, firstWaiter == nil, sleepsAloneOn == nil else { return nil }
    let entersQueue = !isQueued
    sleepNumber &+= 1
    state = .runnable
    isQueued = true
    return (processNumber, entersQueue)
  }

  /// Ends the sleep of one that stood alone, since its call is complete or there is what it waits for. nil where it was woken before. Tells
  /// whether it is to be put into the run queue.
  @inline(__always) mutating func wakeUpAlone(with answer: Awaited) -> Bool? {
    awaited = answer
    guard state == .blocked else { return nil }
    let entersQueue = !isQueued
    sleepNumber &+= 1
    state = .runnable
    isQueued = true
    return entersQueue
  }

  /// The call that it is to perform again, if nothing else is to be looked at first.
  @inline(__always) var callToPerform: ID<Call>? { needsAttention ? nil : call }

  /// Waits no more as the only one for bytes of a pipe; returns the pipe if it did.
  @inline(__always) mutating func forgetBytes() -> ID<Pipe>? {
    guard case .bytes(let pipe) = awaited else { return nil }
    awaited = .nothing
    return pipe
  }

  /// It was taken from the run queue. Tells whether it can go on.
  @inline(__always) mutating func leaveQueue() -> Bool {
    isQueued = false
    return state == .runnable
  }

  /// The same, where it can go on and has nothing to do but to end its call or to perform it again; `other` leaves it
  /// where it is.
  @inline(__always) mutating func leaveQueueForCall() -> Turn {
    guard state == .runnable, let call = callToPerform else { return .other }
    isQueued = false
    switch awaited {
    case .outcome, .handed:
      let answer = awaited
      awaited = .nothing
      return .answers(call, answer, isPlaceKept: callEnded(call).isPlaceKept)
    case .arrived:
      awaited = .nothing
      return .reads(call, isPlaceKept: callEnded(call).isPlaceKept)
    case .nothing, .semaphores, .soleOperation, .message, .soleReceiver, .bytes: return .performs(call)
    }
  }

  /// The call is not over after all.
  mutating func callGoesOn(_ id: ID<Call>, wasPlaceKept: Bool) {
    call = id
    if wasPlaceKept { spareCall = nil }
  }

  /// Its call has answered. Tells whether the call's place is kept for the next one, and `needsAttention`.
  @inline(__always) mutating func callEnded(_ id: ID<Call>) -> (isPlaceKept: Bool, needsAttention: Bool) {
    call = nil
    guard spareCall == nil else { return (false, needsAttention) }
    spareCall = id
    return (true, needsAttention)
  }
}

/// Who a task acts as. Linux: struct cred.
public struct Credentials: Equatable, Sendable {
  public internal(set) var uid: UInt32 = 0, euid: UInt32 = 0, suid: UInt32 = 0, fsuid: UInt32 = 0
  public internal(set) var gid: UInt32 = 0, egid: UInt32 = 0, sgid: UInt32 = 0, fsgid: UInt32 = 0
  public internal(set) var groups: [UInt32] = []
  public internal(set) var effective: UInt64
  public internal(set) var permitted: UInt64
  public internal(set) var inheritable: UInt64 = 0
  public internal(set) var ambient: UInt64 = 0
  /// What can still be gained by execve and capset. Linux: cap_bset.
  public internal(set) var bounding: UInt64
  public internal(set) var secureBits: UInt32 = 0

  /// Those of the first process: root with the capabilities given.
  init(capabilities: UInt64 = Capability.all) {
    (effective, permitted, bounding) = (capabilities, capabilities, capabilities)
  }

  /// SECBIT_KEEP_CAPS.
  static let keepCapabilities: UInt32 = 1 << 4

  func has(_ capability: Capability) -> Bool { effective & (1 << UInt64(capability.rawValue)) != 0 }
  /// Whether all of `other`'s capabilities are among these permitted ones. Linux: cred_cap_issubset() without
  /// namespaces.
  func permits(_ other: Credentials) -> Bool { other.permitted & ~permitted == 0 }
  func isInGroup(_ group: UInt32) -> Bool { fsgid == group || groups.contains(group) }
  func isEffectivelyInGroup(_ group: UInt32) -> Bool { egid == group || groups.contains(group) }
}

/// Linux: include/uapi/linux/capability.h.
enum Capability: Int, Sendable {
  case chown = 0, dacOverride = 1, dacReadSearch = 2, fowner = 3, fsetid = 4, kill = 5, setgid = 6, setuid = 7
  case setpcap = 8, linuxImmutable = 9, netBindService = 10, netBroadcast = 11, netAdmin = 12, netRaw = 13
  case ipcLock = 14, ipcOwner = 15, sysModule = 16, sysRawio = 17, sysChroot = 18, sysPtrace = 19, sysPacct = 20
  case sysAdmin = 21, sysBoot = 22, sysNice = 23, sysResource = 24, sysTime = 25, sysTTYConfig = 26, mknod = 27
  case lease = 28, auditWrite = 29, auditControl = 30, setfcap = 31, macOverride = 32, macAdmin = 33, syslog = 34
  case wakeAlarm = 35, blockSuspend = 36, auditRead = 37, perfmon = 38, bpf = 39, checkpointRestore = 40

  static let all: UInt64 = (1 << 41) - 1
}

/// Tasks that share a pid, signals and a parent. Linux: struct signal_struct.
public struct Process {
  public internal(set) var pid: Int32
  public internal(set) var parent: ID<Process>?
  /// The thread of the parent that made it, or has taken it over. Linux: real_parent.
  var parentThread: TaskID?
  // Children of all its threads, as a list threaded through them: those of one thread in the order in which it got
  // them.
  var firstChild: ID<Process>?
  var lastChild: ID<Process>?
  var previousSibling: ID<Process>?
  var nextSibling: ID<Process>?
  /// Its threads, the leader first: a leader that has ended stays until the others have.
  var firstThread: TaskID?
  var lastThread: TaskID?
  /// Threads that have not ended.
  var threadCount = 1
  public internal(set) var group: Int32
  public internal(set) var session: Int32
  // Its place among the members of its group, newest first.
  var previousInGroup: ID<Process>?
  var nextInGroup: ID<Process>?
  /// What it does on each signal; processes made by CLONE_SIGHAND share it.
  var handlers: ID<SignalHandlers>
  /// The signal that the parent gets at the end; 0 for none.
  var exitSignal: Int32 = 17
  public internal(set) var status = ProcessStatus.running
  /// A stop or continue that the parent has not yet been told by wait.
  var unreportedStop: Int32?
  var unreportedContinue = false
  /// It goes on after a stop, and none of its threads has run yet.
  var hasUntoldContinue = false
  var isSubreaper = false
  /// Whether there may be a subreaper above it: only then is one looked for.
  var hasSubreaperAbove = false
  /// It has run another program since it was made. Linux: PF_FORKNOEXEC is gone.
  var hasExecuted = false
  /// How often it or those it descends from have done so, and what that was for its parent when it was made. Linux:
  /// self_exec_id, parent_exec_id.
  var executionCount: UInt32 = 0
  var parentExecutionCount: UInt32 = 0
  /// A first exec or exit_group has begun: its threads are ending.
  var groupExitStatus: Int32?
  /// Where wait(2) of this process sleeps.
  var childChanged: ID<WaitQueue>
  /// The group of the child that was last told of there.
  var lastToldGroup: Int32 = 0
  var signals = ProcessSignals()
  /// Interval timers and POSIX timers, from the first one set.
  var timers: ID<ProcessTimers>?
  /// Shared by reference between processes that never changed theirs.
  var limits = ResourceLimits.initial
}

public enum ProcessStatus: Equatable, Sendable {
  case running
  /// Stopped by the signal.
  case stopped(Int32)
  /// Has ended with this wait status (as in wait(2)), and waits for its parent.
  case zombie(Int32)
}

/// RLIMIT_*: soft and hard limits by number. Linux: include/asm-generic/resource.h (INIT_RLIMITS).
struct ResourceLimits: Sendable {
  static let infinity = UInt64.max
  var soft: [UInt64]
  var hard: [UInt64]

  static let nofile = 7, fsize = 1, stack = 3, nproc = 6, memlock = 8, sigpending = 11, msgqueue = 12, nice = 13

  static let initial: ResourceLimits = {
    var limits = ResourceLimits(
      soft: Array(repeating: infinity, count: 16), hard: Array(repeating: infinity, count: 16))
    (limits.soft[3], limits.hard[3]) = (8 << 20, infinity)
    (limits.soft[4], limits.hard[4]) = (0, infinity)
    (limits.soft[nofile], limits.hard[nofile]) = (1024, 4096)
    (limits.soft[memlock], limits.hard[memlock]) = (8 << 20, 8 << 20)
    (limits.soft[sigpending], limits.hard[sigpending]) = (1 << 20, 1 << 20)
    (limits.soft[msgqueue], limits.hard[msgqueue]) = (819_200, 819_200)
    (limits.soft[13], limits.hard[13]) = (0, 0)
    (limits.soft[14], limits.hard[14]) = (0, 0)
    return limits
  }()
}

extension Kernel {
  /// The process of a task.
  @inline(__always) func process(of task: TaskID) -> ID<Process> { tasks[task].process }

  /// The task whose pid or tid is `number`, unless it has ended and been waited for.
  public func task(_ number: Int32) -> TaskID? {
    guard number > 0, Int(number) < pids.count else { return nil }
    return pids[Int(number)].task
  }

  /// The process whose pid is `number`; a tid that is no pid names none.
  func process(_ number: Int32) -> ID<Process>? {
    guard let task = task(number), processes[tasks[task].process].pid == number else { return nil }
    return tasks[task].process
  }

  /// What a task's process does on a signal. Linux: tsk->sighand.
  @inline(__always) func handlers(of task: TaskID) -> ID<SignalHandlers> { processes[tasks[task].process].handlers }

  /// The threads of a process, in the order of their creation.
  func threads(of process: ID<Process>) -> [TaskID] {
    var list: [TaskID] = []
    var next = processes[process].firstThread
    while let task = next {
      list.append(task)
      next = tasks[task].nextThread
    }
    return list
  }

  /// The lowest free pid above the last one given out. Linux: alloc_pid(), cyclic, from 300 on again after a wrap.
  mutating func allocatePID() throws(Stop) -> Int32 {
    let limit: Int32 = 4_194_304
    var candidate = lastPID + 1
    for _ in 0..<limit {
      if candidate >= limit { candidate = 300 }
      pids.grow(to: Int(candidate) + 1, filler: PIDEntry())
      if pids[Int(candidate)].isFree {
        lastPID = candidate
        return candidate
      }
      candidate += 1
    }
    throw .errno(.EAGAIN)
  }

  /// Makes task 1, init of the kernel, and returns it.
  ///
  /// - Parameter capabilities: what the first process may do, as capabilities(7) numbers them; all by default.
  public mutating func boot(capabilities: UInt64 = .max) -> TaskID {
    precondition(lastPID == 0, "a kernel boots once")
    let process = processes.insert(
      Process(
        pid: 1, group: 1, session: 1, handlers: signalHandlers.insert(SignalHandlers()),
        childChanged: waitQueues.insert(WaitQueue())))
    // init of its pid namespace: what it does not handle does not touch it (SIGNAL_UNKILLABLE).
    processes[process].signals.isUnkillable = true
    let task = Task(
      tid: 1, process: process, processNumber: 1, files: fileTables.insert(FileTable()), fileSystem: makeInitialTree(),
      memory: addressSpaces.insert(AddressSpace()), ipcNamespace: makeIPCNamespace(),
      credentials: Credentials(capabilities: capabilities & Capability.all))
    mountInitialQueues(of: task.ipcNamespace)
    // The first namespace is never freed. Linux: init_ipc_ns.
    _ = share(task.ipcNamespace)
    let id = tasks.insert(task)
    processes[process].firstThread = id
    processes[process].lastThread = id
    pids.grow(to: 2, filler: PIDEntry())
    pids[1].task = id
    // It leads a session and a group of its own, as who starts a container has it call setsid().
    join(process, group: 1, session: 1)
    lastPID = 1
    openConsole(for: id)
    start(id)
    return id
  }
}
