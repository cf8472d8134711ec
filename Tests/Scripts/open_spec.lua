-- open and openat: creation, flags against each other, trailing slashes, O_TMPFILE, O_PATH.
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local function mode(path) return must.stat(path).st_mode & tonumber("7777", 8) end
local function octal(text) return tonumber(text, 8) end
local function make(path) must.close(must.open(path, "O_CREAT|O_WRONLY", "0644")) end

describe("open with O_CREAT", function()
  it("makes a file with the mode less the umask, which binds later opens only", function()
    -- covers: file.open.creat_mode file.open.mode_later
    make "/tmp/f"
    assert.equal(octal "644", mode "/tmp/f")
    must.umask("027")
    must.open("/tmp/g", "O_CREAT|O_RDWR", "07777")
    assert.equal(octal "7750", mode "/tmp/g")
    assert.equal(1, must.write(must.open("/tmp/h", "O_CREAT|O_RDWR", 0), "x"))
    must.open("/tmp/f", "O_CREAT|O_RDWR", "0600")
    assert.equal(octal "644", mode "/tmp/f")
  end)

  it("with O_EXCL refuses anything that stands there, dangling links too", function()
    -- covers: file.open.excl file.open.creat_follows
    must.symlink("target", "/tmp/l")
    assert.errno("EEXIST", sys.open("/tmp/l", "O_CREAT|O_EXCL|O_RDWR", "0600"))
    assert.errno("EEXIST", sys.open("/tmp", "O_CREAT|O_EXCL|O_RDONLY", "0600"))
    assert.errno("ENOENT", sys.open("/tmp/l", "O_RDWR"))
    must.open("/tmp/l", "O_CREAT|O_RDWR", "0600")
    assert.equal(0, must.stat("/tmp/target").st_size)
  end)

  it("is EISDIR for a directory and for a name with a slash behind it", function()
    -- covers: file.open.creat_dir file.open.creat_slash
    make "/tmp/f"
    assert.errno("EISDIR", sys.open("/tmp", "O_CREAT|O_RDONLY", "0600"))
    assert.errno("EISDIR", sys.open("/tmp/new/", "O_CREAT|O_WRONLY", "0600"))
    assert.errno("EISDIR", sys.open("/tmp/f/", "O_CREAT|O_WRONLY", "0600"))
    assert.errno("EISDIR", sys.open("/tmp/new/", "O_CREAT|O_EXCL|O_WRONLY", "0600"))
    assert.errno("EISDIR", sys.open("/tmp/.", "O_CREAT|O_RDONLY", "0600"))
    assert.errno("EEXIST", sys.open("/tmp/..", "O_CREAT|O_EXCL|O_RDONLY", "0600"))
    assert.errno("ENOENT", sys.open("/tmp/no/x", "O_CREAT|O_WRONLY", "0600"))
  end)

  it("together with O_DIRECTORY is EINVAL before the path is even read", function()
    -- covers: file.open.creat_directory
    assert.errno("EINVAL", sys.open("/tmp/new", "O_CREAT|O_DIRECTORY", "0600"))
    assert.errno("EINVAL", sys.open("/tmp", "O_CREAT|O_DIRECTORY", "0600"))
    assert.errno("EINVAL", sys.open(1, "O_CREAT|O_DIRECTORY", "0600"))
    assert.errno("ENOENT", sys.stat "/tmp/new")
  end)
end)

describe("open", function()
  before_each(function() make "/tmp/f" end)

  it("names what is missing or of the wrong kind", function()
    -- covers: file.open.errors file.open.dir_write file.open.slash
    assert.errno("ENOENT", sys.open("/tmp/no", "O_RDONLY"))
    assert.errno("ENOENT", sys.open("", "O_RDONLY"))
    assert.errno("ENOTDIR", sys.open("/tmp/f/x", "O_RDONLY"))
    assert.errno("ENOTDIR", sys.open("/tmp/f/", "O_RDONLY"))
    assert.errno("ENOTDIR", sys.open("/tmp/f/.", "O_RDONLY"))
    assert.errno("ENOTDIR", sys.open("/tmp/f", "O_RDONLY|O_DIRECTORY"))
    assert.errno("EISDIR", sys.open("/tmp", "O_WRONLY"))
    assert.errno("EISDIR", sys.open("/tmp", "O_RDWR|O_DIRECTORY"))
    assert.errno("EISDIR", sys.open("/tmp", "O_RDONLY|O_TRUNC"))
  end)

  it("with O_NOFOLLOW stops at a link in the last place only", function()
    -- covers: file.open.nofollow file.open.nofollow_directory
    must.symlink("f", "/tmp/l")
    must.symlink("/tmp", "/tmp/d")
    must.symlink("gone", "/tmp/dangling")
    assert.errno("ELOOP", sys.open("/tmp/l", "O_RDONLY|O_NOFOLLOW"))
    assert.errno("ELOOP", sys.open("/tmp/dangling", "O_WRONLY|O_CREAT|O_NOFOLLOW", "0600"))
    assert.errno("ENOTDIR", sys.open("/tmp/d", "O_RDONLY|O_NOFOLLOW|O_DIRECTORY"))
    must.open("/tmp/d/f", "O_RDONLY|O_NOFOLLOW")
    must.open("/tmp/d/", "O_RDONLY|O_NOFOLLOW")
  end)

  it("with O_TRUNC empties the file even if opened for reading", function()
    -- covers: file.open.trunc
    must.write(must.open("/tmp/f", "O_WRONLY"), "hello")
    must.open("/tmp/f", "O_RDONLY|O_TRUNC")
    assert.equal(0, must.stat("/tmp/f").st_size)
  end)

  it("with access mode 3 gives a descriptor that neither reads nor writes", function()
    -- covers: file.open.accmode3
    local fd = must.open("/tmp/f", 3)
    assert.errno("EBADF", sys.read(fd, 1))
    assert.errno("EBADF", sys.write(fd, "x"))
    assert.equal(3, must.fcntl(fd, "F_GETFL") & C.O_ACCMODE)
    assert.equal(0, must.fstat(fd).st_size)
  end)

  it("relative to a descriptor needs a directory, unless the path is absolute", function()
    -- covers: file.openat.dirfd file.openat.order
    local dir, f = must.open("/tmp", "O_RDONLY"), must.open("/tmp/f", "O_RDONLY")
    must.openat(dir, "f", "O_RDONLY")
    must.openat(99, "/tmp/f", "O_RDONLY")
    assert.errno("EBADF", sys.openat(99, "f", "O_RDONLY"))
    assert.errno("ENOTDIR", sys.openat(f, "x", "O_RDONLY"))
    assert.errno("ENOENT", sys.openat(99, "", "O_RDONLY"))
    assert.errno("ENOENT", sys.openat("AT_FDCWD", "f", "O_RDONLY"))
    must.chdir "/tmp"
    must.openat("AT_FDCWD", "f", "O_RDONLY")
  end)
end)

