-- posix.fcntl.
local fcntl, unistd, wait = require "posix.fcntl", require "posix.unistd", require "posix.sys.wait"

describe("posix.fcntl", function()
  it("opens files, by numbers for flags and mode", function()
    local fd = fcntl.open("/tmp/f", fcntl.O_CREAT | fcntl.O_EXCL | fcntl.O_RDWR, 384)
    assert.equal(2, unistd.write(fd, "ab"))
    assert.same({ nil, "/tmp/f: File exists", 17 }, { fcntl.open("/tmp/f", fcntl.O_CREAT | fcntl.O_EXCL) })
    assert.same({ nil, "/no/f: No such file or directory", 2 }, { fcntl.open("/no/f", fcntl.O_RDONLY) })
  end)

  it("has the constants of fcntl.h", function()
    assert.same({ 0, 1, 2, 64, 2048, 524288 },
      { fcntl.O_RDONLY, fcntl.O_WRONLY, fcntl.O_RDWR, fcntl.O_CREAT, fcntl.O_NONBLOCK, fcntl.O_CLOEXEC })
    assert.equal(fcntl.O_SYNC, fcntl.O_RSYNC)
    assert.equal(-100, fcntl.AT_FDCWD)
  end)

  it("asks and sets a descriptor's flags", function()
    local reader = unistd.pipe()
    assert.equal(0, fcntl.fcntl(reader, fcntl.F_GETFD))
    assert.equal(0, fcntl.fcntl(reader, fcntl.F_SETFD, fcntl.FD_CLOEXEC))
    assert.equal(1, fcntl.fcntl(reader, fcntl.F_GETFD))
    assert.equal(0, fcntl.fcntl(reader, fcntl.F_SETFL, fcntl.O_NONBLOCK))
    assert.same({ nil, "Resource temporarily unavailable", 11 }, { unistd.read(reader, 1) })
    assert.same({ nil, "fcntl: Bad file descriptor", 9 }, { fcntl.fcntl(99, fcntl.F_GETFD) })
    assert.equal(10, fcntl.fcntl(reader, fcntl.F_DUPFD, 10))
  end)

  it("locks files, and tells in the same table who has one", function()
    local parent = unistd.getpid()
    local fd = fcntl.open("/tmp/f", fcntl.O_CREAT | fcntl.O_RDWR)
    local lock = { l_type = fcntl.F_WRLCK, l_whence = unistd.SEEK_SET, l_start = 2, l_len = 3 }
    assert.equal(0, fcntl.fcntl(fd, fcntl.F_SETLK, lock))
    local pid = unistd.fork()
    if pid == 0 then
      assert.same({ nil, "fcntl: Resource temporarily unavailable", 11 }, { fcntl.fcntl(fd, fcntl.F_SETLK, lock) })
      lock = { l_type = fcntl.F_RDLCK, l_start = 0, l_len = 0 }
      assert.equal(0, fcntl.fcntl(fd, fcntl.F_GETLK, lock))
      assert.same({ l_type = fcntl.F_WRLCK, l_whence = 0, l_start = 2, l_len = 3, l_pid = parent }, lock)
      unistd._exit(0)
    end
    assert.same({ pid, "exited", 0 }, { wait.wait(pid) })
  end)

  it("says what it does not offer", function()
    assert.has_error(function() return fcntl.posix_fadvise end)
    assert.is_nil(fcntl.no_such_function)
  end)
end)
