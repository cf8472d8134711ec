local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local MAX = -2 -- 0xfffffffffffffffe, the most a counter holds
local function word(n) return string.pack("<i8", n) end
local function add(fd, n) return sys.write(fd, word(n)) end
local function take(fd)
  local bytes, message, errno = sys.read(fd, 8)
  if not bytes then return bytes, message, errno end
  return (string.unpack("<i8", bytes))
end
local function state(fd)
  local _, list = must.poll({ { fd = fd, events = "POLLIN|POLLOUT" } }, 0)
  return list[1].revents
end

describe("eventfd", function()
  -- covers: eventfd.create.basic eventfd.create.flags
  it("starts with the count it is given", function()
    local fd = must.eventfd(7, "EFD_NONBLOCK|EFD_CLOEXEC")
    assert.equal(3, fd)
    assert.equal(C.FD_CLOEXEC, must.fcntl(fd, "F_GETFD"))
    assert.equal(C.O_RDWR | C.O_NONBLOCK, must.fcntl(fd, "F_GETFL"))
    assert.equal(7, take(fd))
    assert.errno("EAGAIN", take(fd))
    assert.equal(4294967295, take(must.eventfd(0xffffffff)))
  end)

  -- covers: eventfd.write.adds eventfd.read.resets
  it("adds what is written; a read takes it all", function()
    local fd = must.eventfd(1, "EFD_NONBLOCK")
    assert.equal(8, add(fd, 2))
    assert.equal(8, add(fd, 3))
    assert.equal(6, take(fd))
    assert.errno("EAGAIN", take(fd))
  end)

  -- covers: eventfd.semaphore.read
  it("with EFD_SEMAPHORE gives one at a time", function()
    local fd = must.eventfd(2, "EFD_SEMAPHORE|EFD_NONBLOCK")
    assert.same({ 1, 1 }, { take(fd), take(fd) })
    assert.errno("EAGAIN", take(fd))
  end)

  -- covers: eventfd.read.size eventfd.write.size eventfd.write.size_exact
  it("moves eight bytes: a longer read is fine, a longer write is not", function()
    local fd = must.eventfd(5, "EFD_NONBLOCK")
    assert.errno("EINVAL", sys.read(fd, 7))
    assert.equal(8, #must.read(fd, 100))
    assert.errno("EINVAL", sys.read(fd, 7))
    assert.errno("EINVAL", sys.write(fd, "1234567"))
    assert.errno("EINVAL", sys.write(fd, word(1) .. "x"))
    assert.errno("EINVAL", sys.write(fd, ""))
  end)

  -- covers: eventfd.write.max eventfd.write.full
  it("holds up to 2^64-2: 2^64-1 is refused, what would overflow waits", function()
    local fd = must.eventfd(0, "EFD_NONBLOCK")
    assert.errno("EINVAL", add(fd, -1))
    assert.equal(8, add(fd, MAX))
    assert.errno("EAGAIN", add(fd, 1))
    assert.equal(8, add(fd, 0))
    assert.equal(MAX, take(fd))
  end)

  -- covers: eventfd.poll.bits eventfd.write.zero
  it("is readable above zero and writable below the most", function()
    local fd = must.eventfd(0)
    assert.equal(C.POLLOUT, state(fd))
    add(fd, 0)
    assert.equal(C.POLLOUT, state(fd))
    add(fd, 1)
    assert.equal(C.POLLIN | C.POLLOUT, state(fd))
    add(fd, MAX - 1)
    assert.equal(C.POLLIN, state(fd))
  end)

  -- covers: eventfd.read.blocks
  it("makes a reader wait for a write, one of zero not counting", function()
    local fd = must.eventfd(0)
    local pid = must.fork(function() return take(fd) end)
    ks.settle()
    add(fd, 0)
    ks.settle()
    assert.equal(0, must.waitpid(pid, "WNOHANG"))
    add(fd, 9)
    assert.same({ pid, "exited", 9 }, { must.waitpid(pid) })
  end)

  -- covers: eventfd.write.blocks
  it("makes a writer wait until all of its number fits", function()
    local fd = must.eventfd(0)
    add(fd, MAX)
    local pid = must.fork(function() add(fd, 5) end)
    ks.settle()
    assert.equal(0, must.waitpid(pid, "WNOHANG"))
    assert.equal(MAX, take(fd))
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
    assert.equal(5, take(fd))
  end)

  -- covers: eventfd.semaphore.wakes
  it("with EFD_SEMAPHORE lets as many readers go on as were added", function()
    local fd = must.eventfd(0, "EFD_SEMAPHORE")
    local pids = {}
    for i = 1, 3 do pids[i] = must.fork(function() return take(fd) end) end
    ks.settle()
    add(fd, 2)
    must.waitpid(-1)
    must.waitpid(-1)
    assert.equal(0, must.waitpid(-1, "WNOHANG"))
    add(fd, 1)
    must.waitpid(-1)
  end)

  -- covers: eventfd.fork.shared
  it("is one counter for parent and child", function()
    local fd = must.eventfd(0)
    must.waitpid(must.fork(function() add(fd, 4) end))
    assert.equal(4, take(fd))
  end)
end)
