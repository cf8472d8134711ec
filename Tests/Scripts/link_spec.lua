-- link and linkat.
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

before_each(function()
  must.chdir "/tmp"
  must.write(must.open("f", "O_CREAT|O_WRONLY", "0644"), "data")
  must.mkdir("d", "0755")
end)

describe("link", function()
  it("gives the same file a second name", function()
    -- covers: dir.link.same_inode
    must.link("f", "g")
    assert.same({ 2, must.stat("f").st_ino }, { must.stat("g").st_nlink, must.stat("g").st_ino })
    must.unlink "f"
    assert.equal(1, must.stat("g").st_nlink)
    assert.equal("data", must.read(must.open("g", "O_RDONLY"), 9))
  end)

  it("does not follow a link unless AT_SYMLINK_FOLLOW says so", function()
    -- covers: dir.link.symlink dir.linkat.flags
    must.symlink("f", "l")
    must.link("l", "l2")
    assert.equal("f", must.readlink "l2")
    assert.equal(2, must.lstat("l").st_nlink)
    must.linkat("AT_FDCWD", "l", "AT_FDCWD", "g", "AT_SYMLINK_FOLLOW")
    assert.equal(2, must.stat("f").st_nlink)
    assert.errno("EINVAL", sys.linkat("AT_FDCWD", "f", "AT_FDCWD", "h", 1))
  end)

  it("finds the old name, then a taken new name, then refuses directories", function()
    -- covers: dir.link.order dir.link.errors
    assert.errno("ENOENT", sys.link("no", "f"))
    assert.errno("EEXIST", sys.link("d", "f"))
    assert.errno("EPERM", sys.link("d", "new"))
    assert.errno("EEXIST", sys.link("f", "f"))
    must.symlink("gone", "l")
    assert.errno("EEXIST", sys.link("f", "l"))
    assert.errno("ENOENT", sys.link("f", "no/x"))
    assert.errno("ENOENT", sys.link("", "x"))
    assert.errno("ENOENT", sys.link("f", ""))
  end)

  it("minds slashes behind", function()
    -- covers: dir.link.slash
    assert.errno("ENOENT", sys.link("f", "new/"))
    assert.errno("ENOTDIR", sys.link("f/", "new"))
    assert.errno("EEXIST", sys.link("f", "d/"))
  end)

  it("cannot revive a file without a name, nor leave its mount", function()
    -- covers: dir.link.unlinked dir.link.exdev
    local f = must.open("f", "O_RDONLY")
    must.unlink "f"
    assert.errno("ENOENT", sys.linkat("AT_FDCWD", "/proc/self/fd/" .. f, "AT_FDCWD", "g", "AT_SYMLINK_FOLLOW"))
    local m = must.memfd_create("m", 0)
    assert.errno("EXDEV", sys.linkat("AT_FDCWD", "/proc/self/fd/" .. m, "AT_FDCWD", "g", "AT_SYMLINK_FOLLOW"))
  end)
end)
