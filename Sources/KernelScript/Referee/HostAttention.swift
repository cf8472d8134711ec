/// Whether the referee kept its eyes on the machine.
///
/// No time passes between two calls of a script on the emulated kernel, and a few microseconds on the host, as long as
/// the controller is there to take an answer and to give the next command. Where something else had its processor for a
/// while, a timer may have run out between two calls that follow each other at once. So it looks at the clock wherever
/// it waits or speaks, and keeps the longest time that it was away.
struct HostAttention {
  /// In ns; times that it meant to sleep do not count.
  private(set) var longestAbsence: Int64 = 0
  private var lastLook = HostClock.now

  mutating func look() {
    let now = HostClock.now
    longestAbsence = max(longestAbsence, now - lastLook)
    lastLook = now
  }

  /// After a sleep of its own: what it missed before counts, the sleep does not.
  mutating func sleep(nanoseconds: Int) {
    look()
    HostClock.sleep(nanoseconds: nanoseconds)
    lastLook = HostClock.now
  }

  /// How long it may be away, in ns, without doubt about what it saw: far less than any time that specs sleep for, and
  /// ten times what a quiet machine takes for the longest script between two calls.
  static let tolerance: Int64 = 1_000_000
}
