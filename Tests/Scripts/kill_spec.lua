local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local function sleeper(before)
  return must.fork(function()
    if before then before() end
    while true do sys.pause() end
  end)
end

local function reap(pid, signal)
  must.kill(pid, signal or "SIGKILL")
  return select(3, must.waitpid(pid))
end

describe("kill", function()
  -- covers: signal.kill.zero
  it("with signal 0 only asks whether the process is there", function()
    assert.equal(0, must.kill(1, 0))
    assert.errno("ESRCH", sys.kill(4711, 0))
    assert.errno("ESRCH", sys.kill(-4711, 0))
  end)

  -- covers: signal.kill.bad_signal signal.kill.esrch_first
  it("looks for the process before it looks at the signal number", function()
    assert.errno("EINVAL", sys.kill(1, 65))
    assert.errno("EINVAL", sys.kill(1, -1))
    assert.errno("ESRCH", sys.kill(4711, 65))
    assert.errno("ESRCH", sys.kill(-4711, -1))
    assert.errno("ESRCH", sys.kill(-2147483648, 65))
    assert.errno("ESRCH", sys.kill(-1, 65))
  end)

  -- covers: signal.kill.self_sync
  it("to oneself runs the handler before it returns", function()
    local seen = {}
    must.sigaction("SIGUSR1", function(n) seen[#seen + 1] = n end)
    must.kill(must.getpid(), "SIGUSR1")
    assert.same({ C.SIGUSR1 }, seen)
  end)

  -- covers: signal.siginfo.kill
  it("says who sent it", function()
    local info
    must.sigaction("SIGUSR1", function(_, i) info = i end)
    local pid = must.fork(function()
      must.setresuid(1000, 1000, 0)
      must.setresuid(-1, 0, -1)
      must.kill(1, "SIGUSR1")
    end)
    while not info do sys.nanosleep(0.01) end
    assert.same({ C.SIGUSR1, C.SI_USER, pid, 1000 }, { info.si_signo, info.si_code, info.si_pid, info.si_uid })
    must.waitpid(pid)
  end)

  -- covers: signal.default.terminate signal.default.ignore
  it("by default ends the process, except for the four that are ignored", function()
    for _, name in ipairs {
      "SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR2", "SIGVTALRM",
      "SIGPROF", "SIGIO", "SIGPWR", "SIGXCPU", "SIGSYS", "SIGTRAP",
    } do
      assert.equal(C[name], reap(sleeper(), name))
    end
    assert.equal(40, reap(sleeper(), 40))
    local pid = sleeper()
    for _, name in ipairs { "SIGCHLD", "SIGURG", "SIGWINCH", "SIGCONT" } do must.kill(pid, name) end
    ks.settle()
    assert.equal(0, must.waitpid(pid, "WNOHANG"))
    reap(pid)
  end)

  -- covers: signal.init.unhandled signal.init.kill_stop
  it("init is safe from what it does not handle, SIGKILL and SIGSTOP included", function()
    for _, name in ipairs { "SIGTERM", "SIGKILL", "SIGSTOP", "SIGSEGV", "SIGTSTP", "SIGABRT" } do
      assert.equal(0, must.kill(1, name))
    end
    local pid = must.fork(function()
      must.kill(1, "SIGKILL")
      must.kill(1, "SIGTERM")
    end)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
    assert.same({}, must.sigpending())
  end)

  -- covers: signal.init.handled
  it("init gets what it does handle", function()
    local seen
    must.sigaction("SIGTERM", { handler = function(n) seen = n end, flags = "SA_RESTART" })
    must.waitpid(must.fork(function() must.kill(1, "SIGTERM") end))
    assert.equal(C.SIGTERM, seen)
  end)

  -- covers: signal.init.blocked
  it("init keeps a blocked signal pending even with the default action, and drops it when unblocked", function()
    must.sigprocmask("SIG_BLOCK", { "SIGTERM" })
    must.kill(1, "SIGTERM")
    assert.same({ C.SIGTERM }, must.sigpending())
    must.sigprocmask("SIG_UNBLOCK", { "SIGTERM" })
    assert.same({}, must.sigpending())
  end)

  -- covers: signal.kill.group signal.kill.own_group
  it("reaches every member of a group; 0 is the caller's own group, the caller included", function()
    local leader = sleeper(function() must.setpgid(0, 0) end)
    ks.settle()
    local member = sleeper()
    must.setpgid(member, leader)
    must.kill(-leader, "SIGUSR1")
    assert.equal(C.SIGUSR1, select(3, must.waitpid(leader)))
    assert.equal(C.SIGUSR1, select(3, must.waitpid(member)))
    local pid = must.fork(function()
      must.setpgid(0, 0)
      local child = sleeper()
      local seen
      must.sigaction("SIGUSR2", function(n) seen = n end)
      must.kill(0, "SIGUSR2")
      assert.equal(C.SIGUSR2, seen)
      local _, how, code = must.waitpid(child)
      assert.same({ "killed", C.SIGUSR2 }, { how, code })
    end)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
  end)

  -- covers: signal.kill.all signal.kill.all_none
  it("-1 reaches all but the caller and init", function()
    assert.errno("ESRCH", sys.kill(-1, "SIGTERM"))
    local alone = must.fork(function()
      local other = sleeper()
      must.setuid(1000)
      assert.equal(0, must.kill(-1, "SIGTERM"))
      assert.errno("EINVAL", sys.kill(-1, 65))
      assert.errno("EPERM", sys.kill(other, 0))
    end)
    assert.same({ alone, "exited", 0 }, { must.waitpid(alone) })
    must.kill(-1, "SIGKILL")
    must.waitpid(-1)
    local a, b = sleeper(), sleeper()
    ks.settle()
    local pid = must.fork(function() must.kill(-1, "SIGTERM") end)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
    assert.equal(C.SIGTERM, select(3, must.waitpid(a)))
    assert.equal(C.SIGTERM, select(3, must.waitpid(b)))
  end)

  -- covers: signal.kill.eperm signal.kill.eperm_order signal.kill.uid_rule
  it("needs the sender's real or effective id to be the target's real or saved one", function()
    local victim = sleeper(function() must.setresuid(1000, 2000, 3000) end)
    ks.settle()
    local function from(r, e, signal)
      local pid = must.fork(function()
        must.setresuid(r, e, e)
        return (select(3, sys.kill(victim, signal or 0)))
      end)
      return select(3, must.waitpid(pid))
    end
    assert.equal(C.EPERM, from(4000, 4000))
    assert.equal(C.EPERM, from(2000, 2000))
    assert.equal(0, from(1000, 4000))
    assert.equal(0, from(4000, 1000))
    assert.equal(0, from(3000, 4000))
    assert.equal(0, from(4000, 3000))
    assert.equal(C.EINVAL, from(4000, 4000, 65))
    assert.equal(0, from(4000, 4000, "SIGCONT"))
    reap(victim)
  end)

  -- covers: signal.kill.sigcont_session
  it("SIGCONT to another session needs the right as any signal does", function()
    local victim = sleeper(function() must.setsid() end)
    ks.settle()
    local pid = must.fork(function()
      must.setuid(1000)
      assert.errno("EPERM", sys.kill(victim, "SIGCONT"))
    end)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
    reap(victim)
  end)

  -- covers: signal.kill.group_partial signal.kill.group_eperm
  it("to a group succeeds when one member could be reached, else EPERM", function()
    local mine = sleeper(function()
      must.setpgid(0, 0)
      must.setuid(1000)
    end)
    ks.settle()
    local other = sleeper()
    must.setpgid(other, mine)
    local function as(uid) return select(3, must.waitpid(must.fork(function()
      must.setuid(uid)
      return (select(3, sys.kill(-mine, 0)))
    end))) end
    assert.equal(0, as(1000))
    assert.equal(C.EPERM, as(2000))
    reap(mine)
    reap(other)
  end)

  -- covers: signal.tgkill.basic signal.tgkill.errors signal.tkill.errors
  it("tgkill and tkill name a thread; ids below 1 are EINVAL before all else", function()
    local info
    must.sigaction("SIGUSR1", function(_, i) info = i end)
    must.tgkill(1, 1, "SIGUSR1")
    assert.equal(C.SI_TKILL, info.si_code)
    assert.errno("EINVAL", sys.tgkill(0, 1, 0))
    assert.errno("EINVAL", sys.tgkill(1, -1, 0))
    assert.errno("EINVAL", sys.tgkill(-1, 1, 65))
    assert.errno("ESRCH", sys.tgkill(1, 4711, 65))
    assert.errno("ESRCH", sys.tgkill(4711, 1, 0))
    assert.errno("EINVAL", sys.tgkill(1, 1, 65))
    assert.errno("EINVAL", sys.tkill(0, 0))
    assert.errno("ESRCH", sys.tkill(4711, 65))
    assert.equal(0, must.tkill(1, 0))
  end)
end)
