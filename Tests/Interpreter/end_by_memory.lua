-- Run with a limit of 16 MiB: garbage alone never ends a script, holding too much does, and no pcall catches it.
for i = 1, 200 do local s = ("x"):rep(3000000 + i) end
for i = 1, 200 do local t = {} for j = 1, 20000 do t[j] = { j } end end
local kept = {}
local function fill() while true do kept[#kept + 1] = { #kept } end end
local ways = {
  function() pcall(fill) end,
  function() xpcall(fill, function() print "asked" end) end,
  function() coroutine.resume(coroutine.create(fill)) end,
  function() coroutine.wrap(fill)() end,
  function() pcall(string.rep, "x", 1 << 30) end,
  function() load(function() fill() end) end,
  function() local s = "x" pcall(function() while true do s = s .. s end end) end,
  function() pcall(string.rep, "x", math.maxinteger // 2) end, -- too large for any string: an error like others
}
local ok = pcall(ways[WAY or 1])
kept = nil
print("survived", ok)
