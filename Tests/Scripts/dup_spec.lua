-- dup, dup2, dup3 and F_DUPFD: which descriptor, which flags, which error first.
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

describe("dup", function()
  it("takes the lowest free descriptor, holes first", function()
    -- covers: fd.lowest.free fd.dup.ebadf
    assert.same({ 3, 4, 5 }, { must.dup(0), must.dup(0), must.dup(0) })
    must.close(4)
    must.close(3)
    assert.equal(3, must.dup(1))
    assert.equal(4, must.open("/dev/null", "O_RDONLY"))
    assert.errno("EBADF", sys.dup(99))
    assert.errno("EBADF", sys.dup(-1))
    assert.errno("EBADF", sys.close(99))
  end)

  it("shares offset and status flags, not close-on-exec", function()
    -- covers: fd.dup.shares_offset fd.dup.shares_status fd.dup.cloexec_clear
    local f = must.open("/tmp/f", "O_RDWR|O_CREAT|O_CLOEXEC", "0600")
    local d = must.dup(f)
    assert.equal(C.FD_CLOEXEC, must.fcntl(f, "F_GETFD"))
    assert.equal(0, must.fcntl(d, "F_GETFD"))
    must.write(f, "hello")
    assert.equal(5, must.lseek(d, 0, "SEEK_CUR"))
    must.fcntl(d, "F_SETFL", "O_APPEND")
    assert.equal(C.O_APPEND, must.fcntl(f, "F_GETFL") & C.O_APPEND)
    must.close(f)
    assert.equal(1, must.write(d, "!"))
  end)

  it("opening a file twice shares neither", function()
    -- covers: fd.open.own_description
    local a = must.open("/tmp/f", "O_RDWR|O_CREAT", "0600")
    local b = must.open("/tmp/f", "O_RDONLY")
    must.write(a, "hello")
    assert.equal(0, must.lseek(b, 0, "SEEK_CUR"))
    assert.equal(0, must.fcntl(a, "F_DUPFD_QUERY", b))
    assert.equal(1, must.fcntl(a, "F_DUPFD_QUERY", must.dup(a)))
    assert.errno("EBADF", sys.fcntl(a, "F_DUPFD_QUERY", 99))
  end)

  it("a fork copies the table but shares the open files", function()
    -- covers: fd.fork.table fd.fork.offset
    local f = must.open("/tmp/f", "O_RDWR|O_CREAT", "0600")
    must.write(f, "hello")
    local pid = must.fork(function()
      must.lseek(f, 2, "SEEK_SET")
      must.close(f)
      assert.equal(f, must.dup(0))
    end)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
    assert.equal(2, must.lseek(f, 0, "SEEK_CUR"))
    assert.equal(f + 1, must.dup(0))
  end)
end)

describe("dup2", function()
  it("closes what stood there and clears close-on-exec", function()
    -- covers: fd.dup2.replaces fd.dup2.cloexec_clear
    local r, w = must.pipe2 "O_CLOEXEC"
    assert.equal(w, must.dup2(0, w))
    assert.equal("", must.read(r, 1))
    assert.equal(9, must.dup2(r, 9))
    assert.equal(0, must.fcntl(9, "F_GETFD"))
  end)

  it("onto itself does nothing, if the descriptor is open", function()
    -- covers: fd.dup2.same
    local f = must.open("/dev/null", "O_RDONLY|O_CLOEXEC")
    assert.equal(f, must.dup2(f, f))
    assert.equal(C.FD_CLOEXEC, must.fcntl(f, "F_GETFD"))
    assert.errno("EBADF", sys.dup2(99, 99))
  end)

  it("has only EBADF to say: bad source, negative or too large target", function()
    -- covers: fd.dup2.ebadf fd.nofile.dup2
    local limit = must.getrlimit("RLIMIT_NOFILE").rlim_cur
    assert.errno("EBADF", sys.dup2(99, 5))
    assert.errno("EBADF", sys.dup2(0, -1))
    assert.errno("EBADF", sys.dup2(0, limit))
    assert.equal(limit - 1, must.dup2(0, limit - 1))
    assert.errno("EBADF", sys.dup2(99, limit))
  end)
end)

