import Glibc
import KernelScript
import LinuxKernel

extension Repl {
  struct Command: Sendable {
    let name: String
    let usage: String
    let help: String
    let run: @Sendable (Repl, [String]) -> Void
  }

  static let commands: [Command] = [
    Command(name: "help", usage: ":help", help: "this list") { repl, _ in repl.help() },
    Command(name: "ps", usage: ":ps", help: "the tasks, and what they wait for") { repl, _ in repl.listTasks() },
    Command(name: "fds", usage: ":fds [PID]", help: "the descriptors of a task, by default of all") { repl, words in
      repl.listDescriptors(words)
    },
    Command(name: "ipc", usage: ":ipc [PID]", help: "the queues, semaphores and shared memory that a task sees") {
      repl, words in repl.listIPC(words)
    },
    Command(name: "time", usage: ":time [+SECONDS]", help: "the clocks; or lets virtual time pass") { repl, words in
      repl.time(words)
    },
    Command(name: "trace", usage: ":trace [on|off|FILE]", help: "shows calls as kscript trace does") { repl, words in
      repl.trace(words)
    },
    Command(name: "hold", usage: ":hold [on|off]", help: "keeps other tasks where they are, for :step") { repl, words in
      repl.hold(words)
    },
    Command(name: "step", usage: ":step [N]", help: "lets one task go one call") { repl, words in repl.step(words) },
    Command(name: "go", usage: ":go", help: "lets a line go on that waits") { repl, _ in
      repl.show(repl.interruptibly { repl.session.goOn() })
    },
    Command(name: "abandon", usage: ":abandon", help: "leaves a line that waits, as Ctrl-C does") { repl, _ in
      if repl.session.isBlocked { repl.session.abandon() } else { repl.fail("no line waits") }
    },
    Command(name: "back", usage: ":back [N]", help: "undoes the last line, or the last N") { repl, words in
      repl.back(words)
    },
    Command(name: "doc", usage: ":doc NAME", help: "explains a call, constant, structure or error") { repl, words in
      repl.explain(words)
    },
    Command(name: "list", usage: ":list [GLOB]", help: "the calls, or whatever has such a name") { repl, words in
      repl.listCalls(words)
    },
    Command(name: "test", usage: ":test FILE", help: "runs a spec file, in kernels of its own") { repl, words in
      repl.test(words)
    },
    Command(name: "save", usage: ":save FILE", help: "comes with checkpoints") { repl, _ in
      repl.fail(":save is not built yet: it comes with checkpoints")
    },
    Command(name: "load", usage: ":load FILE", help: "comes with checkpoints") { repl, _ in
      repl.fail(":load is not built yet: it comes with checkpoints")
    },
    Command(name: "quit", usage: ":quit", help: "leaves; so does Ctrl-D") { repl, _ in repl.exitStatus = 0 },
  ]

  func command(_ text: String) {
    let words = text.split(separator: " ").map(String.init)
    let name = String(words[0].dropFirst())
    let fitting =
      Repl.commands.filter { $0.name == name }.isEmpty
      ? Repl.commands.filter { $0.name.hasPrefix(name) } : Repl.commands.filter { $0.name == name }
    guard fitting.count == 1, !name.isEmpty else {
      let candidates =
        fitting.isEmpty || name.isEmpty
        ? ":help tells the commands" : "it could be " + fitting.map { ":" + $0.name }.joined(separator: ", ")
      return fail("there is no command :\(name); \(candidates)")
    }
    fitting[0].run(self, Array(words.dropFirst()))
    Terminal.flush()
  }

  private func help() {
    let width = Repl.commands.map(\.usage.count).max() ?? 0
    for command in Repl.commands { Terminal.output("  \(Text.pad(command.usage, width))  \(command.help)\n") }
    Terminal.output(
      """
      A line runs as task 1, and everything else with it; `_` is its value, and its locals stay.
      After it the other tasks go on until all sleep, and the clock stands until a line waits.\n
      """)
  }

  private func listTasks() {
    for view in session.tasks {
      let state = session.isPrompt(view) ? "at the prompt" : view.state + (view.call.map { " in " + $0 } ?? "")
      let parent = view.parent.map { "child of \($0)" } ?? ""
      Terminal.output(
        "  task \(Text.pad("\(view.tid)", 4)) pid \(Text.pad("\(view.pid)", 4)) \(Text.pad(parent, 12)) \(state)\n")
    }
  }

  private func listDescriptors(_ words: [String]) {
    var views = session.tasks.filter { $0.state != "zombie" }
    if let word = words.first {
      guard let pid = Int32(word), let view = session.task(pid) else { return fail("there is no task \(word)") }
      views = [view]
    }
    for view in views {
      if views.count > 1 { Terminal.output("task \(view.tid)\n") }
      for (number, name) in view.descriptors { Terminal.output("  \(Text.pad("\(number)", 3)) \(name)\n") }
    }
  }

