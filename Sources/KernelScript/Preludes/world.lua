-- What scripts find as globals: Lua's io and os over the emulated world, loaded when first touched, and require for the
-- script's own modules. Called with the core functions, the values and the kscript module.
local core, values, ks = ...
local world = {} -- for drive.lua and its like

local function load_prelude(name, env)
  return assert(load(core.query("prelude", name), "=kscript:" .. name, "t", env or _ENV))
end

-- A prelude that most scripts never need; `env` are the globals of the program it is for, and `module` its kscript.
local function prelude(name, env, module) return load_prelude(name, env)(module or ks, core) end

local function lazily(name, owner, key, module)
  return setmetatable({}, {
    __index = function(placeholder, field)
      local module = prelude(name, owner, module)
      setmetatable(placeholder, nil)
      for other, value in pairs(module) do rawset(placeholder, other, value) end
      owner[key] = placeholder
      return placeholder[field]
    end,
  })
end

io = lazily("io", _G, "io")
os = lazily("os", _G, "os")
core.loaded.io, core.loaded.os = io, os

ks.environment = setmetatable({}, { __index = function(_, name) return core.query("environment", name) end })

for _, name in ipairs { "inspect", "assertions", "spec" } do
  local mt = getmetatable(ks) or {}
  local lazy = mt.lazy or {}
  lazy[name] = true
  mt.lazy = lazy
  mt.__index = function(self, key)
    if lazy[key] then
      local module = prelude(key, nil, self)
      rawset(self, key, module)
      return module
    end
    error(("ks has no %s"):format(tostring(key)), 2)
  end
  setmetatable(ks, mt)
end

local environments, process_of

function world.environments()
  environments = environments or load_prelude "environments" (core, ks, world)
  return environments
end

-- luaposix's modules, which stand before the script's own; and other modules, from the folder that the script lies in.
local function find_module(name, env)
  if name == "posix._process" then
    process_of = process_of or load_prelude "posix_process" (core, ks, world)
    return function() return process_of(env) end, ":kscript:"
  end
  local prelude_name = (name == "posix" or name:find "^posix%.") and name:gsub("%._?", "_")
  if prelude_name and core.query("prelude", prelude_name) then return load_prelude(prelude_name, env), ":kscript:" end
  local found = core.query("module", name)
  if not found then return ("no file for module '%s' beside the script"):format(name) end
  local path, text = found:match "^([^\n]*)\n(.*)$"
  local chunk, message = load((text:gsub("^#[^\n]*", "", 1)), "@" .. path, "t", env or _ENV)
  if not chunk then error(message, 0) end
  return chunk, path
end

core.set("ks.searcher", function(name) return find_module(name) end)

-- Programs and driven kernels.
local drive
for _, name in ipairs { "program", "new", "diff" } do
  ks[name] = function(...)
    drive = drive or load_prelude "drive" (core, values, ks, world)
    return drive[name](...)
  end
end

-- What a task does that runs a program from execve on; as in C, nothing of the old one is there.
core.set("ks.begin", function(...)
  drive = drive or load_prelude "drive" (core, values, ks, world)
  return drive.begin(...)
end)

-- What scripts find before any of them has changed it: from here programs get theirs.
world.lazily, world.find_module = lazily, find_module
world.views = { sys = getmetatable(ks.sys), must = getmetatable(ks.must) }
world.globals, world.libraries, world.ks = {}, {}, {}
for name, value in next, _G do
  if type(value) ~= "table" then world.globals[name] = value end
end
for _, name in ipairs { "coroutine", "debug", "package", "string", "table", "utf8" } do
  local library = {}
  for key, value in next, _G[name] do library[key] = value end
  world.libraries[name] = library
end
for name, value in next, ks do world.ks[name] = value end
