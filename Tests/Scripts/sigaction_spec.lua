local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local function pend_then_unblock(...)
  must.sigprocmask("SIG_BLOCK", { ... })
  for _, n in ipairs { ... } do must.kill(must.getpid(), n) end
  must.sigprocmask("SIG_UNBLOCK", { ... })
end

describe("sigaction", function()
  -- covers: signal.sigaction.old
  it("returns what was there", function()
    local function f() end
    assert.equal("SIG_DFL", must.sigaction("SIGUSR1", f))
    assert.equal(f, must.sigaction("SIGUSR1", "SIG_IGN"))
    assert.equal("SIG_IGN", must.sigaction("SIGUSR1", { handler = f, flags = "SA_RESTART", mask = { "SIGUSR2" } }))
    assert.equal(f, must.sigaction("SIGUSR1", "SIG_DFL"))
  end)

  -- covers: signal.sigaction.einval signal.sigaction.kill_stop
  it("refuses numbers that are no signal, and any change to SIGKILL and SIGSTOP", function()
    assert.errno("EINVAL", sys.sigaction(0, "SIG_IGN"))
    assert.errno("EINVAL", sys.sigaction(65, "SIG_IGN"))
    assert.errno("EINVAL", sys.sigaction(-1, "SIG_IGN"))
    for _, n in ipairs { "SIGKILL", "SIGSTOP" } do
      assert.errno("EINVAL", sys.sigaction(n, "SIG_IGN"))
      assert.errno("EINVAL", sys.sigaction(n, "SIG_DFL"))
      assert.errno("EINVAL", sys.sigaction(n, function() end))
    end
    assert.equal("SIG_DFL", must.sigaction(64, "SIG_IGN"))
  end)

  -- covers: signal.sigaction.ignore_discards
  it("to SIG_IGN drops what is pending, blocked or not", function()
    must.sigprocmask("SIG_BLOCK", { "SIGUSR1", 40 })
    must.kill(1, "SIGUSR1")
    must.kill(1, 40)
    must.kill(1, 40)
    must.sigaction("SIGUSR1", "SIG_IGN")
    must.sigaction(40, "SIG_IGN")
    assert.same({}, must.sigpending())
  end)

  -- covers: signal.sigaction.default_discards
  it("to SIG_DFL drops it only where the default is to ignore", function()
    local pid = must.fork(function()
      must.sigprocmask("SIG_BLOCK", { "SIGCHLD", "SIGWINCH", "SIGTERM" })
      for _, n in ipairs { "SIGCHLD", "SIGWINCH", "SIGTERM" } do must.sigaction(n, function() end) end
      for _, n in ipairs { "SIGCHLD", "SIGWINCH", "SIGTERM" } do must.kill(must.getpid(), n) end
      for _, n in ipairs { "SIGCHLD", "SIGWINCH", "SIGTERM" } do must.sigaction(n, "SIG_DFL") end
      assert.same({ C.SIGTERM }, must.sigpending())
    end)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
  end)

  -- covers: signal.ignored.blocked_pends
  it("an ignored signal is kept when it is blocked, and dropped on unblocking", function()
    must.sigaction("SIGUSR1", "SIG_IGN")
    must.kill(1, "SIGUSR1")
    must.sigprocmask("SIG_BLOCK", { "SIGUSR1", "SIGCHLD" })
    must.kill(1, "SIGUSR1")
    must.kill(1, "SIGCHLD")
    assert.same({ C.SIGUSR1, C.SIGCHLD }, must.sigpending())
    must.sigprocmask("SIG_UNBLOCK", { "SIGUSR1", "SIGCHLD" })
    assert.same({}, must.sigpending())
  end)
end)

