-- The reading side of a pipe, packet mode, reopening, bad addresses.
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C
local pass = require "helpers".pass

local function revents(fd, wanted)
  local _, list = must.poll({ { fd = fd, events = wanted } }, 0)
  return list[1].revents
end

describe("reading from a pipe", function()
  it("returns what is there, then end of file once no writer is left", function()
    -- covers: pipe.read.short pipe.read.eof pipe.poll.hup
    local r, w = must.pipe2()
    must.write(w, "abc")
    must.write(w, "def")
    assert.equal("abcdef", must.read(r, 100))
    must.write(w, "rest")
    must.close(w)
    assert.equal(C.POLLIN | C.POLLHUP, revents(r, "POLLIN"))
    assert.equal("rest", must.read(r, 100))
    assert.equal("", must.read(r, 100))
    assert.equal(C.POLLHUP, revents(r, "POLLIN|POLLOUT"))
  end)

  it("is EAGAIN with O_NONBLOCK when empty, and 0 bytes never block", function()
    -- covers: pipe.read.eagain pipe.read.zero
    local r = must.pipe2()
    assert.equal("", must.read(r, 0))
    must.fcntl(r, "F_SETFL", "O_NONBLOCK")
    assert.errno("EAGAIN", sys.read(r, 1))
    assert.equal("", must.read(r, 0))
  end)

  it("is woken by data and by the last writer's close", function()
    -- covers: pipe.read.block pipe.read.eof_wakes
    local r, w = must.pipe2()
    local pid = must.fork(function()
      must.close(w)
      assert.equal("ping", must.read(r, 10))
      assert.equal("", must.read(r, 10))
    end)
    ks.settle()
    must.write(w, "ping")
    ks.settle()
    must.close(w)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
  end)

  it("tells the writer's poll POLLERR once no reader is left", function()
    -- covers: pipe.poll.err
    local r, w = must.pipe2()
    assert.equal(C.POLLOUT, revents(w, "POLLOUT"))
    must.close(r)
    assert.equal(C.POLLOUT | C.POLLERR, revents(w, "POLLOUT"))
    assert.equal(C.POLLERR, revents(w, 0))
  end)
end)

describe("a pipe", function()
  it("has no offset and cannot be truncated or synced", function()
    -- covers: pipe.seek.espipe pipe.seek.order pipe.file.einval
    local r, w = must.pipe2()
    assert.errno("ESPIPE", sys.lseek(r, 0, "SEEK_SET"))
    assert.errno("EINVAL", sys.lseek(r, 0, 9))
    assert.errno("ESPIPE", sys.pread(r, 1, 0))
    assert.errno("ESPIPE", sys.pwrite(w, "x", 0))
    assert.errno("EINVAL", sys.pread(r, 1, -1))
    assert.errno("ESPIPE", sys.pread(w, 1, 0))
    assert.errno("ESPIPE", sys.pwrite(r, "x", 0))
    assert.errno("EINVAL", sys.ftruncate(w, 0))
    assert.errno("EINVAL", sys.fsync(w))
    assert.errno("ENODEV", sys.mmap(0, 4096, "PROT_READ", "MAP_PRIVATE", r, 0))
  end)

  it("keeps its bytes when the reader's buffer is bad", function()
    -- covers: pipe.efault.read pipe.efault.write
    local r, w = must.pipe2()
    must.write(w, "abcdef")
    assert.errno("EFAULT", sys.read(r, ks.at(1, 3)))
    assert.equal("abcdef", must.read(r, 10))
    assert.errno("EFAULT", sys.write(w, 1, 3))
    assert.equal(0, must.ioctl(r, "FIONREAD"))
  end)

  it("moves whole slots or nothing when a buffer ends early", function()
    -- covers: pipe.efault.slot
    local r, w = must.pipe2 "O_NONBLOCK"
    local m = must.mmap(0, 8192, "PROT_READ|PROT_WRITE", "MAP_PRIVATE|MAP_ANONYMOUS", -1, 0)
    must.munmap(m.addr + 4096, 4096)
    assert.errno("EFAULT", sys.write(w, ks.at(m.addr + 4090, 12)))
    assert.errno("EAGAIN", sys.read(r, 20))
    must.write(w, "0123456789ab")
    assert.errno("EFAULT", sys.read(r, ks.at(m.addr + 4090, 12)))
    assert.equal("0123456789ab", must.read(r, 20))
    assert.equal(4096, must.write(w, ks.at(m.addr, 8192)))
    assert.equal(4096, must.ioctl(r, "FIONREAD"))
  end)

  it("can be reopened through /proc/self/fd, in either direction", function()
    -- covers: pipe.proc.reopen
    local r, w = must.pipe2()
    local both = must.open("/proc/self/fd/" .. r, "O_RDWR")
    must.write(both, "hey")
    assert.equal("hey", must.read(r, 9))
    must.close(both)
    must.close(r)
    assert.errno("EPIPE", sys.write(w, "x"))
    local again = must.open("/proc/self/fd/" .. w, "O_RDONLY|O_NONBLOCK")
    must.write(w, "back")
    assert.equal("back", must.read(again, 9))
  end)
end)

