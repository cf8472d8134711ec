-- Lines of an interactive session: how they are compiled, run as task 1 and shown, and what completes them. Called with
-- the core functions; returns what the machine calls.
--
-- A chunk's locals end with it, so the `local` of the outermost level is taken away before a line is compiled, and the
-- names live in a table in front of the globals: later lines, and functions made by earlier ones, see them.
local core = ...
local ks = core.loaded.kscript
local session = {}

-- ---- locals that outlive their line ---------------------------------------------------------------------------------

local locals, is_local = {}, {}

local environment = setmetatable({}, {
  __index = function(_, name)
    if is_local[name] then return locals[name] end
    return _G[name]
  end,
  __newindex = function(_, name, value)
    if is_local[name] then locals[name] = value else _G[name] = value end
  end,
})

local function keep(name, value)
  is_local[name] = true
  locals[name] = value
end

keep("ks", ks)
keep("sys", ks.sys)
keep("must", ks.must)
keep("C", ks.C)
keep("k", ks.kernel)
keep("_", nil)

-- Iterates over the tokens of a text as kind, first, last; kinds are "name", "symbol", "other" (strings, numbers).
-- Comments are left out; what cannot be read is one more symbol, for the compiler to complain about.
local function tokens(text)
  local at = 1
  return function()
    while true do
      at = text:find("%S", at)
      if not at then return nil end
      local opening = text:match("^%-%-%[(=*)%[", at)
      if opening then
        local _, last = text:find("]" .. opening .. "]", at, true)
        at = (last or #text) + 1
      elseif text:find("^%-%-", at) then
        at = (text:find("\n", at, true) or #text) + 1
      else
        break
      end
    end
    local first, last, kind = at, nil, nil
    local level = text:match("^%[(=*)%[", at)
    local quote = text:match("^[\"']", at)
    if level then
      kind, last = "other", select(2, text:find("]" .. level .. "]", at, true)) or #text
    elseif quote then
      kind, last = "other", at
      repeat
        last = last + 1
        if text:sub(last, last) == "\\" then last = last + 2 end
      until last >= #text or text:sub(last, last) == quote
    elseif text:find("^[%a_]", at) then
      kind, last = "name", select(2, text:find("^[%w_]+", at))
    elseif text:find("^%.?%d", at) then
      kind, last = "other", select(2, text:find("^[%w.]+", at))
    else
      kind, last = "symbol", at
    end
    at = last + 1
    return kind, first, last
  end
end

local openers = { ["do"] = true, ["if"] = true, ["function"] = true, ["repeat"] = true }

-- The text without the outermost `local`, every character else where it was; and the names that were declared.
local function without_locals(text)
  local list, names, edits, depth = {}, {}, {}, 0
  for kind, first, last in tokens(text) do
    list[#list + 1] = { kind = kind, first = first, last = last, text = text:sub(first, last) }
  end
  local function is(position, wanted) return list[position] and list[position].text == wanted end
  local position = 1
  while list[position] do
    local token = list[position]
    local is_field = is(position - 1, ".") and not is(position - 2, ".")
      or is(position - 1, ":") and not is(position - 2, ":")
    if token.kind ~= "name" or is_field then
      -- no word of the language
    elseif openers[token.text] then
      depth = depth + 1
    elseif token.text == "end" or token.text == "until" then
      depth = depth - 1
    elseif token.text == "local" and depth == 0 then
      if is(position + 1, "function") then
        if list[position + 2] then names[#names + 1] = list[position + 2].text end
        edits[#edits + 1] = { token.first, token.last, "     " }
      else
        local found, attributes, closes, next_position = {}, {}, false, position + 1
        while list[next_position] and list[next_position].kind == "name" do
          found[#found + 1] = list[next_position].text
          local behind = list[next_position]
          next_position = next_position + 1
          if is(next_position, "<") and is(next_position + 2, ">") then
            closes = closes or is(next_position + 1, "close")
            behind = list[next_position + 2]
            attributes[#attributes + 1] = { list[next_position].first, behind.last }
            next_position = next_position + 3
          end
          found.last = behind.last
          if not is(next_position, ",") then break end
          next_position = next_position + 1
        end
        -- What is closed at the end of its block cannot outlive it.
        if #found > 0 and not closes then
          for _, name in ipairs(found) do names[#names + 1] = name end
          edits[#edits + 1] = { token.first, token.last, "     " }
          for _, range in ipairs(attributes) do
            edits[#edits + 1] = { range[1], range[2], (" "):rep(range[2] - range[1] + 1) }
          end
          if not is(next_position, "=") then edits[#edits + 1] = { found.last + 1, found.last, " = nil" } end
        end
      end
    end
    position = position + 1
  end
  for index = #edits, 1, -1 do
    local first, last, new = table.unpack(edits[index])
    text = text:sub(1, first - 1) .. new .. text:sub(last + 1)
  end
  return text, names
end

-- ---- compiling and running ------------------------------------------------------------------------------------------

-- The function of a line, or nil and the message. An expression is what it returns.
local function compile(text, name)
  local expression = text:match "^%s*=(.*)$" or text
  local chunk = load("return " .. expression .. "\n", name, "t", environment)
  if chunk then return chunk, {} end
  -- What is wrong is told of the line as it was typed.
  local original, message = load(text, name, "t", environment)
  if not original then return nil, message end
  local rewritten, names = without_locals(text)
  chunk, message = load(rewritten, name, "t", environment)
  if not chunk then return original, {} end
  return chunk, names
end

-- "" for a whole line, "incomplete" for the beginning of one, else what is wrong with it.
function session.check(text, name)
  local chunk, message = compile(text, name)
  if chunk then return "" end
  return message:find "<eof>'?$" and "incomplete" or message
end

-- Where the script's own code is in an error; what it throws with a text has told that already.
local function place_of(failure)
  if type(failure) == "string" then return nil end
  local where = type(failure) == "table" and rawget(failure, "where")
  local level, info = 3, debug.getinfo(3, "Sl")
  while not where and info do
    if info.currentline > 0 and not info.source:find "^=kscript:" then
      where = ("%s:%d"):format(info.short_src, info.currentline)
    end
    level = level + 1
    info = debug.getinfo(level, "Sl")
  end
  return where
end

local function handle(failure)
  local text = core.tostring(failure)
  local where = place_of(failure)
  if type(where) == "string" and text:sub(1, #where) ~= where then text = where .. ": " .. text end
  return text
end

-- Runs a line in the coroutine of task 1, tells the machine what came of it, and waits for ever:
-- the next line has a coroutine of its own.
function session.evaluate(text, name, ...)
  local chunk, names = compile(text, name)
  if not chunk then
    core.query("report", "line", "failed", names)
  else
    for _, declared in ipairs(names) do is_local[declared] = true end
    local results = table.pack(xpcall(chunk, handle, ...))
    if not results[1] then
      core.query("report", "line", "failed", results[2])
    else
      if results.n > 1 then keep("_", results[2]) end
      for position = 2, results.n do
        local ok, shown = pcall(ks.inspect, results[position])
        core.query(
          "report", "line", "result", ok and shown or "<a value that cannot be shown: " .. core.tostring(shown) .. ">")
      end
      core.query("report", "line", "finished")
    end
  end
  while true do core.query "line_wait" end
end

-- ---- completion -----------------------------------------------------------------------------------------------------

local function words(text)
  local list = {}
  for word in text:gmatch "%S+" do list[#list + 1] = word end
  return list
end

local buffer_methods = { "string", "set", "fill", "u8", "u16", "u32", "u64" }
local keywords = words [[
  and break do else elseif end false for function goto if in local nil not or repeat return then true until while]]

-- The fields that a value shows, without running anything of the script's.
local function fields(value)
  if value == ks.sys or value == ks.must then return words(core.query "calls") end
  if value == ks.C then return words(core.query "constants") end
  if core.buffer_parts(value) then return buffer_methods end
  if type(value) == "string" then value = string end
  local list = {}
  for _ = 1, 4 do
    if type(value) ~= "table" then break end
    for key in next, value do if type(key) == "string" then list[#list + 1] = key end end
    local metatable = getmetatable(value)
    value = type(metatable) == "table" and rawget(metatable, "__index") or nil
  end
  return list
end

local function lookup(path)
  local value
  for name in path:gmatch "[%a_][%w_]*" do
    if value == nil then
      value = is_local[name] and locals[name] or rawget(_G, name)
    elseif type(value) == "table" then
      value = rawget(value, name)
    else
      return nil
    end
    if value == nil then return nil end
  end
  return value
end

-- The candidates for the last word of a line: the word's start in bytes, then what could stand there, one a line.
function session.complete(line)
  local candidates, word, seen = {}, nil, {}
  local open = line:match "[\"']([%w_|]*)$"
  local quoted = open and select(2, line:gsub("[\"']", "")) % 2 == 1
  if quoted then
    word = open:match "[%w_]*$"
    candidates = words(core.query "constants")
  else
    local path, separator, field = line:match "([%a_][%w_.]*)([.:])([%w_]*)$"
    if path then
      word, candidates = field, fields(lookup(path))
    else
      word = line:match "[%a_][%w_]*$" or ""
      for name in next, is_local do candidates[#candidates + 1] = name end
      for name in next, _G do if type(name) == "string" then candidates[#candidates + 1] = name end end
      table.move(keywords, 1, #keywords, #candidates + 1, candidates)
    end
  end
  local found = {}
  for _, candidate in ipairs(candidates) do
    if candidate:sub(1, #word) == word and not seen[candidate] then
      seen[candidate] = true
      found[#found + 1] = candidate
    end
  end
  table.sort(found)
  return #line - #word .. "\n" .. table.concat(found, "\n")
end

return session
