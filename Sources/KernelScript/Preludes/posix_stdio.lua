-- luaposix's posix.stdio.
local base = require "posix._base"
local sys, result = base.sys, base.result

local module = base.module("stdio", "")
module._IOFBF, module._IOLBF, module._IONBF = 0, 1, 2
module.BUFSIZ, module.EOF, module.FOPEN_MAX, module.FILENAME_MAX = 8192, -1, 16, 4096 -- glibc's

base.define(module, "ctermid", "", function() return "/dev/tty" end)
base.define(module, "rename", "string string", function(from, to) return result(nil, sys.rename(from, to)) end)

base.define(module, "fileno", "any", function(file)
  if io.type(file) == nil then
    base.argument_error("fileno", 1, ("FILE* expected, got %s"):format(file == nil and "no value" or type(file)))
  end
  for number, standard in pairs { [0] = io.stdin, io.stdout, io.stderr } do
    if file == standard then return number end
  end
  if not file.descriptor then return base.failure(nil, base.constants.EBADF) end
  return file.descriptor
end)

-- A file of Lua's on a descriptor, whose own flags say what can be done with it.
base.define(module, "fdopen", "integer string", function(descriptor)
  local flags, _, errno = sys.fcntl(descriptor, base.constants.F_GETFL, 0)
  if flags == nil then return base.failure("fdopen", errno) end
  return setmetatable({ descriptor = descriptor, pending = "" }, getmetatable(io.stdout))
end)

return module
