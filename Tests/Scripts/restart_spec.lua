local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

-- Runs `call` in a child, interrupts it once it sleeps, lets `release` end the sleep,
-- and tells the errno (0: it restarted).
local function outcome(flags, call, release)
  local pid = must.fork(function()
    must.sigaction("SIGUSR1", { handler = function() end, flags = flags })
    local ok, _, errno = call()
    return ok and 0 or errno
  end)
  ks.settle()
  must.kill(pid, "SIGUSR1")
  ks.settle()
  if release then
    release()
    ks.settle() -- whoever it was meant for takes it, before the next case begins
  end
  local _, how, code = must.waitpid(pid)
  assert.equal("exited", how)
  return code
end

local function both(call, release)
  return { outcome(0, call, release), outcome("SA_RESTART", call, release) }
end

describe("an interrupted call", function()
  -- covers: signal.restart.read_pipe signal.restart.write_pipe
  it("on a pipe restarts with SA_RESTART", function()
    local r, w = must.pipe2()
    assert.same({ C.EINTR, 0 }, both(function() return sys.read(r, 1) end, function() must.write(w, "x") end))
    local size = must.fcntl(w, "F_SETPIPE_SZ", 4096)
    local full = must.read(r, 1) and must.write(w, ("x"):rep(size))
    assert.equal(size, full)
    assert.same({ C.EINTR, 0 }, both(function() return sys.write(w, "y") end, function() must.read(r, size) end))
  end)

  -- covers: signal.restart.write_partial
  it("that has moved some bytes returns their count, even with SA_RESTART", function()
    local r, w = must.pipe2()
    local size = must.fcntl(w, "F_SETPIPE_SZ", 4096)
    local pid = must.fork(function()
      must.sigaction("SIGUSR1", { handler = function() end, flags = "SA_RESTART" })
      return must.write(w, ("x"):rep(2 * size)) == size and 0 or 1
    end)
    ks.settle()
    must.kill(pid, "SIGUSR1")
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
    must.close(r)
  end)

  -- covers: signal.restart.eventfd signal.restart.timerfd signal.restart.signalfd
  it("that reads an eventfd, timerfd or signalfd restarts with SA_RESTART", function()
    local e = must.eventfd(0)
    assert.same({ C.EINTR, 0 }, both(function() return sys.read(e, 8) end, function()
      must.write(e, string.pack("<I8", 1))
    end))
    local t = must.timerfd_create("CLOCK_MONOTONIC", 0)
    assert.same({ C.EINTR, 0 }, both(function() return sys.read(t, 8) end, function()
      must.timerfd_settime(t, 0, { it_value = 0.01 })
    end))
    local function wait_signal()
      must.sigprocmask("SIG_BLOCK", { "SIGUSR2" })
      return sys.read(must.signalfd(-1, { "SIGUSR2" }), 128)
    end
    assert.equal(C.EINTR, outcome(0, wait_signal))
    local pid = must.fork(function()
      must.sigaction("SIGUSR1", { handler = function() end, flags = "SA_RESTART" })
      return #wait_signal()
    end)
    ks.settle()
    must.kill(pid, "SIGUSR1")
    ks.settle()
    must.kill(pid, "SIGUSR2")
    assert.same({ pid, "exited", 128 }, { must.waitpid(pid) })
  end)

  -- covers: signal.restart.wait
  it("that waits for a child restarts with SA_RESTART", function()
    local r, w = must.pipe2()
    for _, wait in ipairs {
      function(pid) return sys.waitpid(pid) end,
      function(pid) return sys.waitid("P_PID", pid, "WEXITED") end,
    } do
      assert.same({ C.EINTR, 0 }, both(function()
        return wait(must.fork(function() must.read(r, 1) end))
      end, function() must.write(w, "x") end))
    end
  end)

  -- covers: signal.restart.never_poll signal.restart.never_epoll
  it("in poll or epoll_wait never restarts", function()
    local r = must.pipe2()
    assert.same({ C.EINTR, C.EINTR }, both(function() return sys.poll({ { fd = r, events = "POLLIN" } }) end))
    assert.same({ C.EINTR, C.EINTR }, both(function() return sys.poll({}, 5000) end))
    local ep = must.epoll_create1()
    assert.same({ C.EINTR, C.EINTR }, both(function() return sys.epoll_wait(ep, 1) end))
  end)

  -- covers: signal.restart.never_sleep signal.restart.never_pause signal.restart.never_sigtimedwait
  it("that sleeps or waits for signals never restarts", function()
    assert.same({ C.EINTR, C.EINTR }, both(function() return sys.nanosleep(5) end))
    assert.same({ C.EINTR, C.EINTR }, both(function() return sys.clock_nanosleep("CLOCK_MONOTONIC", 0, 5) end))
    local far = must.clock_gettime("CLOCK_MONOTONIC").tv_sec + 60
    assert.same({ C.EINTR, C.EINTR }, both(function()
      return sys.clock_nanosleep("CLOCK_MONOTONIC", "TIMER_ABSTIME", far)
    end))
    assert.same({ C.EINTR, C.EINTR }, both(function() return sys.pause() end))
    assert.same({ C.EINTR, C.EINTR }, both(function() return sys.sigtimedwait({ "SIGUSR2" }, 5) end))
    assert.same({ C.EINTR, C.EINTR }, both(function() return sys.sigsuspend({}) end))
  end)

  -- covers: signal.restart.ignored signal.restart.default_ignored signal.restart.blocked
  it("is not interrupted by a signal that is ignored or blocked", function()
    local r, w = must.pipe2()
    local pid = must.fork(function()
      must.sigaction("SIGUSR2", "SIG_IGN")
      must.sigaction("SIGHUP", function() end)
      must.sigprocmask("SIG_BLOCK", { "SIGHUP" })
      assert.equal("x", must.read(r, 1))
      assert.equal(0, (must.poll({}, 20)))
    end)
    for _ = 1, 2 do
      ks.settle()
      for _, n in ipairs { "SIGUSR2", "SIGCHLD", "SIGWINCH", "SIGHUP" } do must.kill(pid, n) end
      ks.settle()
      sys.write(w, "x")
    end
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
  end)

  -- covers: signal.restart.first_decides
  it("when two handlers run, does what the signal taken first says: the lower number", function()
    local function two(first, second)
      local r, w = must.pipe2()
      local pid = must.fork(function()
        must.sigaction("SIGUSR1", { handler = function() end, flags = first })
        must.sigaction("SIGUSR2", { handler = function() end, flags = second })
        local ok, _, errno = sys.read(r, 1)
        return ok and 0 or errno
      end)
      ks.settle()
      must.kill(pid, "SIGSTOP")
      must.waitpid(pid, "WUNTRACED")
      must.kill(pid, "SIGUSR2")
      must.kill(pid, "SIGUSR1")
      must.kill(pid, "SIGCONT")
      ks.settle()
      must.write(w, "x")
      return select(3, must.waitpid(pid))
    end
    assert.equal(0, two("SA_RESTART", 0))
    assert.equal(C.EINTR, two(0, "SA_RESTART"))
  end)
end)

