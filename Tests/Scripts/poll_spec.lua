local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local function ready(fd, events)
  local n, list = must.poll({ { fd = fd, events = events or "POLLIN|POLLOUT|POLLPRI" } }, 0)
  assert.equal(list[1].revents ~= 0 and 1 or 0, n)
  return list[1].revents
end

local IN, OUT, HUP, ERR, NVAL = C.POLLIN, C.POLLOUT, C.POLLHUP, C.POLLERR, C.POLLNVAL

describe("poll", function()
  -- covers: poll.pipe.read_end
  it("tells a pipe's read end: data, end, both", function()
    local r, w = must.pipe2()
    assert.equal(0, ready(r))
    must.write(w, "x")
    assert.equal(IN, ready(r))
    must.close(w)
    assert.equal(IN | HUP, ready(r))
    must.read(r, 1)
    assert.equal(HUP, ready(r))
    assert.equal(HUP, ready(r, 0))
  end)

  -- covers: poll.pipe.write_end
  it("tells a pipe's write end: room, no reader, both", function()
    local r, w = must.pipe2("O_NONBLOCK")
    local size = must.fcntl(w, "F_SETPIPE_SZ", 4096)
    assert.equal(OUT, ready(w))
    must.write(w, ("x"):rep(size))
    assert.equal(0, ready(w))
    must.close(r)
    assert.equal(ERR, ready(w))
    local r2, w2 = must.pipe2()
    must.close(r2)
    assert.equal(OUT | ERR, ready(w2))
    assert.equal(ERR, ready(w2, 0))
  end)

  -- covers: poll.pipe.slots
  it("counts a pipe's room in pages: one small write fills a pipe of one page", function()
    local r, w = must.pipe2("O_NONBLOCK")
    must.fcntl(w, "F_SETPIPE_SZ", 4096)
    must.write(w, "x")
    assert.equal(0, ready(w))
    assert.equal(1, must.write(w, "y"))
    must.read(r, 1)
    assert.equal(0, ready(w))
    must.read(r, 1)
    assert.equal(OUT, ready(w))
  end)

  -- covers: poll.regular.always
  it("finds files and directories always ready, at their end too", function()
    local fd = must.open("/tmp/poll_spec", "O_RDWR|O_CREAT", "0600")
    assert.equal(IN | OUT, ready(fd))
    assert.equal(IN | OUT, ready(must.memfd_create("m", 0)))
    assert.equal(IN | OUT, ready(must.open("/tmp", "O_RDONLY|O_DIRECTORY")))
    assert.equal(IN | OUT, ready(must.open("/tmp/poll_spec", "O_RDONLY")))
    must.unlink("/tmp/poll_spec")
  end)

  -- covers: poll.fd.closed poll.fd.negative poll.fd.path
  it("says POLLNVAL for a descriptor that is none, and skips negative ones", function()
    assert.equal(NVAL, ready(99))
    assert.equal(NVAL, ready(99, 0))
    assert.equal(NVAL, ready(must.open("/tmp", "O_PATH")))
    assert.equal(0, ready(-1))
    assert.equal(0, ready(-99))
    assert.equal(1, (must.poll({ { fd = 99, events = 0 } }, 5000)))
  end)

  -- covers: poll.result.count poll.result.duplicates
  it("counts entries with something to tell, and tells one descriptor in each of its entries", function()
    local r, w = must.pipe2()
    must.write(w, "x")
    local n, list = must.poll({
      { fd = r, events = "POLLIN" }, { fd = w, events = "POLLIN" }, { fd = r, events = "POLLIN|POLLRDNORM" },
      { fd = -1, events = "POLLIN" }, { fd = r, events = 0 },
    }, 0)
    assert.equal(2, n)
    local seen = {}
    for i, p in ipairs(list) do seen[i] = p.revents end
    assert.same({ IN, 0, IN | C.POLLRDNORM, 0, 0 }, seen)
  end)

  -- covers: poll.time.zero poll.time.elapsed
  it("returns at once for no time, else when it is over", function()
    local r = must.pipe2()
    assert.equal(0, (must.poll({ { fd = r, events = "POLLIN" } }, 0)))
    local before = ks.now()
    assert.equal(0, (must.poll({ { fd = r, events = "POLLIN" } }, 20)))
    assert.equal(0, (must.poll({}, 10)))
    assert.is_true(ks.now() - before >= 0.03)
  end)

  -- covers: poll.wake.data poll.wake.hup
  it("sleeps until data or the end comes", function()
    local r, w = must.pipe2()
    must.fork(function()
      must.close(r)
      ks.settle()
      must.write(w, "x")
    end)
    must.close(w)
    local n, list = must.poll({ { fd = r, events = "POLLIN" } })
    assert.same({ 1, IN }, { n, list[1].revents & IN })
    must.waitpid(-1)
    assert.equal(IN | HUP, ready(r))
    local r2, w2 = must.pipe2()
    must.fork(function() ks.settle() end)
    must.close(w2)
    n, list = must.poll({ { fd = r2, events = 0 } })
    assert.same({ 1, HUP }, { n, list[1].revents })
  end)

  -- covers: poll.limit.nofile
  it("refuses more entries than descriptors are allowed", function()
    must.setrlimit("RLIMIT_NOFILE", { rlim_cur = 4, rlim_max = 4 })
    local entries = {}
    for i = 1, 4 do entries[i] = { fd = -1, events = 0 } end
    assert.equal(0, (must.poll(entries, 0)))
    entries[5] = entries[1]
    assert.errno("EINVAL", sys.poll(entries, 0))
  end)

  -- covers: poll.timerfd.bits
  it("finds a timerfd readable once due, never writable", function()
    local t = must.timerfd_create("CLOCK_MONOTONIC", 0)
    assert.equal(0, ready(t))
    must.timerfd_settime(t, 0, { it_value = 0.01 })
    local n, list = must.poll({ { fd = t, events = "POLLIN|POLLOUT" } }, 5000)
    assert.same({ 1, IN }, { n, list[1].revents })
    must.read(t, 8)
    assert.equal(0, ready(t))
  end)

  -- covers: poll.epoll.bits
  it("finds an epoll readable while it has something to tell", function()
    local ep, e = must.epoll_create1(), must.eventfd(0)
    must.epoll_ctl(ep, "EPOLL_CTL_ADD", e, { events = "EPOLLIN" })
    assert.equal(0, ready(ep))
    must.write(e, string.pack("<I8", 1))
    assert.equal(IN, ready(ep))
    must.epoll_wait(ep, 1, 0)
    assert.equal(IN, ready(ep))
    must.read(e, 8)
    assert.equal(0, ready(ep))
  end)
end)

