import LinuxKernel

extension Kernel {
  /// Performs a call as a machine does: it may wait, and then belongs to its task.
  mutating func perform(_ name: String, _ arguments: [CallArgument], for me: TaskID) -> Outcome {
    let index = Syscall.indices[name]!
    var outcome = Outcome.ended
    var storage: [UInt8] = []
    for case .bytes(let bytes) in arguments { storage += bytes }
    storage.withByteView { view in
      var offset = 0
      var raw: [RawArgument] = arguments.map { argument in
        switch argument {
        case .word(let word): return .word(word)
        case .memory(let address, let count): return .memory(address, count)
        case .absent: return .absent
        case .bytes(let bytes):
          offset += bytes.count
          return .bytes(view.slice(offset - bytes.count, bytes.count))
        }
      }
      for parameter in Syscall.all[index].parameters.dropFirst(raw.count) {
        if case .word(let word)? = parameter.fallback { raw.append(.word(word)) } else { raw.append(.absent) }
      }
      raw.append(.absent)
      raw.withUnsafeBufferPointer { outcome = perform(index, Arguments($0.baseAddress!), for: me) }
    }
    return outcome
  }
}

/// A kernel whose task 1 runs. A class, since the macros of Swift Testing take copyable values only.
final class TestKernel {
  var value: Kernel
  let me: TaskID

  init(seed: UInt64 = 0, policy: Policy = .fifo) {
    value = Kernel(seed: seed, policy: policy)
    me = value.boot()
    _ = value.schedule()
    _ = value.resume(me)
  }

  init(snapshotOf other: TestKernel) {
    value = other.value.snapshot()
    me = other.me
  }

  var time: Int64 { value.time }
  var answer: Reply { value.answer }
  var answerErrno: Int32 { value.answerErrno }
  var answerBytes: ByteView { value.answerBytes }
  var taskIDs: [TaskID] { value.taskIDs }
  var canSleep: Bool {
    get { value.canSleep }
    set { value.canSleep = newValue }
  }

  func schedule() -> TaskID? { value.schedule() }
  func resume(_ task: TaskID) -> Outcome { value.resume(task) }
  func exit(_ task: TaskID, status: Int32) { value.exit(task, status: status) }
  func settle(_ task: TaskID) { value.settle(task) }
  func describe(_ task: TaskID) -> Kernel.TaskView { value.describe(task) }
  func tid(of task: TaskID) -> Int32 { value.tid(of: task) }
  func takeSpawned() -> TaskID? { value.takeSpawned() }

  func pipe2(_ flags: OpenFlags, as me: TaskID) throws -> (reader: FD, writer: FD) { try value.pipe2(flags, as: me) }
  @discardableResult
  func write(_ fd: FD, _ bytes: [UInt8], as me: TaskID) throws -> Int { try value.write(fd, bytes, as: me) }
  @discardableResult
  func write(_ fd: FD, _ text: String, as me: TaskID) throws -> Int { try value.write(fd, text, as: me) }
  @discardableResult
  func read(_ fd: FD, _ count: Int, as me: TaskID) throws -> [UInt8] { try value.read(fd, count, as: me) }
  func read(_ fd: FD, into buffer: inout [UInt8], as me: TaskID) throws -> Int {
    try value.read(fd, into: &buffer, as: me)
  }
  func close(_ fd: FD, as me: TaskID) throws { try value.close(fd, as: me) }
  @discardableResult
  func open(_ path: String, _ flags: OpenFlags, _ mode: Mode = Mode(0), as me: TaskID) throws -> FD {
    try value.open(path, flags, mode, as: me)
  }
  func openat(_ directory: FD, _ path: String, _ flags: OpenFlags, as me: TaskID) throws -> FD {
    try value.openat(directory, path, flags, as: me)
  }
  func dup(_ fd: FD, as me: TaskID) throws -> FD { try value.dup(fd, as: me) }
  func fork(as me: TaskID) throws -> TaskID { try value.fork(as: me) }
  @discardableResult
  func call(_ name: String, _ arguments: CallArgument..., as me: TaskID) throws -> Reply {
    try value.call(name, arguments, as: me)
  }
  func perform(_ name: String, _ arguments: CallArgument..., for me: TaskID) -> Outcome {
    value.perform(name, arguments, for: me)
  }
}

