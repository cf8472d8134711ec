-- A ring of slots in shared memory between two producers and a consumer. Three semaphores guard it: how many slots are
-- free, how many are filled, and whose turn it is to move the head or the tail.
local ks = require "kscript"
local must, C = ks.must, ks.C

local SLOTS, JOBS = 4, 10
local FREE, FILLED, TURN = 0, 1, 2
local HEAD, TAIL, RING = 0, 8, 16 -- offsets into the segment

local segment = must.shmget(C.IPC_PRIVATE, RING + 8 * SLOTS, "0600")
local guard = must.semget(C.IPC_PRIVATE, 3, "0600")
must.semctl(guard, 0, "SETALL", { SLOTS, 0, 1 })

local function put(ring, value)
  must.semop(guard, { { FREE, -1 }, { TURN, -1, C.SEM_UNDO } })
  local tail = ring:u64(TAIL)
  ring:u64(RING + tail % SLOTS * 8, value)
  ring:u64(TAIL, tail + 1)
  must.semop(guard, { { TURN, 1, C.SEM_UNDO }, { FILLED, 1 } })
end

local function take(ring)
  must.semop(guard, { { FILLED, -1 }, { TURN, -1, C.SEM_UNDO } })
  local head = ring:u64(HEAD)
  local value = ring:u64(RING + head % SLOTS * 8)
  ring:u64(HEAD, head + 1)
  must.semop(guard, { { TURN, 1, C.SEM_UNDO }, { FREE, 1 } })
  return value
end

for producer = 1, 2 do
  must.fork(function()
    local ring = must.shmat(segment)
    for job = 1, JOBS do put(ring, producer * 100 + job) end
  end)
end

local consumer = must.fork(function()
  local ring, sum = must.shmat(segment), 0
  for _ = 1, 2 * JOBS do sum = sum + take(ring) end
  print("taken", 2 * JOBS, "sum", sum)
  return sum == JOBS * 300 + JOBS * (JOBS + 1) and 0 or 1
end)

ks.settle()
assert(must.shmctl(segment, "IPC_STAT").shm_nattch == 0, "everybody has detached")
must.shmctl(segment, "IPC_RMID")
print(must.waitpid(consumer))
for _ = 1, 2 do must.waitpid(-1) end
