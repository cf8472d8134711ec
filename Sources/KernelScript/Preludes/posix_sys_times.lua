-- luaposix's posix.sys.times: seconds, whole ones.
local base = require "posix._base"
local module = base.module("sys.times", "")
local TICKS = 100 -- a second's, as sysconf tells

base.define(module, "times", "", function()
  local elapsed, processor = base.sys.times()
  local told = { elapsed = elapsed // TICKS }
  for _, key in ipairs { "tms_utime", "tms_stime", "tms_cutime", "tms_cstime" } do
    told[key] = processor[key] // TICKS
  end
  return told
end)

return module
