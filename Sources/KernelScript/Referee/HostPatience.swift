import LinuxKernel

/// How long a run on the host may do nothing before it counts as stuck.
///
/// When all tasks sleep, only a clock can wake one of them: by the time that its call was given, or by a timer that was
/// armed. So it is enough to wait for as long as the longest of these.
struct HostPatience {
  /// For what a kernel puts off a little although nobody waits for a clock: the end of a process, for one.
  private static let grace: Int64 = 500_000_000
  /// What stands for a time that lies in memory, where it is not looked for.
  private static let unknown: Int64 = 10_000_000_000

  /// The longest time for which any timer was set, to its first expiry or between two, in ns.
  private var longestTimer: Int64 = 0

  /// Takes note of a call that arms a timer. Returns the time for which the call itself may sleep, in ns: at least.
  mutating func note(_ call: Syscall, _ raw: Arguments) -> Int64 {
    var sleep: Int64 = 0
    for (position, parameter) in call.parameters.enumerated() {
      let argument = raw[position]
      switch parameter.kind {
      case .time: sleep = max(sleep, HostPatience.time(argument, at: 0, fraction: 1))
      case .structure(let layout) where layout.name == "itimerspec" || layout.name == "itimerval":
        let fraction: Int64 = layout.name == "itimerval" ? 1000 : 1
        for offset in [0, 16] {
          longestTimer = max(longestTimer, HostPatience.time(argument, at: offset, fraction: fraction))
        }
      default:
        guard argument.form == .word, argument.word > 0 else { continue }
        // poll(2) and epoll_wait(2) count in ms, alarm(2) in s.
        if parameter.name == "timeout" { sleep = max(sleep, min(argument.word, 1 << 32) * 1_000_000) }
        if call.name == "alarm" { longestTimer = max(longestTimer, min(argument.word, 1 << 32) * 1_000_000_000) }
      }
    }
    return sleep
  }

  /// For how long nothing may happen while the tasks sleep for such times, in ns.
  func limit(_ sleeps: some Sequence<Int64>) -> Int64 { HostPatience.grace + max(longestTimer, sleeps.max() ?? 0) }

  /// A struct timespec, or timeval by its fractions, in ns from now; 0 where there is none.
  private static func time(_ argument: RawArgument, at offset: Int, fraction: Int64) -> Int64 {
    if argument.form == .memory { return unknown }
    guard argument.form == .bytes, argument.count >= offset + 16 else { return 0 }
    var seconds = argument.view.load(Int64.self, at: offset)
    let parts = argument.view.load(Int64.self, at: offset + 8)
    // The calendar's: only an absolute time is so late.
    if seconds > 1_000_000_000 { seconds -= HostClock.realTime / 1_000_000_000 }
    return min(max(seconds, 0), 1 << 32) * 1_000_000_000 + min(max(parts, 0), 1_000_000_000) * fraction
  }
}
