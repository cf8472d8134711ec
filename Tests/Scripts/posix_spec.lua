-- posix, the umbrella over the modules; and the smaller ones.
local posix = require "posix"

describe("posix", function()
  it("has what its modules have, and the modules", function()
    assert.equal(require "posix.unistd".fork, posix.fork)
    assert.equal(require "posix.sys.wait", posix.sys.wait)
    assert.same({ posix.O_RDWR, posix.SIGTERM, posix.EINTR, posix.WNOHANG }, { 2, 15, 4, 1 })
    assert.equal(posix.signal.SIGUSR1, posix.SIGUSR1)
    assert.same({ "Interrupted system call", 4 }, { posix.errno(posix.EINTR) })
    assert.equal("SIG_DFL", posix.signal(posix.SIGUSR1, posix.SIG_IGN))
    assert.equal("integer", math.type(posix.time()))
    assert.is_nil(posix.no_such_function)
    for _, name in ipairs { "glob", "crypt", "socket", "strptime" } do
      assert.has_error(function() return posix[name] end)
    end
  end)

  it("has older forms: modes as text", function()
    posix.chdir "/tmp"
    posix.umask "rwxr-xr-x"
    local fd = posix.creat("f", "rw-r-----")
    assert.equal("rw-r-----", posix.stat("f", "mode"))
    assert.equal(0, posix.chmod("f", "u-w,go+x"))
    assert.equal("r--r-x--x", posix.stat("f").mode)
    assert.equal(0, posix.chmod("f", "a=r"))
    assert.equal("r--r--r--", posix.stat("f", "mode"))
    assert.equal(0, posix.chmod("f", "4755"))
    assert.equal("rwxr-xr-x", posix.stat("f", "mode"))
    posix.close(fd)
    posix.close(posix.open("g", posix.O_CREAT | posix.O_RDWR, "600"))
    assert.same({ "rw-------", "regular", 0 }, { posix.stat("g", "mode", "type", "size") })
    assert.equal(0, posix.mkdir "d")
    assert.equal("directory", posix.stat("d", "type"))
    assert.equal("rwxr-xr-x", posix.umask())
    assert.has_error(function() posix.chmod("f", "nonsense") end)
    assert.is_nil(posix.stat "nothing")
  end)

  it("has older forms: fields by name, times as results", function()
    assert.equal(require "posix.unistd".getpid(), posix.getpid "pid")
    assert.same({ posix.getpid "ppid", 0 }, { posix.getpid { "ppid", "uid" } })
    assert.equal(posix.getpid().pid, posix.getpid "pid")
    assert.equal(255, posix.pathconf("/", "NAME_MAX"))
    assert.equal(4096, posix.sysconf "PAGESIZE")
    assert.equal("Linux x86_64 %", (posix.uname "%s %m %%"))
    local seconds, nanoseconds = posix.clock_gettime "realtime"
    assert.is_true(math.abs(seconds - posix.time()) <= 1 and nanoseconds < 1000000000)
    assert.equal(0, posix.nanosleep(0, 20000000))
    local date = posix.gmtime(86400)
    assert.same({ 2, 1, 1970, 5, 1 }, { date.day, date.month, date.year, date.weekday, date.yearday })
    assert.equal("1970-01-02", posix.strftime("%Y-%m-%d", date))
    assert.equal(86400, posix.mktime(date))
    local soft = posix.getrlimit "nofile"
    assert.equal(0, posix.setrlimit("nofile", soft - 1))
    assert.equal(soft - 1, (posix.getrlimit "nofile"))
    assert.has_error(function() posix.getpid "cow" end)
  end)

  it("spawns functions, and tells how they ended", function()
    local count = 1
    assert.same({ 7, "exited" }, { posix.spawn(function(more)
      count = count + more
      return count
    end, 6) })
    assert.equal(1, count)
    assert.same({ posix.SIGKILL, "killed" }, { posix.spawn(function() posix.raise(posix.SIGKILL) end) })
  end)

  it("makes pipelines of functions, whose print goes into the pipe", function()
    local line = posix.popen(function()
      print("printed", 1)
      io.write "written"
      return 3
    end, "r")
    assert.equal("printed\t1\n", posix.read(line.fd, 10))
    assert.equal("written", posix.read(line.fd, 100))
    assert.same({ "exited", 3 }, { posix.pclose(line) })
    line = posix.popen_pipeline({
      function() for number = 1, 3 do io.write(number, "\n") end end,
      function() for text in io.lines() do print(text * 2) end end,
    }, "r")
    local text = ""
    repeat
      local part = posix.read(line.fd, 100)
      text = text .. part
    until part == ""
    assert.equal("2\n4\n6\n", text)
    assert.same({ "exited", 0 }, { posix.pclose(line) })
  end)

  it("adds, subtracts and compares times", function()
    assert.same({ sec = 3, usec = 200000 },
      posix.timeradd({ sec = 1, usec = 700000 }, { tv_sec = 1, tv_usec = 500000 }))
    assert.same({ sec = 0, usec = 900000 }, posix.timersub({ sec = 2, usec = 100000 }, { sec = 1, usec = 200000 }))
    assert.is_true(posix.timercmp({ sec = 1, usec = 5 }, { sec = 1, usec = 4 }) > 0)
    assert.is_true(posix.timercmp({ sec = 1, usec = 5 }, { sec = 2, usec = 0 }) < 0)
    assert.equal(0, posix.euidaccess("/tmp", "rwx"))
  end)
end)

