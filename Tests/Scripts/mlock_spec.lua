local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local PAGE = 4096
local function map(pages, flags, protection)
  return sys.mmap(0, pages * PAGE, protection or "PROT_READ|PROT_WRITE", "MAP_PRIVATE|MAP_ANONYMOUS" .. (flags or ""))
end
-- Pages that are locked, of the whole process. Looked at from outside: the other lines are the machine's business.
local function locked()
  local status = ks.get(("/proc/%d/status"):format(must.getpid()))
  return tonumber(status:match "VmLck:%s*(%d+)") // 4
end
local function there(address, pages)
  return (must.mincore(address, pages * PAGE):gsub(".", function(c) return string.char(48 + c:byte() % 2) end))
end

-- Runs `fn` as somebody who may lock `pages` and no more.
local function limited(pages, fn)
  local pid = must.fork(function()
    must.setrlimit("RLIMIT_MEMLOCK", { rlim_cur = pages * PAGE, rlim_max = pages * PAGE })
    must.setresuid(1000, 1000, 1000)
    fn()
  end)
  assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
end

describe("memory", function()
  local room, base
  before_each(function()
    room = must.mmap(0, 64 * PAGE, "PROT_NONE", "MAP_PRIVATE|MAP_ANONYMOUS")
    base = room.addr
    must.mmap(base, 32 * PAGE, "PROT_READ|PROT_WRITE", "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED")
  end)

  -- covers: mem.touch
  it("is there when it was read, too", function()
    assert.equal("0000", there(base, 4))
    assert.equal(0, ks.at(base, 64 * PAGE):u8(PAGE))
    assert.equal("0100", there(base, 4))
    ks.at(base + 3 * PAGE, 10):string()
    assert.equal("0101", there(base, 4))
    must.write(must.memfd_create("m", 0), ks.at(base, 1))
    assert.equal("1101", there(base, 4))
  end)

  -- covers: mem.touch.shared
  it("of a file that was read gets a page of the file", function()
    local fd = must.memfd_create("m", 0)
    must.ftruncate(fd, 4 * PAGE)
    local m = must.mmap(0, 4 * PAGE, "PROT_READ", "MAP_PRIVATE", fd, 0)
    assert.equal(0, must.fstat(fd).st_blocks)
    assert.equal(0, m:u8(PAGE))
    assert.equal("0100", there(m.addr, 4))
    assert.equal(8, must.fstat(fd).st_blocks)
    assert.equal(PAGE, must.lseek(fd, 0, "SEEK_DATA"))
  end)

  -- covers: mem.mlock.pages
  it("is locked by whole pages, once, and is there then", function()
    assert.equal(0, must.mlock(base + 10, PAGE))
    assert.equal("1100", there(base, 4))
    assert.equal(2, locked())
    must.mlock(base, 8 * PAGE)
    assert.equal(8, locked())
    must.munlock(base, 1)
    assert.equal(7, locked())
    must.munlock(base, 32 * PAGE)
    assert.equal(0, locked())
  end)

  -- covers: mem.mlock.limit
  it("is locked as far as RLIMIT_MEMLOCK goes, what is locked already not counted again", function()
    limited(8, function()
      must.mlock(base, 8 * PAGE)
      assert.errno("ENOMEM", sys.mlock(base + 8 * PAGE, 1))
      assert.errno("ENOMEM", sys.mlock(base, 9 * PAGE))
      must.mlock(base, 8 * PAGE)
      must.munlock(base, 4 * PAGE)
      assert.errno("ENOMEM", sys.mlock(base, 9 * PAGE))
      must.mlock(base + 2 * PAGE, 4 * PAGE)
      assert.equal(6, locked())
    end)
  end)

  -- covers: mem.mlock.none
  it("is not locked at all with a limit of 0, which unlocking does not mind", function()
    limited(0, function()
      assert.errno("EPERM", sys.mlock(base, 1))
      assert.errno("EPERM", sys.mlock(base, 0))
      assert.errno("EINVAL", sys.mlock2(base, 1, 4))
      assert.equal(0, sys.munlock(base, 1))
      assert.errno("EPERM", sys.mlockall("MCL_FUTURE"))
      assert.errno("EINVAL", sys.mlockall(0))
      assert.errno("EPERM", map(1, "|MAP_LOCKED"))
      assert.errno("EBADF", sys.mmap(0, PAGE, "PROT_READ", "MAP_SHARED|MAP_LOCKED", 99, 0))
      assert.errno("EINVAL", map(0, "|MAP_LOCKED"))
      local flags = "MAP_PRIVATE|MAP_ANONYMOUS|MAP_LOCKED|MAP_FIXED_NOREPLACE"
      assert.errno("EEXIST", sys.mmap(base, PAGE, "PROT_READ", flags))
    end)
  end)

  -- covers: mem.mlock.errors
  it("before a hole or a page that cannot be there is locked all the same", function()
    assert.errno("ENOMEM", sys.mlock(base + 31 * PAGE, 3 * PAGE))
    assert.equal(3, locked())
    must.munlock(base, 64 * PAGE)
    must.munmap(base + 4 * PAGE, PAGE)
    assert.errno("ENOMEM", sys.mlock(base, 8 * PAGE))
    assert.equal(4, locked())
    assert.errno("ENOMEM", sys.munlock(base, 8 * PAGE))
    assert.equal(0, locked())
    local fd = must.memfd_create("m", 0)
    must.ftruncate(fd, PAGE)
    local m = must.mmap(0, 2 * PAGE, "PROT_READ|PROT_WRITE", "MAP_SHARED", fd, 0)
    assert.errno("ENOMEM", sys.mlock(m.addr, 2 * PAGE))
    assert.equal(2, locked())
    must.munlock(m.addr, 2 * PAGE)
    -- Nobody may read what can only be executed, the kernel neither; with other bits there is no key that guards it.
    assert.errno("ENOMEM", sys.mlock(map(2, "", "PROT_EXEC").addr, 2 * PAGE))
    assert.equal(0, sys.mlock(map(2, "", "PROT_EXEC|PROT_GROWSDOWN").addr, 2 * PAGE))
    assert.equal(4, locked())
    assert.equal(0, sys.mlock(base, -1))
    assert.equal(0, sys.mlock(map(2, "", "PROT_NONE").addr, 0))
    assert.errno("EINVAL", sys.munlock(base, -2 * PAGE))
    assert.errno("EINVAL", sys.mlock2(base, PAGE, 2))
  end)

  -- covers: mem.mlock2.ONFAULT
  it("locked with MLOCK_ONFAULT comes page by page", function()
    must.mlock2(base, 2 * PAGE, "MLOCK_ONFAULT")
    assert.equal(2, locked())
    assert.equal("00", there(base, 2))
    room:u8(0, 0) -- PROT_NONE was replaced there
    assert.equal("10", there(base, 2))
  end)

  -- covers: mem.mmap.MAP_LOCKED
  it("mapped with MAP_LOCKED is there and counts", function()
    limited(8, function()
      local m = map(6, "|MAP_LOCKED")
      assert.equal("111111", there(m.addr, 6))
      assert.equal(6, locked())
      assert.errno("EAGAIN", map(3, "|MAP_LOCKED"))
      must.mmap(m.addr, PAGE, "PROT_READ", "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED")
      assert.equal(5, locked())
      must.munmap(m.addr, 3 * PAGE)
      assert.equal(3, locked())
    end)
  end)

  -- covers: mem.mmap.MAP_POPULATE
  it("mapped with MAP_POPULATE is there and does not count", function()
    local m = map(3, "|MAP_POPULATE")
    assert.equal("111", there(m.addr, 3))
    assert.equal(0, locked())
  end)

  -- covers: mem.mremap.locked
  it("that is locked stays so when it grows or moves, within the limit", function()
    limited(8, function()
      local m = map(4, "|MAP_LOCKED")
      assert.errno("EAGAIN", sys.mremap(m.addr, 4 * PAGE, 9 * PAGE, "MREMAP_MAYMOVE"))
      local grown = must.mremap(m.addr, 4 * PAGE, 8 * PAGE, "MREMAP_MAYMOVE")
      assert.equal(8, locked())
      assert.equal("11111111", there(grown.addr, 8))
      must.mremap(grown.addr, 8 * PAGE, 2 * PAGE)
      assert.equal(2, locked())
    end)
  end)

  -- covers: mem.mlock.advice
  it("that is locked is neither dropped nor invalidated", function()
    must.mlock(base, 2 * PAGE)
    for _, advice in ipairs { "MADV_DONTNEED", "MADV_FREE", "MADV_COLD", "MADV_PAGEOUT" } do
      assert.errno("EINVAL", sys.madvise(base, PAGE, advice))
    end
    assert.equal(0, sys.madvise(base, PAGE, "MADV_DONTNEED_LOCKED"))
    assert.errno("EBUSY", sys.msync(base, PAGE, "MS_INVALIDATE"))
    assert.equal(0, sys.msync(base, PAGE, "MS_SYNC"))
    assert.equal(0, sys.msync(base + 8 * PAGE, PAGE, "MS_INVALIDATE"))
    assert.equal(2, locked())
  end)

  -- covers: mem.mlockall.MCL_FUTURE
  it("mapped after mlockall of the future is locked, in what it can be", function()
    limited(8, function()
      for _, flags in ipairs { 0, 4, 8 } do assert.errno("EINVAL", sys.mlockall(flags)) end
      must.mlockall("MCL_FUTURE")
      assert.equal("11", there(map(2).addr, 2))
      assert.equal(2, locked())
      assert.errno("EAGAIN", map(7))
      map(1, "", "PROT_NONE")
      assert.equal(3, locked())
      must.mlockall("MCL_FUTURE|MCL_ONFAULT")
      assert.equal("0", there(map(1).addr, 1))
      assert.equal(4, locked())
      local id = must.shmget(C.IPC_PRIVATE, 5 * PAGE, "0600")
      assert.errno("EAGAIN", sys.shmat(id))
      must.shmctl(id, "IPC_RMID")
      must.munlockall()
      assert.equal(0, locked())
      map(1)
      assert.equal(0, locked())
    end)
  end)

  -- covers: mem.mlock.fork
  it("is not locked in a child, whose future is not either", function()
    must.mlock(base, PAGE)
    must.mlockall("MCL_FUTURE|MCL_ONFAULT")
    local before = locked()
    assert.is_true(before >= 1)
    limited(8, function()
      assert.equal(0, locked())
      map(1)
      assert.equal(0, locked())
    end)
    assert.equal(before, locked())
    must.munlockall()
  end)
end)