describe("dup3", function()
  it("sets close-on-exec if asked", function()
    -- covers: fd.dup3.cloexec
    assert.equal(9, must.dup3(0, 9, "O_CLOEXEC"))
    assert.equal(C.FD_CLOEXEC, must.fcntl(9, "F_GETFD"))
    assert.equal(9, must.dup3(0, 9, 0))
    assert.equal(0, must.fcntl(9, "F_GETFD"))
  end)

  it("looks at the flags, then at equality, then at the descriptors", function()
    -- covers: fd.dup3.order
    assert.errno("EINVAL", sys.dup3(99, 9, C.O_WRONLY))
    assert.errno("EINVAL", sys.dup3(0, 9, C.O_NONBLOCK))
    assert.errno("EINVAL", sys.dup3(0, 0, 0))
    assert.errno("EINVAL", sys.dup3(99, 99, 0))
    assert.errno("EBADF", sys.dup3(99, 9, 0))
    assert.errno("EBADF", sys.dup3(0, must.getrlimit("RLIMIT_NOFILE").rlim_cur, 0))
  end)
end)

describe("F_DUPFD", function()
  it("takes the lowest free descriptor from the argument on", function()
    -- covers: fd.dupfd.from fd.dupfd.cloexec
    assert.equal(20, must.fcntl(0, "F_DUPFD", 20))
    assert.equal(21, must.fcntl(0, "F_DUPFD", 20))
    assert.equal(22, must.fcntl(0, "F_DUPFD_CLOEXEC", 20))
    assert.equal(0, must.fcntl(21, "F_GETFD"))
    assert.equal(C.FD_CLOEXEC, must.fcntl(22, "F_GETFD"))
    assert.equal(3, must.fcntl(0, "F_DUPFD", 0))
  end)

  it("is EINVAL beyond the limit and EMFILE when none is left below it", function()
    -- covers: fd.dupfd.limits
    local limit = must.getrlimit("RLIMIT_NOFILE").rlim_cur
    assert.errno("EINVAL", sys.fcntl(0, "F_DUPFD", -1))
    assert.errno("EINVAL", sys.fcntl(0, "F_DUPFD", limit))
    assert.equal(limit - 1, must.fcntl(0, "F_DUPFD", limit - 1))
    assert.errno("EMFILE", sys.fcntl(0, "F_DUPFD", limit - 1))
    assert.errno("EBADF", sys.fcntl(99, "F_DUPFD", -1))
  end)
end)

describe("RLIMIT_NOFILE", function()
  local function limit(n)
    must.setrlimit("RLIMIT_NOFILE", { rlim_cur = n, rlim_max = must.getrlimit("RLIMIT_NOFILE").rlim_max })
  end

  it("bounds the next number, not the count, and leaves open ones alone", function()
    -- covers: fd.nofile.bound fd.nofile.keeps_open
    must.dup2(0, 30)
    limit(5)
    assert.same({ 3, 4 }, { must.dup(0), must.dup(0) })
    assert.errno("EMFILE", sys.dup(0))
    assert.errno("EBADF", sys.dup2(0, 30))
    assert.equal(0, must.fcntl(30, "F_GETFD"))
    must.close(3)
    assert.equal(3, must.dup(30))
    limit(0)
    assert.errno("EMFILE", sys.memfd_create("m", 0))
    assert.equal(0, must.fcntl(30, "F_GETFD"))
  end)

  it("is seen by open before the path is walked but after it is read", function()
    -- covers: fd.nofile.open_order
    limit(3)
    assert.errno("EMFILE", sys.open("/no/such", "O_RDONLY"))
    assert.errno("EMFILE", sys.open("/tmp/new", "O_RDWR|O_CREAT", "0600"))
    assert.errno("ENOENT", sys.stat("/tmp/new"))
    assert.errno("ENOENT", sys.open("", "O_RDONLY"))
    assert.errno("EFAULT", sys.open(1, "O_RDONLY"))
    assert.errno("ENAMETOOLONG", sys.open(("x"):rep(4096), "O_RDONLY"))
    assert.errno("EINVAL", sys.open("/tmp", "O_DIRECTORY|O_CREAT", "0600"))
    assert.errno("EBADF", sys.dup(99))
  end)

  it("refuses a soft limit above the hard one, and raising that without privilege", function()
    -- covers: fd.nofile.setrlimit fd.nofile.raise
    assert.errno("EINVAL", sys.setrlimit("RLIMIT_NOFILE", { rlim_cur = 100, rlim_max = 50 }))
    local pid = must.fork(function()
      local max = must.getrlimit("RLIMIT_NOFILE").rlim_max
      must.setresuid(1000, 1000, 1000)
      assert.errno("EPERM", sys.setrlimit("RLIMIT_NOFILE", { rlim_cur = 10, rlim_max = max + 1 }))
      must.setrlimit("RLIMIT_NOFILE", { rlim_cur = 10, rlim_max = 20 })
      assert.same({ rlim_cur = 10, rlim_max = 20 }, must.getrlimit("RLIMIT_NOFILE"))
      assert.errno("EPERM", sys.setrlimit("RLIMIT_NOFILE", { rlim_cur = 10, rlim_max = 21 }))
    end)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
  end)
end)
