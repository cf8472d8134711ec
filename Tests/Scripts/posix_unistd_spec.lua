-- posix.unistd, but for fork: see posix_fork_spec.lua.
local unistd, fcntl, stat = require "posix.unistd", require "posix.fcntl", require "posix.sys.stat"
local signal, wait = require "posix.signal", require "posix.sys.wait"

describe("posix.unistd", function()
  before_each(function() unistd.chdir "/tmp" end)

  local function file(path, text)
    local fd = fcntl.open(path, fcntl.O_CREAT | fcntl.O_RDWR, 384)
    if text then unistd.write(fd, text) end
    return fd
  end

  it("reads, writes and moves about in files", function()
    local fd = file("f", "hello")
    assert.equal(1, unistd.lseek(fd, 1, unistd.SEEK_SET))
    assert.equal("ell", unistd.read(fd, 3))
    assert.equal(0, unistd.ftruncate(fd, 2))
    assert.equal(2, unistd.lseek(fd, 0, unistd.SEEK_END))
    assert.equal("", unistd.read(fd, 10))
    assert.equal(0, unistd.fsync(fd))
    assert.equal(0, unistd.truncate("f", 1))
    assert.same({ nil, "Invalid argument", 22 }, { unistd.lseek(fd, -1, unistd.SEEK_SET) })
  end)

  it("writes parts of a text", function()
    local fd = file "f"
    assert.same({ 2, 3, 1, 0 }, { unistd.write(fd, "abcdef", 2), unistd.write(fd, "abcdef", 3, 1),
      unistd.write(fd, "abcdef", nil, 5), unistd.write(fd, "") })
    unistd.lseek(fd, 0, unistd.SEEK_SET)
    assert.equal("abbcdf", unistd.read(fd, 10))
    assert.same({ nil, "write: invalid attempt to access offset 7 in a buffer of length 6", 22 },
      { unistd.write(fd, "abcdef", 7) })
  end)

  it("has pipes and copies of descriptors", function()
    local reader, writer = unistd.pipe()
    assert.equal(20, unistd.dup2(writer, 20))
    local copy = unistd.dup(writer)
    unistd.close(writer)
    unistd.write(20, "a")
    unistd.write(copy, "b")
    assert.equal("ab", unistd.read(reader, 10))
    unistd.close(20)
    unistd.close(copy)
    assert.equal("", unistd.read(reader, 10))
    assert.same({ nil, "Bad file descriptor", 9 }, { unistd.dup(99) })
    assert.same({ nil, "isatty: Inappropriate ioctl for device", 25 }, { unistd.isatty(reader) })
  end)

  it("links, reads links and removes", function()
    file "f"
    assert.equal(0, unistd.link("f", "g"))
    assert.equal(0, unistd.link("f", "s", true))
    assert.equal("f", unistd.readlink "s")
    assert.same({ nil, "f: not a symbolic link", 22 }, { unistd.readlink "f" })
    assert.same({ nil, "File exists", 17 }, { unistd.link("f", "g") })
    assert.equal(2, stat.stat("g").st_nlink)
    assert.equal(0, unistd.unlink "g")
    assert.same({ nil, "g: No such file or directory", 2 }, { unistd.unlink "g" })
    stat.mkdir "d"
    assert.equal(0, unistd.chdir "d")
    assert.equal("/tmp/d", unistd.getcwd())
    assert.equal(0, unistd.rmdir "/tmp/d")
    assert.same({ nil, ".: No such file or directory", 2 }, { unistd.getcwd() })
  end)

  it("asks whether it may", function()
    file "f"
    assert.same({ 0, 0 }, { unistd.access "f", unistd.access("f", "rw") })
    assert.same({ nil, "f: Permission denied", 13 }, { unistd.access("f", "x") })
    assert.same({ nil, "g: No such file or directory", 2 }, { unistd.access("g", "r") })
    assert.has_error(function() unistd.access("f", "q") end)
  end)

  it("changes who a process is", function()
    file "f"
    assert.equal(0, unistd.chown("f", 1000, 1001))
    assert.same({ 1000, 1001 }, { stat.stat("f").st_uid, stat.stat("f").st_gid })
    assert.equal(0, unistd.lchown("f", nil, 0))
    assert.same({ 1000, 0 }, { stat.stat("f").st_uid, stat.stat("f").st_gid })
    local pid = unistd.fork()
    if pid == 0 then
      assert.equal(0, unistd.setpid("p", 0, 0))
      assert.equal(unistd.getpid(), unistd.getpgrp())
      assert.equal(0, unistd.setpid("g", 1001))
      assert.equal(0, unistd.setpid("U", 1000))
      assert.same({ 0, 1000, 1001, 1001 }, { unistd.getuid(), unistd.geteuid(), unistd.getgid(), unistd.getegid() })
      unistd._exit(0)
    end
    assert.same({ pid, "exited", 0 }, { wait.wait(pid) })
  end)

  it("sleeps, and tells what is left when it is woken", function()
    assert.equal(0, unistd.sleep(0))
    signal.signal(signal.SIGALRM, function() end)
    assert.equal(0, unistd.alarm(1))
    assert.is_true(unistd.sleep(5) >= 3)
    assert.equal(0, unistd.alarm(50))
    assert.is_true(unistd.alarm(0) >= 49)
  end)

  it("knows what the system allows", function()
    assert.same({ 255, 4096, -1 }, { unistd.pathconf("/", unistd._PC_NAME_MAX),
      unistd.pathconf("/", unistd._PC_PATH_MAX),
      unistd.pathconf("/no", unistd._PC_NAME_MAX) })
    assert.same({ 4096, 100, -1 }, { unistd.sysconf(unistd._SC_PAGESIZE), unistd.sysconf(unistd._SC_CLK_TCK),
      unistd.sysconf(9999) })
    assert.is_true(unistd.sysconf(unistd._SC_OPEN_MAX) > 0)
  end)

  it("says what it does not offer", function()
    assert.has_error(function() return unistd.crypt end)
    assert.has_error(function() return unistd.ttyname end)
    assert.is_nil(unistd.no_such_function)
  end)
end)

describe("posix.unistd.getopt", function()
  -- Options as "letter=value@next", where `next` is the argument that comes next.
  local function options(text, letters)
    local arguments, list = { [0] = "program" }, {}
    for word in text:gmatch "%S+" do arguments[#arguments + 1] = word end
    for letter, value, following in unistd.getopt(arguments, letters or "ab:c") do
      list[#list + 1] = ("%s=%s@%d"):format(letter, value or "", following)
    end
    return table.concat(list, " ")
  end

  it("finds options, their values, and those among other arguments", function()
    assert.equal("a=@2 b=v@4 c=@6", options "-a -b v rest -c")
    assert.equal("a=@1 b=x@2", options "-abx")
    assert.equal("a=@3", options "rest -a -- -c")
    assert.equal("", options("rest -a", "+a"))
  end)

  it("says ? for what is no option, and : for a missing value if asked", function()
    assert.equal("?=@2", options "-q")
    assert.equal("?=@2", options "-b")
    assert.equal(":=@2", options("-b", ":b:"))
  end)
end)