describe("O_DIRECT on a pipe", function()
  it("makes each write a packet whose unread rest is dropped", function()
    -- covers: pipe.packet.boundaries pipe.packet.discard
    local r, w = must.pipe2 "O_DIRECT"
    must.write(w, "abc")
    must.write(w, "defg")
    assert.equal(7, must.ioctl(r, "FIONREAD"))
    assert.equal("ab", must.read(r, 2))
    assert.equal("defg", must.read(r, 100))
  end)

  it("cuts at PIPE_BUF, one slot a packet", function()
    -- covers: pipe.packet.cut pipe.packet.slots
    local r, w = must.pipe2 "O_DIRECT|O_NONBLOCK"
    must.write(w, ("z"):rep(5000))
    assert.equal(4096, #must.read(r, 10000))
    assert.equal(904, #must.read(r, 10000))
    local n = 0
    while sys.write(w, "x") do n = n + 1 end
    assert.equal(16, n)
    assert.equal(0, must.write(w, ""))
  end)

  it("follows the writer's status flag of the moment", function()
    -- covers: pipe.packet.setfl
    local r, w = must.pipe2 "O_NONBLOCK"
    must.fcntl(w, "F_SETFL", "O_DIRECT")
    assert.same({ "a", "b" }, pass(r, w, "a", "b"))
    must.fcntl(w, "F_SETFL", 0)
    assert.same({ "cd" }, pass(r, w, "c", "d"))
  end)
end)

describe("a reader that sleeps", function()
  it("keeps its open file when another thread closes the descriptor", function()
    -- covers: fd.close.sleeper
    local r, w = must.pipe2()
    local got
    must.clone3({ flags = "CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD" }, function()
      got = must.read(r, 5)
    end)
    ks.settle()
    must.close(r)
    assert.equal(r, must.open("/dev/null", "O_RDONLY"))
    ks.settle()
    assert.is_nil(got)
    assert.equal(2, must.write(w, "hi"))
    ks.settle()
    assert.equal("hi", got)
    must.sigaction("SIGPIPE", "SIG_IGN")
    assert.errno("EPIPE", sys.write(w, "x"))
  end)

  it("sleeps on when somebody else has taken the bytes that woke it", function()
    -- covers: pipe.read.block
    local r, w = must.pipe2()
    local back_r, back_w = must.pipe2()
    local pid = must.fork(function() must.write(back_w, must.read(r, 10)) end)
    ks.settle()
    local own = must.open("/proc/self/fd/" .. r, "O_RDONLY|O_NONBLOCK")
    must.write(w, "first")
    -- Who was woken may have run by now, where the order is drawn.
    local taken = sys.read(own, 10)
    ks.settle()
    must.write(w, "second")
    assert.equal(taken and "second" or "first", must.read(back_r, 10))
    must.waitpid(pid)
  end)

  it("wakes the next reader when it leaves bytes, and the writer when it makes room", function()
    -- covers: pipe.read.fifo pipe.write.block
    local r, w = must.pipe2()
    local back_r, back_w = must.pipe2()
    local readers = {}
    for i = 1, 2 do readers[i] = must.fork(function() must.write(back_w, i .. must.read(r, 3) .. ";") end) end
    ks.settle()
    must.write(w, "abcdef")
    ks.settle()
    local got = must.read(back_r, 100)
    assert.equal(10, #got)
    assert.truthy(got:find("abc", 1, true) and got:find("def", 1, true))
    for i = 1, 2 do must.waitpid(readers[i]) end
    local writer = must.fork(function()
      must.write(w, ("x"):rep(17 * 4096))
      must.write(back_w, "done")
    end)
    ks.settle()
    assert.equal(4096, #must.read(r, 4096))
    ks.settle()
    assert.equal("done", must.read(back_r, 100))
    must.waitpid(writer)
  end)
end)
