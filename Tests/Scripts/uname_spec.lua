-- uname.
local ks = require "kscript"
local must = ks.must

describe("uname", function()
  it("has six strings, the release being the one scripts are told", function()
    -- covers: sys.uname.fields sys.uname.release
    local u = must.uname()
    assert.equal("Linux", u.sysname)
    assert.equal("x86_64", u.machine)
    assert.equal("6.18", u.release:match "^%d+%.%d+")
    for _, name in ipairs { "nodename", "version", "domainname" } do assert.equal("string", type(u[name])) end
  end)

  it("is the same in a child", function()
    -- covers: sys.uname.shared
    local mine = must.uname()
    local pid = must.fork(function() assert.same(mine, must.uname()) end)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
  end)
end)
