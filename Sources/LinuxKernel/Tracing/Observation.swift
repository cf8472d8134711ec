/// What befalls tasks besides the calls they make, kept while somebody watches. It is for traces, and no part of the
/// kernel's state.
public enum Observation: Sendable {
  case started(tid: Int32)
  /// Its sleep was ended, by the running task or, when none runs, by a timer.
  case woken(tid: Int32)
  /// The call has answered; handlers run before its caller goes on.
  case answered(tid: Int32, Reply, [UInt8])
  /// A signal has ended the wait of the call, which is to be restarted or fails, as the rule and the handler say.
  case interrupted(tid: Int32, Interruption)
  /// An interrupted call is performed again.
  case restarted(tid: Int32)
  /// A signal acts on the task; one that does nothing is told too, as strace tells it.
  case signalled(tid: Int32, SignalInfo)
  /// A handler has returned; the reply is what the call below it answered, if it did.
  case handlerReturned(tid: Int32, Reply?)
  /// With the status as wait(2) tells it.
  case ended(tid: Int32, status: Int32)
  /// A queue holds so many messages from now on.
  case queueDepth(String, messages: Int)
}

extension Kernel {
  @inline(never) mutating func observe(_ observation: Observation) { observations.append(observation) }

  /// Tells of a signal that ends the process without being taken from the queue first.
  mutating func observeFatal(_ signal: Int32, on task: TaskID) {
    let queued = tasks[task].signals.pending.queue + processes[tasks[task].process].signals.pending.queue
    if let info = queued.last(where: { $0.signal == signal }) { observe(.signalled(tid: tasks[task].tid, info)) }
  }

  /// What was observed since the last time. Setting `isWatched` begins it.
  public mutating func takeObservations() -> [Observation] {
    guard !observations.isEmpty else { return [] }
    defer { observations.removeAll(keepingCapacity: true) }
    return observations
  }

  /// What a descriptor of the task names, as `pipe:[1]`; nil where it is not open.
  public func name(ofDescriptor number: Int32, of task: TaskID) -> String? {
    fileTables[tasks[task].files].file(number).map { name(of: $0) }
  }

  /// Bytes of a task's memory, as many as can be read; a trace looks at what a call was pointed at.
  public func bytes(at address: UInt64, _ count: Int, of task: TaskID) -> [UInt8] {
    var bytes: [UInt8] = []
    // A task may have ended, and its memory with it, before anybody looks.
    guard tasks.contains(task), addressSpaces.contains(tasks[task].memory) else { return [] }
    _ = readMemory(address, count, of: task) { view, _ in bytes += view.array }
    return bytes
  }

  /// The real-time clock in ns since 1970.
  public var realTime: Int64 { epoch &+ now }
}