  private func listIPC(_ words: [String]) {
    guard let pid = words.first.map({ Int32($0) }) ?? 1, let views = session.ipcObjects(of: pid) else {
      return fail("there is no task \(words.first ?? "1")")
    }
    if views.isEmpty { return Terminal.output("no queue, semaphore set or shared memory\n") }
    for view in views {
      let key = view.key.map { " key 0x" + String(UInt32(bitPattern: $0), radix: 16) } ?? ""
      let mode = Text.padLeft(String(view.mode, radix: 8), 4).replacing(" ", with: "0")
      Terminal.output(
        "  \(Text.pad(view.kind, 3)) \(Text.pad(view.name + key, 16)) \(mode) \(view.uid):\(view.gid)  \(view.state)\n")
    }
  }

  private func time(_ words: [String]) {
    if let word = words.first {
      guard let seconds = Double(word), seconds >= 0, seconds < 9e9 else {
        return fail(":time takes seconds to pass, as +0.5, not \(word)")
      }
      show(interruptibly { session.passTime(Int64(seconds * 1e9)) })
    }
    Terminal.output("virtual \(Report.seconds(session.machine.time)) s after \(session.machine.callCount) calls\n")
  }

  private func trace(_ words: [String]) {
    switch words.first {
    case nil: Terminal.output("tracing is \(tracing == nil ? "off" : "on")\n")
    case "off":
      session.machine.endTrace()
      tracing?.finish(session.machine)
      tracing = nil
    case let word?:
      tracing?.finish(session.machine)
      guard let new = try? Tracing(word == "on" ? "-" : word) else { return fail("nothing is traced") }
      tracing = new
      new.sink.attach(to: session.machine)
    }
  }

  private func hold(_ words: [String]) {
    switch words.first {
    case nil, "on": show(session.hold(true))
    case "off": show(interruptibly { session.hold(false) })
    case let word?: fail(":hold takes on or off, not \(word)")
    }
  }

  private func count(_ words: [String]) -> Int? {
    guard let word = words.first else { return 1 }
    guard let count = Int(word), count > 0 else {
      fail("a number above 0 is needed, not \(word)")
      return nil
    }
    return count
  }

  private func step(_ words: [String]) {
    guard let count = count(words) else { return }
    for _ in 0..<count {
      let wasBlocked = session.isBlocked
      guard let step = interruptibly({ session.step() }) else { return Terminal.output("nothing can go on\n") }
      let call = step.call.map { $0 + "; " } ?? ""
      Terminal.output("task \(step.tid)  \(call)\(step.state)\n")
      if wasBlocked, !session.isBlocked { return show(session.goOn()) }
    }
  }

  private func back(_ words: [String]) {
    guard let count = count(words) else { return }
    undo(count)
  }

  func undo(_ count: Int) {
    let (undone, problem) = interruptibly { session.back(count) }
    if undone.isEmpty { return fail("there is nothing to undo") }
    for line in undone { Terminal.output("undone: \(line.replacing("\n", with: "\n        "))\n") }
    if let problem { fail(problem) }
  }

  /// Colours are for eyes.
  private var paint: Paint { Paint(isOn: editor.isInteractive && getenv("NO_COLOR") == nil) }

  private func explain(_ words: [String]) {
    guard let name = words.first else {
      return fail(":doc takes a NAME: a call, constant, structure, error or ks function")
    }
    let plain =
      name.hasPrefix("sys.") || name.hasPrefix("must.") || name.hasPrefix("C.")
      ? String(name.drop { $0 != "." }.dropFirst()) : name
    let pages = Reference.pages(plain)
    if pages.isEmpty { return fail("nothing is called \(plain)\(Suggestion.text(plain, Reference.names))") }
    for page in pages { Terminal.output(page.text(paint)) }
  }

  private func listCalls(_ words: [String]) {
    let catalogue = Catalogue(words.isEmpty ? [.calls] : Catalogue.Kind.allCases, matching: words)
    if catalogue.entries.isEmpty { return fail("nothing is called \(words.joined(separator: " "))") }
    Terminal.output(catalogue.text(paint))
  }

  private func test(_ words: [String]) {
    guard let path = words.first else { return fail(":test takes a spec file") }
    guard let text = HostFile.read(path) else { return fail("\(path): \(String(cString: strerror(errno)))") }
    let file = SpecFile(path: path, source: text)
    let options = machineOptions.machineOptions(script: path)
    var passed = 0, failed = 0
    for testCase in file.cases(options) {
      let result = file.run(testCase, options)
      if result.status == .passed { passed += 1 }
      if result.status == .failed {
        failed += 1
        fail("FAILED \(testCase.name)\n  \(result.place): \(result.message)")
      }
    }
    Terminal.output("\(passed) passed, \(failed) failed\n")
  }
}
