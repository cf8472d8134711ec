-- luaposix's posix: what its modules have under one roof, some of it in an older form, and functions of its own.
local base = require "posix._base"
local unistd, wait = require "posix.unistd", require "posix.sys.wait"

local names = {
  "dirent", "errno", "fcntl", "libgen", "poll", "signal", "stdio", "stdlib", "sys.msg", "sys.resource", "sys.stat",
  "sys.time", "sys.times", "sys.utsname", "sys.wait", "time", "unistd", "utime",
}
local missing = {
  "bind", "connect", "ctype", "fnmatch", "glob", "grp", "openpty", "pwd", "sched", "socket", "statvfs", "syslog",
  "termio",
}

local module = { version = ("posix for %s / kscript"):format(_VERSION), sys = {} }
for _, name in ipairs(names) do
  for key, value in next, require("posix." .. name) do
    if key ~= "version" then module[key] = value end
  end
end
for key, value in next, require "posix._older" do module[key] = value end

-- A module of a function's name is called as the function.
for _, name in ipairs(names) do
  local part = require("posix." .. name)
  local inner = name:match "^sys%.(.*)$"
  local f = not inner and rawget(part, name) and module[name]
  if f then getmetatable(part).__call = function(_, ...) return f(...) end end
  if inner then module.sys[inner] = part else module[name] = part end
end

-- ---- tasks ----------------------------------------------------------------------------------------------------------

-- A task is a list of a program and its arguments, or a function that reads 0, writes 1 and returns a status.

function module.execx(task, ...)
  if type(task) == "function" then os.exit(task(...) or 0) end
  local path = table.remove(task, 1)
  local _, _, errno = unistd.execp(path, task)
  unistd._exit(errno)
end

-- Runs a task to its end: its status or signal, and how it ended.
function module.spawn(task, ...)
  local pid, message, errno = unistd.fork()
  if pid == nil then return errno, message end
  if pid == 0 then module.execx(task, ...) end
  local _, how, status = wait.wait(pid)
  return status, how
end

local function move(from, to)
  if from == to then return end
  if not unistd.dup2(from, to) then error "error dup2-ing" end
  unistd.close(from)
end

-- Starts a task whose output ("r") or input ("w") is the other end of the `fd` that is returned.
function module.popen(task, mode, pipe)
  local reader, writer = (pipe or unistd.pipe)()
  if not reader then error "error opening pipe" end
  local own, its, input, output
  if mode == "r" then
    own, its, input, output = reader, writer, 0, 1
  elseif mode == "w" then
    own, its, input, output = writer, reader, 1, 0
  else
    error "invalid mode"
  end
  local pid = unistd.fork()
  if pid == nil then error "error forking" end
  if pid == 0 then
    move(its, output)
    unistd.close(own)
    module.execx(task, its, input, output)
  end
  unistd.close(its)
  return { pids = { pid }, fd = own }
end

-- A chain of tasks, each of which reads what the one before writes.
function module.popen_pipeline(tasks, mode, pipe)
  local first, last, step = 1, #tasks, 1
  if mode == "w" then first, last, step = #tasks, 1, -1 end
  local line = module.popen(tasks[first], mode, pipe)
  for position = first + step, last, step do
    local behind = line.fd
    local longer = module.popen(function(_, input)
      move(behind, input)
      module.execx(tasks[position])
    end, mode, pipe)
    unistd.close(behind)
    line.fd = longer.fd
    line.pids[#line.pids + 1] = longer.pids[1]
  end
  return line
end

-- How the last task of the chain ended, and its status.
function module.pclose(line)
  unistd.close(line.fd)
  local how, status
  for _, pid in ipairs(line.pids) do how, status = select(2, wait.wait(pid)) end
  return how, status
end

-- By the effective ids, where access goes by the real ones.
function module.euidaccess(path, letters)
  local bits = 0
  for letter in letters:gmatch "." do bits = bits | (({ r = 4, w = 2, x = 1 })[letter] or 0) end
  local C = base.constants
  return base.result(nil, base.sys.faccessat2(C.AT_FDCWD, path, bits, C.AT_EACCESS))
end

-- ---- arithmetic of times --------------------------------------------------------------------------------------------

-- Microseconds, of {sec=, usec=} or {tv_sec=, tv_usec=}.
local function microseconds(t)
  return math.tointeger(t.tv_sec or t.sec or 0) * 1000000 + math.tointeger(t.tv_usec or t.usec or 0)
end
local function timeval(count) return { sec = count // 1000000, usec = count % 1000000 } end

function module.timeradd(x, y) return timeval(microseconds(x) + microseconds(y)) end
function module.timersub(x, y) return timeval(microseconds(x) - microseconds(y)) end
function module.timercmp(x, y)
  local seconds = (x.tv_sec or x.sec or 0) - (y.tv_sec or y.sec or 0)
  return seconds ~= 0 and seconds or (x.tv_usec or x.usec or 0) - (y.tv_usec or y.usec or 0)
end

local refused = {}
for _, name in ipairs(missing) do refused[name] = true end

return setmetatable(module, {
  __index = function(_, key)
    if refused[key] then error(("posix.%s is not built yet"):format(key), 2) end
    for _, name in ipairs(names) do -- some of them say why
      local value = require("posix." .. name)[key]
      if value ~= nil then return value end
    end
  end,
})
