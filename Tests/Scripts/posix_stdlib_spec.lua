-- posix.stdlib.
local stdlib, unistd, stat = require "posix.stdlib", require "posix.unistd", require "posix.sys.stat"
local wait, signal = require "posix.sys.wait", require "posix.signal"

describe("posix.stdlib", function()
  it("makes files and folders of a name that is not taken", function()
    local fd, path = stdlib.mkstemp "/tmp/fileXXXXXX"
    assert.matches("^/tmp/file......$", path)
    assert.equal(3, unistd.write(fd, "abc"))
    assert.equal(3, stat.stat(path).st_size)
    local folder = stdlib.mkdtemp "/tmp/fileXXXXXX"
    assert.not_equal(path, folder)
    assert.equal(448, stat.stat(folder).st_mode & 511)
    assert.same({ nil, "/tmp/x: Invalid argument", 22 }, { stdlib.mkdtemp "/tmp/x" })
    assert.same({ nil, "/no/XXXXXX: No such file or directory", 2 }, { stdlib.mkstemp "/no/XXXXXX" })
  end)

  it("finds the path without links and dots", function()
    stat.mkdir "/tmp/a"
    stat.mkdir "/tmp/a/b"
    unistd.link("a/b", "/tmp/l", true)
    unistd.link("/tmp/l", "/tmp/a/far", true)
    unistd.chdir "/tmp"
    assert.equal("/tmp/a/b", stdlib.realpath "l")
    assert.equal("/tmp/a", stdlib.realpath "./l/..//")
    assert.equal("/tmp/a/b", stdlib.realpath "/tmp/a/far/.")
    assert.equal("/", stdlib.realpath "/../..")
    assert.same({ nil, "realpath: No such file or directory", 2 }, { stdlib.realpath "nothing" })
    assert.same({ nil, "realpath: No such file or directory", 2 }, { stdlib.realpath "" })
    unistd.link("loop", "/tmp/loop", true)
    assert.same({ nil, "realpath: Too many levels of symbolic links", 40 }, { stdlib.realpath "loop" })
  end)

  it("has an environment that os.getenv sees, and children have a copy of", function()
    assert.is_nil(stdlib.getenv "COLOUR")
    assert.equal(0, stdlib.setenv("COLOUR", "red"))
    assert.equal(0, stdlib.setenv("COLOUR", "green", false))
    assert.equal("red", os.getenv "COLOUR")
    assert.equal("red", stdlib.getenv().COLOUR)
    local pid = unistd.fork()
    if pid == 0 then
      local had = stdlib.getenv "COLOUR"
      stdlib.setenv("COLOUR", "blue")
      unistd._exit(had == "red" and 0 or 1)
    end
    assert.same({ pid, "exited", 0 }, { wait.wait(pid) })
    assert.equal("red", stdlib.getenv "COLOUR")
    stdlib.setenv "COLOUR"
    assert.is_nil(os.getenv "COLOUR")
    assert.same({ nil, "Invalid argument", 22 }, { stdlib.setenv("a=b", "c") })
  end)

  it("aborts, whatever handles SIGABRT", function()
    local pid = unistd.fork()
    if pid == 0 then
      signal.signal(signal.SIGABRT, function() end)
      stdlib.abort()
    end
    assert.same({ pid, "killed", signal.SIGABRT }, { wait.wait(pid) })
  end)
end)
