import Glibc
import KernelScript

/// Ctrl-C ends what runs, not the program: a second one ends that.
enum Interrupt {
  nonisolated(unsafe) private static var machine: Machine?
  /// Whether Ctrl-C came while nothing ran.
  nonisolated(unsafe) static var wasAsked = false

  static func watch(_ machine: Machine) {
    Interrupt.machine = machine
    signal(SIGINT) { _ in
      Interrupt.machine?.interrupt()
      signal(SIGINT, SIG_DFL)
    }
  }

  /// For a session: every Ctrl-C counts, and one that comes at the prompt ends the reading of the line.
  static func watchSession() {
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in
      Interrupt.wasAsked = true
      Interrupt.machine?.interrupt()
    }
    sigaction(SIGINT, &action, nil)
  }

  /// Has Ctrl-C interrupt another machine, which now runs in place of the one that was given to `during`.
  static func follow(_ machine: Machine) { Interrupt.machine = machine }

  /// Has Ctrl-C interrupt the machine while `body` runs.
  static func during<R>(_ machine: Machine, _ body: () -> R) -> R {
    Interrupt.machine = machine
    defer { Interrupt.machine = nil }
    return body()
  }
}
