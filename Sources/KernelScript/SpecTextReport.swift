/// For people: a line a file, what failed below it, and at the end how to run it again.
///
/// The text holds no time of the host: the same cases and seed give the same bytes, however many threads ran them.
package struct SpecTextReport: SpecReport {
  private let paint: Paint
  /// Every case has a line.
  private let isVerbose: Bool
  /// Only what failed is told.
  private let isQuiet: Bool
  private var pathWidth = 0
  /// Cases still to come, by file.
  private var left: [String: Int] = [:]
  /// The file some of whose results were taken, and which has no line yet.
  private var openPath: String?
  private var file = SpecSummary()
  private var details = ""
  private var reruns: [(command: String, name: String)] = []

  package init(paint: Paint, isVerbose: Bool = false, isQuiet: Bool = false) {
    self.paint = paint
    self.isVerbose = isVerbose
    self.isQuiet = isQuiet
  }

  package mutating func begin(_ suite: SpecSuite) -> String {
    for job in suite.jobs {
      pathWidth = max(pathWidth, job.file.path.count)
      left[job.file.path, default: 0] += 1
    }
    return ""
  }

  package mutating func take(_ entry: SpecSuite.Entry) -> String {
    let path = entry.job.file.path
    openPath = path
    file.count(entry)
    details += describe(entry)
    left[path, default: 1] -= 1
    return left[path] == 0 ? endFile(path) : ""
  }

  private mutating func endFile(_ path: String) -> String {
    defer { (file, details, openPath) = (SpecSummary(), "", nil) }
    if isQuiet { return details }
    let counts = [
      file.passed > 0 ? paint.green("\(file.passed) passed") : "",
      file.failed > 0 ? paint.red("\(file.failed) failed") : "",
      file.skipped > 0 ? paint.yellow("\(file.skipped) skipped") : "",
    ]
    return Text.pad(path, pathWidth) + "  " + counts.filter { !$0.isEmpty }.joined(separator: ", ") + "\n"
      + (file.failed > 0 && !isVerbose ? "\n" : "") + details
  }

  private mutating func describe(_ entry: SpecSuite.Entry) -> String {
    let name = entry.job.testCase.name
    switch entry.result.status {
    case .passed:
      let remark = entry.host?.remark.map { "  (\($0))" } ?? ""
      return isVerbose ? "  \(paint.green("passed"))  \(name)\(paint.faint(remark))\n" : ""
    case .skipped:
      return isVerbose
        ? "  \(paint.yellow("skipped")) \(name)\(entry.result.message.isEmpty ? "" : ": \(entry.result.message)")\n"
        : ""
    case .failed:
      reruns.append((entry.rerun, name))
      var text = "  \(paint.red("FAILED"))  \(paint.bold(name))\n"
      text += Text.indent("\(entry.result.place): \(entry.result.message)", 4) + "\n"
      if !entry.frames.isEmpty {
        text +=
          paint.faint(Text.indent((["called from"] + entry.frames.map { "  " + $0 }).joined(separator: "\n"), 4)) + "\n"
      }
      let output = entry.result.output.split(separator: "\n", omittingEmptySubsequences: false)
      if !entry.result.output.isEmpty {
        let shown = output.suffix(21)
        text += "    output\(shown.count < output.count ? " (its last 20 lines)" : "")\n"
        text += Text.indent(shown.joined(separator: "\n"), 6) + (entry.result.output.hasSuffix("\n") ? "" : "\n")
      }
      return text + "    seed \(entry.job.options.seed)  \(paint.faint("again:")) \(entry.rerun)\n\n"
    }
  }

  package mutating func end(_ summary: SpecSummary, stopped: Bool) -> String {
    var text = ""
    if let openPath { text += endFile(openPath) }
    if stopped { text += "stopped after the first failure (--fail-fast)\n" }
    if reruns.count > 1 {
      text += "\(Text.count(reruns.count, "case")) failed:\n"
      let width = reruns.map(\.command.count).max() ?? 0
      for (command, name) in reruns { text += "  \(Text.pad(command, width))  \(paint.faint("# " + name))\n" }
      text += "\n"
    }
    if let host = summary.host {
      for (reason, place, count) in isQuiet ? [] : host.stated {
        text += paint.faint("stated: \(place)  \(reason)" + (count > 1 ? "  (\(count) calls)" : "")) + "\n"
      }
      text += (host.unavailable == nil ? host.line : paint.yellow(host.line)) + "\n"
    }
    let line = summary.line
    return text + (summary.failed > 0 ? paint.red(line) : paint.green(line)) + "\n"
  }
}
