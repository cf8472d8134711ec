-- pingpong.lua N: 64 bytes to another task and back through two pipes; each leg blocks and wakes.
local ks = require "kscript"
local must = ks.must
local read, write = must.read, must.write

local trips = tonumber((...))
local there_r, there_w = must.pipe2()
local back_r, back_w = must.pipe2()
local child = must.fork(function()
  for _ = 1, trips do write(back_w, read(there_r, 64)) end
end)

local data = ("x"):rep(64)
for _ = 1, trips do
  write(there_w, data)
  read(back_r, 64)
end
must.waitpid(child)
