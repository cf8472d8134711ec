public typealias TaskID = ID<Kernel.Task>

/// An emulated Linux kernel, as one value.
///
/// Everything it knows is in the slabs and the few plain values below: no object refers to another but by ID. So a
/// second kernel with the same contents costs one reference a slab, and nothing outside needs to be saved to bring one
/// back. A kernel belongs to one thread at a time.
public struct Kernel: ~Copyable {
  // Processes
  @usableFromInline var tasks = Slab<Task>()
  var processes = Slab<Process>()
  var signalHandlers = Slab<SignalHandlers>()
  var processGroups = Slab<ProcessGroup>()
  var processTimers = Slab<ProcessTimers>()
  var pids = ChunkedArray<PIDEntry>()
  var lastPID: Int32 = 0
  var lastInodeNumber: UInt64 = 0
  // Calls that wait, and whom they wait for
  var calls = Slab<Call>()
  var waitQueues = Slab<WaitQueue>()
  var waiters = Slab<Waiter>()
  // Files
  var fileTables = Slab<FileTable>() { didSet { descriptorShortcuts.forget() } }
  var files = Slab<OpenFile>()
  var pipes = Slab<Pipe>()
  var eventCounters = Slab<EventCounter>()
  var timerFiles = Slab<TimerFile>()
  var epolls = Slab<Epoll>()
  var epollItems = Slab<EpollItem>()
  var signalDescriptors = Slab<SignalDescriptor>()
  var sequenceFiles = Slab<SequenceFile>()
  var sockets = Slab<Sock>()
  var pollTables = Slab<PollTable>()
  var lockLists = Slab<LockList>()
  /// Locks on files that have no inode of their own.
  var anonymousLocks: ID<LockList>?
  var console = Console()
  var fileSystems = Slab<FileSystem>()
  var mounts = Slab<Mount>()
  var dentries = Slab<Dentry>()
  var dentryTable = DentryTable()
  var inodes = Slab<Inode>()
  var fileSystemContexts = Slab<FileSystemContext>()
  var lastDevice: UInt64 = 0
  /// The root of the tree, and where memfds live.
  var rootMount: ID<Mount>?
  var memoryMount: ID<Mount>?
  /// Dentries of /proc made by the last walk; those that nobody came to hold end with the next.
  var passing: [ID<Dentry>] = []
  /// Those of files of /proc that belong to no process, by their place in SystemNode.all; made by the first walk there.
  var systemDentries: [ID<Dentry>?] = []
  // System V objects and message queues
  var ipcNamespaces = Slab<IPCNamespace>() {
    didSet { (queueShortcuts, setShortcuts) = (IPCShortcuts(), IPCShortcuts()) }
  }
  var posixQueues = Slab<PosixQueue>()
  var queueCharges: [QueueCharge] = []
  var messageQueues = Slab<MessageQueue>()
  var messages = MessageStore()
  var queueSleepers = Slab<QueueSleeper>()
  var semaphoreSets = Slab<SemaphoreSet>()
  var pendingOperations = Slab<PendingOperation>()
  var undoLists = Slab<UndoList>()
  var semaphoreUndos = Slab<SemaphoreUndo>()
  var sharedSegments = Slab<SharedSegment>()
  // Memory
  var addressSpaces = Slab<AddressSpace>()
  var memories = Slab<Memory>()
  // Time, chance and order
  var now: Int64 = 0
  var timers = TimerQueue()
  /// Where those sleep who must know when the real-time clock is set; made by the first.
  var clockWasSet: ID<WaitQueue>?
  var runQueue = RunQueue()
  var random: Random
  @usableFromInline var policy: Policy
  var settling: [TaskID] = []
  @usableFromInline var callCount = 0

  /// What the scripts' wall clock shows when the monotonic clock shows 0, in ns since 1970.
  var epoch: Int64

  /// The bodies of the calls: the same for every kernel but one with a planted mistake.
  @usableFromInline var performers = Syscall.performers

