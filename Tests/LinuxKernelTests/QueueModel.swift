/// What message queues do, said as simply as can be: lists, walked from the front. It knows nothing of the kernel.
struct QueueModel {
  struct Message: Equatable {
    var type: Int64
    var bytes: [UInt8]
  }

  enum Selector {
    case oldest, highest
    case type(Int64), except(Int64), lowest(Int64)

    func accepts(_ type: Int64) -> Bool {
      switch self {
      case .oldest, .highest: true
      case .type(let wanted): type == wanted
      case .except(let unwanted): type != unwanted
      case .lowest(let limit): type <= limit
      }
    }

    /// The place of the message that it chooses.
    func choose(_ messages: [Message]) -> Int? {
      let places = messages.indices.filter { accepts(messages[$0].type) }
      switch self {
      case .highest: return places.max { (messages[$0].type, -$0) < (messages[$1].type, -$1) }
      case .lowest: return places.min { (messages[$0].type, $0) < (messages[$1].type, $1) }
      default: return places.first
      }
    }
  }

  struct Call {
    var queue: Int
    /// What is sent; nil receives.
    var message: Message?
    var selector = Selector.oldest
    var room = Int.max
    /// Whether a message that is too long is cut to `room`.
    var cuts = false
    var waits = true
  }

  enum Answer: Equatable {
    case sent
    case received(Message)
    case failed(Int32)
  }

  struct Queue {
    var isPosix = false
    var messages: [Message] = []
    var byteLimit = 0
    var countLimit = 0
    /// Tasks, in the order in which they are served.
    var receivers: [Int] = []
    var senders: [Int] = []

    func fits(_ message: Message) -> Bool {
      messages.count < countLimit && messages.reduce(0) { $0 + $1.bytes.count } + message.bytes.count <= byteLimit
    }
  }

  struct Sleeper {
    var call: Call
    var answer: Answer?
    /// It was woken, for one reason or another, and has not gone on yet.
    var isRunnable = false
    var isInterrupted = false
    var niceness = 0
  }

  static let again: Int32 = 11, tooBig: Int32 = 7, noMessage: Int32 = 42, removed: Int32 = 43, interrupted: Int32 = 4

  var queues: [Int: Queue] = [:]
  var sleepers: [Int: Sleeper] = [:]

  /// Makes a call. Returns nil where the task now sleeps.
  mutating func make(_ call: Call, by task: Int, niceness: Int = 0) -> Answer? {
    if let answer = attempt(call) { return answer }
    guard call.waits else {
      return .failed(queues[call.queue]!.isPosix || call.message != nil ? Self.again : Self.noMessage)
    }
    sleepers[task] = Sleeper(call: call, niceness: niceness)
    var line = call.message == nil ? queues[call.queue]!.receivers : queues[call.queue]!.senders
    var place = line.count
    if queues[call.queue]!.isPosix { while place > 0, sleepers[line[place - 1]]!.niceness > niceness { place -= 1 } }
    line.insert(task, at: place)
    setLine(line, of: call)
    return nil
  }

  private mutating func setLine(_ line: [Int], of call: Call) {
    if call.message == nil { queues[call.queue]!.receivers = line } else { queues[call.queue]!.senders = line }
  }

  private mutating func leaveLine(_ task: Int) {
    let call = sleepers[task]!.call
    queues[call.queue]?.receivers.removeAll { $0 == task }
    queues[call.queue]?.senders.removeAll { $0 == task }
  }

  private mutating func settle(_ task: Int, _ answer: Answer) {
    leaveLine(task)
    sleepers[task]!.answer = answer
    sleepers[task]!.isRunnable = true
  }

  private mutating func attempt(_ call: Call) -> Answer? {
    guard let message = call.message else { return attemptToReceive(call) }
    guard queues[call.queue]!.fits(message) else { return nil }
    for task in queues[call.queue]!.receivers {
      let wanted = sleepers[task]!.call
      guard wanted.selector.accepts(message.type) else { continue }
      if message.bytes.count > wanted.room, !wanted.cuts {
        settle(task, .failed(Self.tooBig))
        continue
      }
      settle(task, .received(cut(message, wanted)))
      return .sent
    }
    queues[call.queue]!.messages.append(message)
    return .sent
  }

  private func cut(_ message: Message, _ call: Call) -> Message {
    Message(type: message.type, bytes: Array(message.bytes.prefix(call.room)))
  }

  private mutating func attemptToReceive(_ call: Call) -> Answer? {
    guard let place = call.selector.choose(queues[call.queue]!.messages) else { return nil }
    let message = queues[call.queue]!.messages[place]
    if message.bytes.count > call.room, !call.cuts { return .failed(Self.tooBig) }
    queues[call.queue]!.messages.remove(at: place)
    if queues[call.queue]!.isPosix {
      if let sender = queues[call.queue]!.senders.first {
        queues[call.queue]!.messages.append(sleepers[sender]!.call.message!)
        settle(sender, .sent)
      }
    } else {
      rouseSenders(call.queue)
    }
    return .received(cut(message, call))
  }

  private mutating func rouseSenders(_ queue: Int) {
    var waiting: [Int] = [], moved: [Int] = []
    for task in queues[queue]!.senders {
      if queues[queue]!.fits(sleepers[task]!.call.message!) {
        sleepers[task]!.isRunnable = true
        waiting.append(task)
      } else {
        moved.append(task)
      }
    }
    queues[queue]!.senders = waiting + moved
  }

  /// A signal with a handler comes to a sleeper.
  mutating func interrupt(_ task: Int) {
    sleepers[task]!.isInterrupted = true
    sleepers[task]!.isRunnable = true
  }

  /// A sleeper goes on. Returns nil where it sleeps again; `restarts` is what its handler says.
  mutating func goOn(_ task: Int, restarts: Bool) -> Answer? {
    leaveLine(task)
    let sleeper = sleepers.removeValue(forKey: task)!
    if let answer = sleeper.answer { return answer }
    if sleeper.isInterrupted, !restarts || !queues[sleeper.call.queue]!.isPosix { return .failed(Self.interrupted) }
    return make(sleeper.call, by: task, niceness: sleeper.niceness)
  }

  /// IPC_SET.
  mutating func setLimit(_ bytes: Int, of queue: Int) {
    queues[queue]!.byteLimit = bytes
    queues[queue]!.countLimit = bytes
    for task in queues[queue]!.receivers { sleepers[task]!.isRunnable = true }
    rouseSenders(queue)
  }

  /// IPC_RMID.
  mutating func remove(_ queue: Int) {
    for task in queues[queue]!.receivers + queues[queue]!.senders { settle(task, .failed(Self.removed)) }
    queues[queue] = nil
  }
}
