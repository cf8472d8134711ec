import KernelScript
import LinuxKernel
import Testing

/// Which cases run, in which order, and how they end.
@Suite struct SpecSuiteTests {
  static let source = """
    local must = require("kscript").must
    describe("pipe #ipc", function()
      it("a", function() end)
      it("b #slow", function() assert.equal(1, 2) end)
      it("c", function() must.pipe2() must.fork(function() end) end)
      pending("d")
      it("loops", function() while true do end end)
      it("waits", function() local r, w = must.pipe2() must.read(r, 1) end)
    end)
    """

  static func suite(
    _ change: (inout SpecSuite.Selection) -> Void = { _ in }, lines: [Int] = [], seed: UInt64 = 0, leaks: Bool = false
  ) -> SpecSuite {
    var selection = SpecSuite.Selection()
    change(&selection)
    var options = Machine.Options()
    options.instructionLimit = 100_000
    options.seed = seed
    let targets = [(target: SpecSearch.Target(path: "x_spec.lua", lines: lines), text: Array(source.utf8))]
    return SpecSuite(targets, selection, options, checksLeaks: leaks, threads: 1)
  }

  static func names(_ suite: SpecSuite) -> [String] {
    suite.jobs.map { String($0.testCase.name.dropFirst("pipe #ipc ".count)) }
  }

  @Test func selects() {
    #expect(SpecSuiteTests.names(SpecSuiteTests.suite()) == ["a", "b #slow", "c", "d", "loops", "waits"])
    #expect(SpecSuiteTests.names(SpecSuiteTests.suite { $0.filters = ["oop", "wait"] }) == ["loops", "waits"])
    #expect(SpecSuiteTests.names(SpecSuiteTests.suite { $0.tags = ["slow", "none"] }) == ["b #slow"])
    #expect(SpecSuiteTests.names(SpecSuiteTests.suite { ($0.tags, $0.excludedTags) = (["ipc"], ["slow"]) }).count == 5)
    #expect(SpecSuiteTests.names(SpecSuiteTests.suite(lines: [4, 6])) == ["b #slow", "d"])
    #expect(SpecSuiteTests.names(SpecSuiteTests.suite(lines: [1])) == [])
  }

  @Test func dealsShardsThatTogetherAreAll() {
    let parts = (1...4).map { index in SpecSuiteTests.names(SpecSuiteTests.suite { $0.shard = (index, 4) }) }
    #expect(parts[0] == ["a", "loops"])
    #expect(parts.flatMap { $0 }.sorted() == SpecSuiteTests.names(SpecSuiteTests.suite()).sorted())
  }

  @Test func shufflesBySeed() {
    let orders = (0..<5).map { seed in
      SpecSuiteTests.names(SpecSuiteTests.suite({ $0.isShuffled = true }, seed: UInt64(seed)))
    }
    #expect(Set(orders).count > 1)
    #expect(orders[3] == SpecSuiteTests.names(SpecSuiteTests.suite({ $0.isShuffled = true }, seed: 3)))
    #expect(Set(orders[0]) == Set(SpecSuiteTests.names(SpecSuiteTests.suite())))
  }

  @Test func repeatsWithFurtherSeeds() {
    let suite = SpecSuiteTests.suite({ ($0.filters, $0.repetitions) = (["ipc a", "ipc c"], 3) }, seed: 5)
    #expect(suite.jobs.map(\.options.seed) == [5, 6, 7, 5, 6, 7])
  }

  @Test func endsEveryCase() {
    var told: [String] = []
    SpecSuiteTests.suite().run(threads: 1) { entry in
      told.append(
        "\(entry.result.status) \(entry.result.place) \(entry.result.message.split(separator: "\n").first ?? "")")
      return true
    }
    #expect(
      told == [
        "passed x_spec.lua:3 ", "failed x_spec.lua:4 expected equal values", "passed x_spec.lua:5 ",
        "skipped x_spec.lua:6 ",
        "failed x_spec.lua:7 the limit of 100000 Lua instructions is spent (--limit)",
        "failed x_spec.lua:8 deadlock: nothing can run and no timer is set",
      ])
  }

  @Test func findsWhatIsLeftBehind() {
    var messages: [String] = []
    SpecSuiteTests.suite({ $0.filters = ["ipc a", "ipc c"] }, leaks: true).run(threads: 1) { entry in
      messages.append(entry.result.message)
      return true
    }
    #expect(messages == ["", "left behind (--leaks):\n  fd 3  pipe:[1]\n  fd 4  pipe:[1]\n  task 2  runnable"])
  }

  /// The same text, whatever the number of threads; and nothing after the first failure.
  @Test(arguments: [1, 2, 7])
  func tellsTheSameOnManyThreads(_ threads: Int) {
    let suite = SpecSuiteTests.suite { $0.repetitions = 20 }
    #expect(
      SpecReportTests.tell(SpecTextReport(paint: Paint(isOn: false)), suite, threads: threads)
        == SpecReportTests.tell(SpecTextReport(paint: Paint(isOn: false)), suite, threads: 1))
    var count = 0
    suite.run(threads: threads) { entry in
      count += 1
      return entry.result.status != .failed
    }
    #expect(count == 21)
  }

  @Test func findsFiles() throws {
    let folder = Repository.root + "/Tests"
    let found = try SpecSearch.targets([folder]).map(\.path)
    #expect(found == found.sorted() && found.contains(folder + "/Scripts/pipe_spec.lua"))
    #expect(!found.contains { $0.contains("/Interpreter/") })
    let file = folder + "/Scripts/pipe_spec.lua"
    #expect(try SpecSearch.targets([file + ":12", file + ":40"]) == [.init(path: file, lines: [12, 40])])
    #expect(try SpecSearch.targets([file + ":12", file]) == [.init(path: file, lines: [])])
    #expect(throws: SpecSearch.Failure.self) { try SpecSearch.targets([folder + "/nowhere"]) }
    #expect(throws: SpecSearch.Failure.self) { try SpecSearch.targets([file + ":x"]) }
  }
}
