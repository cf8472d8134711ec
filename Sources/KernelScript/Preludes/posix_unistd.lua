-- luaposix's posix.unistd.
local base = require "posix._base"
local process = require "posix._process"
local sys, result, failure, C = base.sys, base.result, base.failure, base.constants

local no_terminal = "there are no terminals"
local module = base.module("unistd", "SEEK_CUR SEEK_END SEEK_SET", {
  crypt = "passwords are not encrypted here", ttyname = no_terminal, tcgetpgrp = no_terminal, tcsetpgrp = no_terminal,
})
module.STDIN_FILENO, module.STDOUT_FILENO, module.STDERR_FILENO = 0, 1, 2

local function define(name, signature, body) base.define(module, name, signature, body) end

-- ---- processes ------------------------------------------------------------------------------------------------------

define("_exit", "integer", function(status) sys.exit_group(status) end)

-- With a function, which luaposix does not take, the child runs that, and shares the script's variables.
define("fork", "any", function(body)
  if body == nil then
    local pid, problem, errno = process.fork()
    if not errno and not pid then base.raise("posix.unistd.fork: " .. problem) end
    return result(nil, pid, problem, errno)
  elseif type(body) ~= "function" then
    base.argument_error("fork", 1, ("no more than 0 arguments expected, got %s"):format(type(body)))
  end
  process.share "this script has started a task that shares its variables"
  return result(nil, sys.fork(body))
end)

for _, name in ipairs { "getegid", "geteuid", "getgid", "getpgrp", "getpid", "getppid", "getuid" } do
  define(name, "", function() return sys[name]() end)
end
define("getgroups", "", function()
  local list, _, errno = sys.getgroups()
  if list == nil then return failure(nil, errno) end
  return { table.unpack(list) }
end)
define("getlogin", "", function() return nil end) -- nobody has logged in
define("gethostid", "", function() return nil, "unsupported by this host" end)

define("alarm", "integer", function(seconds) return (sys.alarm(seconds)) end)
define("nice", "integer", function(increment) return result("nice", sys.nice(increment)) end)

-- Returns the seconds that are left when a signal comes first.
define("sleep", "integer", function(seconds)
  local slept, _, _, left = sys.nanosleep { tv_sec = seconds, tv_nsec = 0 }
  return slept or left.tv_sec
end)

