import LinuxKernel

// Draws for System V objects and POSIX queues: identifiers that meet, commands with what they take, and limits.

extension FuzzDraw {
  private static let systemVFiles = [
    "/proc/sysvipc/msg", "/proc/sysvipc/sem", "/proc/sysvipc/shm", "/proc/sys/kernel/msgmax", "/proc/sys/kernel/msgmnb",
    "/proc/sys/kernel/msgmni",
    "/proc/sys/kernel/sem", "/proc/sys/kernel/shmmax", "/proc/sys/kernel/shmall", "/proc/sys/kernel/shmmni",
    "/proc/sys/kernel/shm_rmid_forced",
    "/proc/sys/kernel/msg_next_id", "/proc/sys/kernel/sem_next_id", "/proc/sys/kernel/shm_next_id",
  ]
  private static let queueFiles = [
    "/dev/mqueue/a", "/dev/mqueue/a", "/dev/mqueue/b", "/dev/mqueue", "/dev/mqueue/c", "/proc/sys/fs/mqueue/queues_max",
    "/proc/sys/fs/mqueue/msg_max",
    "/proc/sys/fs/mqueue/msgsize_max", "/proc/sys/fs/mqueue/msg_default", "/proc/sys/fs/mqueue/msgsize_default",
  ]
  /// What is written where a limit is read, or a file's text.
  private static let limitTexts = [
    "0", "1", "2", "3", "5", "10", "64", "100", "128", "1000", "8192", "16384", "-1", "x", "", "7 7 7 7", "1 2 3 4\n",
    "32768",
  ]

