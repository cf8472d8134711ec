import LinuxKernel

/// Runs a generated program on one kernel or on both.
struct FuzzRun {
  static let name = "fuzz.lua"
  /// Virtual time that a program may take, since the machine's is real: in ns.
  private static let longest: Int64 = 100_000_000

  let options: Machine.Options

  /// - Parameter plant: makes one call answer a wrong errno, to see whether it is found.
  init(plant: Plant? = nil) {
    var options = Machine.Options()
    options.instructionLimit = 50_000_000
    options.hasHostCapabilities = true
    options.plant = plant
    // Programs sleep for 2 ms at most where others wait for it.
    options.hostPatience = 100_000_000
    self.options = options
  }

  /// The step that a place in the script tells.
  static func step(_ place: String, _ text: FuzzText) -> Int? {
    guard let line = place.split(separator: ":").last.flatMap({ Int($0) }), text.steps.indices.contains(line) else {
      return nil
    }
    return text.steps[line]
  }

  func emulated(_ text: FuzzText) -> Comparison.Run? {
    Comparison.record(Array(text.text.utf8), name: FuzzRun.name, arguments: [], options).0
  }

  func hosted(_ text: FuzzText) -> Comparison.Run? {
    var options = options
    options.isHosted = true
    options.plant = nil
    return Comparison.record(Array(text.text.utf8), name: FuzzRun.name, arguments: [], options).0
  }

  /// Takes out what keeps a program from its end on the emulated kernel: calls of task 1 that sleep for ever or long,
  /// and statements that raise. nil when that does not help.
  func fitted(_ program: FuzzProgram) -> (program: FuzzProgram, text: FuzzText, run: Comparison.Run)? {
    var program = program
    for _ in 0..<200 {
      let text = FuzzText(program)
      guard let run = emulated(text) else { return nil }
      if let raised = run.reports.lazy.compactMap({ FuzzRun.raisingStep($0, text) }).first {
        program = program.without([raised])
        continue
      }
      switch run.outcome {
      case .done:
        if run.time <= FuzzRun.longest { return (program, text, run) }
        let slow = program.all.filter { $0.arguments.contains(where: FuzzRun.isLong) }.map(\.number)
        if slow.isEmpty { return nil }
        program = program.without(Set(slow))
      case .deadlock(let tasks):
        guard let place = tasks.first(where: { $0.tid == 1 })?.place, let step = FuzzRun.step(place, text) else {
          return nil
        }
        program = program.without([step])
      default: return nil
      }
    }
    return nil
  }

  /// "fuzz.lua:12: message", behind "task N: " where it is not task 1's.
  private static func raisingStep(_ report: String, _ text: FuzzText) -> Int? {
    guard let range = report.range(of: name + ":") else { return nil }
    let digits = report[range.upperBound...].prefix { $0.isNumber }
    return step(":" + digits, text)
  }

  private static func isLong(_ value: FuzzValue) -> Bool {
    guard case .table(let fields) = value else { return value == .integer(-1) || value == .integer(-5) }
    return fields.contains { $0.name == "tv_sec" && $0.value == .integer(1000) }
  }
}

extension StringProtocol {
  /// Where a text first stands.
  fileprivate func range(of text: String) -> Range<Index>? { firstRange(of: text) }
}