describe("ppoll", function()
  -- covers: poll.ppoll.einval
  it("refuses bad times", function()
    assert.errno("EINVAL", sys.ppoll({}, { tv_sec = 0, tv_nsec = 1000000000 }))
    assert.errno("EINVAL", sys.ppoll({}, { tv_sec = -1, tv_nsec = 0 }))
  end)

  -- covers: poll.ppoll.mask
  it("waits with another mask and puts the old one back", function()
    local ran = 0
    must.sigaction("SIGUSR1", function() ran = ran + 1 end)
    must.sigprocmask("SIG_BLOCK", { "SIGUSR1" })
    must.kill(1, "SIGUSR1")
    assert.errno("EINTR", sys.ppoll({}, 5, {}))
    assert.equal(1, ran)
    assert.same({ C.SIGUSR1 }, must.sigprocmask("SIG_BLOCK", {}))
  end)

  -- covers: poll.ppoll.ready_wins
  it("with something ready returns it and leaves the signal pending", function()
    local ran = 0
    must.sigaction("SIGUSR1", function() ran = ran + 1 end)
    must.sigprocmask("SIG_BLOCK", { "SIGUSR1" })
    must.kill(1, "SIGUSR1")
    local e = must.eventfd(1)
    assert.equal(1, (must.ppoll({ { fd = e, events = "POLLIN" } }, 5, {})))
    assert.equal(0, ran)
    assert.same({ C.SIGUSR1 }, must.sigpending())
  end)

  -- covers: poll.ppoll.zero_time
  it("with a pending signal and no time to wait still is EINTR", function()
    must.sigaction("SIGUSR1", function() end)
    must.sigprocmask("SIG_BLOCK", { "SIGUSR1" })
    must.kill(1, "SIGUSR1")
    assert.errno("EINTR", sys.ppoll({}, 0, {}))
  end)

  local THREAD = "CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD"
  -- Begins a poll of `fd` in another thread; the function returned tells what came of it.
  local function polling(fd, ms)
    local result
    must.clone3({ flags = THREAD }, function()
      local n, list = must.poll({ { fd = fd, events = "POLLIN" } }, ms)
      result = { n, list[1].revents }
    end)
    ks.settle()
    return function() return result end
  end

  -- covers: poll.held.closed
  it("sleeps on when another thread closes the descriptor, which at the end is not open", function()
    local e = must.eventfd(0)
    local result = polling(e, 200)
    must.close(e)
    ks.settle()
    assert.is_nil(result())
    must.nanosleep(0.3)
    assert.same({ 1, C.POLLNVAL }, result())
  end)

  -- covers: poll.held.closed
  it("is woken by the file that it began with, and looks at what the descriptor is by then", function()
    local e = must.eventfd(0)
    local result, copy = polling(e, 5000), must.dup(e)
    must.close(e)
    ks.settle()
    assert.is_nil(result())
    must.write(copy, string.pack("<I8", 1))
    ks.settle()
    assert.same({ 1, C.POLLNVAL }, result())
  end)

  -- covers: poll.held.replaced
  it("is not woken by the file that another thread puts in its place", function()
    local e, other = must.eventfd(0), must.eventfd(0)
    local result, copy = polling(e, 5000), must.dup(e)
    must.dup2(other, e)
    must.write(other, string.pack("<I8", 1))
    ks.settle()
    assert.is_nil(result())
    must.write(copy, string.pack("<I8", 1))
    ks.settle()
    assert.same({ 1, C.POLLIN }, result())
  end)
end)
