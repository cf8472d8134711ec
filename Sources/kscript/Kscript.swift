import ArgumentParser
import Glibc
import KernelScript

@main
struct Kscript: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kscript",
    abstract: "A Linux kernel you can hold in your hand: runs Lua scripts on an emulated kernel.",
    version: "0.1.0",
    subcommands: [
      RunCommand.self, TestCommand.self, TraceCommand.self, DiffCommand.self, CoverageCommand.self,
      FuzzCommand.self, ReplCommand.self, ListCommand.self, DocCommand.self, StubsCommand.self,
    ])

  /// A command that there is none of gets a better answer than "unexpected argument".
  static func main() {
    if let first = CommandLine.arguments.dropFirst().first, !first.hasPrefix("-") {
      let names = configuration.subcommands.map { $0._commandName } + ["help"]
      if !names.contains(first) {
        let cure = first.hasSuffix(".lua") ? " (did you mean kscript run \(first)?)" : Suggestion.text(first, names)
        if let reason = Missing.reason("kscript \(first)") {
          Terminal.error("kscript: \(first) is not built yet: \(reason)")
        } else {
          Terminal.error("kscript: there is no command \(first)\(cure); kscript --help lists them")
        }
        Glibc.exit(ExitStatus.usage)
      }
    }
    // `run --trace` takes its file only behind `=`, so that `run --trace FILE.lua` names the script.
    let arguments = CommandLine.arguments.dropFirst(), options = arguments.prefix { $0 != "--" }
    guard arguments.first == "run", options.contains("--trace") else { return main(nil) }
    main(options.map { $0 == "--trace" ? "--trace=-" : $0 } + arguments.dropFirst(options.count))
  }

  /// Exit codes, as the interface page lists them.
  enum ExitStatus {
    static let failed: Int32 = 1, deadlock: Int32 = 2, diverged: Int32 = 3
    static let usage: Int32 = 64, noInput: Int32 = 66, bug: Int32 = 70, limit: Int32 = 124
  }
}