  /// Changes the arguments of a call on queues, semaphores or shared memory that was drawn kind by kind.
  mutating func adjustQueueCall(_ step: inout FuzzStep) {
    aim(&step)
    switch step.call {
    case "msgget": step.arguments = [key(), creation()]
    case "semget":
      step.arguments = [
        key(), .integer(oneIn(8) ? pick([0, -1, 32_000, 32_001]) : pick([1, 2, 3, 3, 5])), creation(),
      ]
    case "shmget":
      step.arguments = [
        key(), .integer(pick(segmentSizes)),
        oneIn(12) ? pick([.text("SHM_HUGETLB|0600|IPC_CREAT"), .text("IPC_CREAT|SHM_NORESERVE|0600")]) : creation(),
      ]
    case "msgsnd":
      step.arguments = [
        step.arguments[0], oneIn(12) ? messageType() : .integer(pick([1, 1, 2, 2, 3, 5, 100, 1 << 40])), text(),
        transferFlags(["IPC_NOWAIT"]),
      ]
    case "msgrcv":
      step.arguments = [
        step.arguments[0], room(), oneIn(3) ? .integer(0) : messageType(),
        transferFlags(["IPC_NOWAIT", "MSG_NOERROR", "MSG_EXCEPT", "MSG_COPY"]),
      ]
      if case .text(let flags) = step.arguments[3], !flags.contains("IPC_NOWAIT") {
        step.arguments[1] = .integer(pick([5, 16, 100, 8192]))
      }
    case "semop": step.arguments[1] = operations()
    case "semtimedop": step.arguments[1] = operations()
    case "msgctl":
      control(
        &step, "msg_perm",
        [FuzzField(name: "msg_qbytes", value: .integer(pick([0, 1, 10, 100, 16_384, 16_385, 1 << 20, -1])))])
    case "shmctl": control(&step, "shm_perm", [])
    case "semctl": controlSemaphores(&step)
    case "shmat": attach(&step)
    case "clone3" where hasQueues || hasSystemV:
      step.arguments[0] = .table([
        FuzzField(
          name: "flags",
          value: .text(
            pick(
              [
                "CLONE_SYSVSEM", "CLONE_SYSVSEM", "CLONE_NEWIPC", "CLONE_SYSVSEM|CLONE_NEWIPC",
                "CLONE_VM|CLONE_SYSVSEM", "CLONE_VM", "CLONE_FILES",
                "CLONE_VM|CLONE_SIGHAND", "CLONE_FS", "0",
              ].filter(isUsed)))),
        FuzzField(name: "exit_signal", value: .text("SIGCHLD")),
      ])
    case "unshare":
      step.arguments = [
        .text(
          pick(
            [
              "CLONE_NEWIPC", "CLONE_SYSVSEM", "CLONE_SYSVSEM", "CLONE_SYSVSEM", "CLONE_FILES", "CLONE_FS",
              "CLONE_NEWIPC|CLONE_SYSVSEM", "0", "CLONE_THREAD", "CLONE_VM",
            ].filter(isUsed)))
      ]
    case "mq_open", "mq_unlink":
      step.arguments[0] = queueName()
      if step.call == "mq_open" { openQueue(&step) }
    case "mq_send", "mq_timedsend", "mq_receive", "mq_timedreceive": transfer(&step)
    case "mq_notify": step.arguments[1] = notification()
    case "socket": makeSocket(&step)
    case "recv":
      var flags = mayBlock && oneIn(3) ? [] : ["MSG_DONTWAIT"]
      for name in ["MSG_PEEK", "MSG_TRUNC", "MSG_WAITALL", "MSG_NOSIGNAL", "MSG_OOB"] where oneIn(8) {
        flags.append(name)
      }
      step.arguments[2] = .text(flags.isEmpty ? "0" : flags.joined(separator: "|"))
    case "mq_setattr":
      step.arguments[1] = .table([
        FuzzField(name: "mq_flags", value: .integer(pick([0, 0o4000, 0o4000, 1, -1]))),
        FuzzField(name: "mq_maxmsg", value: .integer(5)),
      ])
    case "setrlimit" where hasQueues && usesSettings && !oneIn(3):
      step.arguments = [
        .text("RLIMIT_MSGQUEUE"),
        .table(
          ["rlim_cur", "rlim_max"].map {
            FuzzField(name: $0, value: .integer(pick([0, 1000, 10_000, 100_000, 819_200, 819_200, -1])))
          }),
      ]
    case "open" where (hasQueues || hasSystemV) && !oneIn(4): step.arguments[0] = .text(queuePath())
    case "unlink", "stat", "chmod", "rename", "access":
      for position in step.arguments.indices.prefix(step.call == "rename" ? 2 : 1) where hasQueues && !oneIn(4) {
        step.arguments[position] = .text(
          pick(["/dev/mqueue/a", "/dev/mqueue/b", "/dev/mqueue/c", "/dev/mqueue/missing"]))
      }
    case "kill" where hasQueues || hasSystemV:
      step.arguments[1] = pick([
        .integer(0), .text("SIGCONT"), .text("SIGCHLD"), .text("SIGURG"), .text("SIGUSR1"), .text("SIGUSR1"),
        .text("SIGUSR1"),
      ])
    case "sigaction" where (hasQueues || hasSystemV) && !oneIn(4): step.arguments[0] = .text("SIGUSR1")
    case "setuid" where (hasQueues || hasSystemV) && !oneIn(4): step.arguments[0] = .integer(0)
    case "shmdt" where !oneIn(5):
      if let variable = pooled("mapping", ["shmat"]) { step.arguments[0] = .address(variable, offset: 0) }
    case "write" where hasQueues || hasSystemV:
      if oneIn(2) {
        step.arguments[1] = .text(pick(FuzzDraw.limitTexts))
      } else if oneIn(3), !hasSockets {
        step.arguments[1] = memory(otherwise: .text("x"))
      }
      if step.arguments[1] == .buffer(2) { step.arguments[1] = .buffer(1) }
    case "read" where hasSystemV && !usesSettings:
      step.arguments[1] = oneIn(6) ? .buffer(2) : .integer(pick([65_536, 65_536, 5, 40, 120, 200, 1000]))
    case "read" where hasQueues || hasSystemV: if oneIn(3) { step.arguments[1] = memory(otherwise: .integer(100)) }
    default: break
    }
  }

  /// Linux ends a namespace in the background, and its settings with it.
  private func isUsed(_ flags: String) -> Bool { !usesSettings || !flags.contains("CLONE_NEWIPC") }

  private mutating func queuePath() -> String {
    let all = (hasSystemV ? FuzzDraw.systemVFiles : []) + (hasQueues ? FuzzDraw.queueFiles : [])
    return pick(
      all.filter {
        !(usesMemory && $0.hasSuffix("sysvipc/shm"))
          && (usesSettings ? !$0.hasPrefix("/proc/sysvipc") : !$0.hasPrefix("/proc/sys/"))
      })
  }

