-- mq.lua N: 64 bytes sent to an empty POSIX queue and received.
local ks = require "kscript"
local must = ks.must
local send, receive = must.mq_send, must.mq_receive

local queue = must.mq_open("/bench", "O_RDWR|O_CREAT|O_NONBLOCK", "0600", { mq_maxmsg = 10, mq_msgsize = 64 })
local text = ("x"):rep(64)
for _ = 1, tonumber((...)) do
  send(queue, text, 1)
  receive(queue, 64)
end
