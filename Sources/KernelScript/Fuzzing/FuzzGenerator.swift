import LinuxKernel

/// Makes programs: the same seed and number give the same one everywhere.
struct FuzzGenerator {
  private let families: [FuzzFamily]
  private var draw: FuzzDraw
  private var nextStep = 0
  private var nextVariable = 0
  private var forks: [Int] = []

  /// - Parameter number: which of a seed's programs, from 0.
  static func program(seed: UInt64, number: Int, families: [FuzzFamily]) -> FuzzProgram {
    var mixer = Random(seed: seed &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(number))
    var generator = FuzzGenerator(families: families, draw: FuzzDraw(seed: mixer.next()))
    return generator.make()
  }

  private init(families: [FuzzFamily], draw: FuzzDraw) {
    self.families = families
    self.draw = draw
  }

  private mutating func make() -> FuzzProgram {
    // A few families a program, so that their calls meet.
    let chosen = (0..<min(families.count, 1 + draw.below(3))).map { _ in draw.pick(families) }
    draw.hasQueues = chosen.contains { $0.name == "mq" }
    draw.hasSystemV = chosen.contains { $0.name == "sysv" }
    draw.hasSmallSegments = draw.oneIn(3)
    draw.usesMemory = draw.oneIn(2)
    draw.usesSettings = draw.oneIn(2)
    draw.hasSockets = draw.hasQueues && draw.oneIn(3)
    var steps: [FuzzStep] = []
    for family in chosen { for opener in family.openers { steps += call(opener, chosen, depth: 0) } }
    for _ in 0..<(40 + draw.below(200)) {
      if draw.oneIn(25) {
        steps.append(settle())
      } else {
        steps += call(draw.pick(draw.pick(chosen).calls), chosen, depth: 0)
      }
    }
    return FuzzProgram(steps: steps + ending())
  }

  /// Task 1 ends those that it has made, and reaps them.
  private mutating func ending() -> [FuzzStep] {
    // What they were sent before comes first.
    var steps: [FuzzStep] = forks.isEmpty ? [] : [settle()]
    for variable in forks { steps.append(step("kill", [.result(variable, otherwise: 99_999), .text("SIGKILL")])) }
    if !forks.isEmpty { steps.append(settle()) }
    for _ in forks { steps.append(step("waitpid", [.integer(-1), .text("WNOHANG")])) }
    return steps
  }

  private mutating func step(_ call: String?, _ arguments: [FuzzValue] = []) -> FuzzStep {
    nextStep += 1
    return FuzzStep(number: nextStep, call: call, arguments: arguments)
  }

  private mutating func settle() -> FuzzStep { step(nil) }

  /// A call, and what has to go with it.
  private mutating func call(_ name: String, _ families: [FuzzFamily], depth: Int) -> [FuzzStep] {
    let declaration = Syscall.all[Syscall.indices[name]!]
    if ["exit", "exit_group"].contains(name), depth == 0 || !draw.oneIn(4) { return [] }
    let makesTask = declaration.parameters.contains { if case .function = $0.kind { true } else { false } }
    if name == "vfork", depth > 0 { return [] }
    if name == "execve", !draw.mayExecute || !draw.oneIn(3) { return [] }
    if ["setpriority", "nice"].contains(name), draw.hasQueues { return [] }
    if name == "socket", !draw.hasSockets { return [] }
    if name == "mincore", draw.usesMemory, draw.hasQueues || draw.hasSystemV { return [] }
    if makesTask, depth > 1 || forks.count > 6 || !draw.oneIn(3) && !forks.isEmpty { return [] }
    var new = step(name)
    for parameter in declaration.parameters { new.arguments.append(draw.argument(parameter, of: declaration)) }
    adjust(&new, depth)
    if makesTask {
      new.arguments[new.arguments.count - 1] = .body(body(families, depth: depth + 1, of: name))
    }
    for (position, result) in declaration.results.enumerated() where position < 2 {
      let isPooled: Bool
      switch result.kind {
      case .integer: isPooled = FuzzGenerator.isReused(result.name) || makesTask
      case .buffer: isPooled = true
      default: isPooled = false
      }
      if isPooled {
        nextVariable += 1
        new.results.append(nextVariable)
        draw.note(nextVariable, makesTask ? "pid" : result.name, maker: name)
        if makesTask, depth == 0 { forks.append(nextVariable) }
      } else {
        new.results.append(nil)
      }
    }
    guard makesTask, depth == 0, !draw.oneIn(3) else { return [new] }
    return [new, settle()]
  }

  /// Whether some parameter takes what a result of this name is.
  private static func isReused(_ name: String) -> Bool {
    let pool = FuzzDraw.pool(name)
    if ["descriptor", "process", "timer", "mapping"].contains(pool) { return true }
    return Syscall.all.contains { call in call.parameters.contains { $0.name == name } }
  }

  /// What a new task does. It may sleep for ever: it will be killed.
  private mutating func body(_ families: [FuzzFamily], depth: Int, of maker: String) -> [FuzzStep] {
    let before = draw
    draw.mayBlock = maker != "vfork"
    draw.mayExecute = maker != "clone3"
    var steps: [FuzzStep] = []
    for _ in 0..<(1 + draw.below(12)) { steps += call(draw.pick(draw.pick(families).calls), families, depth: depth) }
    draw.mayBlock = before.mayBlock
    draw.mayExecute = before.mayExecute
    // What it opens is its own: others see its numbers as they are, sometimes.
    if !draw.oneIn(4) { draw.pools = before.pools }
    return steps
  }

