import Glibc
import KernelScript

/// Ctrl-C ends what runs, not the program: a second one ends that.
enum Interrupt {
  nonisolated(unsafe) private static var machine: Machine?

  static func watch(_ machine: Machine) {
    Interrupt.machine = machine
    signal(SIGINT) { _ in
      Interrupt.machine?.interrupt()
      signal(SIGINT, SIG_DFL)
    }
  }
}
