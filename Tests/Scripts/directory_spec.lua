-- mkdir, rmdir, unlink and the walk along a path.
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local function make(path) must.close(must.open(path, "O_CREAT|O_WRONLY", "0644")) end
local function mode(path) return must.stat(path).st_mode & tonumber("7777", 8) end
local function octal(text) return tonumber(text, 8) end

before_each(function()
  must.chdir "/tmp"
  make "f"
  must.mkdir("d", "0755")
  must.mkdir("d/s", "0755")
end)

describe("mkdir", function()
  it("keeps the sticky bit, drops set-id bits, heeds the umask and a slash behind", function()
    -- covers: dir.mkdir.mode dir.mkdir.slash
    must.mkdir("a", "0777")
    must.mkdir("b/", "07777")
    assert.equal(octal "755", mode "a")
    assert.equal(octal "1755", mode "b")
  end)

  it("inherits group and set-group-id from a set-group-id directory", function()
    -- covers: dir.mkdir.setgid
    must.chown("d", 0, 55)
    must.chmod("d", "02755")
    must.mkdir("d/n", "0700")
    make "d/f"
    assert.same({ octal "2700", 55 }, { mode "d/n", must.stat("d/n").st_gid })
    assert.same({ octal "644", 55 }, { mode "d/f", must.stat("d/f").st_gid })
  end)

  it("is EEXIST for whatever stands there", function()
    -- covers: dir.mkdir.eexist dir.mkdir.errors
    must.symlink("gone", "l")
    for _, path in ipairs { "d", "f", "f/", "l", "l/", "/", ".", "d/.", "d/..", "/tmp/" } do
      assert.errno("EEXIST", sys.mkdir(path, "0777"))
    end
    assert.errno("ENOENT", sys.mkdir("x/y", "0777"))
    assert.errno("ENOENT", sys.mkdir("x/.", "0777"))
    assert.errno("ENOENT", sys.mkdir("", "0777"))
    assert.errno("ENOTDIR", sys.mkdir("f/x", "0777"))
  end)
end)

describe("rmdir", function()
  it("takes empty directories only", function()
    -- covers: dir.rmdir.empty dir.rmdir.errors
    assert.errno("ENOTEMPTY", sys.rmdir "d")
    must.rmdir "d/s/"
    must.rmdir "d"
    assert.errno("ENOENT", sys.rmdir "d")
    assert.errno("ENOTDIR", sys.rmdir "f")
    must.symlink("/root", "l")
    assert.errno("ENOTDIR", sys.rmdir "l")
    assert.errno("ENOTDIR", sys.rmdir "l/")
  end)

  it("has an error of its own for each odd last name", function()
    -- covers: dir.rmdir.dots dir.rmdir.busy
    assert.errno("EINVAL", sys.rmdir "d/.")
    assert.errno("ENOTEMPTY", sys.rmdir "d/s/..")
    assert.errno("ENOENT", sys.rmdir "x/.")
    assert.errno("EBUSY", sys.rmdir "/")
    assert.errno("EBUSY", sys.rmdir "/proc")
  end)

  it("leaves a working directory that exists but takes nothing new", function()
    -- covers: dir.removed.cwd
    must.chdir "d/s"
    must.rmdir "/tmp/d/s"
    assert.errno("ENOENT", sys.getcwd())
    assert.errno("ENOENT", sys.open("x", "O_CREAT|O_RDWR", "0600"))
    assert.errno("ENOENT", sys.mkdir("x", "0700"))
    assert.equal(0, must.stat(".").st_nlink)
    assert.equal(must.stat("/tmp/d").st_ino, must.stat("..").st_ino)
    assert.errno("ENOENT", sys.getdents64(must.open(".", "O_RDONLY")))
    must.chdir ".."
    assert.equal("/tmp/d", must.getcwd())
  end)
end)

describe("unlink", function()
  it("is EISDIR for directories, whatever they are called", function()
    -- covers: dir.unlink.eisdir
    for _, path in ipairs { "d", "d/", "d/.", "..", "/" } do assert.errno("EISDIR", sys.unlink(path)) end
  end)

  it("removes a link, not its target, and minds a slash behind", function()
    -- covers: dir.unlink.symlink dir.unlink.errors
    must.symlink("d", "l")
    assert.errno("ENOTDIR", sys.unlink "l/")
    must.unlink "l"
    assert.equal(3, must.stat("d").st_nlink)
    assert.errno("ENOTDIR", sys.unlink "f/")
    assert.errno("ENOENT", sys.unlink "no/")
    assert.errno("ENOENT", sys.unlink "no")
    assert.errno("ENOENT", sys.unlink "")
  end)

  it("unlinkat with AT_REMOVEDIR is rmdir; unknown flags come first", function()
    -- covers: dir.unlinkat.flags
    assert.errno("EINVAL", sys.unlinkat(99, "f", 1))
    assert.errno("EBADF", sys.unlinkat(99, "f", 0))
    assert.errno("ENOTDIR", sys.unlinkat("AT_FDCWD", "f", "AT_REMOVEDIR"))
    must.unlinkat(must.open("d", "O_RDONLY"), "s", "AT_REMOVEDIR")
    assert.equal(2, must.stat("d").st_nlink)
  end)
end)

describe("a path", function()
  it("may hold 4095 bytes, a name 255", function()
    -- covers: path.name.max path.length.max path.length.order
    must.mkdir(("n"):rep(255), "0755")
    assert.errno("ENAMETOOLONG", sys.mkdir(("n"):rep(256), "0755"))
    assert.errno("ENAMETOOLONG", sys.stat(("n"):rep(256)))
    assert.errno("ENOENT", sys.stat("no/" .. ("n"):rep(256)))
    assert.errno("ENOTDIR", sys.stat("f/" .. ("n"):rep(256)))
    must.stat(("./"):rep(2047) .. "f")
    must.stat(("/"):rep(4095))
    assert.errno("ENAMETOOLONG", sys.stat(("./"):rep(2047) .. "ff"))
  end)

  it("folds slashes, keeps to the root, and walks each step before ..", function()
    -- covers: path.walk.slashes path.walk.root path.walk.dotdot
    must.stat "//tmp///f"
    assert.equal(must.stat("/").st_ino, must.stat("/../..").st_ino)
    assert.errno("ENOTDIR", sys.stat "f/..")
    assert.errno("ENOENT", sys.stat "no/..")
    must.symlink("/root", "l")
    assert.equal(must.stat("/").st_ino, must.stat("l/..").st_ino)
  end)

  it("chdir wants a directory; getcwd tells where one is", function()
    -- covers: path.chdir.errors path.getcwd.path
    assert.errno("ENOTDIR", sys.chdir "f")
    assert.errno("ENOENT", sys.chdir "no")
    assert.errno("ENOTDIR", sys.fchdir(must.open("f", "O_RDONLY")))
    assert.errno("EBADF", sys.fchdir(99))
    must.symlink("d/s", "l")
    must.chdir "l"
    assert.equal("/tmp/d/s", must.getcwd())
    must.rename("/tmp/d", "/tmp/e")
    assert.equal("/tmp/e/s", must.getcwd())
    local pid = must.fork(function() must.chdir "/" end)
    must.waitpid(pid)
    assert.equal("/tmp/e/s", must.getcwd())
  end)
end)
