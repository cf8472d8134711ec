import ArgumentParser
import Glibc
import KernelScript

struct TestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "test", abstract: "Runs spec files, each case in a fresh kernel.",
    discussion:
      "PATH:LINE runs the case that the line belongs to. Ends with `N passed, N failed, N skipped` on standard "
      + "output (on standard error when that holds another format than text). Exits with 1 when a case failed, 64 when "
      + "there was no case, 66 when a path does not exist. With --host, cases tagged #emulated are skipped. A case "
      + "may run 100 million Lua instructions (--limit; 0 "
      + "for no limit), so that an endless loop fails. With --both, a case passes when it passes on both kernels "
      + "and its "
      + "calls differ only where it states so (ks.differs); cases tagged #emulated run on the emulated kernel "
      + "alone, and "
      + "so do all where this machine cannot be the referee (or KSCRIPT_REFEREE=none says so), which is told.")

  /// An endless loop reaches it within a second or a few, and no sensible case does.
  static let defaultLimit: UInt64 = 100_000_000

  enum Format: String, ExpressibleByArgument, CaseIterable { case text, tap, junit, json }

  /// One of several equal parts of the cases.
  struct Shard: ExpressibleByArgument {
    let index: Int, count: Int
    init?(argument: String) {
      let parts = argument.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
      guard parts.count == 2, let index = parts[0], let count = parts[1], index >= 1, count >= index else { return nil }
      (self.index, self.count) = (index, count)
    }
  }

  @ArgumentParser.Argument(
    help: ArgumentHelp("Spec files, or folders with *_spec.lua and *_test.lua below them.", valueName: "PATHS"),
    completion: .file())
  var paths: [String] = ["."]

  @Option(
    help: ArgumentHelp("Cases whose full name holds TEXT (plain text; may be given again for more).", valueName: "TEXT")
  )
  var filter: [String] = []

  @Option(help: ArgumentHelp("Cases with one of these #tags.", valueName: "A,B"))
  var tags: [String] = []

  @Option(help: ArgumentHelp("Cases with none of these #tags.", valueName: "A,B"))
  var excludeTags: [String] = []

  @Flag(help: "Lists the cases and runs none.")
  var list = false

  @Option(help: "The form of the results.")
  var format = Format.text

  @Option(
    help: ArgumentHelp("Writes the results to FILE, and text to standard output.", valueName: "FILE"),
    completion: .file())
  var output: String?

  @Flag(help: "Takes the files, and the cases of each, in an order drawn from the seed.")
  var shuffle = false

  @Option(
    name: .customLong("repeat"),
    help: ArgumentHelp("Runs each case with N seeds: the seed, the next one, ...", valueName: "N"))
  var repetitions = 1

  @Flag(help: "Stops after the first case that fails.")
  var failFast = false

  @Option(help: ArgumentHelp("Cases at a time (default: one a processor).", valueName: "N"))
  var jobs: Int?

  @Option(help: ArgumentHelp("Part I of N equal parts, from 1.", valueName: "I/N"))
  var shard: Shard?

  @Flag(help: "A case fails that leaves files open or tasks behind.")
  var leaks = false

  @Flag(help: "Runs each case on the emulated kernel and on this machine's Linux, and compares its calls.")
  var both = false

  @OptionGroup var machineOptions: MachineOptions
  @OptionGroup var outputOptions: OutputOptions

  func validate() throws {
    if let jobs, jobs < 1 { throw ValidationError("--jobs takes a number from 1, not \(jobs)") }
    if repetitions < 1 { throw ValidationError("--repeat takes a number from 1, not \(repetitions)") }
    if both, machineOptions.host { throw ValidationError("--both runs on the host too; leave out --host") }
    if machineOptions.host, let jobs, jobs > 1 {
      throw ValidationError("--host runs one case at a time, since all worlds share one processor; leave out --jobs")
    }
  }

  mutating func run() throws {
    signal(SIGPIPE, SIG_IGN)
    let began = HostClock.now
    let threads = machineOptions.host ? 1 : jobs ?? OrderedWork.processorCount
    let suite = try loadSuite(threads)
    if list {
      Terminal.output(listing(suite))
      return Terminal.flush()
    }
    let file = try output.map { try ResultFile(path: $0) }
    var reports = reports(to: file)
    var summary = SpecSummary()
    var stopped = false
    var slowest: SpecSuite.Entry?

    reports.tell { $0.begin(suite) }
    let take: (SpecSuite.Entry) -> Bool = { entry in
      summary.count(entry)
      if entry.nanoseconds > slowest?.nanoseconds ?? 0 { slowest = entry }
      reports.tell { $0.take(entry) }
      Terminal.flush()
      stopped = failFast && summary.failed > 0
      return !stopped
    }
    if both {
      suite.runOnBoth(threads: threads, stopsAtFailure: failFast, take: take)
    } else {
      suite.run(threads: threads, take: take)
    }
    summary.nanoseconds = HostClock.now - began
    if !outputOptions.quiet { tellEnd(suite, summary, threads, slowest) }
    reports.tell { $0.end(summary, stopped: stopped) }
    Terminal.flush()
    if format != .text, output == nil {
      if let host = summary.host { Terminal.error(host.line) }
      Terminal.error(summary.line)
    }
    if summary.failed > 0 { throw ExitCode(Kscript.ExitStatus.failed) }
  }

  private func loadSuite(_ threads: Int) throws -> SpecSuite {
    let targets: [SpecSearch.Target]
    do { targets = try SpecSearch.targets(paths) } catch {
      Terminal.error("kscript: \(error.message)")
      throw ExitCode(Kscript.ExitStatus.noInput)
    }
    let sources = try targets.map { (target: $0, text: try Script.read($0.path).text) }
    let suite = SpecSuite(
      sources, selection, machineOptions.machineOptions(script: nil, limit: TestCommand.defaultLimit),
      checksLeaks: leaks,
      threads: threads)
    // A shard may be empty: there are more parts than cases then.
    guard suite.jobs.isEmpty, shard == nil || suite.caseCount == 0 else { return suite }
    let searched = paths.joined(separator: ", ")
    Terminal.error(
      targets.isEmpty
        ? "kscript: no *_spec.lua or *_test.lua in \(searched)"
        : suite.caseCount == 0
          ? "kscript: no case in \(searched)"
          : "kscript: none of \(Text.count(suite.caseCount, "case")) is selected by --filter, --tags and --exclude-tags"
    )
    throw ExitCode(Kscript.ExitStatus.usage)
  }

  private var selection: SpecSuite.Selection {
    func words(_ lists: [String]) -> [String] {
      lists.flatMap { $0.split(separator: ",") }.map { String($0.hasPrefix("#") ? $0.dropFirst() : $0) }
    }
    var selection = SpecSuite.Selection()
    selection.filters = filter
    selection.tags = words(tags)
    selection.excludedTags = words(excludeTags)
    selection.shard = shard.map { ($0.index, $0.count) }
    selection.isShuffled = shuffle
    selection.repetitions = list ? 1 : repetitions
    return selection
  }

  private func listing(_ suite: SpecSuite) -> String {
    guard format == .json else { return suite.jobs.map { "\($0.testCase.place)  \($0.testCase.name)\n" }.joined() }
    return JSON.array(
      suite.jobs.map { job in
        .object([
          "file": .string(job.file.path), "line": .integer(Int64(job.testCase.line)),
          "name": .string(job.testCase.name),
          "tags": .strings(job.testCase.tags), "covers": .strings(job.testCase.covers),
          "pending": .bool(job.testCase.isPending),
        ])
      }
    ).text() + "\n"
  }

  /// How the run can be had again and what it cost: on standard error, since it differs from run to run.
  private func tellEnd(_ suite: SpecSuite, _ summary: SpecSummary, _ threads: Int, _ slowest: SpecSuite.Entry?) {
    Terminal.flush()
    let seeds =
      repetitions > 1
      ? "seeds \(machineOptions.seed)-\(machineOptions.seed &+ UInt64(repetitions - 1))" : "seed \(machineOptions.seed)"
    var parts = [
      seeds + (shuffle ? " (shuffled)" : ""), "policy \(machineOptions.policy.name)", Text.count(threads, "job"),
    ]
    parts.append("\(Report.seconds(summary.nanoseconds)) s")
    if outputOptions.verbose, let slowest {
      parts.append("slowest \(slowest.job.testCase.place) \(Report.seconds(slowest.nanoseconds)) s")
    }
    Terminal.error(parts.joined(separator: "  "))
  }

  private func reports(to file: ResultFile?) -> ReportList {
    let text = SpecTextReport(
      paint: outputOptions.paint, isVerbose: outputOptions.verbose, isQuiet: outputOptions.quiet)
    let machine: any SpecReport =
      switch format {
      case .text: SpecTextReport(paint: Paint(isOn: false), isVerbose: outputOptions.verbose)
      case .tap: SpecTapReport()
      case .junit: SpecJUnitReport()
      case .json: SpecJsonReport()
      }
    if let file { return ReportList([(text, Terminal.output), (machine, file.write)]) }
    return ReportList([(format == .text ? text : machine, Terminal.output)])
  }
}

/// The forms in which a run is told, each with where it goes.
private struct ReportList {
  private var reports: [(report: any SpecReport, write: (String) -> Void)]
  init(_ reports: [(report: any SpecReport, write: (String) -> Void)]) { self.reports = reports }

  mutating func tell(_ what: (inout any SpecReport) -> String) {
    for index in reports.indices {
      let text = what(&reports[index].report)
      if !text.isEmpty { reports[index].write(text) }
    }
  }
}
