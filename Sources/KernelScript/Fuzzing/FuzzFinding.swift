import LinuxKernel

/// A difference that a generated program has shown.
package struct FuzzFinding: Sendable {
  /// What makes two differences the same: the call, and how it was answered on either side.
  package let key: String
  package let difference: Comparison.Difference
  package let comparison: Comparison
  /// The smallest script that shows it, as a spec that says what Linux answers.
  package var spec = ""
  var program: FuzzProgram
  /// The step that was answered differently; nil when tasks were woken in another order, or one made no further call.
  var step: Int?

  static func key(_ difference: Comparison.Difference) -> String {
    let call = difference.call.prefix { $0 != "(" }
    return "\(call): \(kind(difference.host)) / \(kind(difference.emulated))"
  }

  /// "result = EINVAL" whole, of other answers only what they are called.
  private static func kind(_ text: String) -> String {
    guard !text.hasPrefix("woken in") else { return "order" }
    guard text.contains(" = ") else { return text == "no further call" ? text : "a call" }
    let (name, value) = (
      text.prefix { $0 != " " }, text[text.firstRange(of: " = ")!.upperBound...].prefix { $0 != " " }
    )
    return name == "result" && value.count > 1 && value.allSatisfy({ $0.isUppercase || $0.isNumber })
      && value.first == "E"
      ? "\(value)" : name == "slept" ? "slept \(value)" : "\(name)"
  }
}

/// Makes a program that shows a difference as small as it gets.
struct FuzzShrinker {
  let run: FuzzRun
  let key: String
  /// How many pairs of runs it may take.
  private var left = 600

  init(_ run: FuzzRun, _ key: String) {
    self.run = run
    self.key = key
  }

  private mutating func shows(_ program: FuzzProgram) -> Bool {
    guard left > 0, !program.steps.isEmpty else { return false }
    let text = FuzzText(program)
    guard let emulated = run.emulated(text), emulated.reports.isEmpty, case .done = emulated.outcome,
      emulated.time < 1_000_000_000
    else {
      return false
    }
    left -= 1
    guard let host = run.hosted(text) else { return false }
    // Who is stuck on the host is waited for in vain, for seconds.
    if case .deadlock = host.outcome { left -= 150 }
    let comparison = Comparison(host: host.record, emulated: emulated.record)
    return comparison.unstated.contains { FuzzFinding.key($0) == key }
  }

  mutating func shrink(_ program: FuzzProgram, upTo step: Int?) -> FuzzProgram {
    var program = program
    if let step, let position = program.all.firstIndex(where: { $0.number == step }) {
      let shorter = program.without(Set(program.all[(position + 1)...].map(\.number)))
      if shows(shorter) { program = shorter }
    }
    var size = max(program.all.count / 2, 1)
    while true {
      let before = program
      var position = program.all.count
      while position > 0 {
        let numbers = program.all.map(\.number)
        position = min(position, numbers.count)
        let start = max(position - size, 0)
        let shorter = program.without(Set(numbers[start..<position]))
        if shows(shorter) { program = shorter }
        position = start
      }
      if size == 1, program == before { break }
      size = max(size / 2, 1)
    }
    // A time that a clock does not take must not become one that it does.
    for step in program.all where step.call != "clock_settime" { simplify(step, &program) }
    return program
  }

  private mutating func simplify(_ step: FuzzStep, _ program: inout FuzzProgram) {
    for position in step.arguments.indices {
      for _ in 0..<8 {
        guard let now = program.step(step.number)?.arguments[position] else { return }
        let simpler = FuzzShrinker.simpler(now).first { value in
          shows(program.changing(step.number) { $0.arguments[position] = value })
        }
        guard let simpler else { break }
        program = program.changing(step.number) { $0.arguments[position] = simpler }
      }
    }
  }

  /// Values that say less, the simplest first.
  private static func simpler(_ value: FuzzValue) -> [FuzzValue] {
    switch value {
    case .text(let text) where text.contains("|"):
      let names = text.split(separator: "|").map(String.init)
      return names.indices.map { position in
        .text(names.enumerated().filter { $0.offset != position }.map(\.element).joined(separator: "|"))
      }
    case .repeated(let text, let count) where count > 1: return [.text(text), .repeated(text, count / 2)]
    case .list(let values):
      return values.indices.map { position in .list(values.enumerated().filter { $0.offset != position }.map(\.element))
      }
    case .table(let fields):
      return fields.indices.map { position in
        .table(fields.enumerated().filter { $0.offset != position }.map(\.element))
      }
        + fields.indices.flatMap { position in
          simpler(fields[position].value).map { smaller in
            var fields = fields
            fields[position].value = smaller
            return .table(fields)
          }
        }
    default: return []
    }
  }
}
