-- Run with a limit of 100000 instructions: must end with KS_UNWIND_INSTRUCTIONS, whatever this script catches.
local function forever() while true do end end
local function insist(call, ...)
  pcall(call, ...)
  xpcall(call, function() survived = true end, ...)
  coroutine.resume(coroutine.create(call), ...)
  pcall(coroutine.wrap(call), ...)
  load(function() call() end)
  local co = coroutine.create(function(...)
    local x <close> = setmetatable({}, { __close = function() forever() end })
    call(...)
  end)
  coroutine.resume(co, ...)
  coroutine.close(co)
  survived = true
end
-- Each of these would be caught first by another way of catching.
local first = ...
local ways = {
  function() insist(forever) end,
  function() coroutine.wrap(function() insist(forever) end)() end,
  function() load(forever) survived = true end,
  function() xpcall(forever, function() survived = true end) survived = true end,
  function() coroutine.resume(coroutine.create(forever)) survived = true end,
  function()
    local co = coroutine.create(function()
      local x <close> = setmetatable({}, { __close = forever })
      coroutine.yield()
    end)
    coroutine.resume(co)
    coroutine.close(co)
    survived = true
  end,
  function() while true do coroutine.wrap(pcall)(coroutine.wrap(function() for i = 1, 100 do end end)) end end,
  function() require "unending" end,
}
package.preload.unending = function() pcall(forever) survived = true end
local way = ways[WAY or 1]
pcall(pcall, pcall, xpcall, way, function() survived = true end)
print "survived"
