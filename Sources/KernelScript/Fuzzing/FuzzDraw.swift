import LinuxKernel

/// Draws arguments: mostly such that a call gets somewhere, now and then such that it must be refused.
struct FuzzDraw {
  static let bufferSizes = [16, 4096, 70_000]
  static let paths = [
    "/tmp/a", "/tmp/a", "/tmp/b", "/tmp/b", "/tmp/d", "/tmp/d", "/tmp/d/a", "/tmp/d/b", "/tmp/d/e", "/tmp/l", "/tmp/p",
    "a", "d", "d/a", "..", ".",
    "/tmp", "/", "/tmp/d/..", "/tmp/d/../a", "/tmp/a/", "/tmp/d/", "/tmp/a/b", "/tmp/l/a", "", "/dev/null", "/dev/zero",
    "/dev/full", "//tmp//a",
    "/tmp/missing", "/tmp/missing/a", "./a",
  ]

  var random: Random
  /// What earlier calls may have returned, by what it is.
  var pools: [String: [(variable: Int, maker: String)]] = [:]
  /// Whether the task may sleep for ever: others go on without it.
  var mayBlock = false
  /// Whether a program has to do with queues or System V objects, and lays segments over one another.
  var hasQueues = false, hasSystemV = false, hasSmallSegments = false
  /// Whether there are sockets, whose requests are not built.
  var hasSockets = false
  /// Whether the task may run another program: one that has nothing in common with task 1.
  var mayExecute = false
  /// Whether data lies in attached memory, whose pages are then there or not.
  var usesMemory = false
  /// Whether limits are looked at and changed, or namespaces come and go.
  var usesSettings = false

  init(seed: UInt64) { random = Random(seed: seed) }

  mutating func below(_ bound: Int) -> Int { random.below(bound) }
  mutating func oneIn(_ chances: Int) -> Bool { random.below(chances) == 0 }
  mutating func pick<T>(_ values: [T]) -> T { values[random.below(values.count)] }

  // MARK: What earlier calls have returned

  /// What a result or parameter of a name stands for: those of the same kind meet.
  static func pool(_ name: String) -> String {
    switch name {
    case "fd", "reader", "writer", "mqdes", "mqd", "sockfd": "descriptor"
    case "pid", "tid", "tgid", "pgid", "sid", "who": "process"
    case "timerid": "timer"
    case "memory", "addr", "old_address", "new_address", "shmaddr": "mapping"
    default: name
    }
  }

  mutating func note(_ variable: Int, _ name: String, maker: String) {
    pools[FuzzDraw.pool(name), default: []].append((variable, maker))
  }

  /// A variable of a pool, the latest ones most often.
  mutating func pooled(_ pool: String, _ makers: [String] = []) -> Int? {
    guard let all = pools[pool], !all.isEmpty else { return nil }
    let fitting = all.filter { made in makers.contains { made.maker.hasPrefix($0) } }
    let chosen = fitting.isEmpty || oneIn(6) ? all : fitting
    let recent = oneIn(2) ? Array(chosen.suffix(4)) : chosen
    return recent[below(recent.count)].variable
  }

  // MARK: By kind

