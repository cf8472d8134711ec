-- luaposix's posix.sys.utsname.
local base = require "posix._base"
local module = base.module("sys.utsname", "")

base.define(module, "uname", "", function()
  local name, told = base.sys.uname(), {}
  for _, key in ipairs { "machine", "nodename", "release", "sysname", "version" } do told[key] = name[key] end
  return told
end)

return module
