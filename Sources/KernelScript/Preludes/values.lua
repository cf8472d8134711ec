-- Values on their way between scripts and the kernel: what a script may write for an argument, and the
-- tables it gets back. Called with the core functions and what structures.lua made; returns the table
-- that the other preludes build on.
local core, values = ...

local pack, unpack = string.pack, string.unpack
local parse_names, layout_of = values.parse_names, values.layout_of
local pack_structure, unpack_structure = values.pack_structure, values.unpack_structure

-- ---- times and signals ----------------------------------------------------------------------------------------------

local function pack_time(value)
  if type(value) == "table" then return pack_structure("timespec", value) end
  if math.type(value) == "integer" then return pack("<i8i8", value, 0) end
  local seconds = math.floor(value)
  local nanoseconds = math.floor((value - seconds) * 1e9 + 0.5)
  if nanoseconds >= 1000000000 then seconds, nanoseconds = seconds + 1, 0 end
  seconds = math.tointeger(seconds)
  if not seconds then error(("%s is not a time in seconds"):format(tostring(value)), 0) end
  return pack("<i8i8", seconds, nanoseconds)
end
values.pack_time = pack_time

local signal_set -- the set of signal names, asked for once

local function signal_number(value)
  local number = math.tointeger(value)
  if type(value) == "string" then
    signal_set = signal_set or values.ask("set", "signal")
    number = parse_names(signal_set, value)
  end
  if not number or number < 1 or number > 64 then error(("%s is no signal"):format(tostring(value)), 0) end
  return number
end

local function pack_signals(list)
  if type(list) ~= "table" then list = { list } end
  local mask = 0
  for _, signal in ipairs(list) do mask = mask | 1 << (signal_number(signal) - 1) end
  return pack("<i8", mask)
end