  // Of the call being performed, and so not state: the reply, its bytes, and what the body needs to know.
  @usableFromInline var reply = Reply()
  @usableFromInline let output = ByteBuffer()
  @usableFromInline var current = CallContext()
  /// Why the body that was performed last has not answered, if it has not.
  @usableFromInline var stop = Stop.ended
  /// Never set. A weak reference makes the type address-only: the compiler then passes a borrowed kernel by its
  /// address, where it would otherwise copy all 400 bytes to the stack for each method that only reads (a third of a
  /// call's time).
  private weak var addressOnly: ByteBuffer?
  /// A page that a pipe let go, for the next one that needs a page; its bytes mean nothing.
  var sparePage: Page?
  /// The objects that were used last; forgotten with any change to a namespace.
  var queueShortcuts = IPCShortcuts<MessageQueue>()
  var setShortcuts = IPCShortcuts<SemaphoreSet>()
  var descriptorShortcuts = DescriptorShortcuts()
  /// The pieces of a vector that are still to be transferred, last one first.
  var pendingPieces: [Piece] = []
  /// Where the walks over wait queues stand that a wake-up is in the middle of.
  var walks: [ID<Waiter>?] = []
  /// Whether the running task can be made to wait; not inside a callback that its interpreter cannot suspend.
  public var canSleep = true
  /// What was written to the console and not yet taken by the machine.
  var consoleOutput: [(Console.Stream, [UInt8])] = [] { didSet { needsNotice = true } }
  /// A task was made or something written to the console since the machine last looked.
  public var needsNotice = false
  /// The task that the call just performed has created.
  public internal(set) var spawned: TaskID? { didSet { needsNotice = true } }
  /// What the task runs from now on whose call has just been performed.
  var newProgram: NewProgram? { didSet { needsNotice = true } }
  /// Whether `schedule` leaves the clock where it is, so that sleepers sleep on; a session does so between its lines.
  public var isClockHeld = false
  /// Whether somebody traces: only then is anything put into `observations`.
  public var isWatched = false
  var observations: [Observation] = []
  /// How many bytes the pages of files and mappings may take on the host; and whether a page was refused for that.
  public var memoryLimit = Int.max {
    didSet { pageAlarm = memoryLimit == .max ? .max : pagesMade + memoryLimit / Page.size }
  }
  public internal(set) var isOutOfMemory = false { didSet { needsNotice = true } }
  /// Pages made so far, and how many there will be when those that are left are to be counted again.
  var pagesMade = 0
  var pageAlarm = Int.max
  /// Tasks that ended since the machine last looked.
  @usableFromInline var endedTasks: [TaskID] = []

  /// - Parameters:
  ///   - seed: of the one generator that everything random comes from.
  ///   - policy: who runs next when several can.
  ///   - epoch: the real-time clock at the start, in ns since 1970; by default 2026-01-01 00:00 UTC.
  public init(seed: UInt64 = 0, policy: Policy = .fifo, epoch: Int64 = 1_767_225_600_000_000_000) {
    random = Random(seed: seed)
    self.policy = policy
    self.epoch = epoch
  }

  /// A second kernel with the same contents, in time proportional to the number of slabs: pages are shared until one
  /// side writes to them.
  public borrowing func snapshot() -> Kernel {
    var copy = Kernel(seed: 0, policy: policy, epoch: epoch)
    copy.tasks = tasks.copy()
    copy.processes = processes.copy()
    copy.signalHandlers = signalHandlers.copy()
    copy.processGroups = processGroups.copy()
    copy.processTimers = processTimers.copy()
    copy.pids = pids
    copy.lastPID = lastPID
    copy.lastInodeNumber = lastInodeNumber
    copy.calls = calls.copy()
    copy.waitQueues = waitQueues.copy()
    copy.waiters = waiters.copy()
    copy.fileTables = fileTables.copy()
    copy.files = files.copy()
    copy.pipes = pipes.copy()
    copy.eventCounters = eventCounters.copy()
    copy.timerFiles = timerFiles.copy()
    copy.epolls = epolls.copy()
    copy.epollItems = epollItems.copy()
    copy.signalDescriptors = signalDescriptors.copy()
    copy.sequenceFiles = sequenceFiles.copy()
    copy.sockets = sockets.copy()
    copy.pollTables = pollTables.copy()
    copy.lockLists = lockLists.copy()
    copy.anonymousLocks = anonymousLocks
    copy.console = console
    copy.fileSystems = fileSystems.copy()
    copy.mounts = mounts.copy()
    copy.dentries = dentries.copy()
    copy.dentryTable = dentryTable
    copy.inodes = inodes.copy()
    copy.fileSystemContexts = fileSystemContexts.copy()
    copy.lastDevice = lastDevice
    copy.rootMount = rootMount
    copy.memoryMount = memoryMount
    copy.passing = passing
    copy.systemDentries = systemDentries
    copy.ipcNamespaces = ipcNamespaces.copy()
    copy.posixQueues = posixQueues.copy()
    copy.queueCharges = queueCharges
    copy.messageQueues = messageQueues.copy()
    copy.messages = messages.copy()
    copy.queueSleepers = queueSleepers.copy()
    copy.semaphoreSets = semaphoreSets.copy()
    copy.pendingOperations = pendingOperations.copy()
    copy.undoLists = undoLists.copy()
    copy.semaphoreUndos = semaphoreUndos.copy()
    copy.sharedSegments = sharedSegments.copy()
    copy.addressSpaces = addressSpaces.copy()
    copy.memories = memories.copy()
    copy.now = now
    copy.timers = timers
    copy.clockWasSet = clockWasSet
    copy.runQueue = runQueue
    copy.random = random
    copy.settling = settling
    copy.callCount = callCount
    copy.performers = performers
    copy.memoryLimit = memoryLimit
    return copy
  }
}

extension Kernel {
  /// A number for a file that has none yet. Linux: get_next_ino().
  mutating func nextInodeNumber() -> UInt64 {
    lastInodeNumber += 1
    return lastInodeNumber
  }
}

/// A splitmix64 generator: one word of state, the same numbers everywhere.
public struct Random: Sendable {
  private var state: UInt64
  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }

  /// A number from 0 up to but not including `bound`.
  public mutating func below(_ bound: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(bound)).high) }
}
