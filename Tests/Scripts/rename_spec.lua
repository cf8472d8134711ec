-- rename and renameat2.
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local function make(path, text)
  local f = must.open(path, "O_CREAT|O_WRONLY", "0644")
  must.write(f, text or "")
  must.close(f)
end
local function kind(path) return must.lstat(path).st_mode & C.S_IFMT end
local function rename2(old, new, flags) return sys.renameat2("AT_FDCWD", old, "AT_FDCWD", new, flags) end
local function ino(path) return must.lstat(path).st_ino end

before_each(function()
  must.chdir "/tmp"
  make("a", "aaa")
  make("b", "bbb")
  must.mkdir("d", "0755")
  must.mkdir("e", "0755")
end)

describe("rename", function()
  it("replaces a file in one step; the old one lives on in its descriptors", function()
    -- covers: dir.rename.replace
    local id, old = ino "a", must.open("b", "O_RDONLY")
    must.rename("a", "b")
    assert.equal(id, ino "b")
    assert.errno("ENOENT", sys.stat "a")
    assert.equal(0, must.fstat(old).st_nlink)
    assert.equal("bbb", must.read(old, 9))
  end)

  it("does nothing when both names are the same file", function()
    -- covers: dir.rename.same
    must.link("a", "a2")
    must.rename("a", "a2")
    must.rename("a", "a")
    assert.same({ 2, ino "a" }, { must.stat("a").st_nlink, ino "a2" })
  end)

  it("puts a directory only over an empty directory", function()
    -- covers: dir.rename.dir_over dir.rename.notempty dir.rename.kinds
    local gone = must.open("e", "O_RDONLY")
    must.rename("d", "e")
    assert.equal(0, must.fstat(gone).st_nlink)
    must.mkdir("d", "0755")
    make "e/x"
    assert.errno("ENOTEMPTY", sys.rename("d", "e"))
    must.rename("e", "d")
    must.stat "d/x"
    assert.errno("EISDIR", sys.rename("a", "d"))
    assert.errno("ENOTDIR", sys.rename("d", "a"))
  end)

  it("will not move a directory into itself, nor anything onto its own ancestor", function()
    -- covers: dir.rename.into_self dir.rename.onto_ancestor
    must.mkdir("d/s", "0755")
    make "d/x"
    assert.errno("EINVAL", sys.rename("d", "d/new"))
    assert.errno("EINVAL", sys.rename("d", "d/s"))
    assert.errno("ENOENT", sys.rename("d", "d/no/new"))
    assert.errno("ENOTEMPTY", sys.rename("d/s", "d"))
    assert.errno("ENOTEMPTY", sys.rename("d/x", "d"))
  end)

  it("keeps the link counts of both parents", function()
    -- covers: dir.rename.nlink
    must.mkdir("d/s", "0755")
    must.rename("d/s", "e/s")
    assert.same({ 2, 3 }, { must.stat("d").st_nlink, must.stat("e").st_nlink })
    assert.same({ 40, 60 }, { must.stat("d").st_size, must.stat("e").st_size })
    assert.equal(ino "e", must.stat("e/s/..").st_ino)
  end)

  it("minds slashes behind: only a directory may have one, and the new name need not exist", function()
    -- covers: dir.rename.slash
    assert.errno("ENOTDIR", sys.rename("a", "new/"))
    assert.errno("ENOTDIR", sys.rename("a/", "new"))
    must.rename("d", "new/")
    assert.equal(C.S_IFDIR, kind "new")
    must.symlink("e", "l")
    assert.errno("ENOTDIR", sys.rename("l/", "m"))
  end)

  it("moves a link, never what it points to", function()
    -- covers: dir.rename.symlink
    must.symlink("a", "l")
    must.rename("l", "m")
    assert.equal("a", must.readlink "m")
    must.rename("b", "m")
    assert.equal(C.S_IFREG, kind "m")
    assert.equal(3, must.stat("a").st_size)
  end)

  it("is EBUSY for dots, the root and mount points, whether or not the rest exists", function()
    -- covers: dir.rename.dots dir.rename.busy
    assert.errno("EBUSY", sys.rename(".", "x"))
    assert.errno("EBUSY", sys.rename("d/..", "x"))
    assert.errno("EBUSY", sys.rename("a", "d/.."))
    assert.errno("EBUSY", sys.rename("no", "d/."))
    assert.errno("EBUSY", sys.rename("/", "x"))
    assert.errno("EBUSY", sys.rename("/proc", "/p"))
  end)

  it("walks both parents first, then compares mounts, then looks for the old name", function()
    -- covers: dir.rename.order dir.rename.exdev
    assert.errno("ENOENT", sys.rename("no", "x"))
    assert.errno("ENOENT", sys.rename("a", "no/x"))
    assert.errno("ENOENT", sys.rename("", "x"))
    assert.errno("EXDEV", sys.rename("a", "/proc/x"))
    assert.errno("EXDEV", sys.rename("no", "/proc/x"))
    assert.errno("EXDEV", sys.rename(".", "/proc/x"))
    assert.errno("EEXIST", sys.renameat2("AT_FDCWD", "a", "AT_FDCWD", ".", "RENAME_NOREPLACE"))
    assert.errno("ENOENT", sys.rename("no", ("n"):rep(256)))
    assert.errno("EBADF", sys.renameat("AT_FDCWD", "no", 99, "x"))
  end)
end)

describe("renameat2", function()
  it("RENAME_NOREPLACE refuses a name that is taken, even its own", function()
    -- covers: dir.rename2.noreplace
    assert.errno("EEXIST", rename2("a", "b", "RENAME_NOREPLACE"))
    assert.errno("EEXIST", rename2("a", "a", "RENAME_NOREPLACE"))
    assert.errno("ENOENT", rename2("no", "b", "RENAME_NOREPLACE"))
    assert.equal(0, rename2("a", "c", "RENAME_NOREPLACE"))
  end)

  it("RENAME_EXCHANGE swaps two names of any kinds", function()
    -- covers: dir.rename2.exchange dir.rename2.exchange_errors
    assert.equal(0, rename2("a", "d", "RENAME_EXCHANGE"))
    assert.same({ C.S_IFDIR, C.S_IFREG }, { kind "a", kind "d" })
    assert.errno("ENOENT", rename2("a", "no", "RENAME_EXCHANGE"))
    must.mkdir("a/s", "0755")
    assert.errno("EINVAL", rename2("a", "a/s", "RENAME_EXCHANGE"))
    assert.errno("EINVAL", rename2("a/s", "a", "RENAME_EXCHANGE"))
  end)

  it("RENAME_WHITEOUT leaves a character device 0:0 behind", function()
    -- covers: dir.rename2.whiteout
    assert.equal(0, rename2("a", "c", "RENAME_WHITEOUT"))
    local s = must.lstat "a"
    assert.same({ C.S_IFCHR, 0 }, { s.st_mode, s.st_rdev })
  end)

  it("refuses flags that exclude each other or are unknown before it walks", function()
    -- covers: dir.rename2.flags
    assert.errno("EINVAL", rename2("no", "b", "RENAME_EXCHANGE|RENAME_NOREPLACE"))
    assert.errno("EINVAL", rename2("no", "b", "RENAME_EXCHANGE|RENAME_WHITEOUT"))
    assert.errno("EINVAL", rename2("no", "b", 8))
    assert.errno("EINVAL", sys.renameat2(99, "a", 98, "b", 8))
  end)
end)
