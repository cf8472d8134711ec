/// For programs: TAP, version 14.
package struct SpecTapReport: SpecReport {
  private var number = 0
  package init() {}

  package mutating func begin(_ suite: SpecSuite) -> String { "TAP version 14\n1..\(suite.jobs.count)\n" }

  package mutating func take(_ entry: SpecSuite.Entry) -> String {
    number += 1
    let name = SpecTapReport.escape(entry.job.testCase.name)
    let result = entry.result
    switch result.status {
    case .passed:
      let remark = entry.host?.remark.map { "  ---\n" + field("host", $0) + "  ...\n" } ?? ""
      return "ok \(number) - \(name)\n" + remark
    case .skipped:
      return
        "ok \(number) - \(name) # SKIP\(result.message.isEmpty ? "" : " " + SpecTapReport.escape(result.message))\n"
    case .failed:
      return "not ok \(number) - \(name)\n  ---\n" + field("message", result.message) + field("at", result.place)
        + (entry.frames.isEmpty ? "" : field("stack", entry.frames.joined(separator: "\n")))
        + (result.output.isEmpty ? "" : field("output", result.output)) + field("again", entry.rerun) + "  ...\n"
    }
  }

  package mutating func end(_ summary: SpecSummary, stopped: Bool) -> String {
    (stopped ? "Bail out! stopped after the first failure\n" : "")
      + (summary.host.map { "# \($0.line)\n" } ?? "") + "# \(summary.line)\n"
  }

  /// A string of YAML: JSON's strings are YAML's, too.
  private func field(_ name: String, _ value: String) -> String { "  \(name): \(JSON.quote(value))\n" }

  /// `#` begins a directive, and a line break ends the line.
  private static func escape(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("#", with: "\\#").replacing("\n", with: " ")
  }
}

/// For programs: one JSON object.
package struct SpecJsonReport: SpecReport {
  private var cases: [JSON] = []
  private var head: (seed: UInt64, policy: String) = (0, "fifo")
  package init() {}

  package mutating func begin(_ suite: SpecSuite) -> String {
    if let options = suite.jobs.first?.options { head = (options.seed, options.policy.name) }
    return ""
  }

  package mutating func take(_ entry: SpecSuite.Entry) -> String {
    let testCase = entry.job.testCase
    let result = entry.result
    cases.append(
      .object([
        "file": .string(entry.job.file.path), "line": .integer(Int64(testCase.line)), "name": .string(testCase.name),
        "tags": .strings(testCase.tags), "covers": .strings(testCase.covers),
        "seed": .integer(Int64(bitPattern: entry.job.options.seed)), "status": .string(result.status.rawValue),
        "message": .string(result.message), "place": .string(result.place), "stack": .strings(entry.frames),
        "output": .string(result.output), "trace": .string(Hex.text(result.hash)),
        "seconds": .thousandths(entry.nanoseconds / 1_000_000),
        "host": entry.host?.json(what: "\(entry.job.file.path): \(testCase.name)") ?? .null,
      ]))
    return ""
  }

  package mutating func end(_ summary: SpecSummary, stopped: Bool) -> String {
    JSON.object([
      "seed": .integer(Int64(bitPattern: head.seed)), "policy": .string(head.policy),
      "passed": .integer(Int64(summary.passed)), "failed": .integer(Int64(summary.failed)),
      "skipped": .integer(Int64(summary.skipped)), "stopped": .bool(stopped),
      "seconds": .thousandths(summary.nanoseconds / 1_000_000), "host": summary.host?.json ?? .null,
      "cases": .array(cases),
    ]).text() + "\n"
  }
}

/// Sixteen digits.
enum Hex {
  static func text(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
