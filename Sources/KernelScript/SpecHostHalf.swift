import LinuxKernel

/// What this machine's Linux made of a case, beside the emulated kernel.
package struct SpecHostHalf: Sendable {
  package enum Verdict: String, Sendable {
    /// It passed there as here, and its calls were the same or differed as it states.
    case agreed
    /// Its calls differed, or it passed on one of the two alone.
    case differed
    /// It failed on both.
    case failed
    /// It was not run there, or not to its end: `reason` says why.
    case skipped
    /// This machine cannot be the referee.
    case unavailable
  }

  package let verdict: Verdict
  package let reason: String
  /// What its calls did on both; nil where there was nothing to compare.
  package let comparison: Comparison?
  /// How often it was run there: again where it differed, and the machine had kept the referee from watching.
  package var tries = 1

  package init(_ verdict: Verdict, reason: String = "", comparison: Comparison? = nil) {
    (self.verdict, self.reason, self.comparison) = (verdict, reason, comparison)
  }

  /// What is told of a case that passed, where there is more to tell than that it did so on both.
  var remark: String? {
    switch verdict {
    case .skipped: return "skipped on the host: \(reason)"
    case .agreed:
      var remarks: [String] = []
      let stated = comparison?.stated ?? []
      if !stated.isEmpty {
        remarks.append("differs as stated: " + SpecHostHalf.reasons(stated).joined(separator: "; "))
      }
      if tries > 1 {
        remarks.append(
          "agreed at the \(tries == 2 ? "second" : "third") try; the machine had been too busy to watch it")
      }
      return remarks.isEmpty ? nil : remarks.joined(separator: "; ")
    default: return nil
    }
  }

  /// The reasons that a script states, each once.
  static func reasons(_ differences: [Comparison.Difference]) -> [String] {
    var reasons: [String] = []
    for difference in differences {
      if let reason = difference.reason, !reasons.contains(reason) { reasons.append(reason) }
    }
    return reasons
  }

  func json(what: String) -> JSON {
    let differences = comparison.map { $0.unstated + $0.stated } ?? []
    return .object([
      "verdict": .string(verdict.rawValue), "reason": .string(reason), "tries": .integer(Int64(tries)),
      "calls": .integer(Int64(comparison?.callCount ?? 0)), "same": .integer(Int64(comparison?.sameCount ?? 0)),
      "differences": .array(differences.map { $0.json(what: what) }),
    ])
  }
}

/// What the host halves of a run came to.
package struct SpecHostSummary: Sendable {
  package private(set) var comparedCount = 0
  package private(set) var skippedCount = 0
  package private(set) var callCount = 0
  package private(set) var differingCount = 0
  package private(set) var statedCount = 0
  /// Cases that agreed, though not at the first try.
  package private(set) var unsteadyCount = 0
  /// Why this machine cannot be the referee.
  package private(set) var unavailable: String?
  /// What cases state to differ: how many calls, by the first place where each reason stands.
  private(set) var stated: [(reason: String, place: String, count: Int)] = []
  package init() {}

  package mutating func count(_ half: SpecHostHalf) {
    switch half.verdict {
    case .unavailable: unavailable = half.reason
    case .skipped: skippedCount += 1
    case .agreed, .differed, .failed: comparedCount += 1
    }
    if half.verdict == .agreed, half.tries > 1 { unsteadyCount += 1 }
    guard half.verdict != .unavailable, let comparison = half.comparison else { return }
    callCount += comparison.callCount
    differingCount += comparison.unstated.count
    statedCount += comparison.stated.count
    for difference in comparison.stated {
      if let known = stated.firstIndex(where: { $0.reason == difference.reason! }) {
        stated[known].count += 1
      } else {
        stated.append((difference.reason!, difference.place, 1))
      }
    }
  }

  package var line: String {
    if let unavailable { return "host skipped: \(unavailable)" }
    return "host Linux \(HostClock.release): \(Text.count(comparedCount, "case")) compared, "
      + "\(Text.count(callCount, "call")), \(differingCount) differ, \(statedCount) as stated, "
      + "\(Text.count(skippedCount, "case")) skipped there"
      + (unsteadyCount > 0
        ? ", \(Text.count(unsteadyCount, "case")) agreed only when run again: the machine was busy" : "")
  }

  var json: JSON {
    .object([
      "release": .string(HostClock.release), "unavailable": unavailable.map { .string($0) } ?? .null,
      "compared": .integer(Int64(comparedCount)), "skipped": .integer(Int64(skippedCount)),
      "calls": .integer(Int64(callCount)), "differ": .integer(Int64(differingCount)),
      "stated": .integer(Int64(statedCount)), "unsteady": .integer(Int64(unsteadyCount)),
      "normalised": .string(Normal.names),
    ])
  }
}

