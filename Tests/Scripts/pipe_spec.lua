-- Pipes: the 16 slots of a page, merging, PIPE_BUF, ends that go away, packet mode.
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local function bytes(n) return ("x"):rep(n) end

-- How many more writes of n bytes an O_NONBLOCK pipe takes.
local function fill(w, n)
  local count, text = 0, bytes(n)
  while sys.write(w, text) do count = count + 1 end
  return count
end

local function queued(fd) return must.ioctl(fd, "FIONREAD") end

local function events(fd)
  local _, list = must.poll({ { fd = fd, events = "POLLIN|POLLOUT" } }, 0)
  return list[1].revents
end

describe("pipe2", function()
  it("takes the two lowest free descriptors, read end first", function()
    -- covers: pipe.create.lowest pipe.create.ends
    local r, w = must.pipe2()
    assert.same({ 3, 4 }, { r, w })
    assert.equal(C.O_RDONLY, must.fcntl(r, "F_GETFL"))
    assert.equal(C.O_WRONLY, must.fcntl(w, "F_GETFL"))
    assert.equal(0, must.fcntl(r, "F_GETFD"))
    assert.errno("EBADF", sys.read(w, 1))
    assert.errno("EBADF", sys.read(w, 0))
    assert.errno("EBADF", sys.write(r, "x"))
    assert.errno("EBADF", sys.write(r, ""))
  end)

  it("sets the asked flags on both ends and refuses all others", function()
    -- covers: pipe.create.flags
    local r, w = must.pipe2 "O_CLOEXEC|O_NONBLOCK"
    assert.equal(C.FD_CLOEXEC, must.fcntl(r, "F_GETFD"))
    assert.equal(C.FD_CLOEXEC, must.fcntl(w, "F_GETFD"))
    assert.equal(C.O_NONBLOCK, must.fcntl(r, "F_GETFL"))
    assert.equal(C.O_NONBLOCK | C.O_WRONLY, must.fcntl(w, "F_GETFL"))
    assert.errno("EINVAL", sys.pipe2(C.O_RDWR))
    assert.errno("EINVAL", sys.pipe2(C.O_APPEND))
    assert.equal(5, must.dup(0))
  end)

  it("takes no descriptor at all when only one is free", function()
    -- covers: pipe.create.emfile
    must.setrlimit("RLIMIT_NOFILE", { rlim_cur = 4, rlim_max = must.getrlimit("RLIMIT_NOFILE").rlim_max })
    assert.errno("EMFILE", sys.pipe2())
    assert.errno("EINVAL", sys.pipe2(C.O_RDWR))
    assert.equal(3, must.dup(0))
  end)

  it("is a fifo of mode 0600 whose size stays 0, one inode for both ends", function()
    -- covers: pipe.stat.inode
    local r, w = must.pipe2()
    must.write(w, "abc")
    local s = must.fstat(r)
    assert.equal(C.S_IFIFO | tonumber("600", 8), s.st_mode)
    assert.same({ 0, 0, 1, 4096 }, { s.st_size, s.st_blocks, s.st_nlink, s.st_blksize })
    assert.equal(s.st_ino, must.fstat(w).st_ino)
    assert.not_equal(s.st_ino, must.fstat((must.pipe2())).st_ino)
    assert.equal(s.st_ino, tonumber(must.readlink("/proc/self/fd/" .. r):match "^pipe:%[(%d+)%]$"))
  end)
end)

