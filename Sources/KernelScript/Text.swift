/// Text in columns.
package enum Text {
  package static func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  package static func padLeft(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }

  /// Lines of whole words, none longer than `width` unless one word is.
  package static func wrap(_ text: String, _ width: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    var lineCount = 0
    for word in text.split(separator: " ") {
      let count = word.count
      if lineCount > 0, lineCount + 1 + count > width {
        lines.append(line)
        (line, lineCount) = (String(word), count)
      } else {
        line += (lineCount > 0 ? " " : "") + word
        lineCount += (lineCount > 0 ? 1 : 0) + count
      }
    }
    return lines + [line]
  }

  package static func indent(_ text: String, _ spaces: Int) -> String {
    let margin = String(repeating: " ", count: spaces)
    return text.split(separator: "\n", omittingEmptySubsequences: false).map { $0.isEmpty ? "" : margin + $0 }.joined(
      separator: "\n")
  }

  /// "1 file", "2 files".
  package static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}

/// Colours of a terminal, or none.
package struct Paint: Sendable {
  package let isOn: Bool
  package init(isOn: Bool) { self.isOn = isOn }

  package func red(_ text: String) -> String { paint(text, "31") }
  package func green(_ text: String) -> String { paint(text, "32") }
  package func yellow(_ text: String) -> String { paint(text, "33") }
  package func bold(_ text: String) -> String { paint(text, "1") }
  package func faint(_ text: String) -> String { paint(text, "2") }

  private func paint(_ text: String, _ code: String) -> String {
    isOn && !text.isEmpty ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
  }
}