describe("stop and continue without a handler", function()
  local function across_stop(call)
    local pid = must.fork(function()
      local ok, _, errno = call()
      return ok and 0 or errno
    end)
    ks.settle()
    must.kill(pid, "SIGSTOP")
    must.waitpid(pid, "WUNTRACED")
    must.kill(pid, "SIGCONT")
    return select(3, must.waitpid(pid))
  end

  -- covers: signal.restart.stop_transparent
  it("does not show in poll, nanosleep or a timerfd read", function()
    assert.equal(0, across_stop(function() return sys.poll({}, 50) end))
    assert.equal(0, across_stop(function() return sys.nanosleep(0.05) end))
    assert.equal(0, across_stop(function()
      local t = must.timerfd_create("CLOCK_MONOTONIC", 0)
      must.timerfd_settime(t, 0, { it_value = 0.05 })
      return sys.read(t, 8)
    end))
  end)

  -- covers: signal.restart.stop_eintr
  it("ends epoll_wait and sigtimedwait with EINTR", function()
    assert.equal(C.EINTR, across_stop(function() return sys.epoll_wait(must.epoll_create1(), 1, 5000) end))
    assert.equal(C.EINTR, across_stop(function() return sys.sigtimedwait({ "SIGUSR1" }, 5) end))
  end)
end)
