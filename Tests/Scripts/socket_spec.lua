local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C
local sleeper = require "helpers".sleeper

local function netlink(kind) return must.socket("AF_NETLINK", kind or "SOCK_RAW") end

describe("a netlink socket", function()
  local s, q, cookie
  before_each(function()
    s = netlink()
    q = must.mq_open("/a", "O_CREAT|O_RDWR|O_NONBLOCK", "0600", { mq_maxmsg = 4, mq_msgsize = 8 })
    cookie = ks.buffer(32)
    cookie:set(0, ("k"):rep(32))
  end)

  local function register(fd, address)
    local event = { sigev_notify = "SIGEV_THREAD", sigev_signo = fd or s, sigev_value = address or cookie.addr }
    return sys.mq_notify(q, event)
  end
  -- Has one more cookie sent to the socket.
  local function send()
    assert.equal(0, register())
    must.mq_notify(q, nil)
  end
  local told = { message = ("k"):rep(31) .. "\1", removed = ("k"):rep(31) .. "\2" }

  -- covers: socket.create.errors
  it("is refused in Linux's order: bits of the type, family, type, what the family knows", function()
    assert.errno("EINVAL", sys.socket(46, 3 | 0x100, 0))
    assert.errno("EAFNOSUPPORT", sys.socket(46, 15, 0))
    assert.errno("EAFNOSUPPORT", sys.socket(-1, "SOCK_RAW", 0))
    assert.errno("EINVAL", sys.socket(45, 12, 0))
    assert.errno("EAFNOSUPPORT", sys.socket(45, "SOCK_RAW", 0))
    assert.errno("ESOCKTNOSUPPORT", sys.socket("AF_NETLINK", "SOCK_STREAM", 33))
    assert.errno("ESOCKTNOSUPPORT", sys.socket("AF_NETLINK", 0, 0))
    for _, number in ipairs { 1, 31, 33, -1 } do
      assert.errno("EPROTONOSUPPORT", sys.socket("AF_NETLINK", "SOCK_RAW", number))
    end
  end)

  -- covers: socket.create.flags
  it("is SOCK_RAW or SOCK_DGRAM, with flags of its descriptor among the type", function()
    local other = netlink "SOCK_DGRAM|SOCK_NONBLOCK|SOCK_CLOEXEC"
    assert.equal(C.FD_CLOEXEC, must.fcntl(other, "F_GETFD"))
    assert.equal(C.O_RDWR | C.O_NONBLOCK, must.fcntl(other, "F_GETFL"))
    assert.equal(0, must.fcntl(s, "F_GETFD"))
    assert.equal(C.O_RDWR, must.fcntl(s, "F_GETFL"))
    assert.errno("EAGAIN", sys.read(other, 1))
  end)

  -- covers: socket.file
  it("is a file of its own kind, without offsets", function()
    local st = must.fstat(s)
    assert.same({ C.S_IFSOCK | 511, 0, 1 }, { st.st_mode, st.st_size, st.st_nlink })
    assert.equal("socket:[" .. st.st_ino .. "]", must.readlink("/proc/self/fd/" .. s))
    assert.errno("ENXIO", sys.open("/proc/self/fd/" .. s, "O_RDWR"))
    assert.errno("ESPIPE", sys.lseek(s, 0, "SEEK_SET"))
    assert.errno("ESPIPE", sys.pread(s, 1, 0))
    assert.errno("EINVAL", sys.ftruncate(s, 0))
    assert.errno("EINVAL", sys.fsync(s))
    assert.errno("ENOTTY", sys.ioctl(s, "FIONREAD"))
    assert.errno("ENODEV", sys.mmap(0, 4096, "PROT_READ", "MAP_PRIVATE", s, 0))
    assert.errno("ENODATA", sys.write(s, ""))
    assert.equal(3, sys.write(s, "abc"))
    assert.errno("EMSGSIZE", sys.write(s, ("x"):rep(212961)))
    assert.equal(0x534f434b, must.fstatfs(s).f_type)
  end)

  -- covers: socket.owner
  it("belongs to who makes it, and has a mode and an owner to change", function()
    must.fchmod(s, "0600")
    must.fchown(s, 7, 8)
    local st = must.fstat(s)
    assert.same({ C.S_IFSOCK | 384, 7, 8 }, { st.st_mode, st.st_uid, st.st_gid })
    assert.equal(0, must.utimensat(s))
    must.setuid(1000)
    assert.errno("EPERM", sys.fchmod(s, "0777"))
    assert.equal(1000, must.fstat(must.socket("AF_NETLINK", "SOCK_RAW", 0)).st_uid)
  end)

  -- covers: mq.notify.SIGEV_THREAD.raw
  it("gets the cookie of mq_notify when a message comes, the last byte 1", function()
    assert.equal(0, register())
    cookie:fill(0)
    assert.errno("EBUSY", register())
    assert.errno("EAGAIN", sys.recv(s, 64, "MSG_DONTWAIT"))
    must.mq_send(q, "x")
    must.mq_send(q, "y")
    assert.equal(told.message, must.recv(s, 64, 0))
    assert.errno("EAGAIN", sys.recv(s, 64, "MSG_DONTWAIT"))
    assert.equal(0, register())
  end)

  -- covers: mq.notify.SIGEV_THREAD.removed
  it("gets it with a last byte 2 when the registration is taken back, or a descriptor of the queue closed", function()
    send()
    assert.equal(told.removed, must.read(s, 64))
    register()
    must.close(must.dup(q))
    assert.equal(told.removed, must.read(s, 64))
    local pid = must.fork(function() register() end)
    must.waitpid(pid)
    assert.equal(told.removed, must.read(s, 64))
    assert.errno("EAGAIN", sys.recv(s, 64, "MSG_DONTWAIT"))
  end)

  -- covers: mq.notify.SIGEV_THREAD.order
  it("is looked at after the cookie and before the queue", function()
    local function try(fd, address, queue)
      return sys.mq_notify(queue, { sigev_notify = "SIGEV_THREAD", sigev_signo = fd, sigev_value = address })
    end
    assert.errno("EFAULT", try(99, 8, 99))
    assert.errno("ENOTSOCK", try(0, cookie.addr, 99))
    assert.errno("EBADF", try(s, cookie.addr, 99))
    assert.errno("EBADF", try(s, cookie.addr, 0))
    assert.errno("EBADF", try(must.open("/tmp", "O_PATH"), cookie.addr, q))
    assert.equal("0", must.pread(q, 100, 0):match "NOTIFY_PID:(%d+)")
  end)

  -- covers: socket.netlink.closed
  it("that was closed meanwhile gets nothing, and keeps the place until then", function()
    register()
    must.close(s)
    assert.errno("EBUSY", register(netlink()))
    must.mq_send(q, "x")
    assert.equal(0, register(netlink()))
  end)

  -- covers: socket.recv.whole
  it("gives one datagram whole: what finds no room is lost", function()
    send()
    send()
    assert.equal(("k"):rep(10), must.recv(s, 10))
    assert.equal(told.removed, must.recv(s, 100))
    send()
    assert.equal("", must.recv(s, 0))
    assert.errno("EAGAIN", sys.recv(s, 0, "MSG_DONTWAIT"))
  end)

  -- covers: socket.recv.MSG_PEEK socket.recv.MSG_TRUNC
  it("shows a datagram that stays with MSG_PEEK, and tells its whole length with MSG_TRUNC", function()
    send()
    local buf = ks.buffer(64)
    assert.equal(told.removed, must.recv(s, 64, "MSG_PEEK"))
    assert.equal(10, must.recv(s, buf, 10, "MSG_PEEK"))
    assert.equal(32, must.recv(s, buf, 10, "MSG_PEEK|MSG_TRUNC"))
    assert.equal(("k"):rep(10) .. "\0", buf:string(1, 11))
    assert.equal(32, must.recv(s, buf, 10, "MSG_TRUNC"))
    assert.errno("EAGAIN", sys.recv(s, buf, 10, "MSG_DONTWAIT|MSG_PEEK"))
  end)

  -- covers: socket.recv.errors
  it("wants a socket, knows no urgent data, and loses what a bad buffer does not take", function()
    assert.errno("EBADF", sys.recv(99, 1))
    assert.errno("ENOTSOCK", sys.recv(q, 1))
    assert.errno("EOPNOTSUPP", sys.recv(s, 1, "MSG_OOB"))
    send()
    assert.errno("EFAULT", sys.recv(s, ks.at(8, 64), 64))
    assert.errno("EAGAIN", sys.recv(s, 64, "MSG_DONTWAIT"))
  end)

  -- covers: socket.read.zero
  it("takes nothing for a read of no bytes", function()
    send()
    assert.equal("", must.read(s, 0))
    assert.equal(told.removed, must.read(s, 64))
  end)

  -- covers: socket.recv.waits
  it("lets readers wait in line, each for one datagram", function()
    local order = {}
    for name = 1, 2 do
      sleeper(function()
        local data = name == 1 and must.read(s, 64) or must.recv(s, 64)
        order[#order + 1] = { name, #data }
      end)
    end
    assert.same({}, order)
    send()
    ks.settle()
    assert.same({ { 1, 32 } }, order)
    send()
    ks.settle()
    assert.same({ { 1, 32 }, { 2, 32 } }, order)
  end)

  -- covers: socket.poll
  it("is always ready to be written, and readable while something is there", function()
    local writable = C.POLLOUT | C.POLLWRNORM | C.POLLWRBAND
    local function look() return select(2, must.poll({ { fd = s, events = 0xffff } }, 0))[1].revents end
    assert.equal(writable, look())
    send()
    assert.equal(writable | C.POLLIN | C.POLLRDNORM, look())
    must.recv(s, 64)
    assert.equal(writable, look())
    local ep, seen = must.epoll_create1(), nil
    must.epoll_ctl(ep, "EPOLL_CTL_ADD", s, { events = "EPOLLIN", data = 7 })
    assert.same({}, must.epoll_wait(ep, 1, 0))
    must.fork(function() seen = must.poll({ { fd = s, events = "POLLIN" } }) end)
    ks.settle()
    assert.is_nil(seen)
    send()
    ks.settle()
    assert.equal(1, seen)
    assert.same({ { events = C.EPOLLIN, data = 7 } }, must.epoll_wait(ep, 1, 0))
  end)

  -- covers: mq.notify.SIGEV_THREAD.room
  it("has room for 256 cookies, promised or sent; mq_notify waits for the next, and a signal ends that", function()
    for _ = 1, 255 do send() end
    assert.equal(0, register())
    local other = must.mq_open("/b", "O_CREAT|O_RDWR", "0600", { mq_maxmsg = 4, mq_msgsize = 8 })
    must.sigaction("SIGUSR1", function() end)
    local results = {}
    local pid = must.fork(function()
      for i = 1, 2 do
        local event = { sigev_notify = "SIGEV_THREAD", sigev_signo = s, sigev_value = cookie.addr }
        results[i] = { sys.mq_notify(other, event) }
      end
    end)
    ks.settle()
    assert.same({}, results)
    must.kill(pid, "SIGUSR1")
    ks.settle()
    assert.equal(C.EINTR, results[1][3])
    assert.equal(1, #results)
    must.recv(s, 64)
    ks.settle()
    assert.same({ 0 }, results[2])
  end)

  -- covers: socket.lock
  it("has locks of its own, though no path leads to it", function()
    local other = netlink("SOCK_DGRAM")
    must.fcntl(s, "F_OFD_SETLK", { l_type = "F_WRLCK" })
    assert.equal(0, sys.fcntl(other, "F_OFD_SETLK", { l_type = "F_WRLCK" }))
    must.flock(s, "LOCK_EX")
    assert.equal(0, sys.flock(other, "LOCK_EX|LOCK_NB"))
  end)
end)
