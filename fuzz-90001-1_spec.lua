-- Found by kscript fuzz --seed 90001: pwritev2(4, "\1\0\0\0\0\0\0\0\0\0\360\357\377\177\0\0p\21\1\0\0\0\0\0", 24, 100000, RWF_NOWAIT), task 1
--   host      result = 70000
--   kscript   result = EOPNOTSUPP
local ks = require "kscript"
local sys = ks.sys

describe("fuzz", function()
  it("pwritev2 answers as Linux does", function()
    local buffer2 = ks.buffer(70000)
    sys.memfd_create("")
    sys.open("/dev/zero", "O_WRONLY", "0777")
    assert.equal(70000, (sys.pwritev2(4, { buffer2 }, 100000, "RWF_NOWAIT")))
  end)
end)
