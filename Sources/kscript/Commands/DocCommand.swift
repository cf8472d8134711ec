import ArgumentParser
import KernelScript
import LinuxKernel

struct DocCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doc", abstract: "Explains a call, constant, structure, error or function of the kscript module.",
    discussion:
      "kscript doc pipe2, kscript doc O_CLOEXEC, kscript doc timespec, kscript doc EAGAIN, kscript doc ks.settle")

  @ArgumentParser.Argument(
    help: ArgumentHelp("What to explain.", valueName: "NAME"), completion: .custom { _, _, _ in Reference.names })
  var names: [String] = []

  @Flag(help: "Prints the whole reference, as Markdown.")
  var all = false

  @OptionGroup var output: OutputOptions

  func validate() throws {
    if all != names.isEmpty { throw ValidationError("doc takes a NAME, or --all") }
  }

  mutating func run() throws {
    if all {
      Terminal.output(Reference.markdown())
      return Terminal.flush()
    }
    var isFirst = true
    for name in names {
      let pages = Reference.pages(name)
      guard !pages.isEmpty else {
        Terminal.flush()
        Terminal.error("kscript: nothing is called \(name)\(Suggestion.text(name, Reference.names))")
        throw ExitCode(Kscript.ExitStatus.usage)
      }
      for page in pages {
        Terminal.output((isFirst ? "" : "\n") + page.text(output.paint))
        isFirst = false
      }
    }
    Terminal.flush()
  }
}
