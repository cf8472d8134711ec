-- posix.signal.
local signal, unistd, wait = require "posix.signal", require "posix.unistd", require "posix.sys.wait"
local errno = require "posix.errno"

describe("posix.signal", function()
  it("runs a handler with the signal's number", function()
    local got = {}
    assert.equal("SIG_DFL", signal.signal(signal.SIGUSR1, function(...) got[#got + 1] = { ... } end))
    assert.equal(0, signal.raise(signal.SIGUSR1))
    assert.equal(0, signal.kill(unistd.getpid(), signal.SIGUSR1))
    assert.same({ { signal.SIGUSR1 }, { signal.SIGUSR1 } }, got)
  end)

  it("returns what was there: a function, SIG_DFL or SIG_IGN", function()
    local function first() end
    signal.signal(signal.SIGUSR1, first)
    assert.equal(first, signal.signal(signal.SIGUSR1, "SIG_IGN"))
    assert.equal("SIG_IGN", signal.signal(signal.SIGUSR1, signal.SIG_DFL))
    assert.equal("SIG_DFL", signal.signal(signal.SIGUSR1, nil))
    assert.equal(0, select("#", signal.signal(signal.SIGKILL, "SIG_IGN")))
    assert.has_error(function() signal.signal(signal.SIGUSR1, "SIG_NONE") end)
    assert.has_error(function() signal.signal(signal.SIGUSR1, 1) end)
  end)

  it("interrupts what waits, unless SA_RESTART says otherwise", function()
    local reader, writer = unistd.pipe()
    signal.signal(signal.SIGALRM, function() unistd.write(writer, "late") end)
    unistd.alarm(1)
    assert.same({ nil, "Interrupted system call", errno.EINTR }, { unistd.read(reader, 10) })
    assert.equal("late", unistd.read(reader, 10))
    signal.signal(signal.SIGALRM, function() unistd.write(writer, "in time") end, signal.SA_RESTART)
    unistd.alarm(1)
    assert.equal("in time", unistd.read(reader, 10))
  end)

  it("blocks other signals while a handler runs", function()
    local order = {}
    signal.signal(signal.SIGUSR2, function() order[#order + 1] = "second" end)
    signal.signal(signal.SIGUSR1, function()
      signal.raise(signal.SIGUSR2)
      order[#order + 1] = "first"
    end)
    signal.raise(signal.SIGUSR1)
    assert.same({ "first", "second" }, order)
  end)

  it("tells of errors in a handler and goes on", function()
    signal.signal(signal.SIGUSR1, function() error("lost", 0) end)
    assert.equal(0, signal.raise(signal.SIGUSR1))
  end)

  it("sends signals to processes and their groups", function()
    assert.same({ nil, "No such process", errno.ESRCH }, { signal.kill(99999, 0) })
    assert.equal(-1, signal.raise(99))
    local pid = unistd.fork()
    if pid == 0 then unistd.sleep(100) end
    unistd.setpid("p", pid, pid)
    assert.equal(0, signal.killpg(pid))
    assert.same({ pid, "killed", signal.SIGTERM }, { wait.wait(pid) })
    assert.same({ nil, "No such process", errno.ESRCH }, { signal.killpg(pid, 0) })
  end)

  it("gives a child its parent's handlers, which act on the child's variables", function()
    local count = 0
    signal.signal(signal.SIGUSR1, function() count = count + 1 end)
    signal.raise(signal.SIGUSR1)
    local pid = unistd.fork()
    if pid == 0 then
      signal.raise(signal.SIGUSR1)
      signal.raise(signal.SIGUSR1)
      unistd._exit(count)
    end
    assert.same({ pid, "exited", 3 }, { wait.wait(pid) })
    assert.equal(1, count)
  end)
end)
