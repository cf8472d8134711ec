import ArgumentParser
struct ReplCommand: ParsableCommand { static let configuration = CommandConfiguration(commandName: "repl", abstract: "Explores the kernel line by line.") }
