import Testing

/// What a user can do wrong gets clear words and the right exit code, never a crash.
@Suite("Bad input")
struct BadInputTests {
  private func check(
    _ result: Program, _ status: Int32, _ words: String..., location: SourceLocation = #_sourceLocation
  ) {
    #expect(!result.hung, "did not end", sourceLocation: location)
    #expect(!result.hasTrace, "\(result.errors)", sourceLocation: location)
    #expect(result.status == status, "\(result.errors)\(result.output)", sourceLocation: location)
    for word in words { #expect(result.errors.contains(word), "\(result.errors)", sourceLocation: location) }
  }

  @Test func missingFile() {
    let result = Program.kscript(["run", "no/such/file.lua"])
    check(result, 66, "no/such/file.lua: No such file or directory")
    #expect(result.errorLines == 1)
  }

  @Test func directory() { check(Program.kscript(["run", "/"]), 66, "/") }

  @Test func syntaxError() {
    let result = Program.run("local x = = 1")
    check(result, 1, "script.lua:1:", "near '='")
    #expect(result.errorLines == 1)
  }

  @Test func aTableThatWasForgotten() {
    check(Program.run("getpid()"), 1, "script.lua:1: ", "(global 'getpid'); the call is sys.getpid")
    check(Program.run("local x = 1\nsettle()"), 1, "script.lua:2: ", "; the function is ks.settle")
    check(Program.run("sys.getpid()"), 1, "(global 'sys'); local sys = require \"kscript\".sys")
  }

  @Test func garbage() {
    check(Program.run((0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 197 &+ $0 >> 3) }), 1, "script.lua")
    check(Program.run([0, 0xff, 0xfe] + [UInt8](repeating: 0x80, count: 100)), 1, "script.lua")
  }

  @Test func precompiled() {
    check(
      Program.run([0x1b, 0x4c, 0x75, 0x61, 0x54, 0x00, 0x19, 0x93] + [UInt8](repeating: 0, count: 50)), 1, "script.lua",
      "precompiled")
  }

  @Test func endlessLoop() {
    check(Program.run("while true do end", ["--limit", "100000"]), 124, "script.lua:1", "--limit")
    check(
      Program.run("while true do pcall(function() while true do end end) end", ["--limit", "100000"]), 124, "--limit")
    check(
      Program.run(
        """
        local ks = require "kscript"
        ks.must.fork(function() local f = coroutine.wrap(function() while true do end end) f() end)
        ks.must.waitpid(-1)
        """, ["--limit", "100000"]), 124, "script.lua:2", "--limit")
  }

  @Test func endlessRecursion() {
    check(Program.run("local function f() return 1 + f() end f()"), 1, "script.lua:1", "stack overflow")
    check(
      Program.run("local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k] end print(t.x)"),
      1, "overflow")
    check(Program.run("local function f() return coroutine.wrap(f)() end f()"), 1, "overflow")
    check(Program.run("print((('('):rep(300) .. '1'):len()) load(('('):rep(100000))() "), 1)
    check(
      Program.run(
        "string.rep('x', 10):gsub('.', function() "
          + "error(setmetatable({}, {__tostring = function(t) return tostring(t) end})) end)"
      ), 1)
  }

  @Test func endlessAllocation() {
    check(
      Program.run("local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end", ["--memory", "16"]), 124,
      "--memory")
    check(Program.run("local s = 'x' while true do s = s .. s end", ["--memory", "16"]), 124, "--memory")
    check(
      Program.run(
        """
        local ks = require "kscript"
        local ok = pcall(function() local s = "x" while true do s = s .. s end end)
        print("caught", ok)
        """, ["--memory", "16"]), 124, "--memory")
  }

  /// What the kernel holds for its files is bounded by the size of their file system, and by --memory.
  @Test func allocationInKernel() {
    let script = """
      local ks = require "kscript"
      local fd = ks.must.open("/tmp/f", "O_RDWR|O_CREAT", "0600")
      local s = ("x"):rep(1 << 20)
      while true do ks.must.write(fd, s) end
      """
    check(Program.run(script, seconds: 30), 1, "script.lua:4: write(3, ", "ENOSPC")
    check(Program.run(script, ["--memory", "64"], seconds: 30), 124, "script.lua:4: the limit of 64 MiB is reached")
  }

  @Test func errorInChild() {
    let result = Program.run(
      """
      local ks = require "kscript"
      local pid = ks.must.fork(function()
        error("out of paper")
      end)
      print(ks.must.waitpid(pid))
      """)
    check(result, 1, "script.lua:3: out of paper", "task 2")
    #expect(result.output == "2\texited\t1\n")
  }

