-- A process as fork() without a function knows it: a Lua state that can be had once more.
--
-- Lua cannot copy a running function, but a script does the same again when all that it asks is answered as before. So
-- what the posix modules, io and os were answered is kept; and the child of fork() runs the script from its start, in
-- globals of its own, is given those answers without any call being made, and finds 0 where the last of them was the
-- parent's fork(). Its variables are then what the parent's are, and no one else's.
--
-- Loaded when the first posix module is, with the core functions, the kscript module and what world.lua has kept.
local core, ks, world = ...
local query = core.query
local environments = world.environments()

local MOST_ANSWERS, MOST_BYTES = 100000, 64 << 20

local every_signal = {}
for signal = 1, 64 do every_signal[signal] = signal end

-- ---- handlers of signals --------------------------------------------------------------------------------------------

-- The kernel knows handlers by number, and a child has its parent's: the function behind a number finds out whose
-- handler is to run.
local registered = {} -- by kernel, then by task: the process
local dispatchers, dispatched = {}, {}

local function here()
  local kernel = core.handlers()
  registered[kernel] = registered[kernel] or {}
  return registered[kernel]
end

local function dispatcher(number)
  if not dispatchers[number] then
    dispatchers[number] = function(signal)
      local process = here()[query "task_id"] or here().first -- a task of fork(function() ... end) has none of its own
      return process.handle(number, signal)
    end
    dispatched[dispatchers[number]] = number
  end
  return dispatchers[number]
end

-- ---- processes ------------------------------------------------------------------------------------------------------

