local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local function mask() return must.sigprocmask("SIG_BLOCK", {}) end

describe("sigprocmask", function()
  -- covers: signal.mask.how signal.mask.old
  it("adds, removes and replaces, and returns the mask before", function()
    assert.same({}, must.sigprocmask("SIG_BLOCK", { "SIGUSR2", "SIGUSR1" }))
    assert.same({ C.SIGUSR1, C.SIGUSR2 }, must.sigprocmask("SIG_UNBLOCK", { "SIGUSR1", "SIGHUP" }))
    assert.same({ C.SIGUSR2 }, must.sigprocmask("SIG_SETMASK", { "SIGTERM", 64 }))
    assert.same({ C.SIGTERM, 64 }, mask())
  end)

  -- covers: signal.mask.kill_stop
  it("leaves SIGKILL and SIGSTOP out without a word", function()
    must.sigprocmask("SIG_SETMASK", { "SIGKILL", "SIGSTOP", "SIGUSR1" })
    assert.same({ C.SIGUSR1 }, mask())
  end)

  -- covers: signal.mask.bad_how
  it("refuses an unknown way", function() assert.errno("EINVAL", sys.sigprocmask(99, {})) end)

  -- covers: signal.mask.unblock_delivers
  it("delivers what it lets through before it returns", function()
    local seen
    must.sigaction("SIGUSR1", function() seen = true end)
    must.sigprocmask("SIG_BLOCK", { "SIGUSR1" })
    must.kill(1, "SIGUSR1")
    assert.is_nil(seen)
    assert.same({ C.SIGUSR1 }, must.sigprocmask("SIG_SETMASK", {}))
    assert.is_true(seen)
  end)

  -- covers: signal.mask.unblock_kills
  it("lets a fatal signal through at once", function()
    local pid = must.fork(function()
      must.sigprocmask("SIG_BLOCK", { "SIGTERM" })
      must.kill(must.getpid(), "SIGTERM")
      must.sigprocmask("SIG_UNBLOCK", { "SIGTERM" })
      return 3
    end)
    assert.same({ pid, "killed", C.SIGTERM }, { must.waitpid(pid) })
  end)
end)

describe("pending signals", function()
  -- covers: signal.pending.coalesce signal.pending.first_info
  it("of a standard number count once, with the first sender's information", function()
    local runs, value = 0, nil
    must.sigaction("SIGUSR1", function(_, i) runs, value = runs + 1, i.si_value end)
    must.sigprocmask("SIG_BLOCK", { "SIGUSR1" })
    for v = 1, 3 do must.sigqueue(1, "SIGUSR1", v) end
    must.sigprocmask("SIG_UNBLOCK", { "SIGUSR1" })
    assert.same({ 1, 1 }, { runs, value })
  end)

  -- covers: signal.pending.realtime
  it("of a real-time number queue, in order", function()
    local values = {}
    must.sigaction(40, function(_, i) values[#values + 1] = i.si_value end)
    must.sigprocmask("SIG_BLOCK", { 40 })
    for v = 1, 3 do must.sigqueue(1, 40, v) end
    must.kill(1, 40)
    assert.same({ 40 }, must.sigpending())
    must.sigprocmask("SIG_UNBLOCK", { 40 })
    assert.same({ 1, 2, 3, }, { values[1], values[2], values[3] })
    assert.equal(4, #values)
  end)

  -- covers: signal.pending.not_unblocked
  it("lists only blocked ones, in order of number", function()
    must.sigprocmask("SIG_BLOCK", { "SIGUSR1", "SIGHUP", 50 })
    for _, n in ipairs { 50, "SIGUSR1", "SIGHUP" } do must.kill(1, n) end
    assert.same({ C.SIGHUP, C.SIGUSR1, 50 }, must.sigpending())
  end)

  -- covers: signal.pending.thread_and_process
  it("of the thread and of the process are two queues: the same number can wait in both", function()
    local codes = {}
    must.sigaction("SIGUSR1", function(_, i) codes[#codes + 1] = i.si_code end)
    must.sigprocmask("SIG_BLOCK", { "SIGUSR1" })
    must.kill(1, "SIGUSR1")
    must.tgkill(1, 1, "SIGUSR1")
    must.sigprocmask("SIG_UNBLOCK", { "SIGUSR1" })
    assert.same({ C.SI_TKILL, C.SI_USER }, codes)
  end)
end)

describe("sigqueue", function()
  -- covers: signal.sigqueue.value
  it("carries a value", function()
    local info
    must.sigaction("SIGUSR1", function(_, i) info = i end)
    must.sigqueue(1, "SIGUSR1", 42)
    assert.same({ C.SI_QUEUE, 1, 0, 42 }, { info.si_code, info.si_pid, info.si_uid, info.si_value })
  end)

  -- covers: signal.sigqueue.errors
  it("fails as kill does", function()
    assert.errno("ESRCH", sys.sigqueue(4711, "SIGUSR1", 1))
    assert.errno("ESRCH", sys.sigqueue(4711, 65, 1))
    assert.errno("EINVAL", sys.sigqueue(1, 65, 1))
    assert.equal(0, must.sigqueue(1, 0, 1))
  end)

  -- covers: signal.sigqueue.limit
  it("of a real-time signal stops at RLIMIT_SIGPENDING, a standard one only loses its value", function()
    must.setrlimit("RLIMIT_SIGPENDING", { rlim_cur = 0, rlim_max = 0 })
    must.sigprocmask("SIG_BLOCK", { "SIGUSR1", 40, 41 })
    assert.errno("EAGAIN", sys.sigqueue(1, 40, 7))
    assert.equal(0, must.sigqueue(1, "SIGUSR1", 7))
    assert.equal(0, must.kill(1, 41))
    assert.same({ C.SIGUSR1, 41 }, must.sigpending())
    local _, info = must.sigtimedwait({ "SIGUSR1" }, 0)
    assert.same({ C.SI_USER, 0, 0 }, { info.si_code, info.si_pid, info.si_value })
  end)
end)

describe("sigsuspend", function()
  -- covers: signal.sigsuspend.swap signal.sigsuspend.eintr
  it("waits with another mask, runs the handler and puts the old mask back", function()
    local during
    must.sigaction("SIGUSR1", function() during = mask() end)
    must.sigprocmask("SIG_BLOCK", { "SIGUSR1", "SIGUSR2" })
    must.kill(1, "SIGUSR1")
    assert.errno("EINTR", sys.sigsuspend({ "SIGHUP" }))
    assert.same({ C.SIGHUP, C.SIGUSR1 }, during)
    assert.same({ C.SIGUSR1, C.SIGUSR2 }, mask())
  end)

  -- covers: signal.sigsuspend.ignored signal.pause.eintr
  it("and pause sleep through ignored signals", function()
    local pid = must.fork(function()
      must.sigaction("SIGUSR2", "SIG_IGN")
      must.sigaction("SIGUSR1", { handler = function() end, flags = "SA_RESTART" })
      assert.errno("EINTR", sys.sigsuspend({}))
      assert.errno("EINTR", sys.pause())
    end)
    for _ = 1, 2 do
      ks.settle()
      must.kill(pid, "SIGUSR2")
      must.kill(pid, "SIGCHLD")
      ks.settle()
      assert.equal(0, must.waitpid(pid, "WNOHANG"))
      must.kill(pid, "SIGUSR1")
    end
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
  end)
end)
