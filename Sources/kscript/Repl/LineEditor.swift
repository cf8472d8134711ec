@preconcurrency import CEdit
import Glibc
import KernelScript

/// Where lines come from: libedit on a terminal, with history and completion; plain lines elsewhere.
final class LineEditor {
  enum Input {
    case line(String)
    /// Ctrl-C at the prompt.
    case interrupted
    case end
  }

  let isInteractive = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1
  private let historyPath: String?
  /// Where the last word of a line begins, in bytes, and what could stand there.
  nonisolated(unsafe) private static var complete: (String) -> (start: Int, candidates: [String]) = {
    ($0.utf8.count, [])
  }
  nonisolated(unsafe) private static var candidates: [String] = []
  nonisolated(unsafe) private static var position = 0

  init(complete: @escaping (String) -> (start: Int, candidates: [String])) {
    historyPath = isInteractive ? LineEditor.findHistory() : nil
    guard isInteractive else { return }
    LineEditor.complete = complete
    setlocale(LC_CTYPE, "")
    _ = "kscript".withCString { name in
      rl_readline_name = UnsafePointer(strdup(name))
      return rl_initialize()
    }
    // Ctrl-C comes to our own handler; libedit would put its own in front.
    rl_catch_signals = 0
    rl_attempted_completion_over = 1
    // A word is what completion says it is: names and what follows a dot or a bar in flags.
    rl_basic_word_break_characters = UnsafePointer(strdup(" \t\n\"'`@$><=;|&{(.:,)}[]+-*/%^#~"))
    rl_completion_append_character = 0
    rl_attempted_completion_function = { text, wordStart, end in
      let line = String(cString: rl_line_buffer)
      let (start, found) = LineEditor.complete(String(decoding: line.utf8.prefix(Int(end)), as: UTF8.self))
      // libedit replaces from where it thinks that the word begins.
      let begin = Int(wordStart),
        head = begin < start ? String(decoding: line.utf8.prefix(start).dropFirst(begin), as: UTF8.self) : ""
      LineEditor.candidates = found.map {
        head + String(decoding: $0.utf8.dropFirst(max(0, begin - start)), as: UTF8.self)
      }
      LineEditor.position = 0
      rl_attempted_completion_over = 1
      guard !found.isEmpty else { return nil }
      return rl_completion_matches(text) { _, _ in
        guard LineEditor.position < LineEditor.candidates.count else { return nil }
        defer { LineEditor.position += 1 }
        return strdup(LineEditor.candidates[LineEditor.position])
      }
    }
    using_history()
    stifle_history(1000)
    if let historyPath { read_history(historyPath) }
  }

  /// Reads a line, without its end.
  func read(_ prompt: String) -> Input {
    Terminal.flush()
    guard isInteractive else {
      return Swift.readLine().map { .line($0) } ?? .end
    }
    Interrupt.wasAsked = false
    errno = 0
    guard let line = readline(prompt) else {
      if Interrupt.wasAsked {
        Interrupt.wasAsked = false
        Terminal.output("\n")
        Terminal.flush()
        return .interrupted
      }
      return .end
    }
    defer { free(line) }
    return .line(String(cString: line))
  }

  /// Keeps a line for the next session, unless it is empty or the last one again.
  func remember(_ line: String) {
    guard isInteractive, line.contains(where: { $0 != " " }), line != lastRemembered else { return }
    lastRemembered = line
    // A chunk of several lines comes back as one, unless a comment would swallow what follows it.
    if line.contains("--") {
      for part in line.split(separator: "\n") { add_history(String(part)) }
    } else {
      add_history(line.replacing("\n", with: " "))
    }
    if let historyPath { write_history(historyPath) }
  }

  private var lastRemembered = ""

  /// $XDG_STATE_HOME/kscript/history, or below ~/.local/state; nil where no such folder can be made.
  private static func findHistory() -> String? {
    func variable(_ name: String) -> String? {
      getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
    guard let base = variable("XDG_STATE_HOME") ?? variable("HOME").map({ $0 + "/.local/state" }) else { return nil }
    let folder = base + "/kscript"
    var path = ""
    for part in folder.split(separator: "/") {
      path += "/" + part
      mkdir(path, 0o700)
    }
    return access(folder, W_OK) == 0 ? folder + "/history" : nil
  }
}
