-- close_range: closing or marking a range of descriptors.
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

describe("close_range", function()
  before_each(function() for fd = 10, 15 do must.dup2(0, fd) end end)

  it("closes both ends of the range and skips what is not open", function()
    -- covers: fd.close_range.inclusive fd.close_range.holes
    assert.equal(0, must.close_range(8, 12, 0))
    assert.errno("EBADF", sys.fcntl(10, "F_GETFD"))
    assert.errno("EBADF", sys.fcntl(12, "F_GETFD"))
    assert.equal(0, must.fcntl(13, "F_GETFD"))
    assert.equal(0, must.close_range(100, 200, 0))
    assert.equal(0, must.close_range(3, 0xffffffff, 0))
    assert.errno("EBADF", sys.fcntl(15, "F_GETFD"))
    assert.equal(0, must.fcntl(2, "F_GETFD"))
    assert.equal(3, must.dup(0))
  end)

  it("only marks them with CLOSE_RANGE_CLOEXEC", function()
    -- covers: fd.close_range.cloexec
    must.close_range(12, 0xffffffff, "CLOSE_RANGE_CLOEXEC")
    assert.equal(0, must.fcntl(11, "F_GETFD"))
    assert.equal(C.FD_CLOEXEC, must.fcntl(12, "F_GETFD"))
    assert.equal(C.FD_CLOEXEC, must.fcntl(15, "F_GETFD"))
  end)

  it("refuses unknown flags and a range turned round, and then closes nothing", function()
    -- covers: fd.close_range.einval
    assert.errno("EINVAL", sys.close_range(15, 10, 0))
    assert.errno("EINVAL", sys.close_range(10, 15, 1))
    assert.equal(0, must.fcntl(10, "F_GETFD"))
  end)

  it("accepts CLOSE_RANGE_UNSHARE from a task that shares its table with none", function()
    -- covers: fd.close_range.unshare
    must.close_range(10, 11, "CLOSE_RANGE_UNSHARE")
    assert.errno("EBADF", sys.fcntl(11, "F_GETFD"))
    assert.equal(0, must.fcntl(12, "F_GETFD"))
  end)
end)
