import ArgumentParser

@main
struct Kscript: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kscript",
    abstract: "A Linux kernel you can hold in your hand: runs Lua scripts on an emulated kernel.",
    version: "0.1.0",
    subcommands: [RunCommand.self, TestCommand.self, ListCommand.self, DocCommand.self, StubsCommand.self])

  /// Exit codes, as the interface page lists them.
  enum ExitStatus {
    static let failed: Int32 = 1, deadlock: Int32 = 2, diverged: Int32 = 3
    static let usage: Int32 = 64, noInput: Int32 = 66, bug: Int32 = 70, limit: Int32 = 124
  }
}
