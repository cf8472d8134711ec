local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

describe("exit", function()
  -- covers: process.exit.status_byte
  it("keeps the low byte of the status", function()
    for status, seen in pairs { [0] = 0, [255] = 255, [256] = 0, [0x1ff] = 255, [-1] = 255 } do
      local pid = must.fork(function() sys.exit_group(status) end)
      assert.same({ pid, "exited", seen }, { must.waitpid(pid) })
    end
    local pid = must.fork(function() sys.exit(300) end)
    assert.same({ pid, "exited", 44 }, { must.waitpid(pid) })
  end)

  -- covers: process.exit.closes_fds
  it("closes the descriptors: a reader sees the end", function()
    local r, w = must.pipe2()
    local pid = must.fork(function() must.write(w, "bye") end)
    must.close(w)
    assert.equal("bye", must.read(r, 16))
    assert.equal("", must.read(r, 16))
    must.waitpid(pid)
  end)

  -- covers: process.exit.fds_closed_before_zombie
  it("has closed the descriptors by the time the parent can wait for it", function()
    local r, w = must.pipe2("O_NONBLOCK")
    local pid = must.fork(function() end)
    must.close(w)
    must.waitpid(pid)
    assert.equal("", must.read(r, 1))
  end)

  -- covers: process.exit.reparent_init
  it("gives the children to init", function()
    local r, w = must.pipe2()
    local middle = must.fork(function()
      must.fork(function()
        must.read(r, 1)
        return must.getppid() + 50
      end)
    end)
    assert.same({ middle, "exited", 0 }, { must.waitpid(middle) })
    assert.equal(0, must.waitpid(-1, "WNOHANG"))
    must.write(w, "x")
    assert.same({ middle + 1, "exited", 51 }, { must.waitpid(-1) })
  end)

  -- covers: process.exit.reparent_zombie
  it("gives zombies to init too", function()
    local r, w = must.pipe2()
    local middle = must.fork(function()
      must.fork(function() return 9 end)
      must.close(w)
      must.read(r, 1)
      ks.settle()
    end)
    ks.settle()
    assert.equal(0, must.waitpid(-1, "WNOHANG"))
    must.write(w, "x")
    assert.same({ middle, "exited", 0 }, { must.waitpid(middle) })
    assert.same({ middle + 1, "exited", 9 }, { must.waitpid(middle + 1) })
  end)

  -- covers: process.exit.subreaper process.exit.subreaper_not_inherited
  it("gives them to the nearest subreaper above, when there is one", function()
    local reaper = must.fork(function()
      must.prctl("PR_SET_CHILD_SUBREAPER", 1)
      assert.equal(1, must.prctl("PR_GET_CHILD_SUBREAPER"))
      local middle = must.fork(function()
        assert.equal(0, must.prctl("PR_GET_CHILD_SUBREAPER"))
        local r, w = must.pipe2()
        must.fork(function()
          must.close(w)
          must.read(r, 1)
          return must.getppid()
        end)
      end)
      must.waitpid(middle)
      assert.same({ middle + 1, "exited", must.getpid() }, { must.waitpid(-1) })
      assert.errno("ECHILD", sys.waitpid(-1))
    end)
    assert.same({ reaper, "exited", 0 }, { must.waitpid(reaper) })
  end)

  -- covers: process.exit.pdeathsig
  it("sends PR_SET_PDEATHSIG to the children that asked", function()
    local r, w = must.pipe2()
    must.fork(function()
      must.fork(function()
        must.prctl("PR_SET_PDEATHSIG", C.SIGUSR1)
        must.write(w, "r")
        must.pause()
      end)
      must.read(r, 1)
      return 0
    end)
    must.waitpid(2)
    assert.same({ 3, "killed", C.SIGUSR1 }, { must.waitpid(3) })
  end)

  -- covers: process.exit.zombie_ids
  it("leaves a zombie that still has its group and session, and can be signalled", function()
    local pid = must.fork(function() must.setsid() end)
    must.waitid("P_PID", pid, "WEXITED|WNOWAIT")
    assert.equal(pid, must.getpgid(pid))
    assert.equal(pid, must.getsid(pid))
    assert.equal(0, must.kill(pid, 0))
    assert.equal(0, must.kill(pid, "SIGKILL"))
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
    assert.errno("ESRCH", sys.kill(pid, 0))
    assert.errno("ESRCH", sys.getpgid(pid))
  end)
end)
