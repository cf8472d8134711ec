import KernelScript
import Testing

/// Facts, the cases that show them, and what the referee says.
@Suite("Coverage")
struct CoverageTests {
  static let header = "id\ttier\tsince\tbehaviour\terrors\tevidence\n"

  static func ledger(_ rows: [(id: String, tier: Int)], _ path: String = "surface/pipe.tsv") throws -> Ledger {
    try Ledger([(path: path, text: header + rows.map { "\($0.id)\t\($0.tier)\t-\tIt is so.\t-\tseen\n" }.joined())])
  }

  static func message(_ text: String) -> String? {
    do throws(Ledger.Failure) {
      _ = try Ledger([(path: "a.tsv", text: text)])
      return nil
    } catch { return error.message }
  }

  @Test("A ledger's rows become facts of the family that its file names")
  func parses() throws {
    let ledger = try CoverageTests.ledger([("pipe.a.b", 1), ("pipe.a.c", 3)])
    #expect(ledger.facts.map(\.id) == ["pipe.a.b", "pipe.a.c"])
    #expect(ledger.facts.map(\.tier) == [1, 3])
    #expect(ledger.facts.map(\.family) == ["pipe", "pipe"])
    #expect(ledger.facts.map(\.place) == ["surface/pipe.tsv:2", "surface/pipe.tsv:3"])
  }

  @Test("What is no ledger is refused with its place")
  func refuses() {
    let row = "a.b\t1\t-\tIt is so.\t-\tseen\n"
    #expect(CoverageTests.message(CoverageTests.header + row) == nil)
    #expect(CoverageTests.message(row) == "a.tsv:1: no header of a ledger")
    #expect(CoverageTests.message(CoverageTests.header + "a.b\t1\n") == "a.tsv:2: 2 columns instead of 6")
    #expect(
      CoverageTests.message(CoverageTests.header + row.replacing("\t1\t", with: "\t4\t"))
        == "a.tsv:2: there is no tier 4")
    #expect(CoverageTests.message(CoverageTests.header + row + row) == "a.tsv:3: a.b stands in a.tsv:2 already")
  }

  @Test("One case confirms a fact, unless another speaks against it")
  func states() throws {
    func state(_ outcomes: Coverage.Outcome...) throws -> Coverage.State {
      var coverage = Coverage(try CoverageTests.ledger([("pipe.a.b", 1)]))
      for outcome in outcomes { coverage.take(["pipe.a.b"], place: "x_spec.lua:1", outcome) }
      return coverage.items[0].state
    }
    #expect(try state() == .unshown)
    #expect(try state(.confirmed) == .confirmed)
    #expect(try state(.skipped("why")) == .unconfirmed)
    #expect(try state(.stated("why")) == .unconfirmed)
    #expect(try state(.stated("why"), .skipped("why"), .confirmed) == .confirmed)
    #expect(try state(.confirmed, .failed("why")) == .unconfirmed)
    #expect(try state(.differing("why"), .confirmed) == .differing)
  }

  @Test("Facts are counted by family and tier")
  func counts() throws {
    let text = { (family: String) in
      CoverageTests.header + (1...3).map { "\(family).a.\($0)\t\($0 == 3 ? 2 : 1)\t-\tSo.\t-\tseen\n" }.joined()
    }
    var coverage = Coverage(try Ledger([(path: "a.tsv", text: text("a")), (path: "b.tsv", text: text("b"))]))
    coverage.take(["a.a.1", "a.a.3", "a.a.3"], place: "x_spec.lua:1", .confirmed)
    coverage.take(["a.a.2", "nowhere.to.be"], place: "x_spec.lua:2", .skipped("why"))
    #expect(!coverage.differs)
    coverage.take(["b.a.3"], place: "x_spec.lua:3", .differing("how"))
    #expect(coverage.differs)
    func numbers(_ count: Coverage.Count) -> [Int] { [count.facts, count.shown, count.confirmed, count.differing] }
    #expect(coverage.families == ["a", "b"])
    #expect(numbers(coverage.count(family: "a", tier: 1)) == [2, 2, 1, 0])
    #expect(numbers(coverage.count(family: "a", tier: 2)) == [1, 1, 1, 0])
    #expect(numbers(coverage.count(family: "b")) == [3, 1, 0, 1])
    #expect(numbers(coverage.count(tier: 2)) == [2, 2, 1, 1])
    #expect(numbers(coverage.count()) == [6, 4, 2, 1])
    #expect(coverage.items[2].cases.count == 1)  // named twice by one case
    #expect(coverage.unknown.map(\.id) == ["nowhere.to.be"])
  }

  @Test("Cases hold the ids of every comment that names facts, wherever a case is made")
  func attaches() {
    let source = """
      -- covers: a.of.nobody
      describe("block", function()
        local function twice(name) it(name .. " 1", function() end) it(name .. " 2", function() end) end
        -- covers: a.b.c, a.b.d
        -- a.b.e
        -- and no further
        twice "both"
        -- covers: a.b.f
        it("one", function()
          -- covers: a.b.g
        end)
      end)
      """
    let covers = SpecFile(path: "x_spec.lua", source: Array(source.utf8)).cases(.init()).map(\.covers)
    #expect(covers == [["a.b.c", "a.b.d", "a.b.e"], ["a.b.c", "a.b.d", "a.b.e"], ["a.b.f", "a.b.g"]])
  }

  @Test("Every fact of tiers 1 and 2 is named by a case, not only by a comment")
  func isShown() throws {
    let files = Project.files("docs/surface", ".tsv").map { (path: $0.path, text: $0.text) }
    var coverage = Coverage(try Ledger(files))
    for file in Project.files("Tests/Scripts", "_spec.lua") {
      for testCase in SpecFile(path: file.path, source: Array(file.text.utf8)).cases(.init()) {
        coverage.take(testCase.covers, place: testCase.place, .confirmed)
      }
    }
    for item in coverage.items where item.fact.tier < 3 && item.state == .unshown {
      Issue.record("\(item.fact.place): no case shows \(item.fact.id)")
    }
    for (id, place) in coverage.unknown { Issue.record("\(place): no row says \(id)") }
  }

  @Test("What differs in a corner is told and does no harm")
  func corners() throws {
    var coverage = Coverage(try CoverageTests.ledger([("pipe.a.b", 3)]))
    coverage.take(["pipe.a.b"], place: "x_spec.lua:1", .differing("how"))
    #expect(!coverage.differs && coverage.count(tier: 3).differing == 1)
    #expect(!CoverageReport(coverage).text.contains("pipe.a.b"))
    #expect(
      CoverageReport(coverage, tiers: 1...3).text.contains(
        "pipe.a.b  tier 3  differing\n    x_spec.lua:1  differing: how\n"))
  }

  @Test("The list says why a fact is not confirmed")
  func reasons() throws {
    var coverage = Coverage(try CoverageTests.ledger([("pipe.a.b", 1), ("pipe.a.c", 2), ("pipe.a.d", 2)]))
    coverage.take(["pipe.a.b"], place: "x_spec.lua:1", .skipped("it is pending"))
    coverage.take(["pipe.a.c"], place: "x_spec.lua:2", .stated("memory"))
    coverage.take(["pipe.a.d"], place: "x_spec.lua:3", .confirmed)
    let text = CoverageReport(coverage).text
    #expect(text.contains("  pipe.a.b  tier 1\n    x_spec.lua:1  skipped on the host: it is pending\n"))
    #expect(text.contains("  pipe.a.c  tier 2\n    x_spec.lua:2  stated difference: memory\n"))
    #expect(!text.contains("pipe.a.d"))
  }
}
