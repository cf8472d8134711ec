-- assert(v, message) as Lua has it, and luassert's words on the same value: assert.equal(expected, actual),
-- assert.are.same, assert.is_not.Nil, assert.has_error(fn, expected), ... and ours, assert.errno("EINVAL", sys.x(...)).
--
-- A word chain is taken apart only when it is called: leading modifiers (is, has, not, ...) are dropped, the rest names
-- the assertion, and case does not matter, so that Lua's keywords can be written (is.True, Not.equal). The first
-- operand is the expected one. An operand too many is the message for a failure, as in luassert.
local ks = ...
local inspect = ks.inspect
local own_chunk = debug.getinfo(1, "S")

local assertions = {}
local registered = {} -- name -> { operands =, check = function(negated, operands...) -> passed, message, results... }

local Failure = { __name = "assertion failure" }
function Failure:__tostring() return (self.where and self.where .. ": " or "") .. self.message end

-- The position of the assertion: the innermost frame that is not of this file.
local function position()
  local level = 2
  while true do
    local info = debug.getinfo(level, "Sl")
    if not info then return nil end
    if info.source ~= own_chunk.source and info.currentline > 0 then
      return info.source:gsub("^[@=]", "") .. ":" .. info.currentline
    end
    level = level + 1
  end
end

-- A mistake in how an assertion is written: a plain error where it stands.
local function misuse(wording, ...) error((position() or "?") .. ": " .. wording:format(...), 0) end

local function fail(message, custom)
  if custom ~= nil then message = tostring(custom) .. "\n" .. message end
  error(setmetatable({ message = message, where = position(), assertion = true }, Failure), 0)
end

-- ---- comparison ---------------------------------------------------------------------------------------------------

