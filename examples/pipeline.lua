-- seq 10 | grep 1 | wc -l, as a shell builds it: a process a stage, joined by pipes and dup2.
local ks = require "kscript"
local must = ks.must

local function lines_of(text) return text:gmatch "([^\n]*)\n" end

local function read_all(fd)
  local parts = {}
  repeat
    parts[#parts + 1] = must.read(fd, 4096)
  until parts[#parts] == ""
  return table.concat(parts)
end

local stages = {
  function()
    for number = 1, 10 do must.write(1, number .. "\n") end
  end,
  function()
    for line in lines_of(read_all(0)) do
      if line:find "1" then must.write(1, line .. "\n") end
    end
  end,
  function()
    local count = 0
    for _ in lines_of(read_all(0)) do count = count + 1 end
    must.write(1, count .. "\n")
  end,
}

local input = 0
for position, stage in ipairs(stages) do
  local reader, writer
  if position < #stages then reader, writer = must.pipe2() end
  local own_input = input -- Lua variables are shared between tasks, and `input` changes before the child runs
  must.fork(function()
    if own_input ~= 0 then
      must.dup2(own_input, 0)
      must.close(own_input)
    end
    if writer then
      must.dup2(writer, 1)
      must.close(writer)
      must.close(reader)
    end
    stage()
  end)
  if input ~= 0 then must.close(input) end
  if writer then must.close(writer) end
  input = reader or 0
end

for _ = 1, #stages do
  local pid, how, code = must.waitpid(-1)
  print("stage with pid", pid, how, code)
end