  @Test func uncaughtError() {
    check(Program.run("error('no luck')"), 1, "script.lua:1: no luck")
    check(Program.run("error({})"), 1, "script.lua:1")
    check(Program.run("error(nil)"), 1, "script.lua")
    check(Program.run("local t t.x = 1"), 1, "script.lua:1: attempt to index a nil value (local 't')")
  }

  @Test func closedOutput() {
    let result = Program.kscript(["run", "-e", "for i = 1, 100 do print(i) end"], closed: [1])
    check(result, 1, "standard output: Bad file descriptor")
    check(Program.kscript(["run", "-q", "-e", "print(1)"], closed: [1, 2]), 1)
    check(Program.kscript(["run", "-e", "print(io.read())"], closed: [0]), 0)
  }

  @Test func waitInsideSort() {
    let script = """
      local ks = require "kscript"
      local r = ks.must.pipe2()
      table.sort({3, 1, 2}, function(a, b) ks.sys.read(r, 1) return a < b end)
      """
    check(Program.run(script), 1, "script.lua:3", "read would wait here")
    check(Program.run(script.with("ks.sys.read(r, 1)", "ks.settle()")), 1, "script.lua:3")
    check(Program.run(script.with("ks.sys.read(r, 1)", "ks.sys.sched_yield()")), 0)
    check(Program.run(script.with("ks.sys.read(r, 1)", "ks.sys.exit(3)")), 3)
    check(Program.run(script.with("ks.sys.read(r, 1)", "ks.sys.pause()")), 1, "pause would wait here")
  }

  @Test func deadlock() {
    let result = Program.run("local ks = require 'kscript'\nlocal r = ks.must.pipe2()\nks.must.read(r, 1)")
    check(result, 2, "script.lua:3: deadlock at virtual 0.000 s", "task 1  read(3<pipe:[")
  }

  @Test func usage() {
    check(Program.kscript(["run", "--frobnicate", "x.lua"]), 64, "--frobnicate")
    check(Program.kscript(["run"]), 64)
    check(Program.kscript(["frobnicate"]), 64)
    check(Program.kscript(["run", "--policy", "lifo", "-e", ""]), 64, "lifo")
    check(Program.kscript(["run", "--policy", "pct:1000000000", "-e", ""]), 64, "pct:1000000000")
    check(Program.kscript(["run", "--seed", "-1", "-e", ""]), 64)
    check(Program.kscript(["run", "--limit", "x", "-e", ""]), 64)
    check(Program.kscript(["run", "--memory", "0", "-e", ""]), 64, "--memory")
    check(Program.kscript(["run", "--memory", "99999999999999", "-e", ""]), 64, "--memory")
    check(Program.kscript(["run", "--epoch", "99999999999999", "-e", ""]), 64, "--epoch")
    check(Program.kscript(["run", "--env", "novalue", "-e", ""]), 64, "novalue")
    check(Program.kscript(["trace", "-a", "9223372036854775807", "x.lua"]), 64, "-a")
    check(Program.kscript(["repl", "--host"]), 64, "run FILE --host")
  }

  @Test func mistakesNameTheCall() {
    check(Program.kscript(["run", "-e", "sys.reed(1)"]), 1, "did you mean", "read")
    check(Program.kscript(["run", "-e", "must.read({}, 1)"]), 1, "read")
    check(Program.kscript(["run", "-e", "must.open('/x', 'O_CRAET')"]), 1, "O_CRAET", "O_CREAT")
    check(Program.kscript(["run", "-e", "must.kill(1, 'INT')"]), 1, "did you mean SIGINT?")
    check(Program.kscript(["run", "-e", "describe('x', print)"]), 1, "kscript test")
    check(Program.kscript(["run", "-e", "must.open()"]), 1, "open")
    check(Program.kscript(["run", "-e", "must.close(1, 2, 3)"]), 1, "close")
    check(Program.kscript(["run", "-e", "must.close(99)"]), 1, "close(99): EBADF (Bad file descriptor)")
  }
}

extension String {
  /// The text with one piece of it replaced.
  fileprivate func with(_ piece: String, _ replacement: String) -> String {
    var result = "", rest = self[...]
    while let first = rest.first {
      if rest.hasPrefix(piece) {
        result += replacement
        rest = rest.dropFirst(piece.count)
      } else {
        result.append(first)
        rest = rest.dropFirst()
      }
    }
    return result
  }
}