describe("O_TMPFILE", function()
  it("makes a file without a name that linkat can give one", function()
    -- covers: file.tmpfile.nameless file.tmpfile.link
    local fd = must.open("/tmp", "O_TMPFILE|O_RDWR", "0640")
    assert.same({ 0, octal "640" }, { must.fstat(fd).st_nlink, must.fstat(fd).st_mode & octal "777" })
    must.write(fd, "text")
    must.linkat("AT_FDCWD", "/proc/self/fd/" .. fd, "AT_FDCWD", "/tmp/named", "AT_SYMLINK_FOLLOW")
    assert.equal(1, must.fstat(fd).st_nlink)
    assert.equal("text", must.read(must.open("/tmp/named", "O_RDONLY"), 10))
  end)

  it("with O_EXCL can never be linked", function()
    -- covers: file.tmpfile.excl
    local fd = must.open("/tmp", "O_TMPFILE|O_RDWR|O_EXCL", "0600")
    assert.errno("ENOENT", sys.linkat("AT_FDCWD", "/proc/self/fd/" .. fd, "AT_FDCWD", "/tmp/n", "AT_SYMLINK_FOLLOW"))
  end)

  it("needs write access and a directory", function()
    -- covers: file.tmpfile.errors
    make "/tmp/f"
    assert.errno("EINVAL", sys.open("/tmp", "O_TMPFILE|O_RDONLY", "0600"))
    assert.errno("EINVAL", sys.open("/tmp", "O_TMPFILE|O_CREAT|O_RDWR", "0600"))
    assert.errno("ENOTDIR", sys.open("/tmp/f", "O_TMPFILE|O_RDWR", "0600"))
    assert.errno("ENOENT", sys.open("/tmp/no", "O_TMPFILE|O_RDWR", "0600"))
  end)
end)

describe("O_PATH", function()
  local fd
  before_each(function()
    make "/tmp/f"
    fd = must.open("/tmp/f", "O_PATH|O_RDWR|O_CREAT", "0600")
  end)

  it("only names: reading and changing are EBADF, fstat and dup are not", function()
    -- covers: file.path.ebadf file.path.allowed
    assert.errno("EBADF", sys.read(fd, 1))
    assert.errno("EBADF", sys.write(fd, "x"))
    assert.errno("EBADF", sys.lseek(fd, 0, "SEEK_SET"))
    assert.errno("EBADF", sys.ftruncate(fd, 0))
    assert.errno("EBADF", sys.fchmod(fd, "0600"))
    assert.errno("EBADF", sys.fchown(fd, 0, 0))
    assert.errno("EBADF", sys.fcntl(fd, "F_SETFL", 0))
    assert.errno("EBADF", sys.ioctl(fd, "FIONREAD"))
    assert.errno("EBADF", sys.mmap(0, 4096, "PROT_READ", "MAP_SHARED", fd, 0))
    assert.equal(C.O_PATH, must.fcntl(fd, "F_GETFL"))
    assert.equal(0, must.fstat(fd).st_size)
    must.fcntl(must.dup(fd), "F_SETFD", 1)
    must.open("/proc/self/fd/" .. fd, "O_RDWR")
  end)

  it("ignores O_CREAT and asks for no permission on the file", function()
    -- covers: file.path.no_creat file.path.no_permission
    assert.errno("ENOENT", sys.open("/tmp/new", "O_PATH|O_CREAT", "0600"))
    must.chmod("/tmp/f", 0)
    local pid = must.fork(function()
      must.setresuid(1000, 1000, 1000)
      assert.errno("EACCES", sys.open("/tmp/f", "O_RDONLY"))
      must.open("/tmp/f", "O_PATH")
    end)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
  end)

  it("with O_NOFOLLOW holds the link itself; a directory serves as dirfd and for fchdir", function()
    -- covers: file.path.symlink file.path.directory
    must.symlink("f", "/tmp/l")
    local link = must.open("/tmp/l", "O_PATH|O_NOFOLLOW")
    assert.equal(C.S_IFLNK, must.fstat(link).st_mode & C.S_IFMT)
    assert.equal("f", must.readlinkat(link, ""))
    local dir = must.open("/tmp", "O_PATH|O_DIRECTORY")
    assert.errno("EBADF", sys.getdents64(dir))
    must.openat(dir, "f", "O_RDONLY")
    must.fchdir(dir)
    assert.equal("/tmp", must.getcwd())
  end)
end)
