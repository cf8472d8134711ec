-- Accesses of a script to its own memory that fault: the signals, their information, and how a handler gets out.
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local function map(prot, size)
  return must.mmap(0, size or 4096, prot, "MAP_PRIVATE|MAP_ANONYMOUS", -1, 0)
end

local function fate(fn) return { select(2, must.waitpid(must.fork(fn))) } end

describe("a fault", function()
  it("ends a process that has no handler", function()
    -- covers: memory.fault.default
    assert.same({ "killed", C.SIGSEGV }, fate(function() ks.at(16, 4):u32(0) end))
    assert.same({ "killed", C.SIGSEGV }, fate(function() ks.at(16, 4):set(0, "ab") end))
    assert.same({ "killed", C.SIGSEGV }, fate(function() return ks.at(16, 4):string() end))
  end)

  it("tells its handler the address and whether something is mapped there", function()
    -- covers: memory.fault.siginfo
    local m, seen = map "PROT_READ", {}
    must.sigaction("SIGSEGV", function(signo, info)
      seen[#seen + 1] = { signo, info.si_code, info.si_addr }
      error "out"
    end)
    assert.is_false(pcall(m.u32, m, 8, 1))
    assert.is_false(pcall(m.string, ks.at(16, 4)))
    assert.same({ { C.SIGSEGV, 2, m.addr + 8 }, { C.SIGSEGV, 1, 16 } }, seen)
  end)

  it("of memory that may only be executed is one of a protection key, and calls fault there too", function()
    -- covers: memory.fault.execute_only
    local m, seen = map "PROT_READ|PROT_WRITE", {}
    m:u8(0, 65)
    must.mprotect(m, #m, "PROT_EXEC")
    must.sigaction("SIGSEGV", function(_, info)
      seen[#seen + 1] = { info.si_code, info.si_addr }
      error "out"
    end)
    assert.is_false(pcall(m.u8, m, 0))
    assert.is_false(pcall(m.u8, m, 8, 1))
    assert.same({ { 4, m.addr }, { 4, m.addr + 8 } }, seen)
    local r, w = must.pipe()
    assert.errno("EFAULT", sys.write(w, m))
    must.write(w, "x")
    assert.errno("EFAULT", sys.read(r, m))
    assert.errno("ENOMEM", sys.mlock(m.addr, #m))
    must.mprotect(m, #m, "PROT_READ")
    assert.equal(65, m:u8(0))
  end)

  it("beyond the end of a file is SIGBUS", function()
    -- covers: memory.fault.bus
    local f = must.open("/tmp/f", "O_CREAT|O_RDWR", "0600")
    must.write(f, "abc")
    local m = must.mmap(0, 8192, "PROT_READ|PROT_WRITE", "MAP_SHARED", f, 0)
    local seen
    must.sigaction("SIGBUS", function(signo, info) seen = { info.si_code, info.si_addr } error "out" end)
    assert.equal(0, m:u8(4095))
    assert.is_false(pcall(m.u8, m, 4096))
    assert.same({ 2, m.addr + 4096 }, seen)
    must.sigaction("SIGBUS", function() must.ftruncate(f, 8192) end)
    m:u8(4096, 7)
    assert.equal("\7", must.pread(f, 1, 4096))
  end)

  it("is made again when the handler returns", function()
    -- covers: memory.fault.again
    local m, count = map "PROT_NONE", 0
    must.sigaction("SIGSEGV", function()
      count = count + 1
      if count == 3 then must.mprotect(m, #m, "PROT_READ|PROT_WRITE") end
    end)
    m:u64(0, 42)
    assert.same({ 3, 42 }, { count, m:u64(0) })
  end)

  it("kills the second time where the handler was for once", function()
    -- covers: memory.fault.again
    assert.same({ "killed", C.SIGSEGV }, fate(function()
      must.sigaction("SIGSEGV", { handler = function() end, flags = "SA_RESETHAND" })
      ks.at(16, 4):u32(0)
    end))
  end)

  it("is neither blocked nor ignored", function()
    -- covers: memory.fault.forced
    assert.same({ "killed", C.SIGSEGV }, fate(function()
      must.sigaction("SIGSEGV", function() end)
      must.sigprocmask("SIG_BLOCK", { "SIGSEGV" })
      ks.at(16, 4):u32(0)
    end))
    assert.same({ "killed", C.SIGSEGV }, fate(function()
      must.sigaction("SIGSEGV", "SIG_IGN")
      ks.at(16, 4):u32(0)
    end))
  end)

  it("inside a handler of its own signal is blocked there, and so kills", function()
    -- covers: memory.fault.forced
    assert.same({ "killed", C.SIGSEGV }, fate(function()
      must.sigaction("SIGSEGV", function() ks.at(16, 4):u32(0) end)
      ks.at(16, 4):u32(0)
    end))
  end)

  it("may wait in its handler", function()
    -- covers: memory.fault.again
    local m, r, w = map "PROT_NONE", must.pipe2()
    must.sigaction("SIGSEGV", function()
      assert.equal("x", must.read(r, 1))
      must.mprotect(m, #m, "PROT_READ")
    end)
    must.fork(function() ks.settle() must.write(w, "x") end)
    assert.equal(0, m:u16(100))
    ks.settle()
  end)
end)
