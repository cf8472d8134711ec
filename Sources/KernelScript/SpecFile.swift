import LinuxKernel

/// A file of specs: its cases, each run in a machine of its own.
public struct SpecFile: Sendable {
  public struct Case: Sendable {
    /// Position in the file, from 1.
    public let number: Int
    public let name: String
    /// "file:line"
    public let place: String
    public let tags: [String]
    public let isPending: Bool
    /// Facts of the ledger that the case shows.
    public let covers: [String]

    /// The line of its `it`.
    public var line: Int { Int(place[place.index(after: place.lastIndex(of: ":") ?? place.startIndex)...]) ?? 1 }
  }

  public struct Result: Sendable {
    public enum Status: String, Sendable { case passed, failed, skipped }
    public var status: Status
    public var message = ""
    public var traceback = ""
    public var place = ""
    /// What the case and its tasks wrote.
    public var output = ""
    /// Digest of its calls and answers.
    public var hash: UInt64 = 0
    /// Whether it was skipped because this machine has no world to offer.
    public var isUnavailable = false
  }

  /// Why a case tagged #emulated is not run on the host.
  static let emulatedOnly = "it is about the emulated kernel alone"

  public let path: String
  private let source: [UInt8]

  public init(path: String, source: [UInt8]) {
    self.path = path
    self.source = source
  }

  /// The cases in the order of the file. A file that does not load is one case, which fails.
  public func cases(_ options: Machine.Options) -> [Case] {
    var options = options
    options.isHosted = false
    let (reports, _, _) = run(["0"], options)
    return reports.filter { $0.first == "case" }.enumerated().map { position, report in
      Case(
        number: position + 1, name: report[1], place: report[2], tags: words(report[3]),
        isPending: report[4] == "pending",
        covers: words(report[5]))
    }
  }

  private func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }

  /// Runs one case in a fresh kernel and interpreter.
  ///
  /// - Parameter checksLeaks: a case that passes fails all the same when it leaves files open or processes behind.
  public func run(
    _ testCase: Case, _ options: Machine.Options, checksLeaks: Bool = false, record: CallRecord? = nil
  ) -> Result {
    if options.isHosted, testCase.tags.contains("emulated") {
      return Result(status: .skipped, message: SpecFile.emulatedOnly, place: testCase.place)
    }
    let (reports, output, machine) = run(["\(testCase.number)", checksLeaks ? "leaks" : ""], options, record: record)
    var result = Result(status: .failed, place: testCase.place, output: output.text)
    result.hash = machine.hash
    if let report = reports.last(where: { $0.first == "result" }) {
      result.status = .init(rawValue: report[1]) ?? .failed
      result.message = report[2]
      result.traceback = report[3]
      if !report[4].isEmpty { result.place = report[4] }
      if result.status == .passed, machine.failureCount > 0 {
        result.status = .failed
        result.message = "a task failed: " + output.failures.joined(separator: "\n")
      }
    } else {
      if output.isUnavailable { (result.status, result.isUnavailable) = (.skipped, true) }
      result.message = output.end
    }
    // "file:line: message" says its place itself.
    if let (place, rest) = splitPlace(result.message) { (result.place, result.message) = (place, rest) }
    return result
  }

  /// A message that begins with a line of this file, as place and rest.
  private func splitPlace(_ message: String) -> (String, String)? {
    guard message.hasPrefix(path + ":") else { return nil }
    let digits = message.dropFirst(path.count + 1).prefix { $0.isNumber }
    let rest = message.dropFirst(path.count + 1 + digits.count)
    guard !digits.isEmpty, rest.hasPrefix(": ") else { return nil }
    return ("\(path):\(digits)", String(rest.dropFirst(2)))
  }

  private final class Output {
    var text = ""
    var failures: [String] = []
    var end = "the case ended before its body did"
    /// This machine has no world to offer.
    var isUnavailable = false
  }

  /// A failing case may sleep for very long: on the host, for so many ns.
  private static let hostPatience: Int64 = 15_000_000_000

  /// Runs one case on the emulated kernel and on this machine's, and compares what its tasks did.
  public func compare(_ testCase: Case, _ options: Machine.Options) -> (
    comparison: Comparison, emulated: Result, host: Result
  ) {
    var options = options
    options.isHosted = false
    options.hasHostCapabilities = true
    let emulatedCalls = CallRecord(), hostCalls = CallRecord()
    let emulated = run(testCase, options, record: emulatedCalls)
    options.isHosted = true
    options.hostPatience = SpecFile.hostPatience
    let host = run(testCase, options, record: hostCalls)
    var comparison = Comparison(host: hostCalls, emulated: emulatedCalls, comparesOrder: options.policy == .fifo)
    if host.isUnavailable { comparison.unavailable = host.message }
    return (comparison, emulated, host)
  }

  private func run(
    _ arguments: [String], _ options: Machine.Options, record: CallRecord? = nil
  ) -> ([[String]], Output, Machine) {
    let output = Output()
    var options = options
    options.moduleFolder = path.contains("/") ? String(path[..<path.lastIndex(of: "/")!]) : "."
    let machine = Machine(
      options: options, console: { bytes, _ in output.text += bytes.string },
      report: { output.failures.append($0) })
    machine.specSource = source
    if let message = machine.load(Prelude.text("specs")!, name: "=kscript:specs", arguments: [path] + arguments) {
      output.end = message
    } else {
      if let record { machine.record(record) }
      switch machine.run() {
      case .done: break
      case .deadlock(let tasks):
        output.end =
          (["deadlock: nothing can run and no timer is set"]
          + tasks.map { "  task \($0.tid)  \($0.call)  \($0.place)  \($0.reason)" }).joined(separator: "\n")
      case .limit(let text): output.end = text
      case .interrupted: output.end = "interrupted"
      case .unavailable(let text): (output.end, output.isUnavailable) = (text, true)
      }
      output.end += output.failures.map { "\n" + $0 }.joined()
    }
    return (machine.reports, output, machine)
  }
}
