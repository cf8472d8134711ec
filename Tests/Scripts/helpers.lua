-- What specs of several families do in the same way. They get it by require "helpers".
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local helpers = {}

-- ---- children -------------------------------------------------------------------------------------------------------

--- Runs a function in a child, whose errors are the case's. Returns the child's pid.
function helpers.in_child(fn)
  local pid = must.fork(fn)
  helpers.reap(pid)
  return pid
end

--- The caller becomes an ordinary user, for good.
function helpers.become(uid)
  must.setresgid(uid, uid, uid)
  must.setgroups({})
  must.setresuid(uid, uid, uid)
end

--- Runs a function as an ordinary user in a child.
function helpers.as_user(fn, uid)
  helpers.in_child(function()
    helpers.become(uid or 1000)
    fn()
  end)
end

--- A child that does `fn` and is asleep in it by now.
function helpers.sleeper(fn)
  local pid = must.fork(fn)
  ks.settle()
  return pid
end

--- Waits for children, which must have ended well.
function helpers.reap(...)
  for _, pid in ipairs { ... } do assert.same({ pid, "exited", 0 }, { must.waitpid(pid) }) end
end

--- Whether tasks go on in the order in which they are woken, each until it sleeps, as on one processor for SCHED_FIFO.
function helpers.runs_in_turn() return ks.stats().policy == "fifo" end

--- What tasks noted when they went on, in the order in which they were woken. Under policies that choose among those
--- that can go on, it is noted in any order.
function helpers.noted_in_turn(expected, log)
  if helpers.runs_in_turn() then return assert.same(expected, log) end
  local wanted, noted = table.move(expected, 1, #expected, 1, {}), table.move(log, 1, #log, 1, {})
  table.sort(wanted)
  table.sort(noted)
  assert.same(wanted, noted)
end

--- Two functions: one that waits, and one that lets whoever waits go on, once for each call.
function helpers.gate()
  local r, w = must.pipe2()
  return function() must.read(r, 1) end, function() must.write(w, "x") end
end

--- A time of the real-time clock, so many seconds from now.
function helpers.from_now(seconds)
  local now = must.clock_gettime "CLOCK_REALTIME"
  return { tv_sec = now.tv_sec + seconds, tv_nsec = now.tv_nsec }
end

-- ---- files ----------------------------------------------------------------------------------------------------------

--- Writes to a file that is there, by one call. Returns what open or write did.
function helpers.put(path, text)
  local fd, message, errno = sys.open(path, "O_WRONLY")
  if not fd then return fd, message, errno end
  local count, failure, number = sys.write(fd, tostring(text))
  must.close(fd)
  return count, failure, number
end

function helpers.get(path)
  local fd = must.open(path, "O_RDONLY")
  local text = must.read(fd, 4096)
  must.close(fd)
  return text
end

--- Writes pieces to a pipe, and returns what each read of them answers.
function helpers.pass(reader, writer, ...)
  local answers, left = {}, 0
  for _, piece in ipairs { ... } do left = left + must.write(writer, piece) end
  while left > 0 do
    local answer = must.read(reader, 100)
    answers[#answers + 1], left = answer, left - #answer
  end
  return answers
end

-- ---- System V objects -----------------------------------------------------------------------------------------------

helpers.semaphores, helpers.segments = {}, {}

--- A set of so many semaphores, with values if they are given.
function helpers.semaphores.make(count, values)
  local id = must.semget(C.IPC_PRIVATE, count, "0600")
  if values then must.semctl(id, 0, "SETALL", values) end
  return id
end

function helpers.semaphores.values(id) return must.semctl(id, 0, "GETALL") end

function helpers.segments.make(size, mode) return must.shmget(C.IPC_PRIVATE, size, mode or "0600") end
function helpers.segments.status(id) return must.shmctl(id, "IPC_STAT") end

return helpers
