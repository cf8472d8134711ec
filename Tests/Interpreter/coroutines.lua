-- Coroutines, and protected calls across them (Sources/CShim/coroutines.c and limits.c). `block()`, where the runner
-- has it, is a system call that waits and then answers how many have waited so far.

local thread, is_main = coroutine.running()
assert(type(thread) == "thread" and is_main == true and not coroutine.isyieldable())
assert(coroutine.status(thread) == "running")
local ok, message = pcall(coroutine.yield)
assert(not ok and message:find("attempt to yield from outside a coroutine"), message)
assert(not pcall(coroutine.close, thread))
ok, message = coroutine.resume(thread)
assert(not ok and message == "cannot resume non-suspended coroutine")

local co = coroutine.create(function(a, b)
  assert(a == 1 and b == nil and coroutine.isyieldable() and select(2, coroutine.running()) == false)
  assert(coroutine.status(thread) == "normal" and not coroutine.resume(thread) and not pcall(coroutine.close, thread))
  local c, d = coroutine.yield("x", nil)
  assert(c == 2 and d == 3)
  return "end", nil
end)
assert(coroutine.status(co) == "suspended" and coroutine.isyieldable(co))
local result = table.pack(coroutine.resume(co, 1))
assert(result.n == 3 and result[1] == true and result[2] == "x")
result = table.pack(coroutine.resume(co, 2, 3))
assert(result.n == 3 and result[2] == "end" and coroutine.status(co) == "dead")
ok, message = coroutine.resume(co)
assert(not ok and message == "cannot resume dead coroutine")

local step = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end)
assert(step() == 1 and step() == 2 and step() == 3 and select("#", step()) == 0)
ok, message = pcall(step)
assert(
  not ok and message:find("^.-coroutines.lua:%d+: cannot resume dead coroutine$")
    or message == "cannot resume dead coroutine", message)
local function failing() coroutine.wrap(function() error("inner", 0) end)() end
ok, message = pcall(failing)
assert(not ok and message:find("coroutines.lua:%d+: inner$"), message)
ok, message = pcall(coroutine.wrap(function() error(failing) end))
assert(not ok and message == failing)
assert(not pcall(coroutine.resume, 1) and not pcall(coroutine.create) and not pcall(coroutine.wrap, 1))