extension SpecSuite {
  /// Runs all on the emulated kernel, on several threads, and then one by one on this machine's Linux too, since there
  /// is one world at a time. Each result is given to `take` in the order of the jobs; false ends the run.
  ///
  /// - Parameter stopsAtFailure: nothing is run behind a case that fails.
  package func runOnBoth(threads: Int, stopsAtFailure: Bool = false, take: (Entry) -> Bool) {
    let unavailable = HostWorld.unavailability
    var entries: [Entry] = []
    run(threads: threads) { entry in
      entries.append(entry)
      return !(stopsAtFailure && entry.result.status == .failed)
    }
    for entry in entries where !take(entry.refereed(unavailable)) { return }
  }
}

extension SpecSuite.Entry {
  /// The same with what this machine's Linux makes of it.
  fileprivate func refereed(_ unavailable: String?) -> Self {
    if let unavailable { return with(SpecHostHalf(.unavailable, reason: unavailable), result, 0) }
    if result.status == .skipped { return with(SpecHostHalf(.skipped, reason: pendingReason(result)), result, 0) }
    if job.testCase.tags.contains("emulated") {
      return with(SpecHostHalf(.skipped, reason: SpecFile.emulatedOnly), result, 0)
    }
    let began = HostClock.now
    var (comparison, again, host) = job.file.compare(job.testCase, job.options)
    // What passes with all capabilities may not with those that the host lets it have.
    var emulated = result.status == .failed ? result : again
    var half = judge(comparison, emulated, host)
    for tries in 2...SpecSuite.Entry.mostTries
    where half.verdict == .differed && result.status == .passed && comparison.wasDisturbed {
      (comparison, again, host) = job.file.compare(job.testCase, job.options)
      emulated = again
      half = judge(comparison, emulated, host)
      half.tries = tries
    }
    var merged = result
    if half.verdict == .differed || half.verdict == .failed || comparison.unavailable != nil {
      if result.status == .passed {
        merged = emulated.status == .failed ? emulated : host
        merged.place = comparison.unstated.first.map(\.place) ?? merged.place
      }
      merged.status = .failed
      merged.message = half.reason
    }
    return with(half, merged, HostClock.now - began)
  }

  /// How often a case is tried that differs when it was not watched all the time. What differs with open eyes is told
  /// at once.
  private static let mostTries = 3

  private func pendingReason(_ result: SpecFile.Result) -> String {
    result.message.isEmpty ? "it is pending" : "it is pending: \(result.message)"
  }

  private func judge(_ comparison: Comparison, _ emulated: SpecFile.Result, _ host: SpecFile.Result) -> SpecHostHalf {
    // It was there for the first case: not to have it now is no reason to pass.
    if let reason = comparison.unavailable { return SpecHostHalf(.skipped, reason: "no world on the host: \(reason)") }
    var reasons: [String] = []
    switch (emulated.status, host.status) {
    case (.passed, .passed), (.skipped, .skipped): break
    case (.failed, .failed):
      reasons.append(emulated.message)
      reasons.append(
        host.message == emulated.message ? "the same on the host" : "on the host: \(host.place): \(host.message)")
    case (.failed, _):
      reasons = [emulated.message, "on the host it \(host.status == .passed ? "passes" : "is skipped")"]
    case (_, .failed): reasons.append("on the host: \(host.message)")
    // What it did before it was skipped there is not compared: it did the rest on one of the two alone.
    case (_, .skipped): return SpecHostHalf(.skipped, reason: pendingReason(host))
    case (.skipped, .passed): reasons.append("it is pending on the emulated kernel alone")
    }
    let unstated = comparison.unstated
    if !unstated.isEmpty { reasons.append(SpecSuite.Entry.text(unstated)) }
    if !reasons.isEmpty, comparison.wasDisturbed {
      reasons.append(
        "the machine was busy: the referee was kept from watching for \(comparison.longestAbsence / 1_000_000) ms")
    }
    let isAlike = unstated.isEmpty && emulated.status == host.status
    let verdict: SpecHostHalf.Verdict = !isAlike ? .differed : host.status == .failed ? .failed : .agreed
    return SpecHostHalf(verdict, reason: reasons.joined(separator: "\n"), comparison: comparison)
  }

  /// The first differences, of each task one.
  private static func text(_ differences: [Comparison.Difference]) -> String {
    var lines = ["\(Text.count(differences.count, "call")) unlike Linux \(HostClock.release)"]
    var seen: Set<Int32> = []
    for difference in differences where seen.insert(difference.tid).inserted && seen.count <= 5 {
      lines.append("  \(difference.place)  task \(difference.tid)  \(difference.call)")
      lines.append("    host      \(difference.host)")
      lines.append("    kscript   \(difference.emulated)")
    }
    return lines.joined(separator: "\n")
  }
}
