import LinuxKernel

/// Writes a difference down as a spec that asserts what real Linux answered.
struct FuzzSpec {
  let run: FuzzRun

  func text(_ finding: FuzzFinding, seed: UInt64) -> String {
    let difference = finding.difference
    let assertions = finding.step.map { self.assertions(finding.program, $0) } ?? []
    var comments = [
      "Found by kscript fuzz --seed \(seed): \(difference.call), task \(difference.tid)",
      "  host      \(difference.host)", "  kscript   \(difference.emulated)",
    ]
    if assertions.isEmpty { comments.append("No result of one call shows it: see kscript diff of this file.") }
    comments = comments.map { String($0.prefix(160)) }
    let title = "\(difference.call.prefix { $0 != "(" }) answers as Linux does"
    return FuzzText(finding.program, .spec(finding.step ?? 0, assertions: assertions, title: title, comments: comments))
      .text
  }

  /// What the step's call must answer, in Lua, where CALL stands for it.
  private func assertions(_ program: FuzzProgram, _ step: Int) -> [String] {
    let text = FuzzText(program, .probe(step))
    guard let host = run.hosted(text), let emulated = run.emulated(text) else { return [] }
    let theirs = leaves(host.output), ours = leaves(emulated.output)
    if theirs.first?.value == "nil", theirs.count >= 3, let number = Int32(theirs[2].value) {
      return ["assert.errno(\"\(Errno(number).name)\", CALL)"]
    }
    let differing = theirs.filter { leaf in
      leaf.value != ours.first { $0.path == leaf.path }?.value
        && !Normal.isHidden(String(leaf.path.split(separator: ".").last ?? ""))
    }
    if theirs.count == 1, let only = differing.first, only.path == "1" {
      return ["assert.equal(\(only.value), (CALL))"]
    }
    guard !differing.isEmpty else {
      // What one side alone answers, or the same: a list that is shorter there.
      return theirs.count < ours.count ? ["assert.equal(\(theirs.count), #{ CALL })"] : []
    }
    return ["local got = { CALL }"]
      + differing.prefix(8).map { leaf in
        let keys = leaf.path.split(separator: ".").map { Int($0) == nil ? ".\($0)" : "[\($0)]" }.joined()
        return "assert.equal(\(leaf.value), got\(keys))"
      }
  }

  private func leaves(_ output: String) -> [(path: String, value: String)] {
    output.split(separator: "\n").compactMap { line in
      guard let space = line.firstIndex(of: " ") else { return nil }
      return (String(line[..<space]), String(line[space...].dropFirst()))
    }
  }
}
