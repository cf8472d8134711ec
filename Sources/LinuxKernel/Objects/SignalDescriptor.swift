/// What signalfd(2) makes: a set, through which everybody reads signals of their own. Linux: fs/signalfd.c.
struct SignalDescriptor {
  var set: SignalSet
}

extension Kernel {
  /// Where a task's reads and polls of signal descriptors wait: every signal to its process is an event there.
  private mutating func signalQueue(of me: TaskID) -> ID<WaitQueue> {
    let handlers = handlers(of: me)
    if let queue = signalHandlers[handlers].signalArrived { return queue }
    let queue = waitQueues.insert(WaitQueue())
    signalHandlers[handlers].signalArrived = queue
    return queue
  }

  /// Takes as many pending signals as there is room for whole records. Linux: signalfd_read_iter().
  mutating func read(
    _ id: ID<SignalDescriptor>, _ file: ID<OpenFile>, _ destination: inout Destination, for me: TaskID
  ) throws(Stop) -> Int {
    let size = Layout.signalfdSiginfo.size, set = signalDescriptors[id].set
    var room = destination.remaining / size, total = 0
    guard room > 0 else { throw .errno(.EINVAL) }
    while room > 0, let info = takeSignal(me, in: set) {
      let record = ByteBuffer(capacity: size)
      info.appendForDescriptor(to: record)
      let copied = deliver(record.view, to: &destination, of: me)
      guard copied == size else {
        // The signal is gone, as on Linux.
        if total == 0 { throw .errno(.EFAULT) }
        break
      }
      total += size
      room -= 1
    }
    if total > 0 {
      recalculateAttention(me)
      return total
    }
    if files[file].isNonblocking { throw .errno(.EAGAIN) }
    throw .wait(on: signalQueue(of: me))
  }

  /// Linux: signalfd_poll().
  mutating func poll(_ id: ID<SignalDescriptor>, for me: TaskID) -> PollAnswer {
    let isReady = !pending(me).isDisjoint(with: signalDescriptors[id].set)
    return PollAnswer(events: isReady ? .input : [], queues: (signalQueue(of: me), nil))
  }
}
