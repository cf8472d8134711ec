import ArgumentParser
import Glibc
import KernelScript

struct TestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "test", abstract: "Runs spec files, each case in a fresh kernel.")

  @OptionGroup var machineOptions: MachineOptions

  @Option(help: ArgumentHelp("Runs the cases whose name holds TEXT.", valueName: "TEXT"))
  var filter: String?

  @ArgumentParser.Argument(help: ArgumentHelp("Spec files, or folders with *_spec.lua and *_test.lua.", valueName: "PATHS"))
  var paths: [String] = ["."]

  mutating func run() throws {
    var passed = 0, failed = 0, skipped = 0
    for path in paths {
      let script = try Script.read(path)
      let file = SpecFile(path: path, source: script.text)
      let options = machineOptions.machineOptions(script: path)
      for testCase in file.cases(options) where filter.map({ testCase.name.contains($0) }) ?? true {
        let result = file.run(testCase, options)
        switch result.status {
        case .passed: passed += 1
        case .skipped: skipped += 1
        case .failed:
          failed += 1
          Terminal.output("FAILED \(testCase.name)\n  \(result.place): \(result.message)\n\(result.traceback)\n")
        }
      }
    }
    Terminal.output("\(passed) passed, \(failed) failed, \(skipped) skipped\n")
    Terminal.flush()
    if failed > 0 { throw ExitCode(Kscript.ExitStatus.failed) }
  }
}
