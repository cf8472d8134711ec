-- lua5.4 Tests/Interpreter/prelude_specs.lua, from the repository's root.
local folder = (arg and arg[1] or "Sources/KernelScript/Preludes") .. "/"
local ks = {}
for _, name in ipairs { "inspect", "assertions", "spec" } do
  ks[name] = assert(loadfile(folder .. name .. ".lua"))(ks)
end

log = {}
local function collect(source)
  local environment = setmetatable({}, { __index = function(_, key) return ks.spec.environment[key] or _G[key] end })
  local chunk, message = load(source, "@x_spec.lua", "t", environment)
  return ks.spec.collect(chunk or message, "x_spec.lua", source)
end

local cases = collect [[
before_each(function() log[#log + 1] = "b0" end)
describe("queue #ipc", function()
  setup(function() log[#log + 1] = "s1" end)
  teardown(function() log[#log + 1] = "t1" end)
  before_each(function() log[#log + 1] = "b1" end)
  after_each(function() log[#log + 1] = "a1" error("late", 0) end)
  -- covers: above.one above.two
  it("works #slow-one", function()
    -- covers: inside
    finally(function() log[#log + 1] = "f" end)
    log[#log + 1] = "body"
    coroutine.yield()
    assert.equal(1, 2)
  end)
  pending("later", function() end)
  it("unwritten")
  context("inner", function()
    it("skips", function() pending("why not") end)
  end)
  it("raises", function() error({ code = 1 }) end)
end)
it("fails plainly", function()
  assert(false, "plain")
end)
it("fails with a position", function() local x = nil; x() end)
it("passes", function() assert.error_matches(function() spy.on() end, "^spy is not offered here; use a plain") end)
describe("broken", function()
  it("is kept", function() it("nested") end)
  error "in describe"
end)
it("is skipped", function() pending("why not") end)
]]

local same = ks.assertions.same
local names = {}
for index, case in ipairs(cases) do names[index] = ("%d %s"):format(case.line, case.name) end
same({ "8 queue #ipc works #slow-one", "15 queue #ipc later", "16 queue #ipc unwritten", "18 queue #ipc inner skips",
  "20 queue #ipc raises", "22 fails plainly", "25 fails with a position", "26 passes", "28 broken is kept",
  "29 x_spec.lua", "31 is skipped" }, names)
same({ "ipc", "slow-one" }, cases[1].tags)
same({ "above.one", "above.two", "inside" }, cases[1].covers)
same({}, cases[2].covers)
same({ false, true, true, false }, { cases[1].pending, cases[2].pending, cases[3].pending, cases[4].pending })

local function run(index)
  log = {}
  local thread, result = coroutine.create(ks.spec.run), nil
  repeat result = table.pack(coroutine.resume(thread, cases[index])) until coroutine.status(thread) == "dead"
  assert(result[1], result[2])
  return result[2]
end

local result = run(1)
same("b0", log[2])
same({ "s1", "b0", "b1", "body", "f", "a1", "t1" }, log)
same("failed", result.status)
same("x_spec.lua:13", result.where)
same("expected equal values\n  expected: 1\n  actual:   2\nthen after_each failed: late", result.message)
assert(result.traceback:find "^x_spec.lua:13: in" and not result.traceback:find "\n", result.traceback)
same({ status = "skipped", message = "", where = "x_spec.lua:15" }, run(2))
same({ "failed", "late" }, { run(4).status, run(4).message }) -- its after_each fails, skipped or not
same({ "{ code = 1 }\nthen after_each failed: late", "x_spec.lua:20" }, { run(5).message, run(5).where })
same({ "plain", "x_spec.lua:23" }, { run(6).message, run(6).where })
same({ "attempt to call a nil value (local 'x')", "x_spec.lua:25" }, { run(7).message, run(7).where })
same("passed", run(8).status)
same({ "it cannot be used inside a running test", "x_spec.lua:28" }, { run(9).message, run(9).where })
same({ "in describe", "x_spec.lua:29", "failed" }, { run(10).message, run(10).where, run(10).status })
same({ status = "skipped", message = "why not", where = "x_spec.lua:31" }, run(11))

cases = collect "x = = 1"
same({ "x_spec.lua", 1 }, { cases[1].name, cases[1].line })
same({ "failed", "unexpected symbol near '='", "x_spec.lua:1" }, { run(1).status, run(1).message, run(1).where })
print "ok"
