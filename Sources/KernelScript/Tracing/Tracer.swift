import LinuxKernel

/// One call of a task, while it is performed and after.
public struct TracedCall: Sendable {
  public let tid: Int32
  public let pid: Int32
  public internal(set) var trace: CallTrace
  /// Virtual times in ns at which it was made and answered.
  public let began: Int64
  public internal(set) var ended: Int64
  /// Positions in the order of all events.
  public let beganOrder: Int
  public internal(set) var endedOrder: Int
  /// The real-time clock in ns when it was made.
  public let realTime: Int64
  public internal(set) var ending = Ending.pending
  /// "file:line" of the script.
  public let place: String
  /// Whether its task slept in it.
  public internal(set) var hasWaited = false
  /// The tasks whose sleep it ended.
  public internal(set) var woken: [Int32] = []
  /// The interrupted call that this one goes on with, as restart_syscall(2).
  public internal(set) var resumes: String?
  /// Why it may differ on another kernel, as the script says.
  public internal(set) var reason: String?

  public enum Ending: Sendable, Equatable {
    case pending
    case answered
    case failed(Int32)
    /// A signal cut it short; the kernel's own code for that, with strace's words.
    case interrupted(String)
    /// Its task ended in it.
    case never
  }

  public var name: String { trace.name }
}

/// What a trace is made of, in the order in which it happens.
public enum TraceEvent: Sendable {
  case began(TracedCall)
  case ended(TracedCall)
  case started(TraceMoment)
  case signalled(TraceMoment, SignalInfo)
  case handlerReturned(TraceMoment, errno: Int32, value: Int64)
  case woken(TraceMoment, by: Int32?)
  /// With the status as wait(2) tells it.
  case exited(TraceMoment, status: Int32)
  /// A message queue holds so many messages from now on.
  case queueDepth(TraceMoment, queue: String, messages: Int)
}

/// When and to whom something happened.
public struct TraceMoment: Sendable {
  public let tid: Int32
  public let pid: Int32
  public let time: Int64
  public let realTime: Int64
  public let order: Int
}

/// Turns what the kernel does into events.
struct Tracer {
  private var open: [Int32: TracedCall] = [:]
  private var pids: [Int32: Int32] = [:]
  /// What is told after the call has ended that brought it about.
  private var deferred: [TraceEvent] = []
  private var order = 0
  private let showsNames: Bool
  private let take: (TraceEvent) -> Void
  /// What scripts ask and are answered, for a comparison.
  let record: CallRecord?

  init(showsNames: Bool, record: CallRecord? = nil, take: @escaping (TraceEvent) -> Void) {
    self.showsNames = showsNames
    self.record = record
    self.take = take
  }

  private mutating func nextOrder() -> Int {
    order += 1
    return order
  }

  mutating func begin(
    _ kernel: borrowing Kernel, _ task: TaskID, _ index: Int, _ arguments: Arguments, where place: String,
    reason: String?
  ) {
    let tid = kernel.tid(of: task)
    pids[tid] = kernel.pid(of: task)
    let number = nextOrder()
    let call = TracedCall(
      tid: tid, pid: kernel.pid(of: task), trace: CallTrace(index, arguments, kernel, task, showsNames: showsNames),
      began: kernel.time, ended: kernel.time, beganOrder: number, endedOrder: number, realTime: kernel.realTime,
      place: place, reason: reason)
    open[tid] = call
    record?.begin(call)
    take(.began(call))
  }

  /// The task sleeps in its call.
  mutating func wait(_ tid: Int32) {
    open[tid]?.hasWaited = true
    record?.wait(tid)
  }

  /// The script gets its answer.
  func deliver(_ kernel: borrowing Kernel, _ task: TaskID, _ reply: Reply, _ bytes: ByteView) {
    record?.end(kernel.tid(of: task), reply, bytes, kernel, task)
  }

  mutating func end(_ kernel: borrowing Kernel, _ task: TaskID, _ reply: Reply, _ bytes: ByteView) {
    let tid = kernel.tid(of: task)
    if var call = open.removeValue(forKey: tid) {
      call.trace.answer(reply, bytes, kernel, task, showsNames: showsNames)
      call.ending = reply.errno == 0 ? .answered : .failed(reply.errno)
      finish(&call, at: kernel.time)
    }
    flush()
  }

