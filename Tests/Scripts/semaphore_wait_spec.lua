-- Calls of semop that wait: who completes them, in which order, and what else ends them.
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C
local helpers = require "helpers"
local noted_in_turn, make, values = helpers.noted_in_turn, helpers.semaphores.make, helpers.semaphores.values

local function counts(id, number) return { must.semctl(id, number, "GETNCNT"), must.semctl(id, number, "GETZCNT") } end

--- Starts a child that makes the call, lets it go to sleep, and notes in `log` how it ended.
local function waiter(log, name, id, operations, timeout)
  local pid = must.fork(function()
    local result, _, errno = sys.semtimedop(id, operations, timeout)
    log[#log + 1] = result and name or name .. " " .. ks.errno(errno)
  end)
  ks.settle()
  return pid
end

describe("a waiting semop", function()
  -- covers: sysv.sem.semop.decrement sysv.sem.wake.handover
  it("has its operations done by whoever makes them possible", function()
    local id, log = make(1), {}
    local pid = waiter(log, "a", id, { { 0, -1 } })
    assert.same({}, log)
    must.semop(id, { { 0, 1 } })
    -- Done before the sleeper has run: there is nothing left to take.
    assert.equal(0, must.semctl(id, 0, "GETVAL"))
    assert.equal(pid, must.semctl(id, 0, "GETPID"))
    assert.errno("EAGAIN", sys.semop(id, { { 0, -1, C.IPC_NOWAIT } }))
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
    assert.same({ "a" }, log)
  end)

  -- covers: sysv.sem.semop.zero
  it("for zero goes on when the value gets there", function()
    local id, log = make(1, { 2 }), {}
    waiter(log, "zero", id, { { 0, 0 } })
    must.semop(id, { { 0, -1 } })
    ks.settle()
    assert.same({}, log)
    must.semop(id, { { 0, -1 } })
    ks.settle()
    assert.same({ "zero" }, log)
  end)

  -- covers: sysv.sem.semop.atomic
  it("for several semaphores takes nothing until it can take all", function()
    local id, log = make(2, { 1, 0 }), {}
    waiter(log, "both", id, { { 0, -1 }, { 1, -1 } })
    assert.same({ 1, 0 }, values(id))
    must.semop(id, { { 0, -1, C.IPC_NOWAIT } })
    must.semop(id, { { 1, 1 } })
    ks.settle()
    assert.same({ {}, { 0, 1 } }, { log, values(id) })
    must.semop(id, { { 0, 1 } })
    assert.same({ 0, 0 }, values(id))
    ks.settle()
    assert.same({ "both" }, log)
  end)

  -- covers: sysv.sem.wake.fifo
  it("is completed in the order of arrival", function()
    local id, log = make(1), {}
    for number = 1, 4 do waiter(log, tostring(number), id, { { 0, -1 } }) end
    for number = 1, 4 do
      must.semop(id, { { 0, 1 } })
      ks.settle()
      assert.equal(tostring(number), log[number])
      assert.equal(number, #log)
    end
  end)

  -- covers: sysv.sem.wake.fifo
  it("is completed in the order of arrival among calls of one operation and of several", function()
    local id, log = make(2), {}
    waiter(log, "first", id, { { 0, -1 } })
    waiter(log, "both", id, { { 0, -1 }, { 1, 1 } })
    waiter(log, "third", id, { { 0, -1 } })
    for _, name in ipairs { "first", "both", "third" } do
      must.semop(id, { { 0, 1 } })
      ks.settle()
      assert.equal(name, log[#log])
    end
    assert.same({ 0, 1 }, values(id))
  end)

  -- covers: sysv.sem.wake.best_fit
  it("is passed by a later one that needs less", function()
    local id, log = make(1), {}
    waiter(log, "two", id, { { 0, -2 } })
    waiter(log, "one", id, { { 0, -1 } })
    must.semop(id, { { 0, 1 } })
    ks.settle()
    assert.same({ "one" }, log)
    must.semop(id, { { 0, 2 } })
    ks.settle()
    assert.same({ "one", "two" }, log)
  end)

  -- covers: sysv.sem.wake.zero_first
  it("for zero is completed before those that change values", function()
    local id, log = make(2, { 1, 0 }), {}
    -- Both become possible when the first value gets to zero; the second one would spoil it for the other.
    local alterer = waiter(log, "alters", id, { { 0, 0 }, { 0, 1 } })
    local zero = waiter(log, "zero", id, { { 0, 0 } })
    must.semop(id, { { 0, -1 } })
    must.waitpid(alterer)
    must.waitpid(zero)
    table.sort(log)
    assert.same({ { "alters", "zero" }, { 1, 0 } }, { log, values(id) })
  end)

  -- covers: sysv.sem.wake.transient_zero
  it("for zero does not see a zero inside one call", function()
    local id, log = make(1, { 1 }), {}
    local pid = waiter(log, "zero", id, { { 0, 0 } })
    must.semop(id, { { 0, -1 }, { 0, 1 } })
    ks.settle()
    assert.same({}, log)
    assert.equal(1, must.semctl(id, 0, "GETZCNT"))
    must.kill(pid, "SIGKILL")
    must.waitpid(pid)
  end)

  -- covers: sysv.sem.wake.chain
  it("may let others go on, all before the first call returns", function()
    local id, log = make(3), {}
    waiter(log, "last", id, { { 2, -1 } })
    waiter(log, "middle", id, { { 1, -1 }, { 2, 1 } })
    waiter(log, "first", id, { { 0, -1 }, { 1, 1 } })
    must.semop(id, { { 0, 1 } })
    assert.same({ 0, 0, 0 }, values(id))
    ks.settle()
    table.sort(log)
    assert.same({ "first", "last", "middle" }, log)
  end)

  -- covers: sysv.sem.wake.setval
  it("is completed by SETVAL and SETALL too", function()
    local id, log = make(2), {}
    waiter(log, "one", id, { { 0, -1 } })
    waiter(log, "two", id, { { 1, -2 } })
    must.semctl(id, 0, "SETVAL", 3)
    assert.same({ 2, 0 }, values(id))
    must.semctl(id, 0, "SETALL", { 0, 5 })
    assert.same({ 0, 3 }, values(id))
    ks.settle()
    table.sort(log)
    assert.same({ "one", "two" }, log)
    assert.is_true(must.semctl(id, 0, "IPC_STAT").sem_otime > 0)
  end)

  it("fails when what it would add has become too much", function()
    local id, log = make(2), {}
    waiter(log, "adds", id, { { 0, 1 }, { 1, -1 } })
    must.semctl(id, 0, "SETVAL", 32767)
    must.semop(id, { { 1, 1 } })
    ks.settle()
    assert.same({ { "adds ERANGE" }, { 32767, 1 } }, { log, values(id) })
  end)

  it("fails when the operation that blocks becomes one that must not", function()
    local id, log = make(2, { 0, 0 }), {}
    waiter(log, "nowait", id, { { 0, -1 }, { 1, -1, C.IPC_NOWAIT } })
    must.semop(id, { { 0, 1 } })
    ks.settle()
    assert.same({ { "nowait EAGAIN" }, { 1, 0 } }, { log, values(id) })
  end)
end)

describe("the counts of a semaphore", function()
  -- covers: sysv.sem.semctl.GETNCNT sysv.sem.semctl.GETZCNT
  it("are of calls whose first operation that blocks is on it", function()
    local id, log = make(2), {}
    local pid = waiter(log, "both", id, { { 0, -1 }, { 1, -1 } })
    assert.same({ { 1, 0 }, { 0, 0 } }, { counts(id, 0), counts(id, 1) })
    must.semop(id, { { 0, 1 } })
    assert.same({ { 0, 0 }, { 1, 0 } }, { counts(id, 0), counts(id, 1) })
    local zero = waiter(log, "zero", id, { { 1, 0 }, { 0, 0 } })
    assert.same({ { 0, 1 }, { 1, 0 } }, { counts(id, 0), counts(id, 1) })
    must.kill(zero, "SIGKILL")
    must.waitpid(zero)
    assert.same({ 0, 0 }, counts(id, 0))
    must.kill(pid, "SIGKILL")
    must.waitpid(pid)
    assert.same({ 0, 0 }, counts(id, 1))
  end)

  -- covers: sysv.sem.semctl.GETNCNT sysv.sem.semctl.GETZCNT
  it("go down when a time is over", function()
    local id, log = make(1, { 1 }), {}
    waiter(log, "less", id, { { 0, -2 } }, 0.5)
    waiter(log, "zero", id, { { 0, 0 } }, 0.5)
    assert.same({ 1, 1 }, counts(id, 0))
    must.nanosleep(1)
    ks.settle()
    assert.same({ 0, 0 }, counts(id, 0))
    table.sort(log)
    assert.same({ "less EAGAIN", "zero EAGAIN" }, log)
  end)
end)

describe("a waiting semop ends", function()
  -- covers: sysv.sem.semop.removed
  it("with EIDRM when the set is removed", function()
    local id, log = make(1, { 1 }), {}
    waiter(log, "less", id, { { 0, -2 } })
    waiter(log, "zero", id, { { 0, 0 } })
    must.semctl(id, 0, "IPC_RMID")
    ks.settle()
    table.sort(log)
    assert.same({ "less EIDRM", "zero EIDRM" }, log)
  end)

  -- covers: sysv.sem.semop.norestart
  it("with EINTR when a handler runs, SA_RESTART or not", function()
    local id, log = make(1), {}
    local pid = must.fork(function()
      must.sigaction("SIGUSR1", { handler = function() log[#log + 1] = "handler" end, flags = "SA_RESTART" })
      local _, _, errno = sys.semop(id, { { 0, -1 } })
      log[#log + 1] = ks.errno(errno)
    end)
    ks.settle()
    must.kill(pid, "SIGUSR1")
    must.waitpid(pid)
    assert.same({ "handler", "EINTR" }, log)
    assert.same({ 0, 0 }, counts(id, 0))
  end)

  -- covers: sysv.sem.semop.stop_cont_eintr
  it("with EINTR after a stop, though no handler runs", function()
    local id, log = make(1), {}
    local pid = waiter(log, "stopped", id, { { 0, -1 } })
    must.kill(pid, "SIGSTOP")
    must.waitpid(pid, "WUNTRACED")
    must.kill(pid, "SIGCONT")
    must.waitpid(pid)
    assert.same({ "stopped EINTR" }, log)
    pid = waiter(log, "late", id, { { 0, -1 } }, 0.5)
    must.kill(pid, "SIGSTOP")
    must.waitpid(pid, "WUNTRACED")
    must.nanosleep(1)
    must.kill(pid, "SIGCONT")
    must.waitpid(pid)
    assert.same({ "stopped EINTR", "late EINTR" }, log)
  end)

  it("not by a signal that is ignored", function()
    local id, log = make(1), {}
    local pid = must.fork(function()
      must.sigaction("SIGUSR1", "SIG_IGN")
      must.semop(id, { { 0, -1 } })
      log[1] = "done"
    end)
    ks.settle()
    must.kill(pid, "SIGUSR1")
    ks.settle()
    assert.same({}, log)
    must.semop(id, { { 0, 1 } })
    must.waitpid(pid)
    assert.same({ "done" }, log)
  end)

  -- covers: sysv.sem.semtimedop.timeout
  it("with EAGAIN when its time is over", function()
    local id = make(1)
    local before = must.clock_gettime("CLOCK_MONOTONIC")
    assert.errno("EAGAIN", sys.semtimedop(id, { { 0, -1 } }, 0.05))
    local after = must.clock_gettime("CLOCK_MONOTONIC")
    local passed = after.tv_sec - before.tv_sec + (after.tv_nsec - before.tv_nsec) / 1e9
    assert.is_true(passed >= 0.05 and passed < 5)
    assert.errno("EAGAIN", sys.semtimedop(id, { { 0, -1 } }, 0))
    assert.equal(0, must.semtimedop(id, { { 0, 1 } }, 0))
    assert.equal(0, must.semtimedop(id, { { 0, -1 } }, nil))
  end)

  -- covers: sysv.sem.semtimedop.timeout
  it("never, if the time is none", function()
    local id = make(1)
    for _, time in ipairs { { tv_sec = -1 }, { tv_nsec = 1000000000 }, { tv_nsec = -1 } } do
      assert.errno("EINVAL", sys.semtimedop(id, { { 0, 1 } }, time))
    end
    assert.errno("EFAULT", sys.semtimedop(id, { { 0, 1 } }, ks.at(8, 16)))
    assert.equal(0, must.semctl(id, 0, "GETVAL"))
  end)
end)

describe("sleepers of several semaphores", function()
  -- Three that wait for a semaphore each, the last one first, and what they are told in which order.
  local function sleepers(id)
    local log = {}
    for number = 2, 0, -1 do waiter(log, "of " .. number, id, { { number, -1 } }) end
    return log
  end

  -- covers: sysv.sem.wake.by_semaphore
  it("go on in the order of the semaphores when all are set", function()
    local id = make(3)
    local log = sleepers(id)
    must.semctl(id, 0, "SETALL", { 1, 1, 1 })
    ks.settle()
    noted_in_turn({ "of 0", "of 1", "of 2" }, log)
  end)

  -- covers: sysv.sem.wake.by_semaphore
  it("go on in the order of the operations that let them", function()
    local id = make(3)
    local log = sleepers(id)
    must.semop(id, { { 1, 1 }, { 0, 1 }, { 2, 1 } })
    ks.settle()
    noted_in_turn({ "of 1", "of 0", "of 2" }, log)
  end)

  -- covers: sysv.sem.wake.by_semaphore
  it("go on in the order of the semaphores when what a process did is undone", function()
    local id = make(3, { 1, 1, 1 })
    local ready, go = must.pipe()
    must.fork(function()
      must.semop(id, { { 2, -1, C.SEM_UNDO }, { 1, -1, C.SEM_UNDO }, { 0, -1, C.SEM_UNDO } })
      must.read(ready, 1)
    end)
    ks.settle()
    local log = sleepers(id)
    must.write(go, "x")
    ks.settle()
    noted_in_turn({ "of 0", "of 1", "of 2" }, log)
  end)

  -- covers: sysv.sem.wake.removal
  it("learn in that order that the set is gone, those that wait for a zero before others of their semaphore", function()
    local id = make(3, { 1, 0, 0 })
    local log = {}
    waiter(log, "b", id, { { 1, -1 } })
    waiter(log, "a", id, { { 0, -2 } })
    waiter(log, "zero", id, { { 0, 0 } })
    must.semctl(id, 0, "IPC_RMID")
    ks.settle()
    noted_in_turn({ "zero EIDRM", "a EIDRM", "b EIDRM" }, log)
  end)

  -- covers: sysv.sem.wake.merged
  it("stand in one line, the last semaphore's in front, once somebody wants several things at once", function()
    local id, log = make(3), {}
    for number = 0, 2 do waiter(log, "of " .. number, id, { { number, -1 } }) end
    waiter(log, "both", id, { { 0, -2 }, { 1, -1 } })
    waiter(log, "late", id, { { 0, -2 } })
    must.semctl(id, 0, "SETALL", { 1, 1, 1 })
    ks.settle()
    noted_in_turn({ "of 2", "of 1", "of 0" }, log)
    must.semctl(id, 0, "IPC_RMID")
    ks.settle()
    noted_in_turn({ "both EIDRM", "late EIDRM" }, { table.unpack(log, 4) })
  end)

  -- covers: sysv.sem.wake.removal
  it("learn it as they came while some want several things at once, who wait for zeros first", function()
    local id = make(3, { 1, 0, 0 })
    local log = {}
    waiter(log, "both", id, { { 0, -1 }, { 1, -1 } })
    waiter(log, "b", id, { { 1, -1 } })
    waiter(log, "a", id, { { 0, -2 } })
    waiter(log, "zero", id, { { 0, 0 } })
    waiter(log, "zeros", id, { { 1, 0 }, { 0, 0 } })
    must.semctl(id, 0, "IPC_RMID")
    ks.settle()
    noted_in_turn({ "zeros EIDRM", "both EIDRM", "b EIDRM", "a EIDRM", "zero EIDRM" }, log)
  end)
end)
