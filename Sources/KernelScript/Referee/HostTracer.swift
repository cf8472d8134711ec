import LinuxKernel

/// Turns what proxies do into the events of a trace, as Tracer does for the emulated kernel.
struct HostTracer {
  /// By slot; those but the last were interrupted by handlers that run.
  private var open: [Int: [TracedCall]] = [:]
  private var order = 0
  private let showsNames: Bool
  private let take: (TraceEvent) -> Void
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

  mutating func begin(_ backend: HostBackend, _ task: HostTask, _ index: Int, _ raw: Arguments) {
    let number = nextOrder(), time = backend.time
    let trace = CallTrace(index, raw, backend, task, showsNames: showsNames)
    let call = TracedCall(
      tid: task.tid, pid: task.pid, trace: trace, began: time, ended: time, beganOrder: number, endedOrder: number,
      realTime: HostClock.realTime, place: backend.machine.place(),
      reason: backend.machine.differenceReasons[task.tid]?.last)
    open[task.slot, default: []].append(call)
    record?.begin(call)
    take(.began(call))
  }

  /// A task runs another program, and returns to none of the calls of the old one. It made the last as `tid`.
  mutating func replace(_ backend: HostBackend, _ task: HostTask, _ tid: Int32) {
    if var call = open.removeValue(forKey: task.slot)?.last {
      call.ending = .answered
      call.trace.answer(
        Reply(words: [0], errno: 0, hasBytes: false, extraResult: false), .empty, backend, task, showsNames: showsNames)
      finish(&call, backend)
    }
    record?.replace(tid, backend, task)
  }

  mutating func wait(_ task: HostTask) {
    if let last = open[task.slot]?.indices.last { open[task.slot]![last].hasWaited = true }
    record?.wait(task.tid)
  }

  mutating func end(_ backend: HostBackend, _ task: HostTask, _ reply: HostReply, hasSlept: Bool) {
    guard var call = open[task.slot]?.popLast() else { return }
    call.hasWaited = hasSlept
    let answer = Reply(words: reply.words, errno: reply.errno, hasBytes: reply.hasBytes, extraResult: reply.hasExtra)
    reply.bytes.withByteView { call.trace.answer(answer, $0, backend, task, showsNames: showsNames) }
    reply.bytes.withByteView { record?.end(task.tid, answer, $0, backend, task, hasSlept: hasSlept) }
    call.ending = reply.errno == 0 ? .answered : .failed(reply.errno)
    finish(&call, backend)
  }

  private mutating func finish(_ call: inout TracedCall, _ backend: HostBackend) {
    call.ended = backend.time
    call.endedOrder = nextOrder()
    take(.ended(call))
  }

  private mutating func moment(_ backend: HostBackend, _ task: HostTask) -> TraceMoment {
    TraceMoment(tid: task.tid, pid: task.pid, time: backend.time, realTime: HostClock.realTime, order: nextOrder())
  }

  mutating func signalled(_ backend: HostBackend, _ task: HostTask, _ info: SignalInfo) {
    take(.signalled(moment(backend, task), info))
  }

  mutating func ended(_ backend: HostBackend, _ task: HostTask) {
    for var call in open.removeValue(forKey: task.slot) ?? [] {
      call.ending = .never
      finish(&call, backend)
    }
    take(.exited(moment(backend, task), status: 0))
  }

  /// The call below a handler that an error has left.
  mutating func abandon(_ task: HostTask) {
    _ = open[task.slot]?.popLast()
    record?.abandon(task.tid)
  }

  func unfinished() -> [TracedCall] { open.values.flatMap { $0 }.sorted { $0.beganOrder < $1.beganOrder } }
}

extension HostBackend: TraceSource {
  func bytes(at address: UInt64, _ count: Int, of task: HostTask) -> [UInt8] {
    world.memory(of: task.tid, at: address, count)
  }
  func name(ofDescriptor number: Int32, of task: HostTask) -> String? { world.link("\(task.tid)/fd/\(number)") }
}