  /// A task runs another program, and returns to none of the calls of the old one. It made the last as `tid`.
  mutating func replace(_ kernel: borrowing Kernel, _ task: TaskID, _ tid: Int32) {
    let reply = Reply(words: [0], errno: 0, hasBytes: false, extraResult: false)
    if var call = open.removeValue(forKey: tid) {
      call.trace.answer(reply, .empty, kernel, task, showsNames: showsNames)
      call.ending = .answered
      finish(&call, at: kernel.time)
    }
    interrupted[tid] = nil
    flush()
    record?.replace(tid, kernel, task)
  }

  private mutating func finish(_ call: inout TracedCall, at time: Int64) {
    call.ended = time
    call.endedOrder = nextOrder()
    take(.ended(call))
  }

  private mutating func flush() {
    guard !deferred.isEmpty else { return }
    let events = deferred
    deferred = []
    for event in events { take(event) }
  }

  private mutating func moment(_ tid: Int32, _ kernel: borrowing Kernel) -> TraceMoment {
    if let task = kernel.task(tid) { pids[tid] = kernel.pid(of: task) }
    return TraceMoment(
      tid: tid, pid: pids[tid] ?? tid, time: kernel.time, realTime: kernel.realTime, order: nextOrder())
  }

  /// Takes what the kernel has observed. `current` is the running task, nil while none runs.
  mutating func observe(_ observations: [Observation], _ kernel: borrowing Kernel, current: Int32?) {
    for observation in observations {
      switch observation {
      case .started(let tid): later(.started(moment(tid, kernel)), tid, current)
      case .woken(let tid):
        if let current { open[current]?.woken.append(tid) }
        take(.woken(moment(tid, kernel), by: current))
      case .answered(let tid, let reply, let bytes):
        if let task = kernel.task(tid) { bytes.withUnsafeBytes { end(kernel, task, reply, ByteView($0)) } }
      case .interrupted(let tid, let rule): interrupt(tid, rule, at: kernel.time)
      case .restarted(let tid): restart(tid, kernel)
      case .signalled(let tid, let info): later(.signalled(moment(tid, kernel), info), tid, current)
      case .handlerReturned(let tid, let reply):
        take(.handlerReturned(moment(tid, kernel), errno: reply?.errno ?? 0, value: reply?.value ?? 0))
      case .ended(let tid, let status):
        if var call = open.removeValue(forKey: tid) {
          call.ending = .never
          finish(&call, at: kernel.time)
        }
        interrupted[tid] = nil
        flush()
        take(.exited(moment(tid, kernel), status: status))
      case .queueDepth(let queue, let messages):
        take(.queueDepth(moment(current ?? 0, kernel), queue: queue, messages: messages))
      }
    }
  }

  /// A new task and a signal to a sleeper show when the call is over that they come from.
  private mutating func later(_ event: TraceEvent, _ tid: Int32, _ current: Int32?) {
    if let current, open[current] != nil { deferred.append(event) } else { take(event) }
  }

  private var interrupted: [Int32: TracedCall] = [:]

  private mutating func interrupt(_ tid: Int32, _ rule: Interruption, at time: Int64) {
    guard var call = open.removeValue(forKey: tid) else { return }
    switch rule {
    case .never: call.ending = .failed(Errno.EINTR.code)
    case .restart, .killable: call.ending = .interrupted("ERESTARTSYS (To be restarted if SA_RESTART is set)")
    case .restartUnlessHandled:
      call.ending = .interrupted(
        isResumed(call)
          ? "ERESTART_RESTARTBLOCK (Interrupted by signal)" : "ERESTARTNOHAND (To be restarted if no handler)")
    }
    interrupted[tid] = call
    finish(&call, at: time)
    flush()
  }

  /// Calls that go on with restart_syscall(2), since the time that is left changes.
  private func isResumed(_ call: TracedCall) -> Bool { ["nanosleep", "clock_nanosleep", "poll"].contains(call.name) }

  private mutating func restart(_ tid: Int32, _ kernel: borrowing Kernel) {
    guard let old = interrupted.removeValue(forKey: tid) else { return }
    let number = nextOrder()
    var call = TracedCall(
      tid: tid, pid: old.pid, trace: old.trace, began: kernel.time, ended: kernel.time, beganOrder: number,
      endedOrder: number,
      realTime: kernel.realTime, place: old.place, reason: old.reason)
    if isResumed(old) { call.resumes = old.resumes ?? old.name }
    open[tid] = call
    take(.began(call))
  }

  /// The calls that never ended, in the order in which they began.
  func unfinished() -> [TracedCall] { open.values.sorted { $0.beganOrder < $1.beganOrder } }
}
