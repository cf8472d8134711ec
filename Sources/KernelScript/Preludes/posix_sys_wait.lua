-- luaposix's posix.sys.wait.
local base = require "posix._base"
local sys = base.sys

local module = base.module("sys.wait", "WNOHANG WUNTRACED")

-- With WNOHANG and nothing to tell, 0 and "running". Of a child that was continued luaposix tells its pid alone.
base.define(module, "wait", "integer? integer?", function(pid, options)
  local child, how, code = sys.waitpid(pid or -1, options or 0)
  if child == nil then return base.failure(nil, code) end
  if child == 0 then return 0, "running" end
  if how == "continued" then return child end
  return child, how, code
end)

return module
