-- A producer that is faster than its consumer: when the queue is full it backs off, twice as long each time, and speeds
-- up again once there is room. (A sender that may sleep would simply wait; this one has other things to do.)
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local queue = must.msgget(0, "0600")
local status = must.msgctl(queue, "IPC_STAT")
status.msg_qbytes = 40 -- room for four readings
must.msgctl(queue, "IPC_SET", status)

local READING, END = 1, 2
local count = 12

must.fork(function()
  local got = 0
  while true do
    -- Negative: the lowest type first, so the end is seen only when all readings are.
    local type, reading = must.msgrcv(queue, 64, -END)
    if type == END then break end
    got = got + 1
    if got % 4 == 0 then print(("%.2f s  consumer at %s"):format(ks.now(), reading)) end
    must.nanosleep(0.05)
  end
  print(("%.2f s  consumer has %d readings"):format(ks.now(), got))
end)

local pause, waits = 0.012, 0
for number = 1, count do
  local reading = ("reading %02d"):format(number)
  while true do
    local ok, _, errno = sys.msgsnd(queue, READING, reading, "IPC_NOWAIT")
    if ok then break end
    assert(errno == C.EAGAIN)
    waits = waits + 1
    must.nanosleep(pause)
    pause = math.min(pause * 2, 0.16)
  end
  pause = math.max(pause / 2, 0.012)
end
must.msgsnd(queue, END, "")
must.waitpid(-1)
print(("producer backed off %d times"):format(waits))
must.msgctl(queue, "IPC_RMID")
