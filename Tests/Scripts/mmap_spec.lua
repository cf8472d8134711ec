-- mmap, munmap, mprotect, mremap: anonymous memory and files.
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local RW, ANON = "PROT_READ|PROT_WRITE", "MAP_PRIVATE|MAP_ANONYMOUS"

local function anonymous(pages) return must.mmap(0, pages * 4096, RW, ANON, -1, 0) end

-- How a child ends that does this; touching bad memory must not end the test itself.
local function fate(act)
  local _, how, code = must.waitpid(must.fork(act))
  return how .. " " .. code
end
local SEGV, BUS = "killed " .. C.SIGSEGV, "killed " .. C.SIGBUS

local function file(text)
  local f = must.open("/tmp/f", "O_CREAT|O_RDWR|O_TRUNC", "0600")
  must.write(f, text)
  return f
end

describe("anonymous mmap", function()
  it("gives zeroed whole pages", function()
    -- covers: mem.mmap.zero mem.mmap.round
    local m = must.mmap(0, 5000, RW, ANON, -1, 0)
    assert.equal(0, m.addr % 4096)
    assert.equal(0, m:u64(0))
    local last = ks.at(m.addr + 8191, 1)
    last:set(0, "x")
    assert.equal("x", last:string())
  end)

  it("private is copied by fork, shared is shared", function()
    -- covers: mem.fork.private mem.fork.shared
    local a, b = anonymous(1), must.mmap(0, 4096, RW, "MAP_SHARED|MAP_ANONYMOUS", -1, 0)
    assert.equal("exited 0", fate(function() a:set(0, "c"); b:set(0, "c") end))
    assert.same({ 0, 99 }, { a:u8(0), b:u8(0) })
  end)

  it("refuses nonsense, the offset before the descriptor and that before the length", function()
    -- covers: mem.mmap.einval mem.mmap.order mem.mmap.enomem
    assert.errno("EINVAL", sys.mmap(0, 0, RW, ANON, -1, 0))
    assert.errno("EINVAL", sys.mmap(0, 4096, RW, "MAP_ANONYMOUS", -1, 0))
    assert.errno("EINVAL", sys.mmap(0, 4096, RW, ANON, -1, 1))
    assert.errno("EINVAL", sys.mmap(0, 4096, RW, "MAP_PRIVATE", 99, 1))
    assert.errno("EBADF", sys.mmap(0, 0, RW, "MAP_PRIVATE", 99, 0))
    must.mmap(0, 4096, RW, ANON, 99, 0)
    assert.errno("ENOMEM", sys.mmap(0, 1 << 47, "PROT_NONE", ANON, -1, 0))
    assert.errno("ENOMEM", sys.mmap(0, -1, RW, ANON, -1, 0))
  end)

  it("MAP_FIXED replaces, MAP_FIXED_NOREPLACE refuses, a hint yields", function()
    -- covers: mem.mmap.fixed mem.mmap.noreplace mem.mmap.hint
    local m = anonymous(1)
    m:set(0, "keep")
    assert.errno("EEXIST", sys.mmap(m.addr, 4096, RW, ANON .. "|MAP_FIXED_NOREPLACE", -1, 0))
    assert.not_equal(m.addr, must.mmap(m.addr, 4096, RW, ANON, -1, 0).addr)
    assert.equal("keep", m:string(1, 4))
    assert.equal(m.addr, must.mmap(m.addr, 4096, RW, ANON .. "|MAP_FIXED", -1, 0).addr)
    assert.equal("\0\0\0\0", m:string(1, 4))
    assert.errno("EINVAL", sys.mmap(m.addr + 1, 4096, RW, ANON .. "|MAP_FIXED", -1, 0))
    assert.errno("ENOMEM", sys.mmap(1 << 47, 4096, RW, ANON .. "|MAP_FIXED", -1, 0))
  end)
end)

