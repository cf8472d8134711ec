-- Dining philosophers: forks are semaphores of one set. Those who take their forks one after the other can starve each
-- other, and the report says who holds what; those who take both at once, as semop can, never do.
-- exits 2
local ks = require "kscript"
local must, C = ks.must, ks.C

local SEATS = 5

local function dinner(take)
  local forks = must.semget(C.IPC_PRIVATE, SEATS, "0600")
  local free = {}
  for seat = 1, SEATS do free[seat] = 1 end
  must.semctl(forks, 0, "SETALL", free)
  local meals = 0
  for seat = 0, SEATS - 1 do
    must.fork(function()
      local left, right = seat, (seat + 1) % SEATS
      for _ = 1, 3 do
        take(forks, left, right)
        meals = meals + 1
        -- Should a philosopher die at table, SEM_UNDO puts the forks back.
        must.semop(forks, { { left, 1, C.SEM_UNDO }, { right, 1, C.SEM_UNDO } })
      end
    end)
  end
  return function()
    for _ = 1, SEATS do must.waitpid(-1) end
    must.semctl(forks, 0, "IPC_RMID")
    return meals
  end
end

print(dinner(function(forks, left, right)
  must.semop(forks, { { left, -1, C.SEM_UNDO }, { right, -1, C.SEM_UNDO } })
end)() .. " meals with both forks at once")

print(dinner(function(forks, left, right)
  must.semop(forks, { { left, -1, C.SEM_UNDO } })
  must.sched_yield() -- everybody has the left one in hand
  must.semop(forks, { { right, -1, C.SEM_UNDO } })
end)())
