local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

describe("waitpid", function()
  -- covers: process.wait.echild
  it("without children is ECHILD", function()
    assert.errno("ECHILD", sys.waitpid(-1))
    assert.errno("ECHILD", sys.waitpid(-1, "WNOHANG"))
    assert.errno("ECHILD", sys.waitpid(4711))
    assert.errno("ECHILD", sys.waitpid(1))
  end)

  -- covers: process.wait.options_first process.wait.options_wait4
  it("looks at the options before anything else", function()
    assert.errno("EINVAL", sys.waitpid(-1, "WEXITED"))
    assert.errno("EINVAL", sys.waitpid(-1, "WNOWAIT"))
    assert.errno("EINVAL", sys.waitpid(-2147483648, "WEXITED"))
    assert.errno("ESRCH", sys.waitpid(-2147483648))
  end)

  -- covers: process.wait.blocks process.wait.reap_once
  it("sleeps until a child ends, and tells it once", function()
    local r, w = must.pipe2()
    local pid = must.fork(function() return #must.read(r, 4) end)
    local helper = must.fork(function()
      ks.settle()
      must.write(w, "abc")
    end)
    assert.same({ pid, "exited", 3 }, { must.waitpid(pid) })
    assert.errno("ECHILD", sys.waitpid(pid))
    must.waitpid(helper)
    assert.errno("ECHILD", sys.waitpid(-1))
  end)

  -- covers: process.wait.WNOHANG
  it("with WNOHANG answers 0 while children live", function()
    local pid = must.fork(function() must.pause() end)
    assert.equal(0, must.waitpid(pid, "WNOHANG"))
    assert.equal(0, must.waitpid(-1, "WNOHANG"))
    must.kill(pid, "SIGKILL")
    assert.same({ pid, "killed", C.SIGKILL }, { must.waitpid(pid) })
  end)

  -- covers: process.wait.any_order
  it("for any child takes the zombie that was forked first, not the one that died first", function()
    local r, w = must.pipe2()
    local first = must.fork(function() must.read(r, 1) end)
    local second = must.fork(function() end)
    ks.settle()
    must.write(w, "x")
    ks.settle()
    assert.equal(first, (must.waitpid(-1)))
    assert.equal(second, (must.waitpid(-1)))
  end)

  -- covers: process.wait.group process.wait.zero
  it("with 0 or a negative pid chooses by process group", function()
    local mine = must.fork(function() return 1 end)
    local other = must.fork(function()
      must.setpgid(0, 0)
      return 2
    end)
    ks.settle()
    assert.same({ mine, "exited", 1 }, { must.waitpid(0) })
    assert.errno("ECHILD", sys.waitpid(0))
    assert.errno("ECHILD", sys.waitpid(-4711))
    assert.same({ other, "exited", 2 }, { must.waitpid(-other) })
  end)

  -- covers: process.wait.not_grandchild
  it("does not see grandchildren or siblings", function()
    local pid = must.fork(function()
      local sibling = 2
      assert.errno("ECHILD", sys.waitpid(sibling))
      must.waitpid(must.fork(function() end))
    end)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
  end)

  -- covers: process.wait.WUNTRACED process.wait.WCONTINUED
  it("tells a stop and a continuation once each, when asked", function()
    local pid = must.fork(function() must.pause() end)
    must.kill(pid, "SIGSTOP")
    ks.settle()
    assert.equal(0, must.waitpid(pid, "WNOHANG"))
    assert.same({ pid, "stopped", C.SIGSTOP }, { must.waitpid(pid, "WUNTRACED") })
    assert.equal(0, must.waitpid(pid, "WNOHANG|WUNTRACED"))
    must.kill(pid, "SIGCONT")
    ks.settle()
    assert.equal(0, must.waitpid(pid, "WNOHANG|WUNTRACED"))
    assert.same({ pid, "continued", C.SIGCONT }, { must.waitpid(pid, "WCONTINUED") })
    assert.equal(0, must.waitpid(pid, "WNOHANG|WCONTINUED"))
    must.kill(pid, "SIGKILL")
    must.waitpid(pid)
  end)

  -- covers: process.wait.stop_replaced
  it("forgets an untold stop when the child goes on", function()
    local pid = must.fork(function() must.pause() end)
    must.kill(pid, "SIGSTOP")
    ks.settle()
    must.kill(pid, "SIGCONT")
    ks.settle()
    assert.equal(0, must.waitpid(pid, "WNOHANG|WUNTRACED"))
    assert.same({ pid, "continued", C.SIGCONT }, { must.waitpid(pid, "WUNTRACED|WCONTINUED") })
    must.kill(pid, "SIGKILL")
    must.waitpid(pid)
  end)

  -- covers: process.wait.killed
  it("tells the signal that ended a child", function()
    for _, signal in ipairs { "SIGKILL", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGALRM", "SIGPIPE", "SIGABRT", "SIGSEGV" } do
      local pid = must.fork(function() must.pause() end)
      must.kill(pid, signal)
      assert.same({ pid, "killed", C[signal] }, { must.waitpid(pid) })
    end
  end)

  -- covers: process.wait.sigchld_ignored
  it("sleeps until the last child is gone, then ECHILD, when SIGCHLD is ignored", function()
    must.sigaction("SIGCHLD", "SIG_IGN")
    local r, w = must.pipe2()
    local pid = must.fork(function()
      must.close(w)
      must.read(r, 1)
      return 3
    end)
    must.fork(function() end)
    ks.settle()
    assert.equal(0, must.waitpid(-1, "WNOHANG"))
    must.close(w)
    assert.errno("ECHILD", sys.waitpid(-1))
    assert.errno("ESRCH", sys.kill(pid, 0))
  end)

  -- covers: process.wait.sigchld_ignored_late
  it("still finds a zombie that was there before SIGCHLD was ignored", function()
    local pid = must.fork(function() return 6 end)
    ks.settle()
    must.sigaction("SIGCHLD", "SIG_IGN")
    assert.same({ pid, "exited", 6 }, { must.waitpid(pid) })
  end)
end)
