-- luaposix's posix.dirent. A folder that cannot be read is an error, as for io.lines.
local base = require "posix._base"
local sys = base.sys
local module = base.module("dirent", "")

local function names(who, path)
  path = path or "."
  local descriptor, _, errno = sys.open(path, "O_RDONLY|O_DIRECTORY|O_CLOEXEC")
  if not descriptor then base.argument_error(who, 1, select(2, base.failure(path, errno))) end
  local list = {}
  repeat
    local entries = sys.getdents64(descriptor)
    for _, entry in ipairs(entries or {}) do list[#list + 1] = entry.d_name end
  until not entries or #entries == 0
  sys.close(descriptor)
  return list
end

base.define(module, "dir", "string?", function(path) return names("dir", path) end)
base.define(module, "files", "string?", function(path)
  local list, position = names("files", path), 0
  return function()
    position = position + 1
    return list[position]
  end
end)

return module
