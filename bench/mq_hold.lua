-- mq_hold.lua N: the highest of about 1,000 messages of some 250 priorities leaves a POSIX queue,
-- and a lower one enters.
local ks = require "kscript"
local must = ks.must
local send, receive = must.mq_send, must.mq_receive

local queue = must.mq_open("/bench", "O_RDWR|O_CREAT|O_NONBLOCK", "0600", { mq_maxmsg = 1024, mq_msgsize = 64 })
local text, seed = ("x"):rep(64), 12345
local function draw(bound)
  seed = seed * 1664525 + 1013904223 & 0xffffffff
  return (seed >> 8) % bound
end
local function refill(drain)
  for _ = 1, drain do receive(queue, 64) end
  for _ = 1, 1000 do send(queue, text, 32767 - draw(256)) end
end

refill(0)
for _ = 1, tonumber((...)) do
  local _, priority = receive(queue, 64)
  local next = priority - 1 - draw(256)
  if next < 0 then refill(999) else send(queue, text, next) end
end
