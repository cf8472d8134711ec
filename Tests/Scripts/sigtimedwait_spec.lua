local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local function block(...) must.sigprocmask("SIG_BLOCK", { ... }) end

describe("sigtimedwait", function()
  -- covers: signal.sigtimedwait.takes
  it("takes a pending signal without running its handler", function()
    local ran
    must.sigaction("SIGUSR1", function() ran = true end)
    block("SIGUSR1")
    must.sigqueue(1, "SIGUSR1", 3)
    local n, info = must.sigtimedwait({ "SIGUSR1", "SIGUSR2" }, 1)
    assert.same({ C.SIGUSR1, C.SIGUSR1, C.SI_QUEUE, 1, 3 },
      { n, info.si_signo, info.si_code, info.si_pid, info.si_value })
    assert.same({}, must.sigpending())
    must.sigprocmask("SIG_UNBLOCK", { "SIGUSR1" })
    assert.is_nil(ran)
  end)

  -- covers: signal.sigtimedwait.timeout
  it("is EAGAIN when the time is over, at once for no time", function()
    block("SIGUSR1")
    assert.errno("EAGAIN", sys.sigtimedwait({ "SIGUSR1" }, 0))
    local before = ks.now()
    assert.errno("EAGAIN", sys.sigtimedwait({ "SIGUSR1" }, 0.02))
    assert.is_true(ks.now() - before >= 0.02)
  end)

  -- covers: signal.sigtimedwait.bad_time
  it("refuses a bad time before it looks for signals", function()
    block("SIGUSR1")
    must.kill(1, "SIGUSR1")
    assert.errno("EINVAL", sys.sigtimedwait({ "SIGUSR1" }, { tv_sec = 0, tv_nsec = 1000000000 }))
    assert.errno("EINVAL", sys.sigtimedwait({ "SIGUSR1" }, { tv_sec = -1, tv_nsec = 0 }))
    assert.same({ C.SIGUSR1 }, must.sigpending())
  end)

  -- covers: signal.sigtimedwait.order
  it("takes the lowest number first, one number in the order sent", function()
    block("SIGUSR1", "SIGTERM", 40, 41)
    for _, s in ipairs { { 41, 1 }, { 40, 2 }, { "SIGTERM", 3 }, { 40, 4 }, { "SIGUSR1", 5 } } do
      must.sigqueue(1, s[1], s[2])
    end
    local seen = {}
    for i = 1, 5 do
      local _, info = must.sigtimedwait({ "SIGUSR1", "SIGTERM", 40, 41 }, 0)
      seen[i] = info.si_value
    end
    assert.same({ 5, 3, 2, 4, 1 }, seen)
  end)

  -- covers: signal.order.synchronous
  it("takes the fault signals before all others", function()
    block("SIGHUP", "SIGSEGV", "SIGFPE", "SIGSYS")
    for _, n in ipairs { "SIGHUP", "SIGSYS", "SIGSEGV", "SIGFPE" } do must.kill(1, n) end
    local seen = {}
    for i = 1, 4 do seen[i] = must.sigtimedwait({ "SIGHUP", "SIGSEGV", "SIGFPE", "SIGSYS" }, 0) end
    assert.same({ C.SIGFPE, C.SIGSEGV, C.SIGSYS, C.SIGHUP }, seen)
  end)

  -- covers: signal.sigtimedwait.wakes
  it("sleeps until one comes", function()
    block("SIGUSR1")
    local pid = must.fork(function()
      ks.settle()
      must.kill(1, "SIGUSR1")
    end)
    local n, info = must.sigtimedwait({ "SIGUSR1" }, 5)
    assert.same({ C.SIGUSR1, pid }, { n, info.si_pid })
    must.waitpid(pid)
  end)

  -- covers: signal.sigtimedwait.unblocked_handled signal.sigtimedwait.unblocked_fatal
  it("takes a handled signal that is not blocked while it sleeps, but a fatal one kills", function()
    local pid = must.fork(function()
      must.sigaction("SIGUSR2", function() must.exit_group(9) end)
      assert.equal(C.SIGUSR2, (must.sigtimedwait({ "SIGTERM", "SIGUSR2" }, 5)))
      sys.sigtimedwait({ "SIGTERM", "SIGUSR2" }, 5)
    end)
    ks.settle()
    must.kill(pid, "SIGUSR2")
    ks.settle()
    assert.equal(0, must.waitpid(pid, "WNOHANG"))
    must.kill(pid, "SIGTERM")
    assert.same({ pid, "killed", C.SIGTERM }, { must.waitpid(pid) })
  end)

  -- covers: signal.sigtimedwait.default_ignored
  it("takes SIGCHLD with the default action, if blocked", function()
    block("SIGCHLD")
    local pid = must.fork(function() return 2 end)
    local n, info = must.sigtimedwait({ "SIGCHLD" }, 5)
    assert.same({ C.SIGCHLD, pid, C.CLD_EXITED, 2 }, { n, info.si_pid, info.si_code, info.si_status })
  end)

  -- covers: signal.sigtimedwait.kill_stop
  it("takes SIGKILL and SIGSTOP in the set without complaint, and never gets them", function()
    local pid = must.fork(function() sys.sigtimedwait({ "SIGKILL", "SIGSTOP" }, 5) end)
    ks.settle()
    must.kill(pid, "SIGKILL")
    assert.same({ pid, "killed", C.SIGKILL }, { must.waitpid(pid) })
  end)

  -- covers: signal.sigtimedwait.eintr
  it("is EINTR when another handler runs", function()
    must.sigaction("SIGALRM", { handler = function() end, flags = "SA_RESTART" })
    block("SIGUSR1")
    must.setitimer("ITIMER_REAL", { it_value = 0.01 })
    assert.errno("EINTR", sys.sigtimedwait({ "SIGUSR1" }, 5))
  end)

  -- covers: signal.sigtimedwait.thread_first
  it("takes the thread's own signals before those of the process", function()
    block("SIGUSR1", "SIGUSR2")
    must.kill(1, "SIGUSR1")
    must.tgkill(1, 1, "SIGUSR2")
    assert.equal(C.SIGUSR2, (must.sigtimedwait({ "SIGUSR1", "SIGUSR2" }, 0)))
    assert.equal(C.SIGUSR1, (must.sigtimedwait({ "SIGUSR1", "SIGUSR2" }, 0)))
  end)
end)
