import CLua
import CShim
import KernelScript
import LinuxKernel
import Testing

/// The Lua scripts of Tests/Interpreter, each where its first lines say: in stock Lua, in the bare sandbox or in a
/// machine.
@Suite struct InterpreterTests {
  static let folder = "Tests/Interpreter/"
  static let preludes = Repository.names(folder, ".lua").filter { $0.hasPrefix("prelude_") }
  static let sandboxed = Repository.names(folder, ".lua").filter {
    !$0.hasPrefix("prelude_") && !$0.hasPrefix("end_by_")
  }

  static func source(_ name: String) -> String { String(decoding: Repository.text(folder + name), as: UTF8.self) }

  @Test(arguments: preludes)
  func runsInStockLua(_ name: String) {
    let state = luaL_newstate()!
    defer { lua_close(state) }
    luaL_openlibs(state)
    lua_createtable(state, 1, 0)
    lua_pushstring(state, Repository.root + "/Sources/KernelScript/Preludes")
    lua_rawseti(state, -2, 1)
    lua_setglobal(state, "arg")
    let text = Repository.text(InterpreterTests.folder + name)
    let isLoaded = load(text, name, state)
    let isRun = isLoaded && lua_pcallk(state, 0, 0, 0, 0, nil) == LUA_OK
    #expect(isRun, "\(message(state))")
  }

  @Test(arguments: sandboxed)
  func runsInTheSandbox(_ name: String) {
    let interpreter = UnsafeMutablePointer<ks_interpreter>.allocate(capacity: 1)
    interpreter.initialize(to: ks_interpreter())
    let state = ks_new_state(interpreter)!
    defer {
      lua_close(state)
      interpreter.deallocate()
    }
    ks_open_libraries(state)
    let thread = lua_newthread(state)!
    ks_mark_task(thread)
    let text = Repository.text(InterpreterTests.folder + name)
    var results: Int32 = 0
    let isRun = load(text, name, thread) && ks_resume(thread, state, 0, &results) == LUA_OK
    #expect(isRun, "\(message(thread))")
  }

  @Test func waitsInsideTheScriptsOwnCoroutines() {
    let block = "local ks, n = require 'kscript', 0 block = function() ks.settle() n = n + 1 return n end "
    let run = ScriptRun.run(block + InterpreterTests.source("coroutines.lua"), name: "coroutines.lua")
    #expect(run.isDone, "\(run.reports)")
  }

  @Test(arguments: 1...8)
  func endsByInstructions(_ way: Int) {
    var options = Machine.Options()
    options.instructionLimit = 100_000
    let run = ScriptRun.run("WAY = \(way) " + InterpreterTests.source("end_by_instructions.lua"), options: options)
    guard case .limit(let text) = run.outcome else {
      Issue.record("ended with \(run.outcome) \(run.reports)")
      return
    }
    #expect(text.contains("the limit of 100000 Lua instructions is spent"))
    #expect(run.output == "")
  }

  @Test(arguments: 1...7)
  func endsByMemory(_ way: Int) {
    var options = Machine.Options()
    options.memoryLimit = 16 << 20
    let run = ScriptRun.run("WAY = \(way) " + InterpreterTests.source("end_by_memory.lua"), options: options)
    guard case .limit(let text) = run.outcome else {
      Issue.record("ended with \(run.outcome) \(run.reports)")
      return
    }
    #expect(text.hasSuffix("the limit of 16 MiB is reached (--memory)"))
    #expect(run.output == "")
  }

  @Test func survivesAStringTooLarge() {
    var options = Machine.Options()
    options.memoryLimit = 16 << 20
    let run = ScriptRun.run("WAY = 8 " + InterpreterTests.source("end_by_memory.lua"), options: options)
    #expect(run.isDone && run.output == "survived\ttrue\n", "\(run)")
  }

  @Test(arguments: 1...7)
  func endsByInterrupt(_ way: Int) {
    let prefix = "WAY = \(way) interrupt = function() print 'now' end "
    let run = ScriptRun.run(prefix + InterpreterTests.source("end_by_interrupt.lua")) { $0.interrupt() }
    guard case .interrupted = run.outcome else {
      Issue.record("ended with \(run.outcome) \(run.reports)")
      return
    }
    #expect(run.output == "now\n")
  }

  private func load(_ text: [UInt8], _ name: String, _ state: OpaquePointer) -> Bool {
    text.withUnsafeBytes { bytes in
      let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
      return luaL_loadbufferx(state, start, bytes.count, "@" + InterpreterTests.folder + name, "t") == LUA_OK
    }
  }

  private func message(_ state: OpaquePointer) -> String {
    lua_tolstring(state, -1, nil).map { String(cString: $0) } ?? "?"
  }
}
