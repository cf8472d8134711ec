local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local IN, OUT, HUP, ERR = C.EPOLLIN, C.EPOLLOUT, C.EPOLLHUP, C.EPOLLERR
local function signal(fd) must.write(fd, string.pack("<I8", 1)) end
local function drain(fd) must.read(fd, 8) end
local function add(ep, fd, events, data)
  return must.epoll_ctl(ep, "EPOLL_CTL_ADD", fd, { events = events, data = data or fd })
end
local function take(ep, max, ms) -- the data of what is ready, in order
  local out = {}
  for i, e in ipairs(must.epoll_wait(ep, max or 16, ms or 0)) do out[i] = e.data end
  return out
end
local function events(ep) -- the events of the only thing ready, or 0
  local list = must.epoll_wait(ep, 16, 0)
  assert.is_true(#list <= 1)
  return list[1] and list[1].events or 0
end

describe("epoll_ctl", function()
  local ep
  before_each(function() ep = must.epoll_create1("EPOLL_CLOEXEC") end)

  -- covers: epoll.create.flags epoll.create.size
  it("works on what epoll_create1 makes", function()
    assert.equal(3, ep)
    assert.equal(C.FD_CLOEXEC, must.fcntl(ep, "F_GETFD"))
    assert.equal(C.O_RDWR, must.fcntl(ep, "F_GETFL"))
    assert.errno("EINVAL", sys.epoll_create(0))
    assert.equal(0, must.fcntl(must.epoll_create(1), "F_GETFD"))
    assert.errno("EINVAL", sys.read(ep, 8))
    assert.errno("EINVAL", sys.write(ep, "x"))
  end)

  -- covers: epoll.ctl.eexist epoll.ctl.enoent
  it("adds once, changes and removes what is there", function()
    local e = must.eventfd(0)
    assert.errno("ENOENT", sys.epoll_ctl(ep, "EPOLL_CTL_MOD", e, { events = "EPOLLIN" }))
    assert.errno("ENOENT", sys.epoll_ctl(ep, "EPOLL_CTL_DEL", e))
    add(ep, e, "EPOLLIN")
    assert.errno("EEXIST", sys.epoll_ctl(ep, "EPOLL_CTL_ADD", e, { events = "EPOLLIN" }))
    assert.equal(0, must.epoll_ctl(ep, "EPOLL_CTL_MOD", e, { events = "EPOLLOUT", data = 5 }))
    assert.same({ 5 }, take(ep))
    assert.equal(0, must.epoll_ctl(ep, "EPOLL_CTL_DEL", e))
    assert.same({}, take(ep))
  end)

  -- covers: epoll.ctl.eperm epoll.ctl.order
  it("checks descriptors, then what they are, then the operation", function()
    local file = must.open("/tmp/epoll_spec", "O_RDWR|O_CREAT", "0600")
    must.unlink("/tmp/epoll_spec")
    local e = must.eventfd(0)
    local ev = { events = "EPOLLIN" }
    assert.errno("EBADF", sys.epoll_ctl(98, 9, 99, ev))
    assert.errno("EBADF", sys.epoll_ctl(ep, 9, 99, ev))
    assert.errno("EBADF", sys.epoll_ctl(ep, "EPOLL_CTL_ADD", must.open("/tmp", "O_PATH"), ev))
    assert.errno("EPERM", sys.epoll_ctl(ep, 9, file, ev))
    assert.errno("EPERM", sys.epoll_ctl(e, "EPOLL_CTL_ADD", file, ev))
    assert.errno("EPERM", sys.epoll_ctl(ep, "EPOLL_CTL_ADD", must.open("/tmp", "O_RDONLY"), ev))
    assert.errno("EPERM", sys.epoll_ctl(ep, "EPOLL_CTL_ADD", must.open("/dev/null", "O_RDONLY"), ev))
    assert.errno("EPERM", sys.epoll_ctl(ep, "EPOLL_CTL_ADD", must.memfd_create("m", 0), ev))
    assert.errno("EINVAL", sys.epoll_ctl(e, "EPOLL_CTL_ADD", ep, ev))
    assert.errno("EINVAL", sys.epoll_ctl(ep, 9, e, ev))
    assert.errno("EINVAL", sys.epoll_ctl(ep, "EPOLL_CTL_ADD", ep, ev))
    assert.errno("EINVAL", sys.epoll_ctl(ep, "EPOLL_CTL_DEL", ep))
  end)

  -- covers: epoll.exclusive.add_only epoll.exclusive.flags epoll.exclusive.no_mod
  it("takes EPOLLEXCLUSIVE when adding only, with few other flags, for good", function()
    local e = must.eventfd(0)
    local function ctl(op, flags) return sys.epoll_ctl(ep, op, e, { events = flags }) end
    assert.errno("EINVAL", ctl("EPOLL_CTL_MOD", "EPOLLIN|EPOLLEXCLUSIVE"))
    for _, extra in ipairs { "EPOLLONESHOT", "EPOLLRDHUP", "EPOLLPRI" } do
      assert.errno("EINVAL", ctl("EPOLL_CTL_ADD", "EPOLLIN|EPOLLEXCLUSIVE|" .. extra))
    end
    assert.errno("EINVAL",
      sys.epoll_ctl(ep, "EPOLL_CTL_ADD", must.epoll_create1(), { events = "EPOLLIN|EPOLLEXCLUSIVE" }))
    assert.equal(0, ctl("EPOLL_CTL_ADD", "EPOLLIN|EPOLLOUT|EPOLLERR|EPOLLHUP|EPOLLET|EPOLLEXCLUSIVE"))
    assert.errno("EEXIST", ctl("EPOLL_CTL_ADD", "EPOLLIN|EPOLLEXCLUSIVE"))
    assert.errno("EINVAL", ctl("EPOLL_CTL_MOD", "EPOLLIN"))
    assert.equal(0, must.epoll_ctl(ep, "EPOLL_CTL_DEL", e))
  end)
end)

describe("epoll_wait", function()
  local ep
  before_each(function() ep = must.epoll_create1() end)

  -- covers: epoll.wait.errors epoll.wait.order
  it("checks the descriptor, then the count, then what it is", function()
    assert.errno("EBADF", sys.epoll_wait(99, 0, 0))
    assert.errno("EINVAL", sys.epoll_wait(ep, 0, 0))
    assert.errno("EINVAL", sys.epoll_wait(ep, -1, 0))
    assert.errno("EINVAL", sys.epoll_wait(must.eventfd(0), 1, 0))
  end)

  -- covers: epoll.level.repeats
  it("tells a level as long as it lasts", function()
    local e = must.eventfd(0)
    add(ep, e, "EPOLLIN")
    assert.same({}, take(ep))
    signal(e)
    assert.same({ e }, take(ep))
    assert.same({ e }, take(ep))
    drain(e)
    assert.same({}, take(ep))
  end)

  -- covers: epoll.add.already_ready epoll.data.verbatim
  it("tells at once what was ready when added, with the data given", function()
    local e = must.eventfd(1)
    add(ep, e, "EPOLLIN|EPOLLOUT", 0x7fffffff12345678)
    assert.same({ { events = IN | OUT, data = 0x7fffffff12345678 } }, must.epoll_wait(ep, 4, 0))
  end)

  -- covers: epoll.order.fifo
  it("tells in the order of becoming ready, not of being added", function()
    local a, b, c = must.eventfd(0), must.eventfd(0), must.eventfd(0)
    for _, fd in ipairs { a, b, c } do add(ep, fd, "EPOLLIN") end
    signal(c)
    signal(a)
    signal(c)
    signal(b)
    assert.same({ c, a, b }, take(ep))
  end)

  -- covers: epoll.order.rotation epoll.wait.maxevents
  it("goes round among levels when it may tell only some", function()
    local fds = { must.eventfd(1), must.eventfd(1), must.eventfd(1) }
    for i, fd in ipairs(fds) do add(ep, fd, "EPOLLIN", i) end
    local seen = {}
    for i = 1, 7 do seen[i] = take(ep, 1)[1] end
    assert.same({ 1, 2, 3, 1, 2, 3, 1 }, seen)
    assert.same({ 2, 3 }, take(ep, 2))
    assert.same({ 1, 2, 3 }, take(ep, 3))
    assert.same({ 1, 2 }, take(ep, 2))
  end)

  -- covers: epoll.order.del
  it("does not tell what went away before it was asked", function()
    local a, b = must.eventfd(1), must.eventfd(1)
    add(ep, a, "EPOLLIN")
    add(ep, b, "EPOLLIN")
    must.epoll_ctl(ep, "EPOLL_CTL_DEL", a)
    assert.same({ b }, take(ep))
    drain(b)
    assert.same({}, take(ep))
  end)

  -- covers: epoll.always.hup epoll.always.err
  it("tells HUP and ERR without being asked", function()
    local r, w = must.pipe2()
    add(ep, r, 0)
    must.close(w)
    assert.equal(HUP, events(ep))
    must.close(r)
    r, w = must.pipe2()
    add(ep, w, 0)
    must.close(r)
    assert.equal(ERR, events(ep))
    must.epoll_ctl(ep, "EPOLL_CTL_MOD", w, { events = "EPOLLOUT" })
    assert.equal(OUT | ERR, events(ep))
  end)

  -- covers: epoll.mod.events epoll.mod.level_ready
  it("after a change tells what the new set finds", function()
    local e = must.eventfd(1)
    add(ep, e, 0)
    assert.equal(0, events(ep))
    must.epoll_ctl(ep, "EPOLL_CTL_MOD", e, { events = "EPOLLOUT" })
    assert.equal(OUT, events(ep))
    must.epoll_ctl(ep, "EPOLL_CTL_MOD", e, { events = 0 })
    assert.equal(0, events(ep))
  end)

  -- covers: epoll.close.last epoll.close.dup epoll.close.dup_del
  it("forgets a file when its last descriptor closes, no sooner", function()
    local e = must.eventfd(1)
    add(ep, e, "EPOLLIN", 7)
    local copy = must.dup(e)
    must.close(e)
    assert.same({ 7 }, take(ep))
    assert.errno("EBADF", sys.epoll_ctl(ep, "EPOLL_CTL_DEL", e))
    assert.errno("ENOENT", sys.epoll_ctl(ep, "EPOLL_CTL_DEL", copy))
    must.close(copy)
    assert.same({}, take(ep))
  end)

  -- covers: epoll.close.reuse epoll.key.fd_and_file
  it("knows a member by number and file together", function()
    local e = must.eventfd(1)
    local copy = must.dup(e)
    add(ep, e, "EPOLLIN", 1)
    add(ep, copy, "EPOLLIN", 2)
    assert.same({ 1, 2 }, take(ep))
    must.close(e)
    local other = must.eventfd(1)
    assert.equal(e, other)
    add(ep, other, "EPOLLIN", 3)
    assert.same({ 1, 2, 3 }, take(ep))
    must.dup2(copy, other)
    assert.errno("EEXIST", sys.epoll_ctl(ep, "EPOLL_CTL_ADD", other, { events = "EPOLLIN" }))
    assert.same({ 1, 2 }, take(ep))
  end)

  -- covers: epoll.close.fork
  it("keeps a member that a child still has open", function()
    local e = must.eventfd(1)
    add(ep, e, "EPOLLIN", 9)
    local pid = must.fork(function() must.pause() end)
    must.close(e)
    assert.same({ 9 }, take(ep))
    must.kill(pid, "SIGKILL")
    must.waitpid(pid)
    assert.same({}, take(ep))
  end)

  -- covers: epoll.wait.timeout epoll.wait.wakes epoll.wait.added_while_waiting
  it("sleeps until its time or an event, of a member added meanwhile too", function()
    local before = ks.now()
    assert.same({}, take(ep, 1, 20))
    assert.is_true(ks.now() - before >= 0.02)
    local e = must.eventfd(0)
    must.fork(function()
      ks.settle()
      add(ep, e, "EPOLLIN", 4)
      ks.settle()
      signal(e)
    end)
    assert.same({ 4 }, take(ep, 1, 5000))
  end)

  -- covers: epoll.pwait.mask epoll.pwait.ready_wins
  it("with a mask lets signals in only while it sleeps", function()
    local ran = 0
    must.sigaction("SIGUSR1", function() ran = ran + 1 end)
    must.sigprocmask("SIG_BLOCK", { "SIGUSR1" })
    must.kill(1, "SIGUSR1")
    local e = must.eventfd(1)
    add(ep, e, "EPOLLIN")
    assert.equal(1, #must.epoll_pwait(ep, 1, 5000, {}))
    assert.equal(0, ran)
    drain(e)
    assert.errno("EINTR", sys.epoll_pwait(ep, 1, 5000, {}))
    assert.equal(1, ran)
  end)
end)
