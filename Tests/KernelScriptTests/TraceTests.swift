import KernelScript
import LinuxKernel
import Testing

/// What `kscript trace` writes of a script.
private func trace(_ script: String, _ change: (inout TraceSink.Options) -> Void = { _ in }) -> String {
  var options = TraceSink.Options()
  change(&options)
  var text = ""
  let sink = TraceSink(options) { text += $0 }
  let machine = Machine(console: { _, _ in }, report: { _ in })
  let head = "local ks = require 'kscript' local sys, must, C = ks.sys, ks.must, ks.C\n"
  #expect(machine.load(Array((head + script).utf8), name: "script.lua", arguments: []) == nil)
  sink.attach(to: machine)
  _ = machine.run()
  sink.finish(machine)
  return text
}

private let conversation = """
  local r, w = must.pipe2("O_CLOEXEC")
  local pid = must.fork(function()
    must.write(w, "x")
    sys.read(9, 1)
    return 3
  end)
  must.read(r, 1)
  must.waitpid(pid)
  """

@Suite struct TraceTests {
  @Test func textIsWhatStraceWrites() {
    let text = trace(conversation)
    #expect(
      text == """
        pipe2([3, 4], O_CLOEXEC)                = 0
        fork()                                  = 2
        kscript: Process 2 attached
        [pid 1] read(3,  <unfinished ...>
        [pid 2] write(4, "x", 1)                = 1
        [pid 2] read(9, ..., 1)                 = -1 EBADF (Bad file descriptor)
        [pid 2] +++ exited with 3 +++
        --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=2, si_uid=0, si_status=3, si_utime=0, si_stime=0} ---
        <... read resumed>"x", 1)               = 1
        waitpid(2, [{WIFEXITED(s) && WEXITSTATUS(s) == 3}], 0) = 2
        +++ exited with 0 +++

        """)
  }

  @Test func whatAScriptGivesAsATableIsShownAsTheStructureItIs() {
    let text = trace(
      """
      local r, w = must.pipe()
      must.writev(w, {"a", "bc"})
      must.readv(r, {2, 1})
      print(sys.fcntl(99, "F_SETLK", {l_type = "F_WRLCK", l_len = 5}))
      print(sys.sigaction("SIGKILL", {handler = "SIG_IGN", mask = {"SIGUSR1"}}))
      """
    ) { $0.text.column = 0 }
    #expect(
      text == """
        pipe([3, 4]) = 0
        writev(4, [{iov_base="a", iov_len=1}, {iov_base="bc", iov_len=2}], 2) = 3
        readv(3, [{iov_base=..., iov_len=2}, {iov_base=..., iov_len=1}], 2) = 3
        fcntl(99, F_SETLK, {l_type=F_WRLCK, l_whence=SEEK_SET, l_start=0, l_len=5, l_pid=0}) = -1 EBADF \
        (Bad file descriptor)
        sigaction(SIGKILL, {sa_handler=SIG_IGN, sa_mask=[USR1], sa_flags=0}, ...) = -1 EINVAL (Invalid argument)
        +++ exited with 0 +++

        """)
  }

  @Test func aHandlerShowsWhatItDidToTheCallBelow() {
    let text = trace(
      """
      local r, w = must.pipe2()
      must.sigaction("SIGUSR1", function() end)
      must.fork(function() must.kill(1, "SIGUSR1") end)
      sys.read(r, 1)
      """
    ) { $0.text.column = 0 }
    #expect(text.contains("<... read resumed>..., 1) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)\n"))
    #expect(text.contains("--- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, si_pid=2, si_uid=0} ---\n"))
    #expect(text.contains("rt_sigreturn({mask=[]}) = -1 EINTR (Interrupted system call)\n"))
  }

  /// What was read into its memory cannot be looked at any more.
  @Test func anAnswerIsToldThatItsTaskDoesNotLiveToSee() {
    let text = trace(
      """
      local r, w = must.pipe()
      local child = must.fork(function() sys.read(r, ks.buffer(16)) end)
      ks.settle()
      must.write(w, "hello")
      must.kill(child, "SIGKILL")
      must.waitpid(child)
      """)
    #expect(text.contains("[pid 2] <... read resumed>"))
    #expect(text.contains("[pid 2] +++ killed by SIGKILL +++\n"))
  }

  @Test func filtersTakeStracesSets() throws {
    func names(_ expression: String) throws -> [String] {
      var filter = TraceFilter()
      try filter.add(expression)
      try filter.add("signal=none")
      let text = trace(conversation) { ($0.filter, $0.text.quietness) = (filter, 2) }
      return text.split(separator: "\n").map { String($0.prefix { $0 != "(" }) }
        .filter { !$0.hasPrefix("<") && !$0.hasPrefix("[") && !$0.hasPrefix("k") }
    }
    #expect(try names("trace=pipe2,fork") == ["pipe2", "fork"])
    #expect(try names("%process") == ["fork", "waitpid"])
    #expect(try names("trace=wait4") == ["waitpid"])
    #expect(try names("!%desc,%process").isEmpty)
    #expect(try names("/^p") == ["pipe2"])
    #expect(throws: TraceFilter.Mistake.self) { try names("trace=nosuch") }
    #expect(throws: TraceFilter.Mistake.self) { try names("inject=read:error=EIO") }
  }

  @Test func onlyFailedCallsOnDemand() {
    let text = trace(conversation) { ($0.filter.showsSuccessful, $0.filter.showsUnfinished) = (false, false) }
    #expect(text.contains("EBADF"))
    #expect(!text.contains("write"))
  }

  @Test func descriptorsCarryWhatTheyName() {
    let text = trace(conversation) { $0.showsNames = true }
    #expect(text.contains("[pid 2] write(4<pipe:[1]>, \"x\", 1)"))
  }

  @Test func countsAddUp() {
    let lines = trace(conversation) { ($0.counts, $0.showsLines) = (true, false) }.split(separator: "\n")
    #expect(lines.first == "% time     seconds  usecs/call     calls    errors syscall")
    #expect(lines.last == "100.00    0.000000           0         6         1 total")
  }

  @Test func jsonHasAnObjectALine() {
    let lines = trace(conversation) { $0.format = .json }.split(separator: "\n")
    #expect(lines.allSatisfy { isJSON(String($0)) })
    #expect(
      lines.contains(
        """
        {"type":"call","tid":2,"pid":2,"call":"read","args":{"fd":9,"buf":"...","count":1},"result":-1,"errno":"EBADF",\
        "error":"Bad file descriptor","place":"script.lua:5","began":0,"ended":0,"waited":false,"order":[10,11]}
        """))
  }

  @Test(arguments: TraceTimeline.TimeBase.allCases) func timelinesAreJSON(_ base: TraceTimeline.TimeBase) {
    let text = trace(conversation + "\nmust.nanosleep(0.5)") { ($0.format, $0.timeBase) = (.perfetto, base) }
    #expect(isJSON(text))
    #expect(text.contains("\"name\":\"thread_name\",\"args\":{\"name\":\"task 2\"}"))
    #expect(text.contains("\"ph\":\"s\"") && text.contains("\"ph\":\"f\""))
  }

  @Test func everyCallHasAShape() {
    // Each declared parameter has its place in the line, but for the function of a new task.
    for (call, shape) in zip(Syscall.all, CallShape.all) {
      let functions = call.parameters.filter { if case .function = $0.kind { true } else { false } }.count
      #expect(shape.inputCount == call.parameters.count - functions, "\(call.name)")
    }
  }
}

