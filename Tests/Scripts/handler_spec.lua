-- Signal handlers as Lua functions: when they run, and how they may end.
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local function me(signal) must.kill(must.getpid(), signal) end

describe("a handler", function()
  it("runs before the call returns that it interrupts", function()
    local log = {}
    must.sigaction("SIGUSR1", function() log[#log + 1] = "handler" end)
    local parent = must.getpid()
    local pid = must.fork(function() must.nanosleep(1) must.kill(parent, "SIGUSR1") end)
    local r = must.pipe2()
    local result, _, errno = sys.read(r, 1)
    log[#log + 1] = "after"
    assert.same({ nil, C.EINTR }, { result, errno })
    assert.same({ "handler", "after" }, log)
    must.waitpid(pid)
  end)

  it("gets the signal and its siginfo", function()
    local signo, info
    must.sigaction("SIGUSR1", function(...) signo, info = ... end)
    me "SIGUSR1"
    assert.same({ C.SIGUSR1, C.SIGUSR1, must.getpid() }, { signo, info.si_signo, info.si_pid })
  end)

  it("may make calls, also ones that wait", function()
    local r, w = must.pipe2()
    local text
    must.sigaction("SIGUSR1", function()
      must.nanosleep(1)
      text = must.read(r, 10)
    end)
    must.fork(function() must.nanosleep(2) must.write(w, "late") end)
    me "SIGUSR1"
    assert.equal("late", text)
    assert.near(2.0, ks.now(), 0.4)
    must.waitpid(-1)
  end)

  it("is left by an error, and the interrupted call with it", function()
    must.sigaction("SIGUSR1", function() error("jump", 0) end)
    local ok, message = pcall(me, "SIGUSR1")
    assert.same({ false, "jump" }, { ok, message })
    -- The signal is not blocked afterwards, as after siglongjmp.
    assert.same({}, must.sigprocmask("SIG_BLOCK", {}))
    assert.same({ false, "jump" }, { pcall(me, "SIGUSR1") })
    local pid = must.fork(function() must.nanosleep(1) must.kill(1, "SIGUSR1") must.nanosleep(1) end)
    assert.same({ false, "jump" }, { pcall(must.waitpid, pid) })
    assert.equal(pid, (must.waitpid(pid)))
  end)

  it("runs inside coroutines", function()
    local where
    must.sigaction("SIGUSR1", function() where = coroutine.running() end)
    local co = coroutine.create(function() me "SIGUSR1" end)
    coroutine.resume(co)
    assert.is_true(where == co)
  end)

  it("runs inside callbacks that cannot be suspended", function()
    local count = 0
    must.sigaction("SIGUSR1", function() count = count + 1 end)
    table.sort({ 2, 1 }, function(a, b) me "SIGUSR1" return a < b end)
    assert.is_true(count > 0)
  end)

  it("is blocked while it runs, and nests with others", function()
    local log = {}
    must.sigaction("SIGUSR1", function()
      log[#log + 1] = "1 begins"
      if #log == 1 then me "SIGUSR1" me "SIGUSR2" end
      log[#log + 1] = "1 ends"
    end)
    must.sigaction("SIGUSR2", function() log[#log + 1] = "2" end)
    me "SIGUSR1"
    assert.same({ "1 begins", "2", "1 ends", "1 begins", "1 ends" }, log)
  end)

  it("is what sigaction returns", function()
    local function handler() end
    assert.equal("SIG_DFL", must.sigaction("SIGUSR1", handler))
    assert.is_true(must.sigaction("SIGUSR1", "SIG_IGN") == handler)
    assert.equal("SIG_IGN", must.sigaction("SIGUSR1", { handler = handler, flags = "SA_RESTART" }))
  end)

  it("may end its task", function()
    local pid = must.fork(function()
      must.sigaction("SIGUSR1", function() must.exit_group(6) end)
      me "SIGUSR1"
      return 1
    end)
    assert.equal(6, select(3, must.waitpid(pid)))
  end)

  it("is inherited by a child, whose copy is its own", function()
    local log = {}
    must.sigaction("SIGUSR1", function() log[#log + 1] = must.getpid() end)
    local pid = must.fork(function()
      me "SIGUSR1"
      must.sigaction("SIGUSR1", "SIG_IGN")
    end)
    must.waitpid(pid)
    me "SIGUSR1"
    assert.same({ pid, 1 }, log)
  end)

  it("that runs when the caller of vfork goes on changes nothing of what that answers", function()
    must.sigaction("SIGUSR1", function() must.getpgrp() end)
    local parent = must.getpid()
    local pid = must.vfork(function() must.kill(parent, "SIGUSR1") end)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
  end)
end)
