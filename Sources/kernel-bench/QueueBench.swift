import LinuxKernel

// Message queues: the work of bench/peers/msg.c, mq.c and the pingpong programs, without Lua.
extension KernelBench {
  static let queueWorkloads = [
    Workload("msgsnd+msgrcv 64 B") { try sendAndReceive($0, others: 0) },
    Workload("msgsnd+msgrcv 64 B past 1,000") { try sendAndReceive($0, others: 1000) },
    Workload("mq_send+mq_receive 64 B") { try sendAndReceivePosix($0) },
    Workload("mq_receive+mq_send 64 B at 1,000") { try hold($0) },
    Workload("msg ping-pong 64 B") { try pingPong($0, isPosix: false) },
    Workload("mq ping-pong 64 B") { try pingPong($0, isPosix: true) },
    Workload("messages of 64 B queued") { try fill($0) },
  ]

  /// Messages of type 2, sent and received past others of type 1.
  static func sendAndReceive(_ count: Int, others: Int) throws {
    var kernel = Kernel()
    let me = kernel.boot()
    let id = try kernel.msgget(0, 0o600, as: me)
    for _ in 0..<others { try kernel.msgsnd(id, type: 1, [UInt8](repeating: 1, count: 8), as: me) }
    let message = [UInt8](repeating: 120, count: 64)
    var buffer = [UInt8](repeating: 0, count: 64)
    for _ in 0..<count {
      try kernel.msgsnd(id, type: 2, message, .noWait, as: me)
      let got = try kernel.msgrcv(id, type: 2, into: &buffer, .noWait, as: me)
      precondition(got.count == 64 && got.type == 2)
    }
  }

  static func sendAndReceivePosix(_ count: Int) throws {
    var kernel = Kernel()
    let me = kernel.boot()
    let queue = try kernel.mq_open("/a", [.create, .readWrite, .nonblock], Mode(0o600), count: 10, size: 64, as: me)
    let message = [UInt8](repeating: 120, count: 64)
    var buffer = [UInt8](repeating: 0, count: 64)
    for _ in 0..<count {
      try kernel.mq_send(queue, message, priority: 1, as: me)
      let got = try kernel.mq_receive(queue, into: &buffer, as: me)
      precondition(got.count == 64 && got.priority == 1)
    }
  }

  /// The hold model: the highest message leaves, one up to 256 priorities lower enters, so that about 1,000 messages of
  /// some 250 priorities stay queued.
  static func hold(_ count: Int) throws {
    var kernel = Kernel()
    let me = kernel.boot()
    let queue = try kernel.mq_open("/b", [.create, .readWrite, .nonblock], Mode(0o600), count: 1024, size: 64, as: me)
    let message = [UInt8](repeating: 120, count: 64)
    var buffer = [UInt8](repeating: 0, count: 64)
    var seed: UInt32 = 12345
    func draw(_ bound: UInt32) -> Int {
      seed = seed &* 1_664_525 &+ 1_013_904_223
      return Int((seed >> 8) % bound)
    }
    func refill(_ drain: Int) throws {
      for _ in 0..<drain { _ = try kernel.mq_receive(queue, into: &buffer, as: me) }
      for _ in 0..<1000 { try kernel.mq_send(queue, message, priority: UInt32(32767 - draw(256)), as: me) }
    }
    try refill(0)
    for _ in 0..<count {
      let got = try kernel.mq_receive(queue, into: &buffer, as: me)
      let next = Int(got.priority) - 1 - draw(256)
      if next < 0 { try refill(999) } else { try kernel.mq_send(queue, message, priority: UInt32(next), as: me) }
    }
  }

  /// 64 bytes to another task and back through two queues: each leg blocks and wakes.
  static func pingPong(_ count: Int, isPosix: Bool) throws {
    var kernel = Kernel()
    let parent = kernel.boot()
    let flags: OpenFlags = [.create, .readWrite]
    let there =
      isPosix
      ? try kernel.mq_open("/there", flags, Mode(0o600), count: 4, size: 64, as: parent).number
      : try kernel.msgget(0, 0o600, as: parent)
    let back =
      isPosix
      ? try kernel.mq_open("/back", flags, Mode(0o600), count: 4, size: 64, as: parent).number
      : try kernel.msgget(0, 0o600, as: parent)
    let child = try kernel.fork(as: parent)
    let message = [UInt8](repeating: 120, count: 64)
    let send = Syscall.indices[isPosix ? "mq_send" : "msgsnd"]!,
      receive = Syscall.indices[isPosix ? "mq_receive" : "msgrcv"]!
    /// Performs as a machine does, which waits; returns whether the call has answered.
    func put(_ queue: Int32, _ task: TaskID) {
      message.withByteView { view in
        let words: [RawArgument] =
          isPosix
          ? [.word(Int64(queue)), .bytes(view), .word(1)] : [.word(Int64(queue)), .word(1), .bytes(view), .word(0)]
        words.withUnsafeBufferPointer { _ = kernel.perform(send, Arguments($0.baseAddress!), for: task) }
      }
    }
    func get(_ queue: Int32, _ task: TaskID) {
      let words: [RawArgument] =
        isPosix ? [.word(Int64(queue)), .word(64)] : [.word(Int64(queue)), .word(64), .word(0), .word(0)]
      words.withUnsafeBufferPointer { _ = kernel.perform(receive, Arguments($0.baseAddress!), for: task) }
    }
    _ = kernel.schedule().map { kernel.resume($0) }
    get(back, parent)
    _ = kernel.schedule().map { kernel.resume($0) }
    put(back, child)
    get(there, child)
    for _ in 0..<count {
      // Whoever goes on has received: it answers, and waits for the next one.
      for task in [parent, child] {
        guard let next = kernel.schedule(), next == task, case .reply = kernel.resume(next), kernel.answerErrno == 0
        else {
          preconditionFailure("out of turn")
        }
        put(task == parent ? there : back, task)
        get(task == parent ? back : there, task)
      }
    }
  }

  /// N messages in one queue, then all taken out again.
  static func fill(_ count: Int) throws {
    var kernel = Kernel()
    let me = kernel.boot()
    let id = try kernel.msgget(0, 0o600, as: me)
    let message = [UInt8](repeating: 120, count: 64)
    var limits = [UInt8](repeating: 0, count: 120)
    for byte in 0..<8 { limits[88 + byte] = UInt8(truncatingIfNeeded: (1 << 40) >> (byte * 8)) }
    limits[20] = 0x80  // mode 0600
    limits[21] = 0x01
    try kernel.call("msgctl", .word(Int64(id)), 1, .bytes(limits), as: me)
    for number in 0..<count { try kernel.msgsnd(id, type: 1 + number % 4, message, .noWait, as: me) }
    var buffer = [UInt8](repeating: 0, count: 64)
    for number in 0..<count {
      let got = try kernel.msgrcv(id, type: 0, into: &buffer, .noWait, as: me)
      precondition(got.type == 1 + number % 4)
    }
  }
}
