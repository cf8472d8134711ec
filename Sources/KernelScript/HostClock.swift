import Glibc

/// The host's time, for what is told about a run; nothing of the emulated world depends on it.
package enum HostClock {
  /// Nanoseconds since some moment.
  package static var now: Int64 { time(CLOCK_MONOTONIC) }
  /// Nanoseconds since 1970.
  static var realTime: Int64 { time(CLOCK_REALTIME) }

  private static func time(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  static func sleep(nanoseconds: Int) {
    var time = timespec(tv_sec: 0, tv_nsec: nanoseconds)
    nanosleep(&time, nil)
  }

  /// What uname(2) tells as the release of the machine's own kernel.
  package static var release: String {
    var names = utsname()
    uname(&names)
    return withUnsafeBytes(of: &names.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }

  /// The capabilities that processes made by this one can have. proc_pid_status(5), CapBnd.
  package static var capabilities: UInt64 {
    let status = HostFile.read("/proc/self/status").map { String(decoding: $0, as: UTF8.self) } ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("CapBnd:") }
    return line?.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) } ?? .max
  }
}
