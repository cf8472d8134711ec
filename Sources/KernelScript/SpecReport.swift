/// What a run of specs came to.
package struct SpecSummary: Sendable {
  package var passed = 0
  package var failed = 0
  package var skipped = 0
  package var nanoseconds: Int64 = 0
  /// Where the cases are run on both kernels.
  package var host: SpecHostSummary?
  package init() {}

  package mutating func count(_ entry: SpecSuite.Entry) {
    count(entry.result.status)
    if let half = entry.host {
      if host == nil { host = SpecHostSummary() }
      host!.count(half)
    }
  }

  package mutating func count(_ status: SpecFile.Result.Status) {
    switch status {
    case .passed: passed += 1
    case .failed: failed += 1
    case .skipped: skipped += 1
    }
  }

  /// The line that ends every run.
  package var line: String { "\(passed) passed, \(failed) failed, \(skipped) skipped" }
}

/// A form in which results are told. What each function returns is written at once.
package protocol SpecReport {
  mutating func begin(_ suite: SpecSuite) -> String
  mutating func take(_ entry: SpecSuite.Entry) -> String
  /// `stopped`: not all cases ran, because one failed (--fail-fast).
  mutating func end(_ summary: SpecSummary, stopped: Bool) -> String
}

extension SpecSuite.Entry {
  /// How a shell runs this very case again.
  var rerun: String {
    let arguments =
      [job.testCase.place] + (job.options.seed == 0 ? [] : ["--seed", "\(job.options.seed)"])
      + (job.options.policy == .fifo ? [] : ["--policy", job.options.policy.name])
      + (job.checksLeaks ? ["--leaks"] : []) + (host == nil ? [] : ["--both"])
    return "kscript test " + arguments.map(quoteForShell).joined(separator: " ")
  }

  private func quoteForShell(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: ":"): true
      default: false
      }
    }
    return isPlain ? text : "'" + text.replacing("'", with: "'\\''") + "'"
  }

  /// The script's own lines of the traceback, innermost first; none where they tell no more than the place does.
  var frames: [String] {
    let lines = result.traceback.split(separator: "\n").map { line in
      String(line.drop { $0 == " " || $0 == "\t" })
    }
    let own = lines.filter { !$0.hasPrefix("[C]:") && !$0.hasPrefix("kscript:") && $0 != "..." && !$0.isEmpty }
    return own.count == 1 && own[0].hasPrefix(result.place + ":") ? [] : own
  }
}
