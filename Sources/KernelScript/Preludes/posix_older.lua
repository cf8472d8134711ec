-- The functions that `posix` has in an older form than its modules: modes as text, fields asked for by name, times as
-- several results.
local base = require "posix._base"
local fcntl, msg, stat = require "posix.fcntl", require "posix.sys.msg", require "posix.sys.stat"
local unistd, time, resource = require "posix.unistd", require "posix.time", require "posix.sys.resource"
local older = {}

-- ---- modes ----------------------------------------------------------------------------------------------------------

local PERMISSIONS = 511
local groups = { u = 448 | stat.S_ISUID, g = 56 | stat.S_ISGID, o = 7 }
local rights = { r = 292, w = 146, x = 73, s = stat.S_ISUID | stat.S_ISGID }

-- "0644", "rw-r--r--", or changes of `mode` such as "u+rw,go-w".
local function mode_of(name, position, text, mode)
  local function fault(problem) base.argument_error(name, position, problem) end
  if type(text) == "number" then text = tostring(text) end
  if type(text) ~= "string" then fault("string expected, got no value") end
  if text:find "^[0-7]+$" then return tonumber(text, 8) & PERMISSIONS end
  if text:find "^[-rwxs]+$" and #text == 9 then
    local bits = 0
    for place = 1, 9 do
      local letter = text:sub(place, place)
      if letter ~= "-" then bits = bits | 1 << 9 - place end
      if letter == "s" and place ~= 3 and place ~= 6 then fault "bad mode" end
    end
    return bits
  end
  if not text:find "^[ugoa]+%s*[-+=]%s*[rwxs]+" then fault "bad mode" end
  for who, sign, what in text:gmatch "([ugoa]+)%s*([-+=])%s*([rwxs]+)" do
    local mask, bits = 0, 0
    for letter in who:gsub("a", "ugo"):gmatch "." do mask = mask | groups[letter] end
    for letter in what:gmatch "." do bits = bits | rights[letter] end
    if sign ~= "+" then mode = mode & ~(sign == "=" and mask or mask & bits) end
    if sign ~= "-" then mode = mode | mask & bits end
  end
  return mode & PERMISSIONS
end

-- As ls shows it.
local function mode_text(mode)
  local letters = {}
  for place = 1, 9 do
    local kind = (place - 1) % 3 + 1
    letters[place] = mode >> 9 - place & 1 == 1 and ("rwx"):sub(kind, kind) or "-"
  end
  if mode & stat.S_ISUID ~= 0 then letters[3] = letters[3] == "x" and "s" or "S" end
  if mode & stat.S_ISGID ~= 0 then letters[6] = letters[6] == "x" and "s" or "S" end
  return table.concat(letters)
end

function older.chmod(path, mode)
  local status = stat.stat(path)
  return stat.chmod(path, mode_of("chmod", 2, mode, status and status.st_mode or 0))
end
function older.creat(path, mode)
  return fcntl.open(path, fcntl.O_CREAT | fcntl.O_WRONLY | fcntl.O_TRUNC, mode_of("creat", 2, mode, 0))
end
function older.mkdir(path) return stat.mkdir(path, PERMISSIONS) end
function older.mkfifo(path) return stat.mkfifo(path, PERMISSIONS) end
function older.msgget(key, flags, mode) return msg.msgget(key, (flags or 0) | mode_of("msgget", 3, mode, 0)) end
function older.open(path, flags, mode)
  return fcntl.open(path, flags, flags & fcntl.O_CREAT ~= 0 and mode_of("open", 3, mode, 0) or nil)
end

-- What new files may get, which is the umask's opposite, as text.
function older.umask(mode)
  local mask = stat.umask(0)
  stat.umask(mask)
  local allowed = ~mask & PERMISSIONS
  if mode and mode ~= "" then
    allowed = mode_of("umask", 1, mode, allowed)
    stat.umask(~allowed & PERMISSIONS)
  end
  return mode_text(allowed)
end

-- ---- fields by name -------------------------------------------------------------------------------------------------

local function names_of(...) return type((...)) == "table" and (...) or { ... } end

