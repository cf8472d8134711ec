local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

-- Cases run in a child that first makes a session of its own:
-- the group task 1 was started in is its starter's business.
local function in_session(fn)
  local pid = must.fork(function()
    must.setsid()
    return fn()
  end)
  assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
end

local function sleeper(before)
  return must.fork(function()
    if before then before() end
    while true do sys.pause() end
  end)
end

local function finish(...)
  for _, pid in ipairs { ... } do
    must.kill(pid, "SIGKILL")
    must.waitpid(pid)
  end
end

describe("process groups", function()
  -- covers: process.setsid.basic process.setsid.leader
  it("setsid makes the caller leader of a session and a group, once", function()
    in_session(function()
      local me = must.getpid()
      assert.same({ me, me, me }, { must.getpgrp(), must.getpgid(0), must.getsid(0) })
      assert.errno("EPERM", sys.setsid())
    end)
  end)

  -- covers: process.setsid.group_exists
  it("setsid fails while a group with the caller's pid has members, even if it left that group", function()
    in_session(function()
      local child = must.fork(function()
        must.setpgid(0, 0)
        local member = sleeper()
        must.setpgid(0, must.getppid())
        assert.errno("EPERM", sys.setsid())
        finish(member)
        assert.equal(must.getpid(), must.setsid())
      end)
      assert.same({ child, "exited", 0 }, { must.waitpid(child) })
    end)
  end)

  -- covers: process.setpgid.child process.setpgid.zero process.getpgid.esrch
  it("setpgid moves the caller or a child; zeros mean the caller and its own pid", function()
    in_session(function()
      local a = sleeper()
      assert.equal(must.getpid(), must.getpgid(a))
      must.setpgid(a, 0)
      assert.equal(a, must.getpgid(a))
      local b = sleeper()
      must.setpgid(b, a)
      assert.equal(a, must.getpgid(b))
      finish(a)
      local c = sleeper()
      assert.equal(0, must.setpgid(c, a))
      finish(b, c)
      assert.errno("ESRCH", sys.getpgid(a))
      assert.errno("ESRCH", sys.getsid(a))
    end)
  end)

  -- covers: process.setpgid.einval_first process.setpgid.esrch
  it("setpgid refuses a negative group before it looks for the process", function()
    assert.errno("EINVAL", sys.setpgid(0, -1))
    assert.errno("EINVAL", sys.setpgid(4711, -1))
    assert.errno("EINVAL", sys.setpgid(-1, 0))
    assert.errno("ESRCH", sys.setpgid(-1, 5))
    assert.errno("ESRCH", sys.setpgid(4711, 0))
    local pid = must.fork(function() assert.errno("ESRCH", sys.setpgid(1, 0)) end)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
  end)

  -- covers: process.setpgid.no_such_group process.setpgid.leader process.setpgid.other_session
  it("setpgid keeps groups inside one session and leaders where they are", function()
    in_session(function()
      assert.errno("EPERM", sys.setpgid(0, 0))
      local child = sleeper()
      assert.errno("EPERM", sys.setpgid(child, 4711))
      assert.errno("EPERM", sys.setpgid(child, 1))
      local away = sleeper(function() must.setsid() end)
      ks.settle()
      assert.errno("EPERM", sys.setpgid(away, 0))
      assert.errno("EPERM", sys.setpgid(child, away))
      assert.errno("EPERM", sys.setpgid(away, 4711))
      finish(child, away)
    end)
  end)

  -- covers: process.setpgid.after_exec
  it("setpgid of a child that has executed a program is refused to its parent", function()
    in_session(function()
      ks.put("/tmp/sleeper.lua", "require('kscript').sys.pause()")
      must.chmod("/tmp/sleeper.lua", "0755")
      local child = must.fork(function() must.execve("/tmp/sleeper.lua", { "sleeper" }) end)
      ks.settle()
      assert.errno("EACCES", sys.setpgid(child, 0))
      finish(child)
    end)
  end)

  -- covers: process.setpgid.zombie
  it("setpgid of a zombie child is accepted", function()
    in_session(function()
      local child = must.fork(function() end)
      ks.settle()
      assert.equal(0, must.setpgid(child, 0))
      assert.equal(child, must.getpgid(child))
      assert.errno("ECHILD", sys.waitpid(0))
      assert.equal(child, (must.waitpid(-child)))
    end)
  end)

  -- covers: process.group.outlives_leader
  it("a group outlives its leader", function()
    in_session(function()
      local leader = sleeper(function() must.setpgid(0, 0) end)
      ks.settle()
      local member = sleeper()
      must.setpgid(member, leader)
      finish(leader)
      assert.equal(leader, must.getpgid(member))
      assert.equal(0, must.kill(-leader, "SIGTERM"))
      assert.same({ member, "killed", C.SIGTERM }, { must.waitpid(member) })
      assert.errno("ESRCH", sys.kill(-leader, 0))
    end)
  end)

  -- covers: process.group.getpgid_any process.getsid.other
  it("getpgid and getsid answer for any process", function()
    local child = sleeper(function() must.setsid() end)
    ks.settle()
    assert.same({ child, child }, { must.getpgid(child), must.getsid(child) })
    assert.errno("ESRCH", sys.getpgid(-1))
    assert.errno("ESRCH", sys.getsid(-1))
    finish(child)
  end)

  -- covers: process.group.orphan_hup
  it("stopped members of a group that loses its last outside parent get SIGHUP and go on", function()
    local r, w = must.pipe2()
    in_session(function()
      local parent = must.fork(function()
        local stopped = sleeper(function()
          must.setpgid(0, 0)
          must.close(r)
        end)
        must.close(w)
        ks.settle()
        must.kill(stopped, "SIGSTOP")
        must.waitpid(stopped, "WUNTRACED")
      end)
      must.close(w)
      assert.same({ parent, "exited", 0 }, { must.waitpid(parent) })
    end)
    must.close(w)
    assert.equal("", must.read(r, 1))
    local pid, how, signal = must.waitpid(-1)
    assert.same({ 4, "killed", C.SIGHUP }, { pid, how, signal })
  end)
end)
