-- fallocate on tmpfs, and files with holes.
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

describe("fallocate", function()
  local f
  before_each(function() f = must.open("/tmp/f", "O_CREAT|O_RDWR", "0600") end)

  it("gives whole pages, beyond the end too with FALLOC_FL_KEEP_SIZE", function()
    -- covers: file.fallocate.pages file.fallocate.keep_size
    must.fallocate(f, "FALLOC_FL_KEEP_SIZE", 5000, 10000)
    assert.same({ 0, 24 }, { must.fstat(f).st_size, must.fstat(f).st_blocks })
    must.fallocate(f, 0, 0, 10)
    assert.same({ 10, 32 }, { must.fstat(f).st_size, must.fstat(f).st_blocks })
  end)

  it("FALLOC_FL_PUNCH_HOLE takes whole pages and zeroes the ends", function()
    -- covers: file.fallocate.punch
    must.write(f, ("x"):rep(12288))
    must.fallocate(f, "FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE", 4000, 4292)
    assert.same({ 12288, 16 }, { must.fstat(f).st_size, must.fstat(f).st_blocks })
    assert.equal("x" .. ("\0"):rep(4292) .. "x", must.pread(f, 4294, 3999))
  end)

  it("refuses what tmpfs has not, bad ranges and what is no regular file", function()
    -- covers: file.fallocate.errors
    assert.errno("EOPNOTSUPP", sys.fallocate(f, "FALLOC_FL_PUNCH_HOLE", 0, 1))
    assert.errno("EOPNOTSUPP", sys.fallocate(f, "FALLOC_FL_ZERO_RANGE", 0, 1))
    assert.errno("EINVAL", sys.fallocate(f, 0, -1, 1))
    assert.errno("EINVAL", sys.fallocate(f, 0, 0, 0))
    assert.errno("EFBIG", sys.fallocate(f, 0, math.maxinteger, 2))
    assert.errno("EBADF", sys.fallocate(must.open("/tmp/f", "O_RDONLY"), 0, 0, 1))
    local _, w = must.pipe2()
    assert.errno("ESPIPE", sys.fallocate(w, 0, 0, 1))
  end)

  it("is not needed for a byte far out, which costs one page", function()
    -- covers: file.pwrite.sparse
    must.pwrite(f, "x", 1 << 60)
    assert.equal(8, must.fstat(f).st_blocks)
    assert.equal(1 << 60, must.lseek(f, 1, "SEEK_DATA"))
  end)
end)
