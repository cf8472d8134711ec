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
