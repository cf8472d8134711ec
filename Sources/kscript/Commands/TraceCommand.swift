import ArgumentParser
import Glibc
import KernelScript
import LinuxKernel

struct TraceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trace", abstract: "Runs a script and shows its system calls, as strace -f does.",
    discussion: "The letters are strace's. The trace goes to stderr, or with -o to a file. Exits as `kscript run` does."
  )

  @OptionGroup(title: "What is shown") var traceOptions: TraceOptions
  @OptionGroup(title: "The run") var machineOptions: MachineOptions

  @Argument(
    parsing: .captureForPassthrough,
    help: ArgumentHelp("A Lua file, or - for standard input; what follows it are its arguments.", valueName: "FILE"))
  var fileAndArguments: [String] = []

  mutating func run() throws {
    guard let path = fileAndArguments.first else {
      throw ValidationError("trace takes a file, or - for standard input")
    }
    // What follows FILE is the script's, whatever it looks like; so nothing else takes these.
    if ["-h", "--help"].contains(path) { throw CleanExit.helpRequest(self) }
    if path == "--version" { throw CleanExit.message(Kscript.configuration.version) }
    if path.hasPrefix("-"), path != "-" { throw ValidationError("Unknown option '\(path)'") }
    let script = try Script.read(path)
    let tracing = try Tracing(traceOptions.sinkOptions(), output: traceOptions.output)
    let machine = Machine(
      options: machineOptions.machineOptions(script: script.name),
      console: { bytes, isError in if isError { Terminal.error(bytes) } else { Terminal.output(bytes) } },
      report: { Terminal.error($0) })
    machine.input = { Terminal.readLine() }
    signal(SIGPIPE, SIG_IGN)
    Interrupt.watch(machine)
    if let message = machine.load(script.text, name: script.name, arguments: Array(fileAndArguments.dropFirst())) {
      Terminal.error(message)
      throw ExitCode(Kscript.ExitStatus.failed)
    }
    tracing.sink.attach(to: machine)
    let outcome = machine.run()
    tracing.finish(machine)
    Terminal.flush()
    Glibc.exit(Report.tell(outcome, machine, script.name))
  }
}
