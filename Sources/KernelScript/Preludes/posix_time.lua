-- luaposix's posix.time. The time zone is UTC.
local base = require "posix._base"
local sys, result, failure, C = base.sys, base.result, base.failure, base.constants

local module = base.module("time", "CLOCK_MONOTONIC CLOCK_PROCESS_CPUTIME_ID CLOCK_REALTIME CLOCK_THREAD_CPUTIME_ID", {
  strptime = "dates are not read; see os.time",
})

local function define(name, signature, body) base.define(module, name, signature, body) end

local function timespec(what, time, _, errno)
  if time == nil then return failure(what, errno) end
  return { tv_sec = time.tv_sec, tv_nsec = time.tv_nsec }
end

define("clock_gettime", "integer", function(clock) return timespec("clock_gettime", sys.clock_gettime(clock)) end)
define("clock_getres", "integer", function(clock) return timespec("clock_getres", sys.clock_getres(clock)) end)
define("time", "", function() return sys.clock_gettime("CLOCK_REALTIME").tv_sec end)

-- A signal that comes first makes the time that is left the fourth result.
define("nanosleep", "table", function(duration)
  local seconds = base.field("nanosleep", 1, duration, "tv_sec", 0)
  local nanoseconds = base.field("nanosleep", 1, duration, "tv_nsec", 0)
  base.only_fields("nanosleep", 1, duration, { "tv_sec", "tv_nsec" })
  local slept, _, errno, left = sys.nanosleep { tv_sec = seconds, tv_nsec = nanoseconds }
  if slept then return slept end
  local none, text, number = failure("nanosleep", errno)
  if not left then return none, text, number end
  return none, text, number, { tv_sec = left.tv_sec, tv_nsec = left.tv_nsec }
end)

-- ---- dates ----------------------------------------------------------------------------------------------------------

local names = {
  "tm_sec", "tm_min", "tm_hour", "tm_mday", "tm_mon", "tm_year", "tm_wday", "tm_yday", "tm_isdst", "tm_gmtoff",
}

local function broken_down(seconds)
  local date = os.date("!*t", seconds)
  return {
    tm_sec = date.sec, tm_min = date.min, tm_hour = date.hour, tm_mday = date.day, tm_mon = date.month - 1,
    tm_year = date.year - 1900, tm_wday = date.wday - 1, tm_yday = date.yday - 1, tm_isdst = 0, tm_gmtoff = 0,
    tm_zone = "GMT",
  }
end

define("gmtime", "integer", broken_down)
define("localtime", "integer", function(seconds)
  local date = broken_down(seconds)
  date.tm_zone = "UTC"
  return date
end)

local function fields_of(name, position, date)
  local fields = {}
  for _, key in ipairs(names) do fields[key] = base.field(name, position, date, key, 0) end
  base.only_fields(name, position, date, { "tm_zone", table.unpack(names) })
  return fields
end

local function seconds_of(fields)
  return os.time { year = fields.tm_year + 1900, month = fields.tm_mon + 1, day = fields.tm_mday, hour = fields.tm_hour,
    min = fields.tm_min, sec = fields.tm_sec }
end

-- Nothing for a time before 1970.
define("mktime", "table", function(date)
  local seconds = seconds_of(fields_of("mktime", 1, date))
  if seconds >= 0 then return seconds end
end)

-- The day of the week and of the year are those of the date, whatever the fields say.
define("strftime", "string table", function(format, date)
  return os.date("!" .. format, seconds_of(fields_of("strftime", 2, date)))
end)

return module
