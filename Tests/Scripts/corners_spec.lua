-- Corners that generated scripts have shown (kscript fuzz): which error wins, and what is told that nobody asks for.
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

describe("corners", function()
  it("utimensat without a path needs a descriptor, and looks at flags first and at times last", function()
    local times = { { tv_sec = 0, tv_nsec = 1 }, { tv_sec = 1, tv_nsec = 1 } }
    local bad = { { tv_sec = 0, tv_nsec = -1 }, { tv_sec = 1, tv_nsec = 1 } }
    assert.errno("EFAULT", sys.utimensat("AT_FDCWD", nil, times))
    assert.errno("EINVAL", sys.utimensat("AT_FDCWD", nil, times, "AT_NO_AUTOMOUNT"))
    assert.errno("ENOENT", sys.utimensat("AT_FDCWD", "/tmp/missing", bad))
  end)

  it("fstatat takes statx's flags of synchronisation", function()
    assert.equal(C.S_IFDIR, must.newfstatat("AT_FDCWD", "/tmp", "AT_STATX_DONT_SYNC").st_mode & C.S_IFMT)
  end)

  it("madvise refuses a size that wraps around, and finds nothing mapped beyond", function()
    assert.errno("EINVAL", sys.madvise(0, -1, "MADV_NORMAL"))
    assert.errno("ENOMEM", sys.madvise(0, 1 << 62, "MADV_DONTDUMP"))
    assert.equal(0, sys.msync(0, -1))
    assert.errno("EFAULT", sys.mremap(0, -1, 4096, "MREMAP_MAYMOVE"))
  end)

  it("statfs tells file systems of the kernel's own by their flags", function()
    assert.equal(0x20, must.fstatfs(must.memfd_create "m").f_flags)
    assert.equal(0x09041934, must.fstatfs(must.eventfd(0)).f_type)
    assert.equal(0x50495045, must.fstatfs((must.pipe())).f_type)
  end)

  it("O_DIRECT is for regular files that open made, and for the write end of a pipe", function()
    assert.errno("EINVAL", sys.open("/tmp", "O_DIRECT"))
    assert.errno("EINVAL", sys.open("/dev/null", "O_DIRECT"))
    assert.errno("EINVAL", sys.fcntl(must.memfd_create "m", "F_SETFL", "O_DIRECT"))
    local r, w = must.pipe2 "O_DIRECT"
    assert.equal(0, must.fcntl(r, "F_GETFL"))
    assert.equal(C.O_WRONLY | C.O_DIRECT, must.fcntl(w, "F_GETFL"))
  end)

  it("files without a name have no mode or owner to change", function()
    local fd = must.eventfd(0)
    assert.errno("EOPNOTSUPP", sys.fchmod(fd, "0600"))
    assert.errno("EOPNOTSUPP", sys.fchown(fd, 0, 0))
  end)

  it("the clocks of processor time cannot be set by anybody", function()
    assert.errno("EINVAL", sys.clock_settime("CLOCK_PROCESS_CPUTIME_ID", 0))
    assert.errno("EINVAL", sys.clock_settime("CLOCK_THREAD_CPUTIME_ID", 0))
  end)

  it("an empty list of pieces does nothing, whatever the flags", function()
    local fd = must.open("/tmp/a", "O_RDWR|O_CREAT", "0600")
    assert.equal(0, sys.pwritev2(fd, {}, 0, "RWF_NOWAIT"))
  end)

  it("task 1 leads its session and its group", function()
    assert.same({ 1, 1, 1 }, { must.getsid(0), must.getpgrp(), must.getpid() })
    assert.errno("EPERM", sys.setsid())
  end)
end)
