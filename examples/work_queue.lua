-- A work queue: urgent jobs go first, whoever put them there; workers share what there is, and end when told to.
local ks = require "kscript"
local must = ks.must

local jobs = must.mq_open("/jobs", "O_CREAT|O_RDWR", "0600", { mq_maxmsg = 8, mq_msgsize = 64 })
local results = must.msgget(0, "0600")
local URGENT, NORMAL, QUIT = 10, 5, 0

for worker = 1, 2 do
  must.fork(function()
    while true do
      local job, priority = must.mq_receive(jobs)
      if priority == QUIT then return end
      must.nanosleep(job:match "large" and 0.35 or 0.1) -- the work
      -- The type of a result tells whose it is.
      must.msgsnd(results, worker, ("worker %d  %s"):format(worker, job))
    end
  end)
end

must.mq_send(jobs, "large: build", NORMAL)
must.mq_send(jobs, "small: test", NORMAL)
ks.settle() -- both workers are busy now
for number = 1, 3 do must.mq_send(jobs, "small: page " .. number, NORMAL) end
must.mq_send(jobs, "small: fix the fire alarm", URGENT)
for _ = 1, 2 do must.mq_send(jobs, "", QUIT) end

for _ = 1, 6 do
  local _, line = must.msgrcv(results, 100)
  print(("%.2f s  %s"):format(ks.now(), line))
end
for _ = 1, 2 do must.waitpid(-1) end
must.mq_unlink "/jobs"
must.msgctl(results, "IPC_RMID")