describe("munmap", function()
  it("takes pages away one by one and does not mind holes", function()
    -- covers: mem.munmap.pages mem.munmap.hole mem.segv.unmapped
    local m = anonymous(2)
    must.munmap(m.addr, 1)
    must.munmap(m.addr, 4096)
    local zero = must.open("/dev/zero", "O_RDONLY")
    assert.errno("EFAULT", sys.read(zero, ks.at(m.addr, 1)))
    assert.equal(1, must.read(zero, ks.at(m.addr + 4096, 1)))
    assert.equal(SEGV, fate(function() return ks.at(m.addr, 1):u8(0) end))
  end)

  it("wants an aligned address and some length", function()
    -- covers: mem.munmap.einval
    local m = anonymous(2)
    assert.errno("EINVAL", sys.munmap(m.addr + 1, 4096))
    assert.errno("EINVAL", sys.munmap(m.addr, 0))
    assert.errno("EINVAL", sys.munmap(1 << 47, 4096))
    assert.errno("EINVAL", sys.munmap(4096, -4096))
  end)
end)

describe("protection", function()
  it("is kept by the processor and by the kernel's own copies", function()
    -- covers: mem.prot.segv mem.prot.efault mem.prot.write_reads
    local r, none = must.mmap(0, 4096, "PROT_READ", ANON, -1, 0), must.mmap(0, 4096, "PROT_NONE", ANON, -1, 0)
    assert.equal(SEGV, fate(function() r:set(0, "x") end))
    assert.equal(SEGV, fate(function() return none:u8(0) end))
    assert.errno("EFAULT", sys.read(must.open("/dev/zero", "O_RDONLY"), r))
    local _, w = must.pipe2()
    assert.errno("EFAULT", sys.write(w, none))
    assert.equal(0, must.mmap(0, 4096, "PROT_WRITE", ANON, -1, 0):u8(0))
  end)

  it("mprotect changes page by page up to the first hole", function()
    -- covers: mem.mprotect.change mem.mprotect.enomem mem.mprotect.einval
    local m = anonymous(3)
    must.munmap(m.addr + 4096, 4096)
    assert.errno("ENOMEM", sys.mprotect(m.addr, 3 * 4096, "PROT_READ"))
    assert.equal(SEGV, fate(function() m:set(0, "x") end))
    assert.equal("exited 0", fate(function() m:set(8192, "x") end))
    must.mprotect(m.addr, 4096, RW)
    m:set(0, "x")
    assert.errno("EINVAL", sys.mprotect(m.addr + 1, 4096, "PROT_READ"))
    assert.equal(0, must.mprotect(4096, 0, "PROT_READ"))
  end)
end)

