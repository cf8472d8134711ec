import ArgumentParser
import Glibc
import KernelScript
import LinuxKernel

struct DiffCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Runs scripts on the emulated kernel and on this machine's Linux, and shows where they part.",
    discussion:
      "Of spec files each case is compared on its own; those tagged #emulated are left out. Shows the first difference "
      + "of each task. What a script states to differ (ks.differs) is listed apart. Exits with 1 when anything "
      + "differs that is "
      + "not stated, 64 when this machine cannot be the referee. Needs root.")

  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

  @Flag(help: "Shows every difference.")
  var keepGoing = false

  @Option(help: "The form of the results.")
  var format = Format.text

  @OptionGroup(title: "The run") var machineOptions: MachineOptions
  @OptionGroup var output: OutputOptions

  @Argument(help: ArgumentHelp("Lua files, or spec files.", valueName: "FILE"), completion: .file())
  var files: [String]

  func validate() throws {
    if machineOptions.host { throw ValidationError("diff always runs on both; leave out --host") }
  }

  mutating func run() throws {
    signal(SIGPIPE, SIG_IGN)
    var report = DifferenceReport(showsAll: keepGoing)
    for file in files {
      let script = try Script.read(file)
      let options = machineOptions.machineOptions(script: script.name, limit: TestCommand.defaultLimit)
      if file.hasSuffix("_spec.lua") || file.hasSuffix("_test.lua") {
        let spec = SpecFile(path: script.name, source: script.text)
        for testCase in spec.cases(options) where !testCase.isPending && !testCase.tags.contains("emulated") {
          let (comparison, emulated, host) = spec.compare(testCase, options)
          try refuse(comparison)
          report.take(comparison, "\(script.name): \(testCase.name)")
          if emulated.status == .passed, host.status == .failed { report.note(file: script.name, testCase, host) }
        }
      } else {
        let (comparison, _, message) = Comparison.of(script.text, name: script.name, options)
        guard let comparison else {
          Terminal.error(message ?? script.name)
          throw ExitCode(Kscript.ExitStatus.failed)
        }
        try refuse(comparison)
        report.take(comparison, script.name)
      }
    }
    Terminal.output(format == .json ? report.json : report.text(release: HostClock.release))
    Terminal.flush()
    if report.differs { throw ExitCode(Kscript.ExitStatus.failed) }
  }

  private func refuse(_ comparison: Comparison) throws {
    guard let reason = comparison.unavailable else { return }
    Terminal.error("kscript: \(reason)")
    throw ExitCode(Kscript.ExitStatus.usage)
  }
}
