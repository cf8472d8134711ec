-- Fifos: a pipe with a name, whose ends are opened one by one.
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

describe("a fifo", function()
  before_each(function() must.mknod("/tmp/f", C.S_IFIFO | tonumber("644", 8)) end)

  it("lets the opener of one end wait for the other", function()
    -- covers: fifo.open.waits
    local pid = must.fork(function()
      local r = must.open("/tmp/f", "O_RDONLY")
      assert.equal("hi", must.read(r, 10))
      assert.equal("", must.read(r, 10))
    end)
    ks.settle()
    local w = must.open("/tmp/f", "O_WRONLY")
    must.write(w, "hi")
    must.close(w)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
  end)

  it("with O_NONBLOCK opens for reading at once, for writing only when somebody reads", function()
    -- covers: fifo.open.nonblock
    assert.errno("ENXIO", sys.open("/tmp/f", "O_WRONLY|O_NONBLOCK"))
    local r = must.open("/tmp/f", "O_RDONLY|O_NONBLOCK")
    assert.equal("", must.read(r, 1))
    local w = must.open("/tmp/f", "O_WRONLY|O_NONBLOCK")
    assert.errno("EAGAIN", sys.read(r, 1))
    must.write(w, "x")
    assert.equal("x", must.read(r, 9))
    assert.errno("ESPIPE", sys.lseek(r, 0, "SEEK_SET"))
    assert.equal(C.S_IFIFO, must.fstat(r).st_mode & C.S_IFMT)
  end)

  it("opened for both never waits, and lives on without its name", function()
    -- covers: fifo.open.rdwr fifo.unlink
    local both = must.open("/tmp/f", "O_RDWR")
    must.write(both, "abc")
    assert.equal("abc", must.read(both, 9))
    local r = must.open("/proc/self/fd/" .. both, "O_RDONLY|O_NONBLOCK")
    must.unlink "/tmp/f"
    must.close(both)
    assert.equal("", must.read(r, 9))
    assert.equal("/tmp/f (deleted)", must.readlink("/proc/self/fd/" .. r))
  end)
end)
