import Glibc
import KernelScript
import LinuxKernel

/// The loop of a session: reads lines and commands, and shows what comes of them.
final class Repl {
  let session: Session
  let editor: LineEditor
  let machineOptions: MachineOptions
  /// What goes wrong here makes the exit code 1 where nobody sits at a terminal.
  private var hasFailed = false
  /// Set by :quit and by the end of task 1.
  var exitStatus: Int32?
  var tracing: Tracing?
  /// Task 1 waits for console input: the prompt is that of the script.
  private static let prompt = "> ", continuation = ">> ", blocked = "blocked> "

  init(_ machineOptions: MachineOptions, script: String?) {
    self.machineOptions = machineOptions
    let session = Session(
      options: machineOptions.machineOptions(script: script ?? "."),
      console: { bytes, isError in if isError { Terminal.error(bytes) } else { Terminal.output(bytes) } },
      report: { Terminal.error($0) },
      input: { Terminal.readLine() })
    self.session = session
    editor = LineEditor { session.completions(of: $0, commands: Repl.commands.map { ":" + $0.name }) }
    session.replaying = { Interrupt.follow($0) }
    session.attach = { [unowned self] machine in tracing?.sink.attach(to: machine) }
  }

  /// Returns the exit code.
  func run(_ script: Script?) -> Int32 {
    signal(SIGPIPE, SIG_IGN)
    if editor.isInteractive {
      Terminal.output("kscript on an emulated Linux \(Kernel.release). :help tells the commands, Ctrl-D leaves.\n")
    }
    Interrupt.watchSession()
    if let script {
      let text = String(decoding: script.text, as: UTF8.self)
      show(interruptibly { session.evaluate(text, name: "@" + script.name) })
    }
    while exitStatus == nil, let text = readWhole() {
      guard text.contains(where: { $0 != " " && $0 != "\n" && $0 != "\t" }) else { continue }
      editor.remember(text)
      if text.drop(while: { $0 == " " }).hasPrefix(":"), !text.drop(while: { $0 == " " }).hasPrefix("::") {
        command(text)
      } else if session.isBlocked {
        fail("the last line still waits: Ctrl-C or :abandon leaves it, :go lets it go on")
      } else {
        show(interruptibly { session.evaluate(text) })
      }
    }
    tracing?.finish(session.machine)
    Terminal.flush()
    if let exitStatus { return exitStatus }
    return hasFailed && !editor.isInteractive ? Kscript.ExitStatus.failed : 0
  }

  func interruptibly<R>(_ body: () -> R) -> R { Interrupt.during(session.machine, body) }

  /// A line, or as many as make a whole chunk; nil at the end of input.
  private func readWhole() -> String? {
    var text = ""
    while true {
      let prompt = session.isBlocked ? Repl.blocked : text.isEmpty ? Repl.prompt : Repl.continuation
      switch editor.read(prompt) {
      case .end:
        if editor.isInteractive { Terminal.output("\n") }
        if text.isEmpty { return nil }
        return text
      case .interrupted:
        text = ""
        if session.isBlocked {
          session.abandon()
          Terminal.output("interrupted\n")
        }
      case .line(let line):
        text += (text.isEmpty ? "" : "\n") + line
        if line.hasPrefix(":") && text == line { return text }
        if session.isBlocked || session.check(text) != .incomplete { return text }
      }
    }
  }

  func fail(_ message: String) {
    hasFailed = true
    Terminal.error(message)
  }

  /// Shows what came of a line.
  func show(_ ending: Session.Ending) {
    switch ending {
    case .finished(let values): for value in values { Terminal.output(value + "\n") }
    case .failed(let message): fail(message)
    case .blocked(let call, let reason):
      let text = "blocked: \(call) \(reason)"
      if editor.isInteractive {
        Terminal.error(text)
      } else {
        // Nobody is there to press Ctrl-C.
        fail(text)
        session.abandon()
      }
    case .interrupted: fail("interrupted")
    case .ended(let status):
      let code = status & 0x7f == 0 ? status >> 8 & 0xff : 128 + (status & 0x7f)
      if editor.isInteractive { Terminal.output("task 1 has ended with \(code)\n") }
      exitStatus = code
    case .limit(let text):
      fail(text)
      // Nothing can go on in such a machine. Somebody who explores goes on before the line.
      if editor.isInteractive { undo(1) } else { exitStatus = Kscript.ExitStatus.limit }
    }
    Terminal.flush()
  }
}
