/// One entry of the reference, as text for a terminal or as Markdown.
package struct ReferencePage: Sendable {
  package struct Row: Sendable {
    let term: String
    let text: String
    /// Names in a row, which are wrapped below the text.
    var names: [String] = []
  }

  package struct Section: Sendable {
    let heading: String
    var code: [String] = []
    var rows: [Row] = []
    var text = ""
  }

  package let name: String
  /// How scripts write it, if it is something they call.
  package var signature: String?
  /// What stands in the same line, such as the number of a call.
  var aside = ""
  var summary: String
  var sections: [Section] = []

  private static let width = 96

  // MARK: For a terminal

  package func text(_ paint: Paint) -> String {
    let title = signature ?? name
    var lines = [
      paint.bold(title)
        + (aside.isEmpty
          ? "" : String(repeating: " ", count: max(3, 72 - title.count - aside.count)) + paint.faint(aside))
    ]
    lines += Text.wrap(summary, ReferencePage.width - 2).map { "  " + $0 }
    for section in sections {
      lines += ["", paint.bold(section.heading)]
      lines += section.code.map { "  " + $0 }
      if !section.text.isEmpty { lines += Text.wrap(section.text, ReferencePage.width - 2).map { "  " + $0 } }
      let column = min(20, section.rows.map(\.term.count).max() ?? 0)
      for row in section.rows { lines += self.lines(row, column) }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func lines(_ row: Row, _ column: Int) -> [String] {
    let margin = String(repeating: " ", count: column + 4)
    var wrapped = Text.wrap(row.text, ReferencePage.width - margin.count)
    if !row.names.isEmpty { wrapped += Text.wrap(row.names.joined(separator: " "), ReferencePage.width - margin.count) }
    var lines = wrapped.map { margin + $0 }
    if row.term.count <= column {
      lines[0] = "  " + Text.pad(row.term, column) + "  " + wrapped[0]
    } else {
      lines.insert("  " + row.term, at: 0)
    }
    return lines
  }

  // MARK: As Markdown

  package func markdown(level: Int) -> String {
    var parts = [String(repeating: "#", count: level) + " \(name)"]
    if let signature { parts.append("```lua\n\(signature)\n```") }
    parts.append(ReferencePage.escape(summary) + (aside.isEmpty ? "" : " *\(aside)*"))
    for section in sections {
      if section.code.isEmpty { parts.append("**\(section.heading)**") }
      if !section.code.isEmpty { parts.append("```c\n\(section.code.joined(separator: "\n"))\n```") }
      if !section.text.isEmpty { parts.append(ReferencePage.escape(section.text)) }
      let rows = section.rows.map { row in
        "- `\(row.term)`: \(ReferencePage.escape(row.text))"
          + (row.names.isEmpty ? "" : "  \n  " + row.names.map { "`\($0)`" }.joined(separator: " "))
      }
      if !rows.isEmpty { parts.append(rows.joined(separator: "\n")) }
    }
    return parts.joined(separator: "\n\n") + "\n"
  }

  /// Text in which Markdown sees no markup.
  static func escape(_ text: String) -> String {
    var escaped = ""
    for character in text {
      if "*|<>[]`\\".contains(character) { escaped += "\\" }
      escaped.append(character)
    }
    return escaped
  }
}
