-- inspect(value[, options]) -> string: a value as the Lua literal a person would write.
--
-- The REPL prints results with it and a failed assertion shows its operands with it, so the text depends on the value
-- alone: keys are sorted, and nothing shows an address.
local inspect = {}

local WIDTH, DEPTH, INDENT = 72, 16, "  "

local keywords = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or repeat return then true until
  while]]):gmatch("%a+") do
  keywords[word] = true
end

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local function escape(byte) return escapes[byte] or ("\\x%02X"):format(byte:byte()) end

local function quote(text)
  -- Valid UTF-8 stays readable; the control characters of its upper half (U+0080 to U+009F) would act on a terminal.
  local readable = utf8.len(text) and not text:find("\xC2[\x80-\x9F]")
  return '"' .. text:gsub(readable and '[\0-\31\127"\\]' or '[^ !#-[%]^-~]', escape) .. '"'
end

local function number(value)
  if math.type(value) == "integer" then
    -- The digits of the smallest integer would be read back as a float.
    return value == math.mininteger and "math.mininteger" or tostring(value)
  elseif value ~= value then
    return "0/0"
  elseif value == math.huge or value == -math.huge then
    return value > 0 and "math.huge" or "-math.huge"
  end
  local text
  for digits = 14, 17 do -- the fewest digits that read back as the same number
    text = ("%." .. digits .. "g"):format(value)
    if tonumber(text) == value then break end
  end
  text = text:gsub("e%+0*", "e"):gsub("e%-0+", "e-")
  return text:find("[.e]") and text or text .. ".0"
end

local function is_name(key) return type(key) == "string" and key:find("^[%a_][%w_]*$") and not keywords[key] end

local function metafield(value, name)
  local metatable = getmetatable(value)
  return type(metatable) == "table" and rawget(metatable, name) or nil
end

-- Objects with __tostring, and whatever is not a literal. An object whose __tostring fails must still be printable,
-- for this runs while an error is being reported.
local function opaque(value)
  local kind = type(value)
  if kind == "function" or kind == "thread" then return "<" .. kind .. ">" end
  local ok, text = pcall(tostring, value)
  if not ok then return "<" .. kind .. " whose __tostring failed>" end
  local name = kind == "userdata" and text:match("^(.-): [%(0x]*%x*%)?$")
  return name and "<" .. name .. ">" or text
end

local ranks = { number = 1, string = 2, boolean = 3 }

-- Numbers, then strings, then the rest by how they print.
local function key_order(one, other)
  local rank, other_rank = ranks[type(one.key)] or 4, ranks[type(other.key)] or 4
  if rank ~= other_rank then return rank < other_rank end
  if rank <= 2 then return one.key < other.key end
  return one.label < other.label
end

local render -- forward: tables hold values

-- The fields of a table: its sequence, then the other keys in order, as { key=, label=, value= }.
local function fields_of(value, state)
  local present = {}
  for key, item in pairs(value) do present[key] = item end
  local sequence, others = {}, {}
  while present[#sequence + 1] ~= nil do sequence[#sequence + 1] = present[#sequence + 1] end
  for key, item in pairs(present) do
    if not (math.type(key) == "integer" and key >= 1 and key <= #sequence) then
      local label = is_name(key) and key or "[" .. render(key, state, math.huge) .. "]"
      others[#others + 1] = { key = key, label = label, value = item }
    end
  end
  table.sort(others, key_order)
  return sequence, others
end

-- Joins the items of a broken table. Short items of a sequence share lines, so that a hundred numbers are not a
-- hundred lines.
local function lines_of(items, sequence_length, indent, width)
  local lines, line = {}, nil
  local columns = width - #indent - #INDENT
  for index, item in ipairs(items) do
    local shares = index <= sequence_length and #item <= 16 and not item:find "^[{]"
    if line and shares and #line + #item + 2 <= columns then
      line = line .. " " .. item .. ","
    else
      if line then lines[#lines + 1] = line end
      line = item .. ","
    end
    if not shares then line, lines[#lines + 1] = nil, line end
  end
  if line then lines[#lines + 1] = line end
  local margin = "\n" .. indent .. INDENT
  return "{" .. margin .. table.concat(lines, margin) .. "\n" .. indent .. "}"
end

local function render_table(value, state, columns, indent, depth)
  if state.open[value] then return "<cycle>" end
  if next(value) == nil and not metafield(value, "__pairs") then return "{}" end
  if depth >= state.depth then return "{...}" end
  state.open[value] = true
  local sequence, others = fields_of(value, state)
  local items, length, broken = {}, 4, false
  local function add(prefix, item)
    -- Each level takes INDENT, and each item its prefix and a comma.
    local text = prefix .. render(item, state, columns - #INDENT - #prefix - 1, indent .. INDENT, depth + 1)
    items[#items + 1] = text
    length = length + #text + (#items > 1 and 2 or 0)
    broken = broken or text:find("\n", 1, true) ~= nil
  end
  for _, item in ipairs(sequence) do add("", item) end
  for _, field in ipairs(others) do add(field.label .. " = ", field.value) end
  state.open[value] = nil
  if #items == 0 then return "{}" end
  if not broken and length <= columns then return "{ " .. table.concat(items, ", ") .. " }" end
  return lines_of(items, #sequence, indent, state.width)
end

function render(value, state, columns, indent, depth)
  local kind = type(value)
  if kind == "string" then return quote(value) end
  if kind == "number" then return number(value) end
  if kind == "nil" or kind == "boolean" then return tostring(value) end
  if kind ~= "table" or metafield(value, "__tostring") then return opaque(value) end
  return render_table(value, state, columns, indent or "", depth or 0)
end

-- Options: `width`, the columns a one-line table may take; `depth`, how many tables may be nested before `{...}`.
function inspect.inspect(value, options)
  options = options or {}
  local state = { open = {}, depth = options.depth or DEPTH, width = options.width or WIDTH }
  return render(value, state, state.width)
end

return setmetatable(inspect, { __call = function(_, value, options) return inspect.inspect(value, options) end })
