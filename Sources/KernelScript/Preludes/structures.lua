-- Names and structures: the constants, flag strings, and C layouts that scripts write as tables.
-- Called with the core functions; returns the table that values.lua goes on with.
local core = ...
local values = {}

local pack, unpack = string.pack, string.unpack

-- A description that the machine gives as the text of a Lua table.
function values.ask(...)
  local text = core.query(...)
  return text and load("return " .. text)()
end

-- The candidate that is fewest edits away from a misspelt name, if any is near; else one that only has more in front.
function values.nearest(name, candidates)
  local best, best_distance = nil, math.max(2, #name // 3) + 1
  local wanted = name:lower()
  for _, candidate in ipairs(candidates) do
    local other = candidate:lower()
    if math.abs(#other - #wanted) < best_distance then
      local row = {}
      for j = 0, #other do row[j] = j end
      for i = 1, #wanted do
        local diagonal = row[0]
        row[0] = i
        for j = 1, #other do
          local cost = wanted:byte(i) == other:byte(j) and 0 or 1
          diagonal, row[j] = row[j], math.min(row[j] + 1, row[j - 1] + 1, diagonal + cost)
        end
      end
      if row[#other] < best_distance then best, best_distance = candidate, row[#other] end
    end
  end
  if best or #wanted < 2 then return best end
  for _, candidate in ipairs(candidates) do
    local front = candidate:lower():match("^(.*)" .. wanted:gsub("%W", "%%%0") .. "$")
    if front and (front == "sig" or front:sub(-1) == "_") then return candidate end
  end
end

function values.suggestion(name, candidates)
  local nearest = values.nearest(name, candidates)
  return nearest and (" (did you mean %s?)"):format(nearest) or ""
end

local function split_names(text) -- "A B C" to a list
  local names = {}
  for name in text:gmatch "%S+" do names[#names + 1] = name end
  return names
end

-- ---- constants ------------------------------------------------------------------------------------------------------

values.C = setmetatable({}, {
  __index = function(constants, name)
    local value = type(name) == "string" and core.query("constant", name)
    if not value then
      local known = split_names(core.query("constants"))
      error(("unknown constant %s%s"):format(tostring(name), values.suggestion(tostring(name), known)), 2)
    end
    rawset(constants, name, value)
    return value
  end,
  __newindex = function() error("constants cannot be changed", 2) end,
  __name = "constants",
})

-- Names joined by "|" against a set {title=, mode=, names={NAME=value}, order="NAME NAME"};
-- raises text without position.
local function parse_names(set, text)
  local result = 0
  for word in text:gmatch "[^|]+" do
    word = word:match "^%s*(.-)%s*$"
    local value = set.names[word]
    if not value and word:match "^0[0-7]*$" and set.mode then value = tonumber(word, 8) end
    if not value and (word == "0" or word:match "^0[xX]%x+$") then value = math.tointeger(tonumber(word)) end
    if not value then
      error(("unknown %s %q%s"):format(set.title, word, values.suggestion(word, split_names(set.order))), 0)
    end
    result = result | value
  end
  return result
end

-- ---- structures -----------------------------------------------------------------------------------------------------

local layouts = {}

-- {name=, size=, fields = { {name, offset, code, set}, ... }}; codes as in string.pack,
-- "zN"/"cN" text and bytes, "@NAME" nested.
local function layout_of(name)
  local layout = layouts[name]
  if layout == nil then
    layout = values.ask("layout", name)
    if not layout then error(("unknown structure %s"):format(tostring(name)), 0) end
    layouts[name] = layout
    layout.by_name = {}
    for _, field in ipairs(layout.fields) do layout.by_name[field[1]] = field end
  end
  return layout
end

local ranges = { b = { -128, 127 }, B = { 0, 255 }, h = { -32768, 32767 }, H = { 0, 65535 },
  i4 = { -0x80000000, 0x7fffffff }, I4 = { 0, 0xffffffff } }

local pack_structure

local function pack_field(layout, field, value)
  local code, set = field[3], field[4]
  local kind = code:sub(1, 1)
  if kind == "@" then
    -- A time inside a structure may be written in seconds, as anywhere.
    if code == "@timespec" and type(value) == "number" then return values.pack_time(value) end
    if code == "@timeval" and type(value) == "number" then
      local seconds, nanoseconds = unpack("<i8i8", values.pack_time(value))
      return pack("<i8i8", seconds, nanoseconds // 1000)
    end
    if type(value) ~= "table" then
      error(("%s.%s must be a table, not a %s"):format(layout.name, field[1], type(value)), 0)
    end
    return pack_structure(code:sub(2), value)
  elseif kind == "z" or kind == "c" then
    local size = tonumber(code:sub(2))
    if type(value) ~= "string" then
      error(("%s.%s must be a string, not a %s"):format(layout.name, field[1], type(value)), 0)
    end
    if #value > size then
      error(("%s.%s holds at most %d bytes, not %d"):format(layout.name, field[1], size, #value), 0)
    end
    return value .. ("\0"):rep(size - #value)
  end
  if type(value) == "string" and set then value = parse_names(set, value) end
  if type(value) == "boolean" then value = value and 1 or 0 end
  local integer = math.tointeger(value)
  if not integer then
    local address = core.buffer_parts(value)
    integer = address
  end
  if not integer then
    error(("%s.%s must be an integer, not a %s"):format(layout.name, field[1], type(value)), 0)
  end
  local range = ranges[code]
  if range and (integer < range[1] or integer > range[2]) then
    local bits = ({ b = 8, B = 8, h = 16, H = 16, i4 = 32, I4 = 32 })[code]
    -- The bit pattern may be written signed or unsigned, as C would take it.
    local low = -(1 << (bits - 1))
    if integer < low or integer >= 1 << bits then
      error(("%s.%s = %d does not fit in %d bits"):format(layout.name, field[1], integer, bits), 0)
    end
    integer = integer & ((1 << bits) - 1)
    code = ({ b = "B", B = "B", h = "H", H = "H", i4 = "I4", I4 = "I4" })[code]
  end
  return pack("<" .. code, integer)
end

function pack_structure(name, value)
  local layout = layout_of(name)
  for key in pairs(value) do
    if not layout.by_name[key] then
      local known = {}
      for _, field in ipairs(layout.fields) do known[#known + 1] = field[1] end
      error(("%s has no field %s%s"):format(name, tostring(key), values.suggestion(tostring(key), known)), 0)
    end
  end
  local parts, at = {}, 0
  for _, field in ipairs(layout.fields) do
    if field[2] >= at then
      local given = value[field[1]]
      if given ~= nil or not field[5] then
        if field[2] > at then parts[#parts + 1] = ("\0"):rep(field[2] - at) end
        local bytes = given ~= nil and pack_field(layout, field, given) or ("\0"):rep(field[6])
        parts[#parts + 1] = bytes
        at = field[2] + #bytes
      end
    end
  end
  parts[#parts + 1] = ("\0"):rep(layout.size - at)
  return table.concat(parts)
end

local function unpack_structure(name, bytes, start)
  local layout = layout_of(name)
  start = start or 1
  if #bytes - start + 1 < layout.size then
    error(("%s takes %d bytes, not %d"):format(name, layout.size, #bytes - start + 1), 0)
  end
  local result = {}
  for _, field in ipairs(layout.fields) do
    local code, at = field[3], start + field[2]
    local kind = code:sub(1, 1)
    if kind == "@" then
      result[field[1]] = unpack_structure(code:sub(2), bytes, at)
    elseif kind == "z" then
      result[field[1]] = bytes:sub(at, at + tonumber(code:sub(2)) - 1):match "^[^\0]*"
    elseif kind == "c" then
      result[field[1]] = bytes:sub(at, at + tonumber(code:sub(2)) - 1)
    else
      result[field[1]] = unpack("<" .. code, bytes, at)
    end
  end
  return result
end

values.pack_structure, values.unpack_structure, values.layout_of = pack_structure, unpack_structure, layout_of
values.parse_names = parse_names

return values
