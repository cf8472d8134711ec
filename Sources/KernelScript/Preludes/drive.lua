-- Programs, and kernels that a script drives: ks.program, ks.new, ks.diff. Loaded when the first of them is used, with
-- the core functions, the values, the kscript module and what world.lua has kept for programs.
local core, values, ks, world = ...
local drive = {}
local query = core.query
local environments = world.environments()

-- ---- programs -------------------------------------------------------------------------------------------------------

local programs = {} -- by name: the precompiled form
values.programs = programs

function drive.program(name, fn)
  if type(name) ~= "string" then error(("a program's name is a string, not a %s"):format(type(name)), 2) end
  if type(fn) ~= "function" then error(("a program is a function, not a %s"):format(type(fn)), 2) end
  local known, form, captured = pcall(core.dump, fn)
  if not known then error("a program is a function written in Lua", 2) end
  if not form then
    error(("program %q captures the local variable%s %s: hand it over as an argument, or require it inside"):format(
      name, captured:find "," and "s" or "", captured), 2)
  end
  if programs[name] and programs[name] ~= form then error(("there is another program %q already"):format(name), 2) end
  programs[name] = form
end

local function strings(list)
  local result = {}
  for string in list:gmatch "([^\0]*)\0" do result[#result + 1] = string end
  return result
end

-- The body of a task that has called execve. `image` is Lua text, or the name of a program.
function drive.begin(is_registered, image, path, environment, arguments)
  local variables = {}
  for _, entry in ipairs(strings(environment)) do
    local name, value = entry:match "^([^=]+)=(.*)$"
    if name and not variables[name] then variables[name] = value end
  end
  local list = strings(arguments)
  return environments.run {
    name = table.remove(list, 1), arguments = list, environment = variables,
    seeds = function() return environments.program_seeds(query "seed" * 31 + query "task_id") end,
    load = function(env)
      if is_registered then return core.load_program(programs[image], env) end
      -- A first line for other interpreters, as lua(1) skips it.
      local body, message = load(image:gsub("^#[^\n]*", ""), "@" .. path, "t", env)
      if not body then error(message, 0) end
      return body
    end,
  }
end

-- ---- kernels --------------------------------------------------------------------------------------------------------

local methods, properties = {}, {}
local numbers = {} -- of each kernel: what the machine knows it by
local Kernel = { __name = "kernel" }

local function number_of(kernel)
  return numbers[kernel] or error("a kernel's method is called with a colon: k:run()", 3)
end

local function names_of(...)
  local names = {}
  for _, source in ipairs { ... } do
    for name in next, source do names[#names + 1] = name end
  end
  return names
end

function Kernel.__index(kernel, key)
  if methods[key] then return methods[key] end
  if properties[key] then return properties[key](numbers[kernel], kernel) end
  local nearest = values.suggestion(tostring(key), names_of(methods, properties))
  error(("a kernel has no %s%s"):format(tostring(key), nearest), 2)
end

function Kernel.__newindex() error("a kernel's fields are for reading", 2) end
function Kernel.__close(kernel) kernel:close() end

function Kernel.__tostring(kernel)
  local number = numbers[kernel]
  if not pcall(query, "driven_now", number) then return "kernel (closed)" end
  return ("kernel (seed %d, policy %s, virtual %.3f s)"):format(
    query("driven_seed", number), query("driven_policy", number), query("driven_now", number))
end

function properties.now(number) return query("driven_now", number) end
function properties.hash(number) return query("driven_hash", number) end
function properties.stdout(number) return query("driven_stdout", number) end
function properties.stderr(number) return query("driven_stderr", number) end
function properties.seed(number) return query("driven_seed", number) end
function properties.policy(number) return query("driven_policy", number) end

function properties.errors(number)
  local list = {}
  repeat
    local message = query("driven_error", number, #list + 1)
    list[#list + 1] = message
  until not message
  return list
end

function properties.tasks(number)
  return setmetatable({}, {
    __index = function(_, pid) return math.type(pid) == "integer" and values.ask("driven_task", number, pid) or nil end,
    __pairs = function(tasks)
      local pids, position = {}, 0
      for pid in query("driven_pids", number):gmatch "%d+" do pids[#pids + 1] = math.tointeger(pid) end
      return function()
        position = position + 1
        if pids[position] then return pids[position], tasks[pids[position]] end
      end
    end,
    __newindex = function() error("tasks are for reading; k:spawn starts one", 2) end,
    __name = "tasks",
  })
end

function properties.ipc()
  error("k.ipc is not built yet: tasks of the kernel, and k.init, look at its objects by msgctl and kin", 2)
end

local not_for_init = {
  exit = "the idle task 1 does not end; k:close() ends the kernel",
  exit_group = "the idle task 1 does not end; k:close() ends the kernel",
  execve = "the idle task 1 runs no program; k:spawn starts one",
}

local function view_of_init(number, is_must)
  return setmetatable({}, {
    __index = function(calls, name)
      if not_for_init[name] then error(not_for_init[name], 2) end
      local call = type(name) == "string" and core.bind_init(name, is_must, number)
      if not call then -- the driver's own view says what is wrong
        local _, message = pcall(function() return ks.sys[name] end)
        error((message:gsub("^kscript:drive:%d+: ", "")), 2)
      end
      rawset(calls, name, call)
      return call
    end,
    __newindex = function() error("the calls cannot be changed; use a table of your own", 2) end,
    __name = is_must and "must" or "sys",
  })
end

local inits = {} -- by number

function properties.init(number)
  local init = inits[number]
  if not init then
    init = { sys = view_of_init(number, false), must = view_of_init(number, true) }
    inits[number] = init
  end
  return init
end

-- A function of this script, or a program by its name, as a new child of task 1.
function methods.spawn(kernel, what, ...)
  local number, arguments = number_of(kernel), table.pack(...)
  for position = 1, arguments.n do
    if type(arguments[position]) ~= "string" then
      error(("argument #%d is a %s; tasks are started with strings, as by exec: use tostring"):format(
        position, type(arguments[position])), 2)
    end
  end
  local body = what
  if type(what) == "string" then
    if not programs[what] then
      error(("there is no program %q%s"):format(what, values.suggestion(what, names_of(programs))), 2)
    end
    local form = programs[what]
    body = function(...)
      local seed = query("driven_seed", number) * 31 + query "task_id"
      return environments.run {
        name = what, arguments = { ... }, load = function(env) return core.load_program(form, env) end,
        seeds = function() return environments.program_seeds(seed) end,
      }
    end
  elseif type(what) ~= "function" then
    error(("k:spawn takes a function or a program's name, not a %s"):format(type(what)), 2)
  end
  local pid, message = kernel.init.sys.fork(function()
    local status = body(table.unpack(arguments, 1, arguments.n))
    return status
  end)
  if not pid then error(message, 2) end
  return pid
end

-- How a run ended, in words: an error in a task comes before what it led to.
local function ending(number, status)
  local failure = query("driven_new_error", number)
  if failure then return "error", failure end
  if status == "deadlock" then return status, query("driven_deadlock", number) end
  return status
end

local function check_steps(steps, name)
  if steps ~= nil and (math.type(steps) ~= "integer" or steps < 0) then
    error(("%s takes a number of steps"):format(name), 3)
  end
end

-- Runs until all spawned tasks have ended; or, with a number, until that many task steps are done.
function methods.run(kernel, steps)
  local number = number_of(kernel)
  check_steps(steps, "k:run")
  local status = query("driven_run", number, steps):match "%a+"
  if status == "steps" then status = "limit" end
  if status == "limit" and steps then return status, ("the limit of %d steps is reached"):format(steps) end
  return ending(number, status)
end

-- Task steps: a task goes on until it waits, is preempted or ends. Returns how many were done, and why not all.
function methods.step(kernel, steps)
  local number = number_of(kernel)
  check_steps(steps, "k:step")
  local status, done = query("driven_run", number, steps or 1):match "(%a+) (%d+)"
  if status == "steps" then return math.tointeger(done) end
  return math.tointeger(done), ending(number, status)
end

-- Runs until f(k) is true. It is asked before each step, and when the clock has moved to what happens next but before
-- that happens: so what is waited for is found as early as it is true.
function methods.run_until(kernel, f)
  local number = number_of(kernel)
  if type(f) ~= "function" then error(("k:run_until takes a function, not a %s"):format(type(f)), 2) end
  while true do
    if f(kernel) then return true end
    local before = query("driven_now", number)
    local status = query("driven_pick", number)
    if status ~= "picked" then return false, ending(number, status) end
    if query("driven_now", number) ~= before and f(kernel) then return true end
    query("driven_run", number, 1)
  end
end

function methods.put(kernel, path, bytes)
  if type(path) ~= "string" or type(bytes) ~= "string" then error("k:put takes a path and bytes", 2) end
  local failure = query("driven_put", number_of(kernel), path, bytes)
  if failure then error(("k:put(%q): %s"):format(path, failure), 2) end
end

function methods.get(kernel, path)
  if type(path) ~= "string" then error("k:get takes a path", 2) end
  return query("driven_get", number_of(kernel), path)
end

function methods.snapshot() error("k:snapshot comes with checkpoints", 2) end
function methods.checkpoint() error("k:checkpoint comes with checkpoints", 2) end

function methods.close(kernel)
  local number = number_of(kernel)
  if query("driven_close", number) == 0 then error("a kernel cannot be closed while it runs", 2) end
  inits[number] = nil
end

local options = { seed = "integer", policy = "string", files = "table", env = "table" }

local function check_options(given)
  if type(given) ~= "table" then error(("ks.new takes a table, not a %s"):format(type(given)), 3) end
  for key, value in next, given do
    local wanted = options[key]
    if not wanted then
      error(("ks.new has no option %s%s"):format(tostring(key), values.suggestion(tostring(key), names_of(options))), 3)
    end
    local kind = wanted == "integer" and math.type(value) or type(value)
    if kind ~= wanted then error(("option %s of ks.new is %s %s, not %s"):format(
      key, wanted == "integer" and "an" or "a", wanted, tostring(kind or type(value))), 3) end
  end
end

-- The entries of a table of strings, in the order of their names.
local function sorted(entries, what)
  local list = {}
  for name, value in next, entries do
    if type(name) ~= "string" or type(value) ~= "string" then
      error(("%s of ks.new are strings by name"):format(what), 3)
    end
    list[#list + 1] = { name, value }
  end
  table.sort(list, function(a, b) return a[1] < b[1] end)
  return list
end

function drive.new(given)
  given = given or {}
  check_options(given)
  local environment = {}
  for _, entry in ipairs(sorted(given.env or {}, "variables")) do
    if (entry[1] .. entry[2]):find "\0" or entry[1]:find "=" then
      error(("%q cannot be a variable"):format(entry[1]), 2)
    end
    environment[#environment + 1] = entry[1] .. "=" .. entry[2] .. "\0"
  end
  local files = sorted(given.files or {}, "files")
  world.is_driving = true
  local number = query("driven_new", given.seed, given.policy, table.concat(environment))
  if not number then error(("policy %q is none: fifo, random or pct:N"):format(given.policy), 2) end
  local kernel = setmetatable({}, Kernel)
  numbers[kernel] = number
  for _, file in ipairs(files) do
    for directory in file[1]:gmatch "()/" do
      if directory > 1 then kernel.init.sys.mkdir(file[1]:sub(1, directory - 1), "0755") end
    end
    local failure = query("driven_put", number, file[1], file[2])
    if failure then
      kernel:close()
      error(("files[%q]: %s"):format(file[1], failure), 2)
    end
  end
  return kernel
end

-- ---- differences ----------------------------------------------------------------------------------------------------

local function show(value)
  if type(value) == "string" then return ("%q"):format(#value > 60 and value:sub(1, 60) .. "..." or value) end
  return core.tostring(value)
end

local function compare(a, b, path, lines, seen)
  if rawequal(a, b) or a ~= a and b ~= b then return end
  if type(a) ~= "table" or type(b) ~= "table" then
    if a ~= b then lines[#lines + 1] = ("%s: %s, %s"):format(path == "" and "value" or path, show(a), show(b)) end
    return
  end
  if seen[a] == b then return end
  seen[a] = b
  local function field(key)
    if type(key) == "string" and key:find "^[%a_][%w_]*$" then return path == "" and key or path .. "." .. key end
    return ("%s[%s]"):format(path, show(key))
  end
  for key, value in next, a do compare(value, b[key], field(key), lines, seen) end
  for key, value in next, b do
    if a[key] == nil then compare(nil, value, field(key), lines, seen) end
  end
end

local function state_of(kernel)
  local state = { now = kernel.now, stdout = kernel.stdout, stderr = kernel.stderr, errors = kernel.errors, tasks = {} }
  for pid, task in pairs(kernel.tasks) do state.tasks[pid] = task end
  state.history = kernel.hash
  return state
end

-- Where two tables, or two kernels, differ: a line for each place, with both values; "" where they do not.
function drive.diff(a, b)
  local lines = {}
  if numbers[a] and numbers[b] then a, b = state_of(a), state_of(b) end
  if type(a) ~= "table" or type(b) ~= "table" then error("ks.diff takes two tables or two kernels", 2) end
  compare(a, b, "", lines, {})
  return table.concat(lines, "\n")
end

return drive
