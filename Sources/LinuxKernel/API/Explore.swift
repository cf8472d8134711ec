// What a session that goes line by line does to a kernel from outside.

extension Kernel {
  /// Puts a call off instead of performing it: the task owns it, and performs it when it is resumed.
  public mutating func postpone(_ index: Int, _ arguments: Arguments, for me: TaskID) {
    var call = Call(index: index, count: parameterCount(index), context: CallContext())
    call.keep(arguments)
    tasks[me].call = calls.insert(call)
    enqueue(me)
  }

  /// Takes the task out of whatever it sleeps in, as if it had never made the call; handlers that run are left too.
  public mutating func abandonCall(_ me: TaskID) {
    guard tasks[me].state != .dead else { return }
    stopWaiting(me)
    if let call = tasks[me].call { removeCall(call) }
    tasks[me].call = nil
    for entry in tasks[me].signals.returns.reversed() {
      switch entry {
      case .interrupted(let call): removeCall(call)
      case .access: break
      case .handler(let frame): tasks[me].signals.blocked = frame.maskAfterwards
      case .reply: break
      }
    }
    tasks[me].signals.returns = []
    if let mask = tasks[me].signals.savedMask {
      tasks[me].signals.savedMask = nil
      tasks[me].signals.blocked = mask
    }
    tasks[me].sleepNumber &+= 1
    settling.removeAll { $0 == me }
    tasks[me].state = .runnable
    recalculateAttention(me)
  }

  /// When the next timer is due, on the monotonic clock in ns.
  public mutating func nextDeadline() -> Int64? { nextTimer() }

  /// Lets the clock run on to `time`, unless a timer is due before.
  public mutating func passTime(until time: Int64) { now = max(now, min(time, nextTimer() ?? time)) }
}
