import ArgumentParser
import Glibc
import KernelScript
import LinuxKernel

struct StubsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stubs", abstract: "Writes definitions and settings for editors and luacheck.",
    discussion: "DIR/.kscript/*.lua define the module, the calls and the words of specs for the Lua language server; "
      + "DIR/.luarc.json and DIR/.luacheckrc point the tools there. Settings that are there already are left alone.")

  @ArgumentParser.Argument(help: ArgumentHelp("The project's folder.", valueName: "DIR"), completion: .directory)
  var folder = "."

  @Flag(help: "Replaces settings that are there already.")
  var force = false

  @OptionGroup var output: OutputOptions

  mutating func run() throws {
    for (path, text, isSettings) in EditorStubs.files {
      let whole = folder == "." ? path : folder.hasSuffix("/") ? folder + path : folder + "/" + path
      let before = HostFile.read(whole)
      let isSame = before == Array(text.utf8)
      if isSettings, before != nil, !isSame, !force {
        Terminal.error("kscript: \(whole) is there already and was left as it is (--force replaces it)")
        continue
      }
      if !isSame {
        try makeFolders(above: whole)
        try ResultFile.write(text, to: whole)
      }
      if !output.quiet { Terminal.output("\(whole)\(isSame ? "  (unchanged)" : "")\n") }
    }
    Terminal.flush()
  }

  private func makeFolders(above path: String) throws {
    var end = path.startIndex
    while let slash = path[end...].firstIndex(of: "/") {
      let folder = String(path[..<slash])
      end = path.index(after: slash)
      guard !folder.isEmpty, mkdir(folder, 0o777) != 0, errno != EEXIST else { continue }
      Terminal.error("kscript: \(folder): \(String(cString: strerror(errno)))")
      throw ExitCode(Kscript.ExitStatus.usage)
    }
  }
}
