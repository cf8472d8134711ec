import Foundation
import Testing

/// The program as a shell sees it: what it prints where, and what it exits with.
@Suite struct CommandTests {
  struct Output {
    let status: Int32
    let output: String
    let errors: String
    var lastLine: String { output.split(separator: "\n").last.map(String.init) ?? "" }
  }

  /// The program lies beside the tests.
  static let program: URL = {
    var folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    while folder.path != "/", !FileManager.default.isExecutableFile(atPath: folder.path + "/kscript") {
      folder.deleteLastPathComponent()
    }
    return folder.appendingPathComponent("kscript")
  }()

  static func kscript(_ arguments: String..., in folder: String = "/", environment: [String: String] = [:]) throws
    -> Output
  {
    try run(arguments, in: folder, environment: environment)
  }

  static func run(_ arguments: [String], in folder: String = "/", environment: [String: String] = [:]) throws -> Output
  {
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.environment = environment
    let scratch = try temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: scratch) }
    // Files, not pipes: a pipe that nobody reads while the program writes would stop it.
    for name in ["out", "err"] { _ = FileManager.default.createFile(atPath: scratch + "/" + name, contents: nil) }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle(forWritingAtPath: scratch + "/out")
    process.standardError = FileHandle(forWritingAtPath: scratch + "/err")
    try process.run()
    process.waitUntilExit()
    func text(_ name: String) throws -> String { try String(contentsOfFile: scratch + "/" + name, encoding: .utf8) }
    return Output(status: process.terminationStatus, output: try text("out"), errors: try text("err"))
  }

  static func temporaryFolder() throws -> String {
    let path = NSTemporaryDirectory() + "/kscript-test-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
  }

  /// A folder with these files, which is gone afterwards.
  static func withFiles(_ files: [String: String], _ body: (String) throws -> Void) throws {
    let folder = try temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for (name, text) in files { try text.write(toFile: folder + "/" + name, atomically: false, encoding: .utf8) }
    try body(folder)
  }

  @Test func mistakesInTheCommandLineAre64() throws {
    #expect(try CommandTests.kscript("tset").errors.contains("did you mean test?"))
    #expect(try CommandTests.kscript("tset").status == 64)
    #expect(try CommandTests.kscript("x.lua").errors.contains("did you mean kscript run x.lua?"))
    #expect(try CommandTests.kscript("test", "--format", "yaml").status == 64)
    #expect(try CommandTests.kscript("test", "--shard", "3/2").status == 64)
    #expect(try CommandTests.kscript("test", "--jobs", "0").status == 64)
    #expect(try CommandTests.kscript("test", "--host", "--jobs", "2").errors.contains("--host runs one case at a time"))
    #expect(try CommandTests.kscript("doc", "raed").errors == "kscript: nothing is called raed (did you mean read?)\n")
    #expect(try CommandTests.kscript("doc").status == 64)
    #expect(try CommandTests.kscript("list", "nothing*").status == 64)
    #expect(try CommandTests.kscript("run", "-q", "-v", "x").status == 64)
  }

  @Test func versionHelpAndCompletion() throws {
    #expect(try CommandTests.kscript("--version").status == 0)
    #expect(try CommandTests.kscript("--help").output.contains("SUBCOMMANDS"))
    for shell in ["bash", "zsh", "fish"] {
      let completion = try CommandTests.kscript("--generate-completion-script", shell)
      #expect(completion.status == 0 && completion.output.contains("exclude-tags"), "\(shell)")
    }
  }

  @Test func specs() throws {
    let files = [
      "a_spec.lua": "it('one', function() end) it('two', function() pending 'later' end)",
      "b_test.lua": "it('three', function() error 'no' end)", "c.lua": "it('never', error)",
    ]
    try CommandTests.withFiles(files) { folder in
      let all = try CommandTests.kscript("test", in: folder)
      #expect(all.status == 1 && all.lastLine == "1 passed, 1 failed, 1 skipped")
      #expect(
        all.output.contains("    b_test.lua:1: no\n") && all.output.contains("again: kscript test b_test.lua:1\n"))
      #expect(all.errors.hasPrefix("seed 0  policy fifo  "))
      #expect(!all.output.contains("\u{1b}"))
      #expect(try CommandTests.kscript("test", "--color", "always", in: folder).output.contains("\u{1b}[31m"))
      #expect(try CommandTests.kscript("test", "-q", "a_spec.lua", in: folder).errors.isEmpty)
      #expect(try CommandTests.kscript("test", "a_spec.lua", in: folder).status == 0)
      #expect(
        try CommandTests.kscript("test", "--list", in: folder).output
          == "a_spec.lua:1  one\na_spec.lua:1  two\nb_test.lua:1  three\n")
      let tap = try CommandTests.kscript("test", "--format", "tap", "--jobs", "3", in: folder)
      #expect(tap.output.hasPrefix("TAP version 14\n1..3\n") && tap.errors.hasSuffix("1 passed, 1 failed, 1 skipped\n"))
      let junit = try CommandTests.kscript("test", "--format", "junit", "--output", "out.xml", in: folder)
      #expect(junit.lastLine == "1 passed, 1 failed, 1 skipped")
      #expect(FileManager.default.contents(atPath: folder + "/out.xml")?.starts(with: Data("<?xml".utf8)) == true)

      #expect(try CommandTests.kscript("test", "nowhere", in: folder).status == 66)
      #expect(
        try CommandTests.kscript("test", "nowhere", in: folder).errors
          == "kscript: nowhere: No such file or directory\n")
      #expect(try CommandTests.kscript("test", "--filter", "nothing", in: folder).status == 64)
      #expect(try CommandTests.kscript("test", "--output", "no/where", in: folder).status == 64)
    }
    try CommandTests.withFiles(["c.lua": ""]) { folder in
      let none = try CommandTests.kscript("test", in: folder)
      #expect(none.status == 64 && none.errors == "kscript: no *_spec.lua or *_test.lua in .\n")
      #expect(try CommandTests.kscript("test", "c.lua", in: folder).errors == "kscript: no case in c.lua\n")
    }
  }

  @Test func stubsLeaveSettingsAlone() throws {
    try CommandTests.withFiles([".luacheckrc": "std = 'max'\n"]) { folder in
      let first = try CommandTests.kscript("stubs", "deep/er", in: folder)
      #expect(first.status == 0 && first.output.contains("deep/er/.kscript/kscript.lua\n"))
      let second = try CommandTests.kscript("stubs", in: folder)
      #expect(second.status == 0 && second.errors.contains(".luacheckrc is there already"))
      #expect(try String(contentsOfFile: folder + "/.luacheckrc", encoding: .utf8) == "std = 'max'\n")
      #expect(try CommandTests.kscript("stubs", "--force", in: folder).output.contains("\n.luacheckrc\n"))
      #expect(try CommandTests.kscript("stubs", "/dev/null/x", in: folder).status == 64)
    }
  }
}
