-- What the libraries refuse, and what they do in every run alike (Sources/CShim/sandbox.c and modules.c).

local function refuses(call, ...)
  local ok, message = pcall(call, ...)
  assert(not ok, "was allowed")
  assert(type(message) == "string" and message:find("is not part of a script's world: ", 1, true), message)
end

refuses(string.dump, print)
refuses(package.loadlib, "x", "*")
refuses(debug.sethook)
refuses(debug.setmetatable, 1, {})
refuses(debug.getregistry)
refuses(debug.getupvalue, print, 1)
refuses(io.popen, "true")
refuses(os.execute, "true")
assert(select(2, pcall(function() os.execute() end)):find("^.-sandbox.lua:%d+: os.execute is not"))
assert(package.cpath == nil and package.searchers[3] == nil and #package.searchers == 2)
assert(debug.getinfo(1, "l").currentline > 0 and debug.getinfo(print).what == "C" and debug.getinfo(1, "f").func)
assert(debug.traceback("m", 1):find("^m\nstack traceback:\n"))

-- load: text only.
assert(load("return 1")() == 1)
assert(load("return x", "c", "t", { x = 2 })() == 2 and load("return x", "c", nil, { x = 3 })() == 3)
assert(load("return 1", "c", "bt")() == 1)
local f, message = load("return 1", "c", "b")
assert(f == nil and message:find("precompiled"))
f, message = load("\27Lua")
assert(f == nil and message:find("binary chunk"))
f, message = load(function() error("reader", 0) end)
assert(f == nil and message == "reader")
local parts = { "return ", "4" }
assert(load(function() return table.remove(parts, 1) end)() == 4)
f, message = load("x = = 1", "=name")
assert(f == nil and message:find("^name:1: "))
assert(not pcall(load) and load("return ...")(9) == 9)
assert(load("y = 1", "c", "t", nil) and not pcall(load("y = 1", "c", "t", nil)))

-- Collections tell nothing.
assert(collectgarbage("count") == 0 and collectgarbage() == 0 and collectgarbage("step") == true)
assert(collectgarbage("generational") == "incremental" and collectgarbage("incremental", 100, 200) == "incremental")
assert(collectgarbage("isrunning") == true and collectgarbage("stop") == 0 and collectgarbage("restart") == 0)
assert(collectgarbage("setpause", 200) == 200 and collectgarbage("setstepmul", 100) == 100)
assert(not pcall(collectgarbage, "nonsense"))

for _, field in ipairs { "__gc", "__mode" } do
  local ok, message = pcall(setmetatable, {}, { [field] = "k" })
  assert(not ok and message:find(field == "__gc" and "<close>" or "remove them yourself"), message)
end
local t = setmetatable({}, { __index = { x = 1 }, __metatable = "locked" })
assert(t.x == 1 and getmetatable(t) == "locked" and not pcall(setmetatable, t, {}))
assert(setmetatable({}, nil) and not pcall(setmetatable, {}))
assert(not pcall(setmetatable, {}, 1) and not pcall(setmetatable, 1, {}))

-- Chance comes from the seed alone.
math.randomseed(42)
local a = { math.random(1000), math.random(1000), math.random() }
math.randomseed(42)
for i = 1, 2 do assert(math.random(1000) == a[i]) end
assert(math.random() == a[3])
math.randomseed(42, 1)
assert(math.random(1 << 40) ~= (math.randomseed(42) and 0 or math.random(1 << 40)))
math.randomseed()
local b = math.random(0)
math.randomseed()
assert(math.random(0) ~= b and not pcall(math.randomseed, "x"))

-- require.
package.preload["a.b"] = function(name, data) assert(name == "a.b" and data == ":preload:") return { loaded = true } end
local module, data = require "a.b"
assert(module.loaded and data == ":preload:" and require "a.b" == module and package.loaded["a.b"] == module)
package.preload.nothing = function() end
assert(require "nothing" == true)
package.preload.itself = function(name) package.loaded[name] = "set" end
assert(require "itself" == "set")
package.preload.wrong = function() error("wrong", 0) end
assert(not pcall(require, "wrong") and package.loaded.wrong == nil)
package.searchers[3] = function(name) return name == "mine" and function(n, d) return n .. d end or "no mine", "+" end
assert(require "mine" == "mine+")
local ok, message = pcall(require, "absent")
local expected = "module 'absent' not found:\n\tno field package.preload['absent']\n\tno mine"
assert(not ok and message:find(expected, 1, true), message)
assert(require "string" == string and require "_G" == _G and not pcall(require))
