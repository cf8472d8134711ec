/// For continuous integration: JUnit's XML, a test suite a file.
package struct SpecJUnitReport: SpecReport {
  private struct Suite {
    var summary = SpecSummary()
    var text = ""
  }

  private var suites: [Suite] = []
  private var paths: [String] = []
  package init() {}

  package mutating func begin(_ suite: SpecSuite) -> String { "" }

  package mutating func take(_ entry: SpecSuite.Entry) -> String {
    let path = entry.job.file.path
    if paths.last != path {
      paths.append(path)
      suites.append(Suite())
    }
    let last = suites.count - 1
    suites[last].summary.count(entry)
    suites[last].summary.nanoseconds += entry.nanoseconds
    suites[last].text += element(entry)
    return ""
  }

  private func element(_ entry: SpecSuite.Entry) -> String {
    let testCase = entry.job.testCase
    let result = entry.result
    var inner = entry.host?.remark.map { property("host", $0, indentation: "      ") } ?? ""
    switch result.status {
    case .passed: break
    case .skipped: inner += "      <skipped\(attribute("message", result.message))/>\n"
    case .failed:
      let firstLine =
        result.message.split(separator: "\n", omittingEmptySubsequences: false).first.map(String.init) ?? ""
      let whole = (["\(result.place): \(result.message)"] + entry.frames + ["again: \(entry.rerun)"]).joined(
        separator: "\n")
      inner += "      <failure\(attribute("message", firstLine))>\(escape(whole))</failure>\n"
    }
    if !result.output.isEmpty { inner += "      <system-out>\(escape(result.output))</system-out>\n" }
    let head =
      "    <testcase" + attribute("classname", entry.job.file.path) + attribute("name", testCase.name)
      + attribute("file", entry.job.file.path) + attribute("line", "\(testCase.line)") + time(entry.nanoseconds)
    return head + (inner.isEmpty ? "/>\n" : ">\n\(inner)    </testcase>\n")
  }

  package mutating func end(_ summary: SpecSummary, stopped: Bool) -> String {
    var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" + counts(summary) + ">\n"
    for (path, suite) in zip(paths, suites) {
      text += "  <testsuite\(attribute("name", path))\(counts(suite.summary))>\n"
      if let host = suite.summary.host { text += property("host", host.line, indentation: "    ") }
      text += suite.text + "  </testsuite>\n"
    }
    return text + "</testsuites>\n"
  }

  private func counts(_ summary: SpecSummary) -> String {
    let total = summary.passed + summary.failed + summary.skipped
    return attribute("tests", "\(total)") + attribute("failures", "\(summary.failed)") + attribute("errors", "0")
      + attribute("skipped", "\(summary.skipped)") + time(summary.nanoseconds)
  }

  private func property(_ name: String, _ value: String, indentation: String) -> String {
    "\(indentation)<properties><property\(attribute("name", name))\(attribute("value", value))/></properties>\n"
  }

  private func time(_ nanoseconds: Int64) -> String {
    attribute("time", JSON.thousandths(nanoseconds / 1_000_000).text())
  }
  private func attribute(_ name: String, _ value: String) -> String { " \(name)=\"\(escape(value))\"" }

  /// XML 1.0 has no way to write most control characters: they become U+FFFD.
  private func escape(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "\n": escaped += "&#10;"
      case "\t": escaped += "&#9;"
      case _ where scalar.value < 0x20 || scalar.value == 0xfffe || scalar.value == 0xffff: escaped += "\u{fffd}"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
