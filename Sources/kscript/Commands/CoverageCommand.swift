import ArgumentParser
import Glibc
import KernelScript

struct CoverageCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "coverage",
    abstract: "Counts the facts of the ledger that specs show and this machine's Linux confirms.",
    discussion:
      "Runs the cases on the emulated kernel and on the host, as `kscript test --both` does. A fact is shown by "
      + "the cases that name it (-- covers: id), confirmed when one of them passes on both with the same calls and "
      + "none "
      + "fails, and differing when the two kernels part in one of them. Lists the facts of tier 1 and 2 that are "
      + "shown and "
      + "not confirmed, with the reason (-v: of tier 3 too). Exits with 1 when a fact of tier 1 or 2 differs, 66 "
      + "when a "
      + "path does not exist. Needs root to confirm anything.")

  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

  @Option(help: ArgumentHelp("The folder of the ledger.", valueName: "DIR"), completion: .directory)
  var ledger = "docs/surface"

  @Option(help: "The form of the results.")
  var format = Format.text

  @OptionGroup var output: OutputOptions

  @ArgumentParser.Argument(
    help: ArgumentHelp("Spec files, or folders with *_spec.lua and *_test.lua below them.", valueName: "PATHS"),
    completion: .file())
  var paths: [String] = ["Tests/Scripts"]

  mutating func run() throws {
    signal(SIGPIPE, SIG_IGN)
    var coverage = Coverage(try loadLedger())
    let threads = OrderedWork.processorCount
    let sources = try loadTargets().map { (target: $0, text: try Script.read($0.path).text) }
    var options = Machine.Options()
    options.instructionLimit = TestCommand.defaultLimit
    let suite = SpecSuite(sources, .init(), options, threads: threads)
    let showsProgress = isatty(STDERR_FILENO) == 1 && !output.quiet
    var count = 0
    suite.runOnBoth(threads: threads) { entry in
      coverage.take(entry)
      count += 1
      if showsProgress { progress("\r\(count) of \(Text.count(suite.jobs.count, "case")) ") }
      return true
    }
    if showsProgress { progress("\r\u{1b}[K") }
    let report = CoverageReport(coverage, tiers: 1...(output.verbose ? 3 : 2), paint: output.paint)
    Terminal.output(format == .json ? report.json : report.text)
    Terminal.flush()
    if coverage.differs { throw ExitCode(Kscript.ExitStatus.failed) }
  }

  private func progress(_ text: String) { _ = Terminal.write(Array(text.utf8), to: STDERR_FILENO) }

  private func loadLedger() throws -> Ledger {
    do {
      let files = try SpecSearch.files(ledger, endings: [".tsv"])
      return try Ledger(files.map { (path: $0, text: String(decoding: try Script.read($0).text, as: UTF8.self)) })
    } catch let failure as SpecSearch.Failure {
      throw missing(failure.message)
    } catch let failure as Ledger.Failure {
      Terminal.error(failure.message)
      throw ExitCode(Kscript.ExitStatus.usage)
    }
  }

  private func loadTargets() throws -> [SpecSearch.Target] {
    do { return try SpecSearch.targets(paths) } catch { throw missing(error.message) }
  }

  private func missing(_ message: String) -> ExitCode {
    Terminal.error("kscript: \(message)")
    return ExitCode(Kscript.ExitStatus.noInput)
  }
}