describe("a smaller module", function()
  it("stdio: descriptors of Lua's files, and files of descriptors", function()
    local stdio = require "posix.stdio"
    assert.same({ 0, 1, 2 }, { stdio.fileno(io.stdin), stdio.fileno(io.stdout), stdio.fileno(io.stderr) })
    local reader, writer = posix.pipe()
    local file = stdio.fdopen(writer, "w")
    assert.equal(writer, stdio.fileno(file))
    file:write "through"
    file:close()
    assert.equal("through", stdio.fdopen(reader, "r"):read "a")
    assert.same({ nil, "fdopen: Bad file descriptor", 9 }, { stdio.fdopen(99, "r") })
    assert.has_error(function() stdio.fileno(1) end)
  end)

  it("dirent: the names in a folder", function()
    local dirent = require "posix.dirent"
    posix.close(posix.creat("/tmp/a", "600"))
    local names, count = dirent.dir "/tmp", 0
    table.sort(names)
    assert.same({ ".", "..", "a" }, { names[1], names[2], names[3] })
    for _ in dirent.files "/tmp" do count = count + 1 end
    assert.equal(#names, count)
    assert.has_error(function() dirent.dir "/nothing" end)
  end)

  it("libgen: parts of paths", function()
    local libgen = require "posix.libgen"
    for path, parts in pairs {
      ["/usr/lib"] = { "/usr", "lib" }, ["/usr/"] = { "/", "usr" }, ["usr"] = { ".", "usr" }, ["/"] = { "/", "/" },
      ["a//b//"] = { "a", "b" }, [""] = { ".", "." }, ["."] = { ".", "." },
    } do
      assert.same(parts, { libgen.dirname(path), libgen.basename(path) })
    end
  end)

  it("utime: times of files", function()
    posix.close(posix.creat("/tmp/a", "600"))
    assert.equal(0, require "posix.utime".utime("/tmp/a", 1000, 2000))
    assert.same({ 1000, 2000 }, { posix.stat("/tmp/a", "mtime", "atime") })
  end)

  it("sys.time, sys.times, sys.utsname, sys.resource: what the kernel tells of itself", function()
    local now = require "posix.sys.time".gettimeofday()
    assert.is_true(now.tv_sec > 1000000000 and now.tv_usec < 1000000)
    assert.equal(0, require "posix.sys.times".times().tms_cutime)
    assert.equal("Linux", require "posix.sys.utsname".uname().sysname)
    local resource = require "posix.sys.resource"
    local limit = resource.getrlimit(resource.RLIMIT_CORE)
    assert.equal(0, resource.setrlimit(resource.RLIMIT_CORE, { rlim_cur = 0, rlim_max = limit.rlim_max }))
    assert.equal(0, resource.getrlimit(resource.RLIMIT_CORE).rlim_cur)
  end)
end)
