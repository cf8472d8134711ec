-- luaposix's posix.sys.time.
local base = require "posix._base"
local module = base.module("sys.time", "")

base.define(module, "gettimeofday", "", function()
  local now = base.sys.clock_gettime("CLOCK_REALTIME")
  return { tv_sec = now.tv_sec, tv_usec = now.tv_nsec // 1000 }
end)

return module
