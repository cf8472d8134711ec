import ArgumentParser
import Glibc
import KernelScript

struct ReplCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "repl", abstract: "Explores the kernel line by line.",
    discussion:
      "Every line runs as task 1; ks, sys, must, C and k are there. :help tells the commands. Without a terminal, "
      + "lines are "
      + "read and results printed without prompts, and the exit code is 1 when one of them failed.")

  @OptionGroup var machineOptions: MachineOptions

  @Argument(help: ArgumentHelp("A Lua file to run first; its locals stay.", valueName: "FILE"))
  var file: String?

  func validate() throws {
    if machineOptions.host { throw ValidationError("repl explores the emulated kernel; run FILE --host runs on Linux") }
  }

  mutating func run() throws {
    let script = try file.map { try Script.read($0) }
    let repl = Repl(machineOptions, script: script?.name)
    Glibc.exit(repl.run(script))
  }
}
