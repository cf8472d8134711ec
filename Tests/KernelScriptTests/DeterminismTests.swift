import KernelScript
import LinuxKernel
import Testing

/// The same script, seed and policy give the same calls and answers, in one process and in twenty.
@Suite("Determinism")
struct DeterminismTests {
  static let examplePaths = Project.files("examples", ".lua").map(\.path)
  static let specPaths = Project.files("Tests/Scripts", "_spec.lua").map(\.path)

  private func hash(_ path: String, _ policy: Policy, readsStack: Bool = true) -> [UInt64] {
    let text = Array(Project.text(path).utf8)
    var options = Machine.Options()
    options.policy = policy
    options.readsStack = readsStack
    options.seed = 11
    options.instructionLimit = 200_000_000
    if path.hasSuffix("_spec.lua") {
      let file = SpecFile(path: path, source: text)
      return file.cases(options).map { file.run($0, options).hash }
    }
    options.moduleFolder = Project.root + "/examples"
    let machine = Machine(options: options, console: { _, _ in }, report: { _ in })
    #expect(machine.load(text, name: path, arguments: []) == nil)
    _ = machine.run()
    return [machine.hash, UInt64(machine.callCount), UInt64(bitPattern: machine.time)]
  }

  @Test("Examples run alike twice in a process", arguments: examplePaths, [Policy.fifo, .random, .pct(depth: 3)])
  func examples(path: String, policy: Policy) { #expect(hash(path, policy) == hash(path, policy)) }

  /// The second time as where Lua lays out its stack in another way than calls expect: by Lua's functions alone.
  @Test("Specs run alike twice in a process, however their arguments are read", arguments: specPaths)
  func specs(path: String) { #expect(hash(path, .fifo) == hash(path, .fifo, readsStack: false)) }

  @Test(
    "A task that yields until others have done something sees it done",
    arguments: [Policy.fifo, .random, .pct(depth: 1), .pct(depth: 2), .pct(depth: 10)])
  func yielding(policy: Policy) {
    let script = """
      local ks = require "kscript"
      local done
      for _ = 1, 3 do ks.must.fork(function() while not done do ks.must.sched_yield() end end) end
      ks.must.getpid()
      done = true
      while ks.sys.waitpid(-1) do end
      """
    for seed in 0..<10 as Range<UInt64> {
      var options = Machine.Options()
      (options.policy, options.seed, options.instructionLimit) = (policy, seed, 1_000_000)
      guard case .done(status: 0) = ScriptRun.run(script, options: options).outcome else {
        Issue.record("seed \(seed)")
        continue
      }
    }
  }

  /// Scripts that lean on what stock Lua does differently in each process.
  static let scripts: [String: String] = [
    "keys of all kinds": """
    local ks = require "kscript"
    local t = {}
    for i = 1, 40 do t["key" .. i], t[i], t[i + 0.5], t[{}], t[function() end] = i, i, i, i, i end
    t[true], t[print], t[coroutine.create(print)], t[io.stdout], t[ks] = 1, 2, 3, 4, 5
    for k, v in pairs(t) do io.write(tostring(k), " ", v, " ") ks.must.getppid() end
    for k in next, _G do ks.sys.open("/" .. k) end
    """,
    "names of objects": """
    local ks = require "kscript"
    for _, value in ipairs { {}, print, function() end, coroutine.create(print), io.stdout } do
      ks.sys.open("/" .. tostring(value))
      ks.sys.open(("%s %p"):format(value, value))
    end
    """,
    "chance and time": """
    local ks = require "kscript"
    for _ = 1, 20 do ks.sys.open("/" .. math.random(1 << 30) .. math.random()) end
    math.randomseed()
    ks.sys.open("/" .. math.random(1 << 30) .. os.time() .. os.clock() .. os.date() .. os.tmpname())
    ks.must.getrandom(64)
    collectgarbage()
    ks.sys.open("/" .. tostring(collectgarbage("count")))
    """,
    "the collector": """
    local ks = require "kscript"
    local weak = setmetatable({}, {__mode = "k"})
    for i = 1, 2000 do
      weak[{}] = i
      setmetatable({}, {__gc = function() ks.sys.getppid() end})
    end
    collectgarbage()
    local n = 0
    for _ in pairs(weak) do n = n + 1 end
    ks.sys.open("/" .. n)
    """,
    "order of tasks": """
    local ks = require "kscript"
    local r, w = ks.must.pipe2()
    for i = 1, 8 do ks.must.fork(function() for _ = 1, 5 do ks.must.write(w, tostring(i)) end end) end
    while ks.sys.waitpid(-1) do end
    ks.must.read(r, 100)
    """,
  ]

  @Test("Twenty processes end with the same line", arguments: scripts.keys.sorted(), ["fifo", "random", "pct:3"])
  func processes(name: String, policy: String) {
    var lines: Set<String> = []
    var outputs: Set<String> = []
    for _ in 0..<(policy == "random" ? 20 : 4) {
      let result = Program.run(Self.scripts[name]!, ["--seed", "5", "--policy", policy])
      #expect(!result.hung && !result.hasTrace)
      lines.insert(result.lastLine)
      outputs.insert(result.output)
    }
    #expect(lines.count == 1, "\(lines.sorted())")
    #expect(lines.first?.hasPrefix("seed 5  policy \(policy)") == true)
    #expect(outputs.count == 1)
  }
}
