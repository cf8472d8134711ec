import LinuxKernel

/// Generates programs, runs them on both kernels, and makes small what differs.
package struct Fuzzer {
  package let seed: UInt64
  package let families: [FuzzFamily]
  package private(set) var callCount = 0, programCount = 0
  /// Programs that could not be brought to an end, and differences that did not show a second time while the referee
  /// had been kept from watching the first (HostAttention).
  package private(set) var skippedCount = 0, unsteadyCount = 0
  package private(set) var findings: [FuzzFinding] = []
  /// Why this machine cannot be the referee.
  package private(set) var unavailable: String?
  private let run: FuzzRun

  package init(seed: UInt64, families: [FuzzFamily] = FuzzFamily.usual, plant: Plant? = nil) {
    self.seed = seed
    self.families = families
    run = FuzzRun(plant: plant)
  }

  /// Runs one more program. Returns what it has found that was not found before, made small.
  package mutating func next() -> FuzzFinding? {
    let program = FuzzGenerator.program(seed: seed, number: programCount, families: families)
    programCount += 1
    guard let (fitted, text, emulated) = run.fitted(program) else {
      skippedCount += 1
      return nil
    }
    callCount += emulated.record.count
    guard let host = run.hosted(text) else { return nil }
    if case .unavailable(let reason) = host.outcome {
      unavailable = reason
      return nil
    }
    let comparison = Comparison(host: host.record, emulated: emulated.record)
    guard let difference = comparison.unstated.first, case let key = FuzzFinding.key(difference),
      !findings.contains(where: { $0.key == key })
    else { return nil }
    guard let again = run.hosted(text),
      Comparison(host: again.record, emulated: emulated.record).unstated.contains(where: { FuzzFinding.key($0) == key })
    else {
      // What differs now and then is a difference, unless the referee itself was kept from watching.
      guard !comparison.wasDisturbed else {
        unsteadyCount += 1
        return nil
      }
      var finding = FuzzFinding(
        key: key, difference: difference, comparison: comparison, program: fitted, step: nil)
      finding.spec = FuzzSpec(run: run).text(finding, seed: seed)
      findings.append(finding)
      return finding
    }
    var shrinker = FuzzShrinker(run, key)
    let small = shrinker.shrink(fitted, upTo: FuzzRun.step(difference.place, text))
    var finding =
      finding(small, key)
      ?? FuzzFinding(key: key, difference: difference, comparison: comparison, program: fitted, step: nil)
    finding.spec = FuzzSpec(run: run).text(finding, seed: seed)
    findings.append(finding)
    return finding
  }

  private func finding(_ program: FuzzProgram, _ key: String) -> FuzzFinding? {
    let text = FuzzText(program)
    guard let emulated = run.emulated(text), let host = run.hosted(text) else { return nil }
    let comparison = Comparison(host: host.record, emulated: emulated.record)
    guard let difference = comparison.unstated.first(where: { FuzzFinding.key($0) == key }) else { return nil }
    let isOfOneCall = difference.tid != 0 && difference.host.contains(" = ")
    return FuzzFinding(
      key: key, difference: difference, comparison: comparison, program: program,
      step: isOfOneCall ? FuzzRun.step(difference.place, text) : nil)
  }

  /// The script of one of a seed's programs, as it is generated.
  package static func script(seed: UInt64, number: Int, families: [FuzzFamily] = FuzzFamily.usual) -> String {
    FuzzText(FuzzGenerator.program(seed: seed, number: number, families: families)).text
  }

  /// How often each call was answered with each errno (0 for none) by the emulated kernel alone, in so many calls: what
  /// a planted mistake has to be met with.
  package static func answers(seed: UInt64, calls: Int, families: [FuzzFamily] = FuzzFamily.usual) -> [String: Int] {
    var answers: [String: Int] = [:]
    var count = 0, number = 0
    let run = FuzzRun()
    while count < calls {
      if let (_, _, emulated) = run.fitted(FuzzGenerator.program(seed: seed, number: number, families: families)) {
        count += emulated.record.count
        for entry in emulated.record.tasks.flatMap(\.entries) {
          let result = entry.parts.first { $0.name == "result" }?.value ?? ""
          let isErrno = result.count > 1 && result.first == "E" && result.allSatisfy { $0.isUppercase || $0.isNumber }
          answers["\(entry.name) \(isErrno ? result : "ok")", default: 0] += 1
        }
      }
      number += 1
    }
    return answers
  }
}
