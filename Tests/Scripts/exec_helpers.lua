-- Programs for the specs of execve: executable Lua files, which report by exit status or by the file that they write.
local ks = require "kscript"
local sys, must = ks.sys, ks.must

local programs = {}

local head = "local ks = require 'kscript' local sys, must, C = ks.sys, ks.must, ks.C\n"

--- Gives a program a function out(...), which writes to /tmp/out.
programs.writes = [[
  local function out(...)
    local fd = must.open("/tmp/out", "O_WRONLY|O_CREAT|O_TRUNC", "0666")
    must.write(fd, table.concat({ ... }, ","))
    must.close(fd)
  end
]]

--- An executable Lua file.
function programs.program(path, text, mode)
  ks.put(path, head .. text)
  must.chmod(path, mode or "0755")
  return path
end

--- Runs a function in a child; returns how that ended.
function programs.in_child(fn) return select(2, must.waitpid(must.fork(fn))) end

--- Runs `text` as a program in a child; returns how that ended.
function programs.run(text, arguments, environment)
  programs.program("/tmp/program", text)
  return programs.in_child(function() must.execve("/tmp/program", arguments or { "program" }, environment) end)
end

--- What the program at `path` writes with out(...), run by a child that has done `prepare`.
function programs.written_by(path, prepare, arguments, environment)
  sys.unlink "/tmp/out"
  local how, status = programs.in_child(function()
    if prepare then prepare() end
    must.execve(path, arguments or { "program" }, environment)
  end)
  assert.same({ "exited", 0 }, { how, status })
  return ks.get "/tmp/out"
end

--- What a program of this text writes so.
function programs.output(text, prepare, arguments, environment)
  programs.program("/tmp/program", programs.writes .. text)
  return programs.written_by("/tmp/program", prepare, arguments, environment)
end

return programs
