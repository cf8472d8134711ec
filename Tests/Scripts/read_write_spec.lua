-- read, write and their kin on regular files and the simple devices.
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local f
local function size() return must.fstat(f).st_size end

describe("read and write", function()
  before_each(function() f = must.open("/tmp/f", "O_CREAT|O_RDWR", "0600") end)

  it("move the offset by what they transfer", function()
    -- covers: file.rw.offset file.read.eof
    assert.equal(11, must.write(f, "hello world"))
    assert.equal("", must.read(f, 5))
    must.lseek(f, 6, "SEEK_SET")
    assert.equal("wor", must.read(f, 3))
    assert.equal("ld", must.read(f, 100))
    assert.equal(11, must.lseek(f, 0, "SEEK_CUR"))
  end)

  it("pread and pwrite leave it alone, and a gap reads as zeros", function()
    -- covers: file.pread.offset file.pwrite.gap
    must.write(f, "abc")
    assert.equal(1, must.pwrite(f, "!", 6))
    assert.equal("abc\0\0\0!", must.pread(f, 50, 0))
    assert.equal("", must.pread(f, 5, 100))
    assert.equal(3, must.lseek(f, 0, "SEEK_CUR"))
  end)

  it("a negative offset is EINVAL even before the descriptor is looked at", function()
    -- covers: file.pread.negative
    assert.errno("EINVAL", sys.pread(f, 1, -1))
    assert.errno("EINVAL", sys.pwrite(f, "x", -1))
    assert.errno("EINVAL", sys.pread(99, 1, -1))
    assert.errno("EBADF", sys.pread(99, 1, 0))
  end)

  it("want the descriptor open in their direction", function()
    -- covers: file.rw.ebadf file.read.isdir
    local r, w = must.open("/tmp/f", "O_RDONLY"), must.open("/tmp/f", "O_WRONLY")
    assert.errno("EBADF", sys.write(r, "x"))
    assert.errno("EBADF", sys.write(r, ""))
    assert.errno("EBADF", sys.read(w, 1))
    assert.errno("EBADF", sys.pread(w, 1, 0))
    local dir = must.open("/tmp", "O_RDONLY")
    assert.errno("EISDIR", sys.read(dir, 10))
    assert.errno("EISDIR", sys.read(dir, 0))
    assert.errno("EBADF", sys.write(dir, "x"))
  end)

  it("O_APPEND writes at the end, pwrite too, whose offset stays put", function()
    -- covers: file.append.write file.append.pwrite
    must.write(f, "hello")
    local a = must.open("/tmp/f", "O_RDWR|O_APPEND")
    assert.equal(3, must.pwrite(a, "APP", 0))
    assert.equal(0, must.lseek(a, 0, "SEEK_CUR"))
    assert.equal("helloAPP", must.pread(a, 50, 0))
    must.write(a, "Z")
    assert.equal(9, must.lseek(a, 0, "SEEK_CUR"))
    must.lseek(a, 0, "SEEK_SET")
    must.write(a, "")
    assert.equal(0, must.lseek(a, 0, "SEEK_CUR"))
  end)

  it("stop at the largest offset", function()
    -- covers: file.write.max_offset
    must.lseek(f, math.maxinteger, "SEEK_SET")
    assert.errno("EINVAL", sys.write(f, "x"))
    assert.errno("EINVAL", sys.read(f, 1))
    assert.errno("EINVAL", sys.pwrite(f, "xy", math.maxinteger - 1))
  end)

  it("an unlinked file lives on until its last descriptor is closed", function()
    -- covers: file.unlink.open
    must.write(f, "data")
    must.unlink "/tmp/f"
    assert.equal(0, must.fstat(f).st_nlink)
    assert.equal("data", must.pread(f, 9, 0))
    assert.equal("/tmp/f (deleted)", must.readlink("/proc/self/fd/" .. f))
    local again = must.open("/proc/self/fd/" .. f, "O_RDONLY")
    assert.equal("data", must.read(again, 9))
    assert.errno("ENOENT", sys.open("/tmp/f", "O_RDONLY"))
  end)
end)

describe("readv and writev", function()
  before_each(function()
    f = must.open("/tmp/f", "O_CREAT|O_RDWR", "0600")
    must.pwrite(f, "0123456789", 0)
  end)

  it("fill and drain their pieces in order", function()
    -- covers: file.iov.order
    local a, b = ks.buffer(3), ks.buffer(4)
    assert.equal(7, must.readv(f, { a, b }))
    assert.same({ "012", "3456" }, { a:string(), b:string() })
    assert.equal(4, must.writev(f, { "ab", "", "cd" }))
    assert.equal("0123456abcd", must.pread(f, 50, 0))
    assert.equal(0, must.writev(f, {}))
    assert.equal(2, must.pwritev(f, { "x", "y" }, 0))
    assert.equal(3, must.preadv(f, { a }, 0))
    assert.equal("xy2", a:string())
  end)

  it("refuse more than 1024 pieces and a negative length", function()
    -- covers: file.iov.einval file.iov.order_of_errors
    local many = {}
    for i = 1, 1025 do many[i] = "x" end
    local b = ks.buffer(1)
    assert.errno("EINVAL", sys.writev(f, many))
    assert.errno("EINVAL", sys.writev(f, { { iov_base = b, iov_len = -1 } }))
    assert.errno("EBADF", sys.writev(99, many))
    assert.errno("EBADF", sys.readv(must.open("/tmp/f", "O_WRONLY"), { { iov_base = b, iov_len = -1 } }))
    assert.equal("0123456789", must.pread(f, 50, 0))
    many[1025] = nil
    assert.equal(1024, must.writev(f, many))
  end)

  it("return what they moved before a bad piece", function()
    -- covers: file.iov.efault
    local b, bad = ks.buffer(3), { iov_base = 1, iov_len = 3 }
    assert.equal(3, must.readv(f, { b, bad }))
    assert.equal(3, must.lseek(f, 0, "SEEK_CUR"))
    assert.equal(2, must.writev(f, { "ab", bad }))
    assert.errno("EFAULT", sys.writev(f, { bad, "ab" }))
    assert.equal(5, must.lseek(f, 0, "SEEK_CUR"))
  end)
end)

describe("the simple devices", function()
  it("null swallows, zero gives zeros, full is full", function()
    -- covers: file.dev.null file.dev.zero file.dev.full
    local null, zero = must.open("/dev/null", "O_RDWR"), must.open("/dev/zero", "O_RDWR")
    local full = must.open("/dev/full", "O_RDWR")
    assert.equal("", must.read(null, 10))
    assert.equal(3, must.write(null, "abc"))
    assert.equal(3, must.write(null, 1, 3))
    assert.equal("\0\0\0", must.read(zero, 3))
    assert.equal(3, must.write(zero, "abc"))
    assert.equal("\0\0\0", must.read(full, 3))
    assert.errno("ENOSPC", sys.write(full, "x"))
  end)
end)
