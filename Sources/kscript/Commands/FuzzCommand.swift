import ArgumentParser
import Glibc
import KernelScript
import LinuxKernel

struct FuzzCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fuzz",
    abstract: "Generates scripts and runs them on the emulated kernel and on this machine's Linux.",
    discussion:
      "What the two answer differently is made as small as it gets and written out as a spec, fuzz-SEED-N_spec.lua, "
      + "which "
      + "asserts what real Linux answered. The same seed generates the same scripts everywhere. Exits with 1 when "
      + "anything differs, "
      + "64 when this machine cannot be the referee. Needs root. Families: "
      + FuzzFamily.names.joined(separator: ", ") + ".")

  @Option(help: "How many calls are to be made, at least.")
  var calls = 10_000

  @Option(help: "Chooses the scripts.")
  var seed: UInt64 = 0

  @Option(help: ArgumentHelp("The families of calls that take part, joined by commas.", valueName: "NAME,..."))
  var families: String?

  @Flag(
    help: "Goes on after a difference and collects those that are not the same: by call, and by how it was answered.")
  var keepGoing = false

  @Option(help: ArgumentHelp("Where specs are written.", valueName: "DIR"), completion: .directory)
  var output = "."

  @Flag(help: .hidden)
  var answers = false

  @Option(help: .hidden)
  var show: Int?

  @Flag(help: .hidden)
  var each = false

  private var chosen: [FuzzFamily] {
    guard let families else { return FuzzFamily.usual }
    let names = families.split(separator: ",").map { $0.filter { $0 != " " } }
    return FuzzFamily.all.filter { names.contains($0.name) }
  }

  func validate() throws {
    guard calls > 0 else { throw ValidationError("--calls takes a number from 1 on") }
    for name in families?.split(separator: ",").map({ $0.filter { $0 != " " } }) ?? []
    where !FuzzFamily.names.contains(name) {
      let known = FuzzFamily.names
      throw ValidationError(
        "there is no family \(name)\(Suggestion.text(name, known)); there are \(known.joined(separator: ", "))")
    }
  }

  mutating func run() throws {
    signal(SIGPIPE, SIG_IGN)
    // A folder that is not there is made now, and one that cannot be is told before the work.
    if mkdir(output, 0o777) != 0, errno != EEXIST {
      Terminal.error("kscript: --output \(output): \(String(cString: strerror(errno)))")
      throw ExitCode(Kscript.ExitStatus.usage)
    }
    if let show {
      Terminal.output(Fuzzer.script(seed: seed, number: show, families: chosen))
      return Terminal.flush()
    }
    if answers {
      let answers = Fuzzer.answers(seed: seed, calls: calls, families: chosen)
      for name in answers.keys.sorted() { Terminal.output("\(answers[name]!)\t\(name)\n") }
      return Terminal.flush()
    }
    var fuzzer = Fuzzer(seed: seed, families: chosen)
    let showsProgress = isatty(STDERR_FILENO) == 1
    while fuzzer.callCount < calls {
      let began = each ? HostClock.now : 0
      let found = fuzzer.next()
      if each { progress("program \(fuzzer.programCount - 1): \((HostClock.now - began) / 1_000_000) ms\n") }
      if let reason = fuzzer.unavailable {
        Terminal.error("kscript: \(reason)")
        throw ExitCode(Kscript.ExitStatus.usage)
      }
      if showsProgress { progress("\r\(fuzzer.callCount) of \(calls) calls, \(fuzzer.findings.count) differences ") }
      if let found {
        try tell(found, fuzzer.findings.count)
        if !keepGoing { break }
      }
    }
    if showsProgress { progress("\r\u{1b}[K") }
    let count = fuzzer.findings.count
    var line = "\(fuzzer.callCount) calls, \(fuzzer.programCount) programs, \(count) difference\(count == 1 ? "" : "s")"
    if fuzzer.unsteadyCount > 0 { line += ", \(fuzzer.unsteadyCount) seen only once" }
    if fuzzer.skippedCount > 0 { line += ", \(fuzzer.skippedCount) programs left out" }
    Terminal.output("\(line)  seed \(seed)\n")
    Terminal.flush()
    if count > 0 { throw ExitCode(Kscript.ExitStatus.failed) }
  }

  private func progress(_ text: String) { _ = Terminal.write(Array(text.utf8), to: STDERR_FILENO) }

  private func tell(_ finding: FuzzFinding, _ number: Int) throws {
    let path = (output == "." ? "" : output + "/") + "fuzz-\(seed)-\(number)_spec.lua"
    var report = DifferenceReport(showsAll: false)
    report.take(finding.comparison, path)
    Terminal.output(report.text(release: HostClock.release))
    try ResultFile.write(finding.spec, to: path)
    Terminal.output("  written to \(path)\n")
    Terminal.flush()
  }
}
