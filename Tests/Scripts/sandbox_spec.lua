-- What Lua itself is inside the emulated world.
local ks = require "kscript"
local must = ks.must

describe("pairs", function()
  it("goes through keys in an order that depends on the script alone", function()
    local t, keys = {}, {}
    for _, key in ipairs { "one", "two", "three", 3, 1, 2.5, true } do t[key] = key end
    for key in pairs(t) do keys[#keys + 1] = key end
    local again = {}
    for key in next, t do again[#again + 1] = key end
    assert.same(keys, again)
    assert.equal(7, #keys)
  end)

  it("allows fields to be changed and removed on the way", function()
    local t, seen = { a = 1, b = 2, c = 3, d = 4 }, 0
    for key, value in pairs(t) do
      seen = seen + value
      t[key] = nil
    end
    assert.equal(10, seen)
    assert.is_nil(next(t))
  end)

  it("heeds __pairs", function()
    local t = setmetatable({}, { __pairs = function() return function(_, at) if not at then return 1, "x" end end end })
    for key, value in pairs(t) do assert.same({ 1, "x" }, { key, value }) end
  end)
end)

describe("tostring", function()
  it("shows serials in the order of creation, not addresses", function()
    local function number(value) return tonumber(tostring(value):match "0x(%x+)$", 16) end
    local a, b = {}, {}
    assert.is_true(number(a) < number(b))
    assert.equal(tostring(a), ("%s"):format(a))
    assert.is_true(number(function() end) < 1 << 24)
  end)
end)

describe("the sandbox", function()
  it("refuses what reaches the host, and names the cure", function()
    for name, call in pairs {
      ["os.execute"] = function() os.execute "true" end,
      ["io.popen"] = function() io.popen "true" end,
      ["package.loadlib"] = function() package.loadlib("x", "*") end,
      ["debug.sethook"] = function() debug.sethook() end,
      ["debug.getlocal"] = function() debug.getlocal(1, 1) end,
      ["debug.getregistry"] = function() debug.getregistry() end,
      ["string.dump"] = function() string.dump(function() end) end,
      ["dofile"] = function() dofile "x" end,
      ["loadfile"] = function() loadfile "x" end,
    } do
      local ok, message = pcall(call)
      assert.is_false(ok, name)
      assert.is_truthy(message:find(name, 1, true), message)
    end
    assert.is_nil(package.cpath)
  end)

  it("loads no precompiled chunk", function()
    local chunk, message = load("\27Lua", "x", "b")
    assert.is_nil(chunk)
    assert.is_truthy(message:find "not text")
    assert.is_nil((load "\27Lua"))
  end)

  it("refuses what would run when memory happens to be collected", function()
    assert.has_error(function() setmetatable({}, { __gc = function() end }) end)
    assert.has_error(function() setmetatable({}, { __mode = "k" }) end)
    assert.equal(0, collectgarbage "count")
  end)

  it("finds modules beside the script, and no others", function()
    local ok, message = pcall(require, "no.such.module")
    assert.is_false(ok)
    assert.is_truthy(message:find("module 'no.such.module' not found", 1, true))
    assert.is_truthy(message:find("beside the script", 1, true))
    local module = require "modules.answer"
    assert.same({ 42, "modules.answer" }, { module.answer, module.name })
    assert.is_true(module == require "modules.answer")
  end)

  it("draws random numbers from the seed", function()
    math.randomseed(7)
    local first = { math.random(), math.random(100) }
    math.randomseed(7)
    assert.same(first, { math.random(), math.random(100) })
  end)
end)

describe("io and os", function()
  it("stand on the emulated tree", function()
    local f = assert(io.open("/tmp/f", "w"))
    f:write("one\n", 2, "\n3.5 rest")
    f:close()
    assert.equal("one\n2\n3.5 rest", ks.get "/tmp/f")
    local lines = {}
    for line in io.lines "/tmp/f" do lines[#lines + 1] = line end
    assert.same({ "one", "2", "3.5 rest" }, lines)
    local g <close> = io.open "/tmp/f"
    assert.same({ "one", 2, 3.5, " rest" }, { g:read("l", "n", "n", "a") })
    assert.is_true(os.rename("/tmp/f", "/tmp/g"))
    assert.is_true(os.remove "/tmp/g")
    assert.same({ nil, "/tmp/g: No such file or directory", 2 }, { os.remove "/tmp/g" })
    assert.same({ nil, "/etc/passwd: No such file or directory", 2 }, { io.open "/etc/passwd" })
  end)

  it("tell virtual time #emulated", function()
    assert.equal(1767225600, os.time())
    assert.equal("2026-01-01 00:00:00", os.date "!%Y-%m-%d %H:%M:%S")
    must.nanosleep(90)
    assert.equal("00:01:30", os.date "%H:%M:%S")
    assert.equal(90, os.difftime(os.time(), 1767225600))
  end)

  it("see no variable of the host", function()
    assert.is_nil(os.getenv "HOME")
    assert.is_nil(os.getenv "PATH")
  end)

  it("end the task at os.exit, with its status", function()
    for status, code in pairs { [0] = 0, [3] = 3, [true] = 0, [false] = 1 } do
      local pid = must.fork(function()
        os.exit(status)
        error "not reached"
      end)
      assert.equal(code, select(3, must.waitpid(pid)))
    end
  end)
end)
