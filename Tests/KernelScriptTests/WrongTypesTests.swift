import KernelScript
import LinuxKernel
import Testing

/// Every argument of every call, given each type that it is not: a Lua error that names the call, or an answer; never a
/// crash, a hang, or a machine that is of no more use. Generated from the declarations.
@Suite("Wrong types")
struct WrongTypesTests {
  static let names = Syscall.all.filter { !$0.parameters.isEmpty }.map(\.name)

  /// Lua expressions, tried in each argument's place. `buffer` and `thread` are made anew for each.
  static let values = [
    "nil", "true", "false", "1.5", "2^53", "1e300", "0/0", "math.mininteger", "math.maxinteger", "-1", "1 << 40", "''",
    "'x'", "'O_CRAET|1'", "('x'):rep(5000)", "{}", "{1, 2}", "{{}}", "{x = 1}", "setmetatable({}, {__index = error})",
    "function() end", "print", "ks.buffer(64)", "coroutine.create(print)", "io.stdout", "ks.sys",
  ]

  /// What getrandom answers with 2 GiB, which ends the run at --memory as it should.
  static let huge = ["2^53", "math.mininteger", "math.maxinteger", "-1", "1 << 40"]

  /// An expression that the parameter would take.
  private static func valid(_ kind: ArgumentKind) -> String {
    switch kind {
    case .integer, .any: "1"
    case .descriptor: "fd"
    case .flags, .address, .mode, .flagsOrStructure, .control: "0"
    case .value(let set): set.entries.first.map { "'\($0.name)'" } ?? "0"
    case .path, .program: "'/tmp/x'"
    case .data: "'x'"
    case .destination: "1"
    case .structure, .structures, .signalSet, .integers: "{}"
    case .vector, .strings: "{'x'}"
    case .time: "0.001"
    case .signalAction: "'SIG_IGN'"
    case .function: "function() end"
    }
  }

  @Test(arguments: names)
  func areRefused(name: String) {
    let call = Syscall.all[Syscall.indices[name]!]
    var cases: [String] = []
    for position in call.parameters.indices {
      for value in Self.values where name != "getrandom" || !Self.huge.contains(value) {
        var arguments = call.parameters.map { Self.valid($0.kind) }
        arguments[position] = value
        cases.append(arguments.joined(separator: ", "))
      }
    }
    // Too few and too many.
    let all = call.parameters.map { Self.valid($0.kind) }
    for count in 0..<all.count { cases.append(all.prefix(count).joined(separator: ", ")) }
    cases.append((all + ["1", "2", "3"]).joined(separator: ", "))

    Self.check(cases, "sys.\(name), must.\(name)", naming: name)
  }

  /// As scripts call them, each with its parameters.
  static let functions =
    Library.functions.filter(\.isBuilt).map { ("ks." + $0.name, $0.parameters.map(\.type)) }
    + Library.bufferMethods.map { ("ks.buffer(64):" + $0.name, $0.parameters.map(\.type)) }

  /// The same for the module's own functions, and for buffers.
  @Test(arguments: functions)
  func areRefusedByFunctions(name: String, types: [String]) {
    let valid = ["integer": "1", "string": "'stat'", "table": "{}", "function": "function() end"]
    let fine = types.map { valid[$0] ?? "nil" }
    var cases: [String] = []
    for position in fine.indices {
      for value in Self.values {
        var arguments = fine
        arguments[position] = value
        cases.append(arguments.joined(separator: ", "))
      }
    }
    for count in 0...fine.count { cases.append(fine.prefix(count).joined(separator: ", ")) }
    Self.check(cases, "function(...) return \(name)(...) end", naming: "")
  }

  /// Calls each of `functions` with each list of arguments. What one raises has to hold `name`, and all works on
  /// after it.
  private static func check(_ lists: [String], _ functions: String, naming name: String) {
    var script = """
      local ks = require "kscript"
      local sys, must = ks.sys, ks.must
      local fd = must.pipe2()
      local function try(text, make)
        local pid = must.fork(function()
          for _, call in ipairs { \(functions) } do
            local ok, message = pcall(make, call)
            if not ok and not tostring(message):find("\(name)", 1, true) then print(text, message) end
          end
        end)
        ks.settle()
        sys.kill(pid, 9)
        ks.settle()
        repeat local found = sys.waitpid(-1, "WNOHANG|__WALL") until not found or found == 0
        local r, w = must.pipe2()
        must.write(w, "alive")
        assert(must.read(r, 5) == "alive", text)
        must.close(r) must.close(w)
      end

      """
    for list in lists { script += "try([=[\(list)]=], function(call) return call(\(list)) end)\n" }
    script += "print('survived')\n"
    var options = Machine.Options()
    options.instructionLimit = 50_000_000
    let run = ScriptRun.run(script, options: options)
    #expect(run.output.hasSuffix("survived\n"), "\(run.reports.joined(separator: "\n").prefix(500))")
    for line in run.output.split(separator: "\n").filter({ $0 != "survived" }).prefix(5) {
      Issue.record("\(line.prefix(300))")
    }
  }
}
