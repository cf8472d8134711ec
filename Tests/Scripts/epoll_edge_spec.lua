local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local IN, OUT, HUP = C.EPOLLIN, C.EPOLLOUT, C.EPOLLHUP
local function signal(fd) must.write(fd, string.pack("<I8", 1)) end
local function ctl(ep, op, fd, events)
  return must.epoll_ctl(ep, "EPOLL_CTL_" .. op, fd, { events = events, data = fd })
end
local function events(ep, ms)
  local list = must.epoll_wait(ep, 16, ms or 0)
  assert.is_true(#list <= 1)
  return list[1] and list[1].events or 0
end

describe("an edge-triggered member", function()
  local ep, r, w
  before_each(function()
    ep = must.epoll_create1()
    r, w = must.pipe2("O_NONBLOCK")
  end)

  -- covers: epoll.edge.once epoll.edge.partial_read
  it("is told once per arrival; reading a part does not tell it again", function()
    ctl(ep, "ADD", r, "EPOLLIN|EPOLLET")
    must.write(w, "abcd")
    assert.equal(IN, events(ep))
    assert.equal(0, events(ep))
    must.read(r, 2)
    assert.equal(0, events(ep))
  end)

  -- covers: epoll.edge.more_data epoll.edge.merge
  it("is told again for more data although the old is unread; two arrivals make one", function()
    ctl(ep, "ADD", r, "EPOLLIN|EPOLLET")
    must.write(w, "a")
    assert.equal(IN, events(ep))
    must.write(w, "b")
    assert.equal(IN, events(ep))
    must.write(w, "c")
    must.write(w, "d")
    assert.equal(IN, events(ep))
    assert.equal(0, events(ep))
  end)

  -- covers: epoll.edge.drained
  it("is not told of data that is gone again when asked", function()
    ctl(ep, "ADD", r, "EPOLLIN|EPOLLET")
    must.write(w, "a")
    must.read(r, 1)
    assert.equal(0, events(ep))
  end)

  -- covers: epoll.edge.add_ready epoll.edge.mod_rearms
  it("is told of what is there when added, and again after each MOD", function()
    must.write(w, "a")
    ctl(ep, "ADD", r, "EPOLLIN|EPOLLET")
    assert.equal(IN, events(ep))
    assert.equal(0, events(ep))
    ctl(ep, "MOD", r, "EPOLLIN|EPOLLET")
    assert.equal(IN, events(ep))
    assert.equal(0, events(ep))
  end)

  -- covers: epoll.edge.hup
  it("is told of the end once", function()
    ctl(ep, "ADD", r, "EPOLLIN|EPOLLET")
    must.write(w, "a")
    assert.equal(IN, events(ep))
    must.close(w)
    assert.equal(IN | HUP, events(ep))
    assert.equal(0, events(ep))
    must.read(r, 1)
    assert.equal(0, events(ep))
  end)

  -- covers: epoll.edge.pipe_out
  it("waiting for room in a pipe is told when a full one gets some, not at every read", function()
    local size = must.fcntl(w, "F_SETPIPE_SZ", 8192)
    ctl(ep, "ADD", w, "EPOLLOUT|EPOLLET")
    assert.equal(OUT, events(ep))
    must.write(w, ("x"):rep(4096))
    must.read(r, 1)
    assert.equal(0, events(ep))
    must.write(w, ("x"):rep(size - 4096))
    must.read(r, 4095)
    assert.equal(OUT, events(ep))
    must.read(r, 4096)
    assert.equal(0, events(ep))
  end)

  -- covers: epoll.edge.eventfd epoll.edge.eventfd_read
  it("on an eventfd is told at each write, and for EPOLLOUT at each read", function()
    local e = must.eventfd(0, "EFD_NONBLOCK")
    ctl(ep, "ADD", e, "EPOLLIN|EPOLLOUT|EPOLLET")
    assert.equal(OUT, events(ep))
    signal(e)
    assert.equal(IN | OUT, events(ep))
    signal(e)
    assert.equal(IN | OUT, events(ep))
    must.read(e, 8)
    assert.equal(OUT, events(ep))
    ctl(ep, "MOD", e, "EPOLLIN|EPOLLET")
    must.write(e, string.pack("<I8", 0))
    assert.equal(0, events(ep))
    assert.errno("EAGAIN", sys.read(e, 8))
    assert.equal(0, events(ep))
  end)

  -- covers: epoll.edge.timerfd
  it("on a timerfd with an interval is told again only after a read", function()
    local t = must.timerfd_create("CLOCK_MONOTONIC", 0)
    ctl(ep, "ADD", t, "EPOLLIN|EPOLLET")
    must.timerfd_settime(t, 0, { it_value = 0.02, it_interval = 0.02 })
    assert.equal(IN, events(ep, 5000))
    assert.equal(0, events(ep, 50))
    assert.is_true(string.unpack("<I8", must.read(t, 8)) >= 3)
    assert.equal(IN, events(ep, 5000))
    must.timerfd_settime(t, 0, { it_value = 0.01 })
    assert.equal(IN, events(ep, 5000))
    assert.equal(0, events(ep))
  end)

  -- covers: epoll.edge.dup_item
  it("shared by two epolls is told by both", function()
    local other = must.epoll_create1()
    ctl(ep, "ADD", r, "EPOLLIN|EPOLLET")
    ctl(other, "ADD", r, "EPOLLIN|EPOLLET")
    must.write(w, "a")
    assert.same({ IN, IN, 0, 0 }, { events(ep), events(other), events(ep), events(other) })
  end)
end)

describe("a one-shot member", function()
  -- covers: epoll.oneshot.disarms epoll.oneshot.mod epoll.oneshot.eexist
  it("is told once, until MOD arms it again", function()
    local ep, e = must.epoll_create1(), must.eventfd(1)
    ctl(ep, "ADD", e, "EPOLLIN|EPOLLONESHOT")
    assert.equal(IN, events(ep))
    assert.equal(0, events(ep))
    signal(e)
    assert.equal(0, events(ep))
    assert.errno("EEXIST", sys.epoll_ctl(ep, "EPOLL_CTL_ADD", e, { events = "EPOLLIN" }))
    ctl(ep, "MOD", e, "EPOLLIN|EPOLLONESHOT")
    assert.equal(IN, events(ep))
    assert.equal(0, events(ep))
  end)

  -- covers: epoll.oneshot.hup
  it("disarmed is not told of the end either", function()
    local ep = must.epoll_create1()
    local r, w = must.pipe2()
    ctl(ep, "ADD", r, "EPOLLIN|EPOLLONESHOT")
    must.write(w, "x")
    assert.equal(IN, events(ep))
    must.close(w)
    assert.equal(0, events(ep))
    ctl(ep, "MOD", r, "EPOLLONESHOT")
    assert.equal(HUP, events(ep))
    assert.equal(0, events(ep))
  end)
end)

describe("several waiters", function()
  -- How many of `n` children that wait on what `open` gives them return after one write to `e`, and which.
  local function wakes(n, e, open)
    local pids, index = {}, {}
    for i = 1, n do
      pids[i] = must.fork(function()
        local ep = open()
        return #must.epoll_wait(ep, 1)
      end)
      index[pids[i]] = i
      ks.settle()
    end
    signal(e)
    ks.settle()
    local woken = {}
    while true do
      local pid = sys.waitpid(-1, "WNOHANG")
      if not pid or pid == 0 then break end
      woken[#woken + 1] = index[pid]
    end
    for _, pid in ipairs(pids) do sys.kill(pid, "SIGKILL") end
    return woken
  end

  local function own(e, flags)
    return function()
      local ep = must.epoll_create1()
      ctl(ep, "ADD", e, flags)
      return ep
    end
  end

  local function shared(e, flags)
    local ep = own(e, flags)()
    return function() return ep end
  end

  -- covers: epoll.waiters.level
  it("on one epoll all see a level", function()
    local e = must.eventfd(0)
    assert.same({ 1, 2, 3 }, wakes(3, e, shared(e, "EPOLLIN")))
  end)

  -- covers: epoll.waiters.edge epoll.waiters.oneshot
  it("on one epoll one sees an edge or a one-shot: the last that came", function()
    for _, flags in ipairs { "EPOLLIN|EPOLLET", "EPOLLIN|EPOLLONESHOT" } do
      local e = must.eventfd(0)
      assert.same({ 3 }, wakes(3, e, shared(e, flags)))
    end
  end)

  -- covers: epoll.exclusive.wakes_one epoll.exclusive.without
  it("on epolls of their own all see it, with EPOLLEXCLUSIVE the first only", function()
    local e = must.eventfd(0)
    assert.same({ 1, 2, 3 }, wakes(3, e, own(e, "EPOLLIN")))
    e = must.eventfd(0)
    assert.same({ 1 }, wakes(3, e, own(e, "EPOLLIN|EPOLLEXCLUSIVE")))
  end)
end)
