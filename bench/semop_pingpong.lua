-- semop_pingpong.lua N: two tasks take turns, each leg a semaphore that the other waits for.
local ks = require "kscript"
local must, C = ks.must, ks.C
local semop = must.semop

local trips = tonumber((...))
local id = must.semget(C.IPC_PRIVATE, 2, "0600")
local ping, pong = { { 0, 1 } }, { { 1, 1 } }
local wait_ping, wait_pong = { { 0, -1 } }, { { 1, -1 } }
local child = must.fork(function()
  for _ = 1, trips do
    semop(id, wait_ping)
    semop(id, pong)
  end
end)
for _ = 1, trips do
  semop(id, ping)
  semop(id, wait_pong)
end
must.waitpid(child)
