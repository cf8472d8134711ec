-- Specs in busted's words: describe, it, pending, before_each, ..., #tags.
--
-- The runner loads a spec file once to list its cases, and once more in a fresh kernel and Lua state for each case it
-- runs. So every state runs one case, a block's setup runs before each of its cases (lazy or strict is the same), and
-- insulate and expose, which keep busted's files apart, mean describe.
local ks = ...
local inspect, assertions = ks.inspect, ks.assertions
local own_chunks = { debug.getinfo(1, "S"), assertions.chunk } -- their frames are not shown

local spec = {}
local current -- the block whose body is being collected; nil while a case runs
local running -- the case being run, as { finally = { functions } }; nil while collecting
local cases, file_name

local Skip = { __name = "pending", __tostring = function(skip) return "pending: " .. skip.message end }

local function file_of(info) return (info.source:gsub("^[@=]", "")) end

local function is_own(info) return info.source == own_chunks[1].source or info.source == own_chunks[2].source end

-- Tags are the #words of the full name, as busted has them.
local function tags_of(name)
  local tags = {}
  for tag in (" " .. name):gmatch "%s#([%w_%-]+)" do tags[#tags + 1] = tag end
  return tags
end

-- ---- the words of a spec file ---------------------------------------------------------------------------------------

local words = {}

local function collecting(word)
  if running then error(word .. " cannot be used inside a running test", 3) end
  if not current then error(word .. " can only be used in a spec file", 3) end
end

local function expect(word, position, value, kind)
  if type(value) ~= kind then
    error(("bad argument #%d to '%s' (%s expected, got %s)"):format(position, word, kind, type(value)), 3)
  end
end

local function full_name(block, name) return block.name == "" and name or block.name .. " " .. name end

local function new_block(parent, name)
  return { parent = parent, name = name, setup = {}, teardown = {}, before_each = {}, after_each = {} }
end

-- The stack as text, without the frames of this file, of assertions.lua and of what called the test.
local function traceback()
  local entries = {}
  for entry in debug.traceback("", 3):gmatch "\t([^\n]+)" do
    if entry:find("[C]: in function 'xpcall'", 1, true) then break end
    local shown = entry ~= "(...tail calls...)" and not entry:find("[C]: in function 'error'", 1, true)
    for _, chunk in ipairs(own_chunks) do
      if entry:sub(1, #chunk.short_src + 1) == chunk.short_src .. ":" then shown = false end
    end
    if shown then entries[#entries + 1] = entry end
  end
  return table.concat(entries, "\n")
end

-- What was raised, where, and by which way; the message handler, so that the stack still stands.
local function report(raised)
  local where, message
  if type(raised) == "string" then
    message = raised
  elseif type(raised) == "table" and type(rawget(raised, "message")) == "string" then
    message, where = rawget(raised, "message"), rawget(raised, "where")
  else
    local readable, place = pcall(function() return raised.where end) -- must.X raises objects that know their place
    where = readable and type(place) == "string" and place or nil
    message = inspect(raised)
  end
  -- An error without a position is placed at the innermost line of the spec file that led to it.
  local level, nearest = 2, nil
  while true do
    local info = debug.getinfo(level, "Sl")
    if not info then break end
    if info.currentline > 0 and not is_own(info) then
      local place, prefix = file_of(info) .. ":" .. info.currentline, info.short_src .. ":" .. info.currentline .. ": "
      if not where and message:sub(1, #prefix) == prefix then
        where, message = place, message:sub(#prefix + 1)
      end
      if not nearest and file_of(info) == file_name then nearest = place end
    end
    level = level + 1
  end
  local skipped = getmetatable(raised) == Skip
  return { skipped = skipped, message = message, where = where or nearest, traceback = traceback() }
end

local function add_error(failure)
  local line = failure.where and failure.where:match ":(%d+)$"
  cases[#cases + 1] = { name = file_name, file = file_name, line = tonumber(line) or 1, tags = {}, covers = {},
    pending = false, failure = failure }
end

local function describe(name, body)
  collecting "describe"
  expect("describe", 1, name, "string")
  expect("describe", 2, body, "function")
  local parent = current
  current = new_block(parent, full_name(parent, name))
  local ok, failure = xpcall(body, report)
  current = parent
  -- The other blocks are still collected: one mistake should not hide what the rest of the file holds.
  if not ok then add_error(failure) end
end

-- The lines of the file where the call stack stands from a level on, up to the block that they are in.
local function callers(level)
  local lines = {}
  while true do
    local info = debug.getinfo(level, "Sl")
    if not info or file_of(info) ~= file_name then return lines end
    lines[#lines + 1], level = info.currentline, level + 1
  end
end

local function add_case(name, body, reason)
  local whole, line = full_name(current, name), debug.getinfo(3, "l").currentline
  cases[#cases + 1] = { name = whole, file = file_name, line = line, callers = callers(5), tags = tags_of(whole),
    covers = {}, pending = body == nil or reason ~= nil, reason = reason, block = current, body = body }
end

local function it(name, body)
  collecting "it"
  expect("it", 1, name, "string")
  if body ~= nil then expect("it", 2, body, "function") end
  add_case(name, body)
end

for _, word in ipairs { "describe", "context", "insulate", "expose" } do words[word] = describe end
for _, word in ipairs { "it", "spec", "test" } do words[word] = it end

-- A declaration among the cases; inside a running one, the end of it.
function words.pending(name, body)
  if running then error(setmetatable({ message = tostring(name or "pending") }, Skip), 0) end
  collecting "pending"
  expect("pending", 1, name, "string")
  add_case(name, body, "")
end

for _, kind in ipairs { "setup", "teardown", "before_each", "after_each" } do
  local function add(body)
    collecting(kind)
    expect(kind, 1, body, "function")
    table.insert(current[kind], body)
  end
  words[kind] = add
  if kind:find "^[st]e" then words["lazy_" .. kind], words["strict_" .. kind] = add, add end
end

function words.finally(body)
  if not running then error("finally can only be used inside a running test", 2) end
  expect("finally", 1, body, "function")
  table.insert(running.finally, body)
end

-- Words of busted that are not offered say so where they are used, not "attempt to index a nil value".
local cures = {
  spy = "use a plain function, and let it record its calls",
  stub = "use a plain function in its place",
  mock = "the kernel is emulated: ks.put, ks.inject and ks.program set up what the code under test meets",
  match = "use assert.matches(pattern, text) or assert.same",
  randomize = "use kscript test --shuffle",
  async = "calls block by themselves: write the test as it reads",
}
for word, cure in pairs(cures) do
  local function refuse() error(("%s is not offered here; %s"):format(word, cure), 2) end
  words[word] = setmetatable({}, { __index = refuse, __call = refuse })
end

words.assert = assertions
spec.environment = words

-- ---- collecting -----------------------------------------------------------------------------------------------------

-- Whether each word holds a dot, as ids do.
local function are_ids(words)
  for word in words:gmatch "[^%s,]+" do
    if not word:find(".", 1, true) then return false end
  end
  return true
end

-- `-- covers: id id` lines, by line number, and which lines are nothing but a comment.
-- The ids may go on in the comments below.
local function scan(source)
  local covers, comments, number, continues = {}, {}, 0, false
  for line in (source .. "\n"):gmatch "([^\n]*)\n" do
    number = number + 1
    local comment = line:match "^%s*%-%-+%s*(.-)%s*$"
    comments[number] = comment ~= nil
    local ids = comment and comment:match "^covers:%s*(.*)$" or continues and comment
    continues = ids and are_ids(ids)
    if comment and (continues or comment:find "^covers:") then covers[number] = ids end
  end
  return covers, comments
end

-- A case covers what the comments directly above its `it` and those in its body say, and those above the call of a
-- function of the file that made it. The body may stand elsewhere in
-- the file, as a local function that several cases share.
local function attach_covers(source)
  local covers, comments = scan(source)
  for _, case in ipairs(cases) do
    local taken = {}
    local function take(first, last)
      for number = first, last do
        local ids = not taken[number] and covers[number] or ""
        for id in ids:gmatch "[^%s,]+" do table.insert(case.covers, id) end
        taken[number] = true
      end
    end
    for _, line in ipairs(case.failure and {} or { case.line, table.unpack(case.callers) }) do
      local first = line
      while comments[first - 1] do first = first - 1 end
      take(first, line)
    end
    local info = case.body and debug.getinfo(case.body, "S")
    if info and file_of(info) == file_name then take(info.linedefined, info.lastlinedefined) end
  end
end

-- Runs the file's chunk and lists its cases in the order of declaration. In place of a chunk that does not load, takes
-- load's message. What goes wrong is a case too, named after the file: running it fails.
function spec.collect(chunk, file, source)
  cases, file_name, running = {}, file, nil
  current = new_block(nil, "")
  if type(chunk) == "function" then
    local ok, failure = xpcall(chunk, report)
    if not ok then add_error(failure) end
  else
    local line, message = tostring(chunk):match "^[^\n]-:(%d+): (.*)$"
    add_error { message = message or tostring(chunk), where = line and file .. ":" .. line, traceback = "" }
  end
  current = nil
  if source then attach_covers(source) end
  return cases
end

-- ---- running --------------------------------------------------------------------------------------------------------

function spec.run(case)
  local here = case.file .. ":" .. case.line
  local function failed(why)
    return { status = "failed", message = why.message, traceback = why.traceback, where = why.where or here }
  end
  if case.failure then return failed(case.failure) end
  if case.pending then return { status = "skipped", message = case.reason or "", where = here } end

  local blocks, block = {}, case.block
  while block do
    table.insert(blocks, 1, block)
    block = block.parent
  end

  local failure, skip
  -- Calls each function, and stops at the first that fails. The first failure of all is the result; later ones, of the
  -- hooks that clean up, are added to it.
  local function attempt(functions, what)
    for _, body in ipairs(functions) do
      local ok, raised = xpcall(body, report)
      if not ok and raised.skipped then
        skip = skip or raised
        return false
      elseif not ok then
        if failure then
          failure.message = ("%s\nthen %s failed: %s"):format(failure.message, what, raised.message)
        else
          failure = raised
        end
        return false
      end
    end
    return true
  end

  running = { finally = {} }
  local set_up, prepared, going = 0, 0, true -- how many blocks must be torn down
  for index, each in ipairs(blocks) do
    if going then set_up, going = index, attempt(each.setup, "setup") end
  end
  for index, each in ipairs(blocks) do
    if going then prepared, going = index, attempt(each.before_each, "before_each") end
  end
  if going then attempt({ case.body }, "the test") end
  for index = #running.finally, 1, -1 do attempt({ running.finally[index] }, "finally") end
  for index = prepared, 1, -1 do attempt(blocks[index].after_each, "after_each") end
  for index = set_up, 1, -1 do attempt(blocks[index].teardown, "teardown") end
  running = nil

  if failure then return failed(failure) end
  if skip then return { status = "skipped", message = skip.message, where = skip.where or here } end
  return { status = "passed", where = here }
end

return spec
