-- Who may do what: mode bits, sticky directories, set-id bits, umask.
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local function octal(text) return tonumber(text, 8) end
local function mode(path) return must.lstat(path).st_mode & octal "7777" end

local function make(path, bits, text)
  local f = must.open(path, "O_CREAT|O_WRONLY", "0600")
  must.write(f, text or "x")
  must.close(f)
  must.chmod(path, bits or "0644")
end

-- Runs fn as an ordinary user in a child and expects it to end well.
local function as(user, fn)
  local pid = must.fork(function()
    must.setgroups {}
    must.setresgid(user, user, user)
    must.setresuid(user, user, user)
    fn()
  end)
  assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
end

before_each(function() must.chdir "/tmp" end)

describe("mode bits", function()
  it("are judged by one class alone: owner, else group, else other", function()
    -- covers: perm.class.one
    make("grp", "0606")
    must.chown("grp", 0, 1000)
    make("own", "0066")
    must.chown("own", 1000, 1000)
    as(1000, function()
      assert.errno("EACCES", sys.open("grp", "O_RDONLY"))
      assert.errno("EACCES", sys.open("own", "O_RDONLY"))
    end)
    as(1001, function() must.open("grp", "O_RDWR") end)
  end)

  it("do not stop root, save from executing what nobody may execute", function()
    -- covers: perm.root.override perm.access.root_exec
    make("f", "0")
    must.open("f", "O_RDWR")
    assert.equal(0, must.access("f", "R_OK|W_OK"))
    assert.errno("EACCES", sys.access("f", "X_OK"))
    must.mkdir("d", "0")
    assert.equal(0, must.access("d", "X_OK"))
    assert.errno("ENOENT", sys.stat "d/x")
  end)

  it("of each directory on the way must allow search, before a name is looked up", function()
    -- covers: perm.search.eacces
    must.mkdir("d", "0700")
    make "d/f"
    as(1000, function()
      must.stat "d"
      assert.errno("EACCES", sys.stat "d/f")
      assert.errno("EACCES", sys.stat "d/no")
      assert.errno("EACCES", sys.open("d/f", "O_PATH"))
      assert.errno("EACCES", sys.readlink "d/f")
      assert.errno("EACCES", sys.mkdir("d/s", "0700"))
      assert.errno("EACCES", sys.access("d/f", "F_OK"))
      assert.errno("EACCES", sys.chdir "d")
    end)
  end)

  it("of a directory: read lists, execute searches, neither brings the other", function()
    -- covers: perm.dir.read_or_search
    must.mkdir("r", "0744")
    must.mkdir("x", "0711")
    make "r/f"
    make "x/f"
    as(1000, function()
      assert.equal(3, #must.getdents64(must.open("r", "O_RDONLY")))
      assert.errno("EACCES", sys.stat "r/f")
      assert.errno("EACCES", sys.open("x", "O_RDONLY"))
      must.open("x/f", "O_RDONLY")
    end)
  end)

  it("are asked at open, never again", function()
    -- covers: perm.open.once
    make("f", "0600")
    local f = must.open("f", "O_RDWR")
    as(1000, function()
      assert.equal(1, must.write(f, "z"))
      assert.errno("EACCES", sys.open("/tmp/f", "O_RDONLY"))
    end)
  end)
end)

describe("a directory one may not write", function()
  before_each(function()
    must.mkdir("d", "0755")
    make "d/f"
    must.mkdir("d/s", "0755")
    must.mkdir("open", "0777")
    must.chmod("open", "0777")
    make "open/f"
  end)

  it("takes no new names and lets none go, but what exists or not is told first", function()
    -- covers: perm.dir.write perm.dir.eexist_first perm.dir.enoent_first
    as(1000, function()
      assert.errno("EACCES", sys.open("d/new", "O_CREAT|O_RDWR", "0600"))
      assert.errno("EACCES", sys.open("d", "O_TMPFILE|O_RDWR", "0600"))
      assert.errno("EACCES", sys.mkdir("d/new", "0700"))
      assert.errno("EACCES", sys.symlink("x", "d/new"))
      assert.errno("EACCES", sys.unlink "d/f")
      assert.errno("EACCES", sys.rmdir "d/s")
      assert.errno("EACCES", sys.rename("d/f", "open/x"))
      assert.errno("EACCES", sys.rename("open/f", "d/x"))
      assert.errno("EEXIST", sys.mkdir("d/f", "0700"))
      assert.errno("EEXIST", sys.symlink("x", "d/f"))
      assert.errno("EEXIST", sys.open("d/f", "O_CREAT|O_EXCL|O_RDWR", "0600"))
      assert.errno("ENOENT", sys.unlink "d/no")
      assert.errno("ENOENT", sys.rename("d/no", "open/x"))
      must.open("d/f", "O_CREAT|O_RDONLY", "0600")
    end)
  end)

  it("judges permission before the kind of the victim", function()
    -- covers: perm.unlink.order
    as(1000, function()
      assert.errno("EACCES", sys.rmdir "d/f")
      assert.errno("EACCES", sys.unlink "d/s")
    end)
  end)

  it("owned by others yet writable gives away any file in it", function()
    -- covers: perm.dir.unlink_others
    as(1000, function() must.unlink "open/f" end)
  end)

  it("a file's own bits count for opening: kind first, then permission", function()
    -- covers: perm.open.order
    make("secret", "0400")
    as(1000, function()
      assert.errno("EACCES", sys.open("secret", "O_RDONLY"))
      assert.errno("EACCES", sys.open("d/f", "O_WRONLY"))
      assert.errno("EACCES", sys.open("d/f", "O_RDONLY|O_TRUNC"))
      assert.errno("EACCES", sys.truncate("d/f", 0))
      assert.errno("EINVAL", sys.truncate("d/f", -1))
      assert.errno("EISDIR", sys.open("d", "O_WRONLY"))
      assert.errno("EISDIR", sys.truncate("d", 0))
      assert.errno("ENOTDIR", sys.open("secret", "O_RDONLY|O_DIRECTORY"))
    end)
  end)
end)

describe("a sticky directory", function()
  it("keeps others' entries: EPERM for removing, moving and replacing", function()
    -- covers: perm.sticky.eperm perm.sticky.order
    must.mkdir("st", "01777")
    must.chmod("st", "01777")
    make("st/f", "0666")
    must.mkdir("st/d", "0777")
    as(1000, function()
      assert.errno("EPERM", sys.unlink "st/f")
      assert.errno("EPERM", sys.unlink "st/d")
      assert.errno("EPERM", sys.rmdir "st/d")
      assert.errno("EPERM", sys.rmdir "st/f")
      assert.errno("EPERM", sys.rename("st/f", "st/g"))
      make "st/mine"
      assert.errno("EPERM", sys.rename("st/mine", "st/f"))
      must.unlink "st/mine"
    end)
    must.unlink "st/f"
  end)
end)

describe("chmod and chown", function()
  it("are the owner's, and giving away is root's", function()
    -- covers: perm.chmod.owner perm.chown.owner perm.chown.minus_one
    make "theirs"
    as(1000, function()
      make "mine"
      must.chmod("mine", "0600")
      assert.errno("EPERM", sys.chmod("theirs", "0666"))
      assert.errno("EPERM", sys.fchmod(must.open("theirs", "O_RDONLY"), "0666"))
      assert.errno("EPERM", sys.chown("theirs", 1000, -1))
      assert.equal(0, must.chown("theirs", -1, -1))
      assert.errno("EPERM", sys.chown("mine", 0, -1))
      assert.errno("EPERM", sys.chown("mine", -1, 0))
      must.chown("mine", 1000, 1000)
    end)
    local pid = must.fork(function()
      must.setgroups { 55 }
      must.setresuid(1000, 1000, 1000)
      make "ours"
      must.chown("ours", -1, 55)
    end)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
    assert.equal(55, must.stat("ours").st_gid)
  end)

  it("keep twelve bits, follow links, and lchown does not", function()
    -- covers: perm.chmod.bits perm.chmod.symlink perm.lchown.symlink
    make "f"
    must.symlink("f", "l")
    must.chmod("l", 0x10000 | octal "4640")
    assert.equal(octal "4640", mode "f")
    assert.equal(octal "777", mode "l")
    must.lchown("l", 5, 6)
    assert.same({ 5, 0 }, { must.lstat("l").st_uid, must.stat("f").st_uid })
  end)

  it("chown clears set-id bits, even for root and even of -1, -1, not of directories", function()
    -- covers: perm.setid.chown perm.setid.chown_dir
    make("f", "06755")
    must.chown("f", 0, 0)
    assert.equal(octal "755", mode "f")
    must.chmod("f", "06755")
    must.chown("f", -1, -1)
    assert.equal(octal "755", mode "f")
    must.chmod("f", "02644")
    must.chown("f", 0, 0)
    assert.equal(octal "2644", mode "f")
    must.mkdir("d", "0755")
    must.chmod("d", "06755")
    must.chown("d", 1, 1)
    assert.equal(octal "6755", mode "d")
  end)

  it("writing and truncating clear them too, unless root does it", function()
    -- covers: perm.setid.write perm.setid.truncate perm.setid.root
    as(1000, function()
      make "f"
      local f = must.open("f", "O_RDWR")
      local function cleared(act)
        must.chmod("f", "06755")
        act()
        return mode "f" == octal "755"
      end
      assert.is_true(cleared(function() must.write(f, "y") end))
      assert.is_true(cleared(function() must.truncate("f", 0) end))
      assert.is_true(cleared(function() must.ftruncate(f, 3) end))
      assert.is_true(cleared(function() must.open("f", "O_RDWR|O_TRUNC") end))
      assert.is_false(cleared(function() must.write(f, "") end))
      must.chmod("f", "02644")
      must.truncate("f", 1)
      assert.equal(octal "2644", mode "f")
    end)
    must.chmod("f", "06755")
    must.write(must.open("f", "O_RDWR"), "y")
    assert.equal(octal "6755", mode "f")
  end)

  it("a group one is not in takes the set-group-id bit silently", function()
    -- covers: perm.chmod.setgid_group
    make "f"
    must.chown("f", 1000, 0)
    as(1000, function() must.chmod("f", "02755") end)
    assert.equal(octal "755", mode "f")
  end)
end)

describe("new files", function()
  it("belong to the effective user and group, their modes cut by the umask", function()
    -- covers: perm.new.owner perm.umask.apply perm.umask.call
    as(1000, function() make "/tmp/f" end)
    assert.same({ 1000, 1000 }, { must.stat("f").st_uid, must.stat("f").st_gid })
    assert.equal(octal "22", must.umask "01777")
    assert.equal(octal "777", must.umask "027")
    must.open("g", "O_CREAT|O_RDWR", "0777")
    must.mkdir("d", "0777")
    must.symlink("x", "l")
    assert.same({ octal "750", octal "750", octal "777" }, { mode "g", mode "d", mode "l" })
    local pid = must.fork(function() must.umask(0) end)
    must.waitpid(pid)
    assert.equal(octal "27", must.umask(0))
  end)
end)

describe("access", function()
  it("answers for the real ids, faccessat2 with AT_EACCESS for the effective ones", function()
    -- covers: perm.access.real perm.access.mode
    make("f", "0600")
    assert.errno("EINVAL", sys.access("f", 8))
    local pid = must.fork(function()
      must.setresuid(-1, 1000, -1)
      assert.errno("EACCES", sys.open("f", "O_RDONLY"))
      assert.equal(0, must.access("f", "R_OK"))
      assert.errno("EACCES", sys.faccessat2("AT_FDCWD", "f", "R_OK", "AT_EACCESS"))
      must.setresuid(-1, 0, -1)
      must.open("f", "O_RDONLY")
    end)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
  end)
end)
