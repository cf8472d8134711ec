local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

-- A child that waits for a byte and then returns `fn()`.
local function worker(fn)
  local r, w = must.pipe2()
  local pid = must.fork(function()
    local setup_done = fn("before")
    must.read(r, 1)
    return fn("after", setup_done)
  end)
  ks.settle()
  return pid, function() must.write(w, "x") end
end

local function stop(pid, signal)
  must.kill(pid, signal or "SIGSTOP")
  assert.same({ pid, "stopped", C[signal or "SIGSTOP"] }, { must.waitpid(pid, "WUNTRACED") })
end

describe("a stopped process", function()
  -- covers: signal.stop.basic
  it("does nothing until SIGCONT", function()
    local pid, go = worker(function(when) return when == "after" and 3 or nil end)
    stop(pid)
    go()
    ks.settle()
    assert.equal(0, must.waitpid(pid, "WNOHANG"))
    must.kill(pid, "SIGCONT")
    assert.same({ pid, "exited", 3 }, { must.waitpid(pid) })
  end)

  -- covers: signal.stop.kinds
  it("was stopped by any of four signals", function()
    local pid = worker(function(when) if when == "before" then must.setpgid(0, 0) end end)
    for _, n in ipairs { "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU" } do
      stop(pid, n)
      must.kill(pid, "SIGCONT")
      assert.same({ pid, "continued", C.SIGCONT }, { must.waitpid(pid, "WCONTINUED") })
    end
    must.kill(pid, "SIGKILL")
    must.waitpid(pid)
  end)

  -- covers: signal.stop.orphaned
  it("is not made by SIGTSTP in an orphaned group; SIGSTOP stops there too", function()
    local pid, go = worker(function(when) if when == "before" then must.setsid() end return 1 end)
    for _, n in ipairs { "SIGTSTP", "SIGTTIN", "SIGTTOU" } do must.kill(pid, n) end
    ks.settle()
    assert.equal(0, must.waitpid(pid, "WNOHANG|WUNTRACED"))
    stop(pid)
    must.kill(pid, "SIGCONT")
    go()
    assert.same({ pid, "exited", 1 }, { must.waitpid(pid) })
  end)

  -- covers: signal.stop.pends signal.stop.kill
  it("keeps signals for later, but dies of SIGKILL at once", function()
    local pid = worker(function() end)
    stop(pid)
    must.kill(pid, "SIGTERM")
    ks.settle()
    assert.equal(0, must.waitpid(pid, "WNOHANG"))
    must.kill(pid, "SIGCONT")
    assert.same({ pid, "killed", C.SIGTERM }, { must.waitpid(pid) })
    pid = worker(function() end)
    stop(pid)
    must.kill(pid, "SIGKILL")
    assert.same({ pid, "killed", C.SIGKILL }, { must.waitpid(pid) })
  end)

  -- covers: signal.stop.again
  it("stopped again tells nothing new", function()
    local pid = worker(function() end)
    stop(pid)
    must.kill(pid, "SIGSTOP")
    ks.settle()
    assert.equal(0, must.waitpid(pid, "WNOHANG|WUNTRACED"))
    must.kill(pid, "SIGCONT")
    ks.settle()
    assert.equal(0, must.waitpid(pid, "WNOHANG|WUNTRACED"))
    must.kill(pid, "SIGKILL")
    must.waitpid(pid)
  end)

  -- covers: signal.cont.running
  it("is needed for a continuation to be told: SIGCONT to a running one is silent", function()
    local pid = worker(function() end)
    must.kill(pid, "SIGCONT")
    ks.settle()
    assert.equal(0, must.waitpid(pid, "WNOHANG|WCONTINUED"))
    must.kill(pid, "SIGKILL")
    must.waitpid(pid)
  end)

  -- covers: signal.cont.blocked_ignored
  it("goes on by SIGCONT though it blocks or ignores it", function()
    for _, how in ipairs { "block", "ignore" } do
      local pid, go = worker(function(when)
        if when == "after" then return 2 end
        if how == "block" then
          must.sigprocmask("SIG_BLOCK", { "SIGCONT" })
        else
          must.sigaction("SIGCONT", "SIG_IGN")
        end
      end)
      stop(pid)
      must.kill(pid, "SIGCONT")
      go()
      assert.same({ pid, "exited", 2 }, { must.waitpid(pid) })
    end
  end)

  -- covers: signal.cont.handler
  it("runs its SIGCONT handler once it goes on", function()
    local pid, go = worker(function(when)
      if when == "before" then
        must.sigaction("SIGCONT", { handler = function() must.exit_group(7) end, flags = "SA_RESTART" })
      end
      return 1
    end)
    stop(pid)
    must.kill(pid, "SIGCONT")
    assert.same({ pid, "exited", 7 }, { must.waitpid(pid) })
    go()
  end)

  -- covers: signal.stop.handled
  it("is not made by a SIGTSTP that is handled or ignored", function()
    local pid, go = worker(function(when)
      if when == "before" then
        must.setpgid(0, 0)
        must.sigaction("SIGTSTP", { handler = function() end, flags = "SA_RESTART" })
        must.sigaction("SIGTTIN", "SIG_IGN")
      end
      return 1
    end)
    must.kill(pid, "SIGTSTP")
    must.kill(pid, "SIGTTIN")
    go()
    assert.same({ pid, "exited", 1 }, { must.waitpid(pid, "WUNTRACED") })
  end)
end)

describe("stop and continue signals", function()
  -- covers: signal.cont.discards_stop signal.stop.discards_cont
  it("drop each other from the pending ones", function()
    local pid = must.fork(function()
      must.sigprocmask("SIG_BLOCK", { "SIGTSTP", "SIGTTIN", "SIGCONT" })
      local me = must.getpid()
      must.kill(me, "SIGTSTP")
      must.kill(me, "SIGTTIN")
      assert.same({ C.SIGTSTP, C.SIGTTIN }, must.sigpending())
      must.kill(me, "SIGCONT")
      assert.same({ C.SIGCONT }, must.sigpending())
      must.kill(me, "SIGTSTP")
      assert.same({ C.SIGTSTP }, must.sigpending())
    end)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
  end)

  -- covers: signal.stop.timers_run
  it("leave the clock of a sleeper alone: it wakes at its time", function()
    local pid = must.fork(function() must.nanosleep(0.03) end)
    ks.settle()
    local before = ks.now()
    sys.kill(pid, "SIGSTOP")
    must.nanosleep(0.05)
    sys.kill(pid, "SIGCONT")
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
    assert.is_true(ks.now() - before >= 0.05)
  end)
end)
