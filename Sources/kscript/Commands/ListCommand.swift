import ArgumentParser
import KernelScript
import LinuxKernel

struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Lists calls, constants, structures and errors.",
    discussion:
      "Without options: the calls; with patterns such as 'msg*' or 'O_*': everything of those names. A call's line "
      + "holds its number, how scripts write it, and what it does. Exits with 64 when nothing matches.")

  @ArgumentParser.Argument(
    help: ArgumentHelp("Names, in which * ? and [a-z] match as in a shell.", valueName: "PATTERN"))
  var patterns: [String] = []

  @Flag(help: "The functions of the kscript module.")
  var functions = false

  @Flag(help: "The structures that scripts can pack, with their size and fields.")
  var structures = false

  @Flag(help: "The constants, with their values.")
  var constants = false

  @Flag(help: "The errors, with their numbers.")
  var errors = false

  @Flag(help: "What is known and refused, since it is not built yet.")
  var missing = false

  @Flag(help: "One JSON list.")
  var json = false

  @OptionGroup var output: OutputOptions

  mutating func run() throws {
    let chosen: [(Bool, Catalogue.Kind)] = [
      (functions, .functions), (structures, .structures), (constants, .constants), (errors, .errors),
      (missing, .missing),
    ]
    var kinds = chosen.filter(\.0).map(\.1)
    if kinds.isEmpty { kinds = patterns.isEmpty ? [.calls] : Catalogue.Kind.allCases }
    let catalogue = Catalogue(kinds, matching: patterns)
    if catalogue.entries.isEmpty, !patterns.isEmpty {
      let name = patterns[0]
      Terminal.error("kscript: nothing is called \(name)\(Suggestion.text(name, Reference.names))")
      throw ExitCode(Kscript.ExitStatus.usage)
    }
    Terminal.output(json ? catalogue.json() : catalogue.text(output.paint))
    Terminal.flush()
  }
}