describe("pipe capacity", function()
  local r, w
  before_each(function() r, w = must.pipe2 "O_NONBLOCK" end)

  it("is 16 slots of a page: 65536 bytes one at a time or at once", function()
    -- covers: pipe.slot.sixteen pipe.write.nonblock_full
    assert.equal(65536, must.write(w, bytes(100000)))
    assert.errno("EAGAIN", sys.write(w, "x"))
    assert.equal(65536, queued(r))
    local _, w2 = must.pipe2 "O_NONBLOCK"
    assert.equal(65536, fill(w2, 1))
  end)

  it("holds 16 writes of 4095 bytes, and then one byte more", function()
    -- covers: pipe.slot.merge pipe.poll.writable
    assert.equal(16, fill(w, 4095))
    assert.equal(65520, queued(r))
    assert.errno("EAGAIN", sys.write(w, "xx"))
    assert.equal(0, events(w))
    assert.equal(1, must.write(w, "x"))
    assert.errno("EAGAIN", sys.write(w, "x"))
  end)

  it("wastes the rest of a slot when the next write does not fit in it", function()
    -- covers: pipe.slot.no_fit
    assert.equal(16, fill(w, 2049))
    assert.equal(16 * 2049, queued(r))
  end)

  it("merges small writes into one slot", function()
    -- covers: pipe.slot.merge
    for _ = 1, 16 do must.write(w, bytes(100)) end
    assert.equal(15, fill(w, 4096))
  end)

  it("merges only the part beyond whole pages, and only if all of it fits", function()
    -- covers: pipe.slot.merge_tail
    local function left(first, second)
      local _, end_ = must.pipe2 "O_NONBLOCK"
      must.write(end_, bytes(first))
      must.write(end_, bytes(second))
      return fill(end_, 4096)
    end
    assert.equal(14, left(3000, 5000))
    assert.equal(13, left(3500, 5000))
    assert.equal(13, left(100, 8192))
    assert.equal(15, left(100, 3996))
    must.write(w, bytes(100))
    assert.equal(61440, must.write(w, bytes(65536)))
  end)

  it("frees a slot only when its last byte is read", function()
    -- covers: pipe.slot.freed_whole pipe.poll.writable
    assert.equal(16, fill(w, 4096))
    must.read(r, 4095)
    assert.equal(0, events(w))
    assert.errno("EAGAIN", sys.write(w, "x"))
    must.read(r, 1)
    assert.equal(C.POLLOUT, events(w))
    assert.equal(4096, must.write(w, bytes(4096)))
  end)

  it("merges after what is left of a partly read slot", function()
    -- covers: pipe.slot.partly_read
    must.write(w, bytes(100))
    must.read(r, 50)
    must.write(w, bytes(3996))
    assert.equal(15, fill(w, 4096))
    local _, w2 = must.pipe2 "O_NONBLOCK"
    must.write(w2, bytes(4096))
    assert.equal(15, fill(w2, 4096))
    assert.errno("EAGAIN", sys.write(w2, "x"))
  end)
end)

describe("F_SETPIPE_SZ", function()
  local r, w
  before_each(function() r, w = must.pipe2 "O_NONBLOCK" end)

  it("rounds up to a power of two of pages and returns the size", function()
    -- covers: pipe.size.round pipe.size.get
    assert.equal(65536, must.fcntl(w, "F_GETPIPE_SZ"))
    for _, case in ipairs { { 0, 4096 }, { 1, 4096 }, { 4096, 4096 }, { 4097, 8192 }, { 8193, 16384 },
                            { 65537, 131072 }, { 1048576, 1048576 } } do
      assert.equal(case[2], must.fcntl(w, "F_SETPIPE_SZ", case[1]))
      assert.equal(case[2], must.fcntl(r, "F_GETPIPE_SZ"))
    end
    assert.errno("EINVAL", sys.fcntl(w, "F_SETPIPE_SZ", -1))
  end)

  it("will not cut below the slots in use", function()
    -- covers: pipe.size.ebusy
    for _ = 1, 3 do must.write(w, bytes(4096)) end
    assert.errno("EBUSY", sys.fcntl(w, "F_SETPIPE_SZ", 8192))
    assert.equal(16384, must.fcntl(r, "F_SETPIPE_SZ", 16384))
    assert.equal(1, fill(w, 4096))
    assert.equal(16384, queued(r))
    local _, w2 = must.pipe2 "O_NONBLOCK"
    must.write(w2, bytes(3000))
    must.write(w2, bytes(3000))
    assert.errno("EBUSY", sys.fcntl(w2, "F_SETPIPE_SZ", 4096))
  end)

  it("makes room at once when it grows", function()
    -- covers: pipe.size.grow
    must.fcntl(w, "F_SETPIPE_SZ", 4096)
    assert.equal(4096, must.write(w, bytes(5000)))
    assert.equal(8192, must.fcntl(r, "F_SETPIPE_SZ", 8192))
    assert.equal(4096, must.write(w, bytes(5000)))
  end)

  it("is limited to pipe-max-size without CAP_SYS_RESOURCE", function()
    -- covers: pipe.size.eperm
    local pid = must.fork(function()
      must.setresuid(1000, 1000, 1000)
      assert.equal(1048576, must.fcntl(w, "F_SETPIPE_SZ", 1048576))
      assert.errno("EPERM", sys.fcntl(w, "F_SETPIPE_SZ", 1048577))
    end)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
  end)

  it("is EBADF on what is no pipe", function()
    -- covers: pipe.size.not_pipe
    local f = must.open("/tmp/f", "O_RDWR|O_CREAT", "0600")
    assert.errno("EBADF", sys.fcntl(f, "F_GETPIPE_SZ"))
    assert.errno("EBADF", sys.fcntl(f, "F_SETPIPE_SZ", 4096))
  end)
end)