extension Outcome {
  var name: String {
    switch self {
    case .replaced: "replaced"
    case .reply: "reply"
    case .blocked: "blocked"
    case .handler: "handler"
    case .start: "start"
    case .ended: "ended"
    case .cannotSleep: "cannotSleep"
    }
  }
}

/// What a series of calls answers, to compare two kernels by what their users can see.
struct Transcript {
  private(set) var lines: [String] = []

  mutating func call(_ kernel: TestKernel, _ name: String, _ arguments: [CallArgument], as me: TaskID) {
    add(kernel, name, kernel.value.perform(name, arguments, for: me))
  }

  mutating func add(_ kernel: TestKernel, _ name: String, _ outcome: Outcome) {
    guard case .reply = outcome else { return lines.append("\(name): \(outcome.name)") }
    let bytes = kernel.answerBytes.array
    lines.append("\(name): \(kernel.answer.value) errno \(kernel.answerErrno) bytes \(bytes)")
  }

  mutating func note(_ text: String) { lines.append(text) }
}

/// A small world: two pipes (one full), files, a fifo, an eventfd, a timer, a sleeping child and one that reads; a set
/// of semaphores with a child that waits for one, a segment of shared memory, and a queue of each kind with messages
/// and a child that waits for another.
struct World {
  let kernel: TestKernel
  let me: TaskID
  let sleeper: TaskID
  let reader: TaskID
  // Descriptors: 3, 4 an empty pipe; 5, 6 a full one; 7 a file; 8 an eventfd; 9 a timerfd; 10 an epoll; 11 a POSIX
  // queue.

