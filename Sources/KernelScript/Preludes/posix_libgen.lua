-- luaposix's posix.libgen: paths as text.
local base = require "posix._base"
local module = base.module("libgen", "")

base.define(module, "basename", "string", function(path)
  if path == "" then return "." end
  return path:match "([^/]+)/*$" or "/"
end)

base.define(module, "dirname", "string", function(path)
  local folder = path:match "^(.-)/*[^/]*/*$"
  if folder ~= "" then return folder end
  if path:find "^//[^/]" then return "//" end -- which POSIX lets mean something else than "/"
  return path:sub(1, 1) == "/" and "/" or "."
end)

return module
