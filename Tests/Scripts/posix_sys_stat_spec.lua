-- posix.sys.stat.
local stat, fcntl, unistd = require "posix.sys.stat", require "posix.fcntl", require "posix.unistd"

describe("posix.sys.stat", function()
  before_each(function()
    local fd = fcntl.open("/tmp/f", fcntl.O_CREAT | fcntl.O_WRONLY, 420)
    unistd.write(fd, "12345")
    unistd.close(fd)
  end)

  it("tells of files by path and descriptor, and of links themselves", function()
    local status = stat.stat "/tmp/f"
    assert.same({ 5, 1, 33188, 0 }, { status.st_size, status.st_nlink, status.st_mode, status.st_uid })
    assert.equal("integer", math.type(status.st_mtime))
    unistd.link("f", "/tmp/l", true)
    assert.equal(status.st_ino, stat.stat("/tmp/l").st_ino)
    assert.equal(1, stat.S_ISLNK(stat.lstat("/tmp/l").st_mode))
    assert.equal(status.st_ino, stat.fstat(fcntl.open("/tmp/f", fcntl.O_RDONLY)).st_ino)
    assert.same({ nil, "/no: No such file or directory", 2 }, { stat.stat "/no" })
    assert.same({ nil, "fstat: Bad file descriptor", 9 }, { stat.fstat(99) })
  end)

  it("knows kinds of files by their mode", function()
    local function kinds(mode)
      return { stat.S_ISREG(mode), stat.S_ISDIR(mode), stat.S_ISCHR(mode), stat.S_ISFIFO(mode), stat.S_ISBLK(mode),
        stat.S_ISSOCK(mode) }
    end
    assert.same({ 1, 0, 0, 0, 0, 0 }, kinds(stat.stat("/tmp/f").st_mode))
    assert.same({ 0, 1, 0, 0, 0, 0 }, kinds(stat.stat("/tmp").st_mode))
    assert.same({ 0, 0, 1, 0, 0, 0 }, kinds(stat.stat("/dev/null").st_mode))
    assert.same({ 0, 0, 0, 1, 0, 0 }, kinds(stat.fstat((unistd.pipe())).st_mode))
  end)

  it("makes folders and fifos, under the umask, and changes modes", function()
    assert.equal(18, stat.umask(63))
    assert.equal(0, stat.mkdir "/tmp/d")
    assert.equal(448, stat.stat("/tmp/d").st_mode & 511)
    assert.equal(0, stat.mkfifo("/tmp/p", 438))
    assert.equal(stat.S_IFIFO | 384, stat.stat("/tmp/p").st_mode)
    assert.equal(0, stat.chmod("/tmp/p", 292))
    assert.equal(292, stat.stat("/tmp/p").st_mode & 511)
    assert.same({ nil, "/tmp/d: File exists", 17 }, { stat.mkdir "/tmp/d" })
    assert.equal(63, stat.umask(18))
  end)
end)