  /// Arguments that only make sense together.
  private mutating func adjust(_ step: inout FuzzStep, _ depth: Int) {
    switch step.call {
    case "fcntl": (step.arguments[1], step.arguments[2]) = fileCommand()
    case "clone3" where depth > 0: step.arguments[0] = .table([FuzzField(name: "exit_signal", value: .text("SIGCHLD"))])
    case "getrandom": step.arguments[0] = .integer(draw.pick([0, 1, 8, 256]))
    case "mmap":
      let isAnonymous = draw.oneIn(2)
      step.arguments[0] = draw.oneIn(8) ? step.arguments[0] : .integer(0)
      step.arguments[2] = draw.oneIn(6) ? step.arguments[2] : .text("PROT_READ|PROT_WRITE")
      if !draw.oneIn(5) {
        let sharing = draw.oneIn(2) ? "MAP_PRIVATE" : "MAP_SHARED"
        step.arguments[3] = .text(isAnonymous ? sharing + "|MAP_ANONYMOUS" : sharing)
      }
      if case .text(let flags) = step.arguments[3], flags.contains("MAP_HUGETLB") {
        let names = flags.split(separator: "|").filter { $0 != "MAP_NORESERVE" }
        step.arguments[3] = .text(names.joined(separator: "|"))
      }
    case "ioctl" where step.arguments[1] == .text("FIONREAD"): step.arguments[2] = .absent
    case "prctl":
      if case .text(let operation) = step.arguments[0], operation.hasPrefix("PR_GET") {
        step.arguments = [step.arguments[0]]
      }
      if step.arguments[0] == .text("PR_SET_NAME") { step.arguments[1] = .text("name") }
    case "execveat" where !draw.mayExecute:
      step.arguments[4] = .text("AT_EXECVE_CHECK" + (draw.oneIn(3) ? "|AT_EMPTY_PATH" : ""))
    case "timer_create", "clock_nanosleep":
      if case .text(let clock) = step.arguments[0], clock.contains("CPUTIME") {
        step.arguments[0] = .text("CLOCK_MONOTONIC")
      }
      if step.call == "clock_nanosleep" { step.arguments[1] = .integer(0) }
    case "mremap":
      if step.arguments.count > 4 { step.arguments[4] = .absent }
      step.arguments[3] = draw.oneIn(6) ? .integer(8) : .text("MREMAP_MAYMOVE")
    case "kill" where draw.oneIn(2) && !draw.hasQueues && !draw.hasSystemV:
      // Signals that do not end the receiver, so that it stays to be asked.
      step.arguments[1] = draw.pick([
        .integer(0), .text("SIGCONT"), .text("SIGCHLD"), .text("SIGUSR1"), .text("SIGWINCH"), .text("SIGTSTP"),
      ])
    default: draw.adjustQueueCall(&step)
    }
  }

  private mutating func fileCommand() -> (FuzzValue, FuzzValue) {
    func lock(_ draw: inout FuzzDraw) -> FuzzValue {
      .table([
        FuzzField(name: "l_type", value: .text(draw.pick(["F_RDLCK", "F_WRLCK", "F_UNLCK", "F_WRLCK"]))),
        FuzzField(name: "l_whence", value: .text(draw.pick(["SEEK_SET", "SEEK_SET", "SEEK_CUR", "SEEK_END"]))),
        FuzzField(name: "l_start", value: .integer(draw.pick([0, 0, 1, 5, 10, 100, -1]))),
        FuzzField(name: "l_len", value: .integer(draw.pick([0, 0, 1, 5, 10, -1, -5]))),
      ])
    }
    switch draw.below(14) {
    case 0, 1: return (.text(draw.pick(["F_GETFD", "F_GETFL", "F_GETPIPE_SZ", "F_GET_SEALS", "F_GETOWN"])), .absent)
    case 2: return (.text("F_SETFD"), .integer(draw.pick([0, 1, 2, 3])))
    case 3, 4:
      return (
        .text("F_SETFL"),
        .text(draw.pick(["O_NONBLOCK", "O_NONBLOCK", "0", "O_APPEND", "O_NONBLOCK|O_APPEND", "O_DIRECT", "O_NOATIME"]))
      )
    case 5:
      return (
        .text(draw.pick(["F_DUPFD", "F_DUPFD_CLOEXEC"])), .integer(draw.pick([0, 3, 10, 20, 1023, 1024, -1, 1 << 30]))
      )
    case 6:
      return (
        .text("F_SETPIPE_SZ"),
        .integer(draw.pick([0, 1, 4096, 4097, 8192, 65_536, 1 << 20, (1 << 20) + 1, -1, 1 << 31]))
      )
    case 7:
      return (
        .text("F_ADD_SEALS"),
        .text(draw.pick(["F_SEAL_WRITE", "F_SEAL_GROW", "F_SEAL_SHRINK", "F_SEAL_SEAL", "F_SEAL_FUTURE_WRITE"]))
      )
    case 8, 9, 10: return (.text(draw.pick(["F_SETLK", "F_OFD_SETLK", "F_GETLK", "F_OFD_GETLK"])), lock(&draw))
    case 11: return (.text(draw.mayBlock ? draw.pick(["F_SETLKW", "F_OFD_SETLKW"]) : "F_SETLK"), lock(&draw))
    case 12: return (.text("F_DUPFD_QUERY"), .result(draw.pools["descriptor"]?.last?.variable ?? 0, otherwise: 3))
    default: return (.text("F_SETOWN"), .integer(draw.pick([0, 1, -1, 99_999])))
    }
  }
}
