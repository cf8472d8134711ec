local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local function watch(flags)
  local seen = {}
  must.sigaction("SIGCHLD", { handler = function(_, i) seen[#seen + 1] = i end, flags = flags or 0 })
  return seen
end

local function until_seen(seen, n) while #seen < n do ks.settle() end end

describe("SIGCHLD", function()
  -- covers: signal.sigchld.exited signal.sigchld.killed
  it("tells how a child ended", function()
    local seen = watch()
    local pid = must.fork(function() return 5 end)
    until_seen(seen, 1)
    local i = seen[1]
    assert.same({ C.SIGCHLD, C.CLD_EXITED, pid, 0, 5 }, { i.si_signo, i.si_code, i.si_pid, i.si_uid, i.si_status })
    must.waitpid(pid)
    pid = must.fork(function() must.kill(must.getpid(), "SIGTERM") end)
    until_seen(seen, 2)
    i = seen[2]
    assert.same({ C.CLD_KILLED, pid, C.SIGTERM }, { i.si_code, i.si_pid, i.si_status })
    must.waitpid(pid)
  end)

  -- covers: signal.sigchld.stopped signal.sigchld.continued
  it("tells stops and continuations", function()
    local seen = watch()
    local pid = must.fork(function() while true do sys.pause() end end)
    must.kill(pid, "SIGSTOP")
    until_seen(seen, 1)
    assert.same({ C.CLD_STOPPED, pid, C.SIGSTOP }, { seen[1].si_code, seen[1].si_pid, seen[1].si_status })
    must.kill(pid, "SIGCONT")
    until_seen(seen, 2)
    assert.same({ C.CLD_CONTINUED, pid, C.SIGCONT }, { seen[2].si_code, seen[2].si_pid, seen[2].si_status })
    must.kill(pid, "SIGKILL")
    until_seen(seen, 3)
  end)

  -- covers: signal.sigchld.SA_NOCLDSTOP
  it("with SA_NOCLDSTOP tells only ends; waiting still sees stops", function()
    local seen = watch("SA_NOCLDSTOP|SA_RESTART")
    local pid = must.fork(function() while true do sys.pause() end end)
    must.kill(pid, "SIGSTOP")
    assert.same({ pid, "stopped", C.SIGSTOP }, { must.waitpid(pid, "WUNTRACED") })
    must.kill(pid, "SIGCONT")
    assert.same({ pid, "continued", C.SIGCONT }, { must.waitpid(pid, "WCONTINUED") })
    assert.equal(0, #seen)
    must.kill(pid, "SIGKILL")
    until_seen(seen, 1)
    assert.equal(C.CLD_KILLED, seen[1].si_code)
  end)

  -- covers: signal.sigchld.SA_NOCLDWAIT
  it("with SA_NOCLDWAIT is still sent, but leaves no zombie", function()
    local seen = watch("SA_NOCLDWAIT")
    local pid = must.fork(function() return 5 end)
    until_seen(seen, 1)
    assert.same({ pid, 5 }, { seen[1].si_pid, seen[1].si_status })
    assert.errno("ECHILD", sys.waitpid(pid))
  end)

  -- covers: signal.sigchld.default_keeps_zombie
  it("with the default action interrupts nothing and leaves the zombie", function()
    local pid = must.fork(function() return 5 end)
    assert.equal(0, (must.poll({}, 20)))
    assert.same({ pid, "exited", 5 }, { must.waitpid(pid) })
  end)

  -- covers: signal.sigchld.coalesce
  it("counts once for several children while blocked", function()
    local seen = watch()
    must.sigprocmask("SIG_BLOCK", { "SIGCHLD" })
    for _ = 1, 3 do must.fork(function() end) end
    ks.settle()
    must.sigprocmask("SIG_UNBLOCK", { "SIGCHLD" })
    assert.equal(1, #seen)
    for _ = 1, 3 do must.waitpid(-1) end
    assert.equal(1, #seen)
  end)

  -- covers: signal.sigchld.wait_keeps_pending
  it("stays pending although the child has been waited for", function()
    must.sigprocmask("SIG_BLOCK", { "SIGCHLD" })
    local pid = must.fork(function() end)
    must.waitpid(pid)
    assert.same({ C.SIGCHLD }, must.sigpending())
  end)

  -- covers: signal.sigchld.wait_wins
  it("whose handler lacks SA_RESTART does not make the waitpid for that child fail", function()
    local seen = watch()
    local r, w = must.pipe2()
    local pid = must.fork(function()
      must.read(r, 1)
      return 4
    end)
    must.fork(function()
      ks.settle()
      must.write(w, "x")
      must.pause()
    end)
    assert.same({ pid, "exited", 4 }, { must.waitpid(pid) })
    assert.equal(1, #seen)
  end)

  -- covers: signal.sigchld.exit_signal
  it("is replaced by the exit signal that clone3 named", function()
    local info
    must.sigaction("SIGUSR1", function(_, i) info = i end)
    local seen = watch()
    local pid = must.clone3({ flags = 0, exit_signal = "SIGUSR1" }, function() return 2 end)
    while not info do sys.nanosleep(0.01) end
    assert.same({ C.SIGUSR1, C.CLD_EXITED, pid }, { info.si_signo, info.si_code, info.si_pid })
    assert.equal(0, #seen)
    must.waitpid(pid, "__WALL")
  end)

  -- covers: signal.sigchld.reparented
  it("comes to init for an orphan as well", function()
    local r, w = must.pipe2()
    local seen = watch("SA_RESTART")
    local middle = must.fork(function() must.fork(function() must.read(r, 1) end) end)
    must.waitpid(middle)
    until_seen(seen, 1)
    must.write(w, "x")
    until_seen(seen, 2)
    assert.equal(middle + 1, seen[2].si_pid)
  end)
end)
