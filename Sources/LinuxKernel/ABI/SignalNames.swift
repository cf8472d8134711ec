/// The names of signals. Linux: arch/x86/include/uapi/asm/signal.h.
public enum SignalNames {
  public static let names = NameSet(
    "signal", .values,
    [
      "SIGHUP": 1, "SIGINT": 2, "SIGQUIT": 3, "SIGILL": 4, "SIGTRAP": 5, "SIGABRT": 6, "SIGBUS": 7, "SIGFPE": 8,
      "SIGKILL": 9, "SIGUSR1": 10, "SIGSEGV": 11, "SIGUSR2": 12, "SIGPIPE": 13, "SIGALRM": 14, "SIGTERM": 15,
      "SIGSTKFLT": 16, "SIGCHLD": 17, "SIGCONT": 18, "SIGSTOP": 19, "SIGTSTP": 20, "SIGTTIN": 21, "SIGTTOU": 22,
      "SIGURG": 23, "SIGXCPU": 24, "SIGXFSZ": 25, "SIGVTALRM": 26, "SIGPROF": 27, "SIGWINCH": 28, "SIGIO": 29,
      "SIGPWR": 30, "SIGSYS": 31, "SIGIOT": 6, "SIGPOLL": 29, "SIGRTMIN": 34, "SIGRTMAX": 64,
    ])

  /// The name, or SIGRT_n as strace has it.
  public static func name(_ signal: Int32) -> String {
    if let entry = names.entries.first(where: { $0.value == Int64(signal) }), signal < 32 { return entry.name }
    return signal >= 32 && signal <= 64 ? "SIGRT_\(signal - 32)" : "\(signal)"
  }
}

/// A signal number.
public struct SignalNumber: Choice {
  public let rawValue: Int32
  public init(rawValue: Int32) { self.rawValue = rawValue }
  public static var names: NameSet { SignalNames.names }
  public static func describe(_ raw: RawArgument) -> String { SignalNames.name(Int32(truncatingIfNeeded: raw.word)) }
}
