import ArgumentParser
import KernelScript
import LinuxKernel

/// What every command that runs scripts understands.
struct MachineOptions: ParsableArguments {
  @Option(help: "The seed of everything random.")
  var seed: UInt64 = 0

  @Option(help: ArgumentHelp("Who runs next when several can.", valueName: "fifo|random|pct:N"))
  var policy: Policy = .fifo

  @Option(help: ArgumentHelp("Lua instructions that all tasks together may run.", valueName: "N"))
  var limit: UInt64?

  @Option(help: ArgumentHelp("What the script may hold, and the kernel's files and mappings.", valueName: "MiB"))
  var memory = 1024

  @Option(help: ArgumentHelp("The real-time clock at the start.", valueName: "seconds since 1970"))
  var epoch: Int64 = 1_767_225_600

  @Option(name: .customLong("env"), help: ArgumentHelp("A variable that os.getenv shows.", valueName: "NAME=VALUE"))
  var environment: [String] = []

  @Flag(help: "Performs the calls on this machine's Linux, in namespaces made for the run.")
  var host = false

  func validate() throws {
    guard (1...1 << 24).contains(memory) else {
      throw ValidationError("--memory takes a number of MiB from 1 to 16777216, not \(memory)")
    }
    // Two centuries of ns still fit the kernel's clock, with as much again for what scripts add.
    guard (0...4_000_000_000).contains(epoch) else {
      throw ValidationError("--epoch takes seconds since 1970 from 0 to 4000000000, not \(epoch)")
    }
    for entry in environment where !entry.contains("=") {
      throw ValidationError("--env takes NAME=VALUE, not \(entry)")
    }
  }

  /// `limit`: instructions for a command that has a limit of its own where none is given; 0 for no limit.
  func machineOptions(script: String?, limit defaultLimit: UInt64 = 0) -> Machine.Options {
    var options = Machine.Options()
    options.seed = seed
    options.policy = policy
    options.instructionLimit = limit ?? defaultLimit
    options.memoryLimit = memory << 20
    options.isHosted = host
    options.epoch = epoch * 1_000_000_000
    for entry in environment {
      let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      options.environment[String(parts[0])] = String(parts[1])
    }
    if let script { options.moduleFolder = script.contains("/") ? String(script[..<script.lastIndex(of: "/")!]) : "." }
    return options
  }
}

extension Policy: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
  public var defaultValueDescription: String { name }
}
