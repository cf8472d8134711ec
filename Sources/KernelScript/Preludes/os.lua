-- Lua's os library over the emulated world: its files, its clocks, its environment. Time is UTC.
local ks, core = ...
local sys = ks.sys
local own_source = debug.getinfo(1, "S").source
local host_date = core.host.date -- the C library's strftime: asked with a "!" and a time, it depends on nothing else

local DAY = 86400

local library = {}

-- Raises at the script's line.
local function raise(message)
  local level = 2
  while (debug.getinfo(level, "S") or {}).source == own_source do level = level + 1 end
  error(message, level)
end

local function argument_error(position, name, problem)
  raise(("bad argument #%d to '%s' (%s)"):format(position, name, problem))
end

local function expect(position, name, value, kind)
  if type(value) ~= kind then
    local got = value == nil and "no value" or type(value)
    argument_error(position, name, ("%s expected, got %s"):format(kind, got))
  end
end

-- Lua's results for a failed call: strerror's text alone, out of "unlink("/x"): ENOENT (No such file or directory)".
local function failure(message, errno, path)
  return nil, (path and path .. ": " or "") .. (message:match ".*: E%w+ %(([^()]*)%)" or message), errno
end

-- ---- files ---------------------------------------------------------------------------------------------------------

function library.remove(path)
  expect(1, "remove", path, "string")
  local removed, message, errno = sys.unlink(path)
  if not removed and errno == 21 then removed, message, errno = sys.rmdir(path) end -- EISDIR, as remove(3) does
  if not removed then return failure(message, errno, path) end
  return true
end

function library.rename(from, to)
  expect(1, "rename", from, "string")
  expect(2, "rename", to, "string")
  local renamed, message, errno = sys.rename(from, to)
  if not renamed then return failure(message, errno) end
  return true
end

local temporary_names = 0

-- Creates the file, as mkstemp does. A name that is taken is passed over: the counter, not chance, chooses the next.
function library.tmpname()
  while true do
    temporary_names = temporary_names + 1
    local path = ("/tmp/lua_%06d"):format(temporary_names)
    local descriptor, _, errno = sys.open(path, "O_RDWR|O_CREAT|O_EXCL", "0600")
    if descriptor then
      sys.close(descriptor)
      return path
    elseif errno ~= 17 then -- EEXIST
      raise "unable to generate a unique filename"
    end
  end
end

-- ---- time ----------------------------------------------------------------------------------------------------------

-- Days from 1970-01-01 to the first of a month of the Gregorian calendar; months count from 0, and any number will do.
local function days_before(year, month)
  year, month = year + month // 12, month % 12
  -- Years are taken from March, so that the leap day is the last of its year.
  if month < 2 then year, month = year - 1, month + 10 else month = month - 2 end
  return 365 * year + year // 4 - year // 100 + year // 400 + (153 * month + 2) // 5 - 719468
end

local function date_field(date, name, default)
  local value = date[name]
  if value == nil and default then return default end
  if value == nil then raise(("field '%s' missing in date table"):format(name)) end
  local number = math.tointeger(tonumber(value))
  if not number then raise(("field '%s' is not an integer"):format(name)) end
  if number < -0x80000000 or number > 0x7FFFFFFF then raise(("field '%s' is out-of-bound"):format(name)) end
  return number
end

-- With a table, its time; the table's fields are brought into range, as Lua does.
function library.time(date)
  if date == nil then return sys.clock_gettime("CLOCK_REALTIME").tv_sec end
  expect(1, "time", date, "table")
  local year, month, day = date_field(date, "year"), date_field(date, "month"), date_field(date, "day")
  local hour, minute, second = date_field(date, "hour", 12), date_field(date, "min", 0), date_field(date, "sec", 0)
  local time = (days_before(year, month - 1) + day - 1) * DAY + hour * 3600 + minute * 60 + second
  local normal, fields = pcall(host_date, "!*t", time)
  if not normal then raise "time result cannot be represented in this installation" end
  for name, value in pairs(fields) do date[name] = value end
  return time
end

function library.date(format, time)
  if format == nil then format = "%c" end
  expect(1, "date", format, "string")
  if time == nil then
    time = library.time()
  else
    expect(2, "date", time, "number")
    time = math.tointeger(time) or argument_error(2, "date", "number has no integer representation")
  end
  local ok, result = pcall(host_date, "!" .. format:gsub("^!", ""), time)
  if not ok then raise((tostring(result):gsub("^[^\n]-:%d+: ", ""):gsub("to '[^']*'", "to 'date'"))) end
  return result
end

-- The virtual time of the run: a script takes none of it for computing.
function library.clock() return ks.now() end

function library.difftime(later, earlier)
  expect(1, "difftime", later, "number")
  expect(2, "difftime", earlier, "number")
  return later - earlier + 0.0
end

-- ---- the process ---------------------------------------------------------------------------------------------------

function library.getenv(name)
  expect(1, "getenv", name, "string")
  return ks.environment and ks.environment[name] or nil
end

-- The second argument, to close the state, changes nothing: what a task holds is closed with it.
function library.exit(code)
  if code == nil or code == true then code = 0 elseif code == false then code = 1 end
  expect(1, "exit", code, "number")
  sys.exit_group(math.tointeger(code) or argument_error(1, "exit", "number has no integer representation"))
end

local categories = { all = true, collate = true, ctype = true, monetary = true, numeric = true, time = true }

-- The one locale is "C".
function library.setlocale(locale, category)
  if category ~= nil and not categories[category] then
    argument_error(2, "setlocale", ("invalid option '%s'"):format(tostring(category)))
  end
  if locale == nil or locale == "" or locale == "C" or locale == "POSIX" then return "C" end
  return nil
end

function library.execute()
  raise "os.execute is not offered: no shell runs in the emulated world; use must.fork, or must.execve of a program"
end

return library
