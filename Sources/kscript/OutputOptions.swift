import ArgumentParser
import Glibc
import KernelScript

/// What every command understands about what it prints.
struct OutputOptions: ParsableArguments {
  enum Color: String, ExpressibleByArgument, CaseIterable { case auto, always, never }

  @Option(help: "Colours; auto means on a terminal, unless NO_COLOR is set.")
  var color = Color.auto

  @Flag(name: .shortAndLong, help: "Prints what is needed and no more.")
  var quiet = false

  @Flag(name: .shortAndLong, help: "Prints more.")
  var verbose = false

  func validate() throws {
    if quiet && verbose { throw ValidationError("-q and -v cannot be had together") }
  }

  /// Colours for standard output.
  var paint: Paint {
    switch color {
    case .always: return Paint(isOn: true)
    case .never: return Paint(isOn: false)
    case .auto:
      let isPlain = getenv("NO_COLOR").map { $0.pointee != 0 } ?? false
      let isDumb = getenv("TERM").map { String(cString: $0) == "dumb" } ?? true
      return Paint(isOn: isatty(STDOUT_FILENO) == 1 && !isPlain && !isDumb)
    }
  }
}