describe("a handler", function()
  -- covers: signal.handler.mask signal.handler.mask_restored
  it("runs with its own signal and its mask blocked, which ends with it", function()
    local inside
    must.sigprocmask("SIG_BLOCK", { "SIGALRM" })
    must.sigaction("SIGUSR1", {
      handler = function() inside = must.sigprocmask("SIG_BLOCK", { "SIGHUP" }) end,
      mask = { "SIGUSR2", "SIGKILL" },
    })
    must.kill(1, "SIGUSR1")
    assert.same({ C.SIGUSR1, C.SIGUSR2, C.SIGALRM }, inside)
    assert.same({ C.SIGALRM }, must.sigprocmask("SIG_BLOCK", {}))
  end)

  -- covers: signal.handler.self_blocked
  it("is not entered again for its own signal until it returns", function()
    local depth, deepest, runs = 0, 0, 0
    must.sigaction("SIGUSR1", function()
      depth, runs = depth + 1, runs + 1
      deepest = math.max(deepest, depth)
      if runs < 3 then must.kill(1, "SIGUSR1") end
      depth = depth - 1
    end)
    must.kill(1, "SIGUSR1")
    assert.same({ 3, 1 }, { runs, deepest })
  end)

  -- covers: signal.handler.SA_NODEFER
  it("with SA_NODEFER is", function()
    local depth, deepest, runs = 0, 0, 0
    must.sigaction("SIGUSR1", { flags = "SA_NODEFER", handler = function()
      depth, runs = depth + 1, runs + 1
      deepest = math.max(deepest, depth)
      if runs < 3 then must.kill(1, "SIGUSR1") end
      depth = depth - 1
    end })
    must.kill(1, "SIGUSR1")
    assert.same({ 3, 3 }, { runs, deepest })
  end)

  -- covers: signal.handler.SA_RESETHAND
  it("with SA_RESETHAND is forgotten before it runs, its signal still blocked", function()
    local inside, mask
    must.sigaction("SIGUSR1", { flags = "SA_RESETHAND", handler = function()
      mask = must.sigprocmask("SIG_BLOCK", {})
      inside = must.sigaction("SIGUSR1", "SIG_IGN")
    end })
    must.kill(1, "SIGUSR1")
    assert.equal("SIG_DFL", inside)
    assert.same({ C.SIGUSR1 }, mask)
    assert.equal("SIG_IGN", must.sigaction("SIGUSR1", "SIG_DFL"))
  end)

  -- covers: signal.order.stacked
  it("of the highest number runs first when several are let through at once", function()
    local seen = {}
    for _, n in ipairs { "SIGUSR1", "SIGUSR2", "SIGTERM", 40, 41 } do
      must.sigaction(n, function(s) seen[#seen + 1] = s end)
    end
    pend_then_unblock(41, 40, "SIGTERM", "SIGUSR2", "SIGUSR1")
    assert.same({ 41, 40, C.SIGTERM, C.SIGUSR2, C.SIGUSR1 }, seen)
  end)

  -- covers: signal.order.masked
  it("whose mask holds the others runs before them, lowest number first", function()
    local seen = {}
    local all = { "SIGUSR1", "SIGUSR2", "SIGTERM" }
    for _, n in ipairs(all) do must.sigaction(n, { handler = function(s) seen[#seen + 1] = s end, mask = all }) end
    pend_then_unblock("SIGTERM", "SIGUSR2", "SIGUSR1")
    assert.same({ C.SIGUSR1, C.SIGUSR2, C.SIGTERM }, seen)
  end)

  -- covers: signal.order.thread_first
  it("of a thread's own signal is set up before those of the process", function()
    local seen = {}
    local both = { "SIGUSR1", "SIGUSR2" }
    for _, n in ipairs(both) do must.sigaction(n, { handler = function(s) seen[#seen + 1] = s end, mask = both }) end
    must.sigprocmask("SIG_BLOCK", both)
    must.kill(1, "SIGUSR1")
    must.tgkill(1, 1, "SIGUSR2")
    must.sigprocmask("SIG_UNBLOCK", both)
    assert.same({ C.SIGUSR2, C.SIGUSR1 }, seen)
  end)

  -- covers: signal.handler.in_blocked_call
  it("runs while the call it interrupts has not returned", function()
    local r, w = must.pipe2()
    local log = {}
    must.sigaction("SIGALRM", {
      handler = function()
        log[#log + 1] = "handler"
        must.write(w, "x")
      end,
      flags = "SA_RESTART",
    })
    must.setitimer("ITIMER_REAL", { it_value = 0.01 })
    local got = must.read(r, 1)
    assert.same({ "handler", "x" }, { log[1], got })
  end)

  -- covers: signal.sigpipe
  it("for SIGPIPE runs before the write fails; ignored, the write fails alone", function()
    local r, w = must.pipe2()
    must.close(r)
    local seen
    must.sigaction("SIGPIPE", function(n, i) seen = { n, i.si_code, i.si_pid } end)
    assert.errno("EPIPE", sys.write(w, "x"))
    assert.same({ C.SIGPIPE, C.SI_USER, 1 }, seen)
    must.sigaction("SIGPIPE", "SIG_IGN")
    assert.errno("EPIPE", sys.write(w, "x"))
    local pid = must.fork(function()
      must.sigaction("SIGPIPE", "SIG_DFL")
      sys.write(w, "x")
      return 9
    end)
    assert.same({ pid, "killed", C.SIGPIPE }, { must.waitpid(pid) })
  end)
end)