-- `root` is what it runs, `own` its kscript module, `past` the answers to be given again, and `mask` the signals that
-- are blocked once that is done; nil for what is no child.
local function new_process(root, own, past, mask)
  local process, refusal = {}, root.refusal
  local answers, bytes = past or {}, 0
  local position = past and 1 -- of the next answer to be given again
  local handlers, numbers = {}, {}
  local owner = query "task_id"
  local raw = setmetatable({}, { __index = function(_, name) return core.bind(name, false) end })

  -- From here on fork() without a function is refused.
  function process.share(why)
    refusal = refusal or why
    answers = not position and {} or answers
  end

  local function keep(name, ...)
    if refusal then return ... end
    local answer = table.pack(name, ...)
    for index = 2, answer.n do
      if type(answer[index]) == "string" then bytes = bytes + #answer[index] end
    end
    answers[#answers + 1] = answer
    if #answers > MOST_ANSWERS or bytes > MOST_BYTES then
      process.share(("this script has been given more than %d answers or %d MiB, too much to go through again"):format(
        MOST_ANSWERS, MOST_BYTES >> 20))
    end
    return ...
  end

  local function again(name)
    local answer
    repeat
      answer, position = answers[position] or { "nothing" }, position + 1
      local is_handler = answer[1] == "handler"
      if is_handler then handlers[answer[2]](answer[3]) end
    until not is_handler
    if answer[1] ~= name then
      error(("the child of fork() went another way than its parent: it asks for %s where that asked for %s"):format(
        name, answer[1]), 0)
    end
    if position > #answers then position = nil end
    return table.unpack(answer, 2, answer.n)
  end

  -- Returns what a function answers, or has answered before.
  local function answer_of(name, f, ...)
    if position then return again(name) end
    return keep(name, f(...))
  end

  function process.handle(number, signal)
    if not refusal then answers[#answers + 1] = { "handler", number, signal } end
    return handlers[number](signal)
  end

  local function sigaction(signal, action)
    local handler = type(action) == "table" and action.handler
    if type(handler) == "function" then
      if not numbers[handler] then
        handlers[#handlers + 1] = handler
        numbers[handler] = #handlers
      end
      action = { handler = dispatcher(numbers[handler]), flags = action.flags, mask = action.mask }
    end
    local former, message, errno = answer_of("sigaction", function()
      local former, message, errno = raw.sigaction(signal, action)
      return dispatched[former] or former, message, errno
    end)
    return handlers[former] or former, message, errno
  end

  process.sys = setmetatable({ sigaction = sigaction }, {
    __index = function(calls, name)
      local call = raw[name] or error(("there is no call %s"):format(tostring(name)), 2)
      rawset(calls, name, name == "fork" and call or function(...) return answer_of(name, call, ...) end)
      return calls[name]
    end,
  })

  -- Of the variables that the process has not set itself.
  function process.environment_names() return root.environment and "" or query "environment_names" end

  -- Returns what fork(2) does; or nil and why this process cannot be had twice.
  local function unblock(signals) raw.sigprocmask("SIG_SETMASK", signals) end

  function process.fork()
    if position then
      local pid, message, errno = again "fork"
      if handlers[1] then answer_of("signals", unblock, mask) end
      return pid, message, errno
    end
    local why = query "task_id" ~= owner and "this task runs a function that fork was given"
      or root.is_main and world.is_driving and "this script drives kernels of its own" or refusal
    if why then
      return nil, why .. ", so no child can go through it again; a function can be forked: fork(function() ... end)"
    end
    local past = table.move(answers, 1, #answers, 1, {})
    past[#past + 1] = { "fork", 0, n = 2 }
    -- No handler runs in a child that is not there yet.
    local before = handlers[1] and raw.sigprocmask("SIG_SETMASK", every_signal)
    local pid, message, errno = raw.fork(function()
      local status = environments.run(root, function(env, module)
        world.start_process(env, module, root, past, before)
      end)
      return status
    end)
    keep("fork", pid, message, errno)
    if before then answer_of("signals", unblock, before) end
    return pid, message, errno
  end

  -- From here on what is printed, or written to io.stdout (1) or io.stderr (2), goes to the script's own descriptor.
  local redirected = {}
  function process.redirect(descriptor) redirected[descriptor] = true end

  local console = own.console
  local function writer(descriptor, write)
    return function(text)
      if redirected[descriptor] then process.sys.write(descriptor, text) elseif not position then write(text) end
    end
  end

  -- What io, os and print stand on.
  process.libraries = setmetatable({
    sys = process.sys,
    now = function() return answer_of("now", query, "now") end,
    console = {
      write = writer(1, console.write),
      error_write = writer(2, console.error_write),
      read = function(count) return process.sys.read(0, count or 4096) end,
    },
  }, { __index = own })
  function process.is_repeating() return position ~= nil end

  here()[owner], here().first = process, here().first or process
  return process
end

-- ---- where they are found -------------------------------------------------------------------------------------------

local function main_root()
  local name, text = query "main":match "^([^\n]*)\n(.*)$"
  local arguments = {}
  while query("main_argument", #arguments) do arguments[#arguments + 1] = query("main_argument", #arguments) end
  return {
    name = name, arguments = arguments, is_main = true,
    refusal = name == "" and "this is no script that runs from its start" or nil,
    seeds = function() return environments.script_seeds(query "seed") end,
    load = function(env) return assert(load(text, "@" .. name, "t", env)) end,
  }
end

-- Calls by sys and must themselves are answered to nobody else: a process that makes some cannot be had twice.
local function watch(own, process)
  for name, view in next, { sys = own.sys, must = own.must } do
    local former = world.views[name]
    local used = next(view)
    if used then process.share(("this script calls %s.%s itself"):format(name, used)) end
    for key in next, view do view[key] = nil end
    local watching = { __name = former.__name, __newindex = former.__newindex }
    function watching.__index(calls, key)
      process.share(("this script calls %s.%s itself"):format(name, key))
      if not process.is_repeating() then return former.__index(calls, key) end
      return function() error(("a child of fork() cannot go through %s.%s again"):format(name, key), 2) end
    end
    setmetatable(view, watching)
  end
end

-- Those of Lua's libraries that the script has not touched yet, and print.
local function replace_libraries(env, process)
  function env.print(...)
    local parts = table.pack(...)
    for position = 1, parts.n do parts[position] = core.tostring(parts[position]) end
    process.libraries.console.write(table.concat(parts, "\t") .. "\n")
  end
  for _, name in ipairs { "io", "os" } do
    local placeholder = env.package.loaded[name]
    if getmetatable(placeholder) then
      setmetatable(placeholder, getmetatable(world.lazily(name, env, name, process.libraries)))
    end
  end
end

-- What else scripts ask kscript: what changes the world has been done by the parent, and what tells of it is not known.
local function guard(own, process)
  own.console = process.libraries.console
  for name, is_silent in next, { settle = true, put = true, sometimes = true, now = false, task = false, get = false,
    stats = false, buffer = false, at = false, new = false, program = false } do
    local original = own[name]
    own[name] = function(...)
      if not process.is_repeating() then return original(...) end
      if not is_silent then error(("a child of fork() cannot go through ks.%s again"):format(name), 2) end
    end
  end
  -- For specs: a child that comes to the end of a case has only its failures to tell.
  function own.report(_, status, message)
    if status == "failed" then error(message, 0) end
  end
  function own.leaks() end
end

local made = {} -- by globals; the main script's are its own

local function add(env, own, process)
  made[env] = process
  watch(own, process)
  replace_libraries(env, process)
end

function world.start_process(env, own, root, past, mask)
  local process = new_process(root, own, past, mask)
  guard(own, process)
  add(env, own, process)
end

local function found_in(env)
  if not env then return main_root(), ks end
  local started = environments.started[env]
  if started then return started.root, started.ks end
  return { refusal = "this program is none that can be started again" }, env.package.loaded.kscript
end

return function(env)
  local key = env or _ENV
  if not made[key] then
    local root, own = found_in(env)
    add(key, own, new_process(root, own))
  end
  return made[key]
end
