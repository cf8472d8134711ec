import Glibc
import LinuxKernel

/// Which events a trace shows: strace's -e, -P, -z and -Z.
public struct TraceFilter: Sendable {
  /// Positions in `Syscall.all`; nil for all.
  private var calls: Set<Int>?
  private var signals: Set<Int32>?
  private var namesSignals = false
  public var paths: [String] = []
  public var showsSuccessful = true
  public var showsFailed = true
  public var showsUnfinished = true

  /// A mistake in an expression, in strace's words.
  public struct Mistake: Error, CustomStringConvertible {
    public let description: String
  }

  public init() {}

  /// Takes one -e expression: `trace=set`, `signal=set`, `status=set`, or a set of calls alone.
  public mutating func add(_ expression: String) throws(Mistake) {
    let parts = expression.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let qualifier = parts.count == 2 ? parts[0] : "trace", set = parts.last ?? ""
    switch qualifier {
    case "trace", "t":
      calls = try TraceFilter.calls(set)
      namesSignals = set.contains("signal") || set.contains("rt_sigreturn") || set.hasPrefix("!")
    case "signal", "signals", "s": signals = try TraceFilter.signals(set)
    case "status": try setStatus(set)
    case "inject", "fault":
      throw Mistake(
        description: "-e \(expression): fault injection is not built yet; tracing has no rules of that kind")
    case "abbrev", "a", "verbose", "v", "raw", "x", "read", "reads", "r", "write", "writes", "w", "quiet", "silent",
      "silence", "q",
      "decode-fds", "kvm":
      throw Mistake(
        description: "-e \(expression): the qualifier \(qualifier) is not supported; trace, signal and status are")
    default:
      throw Mistake(description: "-e \(expression): unknown qualifier \(qualifier); trace, signal and status are known")
    }
  }

  private mutating func setStatus(_ text: String) throws(Mistake) {
    let isNegated = text.hasPrefix("!")
    let names = (isNegated ? text.dropFirst() : text[...]).split(separator: ",").map(String.init)
    var chosen: Set<String> = []
    for name in names {
      switch name {
      case "successful", "failed", "unfinished": chosen.insert(name)
      case "all": chosen.formUnion(["successful", "failed", "unfinished"])
      case "none", "unavailable", "detached": break
      default: throw Mistake(description: "invalid status '\(name)'")
      }
    }
    showsSuccessful = chosen.contains("successful") != isNegated
    showsFailed = chosen.contains("failed") != isNegated
    showsUnfinished = chosen.contains("unfinished") != isNegated
  }

  /// Whether a line can only be shown when its call has ended.
  public var judgesResults: Bool { !showsSuccessful || !showsFailed }

  public func shows(_ call: TracedCall) -> Bool {
    if let calls, !calls.contains(call.trace.index) { return false }
    return paths.isEmpty || paths.contains { call.trace.touches($0) }
  }

  public func showsResult(_ call: TracedCall) -> Bool {
    switch call.ending {
    case .answered: showsSuccessful
    case .failed: showsFailed
    case .pending, .never, .interrupted: judgesResults ? showsUnfinished && showsSuccessful == showsFailed : true
    }
  }

  public func shows(signal: Int32) -> Bool { signals?.contains(signal) ?? true }

  /// rt_sigreturn(2) is no call that scripts make.
  public var showsHandlerReturns: Bool { paths.isEmpty && !judgesResults && (calls == nil || namesSignals) }

  // Sets

  private static func members(_ text: String) -> (isNegated: Bool, names: [String]) {
    let isNegated = text.hasPrefix("!")
    return (isNegated, (isNegated ? text.dropFirst() : text[...]).split(separator: ",").map(String.init))
  }

  private static func calls(_ text: String) throws(Mistake) -> Set<Int> {
    let (isNegated, names) = members(text)
    var found: Set<Int> = []
    for name in names { found.formUnion(try calls(named: name)) }
    return isNegated ? Set(Syscall.all.indices).subtracting(found) : found
  }

  private static func calls(named name: String) throws(Mistake) -> Set<Int> {
    let all = Syscall.all.indices
    if name == "all" { return Set(all) }
    if name == "none" { return [] }
    if name.hasPrefix("/") { return try calls(matching: String(name.dropFirst())) }
    if name.hasPrefix("%") {
      guard let belongs = classes[String(name.dropFirst())] else {
        throw Mistake(description: "invalid system call '\(name)'")
      }
      return Set(all.filter { belongs(Syscall.all[$0]) })
    }
    // The words that strace once took without the sign.
    if ["file", "process", "signal", "ipc", "desc", "memory", "network"].contains(name), let belongs = classes[name] {
      return Set(all.filter { belongs(Syscall.all[$0]) })
    }
    let isOptional = name.hasPrefix("?"), plain = isOptional ? String(name.dropFirst()) : name
    if let index = Syscall.indices[plain]
      ?? aliases.first(where: { $0.key == plain }).flatMap({ Syscall.indices[$0.value] })
    {
      return [index]
    }
    if let number = Int(plain), let index = all.first(where: { Syscall.all[$0].number == number }) { return [index] }
    // A call of Linux that is not built can be asked for: no script can make it.
    if isOptional || plain == "rt_sigreturn" || Missing.reason(plain) != nil { return [] }
    throw Mistake(description: "invalid system call '\(plain)'")
  }

