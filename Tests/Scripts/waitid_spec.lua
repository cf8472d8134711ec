local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local function sleeper() return must.fork(function() while true do sys.pause() end end) end

describe("waitid", function()
  -- covers: process.waitid.exited process.waitid.fields
  it("describes an exit", function()
    local pid = must.fork(function() return 7 end)
    local info = must.waitid("P_PID", pid, "WEXITED")
    assert.same({ C.SIGCHLD, C.CLD_EXITED, pid, 0, 7 },
      { info.si_signo, info.si_code, info.si_pid, info.si_uid, info.si_status })
    assert.errno("ECHILD", sys.waitid("P_PID", pid, "WEXITED"))
  end)

  -- covers: process.waitid.uid
  it("gives the child's real uid", function()
    local pid = must.fork(function() must.setresuid(1000, 2000, 0) end)
    assert.equal(1000, must.waitid("P_PID", pid, "WEXITED").si_uid)
  end)

  -- covers: process.waitid.killed
  it("describes a death by signal", function()
    local pid = sleeper()
    must.kill(pid, "SIGTERM")
    local info = must.waitid("P_ALL", 0, "WEXITED")
    assert.same({ pid, C.CLD_KILLED, C.SIGTERM }, { info.si_pid, info.si_code, info.si_status })
  end)

  -- covers: process.waitid.WSTOPPED process.waitid.WCONTINUED
  it("describes a stop and a continuation", function()
    local pid = sleeper()
    must.kill(pid, "SIGSTOP")
    local info = must.waitid("P_PID", pid, "WSTOPPED")
    assert.same({ pid, C.CLD_STOPPED, C.SIGSTOP }, { info.si_pid, info.si_code, info.si_status })
    must.kill(pid, "SIGCONT")
    info = must.waitid("P_PID", pid, "WCONTINUED")
    assert.same({ pid, C.CLD_CONTINUED, C.SIGCONT }, { info.si_pid, info.si_code, info.si_status })
    must.kill(pid, "SIGKILL")
    must.waitpid(pid)
  end)

  -- covers: process.waitid.WNOHANG
  it("with WNOHANG and nothing to tell gives an empty description", function()
    local pid = sleeper()
    local info = must.waitid("P_PID", pid, "WEXITED|WNOHANG")
    assert.same({ 0, 0 }, { info.si_pid, info.si_signo })
    must.kill(pid, "SIGKILL")
    must.waitpid(pid)
  end)

  -- covers: process.waitid.WNOWAIT
  it("with WNOWAIT leaves the child as it was", function()
    local pid = must.fork(function() return 1 end)
    for _ = 1, 2 do assert.equal(pid, must.waitid("P_PID", pid, "WEXITED|WNOWAIT").si_pid) end
    assert.same({ pid, "exited", 1 }, { must.waitpid(pid) })
  end)

  -- covers: process.waitid.WNOWAIT_stop
  it("with WNOWAIT leaves a stop to be told again", function()
    local pid = sleeper()
    must.kill(pid, "SIGSTOP")
    for _ = 1, 2 do assert.equal(pid, must.waitid("P_PID", pid, "WSTOPPED|WNOWAIT").si_pid) end
    assert.equal(pid, must.waitid("P_PID", pid, "WSTOPPED").si_pid)
    assert.equal(0, must.waitid("P_PID", pid, "WSTOPPED|WNOHANG").si_pid)
    must.kill(pid, "SIGKILL")
    must.waitpid(pid)
  end)

  -- covers: process.waitid.no_event process.waitid.order process.waitid.bad_id
  it("checks the options, then the id, then the children", function()
    assert.errno("EINVAL", sys.waitid("P_ALL", 0, 0))
    assert.errno("EINVAL", sys.waitid("P_ALL", 0, "WNOHANG"))
    assert.errno("EINVAL", sys.waitid("P_PIDFD", 99, 0))
    assert.errno("EINVAL", sys.waitid("P_PID", 0, "WEXITED"))
    assert.errno("EINVAL", sys.waitid("P_PID", -1, "WEXITED"))
    assert.errno("EINVAL", sys.waitid("P_PGID", -1, "WEXITED"))
    assert.errno("EINVAL", sys.waitid("P_PIDFD", -1, "WEXITED"))
    assert.errno("EBADF", sys.waitid("P_PIDFD", 99, "WEXITED"))
    assert.errno("ECHILD", sys.waitid("P_PID", 99, "WEXITED"))
    assert.errno("ECHILD", sys.waitid("P_ALL", 0, "WEXITED"))
    assert.errno("ECHILD", sys.waitid("P_PGID", 99, "WEXITED"))
  end)

  -- covers: process.waitid.stop_of_zombie
  it("asked for stops or continuations alone, does not count a zombie as a child", function()
    local pid = must.fork(function() end)
    ks.settle()
    assert.errno("ECHILD", sys.waitid("P_PID", pid, "WSTOPPED|WNOHANG"))
    assert.errno("ECHILD", sys.waitid("P_ALL", 0, "WSTOPPED"))
    assert.errno("ECHILD", sys.waitid("P_PID", pid, "WCONTINUED|WNOHANG"))
    assert.equal(pid, must.waitid("P_PID", pid, "WEXITED").si_pid)
  end)

  -- covers: process.waitid.events_asked
  it("tells only the kinds of event asked for", function()
    local pid = sleeper()
    must.kill(pid, "SIGSTOP")
    ks.settle()
    assert.equal(0, must.waitid("P_PID", pid, "WEXITED|WNOHANG").si_pid)
    assert.equal(0, must.waitid("P_PID", pid, "WCONTINUED|WNOHANG").si_pid)
    assert.equal(pid, must.waitid("P_PID", pid, "WEXITED|WSTOPPED|WNOHANG").si_pid)
    must.kill(pid, "SIGKILL")
    must.waitpid(pid)
  end)

  -- covers: process.waitid.P_PGID
  it("chooses by group; group 0 is the caller's", function()
    local other = must.fork(function()
      must.setpgid(0, 0)
      return 2
    end)
    local mine = must.fork(function() return 1 end)
    ks.settle()
    assert.equal(mine, must.waitid("P_PGID", 0, "WEXITED").si_pid)
    assert.equal(other, must.waitid("P_PGID", other, "WEXITED").si_pid)
  end)
end)