-- An error closes what wrap ran; coroutine.close closes what was suspended.
local closed = {}
local function closing(name)
  return setmetatable({}, { __close = function(_, why) closed[#closed + 1] = name .. ":" .. tostring(why) end })
end
pcall(coroutine.wrap(function() local x <close> = closing "w" error("oops", 0) end))
co = coroutine.create(function() local x <close> = closing "c" coroutine.yield() end)
coroutine.resume(co)
assert(coroutine.close(co) == true and coroutine.status(co) == "dead")
assert(table.concat(closed, " ") == "w:oops c:nil", table.concat(closed, " "))
co = coroutine.create(function()
  local x <close> = setmetatable({}, { __close = function() error("bad", 0) end })
  coroutine.yield()
end)
coroutine.resume(co)
ok, message = coroutine.close(co)
assert(ok == false and message == "bad" and coroutine.close(co) == true)
co = coroutine.create(function() error("first", 0) end)
coroutine.resume(co)
ok, message = coroutine.close(co)
assert(ok == false and message == "first")

-- Yielding while being closed goes nowhere, and closing within closing has an end.
co = coroutine.create(function()
  local x <close> = setmetatable({}, { __close = function() coroutine.yield() end })
  coroutine.yield()
end)
coroutine.resume(co)
ok, message = coroutine.close(co)
assert(not ok and message:find("across a C%-call boundary"), message)
local chain
for _ = 1, 2000 do
  local inner = chain
  chain = coroutine.create(function()
    local x <close> = setmetatable({}, { __close = function() if inner then coroutine.close(inner) end end })
    coroutine.yield()
  end)
  coroutine.resume(chain)
end
coroutine.close(chain)

-- Recursion of every kind ends in an error.
local function deep() return 1 + deep() end
assert(not pcall(deep))
local function nested() return coroutine.wrap(nested)() end
assert(not pcall(nested))
local function guarded() return pcall(guarded) end
guarded()
local function handled() return xpcall(handled, handled) end
handled()
local looped = setmetatable({}, {})
getmetatable(looped).__index = function(t, k) return t[k] end
assert(not pcall(function() return looped.x end))
assert(not load(("("):rep(1000) .. "1" .. (")"):rep(1000)))

-- pcall and xpcall.
assert(select("#", pcall(function() end)) == 1 and select(2, pcall(function(...) return ... end, 7)) == 7)
result = table.pack(xpcall(function(...) return ... end, print, 1, nil, 3))
assert(result.n == 4 and result[1] == true and result[4] == 3)
result = table.pack(xpcall(error, function(m) return m .. "!", "dropped" end, "m", 0))
assert(result.n == 2 and result[1] == false and result[2] == "m!")
assert(select(2, pcall(error)) == nil)
assert(not pcall(pcall) and not pcall(xpcall, print) and not pcall(xpcall, print, 1))
local yielding = coroutine.wrap(function()
  local _, a = pcall(function() local a = coroutine.yield(1) error(a, 0) end)
  local _, b = xpcall(function() local b = coroutine.yield(2) error(b, 0) end, function(m) return m .. m end)
  return a, b
end)
assert(yielding() == 1 and yielding("a") == 2)
local a, b = yielding("b")
assert(a == "a" and b == "bb")
assert(select(2, pcall(error, "not enough memory", 0)) == "not enough memory", "a script's own message ends nothing")
assert(select(2, pcall(error, "not enough memory", 0)) == "not enough memory")

if block then
  assert(block() == 1)
  -- From generators in generators, in protected calls, iterators and metamethods.
  local function numbers(n) return coroutine.wrap(function() for _ = 1, n do coroutine.yield(block()) end end) end
  local sum = 0
  for n in numbers(3) do
    for m in numbers(2) do sum = sum + n * m end
  end
  assert(sum == 2 * (3 + 4) + 5 * (6 + 7) + 8 * (9 + 10))
  local outer = coroutine.create(function(x)
    local inner = coroutine.create(function(y)
      local ok, n = pcall(function() return block() end)
      assert(ok and y == "y")
      local z = coroutine.yield(n)
      return z, (setmetatable({}, { __index = function() return block() end })).field
    end)
    local _, n = coroutine.resume(inner, "y")
    assert(coroutine.status(inner) == "suspended")
    local back = coroutine.yield(n)
    local ok, z, m = coroutine.resume(inner, back)
    assert(ok and coroutine.status(inner) == "dead")
    return z, m
  end)
  local _, n = coroutine.resume(outer, "x")
  assert(n == 11)
  local _, z, m = coroutine.resume(outer, "z")
  assert(z == "z" and m == 12)
  local deep = function(self, n) if n == 0 then return block() end return (coroutine.wrap(self)(self, n - 1)) end
  assert(deep(deep, 100) == 13)
  ok, message = pcall(coroutine.wrap(function() block() error("after", 0) end))
  assert(not ok and message:find("after$"))

  -- Where it cannot wait it says so, and nothing is left behind.
  for _, call in ipairs {
    function() table.sort({ 2, 1 }, function() block() end) end,
    function() table.sort({ 2, 1 }, function() coroutine.wrap(function() block() end)() end) end,
    function() table.sort({ 2, 1 }, function() coroutine.wrap(function() coroutine.wrap(block)() end)() end) end,
    function() ("x"):gsub("x", function() block() end) end,
    function()
      local co = coroutine.create(function()
        local x <close> = setmetatable({}, { __close = function() block() end })
        coroutine.yield()
      end)
      coroutine.resume(co)
      assert(coroutine.close(co))
    end,
  } do
    ok, message = pcall(call)
    assert(not ok and message:find("would wait here"), message)
  end
  assert(block() == 15)
  package.preload.waits = function() return { n = block() } end
  assert(require "waits".n == 16)
end
