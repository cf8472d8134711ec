#!/usr/bin/env lua
-- Written for luaposix, and runs unchanged: workers take jobs from a System V queue, the parent collects what they made
-- of them. fork() returns twice: a child has the script's variables as they were, and its own from then on.
local errno = require "posix.errno"
local msg = require "posix.sys.msg"
local signal = require "posix.signal"
local time = require "posix.time"
local unistd = require "posix.unistd"
local wait = require "posix.sys.wait"

local JOB, QUIT = 1, 2
local WORKERS = tonumber(arg[1]) or 3

local queue = assert(msg.msgget(msg.IPC_PRIVATE, msg.IPC_CREAT | 384))
local reader, writer = assert(unistd.pipe())
local done = 0 -- each worker counts its own

local function work()
  unistd.close(reader)
  while true do
    local kind, job = assert(msg.msgrcv(queue, 1024, -QUIT))
    if kind == QUIT then break end
    done = done + 1
    unistd.write(writer, ("%s squared is %d\n"):format(job, tonumber(job) ^ 2))
    time.nanosleep { tv_sec = 0, tv_nsec = tonumber(job) * 100000000 } -- so that others have their share
  end
  unistd._exit(done)
end

for _ = 1, WORKERS do
  local pid = assert(unistd.fork())
  if pid == 0 then work() end
end
unistd.close(writer)

for number = 1, 7 do assert(msg.msgsnd(queue, JOB, tostring(number))) end
for _ = 1, WORKERS do assert(msg.msgsnd(queue, QUIT, "")) end

-- Whoever takes too long is reminded.
signal.signal(signal.SIGALRM, function() print "still waiting" end, signal.SA_RESTART)
unistd.alarm(1)

local results = {}
repeat
  local text = assert(unistd.read(reader, 4096))
  for line in text:gmatch "[^\n]+" do results[#results + 1] = line end
until text == ""
table.sort(results)
print(table.concat(results, "\n"))

local total = 0
for _ = 1, WORKERS do
  local _, how, count = wait.wait()
  assert(how == "exited")
  total = total + count
end
print(("%d jobs by %d workers; here %d"):format(total, WORKERS, done))
assert(msg.msgctl(queue, msg.IPC_RMID))
local _, message, number = msg.msgctl(queue, msg.IPC_STAT)
print(message, number == errno.EINVAL)
