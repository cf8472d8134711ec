-- truncate and ftruncate.
local ks = require "kscript"
local sys, must = ks.sys, ks.must

describe("truncate", function()
  local f
  before_each(function()
    f = must.open("/tmp/f", "O_CREAT|O_RDWR", "0600")
    must.write(f, "0123456789")
  end)

  it("cuts or extends with zeros and leaves offsets alone", function()
    -- covers: file.truncate.size file.truncate.offset file.truncate.zeros
    must.ftruncate(f, 2)
    assert.equal(10, must.lseek(f, 0, "SEEK_CUR"))
    must.ftruncate(f, 6)
    assert.equal("01\0\0\0\0", must.pread(f, 20, 0))
    must.write(f, "Z")
    assert.equal(11, must.fstat(f).st_size)
    must.symlink("f", "/tmp/l")
    must.truncate("/tmp/l", 1)
    assert.equal("0", must.pread(f, 20, 0))
  end)

  it("allocates nothing when it extends", function()
    -- covers: file.truncate.sparse
    must.ftruncate(f, math.maxinteger)
    assert.equal(math.maxinteger, must.fstat(f).st_size)
    assert.equal(8, must.fstat(f).st_blocks)
    must.ftruncate(f, 0)
    assert.equal(0, must.fstat(f).st_blocks)
  end)

  it("refuses a negative length before it looks at path or descriptor", function()
    -- covers: file.truncate.order
    assert.errno("EINVAL", sys.truncate("/nope", -1))
    assert.errno("EINVAL", sys.truncate("/tmp", -1))
    assert.errno("EINVAL", sys.ftruncate(99, -1))
    assert.errno("ENOENT", sys.truncate("/nope", 0))
    assert.errno("EISDIR", sys.truncate("/tmp", 0))
    assert.errno("EBADF", sys.ftruncate(99, 0))
  end)

  it("ftruncate is EINVAL for a descriptor not open for writing or no regular file", function()
    -- covers: file.ftruncate.einval
    assert.errno("EINVAL", sys.ftruncate(must.open("/tmp/f", "O_RDONLY"), 0))
    assert.errno("EINVAL", sys.ftruncate(must.open("/tmp", "O_RDONLY"), 0))
    assert.errno("EINVAL", sys.ftruncate(must.open("/dev/null", "O_RDWR"), 0))
    assert.errno("EINVAL", sys.truncate("/dev/null", 0))
    assert.errno("ENOTDIR", sys.truncate("/tmp/f/", 0))
  end)
end)
