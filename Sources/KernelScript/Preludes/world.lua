-- What scripts find as globals: Lua's io and os over the emulated world, loaded when first touched, and require for the
-- script's own modules. Called with the core functions, the values and the kscript module.
local core, values, ks = ...

-- A prelude that most scripts never need.
local function prelude(name)
  return assert(load(core.query("prelude", name), "=kscript:" .. name, "t", _ENV))(ks)
end

local function lazily(name, owner, key)
  return setmetatable({}, {
    __index = function(placeholder, field)
      local module = prelude(name)
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
  mt.__index = function(_, key)
    if lazy[key] then
      local module = prelude(key)
      rawset(ks, key, module)
      return module
    end
    error(("ks has no %s"):format(tostring(key)), 2)
  end
  setmetatable(ks, mt)
end

-- Modules of the script, from the folder that it lies in.
core.set("ks.searcher", function(name)
  local found = core.query("module", name)
  if not found then return ("\n\tno file for module '%s' beside the script"):format(name) end
  local path, text = found:match "^([^\n]*)\n(.*)$"
  local chunk, message = load(text, "@" .. path, "t")
  if not chunk then error(message, 0) end
  return chunk, path
end)
