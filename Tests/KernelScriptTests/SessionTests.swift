import KernelScript
import LinuxKernel
import Testing

/// A session whose output is kept.
private final class Recorder {
  var output = ""
  var input: [String] = []
  lazy var session = Session(
    options: Machine.Options(), console: { [unowned self] bytes, _ in output += bytes.string },
    report: { [unowned self] in output += $0 + "\n" },
    input: { [unowned self] in input.isEmpty ? nil : Array(input.removeFirst().utf8) })

  func line(_ text: String) -> String {
    switch session.evaluate(text) {
    case .finished(let values): values.joined(separator: " ")
    case .failed(let message): "! " + message
    case .blocked(let call, let reason): "? " + call + " " + reason
    case .interrupted: "interrupted"
    case .ended(let status): "ended \(status)"
    case .limit(let text): "limit " + text
    }
  }
}

@Suite struct SessionTests {
  @Test func resultsAreLiterals() {
    let repl = Recorder()
    #expect(repl.line("1 + 1") == "2")
    #expect(repl.line("_ * 2") == "4")
    #expect(repl.line("{ 1, x = 'a' }") == "{ 1, x = \"a\" }")
    #expect(repl.line("sys.read(99, 1)") == "nil \"read(99, 1): EBADF (Bad file descriptor)\" 9")
    #expect(repl.line("local function fail() error({}) end fail()").hasPrefix("! repl:1: table: 0x"))
    #expect(repl.line("1 + nil") == "! repl:1: attempt to perform arithmetic on a nil value")
  }

  @Test func localsStay() {
    let repl = Recorder()
    #expect(repl.line("local a <const>, b = 1, 2 local c") == "")
    #expect(repl.line("a, b, c") == "1 2 nil")
    #expect(repl.line("local function double(n) local a = n * 2 return a end") == "")
    #expect(repl.line("double(b), a") == "4 1")
    #expect(repl.line("local s = [[\nlocal a = 9]] -- local b = 8\nlocal t = \"local c\"") == "")
    #expect(repl.line("a, b, s, t") == "1 2 \"\\nlocal a = 9\" \"local c\"" || repl.line("s") == "\"local a = 9\"")
    #expect(repl.line("do local a = 5 end for i = 1, 2 do local b = i end if true then local c = 1 end") == "")
    #expect(repl.line("a, b, c") == "1 2 nil")
    #expect(repl.line("rawget(_G, 'a')") == "nil")
  }

  @Test func unfinishedTextIsToldFromWrongText() {
    let session = Recorder().session
    #expect(session.check("for i = 1, 2 do") == .incomplete)
    #expect(session.check("x = [[") == .incomplete)
    #expect(session.check("x = 1") == .whole)
    #expect(session.check("x = = 1") == .wrong("repl:1: unexpected symbol near '='"))
  }

  @Test func otherTasksRunWhileALineWaits() {
    let repl = Recorder()
    #expect(repl.line("r, w = must.pipe2()") == "")
    #expect(repl.line("pid = must.fork(function() print(must.read(r, 5)) end)") == "")
    #expect(repl.line("must.write(w, 'hello')") == "5")
    #expect(repl.output == "hello\n")
    #expect(repl.line("must.waitpid(pid)") == "2 \"exited\" 0")
  }

  @Test func aLineThatWaitsIsShownAndLeft() {
    let repl = Recorder()
    #expect(repl.line("r, w = must.pipe2()") == "")
    #expect(
      repl.line("must.read(r, 1)") == "? read(3<pipe:[1]>, 1) waits for a writer: the only write end is its own fd 4")
    #expect(repl.session.isBlocked)
    repl.session.abandon()
    #expect(repl.line("must.write(w, 'x'), must.read(r, 1)") == "1 \"x\"")
  }

  @Test func theClockStandsBetweenLines() {
    let repl = Recorder()
    #expect(repl.line("must.fork(function() must.nanosleep(2) print 'awake' end)") == "2")
    #expect(repl.session.machine.time == 0)
    #expect(repl.line("must.nanosleep(1)") == "0")
    #expect(repl.session.machine.time == 1_000_000_000)
    _ = repl.session.passTime(500_000_000)
    #expect(repl.output == "")
    _ = repl.session.passTime(1_000_000_000)
    #expect(repl.output == "awake\n")
    #expect(repl.session.machine.time == 2_500_000_000)
  }

  @Test func backUndoesTheKernelAndLua() {
    let repl = Recorder()
    #expect(repl.line("r, w = must.pipe2()") == "")
    #expect(repl.line("n = 1 print 'once'") == "")
    let hash = repl.session.machine.hash
    #expect(repl.line("n = 2 must.write(w, 'gone')") == "")
    let (undone, problem) = repl.session.back(1)
    #expect(undone == ["n = 2 must.write(w, 'gone')"])
    #expect(problem == nil)
    #expect(repl.session.machine.hash == hash)
    #expect(repl.line("n") == "1")
    #expect(repl.line("must.read(r, 9)").hasPrefix("? read"))
    #expect(repl.output == "once\n")
  }

  @Test func whatBackRunsAgainCanBeInterrupted() {
    let repl = Recorder()
    for text in ["x = 1", "for i = 1, 1000 do x = i end", "y = 2", "z = 3"] { #expect(repl.line(text) == "") }
    repl.session.replaying = { $0.interrupt() }
    let (undone, problem) = repl.session.back(1)
    #expect(undone == ["z = 3", "y = 2", "for i = 1, 1000 do x = i end"])
    #expect(problem == "interrupted in a line that was run again: x = 1")
    #expect(repl.line("y, z") == "nil nil")
  }

  @Test func stepsGoOneCall() {
    let repl = Recorder()
    _ = repl.session.hold(true)
    #expect(repl.line("r, w = must.pipe2()") == "")
    #expect(repl.line("must.fork(function() must.write(w, 'a') must.getpid() return 4 end)") == "2")
    #expect(repl.session.step()?.state == "is about to call write(4<pipe:[1]>, \"a\")")
    #expect(repl.session.step()?.state == "is about to call getpid()")
    #expect(repl.session.step()?.call == "getpid()")
    #expect(repl.session.step() == nil)
    #expect(repl.line("must.read(r, 1), must.waitpid(2)") == "\"a\" 2 \"exited\" 4")
  }

  @Test func linesCanReadTheConsole() {
    let repl = Recorder()
    repl.input = ["typed\n"]
    #expect(repl.line("must.read(0, 10)") == "\"typed\\n\"")
    #expect(repl.line("x = 1") == "")
    _ = repl.session.back(1)
    #expect(repl.line("_") == "\"typed\\n\"")
  }

  @Test func theEndOfTaskOneIsTold() {
    #expect(Recorder().line("sys.exit_group(7)") == "ended 1792")
  }

  @Test func wordsAreCompleted() {
    let repl = Recorder()
    _ = repl.line("local buffer = ks.buffer(4)")
    func complete(_ line: String) -> [String] {
      repl.session.completions(of: line, commands: [":time", ":trace"]).candidates
    }
    #expect(complete("must.pip").contains("pipe2"))
    #expect(complete("x = sys.open('/x', 'O_RDWR|O_CRE") == ["O_CREAT"])
    #expect(complete("C.SIGUSR") == ["SIGUSR1", "SIGUSR2"])
    #expect(complete("buffer:fi") == ["fill"])
    #expect(complete("k.re") == ["release"])
    #expect(complete("buff") == ["buffer"])
    #expect(complete(":ti") == [":time"])
  }
}
