-- mq_pingpong.lua N: 64 bytes to another task and back through two POSIX queues; each leg blocks and wakes.
local ks = require "kscript"
local must = ks.must
local send, receive = must.mq_send, must.mq_receive

local trips = tonumber((...))
local small = { mq_maxmsg = 4, mq_msgsize = 64 }
local there = must.mq_open("/there", "O_RDWR|O_CREAT", "0600", small)
local back = must.mq_open("/back", "O_RDWR|O_CREAT", "0600", small)
local text = ("x"):rep(64)
local child = must.fork(function()
  for _ = 1, trips do
    receive(there, 64)
    send(back, text, 1)
  end
end)
for _ = 1, trips do
  send(there, text, 1)
  receive(back, 64)
end
must.waitpid(child)
