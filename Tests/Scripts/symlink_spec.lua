-- symlink, readlink and following links.
local ks = require "kscript"
local sys, must = ks.sys, ks.must

before_each(function()
  must.chdir "/tmp"
  must.close(must.open("f", "O_CREAT|O_WRONLY", "0644"))
end)

describe("symlink", function()
  it("stores any text from 1 to 4095 bytes", function()
    -- covers: dir.symlink.text dir.symlink.length
    must.symlink("no such//place", "l")
    assert.equal("no such//place", must.readlink "l")
    must.symlink(("x"):rep(4095), "long")
    assert.equal(4095, must.lstat("long").st_size)
    assert.equal(("x"):rep(4095), must.readlink "long")
    assert.errno("ENAMETOOLONG", sys.symlink(("x"):rep(4096), "m"))
    assert.errno("ENAMETOOLONG", sys.stat "long")
    assert.errno("ENOENT", sys.symlink("", "m"))
  end)

  it("takes a page only from 128 bytes on", function()
    -- covers: dir.symlink.blocks
    must.symlink(("y"):rep(127), "short")
    must.symlink(("y"):rep(128), "page")
    assert.same({ 0, 8 }, { must.lstat("short").st_blocks, must.lstat("page").st_blocks })
  end)

  it("refuses a taken name, a slash behind, a missing parent", function()
    -- covers: dir.symlink.errors
    assert.errno("EEXIST", sys.symlink("x", "f"))
    assert.errno("EEXIST", sys.symlink("x", "f/"))
    assert.errno("ENOENT", sys.symlink("x", "new/"))
    assert.errno("ENOENT", sys.symlink("x", "no/l"))
  end)
end)

describe("readlink", function()
  it("is EINVAL for what is no link and for a link with a slash behind", function()
    -- covers: dir.readlink.einval
    must.symlink("/tmp", "l")
    assert.errno("EINVAL", sys.readlink "f")
    assert.errno("EINVAL", sys.readlink "/tmp")
    assert.errno("EINVAL", sys.readlink "l/")
    assert.errno("ENOENT", sys.readlink "no")
    assert.errno("ENOENT", sys.readlink "")
  end)
end)

describe("following links", function()
  it("goes through 40 in one walk and no further", function()
    -- covers: path.symlink.forty path.symlink.loop
    for i = 1, 41 do must.symlink(i == 1 and "f" or "c" .. i - 1, "c" .. i) end
    must.stat "c40"
    assert.errno("ELOOP", sys.stat "c41")
    must.lstat "c41"
    must.symlink(".", "dot")
    must.stat(("dot/"):rep(40) .. "f")
    assert.errno("ELOOP", sys.stat(("dot/"):rep(41) .. "f"))
  end)

  it("never ends in a loop, which O_CREAT|O_EXCL does not enter", function()
    -- covers: path.symlink.loop
    must.symlink("loop", "loop")
    assert.errno("ELOOP", sys.stat "loop")
    assert.errno("ELOOP", sys.open("loop", "O_CREAT|O_RDWR", "0600"))
    assert.errno("EEXIST", sys.open("loop", "O_CREAT|O_EXCL|O_RDWR", "0600"))
    assert.equal("loop", must.readlink "loop")
  end)

  it("starts from the link's own directory and heeds a slash in the text", function()
    -- covers: path.symlink.relative path.symlink.slash
    must.mkdir("d", "0755")
    must.symlink("../f", "d/l")
    assert.equal(must.stat("f").st_ino, must.stat("d/l").st_ino)
    must.symlink("f/", "l")
    assert.errno("ENOTDIR", sys.stat "l")
  end)
end)
