-- The module that scripts get by require "kscript". Called with the core functions and the values of values.lua.
local core, values = ...
local ks = { C = values.C, backend = core.query "backend" }

-- ---- calls ----------------------------------------------------------------------------------------------------------

local function view(is_must)
  return setmetatable({}, {
    __index = function(calls, name)
      local call = type(name) == "string" and core.bind(name, is_must)
      if not call then
        local known = {}
        for other in core.query("calls"):gmatch "%S+" do known[#known + 1] = other end
        local missing = type(name) == "string" and core.query("missing", name)
        if missing then error(("%s is not built yet: %s"):format(name, missing), 2) end
        error(("there is no call %s%s"):format(tostring(name), values.suggestion(tostring(name), known)), 2)
      end
      rawset(calls, name, call)
      return call
    end,
    __newindex = function() error("the calls cannot be changed; use a table of your own", 2) end,
    __name = is_must and "must" or "sys",
  })
end

ks.sys, ks.must = view(false), view(true)

-- ---- memory ---------------------------------------------------------------------------------------------------------

local buffer_parts = core.buffer_parts

-- u8, u16, u32, u64, string and set are added to these by the core (memory.c).
local methods = {}

function methods:fill(byte)
  local address, count = buffer_parts(self)
  if not address then error("a buffer's method is called with a colon: buf:fill(0)", 2) end
  if math.type(byte) ~= "integer" or byte < 0 or byte > 255 then error("a byte is an integer from 0 to 255", 2) end
  self:set(0, string.char(byte):rep(count))
end

core.set_buffer_methods({
  __index = function(buffer, key)
    local address, count = buffer_parts(buffer)
    if key == "addr" then return address end
    if key == "len" then return count end
    error(("a buffer has no %s%s"):format(tostring(key),
      values.suggestion(tostring(key), { "addr", "len", "string", "set", "fill", "u8", "u16", "u32", "u64" })), 3)
  end,
  __newindex = function() error("a buffer's bytes are set by buf:set(offset, bytes) or buf:u32(offset, value)", 2) end,
  __len = function(buffer) return select(2, buffer_parts(buffer)) end,
  __eq = function(a, b)
    local address, count = buffer_parts(a)
    local other, other_count = buffer_parts(b)
    return address == other and count == other_count
  end,
  __tostring = function(buffer)
    local address, count = buffer_parts(buffer)
    return ("buffer(0x%x, %d)"):format(address, count)
  end,
  __name = "buffer",
}, methods)

function ks.buffer(count)
  if math.type(count) ~= "integer" or count < 0 then error("ks.buffer takes a number of bytes", 2) end
  local address = count <= 1 << 40 and core.query("buffer", count)
  if not address then error(("no room for a buffer of %d bytes"):format(count), 2) end
  return core.buffer(address, count)
end

-- A view of addresses, mapped or not.
function ks.at(address, count)
  if math.type(address) ~= "integer" or math.type(count) ~= "integer" then
    error("ks.at takes an address and a count", 2)
  end
  return core.buffer(address, count)
end

local function positioned(f)
  return function(...)
    local results = table.pack(pcall(f, ...))
    if not results[1] then error(results[2], 2) end
    return table.unpack(results, 2, results.n)
  end
end

ks.pack = positioned(function(name, value)
  if type(value) ~= "table" then error("ks.pack takes the name of a structure and a table", 0) end
  return values.pack_structure(name, value)
end)
ks.unpack = positioned(function(name, bytes)
  if type(bytes) ~= "string" then error("ks.unpack takes the name of a structure and bytes", 0) end
  return values.unpack_structure(name, bytes)
end)

-- Iterates over structures that lie one behind the other, each as long as its own length field says if it has one.
function ks.each(name, bytes)
  local ok, layout = pcall(values.layout_of, name)
  if not ok then error(layout, 2) end
  local at = 1
  return function()
    if at + layout.size - 1 > #bytes then return nil end
    local element = values.unpack_structure(name, bytes, at)
    at = at + (element.event_len or element.d_reclen or layout.size)
    return element
  end
end

-- ---- outside the emulated world -------------------------------------------------------------------------------------

ks.settle = core.settle
function ks.now() return core.query "now" end

local reached = {} -- by the reason given to ks.sometimes: how often its condition held

function ks.stats()
  local stats = values.ask "stats"
  stats.sometimes = {}
  for why, count in next, reached do stats.sometimes[why] = count end
  return stats
end

-- Notes that something which ought to happen in some schedule has been looked for, and whether it happened now.
function ks.sometimes(condition, why)
  if type(why) ~= "string" then error("ks.sometimes takes a condition and what it means, as a string", 2) end
  reached[why] = (reached[why] or 0) + (condition and 1 or 0)
  return condition
end

-- Runs a function whose calls the emulated kernel and Linux are known to answer differently, and says why:
-- `kscript diff` lists them apart.
function ks.differs(why, fn)
  if type(why) ~= "string" or type(fn) ~= "function" then error("ks.differs takes a reason and a function", 2) end
  core.query("differs", why)
  local results = table.pack(pcall(fn))
  core.query "differs"
  if not results[1] then error(results[2], 0) end
  return table.unpack(results, 2, results.n)
end

function ks.task(pid)
  if math.type(pid) ~= "integer" then error("ks.task takes a pid", 2) end
  return values.ask("task", pid)
end

function ks.put(path, bytes)
  if type(path) ~= "string" or type(bytes) ~= "string" then error("ks.put takes a path and bytes", 2) end
  local failure = core.query("put", path, bytes)
  if failure then error(("ks.put(%q): %s"):format(path, failure), 2) end
end

function ks.get(path)
  if type(path) ~= "string" then error("ks.get takes a path", 2) end
  return core.query("get", path)
end

-- The name of an errno of either sign, and its text.
function ks.errno(number)
  if math.type(number) ~= "integer" then error("ks.errno takes a number", 2) end
  local name, text = core.query("errno", number < 0 and -number or number):match "^(%S+) (.*)$"
  return name, text
end

ks.kernel = { release = core.query "release" }

for _, name in ipairs { "checkpoint", "restore", "inject" } do
  ks[name] = function() error(("ks.%s is not built yet"):format(name), 2) end
end

ks.console = {
  write = function(bytes) core.query("console", bytes, false) end,
  error_write = function(bytes) core.query("console", bytes, true) end,
  read = function(count) return ks.sys.read(0, count or 4096) end,
}

function print(...)
  local parts = table.pack(...)
  for position = 1, parts.n do parts[position] = core.tostring(parts[position]) end
  core.query("console", table.concat(parts, "\t") .. "\n", false)
end

-- Functions of the program that this machine is part of (Machine.register); HostFunctions.swift says how values travel.
local function encode(...)
  local parts = table.pack(...)
  for position = 1, parts.n do
    local value = parts[position]
    local kind = math.type(value) or type(value)
    if kind == "nil" then parts[position] = "n"
    elseif kind == "boolean" then parts[position] = value and "t" or "f"
    elseif kind == "integer" then parts[position] = string.pack("<c1i8", "i", value)
    elseif kind == "float" then parts[position] = string.pack("<c1d", "d", value)
    elseif kind == "string" then parts[position] = string.pack("<c1s8", "s", value)
    else
      error(("argument #%d is a %s; a function of the host takes strings, numbers, booleans and nil"):format(
        position, kind), 3)
    end
  end
  return table.concat(parts)
end

local formats = { i = "<i8", d = "<d", s = "<s8" }

local function decode(bytes)
  local results, count, at = {}, 0, 1
  while at <= #bytes do
    local letter = bytes:sub(at, at)
    count, at = count + 1, at + 1
    if formats[letter] then
      results[count], at = string.unpack(formats[letter], bytes, at)
    elseif letter ~= "n" then
      results[count] = letter == "t"
    end
  end
  return table.unpack(results, 1, count)
end

ks.host = setmetatable({}, {
  __index = function(_, name)
    local known = {}
    for other in core.query("host_functions"):gmatch "%S+" do
      if other == name then
        return function(...) return decode(core.query("host_call", name, (encode(...)))) end
      end
      known[#known + 1] = other
    end
    local nearest = values.suggestion(tostring(name), known)
    error(("the host has registered no function %s%s"):format(tostring(name), nearest), 2)
  end,
  __newindex = function() error("functions of the host are registered by the host", 2) end,
  __name = "host",
})

-- For the runner of specs.
function ks.report(...) core.query("report", ...) end
function ks.spec_source() return core.query "spec_source" end
function ks.leaks() return core.query "leaks" end

core.loaded.kscript = ks
return ks
