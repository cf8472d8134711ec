import Foundation
import Testing

/// The README shows what the program prints.
@Suite struct ReadmeTests {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  static func blocks(_ language: String) throws -> [String] {
    let text = try String(contentsOfFile: root + "/README.md", encoding: .utf8)
    let parts = text.components(separatedBy: "```")
    return stride(from: 1, to: parts.count, by: 2).map { parts[$0] }.filter { $0.hasPrefix(language + "\n") }
      .map { String($0.dropFirst(language.count + 1)) }
  }

  @Test func theTasteOfLuaPrintsWhatItsCommentSays() throws {
    let script = try #require(try ReadmeTests.blocks("lua").first)
    try CommandTests.withFiles(["taste.lua": script]) { folder in
      let result = try CommandTests.kscript("run", "-q", "taste.lua", in: folder)
      #expect(result.output == "good morning\t3600.0\n")
      #expect(result.status == 0)
    }
  }

  @Test func theDeadlockIsReportedAsShown() throws {
    let block = try #require(try ReadmeTests.blocks("").first { $0.hasPrefix("$ kscript run examples/deadlock.lua") })
    let shown = block.split(separator: "\n").dropFirst().joined(separator: "\n") + "\n"
    let result = try CommandTests.kscript("run", "examples/deadlock.lua", in: ReadmeTests.root)
    #expect(result.errors == shown)
    #expect(result.status == 2)
  }
}
