-- getrandom: seeded, so only shapes and errors can be told.
local ks = require "kscript"
local sys, must = ks.sys, ks.must

describe("getrandom", function()
  it("gives as many bytes as asked, other ones each time", function()
    -- covers: sys.getrandom.bytes sys.getrandom.flags
    assert.equal(300, #must.getrandom(300, 0))
    assert.equal("", must.getrandom(0, 0))
    assert.equal(1 << 20, #must.getrandom(1 << 20, "GRND_NONBLOCK"))
    assert.equal(16, #must.getrandom(16, "GRND_RANDOM"))
    assert.equal(16, #must.getrandom(16, "GRND_INSECURE"))
    assert.not_equal(must.getrandom(16, 0), must.getrandom(16, 0))
  end)

  it("refuses unknown flags and RANDOM with INSECURE before it looks at the buffer", function()
    -- covers: sys.getrandom.einval sys.getrandom.order
    assert.errno("EINVAL", sys.getrandom(ks.at(1, 10), 8))
    assert.errno("EINVAL", sys.getrandom(1, "GRND_INSECURE|GRND_RANDOM"))
    assert.errno("EFAULT", sys.getrandom(ks.at(1, 10), 0))
    assert.equal(0, must.getrandom(ks.at(1, 0), 0))
  end)

  it("fills a buffer up to where it ends", function()
    -- covers: sys.getrandom.partial
    local m = must.mmap(0, 8192, "PROT_READ|PROT_WRITE", "MAP_PRIVATE|MAP_ANONYMOUS", -1, 0)
    must.munmap(m.addr + 4096, 4096)
    assert.equal(6, must.getrandom(ks.at(m.addr + 4090, 12), 0))
    assert.equal(4096, must.getrandom(ks.at(m.addr, 8192), 0))
  end)
end)