local function unpack_signals(mask)
  local list = {}
  for signal = 1, 64 do
    if mask >> (signal - 1) & 1 == 1 then list[#list + 1] = signal end
  end
  return list
end

-- Functions given to sigaction go by numbers, each kernel's from 2 on; core.handlers() has them both ways. 0 and 1 are
-- SIG_DFL and SIG_IGN.
local function handler_number(handler)
  if handler == "SIG_DFL" or handler == 0 then return 0 end
  if handler == "SIG_IGN" or handler == 1 then return 1 end
  if type(handler) ~= "function" then
    error(("a handler is a function, \"SIG_DFL\" or \"SIG_IGN\", not %s"):format(
      type(handler) == "string" and ("%q"):format(handler) or "a " .. type(handler)), 0)
  end
  local handlers = core.handlers()
  if not handlers[handler] then
    handlers[1] = false
    handlers[#handlers + 1] = handler
    handlers[handler] = #handlers
  end
  return handlers[handler]
end

local function pack_action(action)
  if type(action) ~= "table" then return pack("<i8i8i8i8", handler_number(action), 0, 0, 0) end
  for key in pairs(action) do
    if key ~= "handler" and key ~= "flags" and key ~= "mask" then
      local suggestion = values.suggestion(tostring(key), { "handler", "flags", "mask" })
      error(("sigaction has no field %s%s"):format(tostring(key), suggestion), 0)
    end
  end
  local flags = action.flags or 0
  if type(flags) == "string" then flags = parse_names(values.ask("set", "signal action flags"), flags) end
  return pack("<i8i8", handler_number(action.handler or "SIG_DFL"), flags)
    .. pack_signals(action.mask or {}) .. pack("<i8", 0)
end

local function unpack_action(bytes)
  local number = unpack("<i8", bytes)
  if number == 0 then return "SIG_DFL" end
  if number == 1 then return "SIG_IGN" end
  return core.handlers()[number]
end

local function unpack_siginfo(bytes)
  local signal, errno, code, pid, uid, status, value, timer, overrun = unpack("<i8i8i8i8i8i8i8i8i8", bytes)
  return { si_signo = signal, si_errno = errno, si_code = code, si_pid = pid, si_uid = uid, si_status = status,
    si_value = value, si_addr = uid << 32 | pid & 0xffffffff, si_timerid = timer, si_overrun = overrun }
end

-- ---- arguments ------------------------------------------------------------------------------------------------------

local declarations = {}

-- {name=, required=, parameters={{name=, kind=, ...}}, results={{name=, kind=, ...}}}, by the call's index
local function declaration(index)
  local found = declarations[index]
  if not found then
    found = values.ask("declaration", index)
    declarations[index] = found
  end
  return found
end
values.declaration = declaration

local function signature(call)
  local names = {}
  for position, parameter in ipairs(call.parameters) do
    names[position] = position > call.required and "[" .. parameter.name .. "]" or parameter.name
  end
  return ("%s(%s)"):format(call.name, table.concat(names, ", "))
end

local flag_cache = {}

local converters = {}

function converters.flags(parameter, value)
  if type(value) ~= "string" then return nil, "flags: an integer or names joined by |" end
  local cache = flag_cache[parameter.set]
  if not cache then
    cache = {}
    flag_cache[parameter.set] = cache
  end
  local number = cache[value]
  if not number then
    number = parse_names(parameter.set, value)
    cache[value] = number
  end
  return number
end

function converters.value(parameter, value)
  if type(value) ~= "string" then return nil, "a number or a name" end
  return converters.flags(parameter, value)
end

function converters.mode(_, value)
  local number = type(value) == "string" and value:match "^0?o?[0-7]+$" and tonumber(value:gsub("^0o", ""), 8)
  if not number then return nil, "an integer or an octal string such as \"0644\"" end
  return number
end

function converters.integer(_, value)
  if type(value) == "boolean" then return value and 1 or 0 end
  local number = type(value) == "number" and math.tointeger(value)
  if number then return number end
  return nil, "an integer"
end

function converters.descriptor(_, value)
  if value == "AT_FDCWD" then return -100 end
  return nil, "a descriptor"
end

function converters.address(_, value) return nil, "an address or a buffer" end
function converters.path(_, value)
  if type(value) == "number" then return tostring(value) end
  return nil, "a string"
end

-- A program that the script has registered goes by its name behind a NUL, with which no path begins.
function converters.program(_, value)
  if type(value) == "number" then return math.type(value) == "integer" and value or tostring(value) end
  if type(value) ~= "string" then return nil, "a path, or the name of a program" end
  if values.programs and values.programs[value] then return "\0" .. value end
  return (value:match "^[^\0]*")
end

local function pack_strings(list)
  local parts = {}
  for position, element in ipairs(list) do
    if type(element) ~= "string" then
      return nil, ("a list of strings (element %d is a %s: use tostring)"):format(position, type(element))
    end
    if element:find("\0", 1, true) then return nil, ("strings without NULs (element %d has one)"):format(position) end
    parts[position] = element .. "\0"
  end
  return table.concat(parts)
end

function converters.strings(parameter, value)
  if math.type(value) == "integer" then return value end
  if type(value) ~= "table" then return nil, "a list of strings" end
  local name = next(value)
  if type(name) == "string" and parameter.name == "envp" then
    local variables = {}
    for key, text in next, value do
      if type(key) ~= "string" or type(text) ~= "string" then return nil, "strings by name, or a list of NAME=value" end
      variables[#variables + 1] = key .. "=" .. text
    end
    table.sort(variables)
    value = variables
  elseif name ~= nil and math.type(name) ~= "integer" then
    return nil, "a list of strings"
  end
  return pack_strings(value)
end

function converters.data(_, value)
  if type(value) == "number" then return nil, "a string, a buffer, or an address and a count" end
  return nil, "a string or a buffer"
end
function converters.destination() return nil, "a count, a buffer, or an address and a count" end
converters["function"] = function(_, value)
  if value == nil then return nil, "a function (fork without one is not built yet)" end
  return nil, "a function"
end

function converters.structure(parameter, value)
  if type(value) == "table" then return pack_structure(parameter.layout, value) end
  if type(value) == "string" then
    local size = layout_of(parameter.layout).size
    if #value == size then return value end
    return nil, ("a table, or the %d bytes of a struct %s"):format(size, parameter.layout)
  end
  if math.type(value) == "integer" then return value end
  return nil, "a table with the fields of struct " .. parameter.layout
end

function converters.structures(parameter, value)
  if type(value) == "string" and #value % layout_of(parameter.layout).size == 0 then return value end
  if math.type(value) == "integer" then return value end
  if type(value) ~= "table" then return nil, "a list of tables with the fields of struct " .. parameter.layout end
  local parts = {}
  for position, element in ipairs(value) do
    if type(element) ~= "table" then
      return nil, ("a list of tables; element %d is a %s"):format(position, type(element))
    end
    -- Elements may be written by position, in the order of the fields.
    if element[1] ~= nil then
      local named, layout = {}, layout_of(parameter.layout)
      for number, part in ipairs(element) do
        if not layout.fields[number] then
          return nil, ("at most %d values in element %d"):format(#layout.fields, position)
        end
        named[layout.fields[number][1]] = part
      end
      for key, part in pairs(element) do
        if math.type(key) ~= "integer" then named[key] = part end
      end
      element = named
    end
    parts[position] = pack_structure(parameter.layout, element)
  end
  return table.concat(parts)
end

function converters.vector(_, value)
  if type(value) ~= "table" then return nil, "a list of strings, buffers or counts" end
  local parts = {}
  for position, element in ipairs(value) do
    local address, count = core.buffer_parts(element)
    if address then
      parts[position] = pack("<I8i8i8", 1, address, count)
    elseif type(element) == "string" then
      parts[position] = pack("<I8i8i8", 0, 0, #element) .. element
    elseif math.type(element) == "integer" then
      parts[position] = pack("<I8i8i8", 2, 0, element)
    elseif type(element) == "table" and element.iov_base and element.iov_len then
      parts[position] = pack("<I8i8i8", 1, core.buffer_parts(element.iov_base) or element.iov_base, element.iov_len)
    else
      return nil, ("a list of strings, buffers or counts; element %d is a %s"):format(position, type(element))
    end
  end
  return table.concat(parts)
end

function converters.time(_, value)
  if type(value) == "number" or type(value) == "table" then return pack_time(value) end
  return nil, "seconds, or {tv_sec=, tv_nsec=}"
end

function converters.signalSet(_, value)
  if type(value) == "table" or type(value) == "string" then return pack_signals(value) end
  if math.type(value) == "integer" then return value end
  return nil, "a list of signals"
end

function converters.integers(parameter, value)
  if type(value) ~= "table" then return nil, "a list of integers" end
  local parts, mask = {}, (1 << 8 * parameter.size) - 1
  for position, element in ipairs(value) do
    if math.type(element) ~= "integer" then
      return nil, ("a list of integers; element %d is a %s"):format(position, type(element))
    end
    parts[position] = pack("<I" .. parameter.size, parameter.size < 8 and element & mask or element)
  end
  return table.concat(parts)
end

function converters.any(_, value)
  if math.type(value) == "integer" or type(value) == "string" then return value end
  if type(value) == "boolean" then return value and 1 or 0 end
  return nil, "an integer or a string"
end

function converters.flagsOrStructure(parameter, value)
  if type(value) == "table" then return pack_structure(parameter.layout, value) end
  if type(value) == "string" then return converters.flags(parameter, value) end
  if type(value) == "boolean" then return value and 1 or 0 end
  return nil, "an integer, names joined by |, or a table with the fields of struct " .. parameter.layout
end

function converters.control(parameter, value)
  if type(value) == "table" then
    if parameter.size > 0 and (value[1] ~= nil or next(value) == nil) then
      return converters.integers(parameter, value)
    end
    return pack_structure(parameter.layout, value)
  end
  if type(value) == "boolean" then return value and 1 or 0 end
  return nil, "an integer, a buffer, " .. (parameter.size > 0 and "a list of integers, " or "")
    .. "or a table with the fields of struct " .. parameter.layout
end

function converters.signalAction(_, value) return pack_action(value) end

-- Turns what a script wrote into what the kernel takes; position 0 is a wrong number of arguments.
core.set("ks.convert", function(index, position, value, level)
  local call = declaration(index)
  if position == 0 then
    local most = #call.parameters
    local wanted = call.required == most and tostring(most) or ("%d to %d"):format(call.required, most)
    error(("%s takes %s argument%s, got %d"):format(signature(call), wanted, wanted == "1" and "" or "s", value), level)
  end
  local parameter = call.parameters[position]
  local is_fine, result, wanted = pcall(converters[parameter.kind], parameter, value)
  if not is_fine then
    error(("bad argument #%d (%s) to '%s': %s"):format(position, parameter.name, call.name, result), level)
  end
  if result == nil then
    local got = type(value) == "string" and ("%q"):format(value)
      or type(value) == "number" and tostring(value) or type(value)
    error(("bad argument #%d (%s) to '%s': expected %s, got %s"):format(
      position, parameter.name, call.name, wanted, got), level)
  end
  return result
end)

-- ---- results --------------------------------------------------------------------------------------------------------

local function decode_wait_status(status)
  if status == -1 then return end
  if status & 0x7f == 0 then return "exited", status >> 8 & 0xff end
  if status == 0xffff then return "continued", 18 end
  if status & 0xff == 0x7f then return "stopped", status >> 8 & 0xff end
  return "killed", status & 0x7f
end

-- Decoders of records that have lengths of their own, by the structure's name.
values.records = {}

function values.records.linux_dirent64(bytes)
  local entries, at = {}, 1
  while at <= #bytes do
    local inode, offset, length, kind, name = unpack("<i8i8I2Bz", bytes, at)
    entries[#entries + 1] = { d_ino = inode, d_off = offset, d_reclen = length, d_type = kind, d_name = name }
    at = at + length
  end
  return entries
end

core.set("ks.decode", function(index, bytes, ...)
  if index == -1 then
    local seconds, nanoseconds = unpack("<i8i8", bytes)
    return { tv_sec = seconds, tv_nsec = nanoseconds }
  elseif index == -2 then
    return unpack_siginfo(bytes)
  end
  local results, words = {}, { ... }
  local count, word, at = 0, 1, 1
  for _, result in ipairs(declaration(index).results) do
    local kind = result.kind
    count = count + 1
    if kind == "integer" then
      results[count] = words[word]
      word = word + 1
    elseif kind == "bytes" then
      results[count] = bytes:sub(at)
    elseif kind == "structure" then
      if #bytes - at + 1 >= layout_of(result.layout).size then
        results[count] = unpack_structure(result.layout, bytes, at)
        at = at + layout_of(result.layout).size
      end
    elseif kind == "structures" then
      local list, size = {}, layout_of(result.layout).size
      while at + size - 1 <= #bytes do
        list[#list + 1] = unpack_structure(result.layout, bytes, at)
        at = at + size
      end
      results[count] = list
    elseif kind == "integers" then
      local list, format = {}, "<I" .. result.size
      for offset = at, #bytes - result.size + 1, result.size do list[#list + 1] = unpack(format, bytes, offset) end
      results[count] = list
    elseif kind == "control" then
      local form = words[word + 1]
      if form > 0 then
        results[count] = unpack_structure(result.layouts[form], bytes, at)
      else
        local list, format = {}, "<I" .. result.size
        for offset = at, #bytes - result.size + 1, result.size do list[#list + 1] = unpack(format, bytes, offset) end
        results[count] = list
      end
      if words[word + 2] ~= 0 then
        count = count + 1
        results[count] = words[word]
      end
    elseif kind == "countedIntegers" then
      local list, length = {}, unpack("<i4", bytes, at)
      for position = 1, length do list[position] = unpack("<i4", bytes, at + 4 * position) end
      results[count], at = list, at + 4 + 4 * length
    elseif kind == "waitStatus" then
      results[count], results[count + 1] = decode_wait_status(words[word])
      count = count + (results[count] and 1 or -1)
      word = word + 1
    elseif kind == "signalSet" then
      results[count] = unpack_signals((unpack("<i8", bytes, at)))
      at = at + 8
    elseif kind == "signalAction" then
      results[count] = unpack_action(bytes:sub(at))
      at = at + 32
    elseif kind == "buffer" then
      results[count] = core.buffer(words[word], words[word + 1])
      word = word + 2
    elseif kind == "records" then
      results[count] = values.records[result.record](bytes:sub(at))
    elseif kind == "transfer" then
      results[count] = words[word]
      word = word + 1
    end
  end
  return table.unpack(results, 1, count)
end)

-- ---- errors ---------------------------------------------------------------------------------------------------------

local Failure = { __name = "errno" }
Failure.__index = Failure
function Failure.__tostring(failure) return failure.message end

core.set("ks.raise", function(where, call, head, message, errno, extra)
  error(setmetatable({
    message = message, errno = errno, call = call, where = where:gsub(": $", ""),
    name = message:match(": (%u[%w]*) %(", head) or tostring(errno), args = message:sub(#call + 2, head - 1),
    task = core.query "task_id", now = core.query "now", remaining = extra,
  }, Failure), 0)
end)

return values
