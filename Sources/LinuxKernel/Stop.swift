/// Why the body of a call did not return a result.
public enum Stop: Error {
  case errno(Errno)
  /// It has to wait; it will be performed again, from the start, when the queue is woken or the time has come.
  /// A body that throws this has changed nothing (progress of a cut transfer is kept in its Call).
  case wait(Wait)
  /// It lets the others who can run go first, and is performed again after them (sched_yield).
  case yield
  /// The calling task is no more (exit, or a fatal signal to itself).
  case ended
  /// The calling task runs another program from here on (execve).
  case replaced
}

/// What a blocked call waits for: three words, so that a body that waits says so in registers.
///
/// One that stands alone at a set of semaphores, a message queue or a pipe, which knows of it, sleeps on no queue: the
/// first word says where.
public struct Wait: Sendable {
  private var queueBits: UInt64
  /// When the call is to be performed again in any case, on the monotonic clock in ns; .max for never.
  let deadline: Int64
  private var bits: UInt32

  /// - Parameters:
  ///   - queue: the queue to sleep on; nil where the body has put the task on its queues itself (poll), or for time
  ///     alone.
  ///   - exclusive: whether one wake-up event is to wake one such sleeper only (WQ_FLAG_EXCLUSIVE).
  ///   - place: where on the queue, if not where such sleepers usually stand.
  ///   - interruption: what a signal makes of the call.
  @inline(__always) init(
    queue: ID<WaitQueue>?, exclusive: Bool = false, place: Waiter.Place? = nil, interruption: Interruption = .restart,
    deadline: Int64 = .max
  ) {
    queueBits = queue?.bits ?? .max
    self.deadline = deadline
    bits = interruption.rawValue | (exclusive ? 4 : 0) | (place.map { $0 == .head ? 8 : 16 } ?? 0)
  }

  /// Others see to it that the call goes on, who know of it as the only one.
  @inline(__always) init(aloneAt set: ID<SemaphoreSet>, interruption: Interruption) {
    (queueBits, deadline, bits) = (set.bits, .max, interruption.rawValue | 32)
  }
  @inline(__always) init(aloneAt queue: ID<MessageQueue>, interruption: Interruption) {
    (queueBits, deadline, bits) = (queue.bits, .max, interruption.rawValue | 64)
  }

  @inline(__always) init(aloneAt pipe: ID<Pipe>, interruption: Interruption) {
    (queueBits, deadline, bits) = (pipe.bits, .max, interruption.rawValue | 96)
  }

  @inline(__always) var queue: ID<WaitQueue>? {
    queueBits == .max || bits & 96 != 0 ? nil : ID(bits: queueBits)
  }
  /// Where it stands alone.
  @inline(__always) var awaited: Awaited? {
    guard bits & 96 != 0 else { return nil }
    if bits & 64 == 0 { return .soleOperation(ID(bits: queueBits)) }
    return bits & 32 == 0 ? .soleReceiver(ID(bits: queueBits)) : .bytes(ID(bits: queueBits))
  }
  @inline(__always) var exclusive: Bool { bits & 4 != 0 }
  @inline(__always) var place: Waiter.Place? { bits & 24 == 0 ? nil : bits & 8 != 0 ? .head : .tail }
  @inline(__always) var interruption: Interruption { Interruption(rawValue: interruptionBits) ?? .killable }
  /// The same as a number.
  @inline(__always) var interruptionBits: UInt32 { bits & 3 }
}

/// What becomes of a call that a signal interrupts. Linux: the ERESTART codes of include/linux/errno.h.
public enum Interruption: UInt32, Sendable {
  /// EINTR, unless the handler has SA_RESTART (ERESTARTSYS).
  case restart = 0
  /// EINTR when a handler runs; otherwise the call goes on (ERESTARTNOHAND, ERESTART_RESTARTBLOCK).
  case restartUnlessHandled = 1
  /// EINTR whenever it was woken, even by a signal with no handler (semop).
  case never = 2
  /// Signals do not wake it, fatal ones apart.
  case killable = 3
}

extension Stop {
  /// Ends a performance without an answer.
  @inline(__always) func end(_ kernel: inout Kernel) -> Bool {
    kernel.stop = self
    return false
  }

  /// Waits on `queue` as one of those of whom an event wakes one.
  @inline(__always) static func wait(exclusive queue: ID<WaitQueue>, interruption: Interruption = .restart) -> Stop {
    .wait(Wait(queue: queue, exclusive: true, interruption: interruption))
  }

  @inline(__always) static func wait(
    on queue: ID<WaitQueue>, interruption: Interruption = .restart, until deadline: Int64 = .max
  ) -> Stop {
    .wait(Wait(queue: queue, interruption: interruption, deadline: deadline))
  }

  /// Waits on `queue` behind those already there, all of whom every event wakes (eventfd, timerfd).
  @inline(__always) static func wait(inLine queue: ID<WaitQueue>) -> Stop { .wait(Wait(queue: queue, place: .tail)) }

  @inline(__always) static func sleep(until deadline: Int64, interruption: Interruption = .restartUnlessHandled) -> Stop
  {
    .wait(Wait(queue: nil, interruption: interruption, deadline: deadline))
  }
}
