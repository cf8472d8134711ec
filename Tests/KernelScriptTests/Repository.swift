import Foundation
import KernelScript
import LinuxKernel

/// The files that tests read: found from this one, so that the tests run from any folder.
enum Repository {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  static func text(_ path: String) -> [UInt8] { HostFile.read(root + "/" + path) ?? [] }

  /// Names in a folder that end in `suffix`, sorted.
  static func names(_ folder: String, _ suffix: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: root + "/" + folder)) ?? []).filter { $0.hasSuffix(suffix) }
      .sorted()
  }
}

/// What a script wrote and how it ended.
struct ScriptRun {
  var output = ""
  var reports: [String] = []
  var outcome = Machine.Outcome.interrupted

  /// Runs a script to its end; `onOutput` is called whenever it writes.
  static func run(
    _ source: String, name: String = "test.lua", options: Machine.Options = .init(),
    onOutput: (Machine) -> Void = { _ in }
  ) -> ScriptRun {
    final class Log {
      var run = ScriptRun()
      weak var machine: Machine?
    }
    let log = Log()
    return withoutActuallyEscaping(onOutput) { onOutput in
      let machine = Machine(
        options: options,
        console: { bytes, _ in
          log.run.output += bytes.string
          if let machine = log.machine { onOutput(machine) }
        },
        report: { log.run.reports.append($0) })
      log.machine = machine
      if let message = machine.load(Array(source.utf8), name: name, arguments: []) {
        log.run.reports.append(message)
      } else {
        log.run.outcome = machine.run()
      }
      return log.run
    }
  }

  var isDone: Bool { if case .done(0) = outcome { reports.isEmpty } else { false } }
}