  /// Mostly an object of the call's kind that is there.
  private mutating func aim(_ step: inout FuzzStep) {
    let kinds = ["msg": "msqid", "sem": "semid", "shm": "shmid"]
    guard let call = step.call, !oneIn(12) else { return }
    if ["msgsnd", "msgrcv", "msgctl", "semop", "semtimedop", "semctl", "shmat", "shmctl"].contains(call),
      let kind = kinds[String(call.prefix(3))]
    {
      step.arguments[0] = pooled(kind).map { .result($0, otherwise: 0) } ?? .integer(0)
    } else if call.hasPrefix("mq_"), !["mq_open", "mq_unlink"].contains(call),
      let variable = pooled("descriptor", ["mq_open"])
    {
      step.arguments[0] = .result(variable, otherwise: 4)
    } else if call == "close", hasQueues, oneIn(2) {
      step.arguments[0] = .integer(Int64(3 + below(30)))
    }
  }

  private mutating func key() -> FuzzValue { .integer(pick([0, 1, 1, 1, 2, 2, 3, -1, -1 << 31])) }

  private mutating func creation() -> FuzzValue {
    .text(
      pick([
        "IPC_CREAT|0600", "IPC_CREAT|0600", "IPC_CREAT|0600", "IPC_CREAT|0666", "IPC_CREAT|0600", "IPC_CREAT|0600",
        "IPC_CREAT|0666", "IPC_CREAT|0666", "IPC_CREAT|IPC_EXCL|0600", "IPC_CREAT|0", "IPC_CREAT|0400",
        "IPC_CREAT|0200",
        "0", "0600", "0666", "IPC_EXCL|0600",
      ]))
  }

  /// Segments that may be laid over one another are of one page.
  private var segmentSizes: [Int64] {
    hasSmallSegments
      ? [1, 100, 4000, 4096, 4096, 4096, 1, 100, 4000, 0, -1]
      : [1, 100, 4096, 4096, 5000, 100, 1, 4096, 4096, 4097, 8192, 10_000, 65_536, 0, -1, .min, .max]
  }

  private mutating func messageType() -> FuzzValue {
    .integer(
      oneIn(10)
        ? pick([.max, .min, -.max, 1 << 31, 1 << 32, 32_767, 32_768, -32_768])
        : pick([1, 1, 2, 2, 3, 5, 100, -1, -2, -3, -100, 0]))
  }

  private mutating func text() -> FuzzValue {
    switch below(12) {
    case 0: .repeated("x", pick([1000, 4048, 4049, 8192, 8193]))
    case 1: .buffer(0)
    case 2: memory(otherwise: .text("memory"))
    case 3: .text("")
    default: .text(pick(["a", "b", "hello", "0123456789abcdef", "some more of it"]))
    }
  }

  private mutating func room() -> FuzzValue {
    switch below(10) {
    case 0: .buffer(below(2))
    case 1: memory(otherwise: .integer(64))
    case 2: .integer(pick([0, 1, 5, -1, .max, .min, 1 << 31]))
    default: .integer(pick([5, 16, 100, 8192, 8192]))
    }
  }

  /// Memory that was attached or mapped: a buffer.
  private mutating func memory(otherwise value: FuzzValue) -> FuzzValue {
    guard usesMemory, let variable = pooled("mapping") else { return value }
    return .result(variable, otherwise: 0)
  }

  private mutating func transferFlags(_ names: [String]) -> FuzzValue {
    var chosen = mayBlock && !oneIn(3) ? [] : [names[0]]
    for name in names.dropFirst() where oneIn(4) { chosen.append(name) }
    return .text(chosen.isEmpty ? "0" : chosen.joined(separator: "|"))
  }

  private mutating func operations() -> FuzzValue {
    if oneIn(30) { return .integer(pick([0, -1, 1 << 47])) }
    if oneIn(40) { return .list((0..<pick([500, 501])).map { _ in operation(0, 1, "0") }) }
    let count = oneIn(20) ? 0 : oneIn(2) ? 1 : 1 + below(4)
    return .list(
      (0..<count).map { _ in
        var flags: [String] = mayBlock && !oneIn(3) ? [] : ["IPC_NOWAIT"]
        if oneIn(3) { flags.append("SEM_UNDO") }
        let change: Int64 =
          oneIn(15) ? pick([32_767, -32_767, -32_768, 32_766]) : pick([1, 1, 1, 2, 3, 0, 0, -1, -1, -1, -2, -3])
        return operation(
          pick([0, 0, 0, 1, 1, 2, oneIn(10) ? 40_000 : 0] as [Int64]), change,
          flags.isEmpty ? "0" : flags.joined(separator: "|"))
      })
  }

