import Glibc
import KernelScript
import LinuxKernel
import Testing

/// The embedding interface as a stranger's program uses it: public names only.
@Suite struct EmbeddingTests {
  /// What a machine writes.
  final class Console {
    var output = ""
    var errorOutput = ""

    init(of machine: Machine) {
      machine.console = { [weak self] bytes, isError in
        if isError { self?.errorOutput += bytes.string } else { self?.output += bytes.string }
      }
    }
  }

  func machine(_ text: String, options: Machine.Options = .init()) throws -> (Machine, Console) {
    let machine = try Machine(text: Array(text.utf8), name: "workload.lua", options: options)
    return (machine, Console(of: machine))
  }

  @Test func runsAFileWithArguments() throws {
    let path = "/tmp/kscript-machine-test-\(getpid()).lua"
    let text = Array("print(arg[0] ~= nil, ...) io.stderr:write 'e' os.exit(3)".utf8)
    let descriptor = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0o600)
    #expect(write(descriptor, text, text.count) == text.count)
    close(descriptor)
    defer { unlink(path) }
    let machine = try Machine(script: path, arguments: ["64", "x"], seed: 7)
    let console = Console(of: machine)
    guard case .done(let status) = try machine.run(limit: .none) else { Issue.record("not done"); return }
    #expect(status == 3 << 8)
    #expect(console.output == "true\t64\tx\n")
    #expect(console.errorOutput == "e")
    #expect(machine.options.seed == 7)
  }

  @Test func passesOverALineForTheShell() throws {
    let (script, console) = try machine("#!/usr/bin/env lua\nprint(debug.getinfo(1, 'l').currentline)")
    guard case .done = try script.run(limit: .none) else { Issue.record("not done"); return }
    #expect(console.output == "2\n")
  }

  @Test func tellsWhyAScriptCannotBeLoaded() {
    #expect(throws: ScriptError.self) { try Machine(script: "/nowhere/at/all.lua") }
    let error = #expect(throws: ScriptError.self) { try Machine(text: Array("x = = 1".utf8), name: "bad.lua") }
    #expect(error?.message.hasPrefix("bad.lua:1: ") == true)
  }

  @Test func throwsTheErrorThatNothingCaught() throws {
    let (failing, _) = try machine("local ks = require 'kscript'\nks.must.close(99)")
    let error = #expect(throws: ScriptError.self) { try failing.run(limit: .none) }
    #expect(error?.description == "workload.lua:2: close(99): EBADF (Bad file descriptor)")
    #expect(failing.failureCount == 1)
  }

  @Test func tellsADeadlock() throws {
    let (stuck, _) = try machine("local ks = require 'kscript'\nlocal r, w = ks.must.pipe2()\nks.must.read(r, 1)")
    guard case .deadlock(let tasks) = try stuck.run(limit: .none) else { Issue.record("no deadlock"); return }
    #expect(tasks.count == 1)
    #expect(tasks.first?.tid == 1)
    #expect(tasks.first?.call == "read(3<pipe:[1]>, 1)")
    #expect(tasks.first?.place == "workload.lua:3")
  }

  @Test func stopsAfterSomeStepsAndGoesOn() throws {
    let (machine, console) = try machine(
      "local ks = require 'kscript' for i = 1, 4 do print(i) ks.must.nanosleep(1) end")
    guard case .limit = try machine.run(limit: .steps(2)) else { Issue.record("no limit"); return }
    #expect(console.output == "1\n2\n")
    #expect(machine.time == 1_000_000_000)
    guard case .done(status: 0) = try machine.run(limit: .none) else { Issue.record("not done"); return }
    #expect(console.output == "1\n2\n3\n4\n")
  }

  @Test func endsWhatComputesWithoutEnd() throws {
    let (machine, _) = try machine("while true do pcall(function() while true do end end) end")
    let outcome = try machine.run(limit: .instructions(100_000))
    guard case .limit(let text) = outcome else { Issue.record("no limit"); return }
    #expect(text.contains("limit"))
  }

  @Test func endsADrivenKernelWithItsDriver() throws {
    let (machine, _) = try machine(
      """
      local ks = require 'kscript'
      local k = ks.new()
      k:spawn(function() while true do end end)
      pcall(k.run, k)
      error 'not reached'
      """)
    let outcome = try machine.run(limit: .instructions(100_000))
    guard case .limit(let text) = outcome else { Issue.record("no limit"); return }
    #expect(text.contains("workload.lua:3"))
  }

  @Test func calls() throws {
    let (machine, console) = try machine(
      """
      local ks = require 'kscript'
      ks.host.report("bytes\\0\\255", 1, -2.5, true, nil)
      print(ks.host.add(2, 40), select("#", ks.host.report()))
      print(ks.host.back(nil, "x", 1, 2.0, false))
      print(pcall(ks.host.fail))
      print(pcall(ks.host.report, {}))
      print(pcall(function() return ks.host.raport end))
      """)
    var reported: [[ScriptValue]] = []
    machine.register("report") { reported.append($0) }
    machine.register("add") { arguments in
      guard case .integer(let a) = arguments[0], case .integer(let b) = arguments[1] else { return [] }
      return [.integer(a + b)]
    }
    machine.register("back") { $0 }
    machine.register("fail") { _ in throw ScriptError(message: "refused") }
    guard case .done(status: 0) = try machine.run(limit: .none) else { Issue.record("not done"); return }
    #expect(reported == [[.string([98, 121, 116, 101, 115, 0, 255]), 1, -2.5, true, nil], []])
    let lines = console.output.split(separator: "\n")
    #expect(lines[0] == "42\t0")
    #expect(lines[1] == "nil\tx\t1\t2.0\tfalse")
    #expect(lines[2].hasSuffix("ks.host.fail: refused"))
    #expect(lines[3].contains("argument #1 is a table"))
    #expect(lines[4].contains("did you mean report?"))
  }

  @Test func hostFunctionsReachDrivenKernels() throws {
    let (machine, _) = try machine(
      """
      local ks = require 'kscript'
      local k <close> = ks.new()
      k:spawn(function() ks.host.report(ks.now()) end)
      k:run()
      """)
    var reported: [[ScriptValue]] = []
    machine.register("report") { reported.append($0) }
    _ = try machine.run(limit: .none)
    #expect(reported == [[0.0]])
  }

  /// The same seed gives the same history, whatever runs beside it.
  @Test func manyRunSideBySide() async throws {
    let text = """
      local ks = require 'kscript'
      local must = ks.must
      local r, w = must.pipe2()
      for i = 1, 20 do
        must.fork(function() must.nanosleep(i / 10) must.write(w, math.random(100) .. must.getrandom(4)) end)
      end
      for _ = 1, 20 do must.waitpid(-1) end
      local k <close> = ks.new { policy = "random" }
      for _ = 1, 3 do k:spawn(function() for _ = 1, 5 do must.getpid() end end) end
      k:run()
      print(#must.read(r, 1000), k.hash)
      """
    @Sendable func run(_ seed: UInt64) throws -> String {
      var options = Machine.Options()
      options.seed = seed
      options.policy = .random
      let (machine, console) = try machine(text, options: options)
      _ = try machine.run(limit: .none)
      return "\(machine.hash) \(console.output)"
    }
    let results = try await withThrowingTaskGroup(of: (Int, String).self) { group in
      for number in 0..<24 { group.addTask { (number, try run(UInt64(number % 4))) } }
      var results = [String](repeating: "", count: 24)
      for try await (number, result) in group { results[number] = result }
      return results
    }
    for number in 4..<24 { #expect(results[number] == results[number % 4]) }
    #expect(Set(results).count == 4)
  }
}
