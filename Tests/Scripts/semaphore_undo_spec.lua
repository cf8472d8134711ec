-- SEM_UNDO: what a process takes back when it ends.
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local UNDO = C.SEM_UNDO
local function make(count, values)
  local id = must.semget(C.IPC_PRIVATE, count, "0600")
  if values then must.semctl(id, 0, "SETALL", values) end
  return id
end
local function value(id, number) return must.semctl(id, number or 0, "GETVAL") end

local function in_child(fn)
  local pid = must.fork(fn)
  assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
  return pid
end

--- Two functions: one that waits, and one that lets whoever waits go on, once for each call.
local function gate()
  local r, w = must.pipe2()
  return function() must.read(r, 1) end, function() must.write(w, "x") end
end

describe("SEM_UNDO", function()
  -- covers: sysv.sem.SEM_UNDO sysv.sem.sempid
  it("takes operations back when the process ends, however it does", function()
    local id = make(2, { 1, 0 })
    local pid = in_child(function()
      must.semop(id, { { 0, -1, UNDO }, { 1, 3, UNDO } })
      must.semop(id, { { 1, 4 } })
      assert.same({ 0, 7 }, must.semctl(id, 0, "GETALL"))
    end)
    assert.same({ 1, 4 }, must.semctl(id, 0, "GETALL"))
    assert.equal(pid, must.semctl(id, 0, "GETPID"))
    pid = must.fork(function()
      must.semop(id, { { 0, -1, UNDO } })
      must.pause()
    end)
    ks.settle()
    assert.equal(0, value(id))
    must.kill(pid, "SIGKILL")
    must.waitpid(pid)
    assert.equal(1, value(id))
  end)

  -- covers: sysv.sem.SEM_UNDO
  it("lets those go on who wait for what is taken back", function()
    local id = make(1, { 1 })
    local holder = must.fork(function()
      must.semop(id, { { 0, -1, UNDO } })
      must.pause()
    end)
    ks.settle()
    local waiter = must.fork(function() must.semop(id, { { 0, -1 } }) end)
    ks.settle()
    must.kill(holder, "SIGTERM")
    must.waitpid(holder)
    assert.same({ waiter, "exited", 0 }, { must.waitpid(waiter) })
    assert.equal(0, value(id))
  end)

  -- covers: sysv.sem.otime_ctime
  it("sets the time of operations at the end", function()
    local id = make(1)
    local before
    in_child(function()
      must.semop(id, { { 0, 1, UNDO } })
      before = must.semctl(id, 0, "IPC_STAT").sem_otime
      must.nanosleep(1.1)
    end)
    assert.is_true(must.semctl(id, 0, "IPC_STAT").sem_otime > before)
  end)

  -- covers: sysv.sem.SEM_UNDO.clamp
  it("keeps values between 0 and 32767, and never waits", function()
    local id = make(2, { 0, 32767 })
    local wait, go = gate()
    local pid = must.fork(function()
      must.semop(id, { { 0, 3, UNDO }, { 1, -5, UNDO } })
      wait()
    end)
    ks.settle()
    must.semop(id, { { 0, -2 }, { 1, 3 } })
    go()
    must.waitpid(pid)
    assert.same({ 0, 32767 }, must.semctl(id, 0, "GETALL"))
  end)

  -- covers: sysv.sem.SEM_UNDO.range
  it("keeps adjustments within 16 bits", function()
    local id = make(1)
    in_child(function()
      must.semop(id, { { 0, 32767, UNDO } })
      must.semop(id, { { 0, -32767 } })
      must.semop(id, { { 0, 1, UNDO } })
      must.semop(id, { { 0, -1 } })
      assert.errno("ERANGE", sys.semop(id, { { 0, 1, UNDO } }))
      assert.equal(0, value(id))
      must.semop(id, { { 0, 1 } })
      assert.errno("ERANGE", sys.semop(id, { { 0, 1 }, { 0, 1, UNDO } }))
      assert.equal(1, value(id))
    end)
    assert.equal(0, value(id))
  end)

  -- covers: sysv.sem.SEM_UNDO.cleared
  it("is forgotten by SETVAL and SETALL, and with the set", function()
    local id = make(2)
    local other = make(1)
    local wait, go = gate()
    local pid = must.fork(function()
      must.semop(id, { { 0, 5, UNDO }, { 1, 5, UNDO } })
      must.semop(other, { { 0, 1, UNDO } })
      wait()
      must.semop(id, { { 1, 1, UNDO } })
      wait()
    end)
    ks.settle()
    must.semctl(id, 0, "SETVAL", 0)
    go()
    ks.settle()
    must.semctl(id, 0, "SETALL", { 7, 9 })
    must.semctl(other, 0, "IPC_RMID")
    go()
    must.waitpid(pid)
    assert.same({ 7, 9 }, must.semctl(id, 0, "GETALL"))
  end)

  -- covers: sysv.sem.SEM_UNDO.fork_exec
  it("is not inherited by a child", function()
    local id = make(1)
    local pid = must.fork(function()
      must.semop(id, { { 0, 1, UNDO } })
      in_child(function() end)
      assert.equal(1, value(id))
    end)
    must.waitpid(pid)
    assert.equal(0, value(id))
  end)

  -- covers: sysv.sem.CLONE_SYSVSEM.thread_flag
  it("is a child's own without CLONE_SYSVSEM, even of a thread", function()
    local id = make(1)
    in_child(function()
      must.clone3({ flags = "CLONE_VM|CLONE_SIGHAND|CLONE_THREAD" }, function()
        must.semop(id, { { 0, 1, UNDO } })
      end)
      ks.settle()
      assert.equal(0, value(id))
    end)
  end)

  -- covers: sysv.sem.SEM_UNDO.threads
  it("is shared by those made with CLONE_SYSVSEM, until the last has ended", function()
    local id = make(1)
    in_child(function()
      must.clone3({ flags = "CLONE_VM|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM" }, function()
        must.semop(id, { { 0, 1, UNDO } })
      end)
      ks.settle()
      assert.equal(1, value(id))
    end)
    assert.equal(0, value(id))
    local wait, go = gate()
    local pid = must.fork(function()
      must.clone3({ flags = "CLONE_SYSVSEM", exit_signal = "SIGCHLD" }, function()
        wait()
      end)
      must.semop(id, { { 0, 1, UNDO } })
    end)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
    assert.equal(1, value(id))
    go()
    ks.settle()
    assert.equal(0, value(id))
  end)
end)
