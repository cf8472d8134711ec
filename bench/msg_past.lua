-- msg_past.lua N: the same as msg.lua, past 1,000 other messages.
local ks = require "kscript"
local must, C = ks.must, ks.C
local msgsnd, msgrcv = must.msgsnd, must.msgrcv

local id, no_wait = must.msgget(0, "0600"), C.IPC_NOWAIT
for _ = 1, 1000 do msgsnd(id, 1, "8 bytes!", no_wait) end
local text = ("x"):rep(64)
for _ = 1, tonumber((...)) do
  msgsnd(id, 2, text, no_wait)
  msgrcv(id, 64, 2, no_wait)
end
