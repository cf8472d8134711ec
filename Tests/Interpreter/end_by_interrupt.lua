-- Run with `interrupt`, which calls ks_interrupt as a signal handler would: must end with KS_UNWIND_INTERRUPTED.
local ways = {
  function() interrupt() end,
  function() coroutine.wrap(function() interrupt() local x = 1 end)() end,
  function() coroutine.wrap(interrupt)() end,
  function() pcall(coroutine.wrap(interrupt)) end,
  function() coroutine.resume(coroutine.create(interrupt)) end,
  function() xpcall(interrupt, print) while true do end end,
  function() while true do pcall(function() while true do INTERRUPT() end end) end end,
}
INTERRUPT = interrupt
pcall(ways[WAY or 1])
print "survived"
