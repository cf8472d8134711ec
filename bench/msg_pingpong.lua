-- msg_pingpong.lua N: 64 bytes to another task and back through two System V queues; each leg blocks and wakes.
local ks = require "kscript"
local must = ks.must
local msgsnd, msgrcv = must.msgsnd, must.msgrcv

local trips = tonumber((...))
local there, back = must.msgget(0, "0600"), must.msgget(0, "0600")
local text = ("x"):rep(64)
local child = must.fork(function()
  for _ = 1, trips do
    msgrcv(there, 64)
    msgsnd(back, 1, text)
  end
end)
for _ = 1, trips do
  msgsnd(there, 1, text)
  msgrcv(back, 64)
end
must.waitpid(child)
