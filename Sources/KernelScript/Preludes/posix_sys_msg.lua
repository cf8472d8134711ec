-- luaposix's posix.sys.msg. The texts are those that msgsnd(2) is given, where luaposix sends eight stray bytes more.
local base = require "posix._base"
local sys, result = base.sys, base.result

local module = base.module("sys.msg",
  "IPC_CREAT IPC_EXCL IPC_NOWAIT IPC_PRIVATE IPC_RMID IPC_SET IPC_STAT MSG_EXCEPT MSG_NOERROR")

base.define(module, "msgget", "integer integer?", function(key, flags)
  return result("msgget", sys.msgget(key, flags or 0))
end)

base.define(module, "msgsnd", "integer integer string integer?", function(id, kind, text, flags)
  return result(nil, sys.msgsnd(id, kind, text, flags or 0))
end)

base.define(module, "msgrcv", "integer integer integer? integer?", function(id, size, kind, flags)
  local found, text, errno = sys.msgrcv(id, size, kind or 0, flags or 0)
  if found == nil then return base.failure(nil, errno) end
  return found, text
end)

local function new_limits(status)
  if type(status) ~= "table" then
    base.argument_error("msgctl", 3, ("table expected, got %s"):format(status == nil and "no value" or type(status)))
  end
  local size, permissions = base.field("msgctl", 3, status, "msg_qbytes"), status.msg_perm
  if type(permissions) ~= "table" then
    base.argument_error("msgctl", 3, ("table expected for field 'msg_perm', got %s"):format(
      permissions == nil and "no value" or type(permissions)))
  end
  local perm = {}
  for _, key in ipairs { "uid", "gid", "mode" } do perm[key] = base.field("msgctl", 3, permissions, key) end
  base.only_fields("msgctl", 3, status, { "msg_qbytes", "msg_perm" })
  base.only_fields("msgctl", 3, permissions, { "uid", "gid", "mode" })
  return { msg_qbytes = size, msg_perm = perm }
end

base.define(module, "msgctl", "integer integer any", function(id, command, status)
  if command == module.IPC_SET then return result("msgctl", sys.msgctl(id, command, new_limits(status))) end
  if command == module.IPC_RMID then return result("msgctl", sys.msgctl(id, command)) end
  if command ~= module.IPC_STAT then return base.failure("unsupported cmd value", base.errno) end
  local found, _, errno = sys.msgctl(id, command)
  if found == nil then return base.failure("msgctl", errno) end
  local told = { msg_perm = {} }
  for _, key in ipairs { "msg_qnum", "msg_qbytes", "msg_lspid", "msg_lrpid", "msg_stime", "msg_rtime", "msg_ctime" } do
    told[key] = found[key]
  end
  for _, key in ipairs { "uid", "gid", "cuid", "cgid", "mode" } do told.msg_perm[key] = found.msg_perm[key] end
  return told
end)

return module
