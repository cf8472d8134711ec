-- What the posix modules share: arguments checked as luaposix checks them, and its results for a call that failed.
local ks, process = require "kscript", require "posix._process"

-- What `sys` answers is only looked at: a child of fork() is given the same tables.
local base = {
  sys = process.sys,
  constants = ks.C,
  errno = 0, -- that of the call that failed last
}

-- The kernel's texts; 0, which is no errno there, has one in C.
function base.strerror(errno) return errno == 0 and "Success" or (select(2, ks.errno(errno))) end

-- nil, the text and the errno, with what failed in front of the text if that is told.
function base.failure(what, errno)
  base.errno = errno
  local text = base.strerror(errno)
  return nil, what and what .. ": " .. text or text, errno
end

-- Turns the results of a call, whose first one is nil when it failed, into luaposix's.
function base.result(what, value, _, errno)
  if value == nil then return base.failure(what, errno) end
  return value
end

-- ---- arguments ------------------------------------------------------------------------------------------------------

local conversions = {
  integer = function(value)
    return math.tointeger(value) or type(value) == "string" and math.tointeger(tonumber(value))
  end,
  string = function(value) return (type(value) == "string" or type(value) == "number") and tostring(value) end,
  ["function"] = function(value) return type(value) == "function" and value end,
  table = function(value) return type(value) == "table" and value end,
}

-- What luaposix calls an argument that may be left out.
local optional_names = { integer = "integer or nil", string = "nil or string", boolean = "boolean or nil" }

-- Raises at the script's line, however many functions of these modules lie between.
function base.raise(message)
  local level = 2
  while ((debug.getinfo(level, "S") or {}).source or ""):find "^=kscript:posix" do level = level + 1 end
  error(message, level)
end

function base.argument_error(name, position, problem)
  base.raise(("bad argument #%d to '%s' (%s)"):format(position, name, problem))
end
local argument_error = base.argument_error

-- Returns a function that checks its arguments and calls the body. The signature names their kinds in order; one with a
-- question mark may be left out or nil, and `any` is the body's to look at.
function base.checked(name, signature, body)
  local kinds, optional = {}, {}
  for kind, mark in signature:gmatch "(%a+)(%??)" do
    kinds[#kinds + 1] = kind
    optional[#kinds] = mark == "?"
  end
  local most = #kinds
  return function(...)
    local count, values = select("#", ...), { ... }
    for position = 1, most do
      local kind, value = kinds[position], values[position]
      if kind == "boolean" then
        if value ~= nil and type(value) ~= "boolean" then
          argument_error(name, position, ("%s expected, got %s"):format(optional_names.boolean, type(value)))
        end
      elseif kind ~= "any" and not (optional[position] and value == nil) then
        local converted = conversions[kind](value)
        if not converted then
          argument_error(name, position, ("%s expected, got %s"):format(
            optional[position] and optional_names[kind] or kind, position > count and "no value" or type(value)))
        end
        values[position] = converted
      end
    end
    if count > most then
      argument_error(name, most + 1, ("no more than %d argument%s expected, got %d"):format(
        most, most == 1 and "" or "s", count))
    end
    return body(table.unpack(values, 1, most))
  end
end

-- The integer in a field of a table argument; `default` if it may be left out.
function base.field(name, position, fields, key, default)
  local value = fields[key]
  if value == nil and default ~= nil then return default end
  if type(value) ~= "number" then
    argument_error(name, position, ("integer expected for field '%s', got %s"):format(
      key, value == nil and "no value" or type(value)))
  end
  return math.tointeger(value) or 0
end

-- Raises if a table argument has a field that is not among the names.
function base.only_fields(name, position, fields, names)
  local known = {}
  for _, key in ipairs(names) do known[key] = true end
  for key in pairs(fields) do
    if type(key) ~= "string" then argument_error(name, position, ("invalid %s field name"):format(type(key))) end
    if not known[key] then argument_error(name, position, ("invalid field name '%s'"):format(key)) end
  end
end

-- ---- modules --------------------------------------------------------------------------------------------------------

-- Begins a module: its version, and its constants, which are the kernel's. `refused` gives a reason for each name of
-- luaposix's that is not offered; whoever touches it is told, as by sys.
function base.module(name, constants, refused)
  local module = { version = ("posix.%s for %s / kscript"):format(name, _VERSION) }
  for constant in constants:gmatch "%S+" do module[constant] = base.constants[constant] end
  return setmetatable(module, {
    __index = function(_, key)
      local reason = refused and refused[key]
      if reason then error(("posix.%s.%s is not built yet: %s"):format(name, key, reason), 2) end
    end,
  })
end

-- Adds a function that checks its arguments to a module.
function base.define(module, name, signature, body) module[name] = base.checked(name, signature, body) end

return base
