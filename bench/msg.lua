-- msg.lua N: 64 bytes sent to a System V queue and received by their type.
local ks = require "kscript"
local must, C = ks.must, ks.C
local msgsnd, msgrcv = must.msgsnd, must.msgrcv

local id, no_wait = must.msgget(0, "0600"), C.IPC_NOWAIT
local text = ("x"):rep(64)
for _ = 1, tonumber((...)) do
  msgsnd(id, 2, text, no_wait)
  msgrcv(id, 64, 2, no_wait)
end