local function execute(path, arguments, finds)
  local argv = { arguments[0] or path, table.unpack(arguments) }
  local candidates = { path }
  if finds and not path:find "/" then
    candidates = {}
    for folder in (require "kscript".environment.PATH or "/bin:/usr/bin"):gmatch "[^:]+" do
      candidates[#candidates + 1] = folder .. "/" .. path
    end
  end
  local errno = C.ENOENT
  local variables = require "posix.stdlib".getenv()
  for _, candidate in ipairs(candidates) do errno = select(3, sys.execve(candidate, argv, variables)) or errno end
  return failure(path, errno)
end

define("exec", "string table", function(path, arguments) return execute(path, arguments, false) end)
define("execp", "string table", function(path, arguments) return execute(path, arguments, true) end)

-- The number of a user or group: -1 leaves what is there, and a name is looked up as getpwnam(3) does.
local function identity(value, position, name, file)
  if value == nil then return -1 end
  if math.tointeger(value) then return math.tointeger(value) end
  if type(value) ~= "string" then
    base.argument_error(name, position, ("integer, nil or string expected, got %s"):format(type(value)))
  end
  local descriptor = sys.open(file, "O_RDONLY")
  local text = descriptor and sys.read(descriptor, 65536) or ""
  if descriptor then sys.close(descriptor) end
  for line in text:gmatch "[^\n]+" do
    local entry, number = line:match "^([^:]*):[^:]*:(%d+)"
    if entry == value then return math.tointeger(number) end
  end
  return -1
end

local setters = {
  u = function(id) return sys.setuid(id) end,
  U = function(id) return sys.setreuid(-1, id) end,
  g = function(id) return sys.setgid(id) end,
  G = function(id) return sys.setregid(-1, id) end,
}

define("setpid", "string any integer?", function(what, id, group)
  local letter = what:sub(1, 1)
  if letter == "s" then
    local session, _, errno = sys.setsid()
    return result(nil, session, nil, errno)
  elseif letter == "p" then
    return result(nil, sys.setpgid(math.tointeger(id), group))
  elseif not setters[letter] then
    base.argument_error("setpid", 1, ("invalid id option '%s'"):format(letter))
  end
  local file = letter:lower() == "u" and "/etc/passwd" or "/etc/group"
  return result(nil, setters[letter](identity(id, 2, "setpid", file)))
end)

-- ---- descriptors ----------------------------------------------------------------------------------------------------

-- A script that closes or replaces its standard output means print and io.write too, which else go to the console.
local function redirect(descriptor)
  if descriptor == 1 or descriptor == 2 then process.redirect(descriptor) end
end

define("close", "integer", function(descriptor)
  redirect(descriptor)
  return result(nil, sys.close(descriptor))
end)
define("dup", "integer", function(descriptor) return result(nil, sys.dup(descriptor)) end)
define("dup2", "integer integer", function(descriptor, new)
  if descriptor ~= new then redirect(new) end
  return result(nil, sys.dup2(descriptor, new))
end)
define("fdatasync", "integer", function(descriptor) return result(nil, sys.fdatasync(descriptor)) end)
define("fsync", "integer", function(descriptor) return result(nil, sys.fsync(descriptor)) end)
define("sync", "", function() sys.sync() end)
define("ftruncate", "integer integer", function(descriptor, length)
  return result(nil, sys.ftruncate(descriptor, length))
end)
define("lseek", "integer integer integer", function(descriptor, offset, whence)
  return result(nil, sys.lseek(descriptor, offset, whence))
end)

define("pipe", "", function()
  local reader, writer, errno = sys.pipe()
  if reader == nil then return failure("pipe", errno) end
  return reader, writer
end)

define("read", "integer integer", function(descriptor, count) return result(nil, sys.read(descriptor, count)) end)

-- Part of the text, if asked for; parts that are not there are refused before anything is written.
define("write", "integer string integer? integer?", function(descriptor, text, count, offset)
  offset = offset or 0
  count = count or #text - offset
  if count == 0 then return 0 end
  if offset >= 0 and count > 0 and offset + count <= #text then
    return result(nil, sys.write(descriptor, text:sub(offset + 1, offset + count)))
  end
  if offset + count < 0 or offset + count > #text then offset = offset + count end
  base.errno = C.EINVAL
  return nil, ("write: invalid attempt to access offset %d in a buffer of length %d"):format(offset, #text), C.EINVAL
end)

local TCGETS = 0x5401 -- asm-generic/ioctls.h; a terminal finds fault with the address, and others with the request
define("isatty", "integer", function(descriptor)
  local _, _, errno = sys.ioctl(descriptor, TCGETS, 0)
  if errno == nil or errno == C.EFAULT then return 1 end
  return failure("isatty", errno)
end)

-- ---- files ----------------------------------------------------------------------------------------------------------

define("access", "string string?", function(path, letters)
  local mode, bits = C.F_OK, { r = C.R_OK, w = C.W_OK, x = C.X_OK, f = C.F_OK, [" "] = 0 }
  for letter in (letters or "f"):gmatch "." do
    if not bits[letter] then base.argument_error("access", 2, ("invalid mode option '%s'"):format(letter)) end
    mode = mode | bits[letter]
  end
  return result(path, sys.access(path, mode))
end)

define("chdir", "string", function(path) return result(path, sys.chdir(path)) end)
define("getcwd", "", function() return result(".", sys.getcwd()) end)
define("rmdir", "string", function(path) return result(path, sys.rmdir(path)) end)
define("unlink", "string", function(path) return result(path, sys.unlink(path)) end)
define("truncate", "string integer", function(path, length) return result(path, sys.truncate(path, length)) end)

for _, name in ipairs { "chown", "lchown" } do
  define(name, "string any any", function(path, user, group)
    user, group = identity(user, 2, name, "/etc/passwd"), identity(group, 3, name, "/etc/group")
    return result(path, sys[name](path, user, group))
  end)
end

define("link", "string string boolean", function(path, name, is_symbolic)
  if is_symbolic then return result(nil, sys.symlink(path, name)) end
  return result(nil, sys.link(path, name))
end)
define("linkat", "integer string integer string integer", function(from, path, to, name, flags)
  return result(nil, sys.linkat(from, path, to, name, flags))
end)

define("readlink", "string", function(path)
  local status, _, errno = sys.lstat(path)
  if status == nil then return failure(path, errno) end
  if status.st_mode & C.S_IFMT ~= C.S_IFLNK then return nil, path .. ": not a symbolic link", C.EINVAL end
  return result("readlink", sys.readlink(path))
end)

-- ---- what the system allows -----------------------------------------------------------------------------------------

-- bits/confname.h, and what glibc answers on this kernel. -1 is no limit.
local settings = {
  _PC_LINK_MAX = { 0, 127 }, _PC_MAX_CANON = { 1, 255 }, _PC_MAX_INPUT = { 2, 255 }, _PC_NAME_MAX = { 3, 255 },
  _PC_PATH_MAX = { 4, 4096 }, _PC_PIPE_BUF = { 5, 4096 }, _PC_CHOWN_RESTRICTED = { 6, 1 }, _PC_NO_TRUNC = { 7, 1 },
  _PC_VDISABLE = { 8, 0 },
  _SC_ARG_MAX = { 0, 2097152 }, _SC_CHILD_MAX = { 1, "RLIMIT_NPROC" }, _SC_CLK_TCK = { 2, 100 },
  _SC_NGROUPS_MAX = { 3, 65536 }, _SC_OPEN_MAX = { 4, "RLIMIT_NOFILE" }, _SC_STREAM_MAX = { 5, 16 },
  _SC_TZNAME_MAX = { 6, -1 }, _SC_JOB_CONTROL = { 7, 1 }, _SC_SAVED_IDS = { 8, 1 }, _SC_VERSION = { 29, 200809 },
  _SC_PAGESIZE = { 30, 4096 },
}
local answers = { _PC = {}, _SC = {} }
for name, setting in pairs(settings) do
  module[name], answers[name:sub(1, 3)][setting[1]] = setting[1], setting[2]
end

define("pathconf", "string integer", function(path, key)
  local status, _, errno = sys.stat(path)
  if status == nil or not answers._PC[key] then
    base.errno = errno or C.EINVAL
    return -1
  end
  return answers._PC[key]
end)

define("sysconf", "integer", function(key)
  local answer = answers._SC[key]
  if type(answer) == "string" then return sys.getrlimit(answer).rlim_cur end
  if not answer then base.errno = C.EINVAL end
  return answer or -1
end)

module.getopt = require "posix._getopt"

return module