  init(seed: UInt64 = 3) {
    let kernel = TestKernel(seed: seed), me = kernel.me
    _ = kernel.perform("pipe2", for: me)
    _ = kernel.perform("pipe2", 0o4000, for: me)
    _ = kernel.perform("write", 6, .bytes([UInt8](repeating: 65, count: 65536)), for: me)
    _ = kernel.perform("open", "/tmp/file", 0o102, 0o644, for: me)
    _ = kernel.perform("write", 7, "some bytes", for: me)
    _ = kernel.perform("eventfd", 5, for: me)
    _ = kernel.perform("timerfd_create", 1, for: me)
    _ = kernel.perform("epoll_create1", for: me)
    _ = kernel.perform("mknod", "/tmp/fifo", 0o010644, 0, for: me)
    _ = kernel.perform("fork", 0, for: me)
    sleeper = kernel.takeSpawned()!
    _ = kernel.perform("fork", 0, for: me)
    reader = kernel.takeSpawned()!
    _ = kernel.schedule()
    _ = kernel.resume(sleeper)
    _ = kernel.perform("nanosleep", .bytes([5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), for: sleeper)
    _ = kernel.schedule()
    _ = kernel.resume(reader)
    _ = kernel.perform("read", 3, 10, for: reader)
    _ = kernel.perform("semget", 5, 2, 0o1600, for: me)
    _ = kernel.perform("shmget", 5, 5000, 0o1600, for: me)
    _ = kernel.perform("shmat", 0, for: me)
    _ = kernel.perform("fork", 0, for: me)
    let waiter = kernel.takeSpawned()!
    _ = kernel.schedule()
    _ = kernel.resume(waiter)
    _ = kernel.perform("semop", 0, .bytes([0, 0, 0xff, 0xff, 0, 0x10, 1, 0, 1, 0, 0, 0x10]), for: waiter)
    _ = kernel.perform("msgget", 5, 0o1600, for: me)
    _ = kernel.perform("msgsnd", 0, 1, "one", for: me)
    _ = kernel.perform("msgsnd", 0, 70_000, .bytes([UInt8](repeating: 66, count: 5000)), for: me)
    _ = kernel.perform("mq_open", "/queue", 0o102, 0o600, for: me)
    _ = kernel.perform("mq_send", 11, "low", 1, for: me)
    _ = kernel.perform("mq_send", 11, "high", 9, for: me)
    _ = kernel.perform("fork", 0, for: me)
    let receiver = kernel.takeSpawned()!
    _ = kernel.schedule()
    _ = kernel.resume(receiver)
    _ = kernel.perform("msgrcv", 0, 100, 9, for: receiver)
    self.kernel = kernel
    self.me = me
  }

  init(snapshotOf other: World) {
    kernel = TestKernel(snapshotOf: other.kernel)
    me = other.me
    sleeper = other.sleeper
    reader = other.reader
  }

  /// Looks at everything, and changes it on the way.
  func transcript() -> [String] {
    var transcript = Transcript()
    transcript.note(kernel.describe(sleeper).state + " " + kernel.describe(reader).state)
    transcript.call(kernel, "write", [4, "for the reader"], as: me)
    if let woken = kernel.schedule() {
      transcript.note("woken: \(kernel.tid(of: woken))")
      transcript.add(kernel, "resume", kernel.resume(woken))
    }
    transcript.call(kernel, "semop", [0, .bytes([0, 0, 2, 0, 0, 0x10])], as: me)
    transcript.call(kernel, "semctl", [0, 0, 13], as: me)
    transcript.call(kernel, "semctl", [0, 0, 2], as: me)
    transcript.call(kernel, "shmctl", [0, 2], as: me)
    transcript.call(kernel, "semget", [0, 1, 0o600], as: me)
    transcript.call(kernel, "msgsnd", [0, 9, "for the receiver"], as: me)
    transcript.call(kernel, "msgrcv", [0, 9000, -100_000, 0o4000], as: me)
    transcript.call(kernel, "msgctl", [0, 2], as: me)
    transcript.call(kernel, "mq_send", [11, "middle", 5], as: me)
    transcript.call(kernel, "mq_receive", [11], as: me)
    transcript.call(kernel, "mq_getattr", [11], as: me)
    transcript.call(kernel, "read", [5, 8], as: me)
    transcript.call(kernel, "write", [6, "x"], as: me)
    transcript.call(kernel, "lseek", [7, 0, 0], as: me)
    transcript.call(kernel, "read", [7, 100], as: me)
    transcript.call(kernel, "read", [8, 8], as: me)
    transcript.call(kernel, "getrandom", [16], as: me)
    transcript.call(kernel, "getcwd", [], as: me)
    transcript.call(kernel, "umask", [0o77], as: me)
    transcript.call(kernel, "mkdir", ["/tmp/new", 0o700], as: me)
    transcript.call(kernel, "stat", ["/tmp/new"], as: me)
    transcript.call(kernel, "stat", ["/tmp"], as: me)
    transcript.call(kernel, "sigprocmask", [0, nil], as: me)
    transcript.call(kernel, "getpgid", [3], as: me)
    transcript.call(kernel, "fork", [0], as: me)
    transcript.call(kernel, "dup", [3], as: me)
    for task in kernel.taskIDs {
      let view = kernel.describe(task)
      transcript.note("\(view.tid) \(view.state) \(view.call ?? "-") \(view.descriptors)")
    }
    while let next = kernel.schedule() {
      transcript.note("\(kernel.time): \(kernel.tid(of: next)) goes on")
      transcript.add(kernel, "resume", kernel.resume(next))
    }
    return transcript.lines
  }

  /// Changes everything in another way.
  func disturb() {
    for (name, arguments) in [
      ("write", [4, "!"]), ("read", [5, 60_000]), ("ftruncate", [7, 3]),
      ("write", [8, .bytes([9, 0, 0, 0, 0, 0, 0, 0])]),
      ("getrandom", [100]), ("umask", [0o27]), ("chdir", ["/tmp"]), ("unlink", ["/tmp/file"]), ("rmdir", ["/tmp/none"]),
      ("chmod", ["/tmp", 0o700]), ("mkdir", ["/tmp/other", 0o755]), ("kill", [2, 9]), ("close", [3]), ("close", [6]),
      ("eventfd", [1]), ("semctl", [0, 1, 16, 7]), ("semget", [0, 3, 0o600]), ("shmctl", [0, 0]),
      ("semctl", [0, 0, 0]), ("msgrcv", [0, 9000, 70_000]),
      ("msgsnd", [0, 9, "for nobody"]), ("msgctl", [0, 0]), ("mq_receive", [11]), ("mq_send", [11, "last", 0]),
      ("mq_unlink", ["/queue"]),
      ("setpgid", [3, 3]), ("fork", [0]), ("fork", [0]),
    ] as [(String, [CallArgument])] {
      var transcript = Transcript()
      transcript.call(kernel, name, arguments, as: me)
    }
    while let next = kernel.schedule() { if case .start = kernel.resume(next) { kernel.exit(next, status: 1) } }
  }
}