-- Through pairs, so that an object is compared by what it shows, and an __index that raises is never asked. Sorted, so
-- that the first difference is the same one in every run.
local function contents(value)
  local fields, keys = {}, {}
  for key, item in pairs(value) do
    fields[key] = item
    keys[#keys + 1] = key
  end
  table.sort(keys, function(one, other)
    local kind, other_kind = type(one), type(other)
    if kind ~= other_kind then return kind < other_kind end
    if kind == "number" or kind == "string" then return one < other end
    return inspect(one) < inspect(other)
  end)
  return fields, keys
end

local function step(path, key)
  if type(key) == "string" and key:find "^[%a_][%w_]*$" then return path .. "." .. key end
  return path .. "[" .. inspect(key) .. "]"
end

local function has_eq(value)
  local metatable = getmetatable(value)
  return type(metatable) == "table" and rawget(metatable, "__eq") ~= nil
end

-- The first difference, as { path =, expected =, actual = }, or nil. `compared` holds the pairs of tables met before:
-- they are the same as far as is known (in a cycle), or the search would have ended there.
local function difference(expected, actual, path, compared)
  if expected == actual then return nil end
  if type(expected) ~= "table" or type(actual) ~= "table" or has_eq(expected) and has_eq(actual) then
    return { path = path, expected = expected, actual = actual }
  end
  compared[expected] = compared[expected] or {}
  if compared[expected][actual] then return nil end
  compared[expected][actual] = true
  local expected_fields, keys = contents(expected)
  local actual_fields, actual_keys = contents(actual)
  for _, key in ipairs(actual_keys) do
    if expected_fields[key] == nil then keys[#keys + 1] = key end
  end
  for _, key in ipairs(keys) do
    local one, other = expected_fields[key], actual_fields[key]
    local found = one ~= other and difference(one, other, step(path, key), compared)
    if found then return found end
  end
end

local function indented(value) return (inspect(value):gsub("\n", "\n            ")) end

local function but(actual) return "\n  actual:   " .. indented(actual) end

local function versus(expected, actual) return "\n  expected: " .. indented(expected) .. but(actual) end

-- ---- the assertions -----------------------------------------------------------------------------------------------

local function register(names, operands, check)
  for name in names:gmatch "%S+" do registered[name] = { operands = operands, check = check } end
end

register("equal equals", 2, function(negated, expected, actual)
  local equal = expected == actual
  if equal ~= negated then return equal end -- to show a big value takes time
  if negated then return equal, "expected anything but " .. indented(expected) end
  local hint = ""
  if type(expected) == "table" and type(actual) == "table" and not difference(expected, actual, "", {}) then
    hint = "\n  two tables of the same contents: assert.same compares those"
  end
  return equal, "expected equal values" .. versus(expected, actual) .. hint
end)

register("same", 2, function(negated, expected, actual)
  local found = difference(expected, actual, "", {})
  if negated or not found then return not found, "expected anything but " .. indented(expected) end
  local message = "expected the same values" .. versus(expected, actual)
  if found.path ~= "" then
    message = ("%s\n  first difference at %s: expected %s, actual %s"):format(message, found.path:gsub("^%.?", "."),
      inspect(found.expected), inspect(found.actual))
  end
  return false, message
end)

register("near", 3, function(negated, expected, actual, tolerance)
  if type(expected) ~= "number" or type(tolerance) ~= "number" then misuse "assert.near takes numbers" end
  local near = type(actual) == "number" and math.abs(expected - actual) <= tolerance
  local wording = negated and "expected a number not within %s of %s" or "expected a number within %s of %s"
  return near, wording:format(inspect(tolerance), inspect(expected)) .. but(actual)
end)

register("match matches", 2, function(negated, pattern, text, init, plain)
  local found = type(text) == "string" and table.pack(text:find(pattern, init, plain)) or { n = 0 }
  local wording = negated and "expected no match of " or "expected a match of "
  return found[1] ~= nil, wording .. inspect(pattern) .. but(text), table.unpack(found, 3, found.n)
end)

local function register_value(names, wording, test)
  register(names, 1, function(negated, value)
    local passed = test(value)
    return passed, passed == negated and "expected " .. (negated and "anything but " or "") .. wording .. but(value)
  end)
end

register_value("true", "true", function(value) return value == true end)
register_value("false", "false", function(value) return value == false end)
register_value("truthy", "a value that counts as true", function(value) return value and true or false end)
register_value("falsy", "false or nil", function(value) return not value end)
for kind in ("nil boolean number string table function thread userdata"):gmatch "%a+" do
  local wording = kind == "nil" and kind or "a " .. kind
  register_value(kind, wording, function(value) return type(value) == kind end)
end

-- What an error says, without the position that error() puts in front of a string.
local function error_text(raised)
  if type(raised) == "string" then return (raised:gsub("^[^\n]-:%d+: ", "", 1)) end
  local ok, text = pcall(tostring, type(raised) == "table" and rawget(raised, "message") or raised)
  return ok and text or inspect(raised)
end

-- An expected string is the error's text, or the name of its errno ("EBADF", as must.X raises them).
local function raised_as(expected, raised)
  if expected == nil then return true end
  if type(expected) ~= "string" then return not difference(expected, raised, "", {}) end
  if raised == expected or error_text(raised) == expected then return true end
  local has_name, name = pcall(function() return type(raised) ~= "string" and raised.name end)
  return has_name and name == expected
end

local function shown(raised) return "\n  raised:   " .. (type(raised) == "string" and raised or indented(raised)) end

register("error errors", 1, function(negated, body, expected)
  local ok, raised = pcall(body)
  if negated then return not ok and raised_as(expected, raised), "expected no error" .. shown(raised) end
  local wording = "expected an error" .. (expected ~= nil and ": " .. indented(expected) or "")
  if ok then return false, wording .. "\n  nothing was raised" end
  return raised_as(expected, raised), wording .. shown(raised), raised
end)

register("error_matches error_match errors_match errors_matches", 2, function(negated, body, pattern, init, plain)
  local ok, raised = pcall(body)
  local wording = ("expected %s error that matches %s"):format(negated and "no" or "an", inspect(pattern))
  if ok then return false, wording .. "\n  nothing was raised" end
  return error_text(raised):find(pattern, init, plain) ~= nil, wording .. shown(raised), raised
end)

-- sys.X answers nil, message, errno; the message begins with the call, so a failure says which call answered what.
register("errno", 1, function(negated, expected, ...)
  local number = expected
  if type(expected) == "string" then
    local known, value = pcall(function() return ks.C[expected] end)
    if not known or not value then misuse("%s", known and "no errno is named " .. expected or error_text(value)) end
    number = value
  end
  local named, name = pcall(ks.errno, number)
  local label = named and name or tostring(expected)
  local result, message, errno = ...
  local failed = result == nil and type(message) == "string" and math.type(errno) == "integer"
  local results = table.pack(...)
  for index = 1, results.n do results[index] = inspect(results[index]) end
  local answer = failed and message or results.n == 0 and "nothing" or "success, with " .. table.concat(results, ", ")
  local wording = negated and "expected anything but " or "expected "
  return failed and errno == number, wording .. label .. "\n  answered: " .. answer
end)

-- ---- the words ----------------------------------------------------------------------------------------------------

local modifiers = { ["not"] = "negates", no = "negates" }
for word in ("is are was were has have does do be been a an the to"):gmatch "%a+" do modifiers[word] = "for the ear" end

-- How many single letters apart two names are.
local function distance(one, other)
  local row = {}
  for column = 0, #other do row[column] = column end
  for index = 1, #one do
    local diagonal = row[0]
    row[0] = index
    for column = 1, #other do
      local cost = one:byte(index) == other:byte(column) and 0 or 1
      diagonal, row[column] = row[column], math.min(row[column] + 1, row[column - 1] + 1, diagonal + cost)
    end
  end
  return row[#other]
end

local absent = { spy = true, stub = true, mock = true, snapshot = true, register = true, unregister = true }

local function complain_unknown(name, written)
  if absent[name:match "^%a*"] then
    misuse("assert.%s is not offered here: use a plain function, and let it record its calls", written)
  end
  local candidates, best, best_distance = {}, nil, math.max(2, #name // 3) + 1
  for candidate in pairs(registered) do candidates[#candidates + 1] = candidate end
  table.sort(candidates)
  for _, candidate in ipairs(candidates) do
    local apart = distance(name, candidate)
    if apart < best_distance then best, best_distance = candidate, apart end
  end
  misuse("there is no assertion assert.%s%s", written, best and "; did you mean assert." .. best .. "?" or "")
end

local function resolve(words)
  local negated, first = false, 1
  while modifiers[words[first]] do
    if modifiers[words[first]] == "negates" then negated = not negated end
    first = first + 1
  end
  local name = table.concat(words, "_", first)
  return registered[name] or complain_unknown(name, table.concat(words, "_")), negated, name
end

local function call(words, message, ...)
  local assertion, negated, name = resolve(words)
  local given, operands, takes_function = select("#", ...), assertion.operands, name:find "^error"
  if given < operands and operands > 1 then misuse("assert.%s takes %d values, got %d", name, operands, given) end
  local kind = type((...))
  if takes_function and kind ~= "function" and kind ~= "table" then
    misuse("assert.%s takes a function to call, got %s", name, kind)
  end
  local results = table.pack(assertion.check(negated, ...))
  if results[1] == negated then
    -- The operand too many; but errno's are results, and the others' select what to compare.
    local takes_message = not (takes_function or name == "errno" or name:find "^match")
    if message == nil and takes_message then message = (select(operands + 1, ...)) end
    fail(results[2], message)
  end
  if results.n > 2 then return table.unpack(results, 3, results.n) end
  return ...
end

local chain -- forward: words follow words

local function extend(words, message, key)
  local longer = table.move(words, 1, #words, 1, {})
  for word in tostring(key):lower():gmatch "[^_]+" do longer[#longer + 1] = word end
  return chain(longer, message)
end

function chain(words, message)
  return setmetatable({}, {
    __index = function(_, key) return extend(words, message, key) end,
    __call = function(_, ...)
      if words[1] == "message" and not words[2] then return chain({}, (...)) end -- assert.message("why").is_true(v)
      return call(words, message, ...)
    end,
  })
end

assertions.failure = Failure -- its instances have .message, .where and .assertion == true
assertions.chunk = own_chunk -- whose frames a traceback leaves out

return setmetatable(assertions, {
  __index = function(_, key) return extend({}, nil, key) end,
  __call = function(_, ...)
    if select("#", ...) == 0 then error("bad argument #1 to 'assert' (value expected)", 2) end
    local value, message = ...
    if value then return ... end
    -- Lua's message carries no position; the specs' runner finds it from the stack.
    if select("#", ...) == 1 then message = "assertion failed!" end
    error(message, 0)
  end,
})