  private func operation(_ number: Int64, _ change: Int64, _ flags: String) -> FuzzValue {
    .table([
      FuzzField(name: "sem_num", value: .integer(number)), FuzzField(name: "sem_op", value: .integer(change)),
      FuzzField(name: "sem_flg", value: .text(flags)),
    ])
  }

  private mutating func permission() -> FuzzValue {
    .table([
      FuzzField(name: "uid", value: .integer(pick([0, 0, 0, 1000, 1000, -1]))),
      FuzzField(name: "gid", value: .integer(pick([0, 0, 1000, -1]))),
      FuzzField(name: "mode", value: .integer(pick([0o600, 0o666, 0o644, 0o400, 0o200, 0, 0o1777, 0o7777]))),
    ])
  }

  /// A slot for those commands that take one; the structure that IPC_SET takes; now and then an address for what comes
  /// out.
  private mutating func control(_ step: inout FuzzStep, _ name: String, _ further: [FuzzField]) {
    let last = step.arguments.count - 1
    guard case .text(var command) = step.arguments[last - 1] else { return }
    if command == "SHM_INFO", usesMemory { return step.arguments[last - 1] = .text("IPC_INFO") }
    if command == "IPC_RMID", oneIn(2) { command = "IPC_STAT" }
    step.arguments[last - 1] = .text(command)
    if command.contains("_STAT") && command != "IPC_STAT" || oneIn(12) { step.arguments[0] = .integer(Int64(below(5))) }
    if command == "IPC_SET", !oneIn(8) {
      step.arguments[last] = .table([FuzzField(name: name, value: permission())] + further)
    } else {
      // Memory that a structure with times goes to is not sent from.
      if command.hasSuffix("STAT") || command.hasSuffix("STAT_ANY") {
        return step.arguments[last] = oneIn(8) ? .integer(pick([0, 1, 1 << 47, -1])) : oneIn(4) ? .buffer(2) : .absent
      }
      step.arguments[last] =
        !oneIn(4)
        ? .absent : oneIn(2) ? .integer(pick([0, 1, 1 << 47, -1])) : oneIn(2) ? .buffer(2) : memory(otherwise: .absent)
    }
  }

  private mutating func controlSemaphores(_ step: inout FuzzStep) {
    step.arguments[1] = .integer(pick([0, 0, 0, 1, 1, 2, -1, 3]))
    switch step.arguments[2] {
    case .text("SETVAL"): step.arguments[3] = oneIn(10) ? .absent : .integer(pick([0, 1, 1, 2, 3, 32_767, 32_768, -1]))
    case .text("SETALL"):
      step.arguments[3] =
        oneIn(8)
        ? .integer(pick([0, 1, -1]))
        : .list((0..<pick([1, 2, 3, 3, 5, 0])).map { _ in .integer(pick([0, 0, 1, 2, 3, oneIn(8) ? 32_768 : 1])) })
    default: control(&step, "sem_perm", [])
    }
  }

  private mutating func attach(_ step: inout FuzzStep) {
    let flags = ["0", "0", "0", "SHM_RDONLY", "SHM_EXEC", "SHM_RND", "SHM_RDONLY|SHM_RND", "SHM_RDONLY|SHM_EXEC"]
    step.arguments[2] = .text(pick(flags))
    step.arguments[1] = oneIn(8) ? .integer(pick([1, 4095, 1 << 47, -4096, 1 << 62])) : .absent
    // Over another attach only where that is as long.
    if hasSmallSegments, oneIn(3), let variable = pooled("mapping", ["shmat"]) {
      step.arguments[1] = .address(variable, offset: pick([0, 0, 1, 100]))
      step.arguments[2] = .text(
        pick(["SHM_REMAP", "SHM_REMAP", "SHM_REMAP|SHM_RDONLY", "0", "SHM_RND", "SHM_RND|SHM_REMAP"]))
    } else if oneIn(12) {
      step.arguments[2] = .text("SHM_REMAP")
      step.arguments[1] = .absent
    }
  }