-- The fields that are asked for, as names or a list of them; all in a table where none is.
local function select_fields(name, offset, map, ...)
  local wanted, values = names_of(...), {}
  if #wanted == 0 then return map end
  for position, key in ipairs(wanted) do
    if map[key] == nil then
      base.argument_error(name, position + offset, ("invalid option '%s'"):format(tostring(key)))
    end
    values[position] = map[key]
  end
  return table.unpack(values, 1, #wanted)
end

function older.getpid(...)
  local ids = {}
  for _, name in ipairs { "egid", "euid", "gid", "uid", "pgrp", "pid", "ppid" } do
    ids[name] = unistd["get" .. name]()
  end
  return select_fields("getpid", 0, ids, ...)
end

local kinds = {
  { "REG", "regular" }, { "LNK", "link" }, { "DIR", "directory" }, { "CHR", "character device" },
  { "BLK", "block device" }, { "FIFO", "fifo" }, { "SOCK", "socket" },
}

-- Of a symbolic link itself; nothing where there is no file.
function older.stat(path, ...)
  local status = stat.lstat(path)
  if not status then return end
  local fields = { mode = mode_text(status.st_mode), type = "?" }
  for _, key in ipairs { "dev", "ino", "nlink", "uid", "gid", "size", "atime", "mtime", "ctime" } do
    fields[key] = status["st_" .. key]
  end
  for _, kind in ipairs(kinds) do
    if stat["S_IS" .. kind[1]](status.st_mode) ~= 0 then fields.type = kind[2] end
  end
  return select_fields("stat", 1, fields, ...)
end

-- Answers by name: of those that are asked for, or of all.
local function settings(prefix, ask, ...)
  local map, wanted = {}, {}
  for _, name in ipairs(names_of(...)) do wanted[name] = true end
  for name, key in next, unistd do
    local short = name:sub(5)
    if name:sub(1, 4) == prefix and (wanted[short] or not next(wanted)) then map[short] = ask(key) end
  end
  return map
end

function older.sysconf(...) return select_fields("sysconf", 0, settings("_SC_", unistd.sysconf, ...), ...) end
function older.pathconf(path, ...)
  if path and rawget(unistd, "_PC_" .. path) then path = "." end
  local function ask(key) return unistd.pathconf(path or ".", key) end
  return select_fields("pathconf", 1, settings("_PC_", ask, ...), ...)
end

function older.times(...)
  local told = require "posix.sys.times".times()
  local map = { elapsed = told.elapsed }
  for _, key in ipairs { "utime", "stime", "cutime", "cstime" } do map[key] = told["tms_" .. key] end
  return select_fields("times", 0, map, ...)
end

function older.uname(format)
  local name = require "posix.sys.utsname".uname()
  local parts = {
    ["%"] = "%", m = name.machine, n = name.nodename, r = name.release, s = name.sysname, v = name.version,
  }
  return (format or "%s %n %r %v %m"):gsub("%%(.)", function(letter)
    return parts[letter] or base.argument_error("uname", 1, ("invalid format option '%s'"):format(letter))
  end)
end

local function limit_of(name, text)
  local key = "RLIMIT_" .. tostring(text):upper()
  return resource[key] or base.argument_error(name, 1, ("invalid option '%s'"):format(tostring(text)))
end

function older.getrlimit(name)
  local limit, message, errno = resource.getrlimit(limit_of("getrlimit", name))
  if not limit then return nil, message, errno end
  return limit.rlim_cur, limit.rlim_max
end
function older.setrlimit(name, soft, hard)
  local number = limit_of("setrlimit", name)
  local now = resource.getrlimit(number)
  return resource.setrlimit(number, { rlim_cur = soft or now.rlim_cur, rlim_max = hard or now.rlim_max })
end

-- ---- times ----------------------------------------------------------------------------------------------------------

for _, name in ipairs { "clock_gettime", "clock_getres" } do
  older[name] = function(clock)
    local told = time[name](clock and time["CLOCK_" .. clock:upper()] or time.CLOCK_REALTIME)
    return told.tv_sec, told.tv_nsec
  end
end

function older.gettimeofday()
  local now = require "posix.sys.time".gettimeofday()
  return { sec = now.tv_sec, usec = now.tv_usec }
end

function older.nanosleep(seconds, nanoseconds)
  local slept, message, errno, left = time.nanosleep { tv_sec = seconds, tv_nsec = nanoseconds }
  if slept then return slept end
  if not left then return nil, message, errno end
  return nil, message, errno, left.tv_sec, left.tv_nsec
end

local function to_older(date)
  return {
    sec = date.tm_sec, min = date.tm_min, hour = date.tm_hour, day = date.tm_mday, monthday = date.tm_mday,
    month = date.tm_mon + 1, year = date.tm_year + 1900, weekday = date.tm_wday, yearday = date.tm_yday,
    is_dst = false, gmtoff = date.tm_gmtoff, zone = date.tm_zone,
  }
end
local function from_older(date)
  if not date then return time.localtime(time.time()) end
  return {
    tm_sec = date.sec, tm_min = date.min, tm_hour = date.hour, tm_mday = date.monthday or date.day,
    tm_mon = date.month - 1, tm_year = date.year - 1900, tm_wday = date.weekday, tm_yday = date.yearday,
  }
end

function older.gmtime(seconds) return to_older(time.gmtime(seconds or time.time())) end
function older.localtime(seconds) return to_older(time.localtime(seconds or time.time())) end
function older.mktime(date) return time.mktime(from_older(date)) end
function older.strftime(format, date) return time.strftime(format, from_older(date)) end

-- ---- programs -------------------------------------------------------------------------------------------------------

for _, name in ipairs { "exec", "execp" } do
  older[name] = function(path, ...) return unistd[name](path, names_of(...)) end
end
older.hostid = unistd.gethostid

return older
