import Testing

/// The ledger of facts, docs/surface/*.tsv, and the specs that show them.
@Suite("The ledger")
struct LedgerTests {
  struct Row {
    let place: String
    let columns: [String]
    var id: String { columns[0] }
    var tier: String { columns[1] }
    var evidence: String { columns[5] }
  }

  static let header = ["id", "tier", "since", "behaviour", "errors", "evidence"]
  static let files = Project.files("docs/surface", ".tsv")
  static let rows: [Row] = files.flatMap { file in
    file.lines.enumerated().dropFirst().filter { !$0.element.isEmpty }.map { number, line in
      Row(
        place: "\(file.name):\(number + 1)",
        columns: line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init))
    }
  }

  /// The facts that specs name, with where they do.
  static let covered: [(id: String, place: String)] = Project.files("Tests/Scripts", ".lua").flatMap { file in
    var found: [(String, String)] = []
    var continues = false
    for (number, line) in file.lines.enumerated() {
      guard let start = line.words(after: "-- covers:") ?? (continues ? line.words(after: "--") : nil) else {
        continues = false
        continue
      }
      // A line of ids may go on in the next comment.
      continues = start.allSatisfy { $0.contains(".") }
      if !line.contains("covers:"), !continues { continue }
      for id in start { found.append((String(id.filter { $0 != "," }), "\(file.name):\(number + 1)")) }
    }
    return found
  }

  @Test("Each row has six columns, a known tier, and says something in each")
  func columns() {
    #expect(!Self.rows.isEmpty)
    for file in Self.files {
      #expect(file.lines[0].split(separator: "\t").map(String.init) == Self.header, "\(file.path)")
    }
    for row in Self.rows {
      guard row.columns.count == 6 else {
        Issue.record("\(row.place): \(row.columns.count) columns")
        continue
      }
      #expect(["1", "2", "3"].contains(row.tier), "\(row.place): tier \(row.tier)")
      #expect(row.columns.allSatisfy { !$0.isEmpty && $0.first != " " && $0.last != " " }, "\(row.place)")
      #expect(row.id.split(separator: ".").count >= 2, "\(row.place): \(row.id)")
    }
  }

  @Test("No id stands twice")
  func unique() {
    var seen: [String: String] = [:]
    for row in Self.rows {
      if let other = seen.updateValue(row.place, forKey: row.id) {
        Issue.record("\(row.id): \(other) and \(row.place)")
      }
    }
  }

  @Test("Specs name facts that are there")
  func coversExist() {
    let ids = Set(Self.rows.map(\.id))
    for (id, place) in Self.covered where !ids.contains(id) { Issue.record("\(place): no row says \(id)") }
  }

  @Test("Every fact of tiers 1 and 2 is shown by a case")
  func covered() {
    let shown = Set(Self.covered.map(\.id))
    for row in Self.rows where row.tier != "3" && !shown.contains(row.id) {
      Issue.record("\(row.place): no case shows \(row.id)")
    }
  }
}