  // MARK: POSIX queues

  private mutating func queueName() -> FuzzValue {
    if oneIn(15) {
      return pick([
        .text("a"), .text("/"), .text(""), .text("/a/b"), .text("/.."), .text("/."), .repeated("/x", 130), .text("//a"),
        .text("/missing"),
      ])
    }
    return .text(pick(["/a", "/a", "/a", "/b", "/b", "/c"]))
  }

  private mutating func openQueue(_ step: inout FuzzStep) {
    var flags = [pick(["O_RDWR", "O_RDWR", "O_RDWR", "O_RDONLY", "O_WRONLY"])]
    if !oneIn(6) { flags.append("O_CREAT") }
    if oneIn(10) { flags.append("O_EXCL") }
    if !mayBlock, !oneIn(3) { flags.append("O_NONBLOCK") }
    if oneIn(15) { flags.append(pick(["O_CLOEXEC", "O_TRUNC", "O_APPEND", "O_DIRECTORY", "O_NOFOLLOW"])) }
    step.arguments[1] = .text(flags.joined(separator: "|"))
    step.arguments[2] = .text(pick(["0600", "0600", "0666", "0", "0400"]))
    step.arguments[3] =
      oneIn(3)
      ? .absent
      : .table([
        FuzzField(name: "mq_maxmsg", value: .integer(oneIn(8) ? pick([0, -1, 11, 100]) : pick([1, 2, 3, 10, 10]))),
        FuzzField(name: "mq_msgsize", value: .integer(oneIn(8) ? pick([0, -1, 8193]) : pick([1, 8, 16, 100, 8192]))),
      ])
  }

  private mutating func transfer(_ step: inout FuzzStep) {
    let isSend = step.call == "mq_send" || step.call == "mq_timedsend"
    step.arguments[1] = isSend ? text() : oneIn(4) ? room() : .absent
    let time = isSend ? 3 : 2
    if isSend {
      step.arguments[2] = .integer(
        pick([0, 0, 1, 1, 2, 5, 31, 32_767, oneIn(4) ? 32_768 : 3, oneIn(4) ? 0xffff_ffff : 4]))
    }
    guard step.arguments.count > time else { return }
    // A moment long ago, or one that never comes.
    let past = pick([self.time(0, 0), self.time(1, 5), mayBlock ? .absent : self.time(1, 0)])
    step.arguments[time] = oneIn(8) ? pick([self.time(0, 1_000_000_000), self.time(-1, 0)]) : past
  }

  private mutating func makeSocket(_ step: inout FuzzStep) {
    var type = oneIn(10) ? pick(["SOCK_STREAM", "SOCK_SEQPACKET", "0"]) : pick(["SOCK_RAW", "SOCK_DGRAM"])
    if oneIn(2) { type += "|SOCK_NONBLOCK" }
    if oneIn(4) { type += "|SOCK_CLOEXEC" }
    step.arguments = [
      oneIn(8) ? .integer(pick([-1, 0, 46, 99])) : .text("AF_NETLINK"), .text(type),
      oneIn(10) ? .integer(pick([-1, 99])) : .integer(0),
    ]
  }

  private mutating func notification() -> FuzzValue {
    if oneIn(4) { return .absent }
    if hasSockets, oneIn(3) {
      return .table([
        FuzzField(name: "sigev_notify", value: .text("SIGEV_THREAD")),
        FuzzField(
          name: "sigev_signo",
          value: pooled("descriptor", ["socket"]).map { .result($0, otherwise: 3) } ?? .integer(pick([3, 4, 5, -1]))),
        FuzzField(name: "sigev_value", value: oneIn(8) ? .integer(pick([0, 1, 1 << 47])) : .bufferAddress(below(3))),
      ])
    }
    return .table([
      FuzzField(
        name: "sigev_notify", value: .text(pick(["SIGEV_NONE", "SIGEV_SIGNAL", "SIGEV_SIGNAL", "SIGEV_SIGNAL"]))),
      FuzzField(
        name: "sigev_signo",
        value: oneIn(8)
          ? .integer(pick([0, -1, 64, 65, 1000])) : .text(pick(["SIGUSR1", "SIGUSR1", "SIGCHLD", "SIGURG"]))),
      FuzzField(name: "sigev_value", value: .integer(Int64(below(5)))),
    ])
  }
}