/// A judge of JSON of its own: no Foundation here.
private func isJSON(_ text: String) -> Bool {
  var rest = Array(text.utf8)[...]
  func skip() { rest = rest.drop { $0 == 0x20 || $0 == 0x0a } }
  func take(_ byte: Character) -> Bool {
    skip()
    guard rest.first == byte.asciiValue else { return false }
    rest.removeFirst()
    return true
  }
  func string() -> Bool {
    guard take("\"") else { return false }
    while let byte = rest.popFirst() {
      if byte == 0x22 { return true }
      if byte < 0x20 { return false }
      if byte == 0x5c, rest.popFirst() == nil { return false }
    }
    return false
  }
  func list(_ end: Character, _ element: () -> Bool) -> Bool {
    if take(end) { return true }
    repeat { if !element() { return false } } while take(",")
    return take(end)
  }
  func value() -> Bool {
    skip()
    switch rest.first.map({ Character(UnicodeScalar($0)) }) {
    case "{": return take("{") && list("}") { string() && take(":") && value() }
    case "[": return take("[") && list("]", value)
    case "\"": return string()
    default:
      let word = String(decoding: rest.prefix { $0 != 0x2c && $0 != 0x7d && $0 != 0x5d && $0 != 0x0a }, as: UTF8.self)
      rest = rest.dropFirst(word.utf8.count)
      return ["true", "false", "null"].contains(word) || Double(word) != nil
    }
  }
  guard value() else { return false }
  skip()
  return rest.isEmpty
}
