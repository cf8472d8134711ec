-- stat, lstat, fstat, newfstatat, statx.
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local function octal(text) return tonumber(text, 8) end

describe("stat", function()
  it("counts blocks of 512 bytes by whole pages", function()
    -- covers: file.stat.blocks file.stat.regular
    for size, blocks in pairs { [0] = 0, [1] = 8, [4096] = 8, [4097] = 16, [40960] = 80 } do
      local f = must.open("/tmp/f" .. size, "O_CREAT|O_RDWR", "0640")
      must.write(f, ("x"):rep(size))
      local s = must.fstat(f)
      assert.same({ size, blocks, 4096, 1, 0, 0, C.S_IFREG | octal "640" },
        { s.st_size, s.st_blocks, s.st_blksize, s.st_nlink, s.st_uid, s.st_gid, s.st_mode })
    end
  end)

  it("shows a tmpfs directory as 40 bytes and 20 for each entry, with a link for each subdirectory", function()
    -- covers: dir.stat.size dir.stat.nlink
    local function pair() local s = must.stat "/tmp/d"; return { s.st_size, s.st_nlink, s.st_blocks } end
    must.mkdir("/tmp/d", "0755")
    assert.same({ 40, 2, 0 }, pair())
    must.mkdir("/tmp/d/s", "0755")
    must.close(must.open("/tmp/d/f", "O_CREAT|O_RDWR", "0600"))
    must.symlink("x", "/tmp/d/l")
    assert.same({ 100, 3, 0 }, pair())
    must.rmdir "/tmp/d/s"
    must.unlink "/tmp/d/f"
    assert.same({ 60, 2, 0 }, pair())
  end)

  it("follows links, lstat does not", function()
    -- covers: file.lstat.symlink file.symlink.stat
    must.symlink("gone", "/tmp/l")
    assert.errno("ENOENT", sys.stat "/tmp/l")
    local s = must.lstat "/tmp/l"
    assert.same({ C.S_IFLNK | octal "777", 4, 0, 1 }, { s.st_mode, s.st_size, s.st_blocks, s.st_nlink })
    must.symlink("/tmp", "/tmp/d")
    assert.equal(C.S_IFDIR, must.lstat("/tmp/d/").st_mode & C.S_IFMT)
  end)

  it("shows devices with their numbers, /tmp as sticky", function()
    -- covers: file.stat.device
    local s = must.stat "/dev/null"
    assert.same({ C.S_IFCHR | octal "666", 0x103 }, { s.st_mode, s.st_rdev })
    assert.equal(C.S_IFDIR | octal "1777", must.stat("/tmp").st_mode)
  end)

  it("finds the path's faults before those of the result's address", function()
    -- covers: file.stat.errors
    assert.errno("ENOENT", sys.stat "")
    assert.errno("ENOENT", sys.stat "/nope")
    assert.errno("ENOTDIR", sys.stat "/dev/null/x")
    assert.errno("EFAULT", sys.stat(1))
    assert.errno("EBADF", sys.fstat(99))
  end)

  it("newfstatat with AT_EMPTY_PATH describes the descriptor itself", function()
    -- covers: file.fstatat.empty_path file.fstatat.flags
    local f = must.open("/tmp/f", "O_CREAT|O_RDWR", "0640")
    assert.equal(C.S_IFREG | octal "640", must.newfstatat(f, "", "AT_EMPTY_PATH").st_mode)
    assert.equal(must.stat("/").st_ino, must.newfstatat("AT_FDCWD", "", "AT_EMPTY_PATH").st_ino)
    assert.errno("ENOENT", sys.newfstatat("AT_FDCWD", "", 0))
    assert.errno("EINVAL", sys.newfstatat("AT_FDCWD", "/nope", 8))
    must.symlink("f", "/tmp/l")
    assert.equal(1, must.newfstatat("AT_FDCWD", "/tmp/l", "AT_SYMLINK_NOFOLLOW").st_size)
    assert.equal(0, must.newfstatat("AT_FDCWD", "/tmp/l", 0).st_size)
  end)

  it("statx gives the same facts and refuses what it does not know", function()
    -- covers: file.statx.fields file.statx.einval
    local f = must.open("/tmp/f", "O_CREAT|O_RDWR", "0640")
    must.write(f, "abc")
    local x = must.statx("AT_FDCWD", "/tmp/f", 0, "STATX_BASIC_STATS")
    assert.same({ C.S_IFREG | octal "640", 3, 8, 1, must.fstat(f).st_ino },
      { x.stx_mode, x.stx_size, x.stx_blocks, x.stx_nlink, x.stx_ino })
    assert.equal(C.STATX_BASIC_STATS | C.STATX_MNT_ID, x.stx_mask)
    assert.is_true(must.statx("AT_FDCWD", "/tmp/f", 0, "STATX_BTIME").stx_mask & C.STATX_BTIME ~= 0)
    -- IMMUTABLE, APPEND and NODUMP are tmpfs's own; AUTOMOUNT, MOUNT_ROOT and DAX go with all.
    assert.same({ 0x203070, 0x203000 },
      { x.stx_attributes_mask, must.statx("AT_FDCWD", "/proc/self/status").stx_attributes_mask })
    assert.same({ 0, 0x2000 }, { x.stx_attributes, must.statx("AT_FDCWD", "/").stx_attributes })
    assert.errno("EINVAL", sys.statx("AT_FDCWD", "/tmp/f", 0, 1 << 31))
    assert.errno("EINVAL", sys.statx("AT_FDCWD", "/tmp/f", 0x10, 0))
  end)
end)
