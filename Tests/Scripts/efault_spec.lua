-- Bad addresses: what is EFAULT, what is a partial transfer, and what is looked at first.
local ks = require "kscript"
local sys, must = ks.sys, ks.must

-- Two pages of which only the first is mapped; the address where the mapping ends.
local function edge()
  local m = must.mmap(0, 8192, "PROT_READ|PROT_WRITE", "MAP_PRIVATE|MAP_ANONYMOUS", -1, 0)
  must.munmap(m.addr + 4096, 4096)
  return m.addr + 4096
end

describe("a bad path address", function()
  it("is EFAULT in every call, before anything is looked up", function()
    -- covers: efault.path.any efault.path.order
    assert.errno("EFAULT", sys.open(1, "O_RDONLY"))
    assert.errno("EFAULT", sys.stat(-4096))
    assert.errno("EFAULT", sys.mkdir(1, 0))
    assert.errno("EFAULT", sys.unlink(1))
    assert.errno("EFAULT", sys.rename(1, "x"))
    assert.errno("EFAULT", sys.openat(99, 1, "O_RDONLY"))
    assert.errno("EFAULT", sys.chdir(0))
  end)

  it("counts for the second of two paths only when its turn comes", function()
    -- covers: efault.path.order
    assert.errno("EFAULT", sys.rename("/nope", 1))
    assert.errno("ENOENT", sys.rename("/nope/x", 1))
    assert.errno("ENOENT", sys.link("/nope", 1))
    assert.errno("EFAULT", sys.link("/dev/null", 1))
    assert.errno("ENOENT", sys.symlink("", 1))
  end)

  it("comes after flags and sizes that are wrong by themselves", function()
    -- covers: efault.flags.order
    assert.errno("EINVAL", sys.renameat2("AT_FDCWD", 1, "AT_FDCWD", 1, 8))
    assert.errno("EINVAL", sys.unlinkat("AT_FDCWD", 1, 1))
    assert.errno("EINVAL", sys.linkat("AT_FDCWD", 1, "AT_FDCWD", 1, 1))
    assert.errno("EINVAL", sys.newfstatat("AT_FDCWD", 1, 8))
    assert.errno("EINVAL", sys.access(1, 8))
    assert.errno("EINVAL", sys.truncate(1, -1))
  end)

  it("a path may end at the last mapped byte, but must end there", function()
    -- covers: efault.path.edge
    local stop = edge()
    ks.at(stop - 5, 5):set(0, "/tmp\0")
    assert.equal(must.stat("/tmp").st_ino, must.stat(stop - 5).st_ino)
    ks.at(stop - 4, 4):set(0, "/tmp")
    assert.errno("EFAULT", sys.stat(stop - 4))
  end)
end)

describe("a bad buffer", function()
  local f
  before_each(function() f = must.open("/tmp/f", "O_CREAT|O_RDWR", "0600") end)

  it("is looked at only when bytes move", function()
    -- covers: efault.buffer.when efault.buffer.order
    must.write(f, "data")
    assert.equal(0, must.read(f, ks.at(1, 5)))
    assert.errno("EFAULT", sys.pread(f, ks.at(1, 5), 5, 0))
    assert.equal(0, must.read(f, ks.at(1, 0)))
    assert.errno("EFAULT", sys.write(f, 1, 5))
    assert.equal(0, must.write(f, 1, 0))
    assert.errno("EBADF", sys.read(99, ks.at(1, 5)))
    assert.equal(4, must.fstat(f).st_size)
  end)

  it("that ends early makes file reads and writes partial, byte by byte", function()
    -- covers: efault.write.partial efault.read.partial
    local stop = edge()
    assert.equal(6, must.write(f, ks.at(stop - 6, 12)))
    assert.same({ 6, 6 }, { must.fstat(f).st_size, must.lseek(f, 0, "SEEK_CUR") })
    must.pwrite(f, ("q"):rep(20), 0)
    must.lseek(f, 0, "SEEK_SET")
    assert.equal(6, must.read(f, ks.at(stop - 6, 12)))
    assert.equal(6, must.lseek(f, 0, "SEEK_CUR"))
    assert.equal("qqqqqq", ks.at(stop - 6, 6):string())
  end)

  it("matters to /dev/zero, not to /dev/null", function()
    -- covers: efault.device
    assert.errno("EFAULT", sys.read(must.open("/dev/zero", "O_RDONLY"), ks.at(1, 3)))
    assert.equal(3, must.write(must.open("/dev/null", "O_WRONLY"), 1, 3))
    assert.equal(6, must.read(must.open("/dev/zero", "O_RDONLY"), ks.at(edge() - 6, 12)))
  end)
end)
