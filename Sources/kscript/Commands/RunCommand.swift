import ArgumentParser
import Glibc
import KernelScript
import LinuxKernel

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Runs a script as task 1 of a fresh kernel.",
    discussion:
      "Exits with the script's own status; 128+n when a signal ended it, 1 after an error that nothing caught, "
      + "2 on a deadlock, 124 on a limit.")

  @OptionGroup var machineOptions: MachineOptions

  @Option(name: .customShort("e"), help: ArgumentHelp("Runs CODE instead of a file.", valueName: "CODE"))
  var code: String?

  @Option(
    help: ArgumentHelp(
      "Shows the system calls as `kscript trace` does: `--trace` on stderr, `--trace=FILE` in FILE.", valueName: "FILE")
  )
  var trace: String?

  @OptionGroup var output: OutputOptions

  @Argument(
    help: ArgumentHelp(
      "A Lua file, or - for standard input; then its arguments, behind -- if one begins with -.", valueName: "FILE"))
  var fileAndArguments: [String] = []

  mutating func run() throws {
    var arguments = fileAndArguments
    let script: Script
    if let code {
      script = .code(code)
    } else {
      guard !arguments.isEmpty else { throw ValidationError("run takes a file, - or -e CODE") }
      script = try .read(arguments.removeFirst())
    }
    let machine = Machine(
      options: machineOptions.machineOptions(script: code == nil ? script.name : nil),
      console: { bytes, isError in if isError { Terminal.error(bytes) } else { Terminal.output(bytes) } },
      report: { Terminal.error($0) })
    machine.input = { Terminal.readLine() }
    machine.quiet = { Terminal.flush() }
    signal(SIGPIPE, SIG_IGN)
    Interrupt.watch(machine)
    if let message = machine.load(script.text, name: script.name, arguments: arguments) {
      Terminal.error(message)
      throw ExitCode(Kscript.ExitStatus.failed)
    }
    let tracing = try trace.map { try Tracing($0) }
    tracing?.sink.attach(to: machine)
    let outcome = machine.run()
    tracing?.finish(machine)
    Terminal.flush()
    let status = Report.tell(outcome, machine, script.name)
    if !output.quiet { Terminal.error(Report.lastLine(machine)) }
    // Ends here: what is left of the machine need not be taken apart.
    Glibc.exit(status)
  }
}