describe("writing to a pipe", function()
  it("is all or nothing up to PIPE_BUF and partial beyond it", function()
    -- covers: pipe.write.atomic pipe.write.partial
    local r, w = must.pipe2 "O_NONBLOCK"
    must.write(w, bytes(65536 - 100))
    assert.errno("EAGAIN", sys.write(w, bytes(200)))
    assert.equal(100, must.write(w, bytes(100)))
    must.read(r, 4096)
    assert.equal(4096, must.write(w, bytes(8192)))
    must.read(r, 8192)
    assert.equal(8192, must.writev(w, { bytes(4096), bytes(4096), bytes(4096) }))
    assert.equal(4096, C.PIPE_BUF)
  end)

  it("blocks a full-pipe writer until a whole slot is free", function()
    -- covers: pipe.write.block
    local r, w = must.pipe2()
    must.write(w, bytes(65536))
    local pid = must.fork(function() must.write(w, "last") end)
    ks.settle()
    must.read(r, 4095)
    ks.settle()
    assert.equal(61441, queued(r))
    must.read(r, 1)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
    assert.equal(61444, queued(r))
  end)

  it("returns the part written, with SIGPIPE all the same, when the last reader goes meanwhile", function()
    -- covers: pipe.write.reader_gone_midway
    local function outcome(disposition)
      local r, w = must.pipe2()
      local pid = must.fork(function()
        must.close(r)
        must.sigaction("SIGPIPE", disposition)
        return must.write(w, bytes(65536 + 7)) == 65536 and 7 or 8
      end)
      ks.settle()
      must.close(r)
      return select(2, must.waitpid(pid))
    end
    assert.same({ "killed", C.SIGPIPE }, { outcome "SIG_DFL" })
    assert.same({ "exited", 7 }, { outcome "SIG_IGN" })
  end)

  it("without a reader is EPIPE and SIGPIPE, which task 1 survives", function()
    -- covers: pipe.write.epipe pipe.write.sigpipe pipe.write.epipe_first
    local r, w = must.pipe2()
    must.close(r)
    assert.errno("EPIPE", sys.write(w, "x"))
    assert.errno("EPIPE", sys.write(w, 1, 1))
    assert.equal(0, must.write(w, ""))
    local pid = must.fork(function() sys.write(w, "x") end)
    assert.same({ pid, "killed", C.SIGPIPE }, { must.waitpid(pid) })
    pid = must.fork(function()
      must.sigaction("SIGPIPE", "SIG_IGN")
      assert.errno("EPIPE", sys.write(w, "x"))
    end)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
  end)
end)