  mutating func argument(_ parameter: Syscall.Parameter, of call: Syscall) -> FuzzValue {
    // Task 1 is not to wait for ever.
    if parameter.fallback != nil, oneIn(8), mayBlock || parameter.name != "timeout" { return .absent }
    switch parameter.kind {
    case .integer: return number(parameter.name, call.name)
    case .descriptor: return descriptor(parameter.name, call.name)
    case .flags(let set): return flags(set, call.name)
    case .value(let set): return choice(set, call.name)
    case .mode: return mode(call.name)
    case .path: return path(call.name)
    case .data: return data(call.name)
    case .destination:
      return oneIn(4) ? .buffer(below(3)) : .integer(pick([0, 1, 5, 8, 8, 16, 100, 4096, 4097, 65536, 70_000]))
    case .structure(let layout): return structure(layout, call.name)
    case .structures(let layout): return structures(layout, call.name)
    case .program: return path(call.name)
    case .strings:
      return oneIn(2) ? .absent : .list((0..<below(4)).map { _ in .text(pick(["", "name", "an argument", "A=b"])) })
    case .vector: return vector(isInput: call.name.contains("write"))
    case .time: return time(call.name)
    case .signalSet: return signals()
    case .signalAction: return action()
    case .address: return address()
    case .function: return .absent
    case .integers: return integers(call.name)
    case .any:
      return oneIn(3)
        ? .text(pick(["", "name", "a long name of a task"])) : .integer(pick([0, 1, 2, -1, 9, 15, 64, 65]))
    case .control(let forms):
      // Most commands want nothing, a structure, or a value.
      return oneIn(3)
        ? structure(forms.layouts[0], call.name)
        : oneIn(2) ? .absent : .integer(pick([0, 1, 2, 5, 100, 32_767, 32_768, -1]))
    case .flagsOrStructure(let set, let layout):
      return oneIn(2) ? structure(layout, call.name) : oneIn(2) ? flags(set, call.name) : .integer(number())
    }
  }

  mutating func number() -> Int64 {
    switch below(10) {
    case 0: pick([.min, .max, -1, 1 << 31, (1 << 31) - 1, -1 << 31, 1 << 32, 1 << 62, 1 << 53])
    case 1: 1 << Int64(below(63))
    case 2: Int64(below(100_000))
    case 3: -Int64(below(100))
    default: Int64(below(20))
    }
  }

  private static let sizes: [Int64] = [
    0, 0, 1, 2, 7, 8, 10, 10, 100, 100, 511, 4095, 4096, 4096, 4097, 8192, 65_535, 65_536, 65_537, 100_000, -1, .max,
    .min,
  ]
  private static let users: [Int64] = [0, 0, 0, 1, 1000, 1000, 1001, 65_534, -1, -1, 0xffff_ffff, 0xffff_fffe]

  private mutating func number(_ name: String, _ call: String) -> FuzzValue {
    switch name {
    case "pid", "tid", "tgid", "pgid", "who", "id": return process(call)
    case "uid", "gid", "ruid", "euid", "suid", "rgid", "egid", "sgid", "fsuid", "fsgid", "owner", "group":
      return .integer(pick(FuzzDraw.users))
    // Who sleeps beside others sleeps for ever: whether 2 ms have passed meanwhile is chance.
    case "timeout": return .integer(mayBlock ? oneIn(3) ? pick([-1, -5]) : 0 : oneIn(8) ? 2 : 0)
    case "length", "size", "len", "offset", "count", "old_size", "new_size", "bufsiz":
      if ["mmap", "munmap", "mprotect", "mremap", "madvise", "msync", "mincore", "mlock", "mlock2", "munlock"].contains(
        call)
      {
        return .integer(mappingSize(name, call))
      }
      if call == "fallocate", !oneIn(8) { return .integer(pick([0, 1, 10, 4096, 8192, 10_000, 65_536, 1 << 20])) }
      if call == "getdents64" { return .integer(pick([0, 10, 24, 100, 1000, 32_768, 32_768, -1])) }
      return .integer(oneIn(12) ? number() : pick(FuzzDraw.sizes))
    case "maxevents": return .integer(pick([1, 1, 2, 3, 10, 10, 0, -1, 178_956_971]))
    case "initval": return .integer(pick([0, 0, 1, 2, 10, 0xffff_fffe, 0xffff_ffff]))
    case "seconds": return .integer(pick([0, 0, 100, 1000, 5000]))
    case "prio", "inc": return .integer(pick([0, 1, 5, 10, 19, 20, -1, -20, -21, 100, -100]))
    case "dev": return .integer(pick([0, 0, 0x103]))
    case "timerid": return pooled("timer").map { .result($0, otherwise: 99) } ?? .integer(pick([0, -1, 99]))
    case "status": return .integer(pick([0, 1, 42, 255, 256, -1]))
    case "first": return .integer(pick([3, 4, 5, 10, 20, 1000, 0xffff_ffff]))
    case "last": return .integer(pick([3, 4, 6, 12, 30, 1000, 0xffff_ffff]))
    case "arg": return oneIn(4) ? .absent : .integer(pick([0, 1, 2]))
    default:
      if let variable = pooled(FuzzDraw.pool(name)), !oneIn(6) { return .result(variable, otherwise: -1) }
      return .integer(number())
    }
  }

