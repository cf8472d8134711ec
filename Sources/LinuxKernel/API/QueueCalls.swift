// Message queues for Swift, as Calls.swift has the calls on files. What needs neither to wait nor to be told to anybody
// is done first, without what it takes to wait.

extension Kernel {
  /// Finds a System V queue, or makes one; `flags` holds IPC_CREAT, IPC_EXCL and nine permission bits. msgget(2).
  public mutating func msgget(_ key: Int32, _ flags: Int32, as me: TaskID) throws -> Int32 {
    Int32(truncatingIfNeeded: try call("msgget", .word(Int64(key)), .word(Int64(flags)), as: me).value)
  }

  /// Sends a message. msgsnd(2).
  public mutating func msgsnd(_ id: Int32, type: Int, _ bytes: ByteView, _ flags: MessageFlags = [], as me: TaskID)
    throws
  {
    output.clear()
    if tasks[me].isAtLeisure, sendAtOnce(id, Int64(type), bytes, me) {
      callCount += 1
      return
    }
    try perform(as: me) { (kernel: inout Kernel) throws(Stop) in
      try kernel.sendInSteps(id, Int64(type), Source(bytes), flags, me)
    }
  }

  public mutating func msgsnd(_ id: Int32, type: Int, _ bytes: [UInt8], _ flags: MessageFlags = [], as me: TaskID)
    throws
  {
    try bytes.withByteView { try msgsnd(id, type: type, $0, flags, as: me) }
  }

  /// Receives a message that `type` chooses to the front of `buffer`; returns its type and length. msgrcv(2).
  public mutating func msgrcv(
    _ id: Int32, type: Int = 0, into buffer: inout [UInt8], _ flags: MessageFlags = [], as me: TaskID
  ) throws -> (type: Int, count: Int) {
    let room = buffer.count
    output.clear()
    if tasks[me].isAtLeisure, let received = receiveAtOnce(id, room, Int64(type), flags, me) {
      callCount += 1
      return (Int(received.type), answerBytes.copy(to: &buffer))
    }
    let received = try perform(as: me) { (kernel: inout Kernel) throws(Stop) -> (type: Int64, count: Int) in
      var destination = Destination(replyOf: room)
      return try kernel.receiveInSteps(id, &destination, Int64(type), flags, me)
    }
    return (Int(received.type), answerBytes.copy(to: &buffer))
  }

  /// Opens a POSIX queue by its name with the slash, or makes one of at most `count` messages of `size` bytes.
  /// mq_open(3).
  public mutating func mq_open(
    _ name: String, _ flags: OpenFlags, _ mode: Mode = Mode(0), count: Int = 10, size: Int = 8192, as me: TaskID
  ) throws -> FD {
    var attributes: [UInt8] = []
    for word in [0, count, size, 0, 0, 0, 0, 0] {
      attributes += (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) }
    }
    let reply = try call(
      "mq_open", .bytes(Array(name.utf8)), .word(Int64(flags.rawValue)), .word(Int64(mode.bits)), .bytes(attributes),
      as: me)
    return FD(Int32(truncatingIfNeeded: reply.value))
  }

  /// Sends a message. mq_send(3).
  public mutating func mq_send(_ fd: FD, _ bytes: ByteView, priority: UInt32 = 0, as me: TaskID) throws {
    output.clear()
    if tasks[me].isAtLeisure, sendAtOnce(fd, bytes, priority, me) {
      callCount += 1
      return
    }
    try perform(as: me) { (kernel: inout Kernel) throws(Stop) in
      try kernel.sendInSteps(fd, Source(bytes), priority: priority, nil, me)
    }
  }

  public mutating func mq_send(_ fd: FD, _ bytes: [UInt8], priority: UInt32 = 0, as me: TaskID) throws {
    try bytes.withByteView { try mq_send(fd, $0, priority: priority, as: me) }
  }

  /// Receives the next message to the front of `buffer`; returns its length and priority. mq_receive(3).
  public mutating func mq_receive(_ fd: FD, into buffer: inout [UInt8], as me: TaskID) throws -> (
    count: Int, priority: UInt32
  ) {
    let room = buffer.count
    output.clear()
    if tasks[me].isAtLeisure, let received = receiveAtOnce(fd, room, me) {
      callCount += 1
      return (answerBytes.copy(to: &buffer), UInt32(truncatingIfNeeded: received.priority))
    }
    let received = try perform(as: me) { (kernel: inout Kernel) throws(Stop) -> (priority: Int64, count: Int) in
      var destination = Destination(replyOf: room)
      return try kernel.receiveInSteps(fd, &destination, nil, me)
    }
    return (answerBytes.copy(to: &buffer), UInt32(truncatingIfNeeded: received.priority))
  }
}

extension Kernel.Task {
  /// Whether it is not on its way back from a sleep, and has no signal to look at.
  @inline(__always) fileprivate var isAtLeisure: Bool { !isAtQueue && !needsAttention }
}
