local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local SIZE = 128
local function block(...) must.sigprocmask("SIG_BLOCK", { ... }) end
local function take(fd) return ks.unpack("signalfd_siginfo", must.read(fd, SIZE)) end

describe("signalfd", function()
  -- covers: signal.signalfd.read signal.signalfd.fields
  it("reads one record of 128 bytes per signal", function()
    block("SIGUSR1")
    local fd = must.signalfd(-1, { "SIGUSR1" })
    must.kill(1, "SIGUSR1")
    local bytes = must.read(fd, 1000)
    assert.equal(SIZE, #bytes)
    local s = ks.unpack("signalfd_siginfo", bytes)
    assert.same({ C.SIGUSR1, C.SI_USER, 1, 0 }, { s.ssi_signo, s.ssi_code, s.ssi_pid, s.ssi_uid })
    assert.same({}, must.sigpending())
  end)

  -- covers: signal.signalfd.value signal.signalfd.child
  it("carries values and the end of children", function()
    block("SIGUSR1", "SIGCHLD")
    local fd = must.signalfd(-1, { "SIGUSR1", "SIGCHLD" })
    must.sigqueue(1, "SIGUSR1", 77)
    local s = take(fd)
    assert.same({ C.SI_QUEUE, 77 }, { s.ssi_code, s.ssi_int })
    local pid = must.fork(function() return 6 end)
    s = take(fd)
    assert.same({ C.SIGCHLD, C.CLD_EXITED, pid, 6 }, { s.ssi_signo, s.ssi_code, s.ssi_pid, s.ssi_status })
  end)

  -- covers: signal.signalfd.several signal.signalfd.order
  it("reads as many whole records as fit, in the order of sigtimedwait", function()
    block("SIGUSR1", "SIGUSR2", 40)
    local fd = must.signalfd(-1, { "SIGUSR1", "SIGUSR2", 40 })
    for _, n in ipairs { 40, "SIGUSR2", 40, "SIGUSR1" } do must.kill(1, n) end
    local bytes = must.read(fd, 3 * SIZE + 100)
    assert.equal(3 * SIZE, #bytes)
    local seen = {}
    for i = 0, 2 do seen[i + 1] = ks.unpack("signalfd_siginfo", bytes:sub(i * SIZE + 1, (i + 1) * SIZE)).ssi_signo end
    assert.same({ C.SIGUSR1, C.SIGUSR2, 40 }, seen)
    assert.equal(40, take(fd).ssi_signo)
  end)

  -- covers: signal.signalfd.short signal.signalfd.eagain signal.signalfd.write
  it("refuses short buffers first, and writes", function()
    block("SIGUSR1")
    local fd = must.signalfd(-1, { "SIGUSR1" }, "SFD_NONBLOCK|SFD_CLOEXEC")
    assert.errno("EINVAL", sys.read(fd, SIZE - 1))
    assert.errno("EAGAIN", sys.read(fd, SIZE))
    assert.errno("EINVAL", sys.write(fd, ("x"):rep(SIZE)))
    assert.equal(C.FD_CLOEXEC, must.fcntl(fd, "F_GETFD"))
  end)

  -- covers: signal.signalfd.update signal.signalfd.not_one
  it("changes the set of a descriptor it is given", function()
    block("SIGUSR1", "SIGUSR2")
    local fd = must.signalfd(-1, { "SIGUSR1" }, "SFD_NONBLOCK")
    assert.equal(fd, must.signalfd(fd, { "SIGUSR2" }))
    must.kill(1, "SIGUSR1")
    assert.errno("EAGAIN", sys.read(fd, SIZE))
    must.kill(1, "SIGUSR2")
    assert.equal(C.SIGUSR2, take(fd).ssi_signo)
    assert.errno("EBADF", sys.signalfd(99, { "SIGUSR1" }))
    assert.errno("EINVAL", sys.signalfd((must.pipe2()), { "SIGUSR1" }))
  end)

  -- covers: signal.signalfd.poll signal.signalfd.reader
  it("shows and reads the signals of whoever asks, not of its maker", function()
    block("SIGUSR1")
    local fd = must.signalfd(-1, { "SIGUSR1" }, "SFD_NONBLOCK")
    must.kill(1, "SIGUSR1")
    local pid = must.fork(function()
      assert.equal(0, (must.poll({ { fd = fd, events = "POLLIN" } }, 0)))
      assert.errno("EAGAIN", sys.read(fd, SIZE))
      must.kill(must.getpid(), "SIGUSR1")
      assert.equal(must.getpid(), take(fd).ssi_pid)
    end)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
    local n, list = must.poll({ { fd = fd, events = "POLLIN|POLLOUT" } }, 0)
    assert.same({ 1, C.POLLIN }, { n, list[1].revents })
    assert.equal(1, take(fd).ssi_pid)
  end)

  -- covers: signal.signalfd.handler_first
  it("gets nothing of a signal that is not blocked", function()
    local ran
    must.sigaction("SIGUSR1", function() ran = true end)
    local fd = must.signalfd(-1, { "SIGUSR1" }, "SFD_NONBLOCK")
    must.kill(1, "SIGUSR1")
    assert.is_true(ran)
    assert.errno("EAGAIN", sys.read(fd, SIZE))
  end)

  -- covers: signal.signalfd.kill_stop
  it("takes SIGKILL and SIGSTOP in the set without complaint", function()
    assert.equal(3, must.signalfd(-1, { "SIGKILL", "SIGSTOP" }))
  end)

  -- covers: signal.signalfd.blocks
  it("makes a reader sleep, and poll wake", function()
    block("SIGUSR1")
    local fd = must.signalfd(-1, { "SIGUSR1" })
    must.fork(function()
      ks.settle()
      must.kill(1, "SIGUSR1")
      ks.settle()
      must.kill(1, "SIGUSR1")
    end)
    assert.equal(C.SIGUSR1, take(fd).ssi_signo)
    assert.equal(1, (must.poll({ { fd = fd, events = "POLLIN" } }, 5000)))
  end)
end)