  /// Inside a mapping, or refused for its size alone.
  private mutating func mappingSize(_ name: String, _ call: String) -> Int64 {
    if name == "offset" { return pick([0, 0, 0, 4096, 8192, 1, 4095, -4096, 1 << 52]) }
    // What lies behind a mapping is the proxy's: only a mapping itself may be made longer.
    if call == "mmap" || name == "new_size" {
      return pick([4096, 4096, 8192, 16_384, 16_384, 65_536, 1, 5000, 0, -1, 1 << 62])
    }
    // These round to pages, and the smallest mapping has one.
    if ["mlock", "mlock2", "munlock"].contains(call) { return pick([4088, 4088, 1, 4000, 0, 0, -1]) }
    return pick(call == "munmap" ? [4096, 4096, 1, 4095, 0, 0, -1, 1 << 62] : [4096, 4096, 1, 4095, 0, 0, -1])
  }

  private mutating func process(_ call: String) -> FuzzValue {
    if let variable = pooled("process"), !oneIn(4) {
      return oneIn(6) ? .negated(variable, otherwise: 1) : .result(variable, otherwise: 99_999)
    }
    return .integer(pick([0, 0, 0, 1, -1, -1, 2, 3, 99_999, -99_999, .init(Int32.min), -2]))
  }

  /// Those who make what a call is about.
  private static func makers(_ name: String, _ call: String) -> [String] {
    if name == "epfd" { return ["epoll_create"] }
    if call.hasPrefix("timerfd_") { return ["timerfd_create"] }
    if call == "signalfd" { return ["signalfd"] }
    if call.hasPrefix("mq_") { return ["mq_open"] }
    if call == "recv" { return ["socket"] }
    if [
      "ftruncate", "fallocate", "mmap", "pread", "pwrite", "preadv", "pwritev", "preadv2", "pwritev2", "lseek", "flock",
    ].contains(call) {
      return ["open", "creat", "memfd_create"]
    }
    return []
  }

  private mutating func descriptor(_ name: String, _ call: String) -> FuzzValue {
    if name.hasSuffix("dirfd"), !oneIn(5) { return .integer(-100) }
    if name == "newfd", oneIn(2) {
      return .integer(pick([3, 4, 5, 6, 10, 20, 20, 30, 255, 256, 1023, 1024, 1_048_576, -1, -1]))
    }
    if call == "signalfd" || call == "mmap", oneIn(2) { return .integer(-1) }
    if let variable = pooled("descriptor", FuzzDraw.makers(name, call)), !oneIn(8) {
      return .result(variable, otherwise: -1)
    }
    return .integer(oneIn(8) ? pick([-1, -100, 1000, 1024, 1 << 30, -1 << 31]) : Int64(3 + below(12)))
  }

