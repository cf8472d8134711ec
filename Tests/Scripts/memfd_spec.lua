-- memfd_create and seals.
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

describe("memfd_create", function()
  it("makes a nameless regular file of mode 0777 opened for reading and writing", function()
    -- covers: memfd.create.stat memfd.create.name
    local fd = must.memfd_create("name", 0)
    local s = must.fstat(fd)
    assert.same({ C.S_IFREG | tonumber("777", 8), 0, 0 }, { s.st_mode, s.st_nlink, s.st_size })
    assert.equal(C.O_RDWR, must.fcntl(fd, "F_GETFL") & C.O_ACCMODE)
    assert.equal(0, must.fcntl(fd, "F_GETFD"))
    assert.equal("/memfd:name (deleted)", must.readlink("/proc/self/fd/" .. fd))
    must.write(fd, "data")
    assert.equal("data", must.pread(fd, 9, 0))
    assert.equal("data", must.read(must.open("/proc/self/fd/" .. fd, "O_RDONLY"), 9))
  end)

  it("checks flags, then the name's address and length", function()
    -- covers: memfd.create.errors memfd.create.cloexec
    assert.errno("EINVAL", sys.memfd_create(1, 0x100))
    assert.errno("EFAULT", sys.memfd_create(1, 0))
    assert.errno("EINVAL", sys.memfd_create(("n"):rep(250), 0))
    must.memfd_create(("n"):rep(249), 0)
    must.memfd_create("", 0)
    assert.equal(C.FD_CLOEXEC, must.fcntl(must.memfd_create("c", "MFD_CLOEXEC"), "F_GETFD"))
  end)

  it("without MFD_ALLOW_SEALING is sealed against seals", function()
    -- covers: memfd.seal.default
    local fd = must.memfd_create("m", 0)
    assert.equal(C.F_SEAL_SEAL, must.fcntl(fd, "F_GET_SEALS"))
    assert.errno("EPERM", sys.fcntl(fd, "F_ADD_SEALS", "F_SEAL_WRITE"))
    assert.equal(0, must.fcntl(must.memfd_create("s", "MFD_ALLOW_SEALING"), "F_GET_SEALS"))
    assert.errno("EINVAL", sys.fcntl((must.pipe2()), "F_GET_SEALS"))
  end)
end)

describe("a seal", function()
  local fd
  before_each(function()
    fd = must.memfd_create("s", "MFD_ALLOW_SEALING")
    must.write(fd, "12345678")
  end)

  it("F_SEAL_GROW stops writes beyond the end whole, not in part", function()
    -- covers: memfd.seal.grow
    must.fcntl(fd, "F_ADD_SEALS", "F_SEAL_GROW")
    assert.errno("EPERM", sys.write(fd, "x"))
    assert.errno("EPERM", sys.pwrite(fd, "abcd", 6))
    assert.equal(2, must.pwrite(fd, "ab", 6))
    assert.errno("EPERM", sys.ftruncate(fd, 9))
    assert.equal(0, must.ftruncate(fd, 8))
    assert.equal(0, must.ftruncate(fd, 4))
  end)

  it("F_SEAL_SHRINK stops cutting", function()
    -- covers: memfd.seal.shrink
    must.fcntl(fd, "F_ADD_SEALS", "F_SEAL_SHRINK")
    assert.errno("EPERM", sys.ftruncate(fd, 7))
    assert.equal(0, must.ftruncate(fd, 9))
  end)

  it("F_SEAL_WRITE is EBUSY while a shared mapping exists, F_SEAL_FUTURE_WRITE is not", function()
    -- covers: memfd.seal.busy memfd.seal.future
    local m = must.mmap(0, 4096, "PROT_READ|PROT_WRITE", "MAP_SHARED", fd, 0)
    assert.errno("EBUSY", sys.fcntl(fd, "F_ADD_SEALS", "F_SEAL_WRITE"))
    must.fcntl(fd, "F_ADD_SEALS", "F_SEAL_FUTURE_WRITE")
    assert.errno("EPERM", sys.pwrite(fd, "x", 0))
    m:set(0, "Q")
    assert.equal("Q", must.pread(fd, 1, 0))
    must.munmap(m.addr, 4096)
    must.fcntl(fd, "F_ADD_SEALS", "F_SEAL_WRITE")
  end)

  it("F_SEAL_WRITE leaves reading and private mappings", function()
    -- covers: memfd.seal.write
    must.fcntl(fd, "F_ADD_SEALS", "F_SEAL_WRITE")
    assert.errno("EPERM", sys.write(fd, "x"))
    assert.equal(0, must.write(fd, ""))
    assert.errno("EPERM", sys.mmap(0, 4096, "PROT_READ|PROT_WRITE", "MAP_SHARED", fd, 0))
    local m = must.mmap(0, 4096, "PROT_READ", "MAP_SHARED", fd, 0)
    assert.errno("EACCES", sys.mprotect(m, 4096, "PROT_READ|PROT_WRITE"))
    must.mmap(0, 4096, "PROT_READ|PROT_WRITE", "MAP_PRIVATE", fd, 0)
  end)

  it("F_SEAL_SEAL ends sealing; a reader cannot seal; unknown seals are refused", function()
    -- covers: memfd.seal.seal memfd.seal.errors
    assert.errno("EINVAL", sys.fcntl(fd, "F_ADD_SEALS", 0x100))
    assert.errno("EPERM", sys.fcntl(must.open("/proc/self/fd/" .. fd, "O_RDONLY"), "F_ADD_SEALS", "F_SEAL_GROW"))
    must.fcntl(fd, "F_ADD_SEALS", "F_SEAL_SEAL|F_SEAL_GROW")
    assert.equal(C.F_SEAL_SEAL | C.F_SEAL_GROW, must.fcntl(fd, "F_GET_SEALS"))
    assert.errno("EPERM", sys.fcntl(fd, "F_ADD_SEALS", "F_SEAL_SHRINK"))
  end)
end)