describe("a file mapping", function()
  it("shared is the file: writes are seen both ways", function()
    -- covers: mem.file.shared mem.file.after_close
    local f = file "aaaa"
    local m, other = must.mmap(0, 4096, RW, "MAP_SHARED", f, 0), must.mmap(0, 4096, "PROT_READ", "MAP_SHARED", f, 0)
    m:set(0, "B")
    assert.equal("Baaa", must.pread(f, 9, 0))
    must.pwrite(f, "C", 1)
    assert.equal("BCaa", m:string(1, 4))
    assert.equal("BCaa", other:string(1, 4))
    must.close(f)
    must.unlink "/tmp/f"
    assert.equal("BCaa", other:string(1, 4))
  end)

  it("private copies a page when it writes it, and follows the file until then", function()
    -- covers: mem.file.private
    local f = file(("a"):rep(8192))
    local m = must.mmap(0, 8192, RW, "MAP_PRIVATE", f, 0)
    m:set(0, "P")
    assert.equal("a", must.pread(f, 1, 0))
    must.pwrite(f, "D", 1)
    must.pwrite(f, "E", 4096)
    assert.equal("Pa", m:string(1, 2))
    assert.equal("E", m:string(4097, 4097))
  end)

  it("is zero to the end of the last page and SIGBUS beyond it", function()
    -- covers: mem.file.tail mem.file.sigbus mem.file.sigbus_efault
    local f = file "abc"
    local m = must.mmap(0, 8192, RW, "MAP_SHARED", f, 0)
    assert.equal(0, m:u8(4095))
    m:set(3, "zz")
    assert.equal(3, must.fstat(f).st_size)
    assert.equal(BUS, fate(function() return m:u8(4096) end))
    assert.errno("EFAULT", sys.pread(f, ks.at(m.addr + 4096, 3), 3, 0))
    must.ftruncate(f, 5000)
    assert.equal(0, m:u8(4096))
  end)

  it("loses pages cut off by truncate, private copies included", function()
    -- covers: mem.file.truncate
    local f = file(("a"):rep(8192))
    local m, p = must.mmap(0, 8192, RW, "MAP_SHARED", f, 0), must.mmap(0, 8192, RW, "MAP_PRIVATE", f, 0)
    p:set(4096, "P")
    must.ftruncate(f, 10)
    assert.equal(0, m:u8(10))
    assert.equal(BUS, fate(function() return m:u8(4096) end))
    assert.equal(BUS, fate(function() return p:u8(4096) end))
  end)

  it("needs a readable file, and a writable one to write what is shared", function()
    -- covers: mem.file.eacces mem.file.enodev mem.file.mprotect
    local f = file "abc"
    local r, w = must.open("/tmp/f", "O_RDONLY"), must.open("/tmp/f", "O_WRONLY")
    assert.errno("EACCES", sys.mmap(0, 4096, RW, "MAP_SHARED", r, 0))
    assert.errno("EACCES", sys.mmap(0, 4096, "PROT_WRITE", "MAP_SHARED", w, 0))
    assert.errno("EACCES", sys.mmap(0, 4096, "PROT_NONE", "MAP_PRIVATE", w, 0))
    must.mmap(0, 4096, RW, "MAP_PRIVATE", r, 0)
    local m = must.mmap(0, 4096, "PROT_READ", "MAP_SHARED", r, 0)
    assert.errno("EACCES", sys.mprotect(m, 4096, RW))
    assert.errno("ENODEV", sys.mmap(0, 4096, "PROT_READ", "MAP_PRIVATE", must.open("/tmp", "O_RDONLY"), 0))
    assert.errno("ENODEV", sys.mmap(0, 4096, "PROT_READ", "MAP_PRIVATE", must.open("/dev/null", "O_RDWR"), 0))
    assert.errno("EOVERFLOW", sys.mmap(0, 8192, "PROT_READ", "MAP_SHARED", f, -4096))
    assert.equal(0, must.mmap(0, 4096, RW, "MAP_PRIVATE", must.open("/dev/zero", "O_RDWR"), 0):u8(0))
  end)
end)

describe("mremap", function()
  it("grows with its contents and shrinks in place", function()
    -- covers: mem.mremap.grow mem.mremap.shrink
    local m = anonymous(2)
    m:set(0, "mr")
    local n = must.mremap(m, 8192, 65536, "MREMAP_MAYMOVE")
    assert.equal("mr", n:string(1, 2))
    assert.equal(0, n:u8(65535))
    assert.equal(n.addr, must.mremap(n, 65536, 4096, 0).addr)
    local _, w = must.pipe2()
    assert.errno("EFAULT", sys.write(w, ks.at(n.addr + 4096, 1)))
  end)

  it("without MREMAP_MAYMOVE is ENOMEM when the next page is taken", function()
    -- covers: mem.mremap.blocked mem.mremap.fixed
    local m = anonymous(3)
    must.mmap(m.addr + 4096, 4096, "PROT_READ", ANON .. "|MAP_FIXED", -1, 0)
    assert.errno("ENOMEM", sys.mremap(m.addr, 4096, 8192, 0))
    assert.errno("EFAULT", sys.mremap(m.addr, 8192, 3 * 4096, "MREMAP_MAYMOVE"))
    m:set(0, "ff")
    local n = must.mremap(m.addr, 4096, 4096, "MREMAP_MAYMOVE|MREMAP_FIXED", m.addr + 8192)
    assert.equal("ff", n:string(1, 2))
    assert.equal(SEGV, fate(function() return m:u8(0) end))
  end)

  it("checks alignment, size, flags, then what is mapped", function()
    -- covers: mem.mremap.errors
    local m = anonymous(1)
    assert.errno("EINVAL", sys.mremap(m.addr + 1, 4096, 8192, "MREMAP_MAYMOVE"))
    assert.errno("EINVAL", sys.mremap(m.addr, 4096, 0, "MREMAP_MAYMOVE"))
    assert.errno("EINVAL", sys.mremap(m.addr, 4096, 8192, 8))
    assert.errno("EINVAL", sys.mremap(m.addr, 4096, 4096, "MREMAP_FIXED", m.addr))
    assert.errno("EFAULT", sys.mremap(4096, 4096, 8192, "MREMAP_MAYMOVE"))
  end)
end)