  mutating func flags(_ set: NameSet, _ call: String) -> FuzzValue {
    if oneIn(30),
      let bit = (0..<4).map({ _ in 1 << Int64(below(32)) }).first(where: { FuzzExclusion.mayBeDrawn($0, set) })
    {
      return .integer(bit)
    }
    var names: [String] = []
    if set.title == "open flags" {
      names.append(pick(["O_RDWR", "O_RDWR", "O_RDONLY", "O_WRONLY"]))
      if call.hasPrefix("open"), oneIn(2) { names.append("O_CREAT") }
      if oneIn(2) { names.append("O_NONBLOCK") }
    } else if oneIn(4) {
      return .integer(0)
    } else if !mayBlock, oneIn(2),
      let quiet = set.entries.first(where: {
        $0.name.hasSuffix("NONBLOCK") || $0.name == "WNOHANG" || $0.name == "LOCK_NB"
      })
    {
      names.append(quiet.name)
    }
    let fitting = set.entries.filter { !FuzzExclusion.names.contains($0.name) }
    if names.isEmpty || oneIn(2) {
      for _ in 0...below(3) where !fitting.isEmpty { names.append(fitting[below(fitting.count)].name) }
    }
    return .text(
      names.isEmpty
        ? "0" : names.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }.joined(separator: "|"))
  }

  mutating func choice(_ set: NameSet, _ call: String) -> FuzzValue {
    if set.title == "signal" { return signal() }
    let fitting = set.entries.filter { !FuzzExclusion.names.contains($0.name) }
    // A negative clock is another process's time, which is not built.
    if oneIn(25), call.contains("clock") || call.contains("timer") { return .integer(pick([16, 99, 12_345])) }
    if oneIn(25) || fitting.isEmpty { return .integer(pick([-1, 99, 1 << 31, (1 << 31) - 1, 12_345])) }
    return .text(fitting[below(fitting.count)].name)
  }

  mutating func signal() -> FuzzValue {
    if oneIn(12) { return .integer(pick([0, 0, -1, 65, 64, 34, 35, 32, 33, 1000])) }
    return .text(
      pick([
        "SIGUSR1", "SIGUSR1", "SIGUSR2", "SIGUSR2", "SIGTERM", "SIGCHLD", "SIGCONT", "SIGTSTP", "SIGTTIN", "SIGKILL",
        "SIGINT", "SIGPIPE",
        "SIGALRM", "SIGHUP", "SIGWINCH", "SIGURG", "SIGQUIT",
      ]))
  }

  private mutating func mode(_ call: String) -> FuzzValue {
    if call.hasPrefix("mknod") {
      return .integer(pick([0o100644, 0o010666, 0o010600, 0o140644, 0o644, 0o040755, 0o120777, 0o170000]))
    }
    return .text(
      pick([
        "0644", "0600", "0755", "0777", "0", "0400", "0200", "0100", "0444", "04755", "02755", "01777", "07777", "0111",
      ]))
  }

  private mutating func path(_ call: String) -> FuzzValue {
    if oneIn(50) { return .repeated("x", pick([255, 256, 4095, 4096])) }
    if oneIn(40) { return .repeated("/tmp/d/../", pick([300, 409, 410])) }
    let chosen = pick(FuzzDraw.paths)
    // Devices are mounts in the referee's world.
    return .text(chosen.hasPrefix("/dev/") && !call.hasPrefix("open") ? "/tmp/a" : chosen)
  }

  private mutating func data(_ call: String) -> FuzzValue {
    if hasSockets { return .text(pick(["", "x", "hello", "12345678"])) }
    return switch below(10) {
    case 0: .text("")
    // The last buffer is where structures with times are put.
    case 1: .buffer(below(hasSystemV ? 2 : 3))
    case 2: .repeated("x", pick([100, 4095, 4096, 4097, 65_536, 70_000]))
    case 3, 4, 5: .text(pick(["\u{1}\0\0\0\0\0\0\0", "\u{5}\0\0\0\0\0\0\0", "\0\0\0\0\0\0\0\0", "12345678"]))
    default: .text(pick(["x", "hello", "a line\n", "0123456789abcdef"]))
    }
  }

  private mutating func vector(isInput: Bool) -> FuzzValue {
    // Counts ask for strings, buffers for none: a list has one or the other.
    let hasBuffers = oneIn(4) && !(isInput && hasSockets)
    return .list(
      (0..<below(isInput && hasSockets ? 2 : 5)).map { _ in
        hasBuffers
          ? .buffer(below(isInput && hasSystemV ? 2 : 3))
          : isInput ? .text(pick(["", "x", "hello", "12345678"])) : .integer(pick([0, 1, 4, 8, 100, 4096]))
      })
  }

  private mutating func time(_ call: String) -> FuzzValue {
    // The machine's clock is not to be set.
    if call == "clock_settime" || oneIn(8) && !call.contains("select") {
      return pick([time(0, 1_000_000_000), time(-1, 0), time(0, -1), time(.max, 1_000_000_000)])
    }
    if mayBlock, oneIn(4) { return oneIn(2) || call.hasSuffix("sleep") ? time(1000, 0) : .absent }
    return !mayBlock && oneIn(4) ? time(0, 2_000_000) : time(0, 0)
  }

  func time(_ seconds: Int64, _ nanoseconds: Int64, _ fraction: String = "tv_nsec") -> FuzzValue {
    .table([
      FuzzField(name: "tv_sec", value: .integer(seconds)), FuzzField(name: fraction, value: .integer(nanoseconds)),
    ])
  }

  private mutating func signals() -> FuzzValue {
    .list(
      (0..<below(4)).map { _ in
        .text(pick(["SIGUSR1", "SIGUSR2", "SIGTERM", "SIGCHLD", "SIGCONT", "SIGKILL", "SIGTSTP", "SIGINT", "SIGALRM"]))
      })
  }

  private mutating func action() -> FuzzValue {
    switch below(6) {
    case 0: return .text("SIG_DFL")
    case 1: return .text("SIG_IGN")
    case 2, 3: return .handler
    case 4: return .absent
    default:
      var fields = [FuzzField(name: "handler", value: pick([.handler, .handler, .text("SIG_IGN"), .text("SIG_DFL")]))]
      if oneIn(2) {
        let names = (0...below(2)).map { _ in
          pick(["SA_RESTART", "SA_NODEFER", "SA_RESETHAND", "SA_NOCLDSTOP", "SA_NOCLDWAIT"])
        }
        fields.append(FuzzField(name: "flags", value: .text(names.joined(separator: "|"))))
      }
      if oneIn(2) { fields.append(FuzzField(name: "mask", value: signals())) }
      return .table(fields)
    }
  }

  private mutating func address() -> FuzzValue {
    guard let variable = pooled("mapping"), !oneIn(5) else {
      return .integer(pick([0, 0, 0, 1, 4095, 1 << 47, 1 << 62, -4096, -1]))
    }
    return .address(variable, offset: pick([0, 0, 0, 0, 0, 0, 1, 8]))
  }

  private mutating func integers(_ call: String) -> FuzzValue {
    if call == "setgroups" { return .list((0..<below(5)).map { _ in .integer(pick([0, 1, 100, 1000, 65_534])) }) }
    return .list(
      (0..<below(4)).map { _ in pooled("descriptor").map { .result($0, otherwise: 40) } ?? .integer(Int64(below(12))) })
  }

  // MARK: Structures

  private mutating func structures(_ layout: Layout, _ call: String) -> FuzzValue {
    if call == "utimensat" {
      return .list(
        (0..<2).map { _ in
          time(pick([0, 1, 1000, -1]), pick([0, 1, 999_999_999, 0x3fff_ffff, 0x3fff_fffe, 1_000_000_000, -1]))
        })
    }
    if call == "capset" { return .list((0..<2).map { _ in structure(layout, call) }) }
    return .list((0..<below(5)).map { _ in structure(layout, call) })
  }

  private mutating func structure(_ layout: Layout, _ call: String) -> FuzzValue {
    switch layout.name {
    case "itimerspec", "itimerval":
      let fraction = layout.name == "itimerval" ? "tv_usec" : "tv_nsec"
      let none = time(0, 0, fraction), bad = time(0, 1_000_000_000, fraction)
      // A timer that comes again and again would keep a stuck program from ever being told so.
      let (value, interval) = pick([
        (none, none), (none, time(100, 0, fraction)), (time(100, 0, fraction), none), (time(5000, 500, fraction), none),
        (time(0, -1, fraction), none),
        (time(-1, 0, fraction), none), (bad, none), (none, bad), (time(100, 0, fraction), bad),
      ])
      return .table([FuzzField(name: "it_value", value: value), FuzzField(name: "it_interval", value: interval)])
    case "rlimit":
      let limits: [Int64] = [0, 1, 3, 5, 8, 20, 100, 1024, 4096, 8192, 65_536, -1, -1, 1 << 20]
      return .table([
        FuzzField(name: "rlim_cur", value: .integer(pick(limits))),
        FuzzField(name: "rlim_max", value: .integer(pick(limits + [4096, -1, -1]))),
      ])
    case "cap_user_header":
      return .table([
        FuzzField(name: "version", value: .integer(oneIn(8) ? 1 : 0x2008_0522)),
        FuzzField(name: "pid", value: oneIn(2) ? .integer(0) : process(call)),
      ])
    case "cap_user_data":
      return .table(
        ["effective", "permitted", "inheritable"].map {
          FuzzField(name: $0, value: .integer(pick([0, 0, 1, 2, 0xff, 0x1ff])))
        })
    case "clone_args":
      return .table([
        FuzzField(
          name: "flags",
          value: .text(
            pick([
              "CLONE_VM", "CLONE_FILES", "CLONE_FS", "CLONE_VM|CLONE_SIGHAND", "CLONE_VM|CLONE_SIGHAND|CLONE_THREAD",
              "CLONE_VM|CLONE_SIGHAND|CLONE_THREAD|CLONE_FILES",
              "CLONE_VFORK", "CLONE_VM|CLONE_VFORK", "CLONE_PARENT", "CLONE_SIGHAND", "CLONE_THREAD",
              "CLONE_CLEAR_SIGHAND", "0", "CLONE_FILES|CLONE_FS",
            ]))),
        FuzzField(name: "exit_signal", value: oneIn(3) ? .integer(pick([0, 10, 65])) : .text("SIGCHLD")),
      ])
    case "siginfo":
      return .table([
        FuzzField(name: "si_code", value: .integer(pick([-1, -1, -2, -6, 0, 1, -7]))),
        FuzzField(name: "si_value", value: .integer(Int64(below(100)))),
      ])
    case "sigevent":
      return .table([
        FuzzField(name: "sigev_notify", value: .text(pick(["SIGEV_NONE", "SIGEV_SIGNAL", "SIGEV_SIGNAL"]))),
        FuzzField(name: "sigev_signo", value: signal()),
      ])
    default: break
    }
    var fields: [FuzzField] = []
    for field in layout.fields where !oneIn(4) {
      if let value = member(field, call) { fields.append(FuzzField(name: field.name, value: value)) }
    }
    return .table(fields)
  }

  private mutating func member(_ field: Layout.Field, _ call: String) -> FuzzValue? {
    if let set = field.names { return set.kind == .bits ? flags(set, call) : choice(set, call) }
    switch field.name {
    case "fd": return descriptor("fd", call)
    case "l_start", "l_len": return .integer(pick([0, 0, 0, 1, 5, 10, 100, -1, -5, .max]))
    case "l_pid": return .integer(0)
    case "data": return .integer(Int64(below(100)))
    case "mode": return .integer(pick([0, 0, 0o644, 0o600, 0o10644]))
    case "revents": return nil
    default:
      switch field.type {
      case .structure(let inner): return structure(inner, call)
      case .bytes: return nil
      default: return .integer(oneIn(8) ? -1 : Int64(below(20)))
      }
    }
  }
}
