local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C
local in_child = require "helpers".in_child

local function uids(r, e, s) assert.same({ r, e, s }, { must.getresuid() }) end

describe("credentials", function()
  -- covers: credentials.get.root
  it("task 1 is root", function()
    uids(0, 0, 0)
    assert.same({ 0, 0, 0 }, { must.getresgid() })
    assert.same({ 0, 0, 0, 0 }, { must.getuid(), must.geteuid(), must.getgid(), must.getegid() })
  end)

  -- covers: credentials.setuid.root credentials.setuid.eperm
  it("setuid by root sets all three for good", function()
    in_child(function()
      must.setuid(1000)
      uids(1000, 1000, 1000)
      assert.errno("EPERM", sys.setuid(0))
      assert.errno("EPERM", sys.setuid(1001))
      assert.equal(0, must.setuid(1000))
    end)
  end)

  -- covers: credentials.setuid.unprivileged
  it("setuid without the capability moves the effective id among real and saved", function()
    in_child(function()
      must.setresuid(1000, 2000, 3000)
      must.setuid(3000)
      uids(1000, 3000, 3000)
      must.setuid(1000)
      uids(1000, 1000, 3000)
      assert.errno("EPERM", sys.setuid(2000))
    end)
  end)

  -- covers: credentials.setuid.minus_one
  it("setuid and setgid of -1 are EINVAL, even to those who may nothing", function()
    assert.errno("EINVAL", sys.setuid(-1))
    assert.errno("EINVAL", sys.setgid(-1))
    in_child(function()
      must.setuid(1000)
      assert.errno("EINVAL", sys.setuid(-1))
    end)
  end)

  -- covers: credentials.setresuid.rules credentials.setresuid.minus_one
  it("setresuid takes any of the three present ids when unprivileged; -1 leaves one alone", function()
    in_child(function()
      must.setresuid(1000, 2000, 3000)
      uids(1000, 2000, 3000)
      must.setresuid(-1, 3000, -1)
      uids(1000, 3000, 3000)
      assert.errno("EPERM", sys.setresuid(-1, 2000, -1))
      must.setresuid(3000, 1000, 1000)
      uids(3000, 1000, 1000)
      assert.errno("EPERM", sys.setresuid(-1, -1, 0))
      assert.equal(0, must.setresuid(-1, -1, -1))
    end)
  end)

  -- covers: credentials.setreuid.saved
  it("setreuid moves the saved id with the effective one, unless only an unchanged effective id was set", function()
    in_child(function()
      must.setreuid(1000, -1)
      uids(1000, 0, 0)
      must.setreuid(-1, 1000)
      uids(1000, 1000, 0)
    end)
    in_child(function()
      must.setreuid(-1, 1000)
      uids(0, 1000, 1000)
      must.setreuid(1000, 0)
      uids(1000, 0, 0)
    end)
  end)

  -- covers: credentials.setreuid.rules
  it("setreuid lets the unprivileged swap real and effective; the real id cannot come from the saved one", function()
    in_child(function()
      must.setresuid(1000, 2000, 3000)
      assert.errno("EPERM", sys.setreuid(3000, -1))
      must.setreuid(2000, 1000)
      uids(2000, 1000, 1000)
      assert.errno("EPERM", sys.setreuid(-1, 4000))
    end)
    in_child(function()
      must.setresuid(1000, 2000, 3000)
      must.setreuid(-1, 3000)
      uids(1000, 3000, 3000)
    end)
  end)

  -- covers: credentials.setgid.rules
  it("group ids follow the same rules and are lost separately", function()
    in_child(function()
      must.setresgid(10, 20, 30)
      assert.same({ 10, 20, 30 }, { must.getresgid() })
      must.setgid(40)
      assert.same({ 40, 40, 40 }, { must.getresgid() })
      must.setuid(1000)
      assert.errno("EPERM", sys.setgid(0))
      assert.errno("EPERM", sys.setresgid(0, -1, -1))
      assert.errno("EPERM", sys.setregid(0, -1))
      assert.equal(0, must.setgid(40))
    end)
  end)

  -- covers: credentials.caps.effective
  it("an effective id that leaves 0 takes the effective capabilities along, and brings them back", function()
    in_child(function()
      must.setresuid(-1, 1000, -1)
      assert.errno("EPERM", sys.setgroups({}))
      must.setresuid(-1, 0, -1)
      assert.equal(0, must.setgroups({}))
    end)
  end)

  -- covers: credentials.setgroups.basic credentials.setgroups.sorted
  it("setgroups replaces the list, getgroups gives it sorted, children inherit it", function()
    must.setgroups({ 30, 10, 20, 10 })
    assert.same({ 10, 10, 20, 30 }, must.getgroups())
    in_child(function()
      assert.same({ 10, 10, 20, 30 }, must.getgroups())
      must.setgroups({})
      assert.same({}, must.getgroups())
    end)
    assert.same({ 10, 10, 20, 30 }, must.getgroups())
  end)

  -- covers: credentials.setgroups.eperm credentials.setgroups.too_many
  it("setgroups asks for the right before it looks at the length", function()
    local many = {}
    for i = 1, 65537 do many[i] = i end
    assert.errno("EINVAL", sys.setgroups(many))
    assert.errno("EINVAL", sys.setgroups({ -1 }))
    in_child(function()
      must.setuid(1000)
      assert.errno("EPERM", sys.setgroups(many))
      assert.errno("EPERM", sys.setgroups({}))
    end)
  end)

  -- covers: credentials.setfsuid.returns
  it("setfsuid returns the old id and never fails", function()
    in_child(function()
      assert.equal(0, must.setfsuid(1000))
      assert.equal(1000, must.setfsuid(-1))
      assert.equal(1000, must.setfsuid(0))
      must.setresuid(1000, 1000, 1000)
      assert.equal(1000, must.setfsuid(0))
      assert.equal(1000, must.setfsuid(-1))
    end)
  end)

  -- covers: credentials.fork.inherit
  it("children inherit all ids and change only their own", function()
    in_child(function()
      must.setresuid(1, 2, 3)
      in_child(function()
        uids(1, 2, 3)
        must.setresuid(3, 3, 3)
      end)
      uids(1, 2, 3)
    end)
    uids(0, 0, 0)
  end)
end)
