-- lseek: the five whences, on files with holes and on what is no file.
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

describe("lseek", function()
  local f
  before_each(function()
    f = must.open("/tmp/f", "O_CREAT|O_RDWR", "0600")
    must.write(f, "0123456789")
  end)

  it("counts from the start, the offset and the end, and may pass the end", function()
    -- covers: file.lseek.whence file.lseek.past_end
    assert.equal(3, must.lseek(f, 3, "SEEK_SET"))
    assert.equal(2, must.lseek(f, -1, "SEEK_CUR"))
    assert.equal(15, must.lseek(f, 5, "SEEK_END"))
    assert.equal("", must.read(f, 1))
    assert.equal(10, must.fstat(f).st_size)
    must.write(f, "x")
    assert.equal("89\0\0\0\0\0x", must.pread(f, 20, 8))
  end)

  it("will not go below 0 or beyond the largest offset", function()
    -- covers: file.lseek.negative file.lseek.overflow
    must.lseek(f, 4, "SEEK_SET")
    assert.errno("EINVAL", sys.lseek(f, -1, "SEEK_SET"))
    assert.errno("EINVAL", sys.lseek(f, -5, "SEEK_CUR"))
    assert.equal(4, must.lseek(f, 0, "SEEK_CUR"))
    assert.equal(math.maxinteger, must.lseek(f, math.maxinteger, "SEEK_SET"))
    assert.errno("EINVAL", sys.lseek(f, 1, "SEEK_CUR"))
    assert.errno("EINVAL", sys.lseek(f, math.maxinteger, "SEEK_END"))
  end)

  it("checks the descriptor before the whence", function()
    -- covers: file.lseek.order
    assert.errno("EBADF", sys.lseek(99, 0, 9))
    assert.errno("EINVAL", sys.lseek(f, 0, 5))
    assert.errno("EINVAL", sys.lseek(f, 0, -1))
  end)

  it("finds data and holes by whole pages; inside the last page the hole begins at its end", function()
    -- covers: file.lseek.data file.lseek.hole file.lseek.hole_small
    must.ftruncate(f, 20480)
    must.pwrite(f, "x", 9000)
    assert.equal(0, must.lseek(f, 0, "SEEK_DATA"))
    assert.equal(5, must.lseek(f, 5, "SEEK_DATA"))
    assert.equal(4096, must.lseek(f, 0, "SEEK_HOLE"))
    assert.equal(5000, must.lseek(f, 5000, "SEEK_HOLE"))
    assert.equal(8192, must.lseek(f, 4096, "SEEK_DATA"))
    assert.equal(12288, must.lseek(f, 8200, "SEEK_HOLE"))
    assert.errno("ENXIO", sys.lseek(f, 12288, "SEEK_DATA"))
    assert.equal(16, must.fstat(f).st_blocks)
  end)

  it("is ENXIO at or beyond the end and below 0", function()
    -- covers: file.lseek.enxio
    must.ftruncate(f, 8192)
    for _, whence in ipairs { "SEEK_DATA", "SEEK_HOLE" } do
      assert.errno("ENXIO", sys.lseek(f, 8192, whence))
      assert.errno("ENXIO", sys.lseek(f, 9000, whence))
      assert.errno("ENXIO", sys.lseek(f, -1, whence))
    end
  end)

  it("on a directory sets any position but knows no end; devices stay at 0", function()
    -- covers: file.lseek.directory file.lseek.device
    local dir = must.open("/tmp", "O_RDONLY")
    assert.equal(77, must.lseek(dir, 77, "SEEK_SET"))
    assert.errno("EINVAL", sys.lseek(dir, 0, "SEEK_END"))
    assert.errno("EINVAL", sys.lseek(dir, 0, "SEEK_DATA"))
    assert.errno("EINVAL", sys.lseek(dir, -1, "SEEK_SET"))
    local null = must.open("/dev/null", "O_RDWR")
    assert.equal(0, must.lseek(null, 100, "SEEK_SET"))
    assert.errno("EINVAL", sys.lseek(null, 0, 9))
  end)
end)
