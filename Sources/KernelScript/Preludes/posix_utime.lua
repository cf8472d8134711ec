-- luaposix's posix.utime.
local base = require "posix._base"
local sys, C = base.sys, base.constants
local module = base.module("utime", "")

-- The times of last change and of last access, in that order; now, where one is left out.
base.define(module, "utime", "string integer? integer?", function(path, modified, accessed)
  local now = sys.clock_gettime("CLOCK_REALTIME").tv_sec
  local times = { { tv_sec = accessed or now, tv_nsec = 0 }, { tv_sec = modified or now, tv_nsec = 0 } }
  return base.result(path, sys.utimensat(C.AT_FDCWD, path, times, 0))
end)

return module
