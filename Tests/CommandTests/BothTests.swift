import Foundation
import Testing

/// Specs on the emulated kernel and on this machine's Linux: `kscript test --both` and `kscript coverage`.
@Suite struct BothTests {
  /// Without root there is no referee, and what is told then is all that can be tested.
  static let hasReferee = (try? CommandTests.kscript("diff", "/dev/null").status) == 0
  static let withoutReferee = ["KSCRIPT_REFEREE": "none"]

  static let same = """
    local ks = require "kscript"
    -- covers: a.same.one
    it("agrees", function() ks.must.pipe2() end)
    -- covers: a.emulated.one
    it("stays #emulated", function() end)
    -- covers: a.later.one
    it("comes", function() pending "later" end)
    -- covers: a.stated.one
    it("states", function() ks.differs("for a reason", function()
      ks.sys.close(ks.backend == "host" and 77 or 0)
    end) end)
    """
  static let differing = """
    local ks = require "kscript"
    -- covers: a.differs.one
    it("differs", function() if ks.backend == "host" then ks.must.getppid() end ks.must.getpid() end)
    """
  static let failing = """
    local ks = require "kscript"
    -- covers: a.differs.two
    it("fails there", function() assert.equal("emulated", ks.backend) end)
    """

  static func ledger(_ tier: Int) -> String {
    let ids = [
      "a.same.one", "a.emulated.one", "a.later.one", "a.stated.one", "a.differs.one", "a.differs.two", "a.unshown.one",
    ]
    return "id\ttier\tsince\tbehaviour\terrors\tevidence\n" + ids.map { "\($0)\t\(tier)\t-\tSo.\t-\tseen\n" }.joined()
  }

  static var files: [String: String] {
    ["a_spec.lua": same, "b_spec.lua": differing, "c_spec.lua": failing, "one.tsv": ledger(1)]
  }

  @Test func withoutARefereeTheHostHalfIsSkippedAndTold() throws {
    let told = "host skipped: the referee is switched off (KSCRIPT_REFEREE=none)"
    try CommandTests.withFiles(BothTests.files) { folder in
      func run(_ format: String) throws -> CommandTests.Output {
        try CommandTests.kscript(
          "test", "--both", "-v", "--format", format, in: folder, environment: BothTests.withoutReferee)
      }
      let text = try run("text")
      #expect(text.status == 0)
      #expect(text.output.hasSuffix("\n\(told)\n5 passed, 0 failed, 1 skipped\n"))
      #expect(text.output.components(separatedBy: "KSCRIPT_REFEREE").count == 2)
      #expect(try run("tap").output.contains("\n# \(told)\n"))
      #expect(try run("junit").output.contains("<property name=\"host\" value=\"\(told)\"/>"))
      let json = try run("json")
      #expect(json.output.contains("\"unavailable\": \"the referee is switched off"))
      #expect(json.errors.hasSuffix("\(told)\n5 passed, 0 failed, 1 skipped\n"))

      let coverage = try CommandTests.kscript(
        "coverage", "--ledger", ".", ".", in: folder, environment: BothTests.withoutReferee)
      #expect(coverage.status == 0)
      #expect(coverage.lastLine == told)
      #expect(BothTests.columns(coverage.output).contains(["one", "1", "7", "6", "0", "0"]))
    }
  }

  static func columns(_ text: String) -> [[String]] {
    text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
  }

  @Test(.enabled(if: hasReferee)) func whatAgreesPassesAndSaysWhatWasNotCompared() throws {
    try CommandTests.withFiles(BothTests.files) { folder in
      let all = try CommandTests.kscript("test", "--both", "-v", "a_spec.lua", in: folder)
      #expect(all.status == 0, "\(all.output)\(all.errors)")
      #expect(all.output.contains("stays #emulated  (skipped on the host: it is about the emulated kernel alone)\n"))
      #expect(all.output.contains("states  (differs as stated: for a reason)\n"))
      #expect(all.output.contains(": 2 cases compared, 2 calls, 0 differ, 1 as stated, 2 cases skipped there\n"))
      #expect(all.lastLine == "3 passed, 0 failed, 1 skipped")
    }
  }

  @Test(.enabled(if: hasReferee), arguments: ["text", "tap", "junit", "json"])
  func whatDiffersFailsAndSaysIn(_ format: String) throws {
    try CommandTests.withFiles(BothTests.files) { folder in
      let all = try CommandTests.kscript("test", "--both", "--format", format, "b_spec.lua", "c_spec.lua", in: folder)
      #expect(all.status == 1)
      #expect((format == "text" ? all.output : all.errors).hasSuffix("\n0 passed, 2 failed, 0 skipped\n"))
      let texts = ["b_spec.lua:3  task 1  getpid()", "getppid()", "on the host: expected equal values"]
      for text in texts { #expect(all.output.contains(text), "\(text) in \(all.output)") }
      // Programs put together themselves how a case is run again.
      #expect(format == "json" || all.output.contains("kscript test b_spec.lua:3 --both"))
    }
  }

  @Test(.enabled(if: hasReferee)) func coverageCountsWhatTheRefereeConfirms() throws {
    try CommandTests.withFiles(BothTests.files) { folder in
      let some = try CommandTests.kscript("coverage", "--ledger", ".", "a_spec.lua", in: folder)
      #expect(some.status == 0, "\(some.output)\(some.errors)")
      #expect(BothTests.columns(some.output).contains(["one", "1", "7", "4", "1", "0"]))
      #expect(some.output.contains("  a.stated.one  tier 1\n    a_spec.lua:9  stated difference: for a reason\n"))
      #expect(some.output.contains("a_spec.lua:7  skipped on the host: it is pending: later\n"))

      let all = try CommandTests.kscript("coverage", "--ledger", ".", "--format", "json", ".", in: folder)
      #expect(all.status == 1)
      let object = try #require(try JSONSerialization.jsonObject(with: Data(all.output.utf8)) as? [String: Any])
      let total = try #require(object["total"] as? [String: Any])
      #expect(["facts", "shown", "confirmed", "differing"].map { total[$0] as? Int } == [7, 6, 1, 2])
    }
    try CommandTests.withFiles(["b_spec.lua": BothTests.differing, "three.tsv": BothTests.ledger(3)]) { folder in
      let corner = try CommandTests.kscript("coverage", "--ledger", ".", ".", in: folder)
      #expect(corner.status == 0)
    }
  }

  @Test func mistakesOfTheCommandLine() throws {
    try CommandTests.withFiles(["a.tsv": "id\n", "a_spec.lua": BothTests.same]) { folder in
      #expect(try CommandTests.kscript("test", "--both", "--host", in: folder).status == 64)
      let broken = try CommandTests.kscript("coverage", "--ledger", ".", ".", in: folder)
      #expect(broken.status == 64 && broken.errors == "a.tsv:1: no header of a ledger\n")
      #expect(try CommandTests.kscript("coverage", "--ledger", "nowhere", ".", in: folder).status == 66)
    }
  }
}
