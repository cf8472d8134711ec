-- tasks.lua N: N tasks, all blocked on pipes at the same time, then all woken, and all reaped.
--
-- They come in groups of ten: a leader, blocked on the one pipe that starts everything, and nine members, each
-- blocked on a pipe of its own whose other end the leader holds. So no task inherits more than a handful of
-- descriptors; if one task held all the pipes, each fork would copy them all, and the time per task would grow with N
-- on any Unix.
local ks = require "kscript"
local must = ks.must
local close, fork, pipe2, read, waitpid, write =
  must.close, must.fork, must.pipe2, must.read, must.waitpid, must.write

local tasks = tonumber((...))
local MEMBERS = 9
local start_r, start_w = pipe2()

local function leader()
  close(start_w)
  local wakers = {}
  for i = 1, MEMBERS do
    local r, w = pipe2()
    fork(function() read(r, 1) end)
    close(r)
    wakers[i] = w
  end
  read(start_r, 1) -- end of file, once the first task has closed its end
  for i = 1, MEMBERS do write(wakers[i], "x") end
  for _ = 1, MEMBERS do waitpid(-1) end
end

local groups = tasks // (MEMBERS + 1)
for _ = 1, groups do fork(leader) end
ks.settle() -- now all of them are blocked
close(start_w)
for _ = 1, groups do waitpid(-1) end
