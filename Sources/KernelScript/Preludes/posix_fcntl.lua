-- luaposix's posix.fcntl.
local base = require "posix._base"
local sys, result = base.sys, base.result

local module = base.module("fcntl", [[
  AT_EACCESS AT_FDCWD AT_REMOVEDIR AT_SYMLINK_FOLLOW AT_SYMLINK_NOFOLLOW AT_EMPTY_PATH AT_NO_AUTOMOUNT
  FD_CLOEXEC F_DUPFD F_GETFD F_SETFD F_GETFL F_SETFL F_GETLK F_SETLK F_SETLKW F_GETOWN F_SETOWN F_RDLCK F_WRLCK F_UNLCK
  O_RDONLY O_WRONLY O_RDWR O_APPEND O_CREAT O_DSYNC O_EXCL O_NOCTTY O_NONBLOCK O_SYNC O_TRUNC O_CLOEXEC O_TMPFILE]],
  { posix_fadvise = "there is no page cache to advise" })
module.O_RSYNC = module.O_SYNC -- fcntl.h defines it so

base.define(module, "open", "string integer integer?", function(path, flags, mode)
  return result(path, sys.open(path, flags, mode or 511))
end)

local function lock(descriptor, command, fields)
  if type(fields) ~= "table" then
    base.argument_error("fcntl", 3, ("table expected, got %s"):format(fields == nil and "no value" or type(fields)))
  end
  local asked = {}
  for _, key in ipairs { "l_type", "l_whence", "l_start", "l_len" } do asked[key] = math.tointeger(fields[key]) or 0 end
  local answer, _, errno = sys.fcntl(descriptor, command, asked)
  -- The script's table tells what the kernel says of the lock.
  for key, value in pairs(type(answer) == "table" and answer or asked) do fields[key] = value end
  if answer == nil then return base.failure("fcntl", errno) end
  return 0
end

base.define(module, "fcntl", "integer integer any", function(descriptor, command, argument)
  if command == module.F_GETLK or command == module.F_SETLK or command == module.F_SETLKW then
    return lock(descriptor, command, argument)
  end
  local number = argument == nil and 0 or math.tointeger(argument)
  if not number then base.argument_error("fcntl", 3, ("integer or nil expected, got %s"):format(type(argument))) end
  return result("fcntl", sys.fcntl(descriptor, command, number))
end)

return module
