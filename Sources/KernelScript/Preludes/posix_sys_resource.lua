-- luaposix's posix.sys.resource.
local base = require "posix._base"
local sys = base.sys
local module = base.module("sys.resource", [[
  RLIM_INFINITY RLIMIT_CORE RLIMIT_CPU RLIMIT_DATA RLIMIT_FSIZE RLIMIT_NOFILE RLIMIT_STACK RLIMIT_AS]])
module.RLIM_SAVED_CUR, module.RLIM_SAVED_MAX = module.RLIM_INFINITY, module.RLIM_INFINITY -- sys/resource.h has it so

base.define(module, "getrlimit", "integer", function(resource)
  local limit, _, errno = sys.getrlimit(resource)
  if limit == nil then return base.failure("getrlimit", errno) end
  return { rlim_cur = limit.rlim_cur, rlim_max = limit.rlim_max }
end)

base.define(module, "setrlimit", "integer table", function(resource, limit)
  local soft = base.field("setrlimit", 2, limit, "rlim_cur")
  local hard = base.field("setrlimit", 2, limit, "rlim_max")
  base.only_fields("setrlimit", 2, limit, { "rlim_cur", "rlim_max" })
  return base.result("setrlimit", sys.setrlimit(resource, { rlim_cur = soft, rlim_max = hard }))
end)

return module
