-- Globals of their own, for programs and for the children of posix.unistd.fork(). Loaded when the first of them starts,
-- with the core functions, the kscript module and what world.lua has kept.
local core, ks, world = ...
local environments = {}

local function copy(original)
  local result = {}
  for key, value in next, original do result[key] = value end
  return result
end

-- A math library with a generator of its own: no kernel's chance depends on what others drew.
local function new_math(next_seed)
  local library = core.new_math()
  local stock = library.randomseed
  function library.randomseed(...)
    if select("#", ...) > 0 then return stock(...) end
    local first = next_seed()
    return stock(first, next_seed())
  end
  library.randomseed()
  return library
end

-- Where the seeds of a program come from.
function environments.program_seeds(state)
  return function()
    state = state * 6364136223846793005 + 1442695040888963407
    return state
  end
end

-- Those of the main script: splitmix64, as in sandbox.c.
function environments.script_seeds(state)
  return function()
    state = state + 0x9e3779b97f4a7c15
    local z = (state ~ state >> 30) * 0xbf58476d1ce4e5b9
    z = (z ~ z >> 27) * 0x94d049bb133111eb
    return z ~ z >> 31
  end
end

-- Those that a script starts with, in tables of their own; and the kscript module that goes with them.
local function new_environment(next_seed)
  local env, loaded = copy(world.globals), {}
  for name, library in next, world.libraries do
    env[name] = copy(library)
    loaded[name] = env[name]
  end
  local own = setmetatable(copy(world.ks), getmetatable(ks))
  own.kernel, own.console = copy(own.kernel), copy(own.console)
  own.sys, own.must = setmetatable({}, world.views.sys), setmetatable({}, world.views.must)
  own.environment = setmetatable({}, getmetatable(ks.environment))
  env._G, loaded._G, loaded.kscript = env, env, own
  env.math = new_math(next_seed)
  loaded.math = env.math
  env.io, env.os = world.lazily("io", env, "io", own), world.lazily("os", env, "os", own)
  loaded.io, loaded.os = env.io, env.os

  function env.load(chunk, name, mode, ...)
    if select("#", ...) > 0 then return load(chunk, name, mode, ...) end
    return load(chunk, name, mode, env)
  end
  -- The one table that all strings share is nobody's to change.
  function env.getmetatable(...)
    if type(...) == "string" then return "string" end
    return getmetatable(...)
  end
  env.package.loaded, env.package.preload = loaded, {}
  env.package.searchers = {
    function(name)
      local loader = env.package.preload[name]
      if loader == nil then return ("no field package.preload['%s']"):format(name) end
      return loader, ":preload:"
    end,
    function(name) return world.find_module(name, env) end,
  }
  env.require = core.new_require(loaded, env.package)
  return env, own
end

environments.started = {} -- by globals: what runs in them, and their kscript module

-- Runs what a process is made of: { name=, arguments=, seeds=, load=, environment= }, where seeds() returns a source of
-- seeds and load(env) the chunk; without variables of its own it has the machine's. `prepare`, if given, is called with
-- the globals and their kscript module first.
function environments.run(root, prepare)
  local env, own = new_environment(root.seeds())
  env.arg = { [0] = root.name, table.unpack(root.arguments) }
  if root.environment then own.environment = copy(root.environment) end
  environments.started[env] = { root = root, ks = own }
  if prepare then prepare(env, own) end
  local status = root.load(env)(table.unpack(root.arguments))
  return status
end

return environments
