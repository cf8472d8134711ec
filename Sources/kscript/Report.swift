import KernelScript
import LinuxKernel

/// How a run ended, in words and as an exit code.
enum Report {
  /// Says what is to be said about the end of a run, and returns the exit code.
  static func tell(_ outcome: Machine.Outcome, _ machine: Machine, _ script: String) -> Int32 {
    switch outcome {
    case .done(let status):
      let code = status & 0x7f == 0 ? status >> 8 & 0xff : 128 + (status & 0x7f)
      return code == 0 && machine.failureCount > 0 ? Kscript.ExitStatus.failed : code
    case .deadlock(let tasks):
      let place = tasks.first { !$0.place.isEmpty }?.place ?? script
      let what =
        machine.options.isHosted
        ? "stuck after \(seconds(machine.time)) s: every task sleeps"
        : "deadlock at virtual \(seconds(machine.time)) s: nothing can run and no timer is set"
      Terminal.error("\(place): \(what)")
      for line in table(tasks) { Terminal.error(line) }
      return Kscript.ExitStatus.deadlock
    case .limit(let text):
      Terminal.error(text)
      return Kscript.ExitStatus.limit
    case .interrupted:
      Terminal.error("interrupted")
      return 130
    case .unavailable(let text):
      Terminal.error("kscript: \(text)")
      return Kscript.ExitStatus.usage
    }
  }

  /// One line a task, in columns; at most twenty of them.
  private static func table(_ tasks: [StuckTask]) -> [String] {
    let shown = tasks.prefix(20)
    let callWidth = shown.map(\.call.count).max() ?? 0, placeWidth = shown.map(\.place.count).max() ?? 0
    var lines = shown.map { task in
      "  task \(task.tid)  \(pad(task.call, callWidth))  \(pad(task.place, placeWidth))  \(task.reason)"
    }
    if tasks.count > shown.count { lines.append("  ... and \(tasks.count - shown.count) more tasks") }
    return lines
  }

  private static func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  /// Seconds with three decimals.
  static func seconds(_ nanoseconds: Int64) -> String {
    let milliseconds = nanoseconds / 1_000_000
    let fraction = String(milliseconds % 1000)
    return "\(milliseconds / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
  }

  /// The line that ends a run: all that is needed to get the same one again, and how to tell that it was the same.
  static func lastLine(_ machine: Machine) -> String {
    if machine.options.isHosted {
      return "host Linux \(HostClock.release)  \(machine.callCount) calls  \(seconds(machine.time)) s"
    }
    let digest = String(machine.hash, radix: 16)
    let hash = String((String(repeating: "0", count: 16 - digest.count) + digest).prefix(12))
    return "seed \(machine.options.seed)  policy \(machine.options.policy.name)  \(machine.callCount) calls  "
      + "virtual \(seconds(machine.time)) s  trace \(hash)"
  }
}
