/// What comparisons found, as text and as JSON.
package struct DifferenceReport {
  private let showsAll: Bool
  private var taskCount = 0, callCount = 0, sameCount = 0
  private var unstated: [(what: String, Comparison.Difference)] = []
  private var stated: [(what: String, Comparison.Difference)] = []
  private var failures: [String] = []

  package init(showsAll: Bool) { self.showsAll = showsAll }

  package var differs: Bool { !unstated.isEmpty || !failures.isEmpty }

  package mutating func take(_ comparison: Comparison, _ what: String) {
    taskCount += comparison.taskCount
    callCount += comparison.callCount
    sameCount += comparison.sameCount
    var seen: Set<Int32> = []
    for difference in comparison.unstated where showsAll || seen.insert(difference.tid).inserted {
      unstated.append((what, difference))
    }
    stated += comparison.stated.map { (what, $0) }
  }

  /// A case that holds on the emulated kernel alone.
  package mutating func note(file: String, _ testCase: SpecFile.Case, _ host: SpecFile.Result) {
    failures.append("\(host.place)  on the host: \(host.message)")
  }

  package func text(release: String) -> String {
    let parts = [
      "\(sameCount) same", "\(unstated.count) differ", stated.isEmpty ? nil : "\(stated.count) differ as stated",
      failures.isEmpty ? nil : "\(failures.count) cases fail on the host alone",
    ]
    var lines = [
      "host Linux \(release) (root)   \(taskCount) tasks, \(callCount) calls: "
        + "\(parts.compactMap { $0 }.joined(separator: ", "))"
    ]
    for (_, difference) in unstated {
      lines.append("  \(difference.place)  task \(difference.tid)  \(difference.call)")
      lines.append("    host      \(difference.host)")
      lines.append("    kscript   \(difference.emulated)")
    }
    lines += failures.map { "  \($0)" }
    var told: Set<String> = []
    for (_, difference) in stated where told.insert(difference.reason!).inserted {
      let count = stated.filter { $0.1.reason == difference.reason }.count
      lines.append("  stated: \(difference.place)  \(difference.reason!)" + (count > 1 ? "  (\(count) calls)" : ""))
    }
    lines.append("  normalised: \(Normal.names)")
    return lines.joined(separator: "\n") + "\n"
  }

  package var json: String {
    let report = JSON.object([
      "tasks": .integer(Int64(taskCount)), "calls": .integer(Int64(callCount)), "same": .integer(Int64(sameCount)),
      "unstated": .integer(Int64(unstated.count)), "stated": .integer(Int64(stated.count)),
      "differences": .array((unstated + stated).map { $0.1.json(what: $0.what) }), "failures": .strings(failures),
      "normalised": .string(Normal.names),
    ])
    return report.text() + "\n"
  }
}

extension Comparison.Difference {
  /// - Parameter what: the script or case that it was seen in.
  func json(what: String) -> JSON {
    .object([
      "what": .string(what), "place": .string(place), "task": .integer(Int64(tid)), "call": .string(call),
      "host": .string(host), "kscript": .string(emulated), "reason": reason.map { .string($0) } ?? .null,
    ])
  }
}
