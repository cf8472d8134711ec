-- posix.sys.wait.
local ks = require "kscript"
local wait, unistd, signal = require "posix.sys.wait", require "posix.unistd", require "posix.signal"

local function child(body)
  local pid = unistd.fork()
  if pid == 0 then
    body()
    unistd._exit(0)
  end
  return pid
end

describe("posix.sys.wait", function()
  it("tells how a child ended", function()
    local pid = child(function() os.exit(7) end)
    assert.same({ pid, "exited", 7 }, { wait.wait(pid) })
    pid = child(function() signal.raise(signal.SIGKILL) end)
    assert.same({ pid, "killed", signal.SIGKILL }, { wait.wait() })
    assert.same({ nil, "No child processes", 10 }, { wait.wait(-1, wait.WNOHANG) })
  end)

  it("tells that a child runs, has stopped, or goes on", function()
    local reader, writer = unistd.pipe()
    local pid = child(function() unistd.read(reader, 1) end)
    assert.same({ 0, "running" }, { wait.wait(pid, wait.WNOHANG) })
    signal.kill(pid, signal.SIGSTOP)
    assert.same({ pid, "stopped", signal.SIGSTOP }, { wait.wait(pid, wait.WUNTRACED) })
    signal.kill(pid, signal.SIGCONT)
    assert.same({ pid }, { wait.wait(pid, 8) }) -- WCONTINUED, which luaposix has no name for
    unistd.write(writer, "x")
    assert.same({ pid, "exited", 0 }, { wait.wait(pid) })
  end)

  it("is interrupted by handlers", function()
    local parent = unistd.getpid()
    signal.signal(signal.SIGUSR1, function() end)
    local reader, writer = unistd.pipe()
    local pid = child(function()
      ks.settle()
      signal.kill(parent, signal.SIGUSR1)
      unistd.read(reader, 1)
    end)
    assert.same({ nil, "Interrupted system call", 4 }, { wait.wait(pid) })
    unistd.write(writer, "x")
    assert.same({ pid, "exited", 0 }, { wait.wait(pid) })
  end)
end)