  /// Linux's names where scripts have the C library's.
  private static let aliases: KeyValuePairs<String, String> = [
    "wait4": "waitpid", "rt_sigaction": "sigaction", "rt_sigprocmask": "sigprocmask", "rt_sigpending": "sigpending",
    "rt_sigsuspend": "sigsuspend", "rt_sigtimedwait": "sigtimedwait", "eventfd2": "eventfd", "signalfd4": "signalfd",
    "clone": "fork", "vfork": "fork", "pread64": "pread", "pwrite64": "pwrite", "pipe": "pipe2",
    "fstatat": "newfstatat",
  ]

  private static func calls(matching pattern: String) throws(Mistake) -> Set<Int> {
    var expression = regex_t()
    guard regcomp(&expression, pattern, REG_EXTENDED | REG_NOSUB) == 0 else {
      throw Mistake(description: "invalid regular expression '\(pattern)'")
    }
    defer { regfree(&expression) }
    var found: Set<Int> = []
    for index in Syscall.all.indices where regexec(&expression, Syscall.all[index].name, 0, nil, 0) == 0 {
      found.insert(index)
    }
    return found
  }

  private static func signals(_ text: String) throws(Mistake) -> Set<Int32> {
    let (isNegated, names) = members(text)
    var found: Set<Int32> = []
    for name in names {
      if name == "all" {
        found.formUnion(1...64)
      } else if name != "none" {
        let plain = name.uppercased()
        guard
          let number = Int32(plain)
            ?? Constants.value(of: plain.hasPrefix("SIG") ? plain : "SIG" + plain).map({ Int32($0) }),
          (1...64).contains(number)
        else { throw Mistake(description: "invalid signal '\(name)'") }
        found.insert(number)
      }
    }
    return isNegated ? Set(1...64).subtracting(found) : found
  }

  /// strace's classes: by the declaration where it tells, by name where strace's own table decides.
  private static let classes: [String: @Sendable (Syscall) -> Bool] = [
    "file": { call in call.parameters.contains { if case .path = $0.kind { true } else { false } } },
    "desc": { call in
      call.parameters.contains { if case .descriptor = $0.kind { true } else { false } }
        || call.results.contains { $0.name.hasSuffix("fd") || $0.name == "reader" }
        || ["poll", "ppoll", "select", "pselect6"].contains(call.name)
    },
    "process": {
      [
        "fork", "clone3", "exit", "exit_group", "waitpid", "waitid", "execve", "execveat", "kill", "tgkill", "tkill",
        "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal",
      ].contains($0.name)
    },
    "signal": { call in
      call.name.contains("sig") || ["kill", "tkill", "tgkill", "pause"].contains(call.name)
    },
    "ipc": {
      [
        "msgget", "msgsnd", "msgrcv", "msgctl", "semget", "semop", "semtimedop", "semctl", "shmget", "shmat", "shmdt",
        "shmctl",
      ]
      .contains($0.name)
    },
    "memory": {
      [
        "mmap", "munmap", "mprotect", "mremap", "brk", "madvise", "mlock", "mlock2", "munlock", "mlockall",
        "munlockall",
        "msync", "mincore", "shmat", "shmdt",
      ].contains($0.name)
    },
    "clock": {
      [
        "clock_gettime", "clock_settime", "clock_getres", "clock_adjtime", "gettimeofday", "settimeofday", "time",
        "adjtimex",
      ]
      .contains($0.name)
    },
    "network": network, "net": network,
    "creds": { call in
      ["capget", "capset", "prctl", "umask"].contains(call.name) && call.name != "prctl" && call.name != "umask"
        || ["uid", "gid", "groups"].contains { call.name.hasSuffix($0) }
          && (call.name.hasPrefix("get") || call.name.hasPrefix("set"))
          && !call.name.hasSuffix("pgid")
    },
    "stat": { $0.name == "stat" }, "lstat": { $0.name == "lstat" },
    "fstat": { ["fstat", "newfstatat"].contains($0.name) },
    "%stat": { ["stat", "lstat", "fstat", "newfstatat", "statx"].contains($0.name) },
    "statfs": { $0.name == "statfs" }, "fstatfs": { $0.name == "fstatfs" },
    "pure": { ["getpid", "getppid", "gettid", "getuid", "geteuid", "getgid", "getegid", "getpgrp"].contains($0.name) },
  ]

  private static let network: @Sendable (Syscall) -> Bool = {
    [
      "socket", "socketpair", "bind", "listen", "accept", "accept4", "connect", "sendmsg", "recvmsg", "sendto",
      "recvfrom", "getsockopt",
      "setsockopt", "getsockname", "getpeername", "shutdown", "sendmmsg", "recvmmsg",
    ].contains($0.name)
  }
}
