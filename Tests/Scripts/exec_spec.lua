-- execve and execveat: which file is run, and what of a task outlives that. Programs report by exit status, or by the
-- file that they write.
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local gate = require "helpers".gate
local programs = require "exec_helpers"
local program, in_child, run, output = programs.program, programs.in_child, programs.run, programs.output

describe("execve", function()
  -- covers: exec.basic exec.pid
  it("runs a file in place of the caller, as the same process", function()
    local before = must.getpid()
    assert.same({ "exited", 7 }, { run("return must.getpid() == 2 and must.getppid() == 1 and 7 or 1") })
    assert.equal(before, must.getpid())
  end)

  -- covers: exec.arguments exec.environment
  it("hands on arguments and environment", function()
    assert.equal("zero,a,,b c,3,V,nil", output(
      "local a, b, c = ... out(arg[0], a, b, c, #arg, os.getenv 'NAME', tostring(os.getenv 'HOME'))", nil,
      { "zero", "a", "", "b c" }, { NAME = "V" }))
    assert.equal("1=2", output("out(os.getenv 'A')", nil, { "p" }, { "A=1=2", "A=3" }))
  end)

  -- covers: exec.no_arguments
  it("makes an empty argument of none at all", function()
    assert.equal("0,", output("out(#arg, arg[0])", function() must.execve("/tmp/program") end))
    assert.equal("0,", output("out(#arg, arg[0])", function() must.execve("/tmp/program", {}) end))
  end)

  it("leaves nothing of the old program behind", function()
    leftover = 1
    string.leftover = 1
    assert.same({ "exited", 0 }, { run("return leftover == nil and string.leftover == nil and 0 or 1") })
    leftover, string.leftover = nil, nil
  end)

  it("does not come back, and closes no variable on the way", function()
    local r, w = must.pipe2()
    assert.same({ "exited", 3 }, { in_child(function()
      local guard <close> = setmetatable({}, { __close = function() must.write(w, "closed") end })
      coroutine.wrap(function() pcall(must.execve, program("/tmp/p", "return 3"), { "p" }) end)()
      must.write(w, "came back")
    end) })
    must.close(w)
    assert.equal("", must.read(r, 64))
  end)

  -- covers: exec.open_errors
  it("refuses what is no executable file", function()
    assert.errno("ENOENT", sys.execve("/tmp/none", { "x" }))
    assert.errno("ENOENT", sys.execve("", { "x" }))
    program("/tmp/p", "", "0644")
    assert.errno("EACCES", sys.execve("/tmp/p", { "x" }))
    assert.errno("ENOTDIR", sys.execve("/tmp/p/q", { "x" }))
    assert.errno("EACCES", sys.execve("/tmp", { "x" }))
    assert.errno("EACCES", sys.execve("/dev/null", { "x" }))
    assert.errno("EACCES", sys.execve("/proc/self/status", { "x" }))
    must.mknod("/tmp/fifo", C.S_IFIFO | 511)
    assert.errno("EACCES", sys.execve("/tmp/fifo", { "x" }))
    must.symlink("loop", "/tmp/loop")
    assert.errno("ELOOP", sys.execve("/tmp/loop", { "x" }))
    assert.errno("ENAMETOOLONG", sys.execve(("x"):rep(256), { "x" }))
  end)

  -- covers: exec.permission
  it("asks the class of the caller for its x bit", function()
    program("/tmp/p", "return 4", "0655")
    assert.same({ "exited", 13 }, { in_child(function()
      must.chown("/tmp/p", 1000, 1000)
      must.setuid(1000)
      return (select(3, sys.execve("/tmp/p", { "p" })))
    end) })
    assert.same({ "exited", 4 }, { in_child(function() must.execve("/tmp/p", { "p" }) end) })
  end)

  -- covers: exec.noexec_format
  it("refuses a file of no known format", function()
    for _, bytes in ipairs { "", "\27Lua", "\127ELF", "x\0y", "#!\n", "#! \t \n", "#!" .. ("x"):rep(300) } do
      ks.put("/tmp/p", bytes)
      must.chmod("/tmp/p", "0755")
      assert.errno("ENOEXEC", sys.execve("/tmp/p", { "x" }))
    end
    -- An empty name, which stands for the working directory.
    ks.put("/tmp/p", "#!")
    assert.errno("EACCES", sys.execve("/tmp/p", { "x" }))
  end)

  -- covers: exec.text_busy
  it("refuses a file that is open for writing", function()
    program("/tmp/p", "return 5")
    local fd = must.open("/tmp/p", "O_WRONLY|O_APPEND")
    assert.errno("ETXTBSY", sys.execve("/tmp/p", { "x" }))
    must.close(fd)
    assert.same({ "exited", 5 }, { in_child(function() must.execve("/tmp/p", { "p" }) end) })
  end)

  -- covers: exec.fault exec.too_big
  it("fails where names or strings cannot be read, or are too long", function()
    program("/tmp/p", "return 0")
    assert.errno("EFAULT", sys.execve(1, { "x" }))
    assert.errno("EFAULT", sys.execve("/tmp/p", 1))
    assert.errno("EFAULT", sys.execve("/tmp/p", { "x" }, 1))
    local buf = ks.buffer(64)
    buf:u64(0, 8)
    assert.errno("EFAULT", sys.execve("/tmp/p", buf.addr))
    assert.errno("E2BIG", sys.execve("/tmp/p", { ("x"):rep(131072) }))
    local many = {}
    for position = 1, 20 do many[position] = ("x"):rep(131071) end
    assert.errno("E2BIG", sys.execve("/tmp/p", many))
  end)

  it("takes arguments from memory", function()
    local buf = ks.buffer(64)
    buf:u64(0, buf.addr + 32)
    buf:u64(8, buf.addr + 36)
    buf:set(32, "p\0\0\0word\0")
    assert.equal("p,word", output("out(arg[0], ...)", function() must.execve("/tmp/program", buf.addr) end))
  end)

  -- covers: exec.check
  it("AT_EXECVE_CHECK tells whether a file might be run, and runs nothing", function()
    program("/tmp/p", "return 0")
    assert.equal(0, must.execveat("AT_FDCWD", "/tmp/p", { "p" }, nil, "AT_EXECVE_CHECK"))
    must.chmod("/tmp/p", "0600")
    assert.errno("EACCES", sys.execveat("AT_FDCWD", "/tmp/p", { "p" }, nil, "AT_EXECVE_CHECK"))
  end)
end)

describe("an interpreter's line", function()
  local function interpreter()
    program("/tmp/interpreter", programs.writes .. "out(arg[0], ...)")
  end
  local function script(line, path)
    ks.put(path or "/tmp/script", line)
    must.chmod(path or "/tmp/script", "0755")
  end
  local function result(fn)
    assert.same({ "exited", 0 }, { in_child(fn) })
    return ks.get "/tmp/out"
  end

  -- covers: exec.script exec.script_argument
  it("is run with the script's path in place of its name", function()
    interpreter()
    for line, seen in pairs {
      ["#!/tmp/interpreter\n"] = "/tmp/interpreter,/tmp/script,a,b",
      ["#! \t/tmp/interpreter \t\nmore"] = "/tmp/interpreter,/tmp/script,a,b",
      ["#!/tmp/interpreter one  two \n"] = "/tmp/interpreter,one  two,/tmp/script,a,b",
      ["#!/tmp/interpreter"] = "/tmp/interpreter,/tmp/script,a,b",
    } do
      script(line)
      assert.equal(seen, result(function() must.execve("/tmp/script", { "name", "a", "b" }) end))
    end
  end)

  it("is looked up from the working directory", function()
    interpreter()
    script "#!interpreter\n"
    assert.errno("ENOENT", sys.execve("/tmp/script", { "x" }))
    assert.equal("interpreter,script", result(function()
      must.chdir "/tmp"
      must.execve("script", { "x" })
    end))
  end)

  -- covers: exec.script_errors exec.script_depth
  it("fails as the interpreter does", function()
    script "#!/tmp/none\n"
    assert.errno("ENOENT", sys.execve("/tmp/script", { "x" }))
    script "#!/tmp\n"
    assert.errno("EACCES", sys.execve("/tmp/script", { "x" }))
    script "#!/tmp/script\n"
    assert.errno("ELOOP", sys.execve("/tmp/script", { "x" }))
    interpreter()
    script("#!/tmp/interpreter\n", "/tmp/s1")
    for number = 2, 6 do script(("#!/tmp/s%d %d\n"):format(number - 1, number), "/tmp/s" .. number) end
    assert.equal("/tmp/interpreter,/tmp/s1,2,/tmp/s2,3,/tmp/s3,4,/tmp/s4,5,/tmp/s5",
      result(function() must.execve("/tmp/s5", { "x" }) end))
    assert.errno("ELOOP", sys.execve("/tmp/s6", { "x" }))
  end)
end)

describe("execveat", function()
  -- covers: exec.at exec.at_empty
  it("starts at a directory, or runs an open file", function()
    must.mkdir("/tmp/d", "0755")
    program("/tmp/d/p", "return 6")
    local d = must.open("/tmp/d", "O_PATH|O_CLOEXEC")
    assert.same({ "exited", 6 }, { in_child(function() must.execveat(d, "p", { "p" }) end) })
    local f = must.open("/tmp/d/p", "O_RDONLY|O_CLOEXEC")
    must.unlink "/tmp/d/p"
    assert.errno("ENOENT", sys.execveat(f, "", { "p" }))
    assert.same({ "exited", 6 }, { in_child(function() must.execveat(f, "", { "p" }, nil, "AT_EMPTY_PATH") end) })
    local m = must.memfd_create("m", 0)
    must.write(m, "return 8")
    assert.same({ "exited", 8 }, { in_child(function() must.execveat(m, "", { "m" }, nil, "AT_EMPTY_PATH") end) })
    local r = must.pipe2()
    assert.errno("EACCES", sys.execveat(r, "", { "p" }, nil, "AT_EMPTY_PATH"))
    assert.errno("EBADF", sys.execveat(99, "p", { "p" }))
    assert.errno("EINVAL", sys.execveat("AT_FDCWD", "/tmp/d/p", { "p" }, nil, 1))
  end)

  -- covers: exec.at_nofollow
  it("leaves a link alone if asked", function()
    program("/tmp/p", "return 0")
    must.symlink("/tmp/p", "/tmp/l")
    assert.errno("ELOOP", sys.execveat("AT_FDCWD", "/tmp/l", { "p" }, nil, "AT_SYMLINK_NOFOLLOW"))
    assert.same({ "exited", 0 }, { in_child(function() must.execveat("AT_FDCWD", "/tmp/l", { "p" }) end) })
  end)

  -- covers: exec.at_cloexec_script
  it("refuses a script behind a descriptor that will be closed", function()
    program("/tmp/i", "return arg[1] == '/dev/fd/' .. arg[2] and 0 or 1")
    ks.put("/tmp/s", "#!/tmp/i\n")
    must.chmod("/tmp/s", "0755")
    local f = must.open("/tmp/s", "O_RDONLY|O_CLOEXEC")
    assert.errno("ENOENT", sys.execveat(f, "", { "p" }, nil, "AT_EMPTY_PATH"))
    must.fcntl(f, "F_SETFD", 0)
    assert.same({ "exited", 0 }, { in_child(function()
      must.execveat(f, "", { "p", tostring(f) }, nil, "AT_EMPTY_PATH")
    end) })
  end)
end)

describe("over execve", function()
  -- covers: exec.cloexec exec.files_kept
  it("descriptors stay open but for those marked", function()
    assert.equal("EBADF,5,x", output("local _, _, e = sys.fcntl(4, 'F_GETFD') "
      .. "out(ks.errno(e), must.lseek(5, 0, C.SEEK_CUR), must.pread(5, 1, 0))", function()
      assert.equal(3, must.open("/tmp/other", "O_RDWR|O_CREAT", "0600"))
      assert.equal(4, must.dup3(3, 4, "O_CLOEXEC"))
      must.write(3, "xyzzy")
      assert.equal(5, must.dup(3))
    end))
  end)

  -- covers: exec.files_unshared
  it("a shared table of descriptors is no longer shared", function()
    program("/tmp/p", "must.close(3)")
    local fd = must.memfd_create("m", 0)
    assert.equal(3, fd)
    local pid = must.clone3({ flags = "CLONE_FILES", exit_signal = "SIGCHLD" }, function()
      must.execve("/tmp/p", { "p" })
    end)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
    assert.equal(0, must.lseek(fd, 0, C.SEEK_CUR))
  end)

  -- covers: exec.signals exec.handlers exec.ignored
  it("handlers are gone, ignored signals stay so, the mask and what is pending stay", function()
    assert.equal("SIG_DFL,SIG_IGN,0,SIG_DFL,0,1,10", output([[
      local usr, hup, chld = must.sigaction("SIGUSR1"), must.sigaction("SIGHUP"), must.sigaction("SIGCHLD")
      local name = function(a) return type(a) == "table" and a.handler or a end
      local flags = function(a) return type(a) == "table" and a.flags or 0 end
      local blocked, pending = must.sigprocmask("SIG_BLOCK", {}), must.sigpending()
      out(name(usr), name(hup), flags(hup), name(chld), flags(chld), #blocked, pending[1])
    ]], function()
      must.sigaction("SIGUSR1", function() end)
      must.sigaction("SIGHUP", { handler = "SIG_IGN", flags = "SA_RESTART" })
      must.sigaction("SIGCHLD", { handler = "SIG_DFL", flags = "SA_NOCLDWAIT" })
      must.sigprocmask("SIG_BLOCK", { "SIGUSR1" })
      must.kill(must.getpid(), "SIGUSR1")
    end))
  end)

  -- covers: exec.in_handler
  it("a handler that runs a program is never left", function()
    assert.equal("1,12", output("local l = must.sigprocmask('SIG_BLOCK', {}) out(#l, l[1])", function()
      must.sigaction("SIGUSR2", function() must.execve("/tmp/program", { "p" }) end)
      must.kill(must.getpid(), "SIGUSR2")
      must.pause()
    end))
  end)

  -- covers: exec.timers exec.itimer
  it("interval timers and alarms go on, POSIX timers end with their signals", function()
    assert.equal("EINVAL,true,0", output([[
      local _, _, e = sys.timer_gettime(0)
      local left = must.getitimer("ITIMER_REAL").it_value
      out(ks.errno(e), tostring((type(left) == "table" and left.tv_sec or left) > 50), #must.sigpending())
    ]], function()
      must.sigprocmask("SIG_BLOCK", { "SIGUSR1" })
      local id = must.timer_create("CLOCK_MONOTONIC", { sigev_notify = "SIGEV_SIGNAL", sigev_signo = "SIGUSR1" })
      assert.equal(0, id)
      must.timer_settime(id, 0, { it_value = 0.001 })
      must.nanosleep(0.01)
      assert.same({ 10 }, must.sigpending())
      must.setitimer("ITIMER_REAL", { it_value = 100 })
    end))
  end)

  -- covers: exec.name
  it("the task is named after the file", function()
    program("/tmp/a_name_that_is_long", "return must.prctl('PR_GET_NAME') == 'a_name_that_is_' and 0 or 1")
    assert.same({ "exited", 0 }, { in_child(function() must.execve("/tmp/a_name_that_is_long", { "x" }) end) })
    assert.equal("program\n", output("local fd = must.open('/proc/self/comm', 0) out(must.read(fd, 64))"))
  end)

  -- covers: exec.attributes_kept
  it("working directory, mask, limits, priority, group and session stay", function()
    assert.equal("/tmp,18,77,true,true,1", output([[
      local pid = must.getpid()
      out(must.getcwd(), must.umask(0), must.getrlimit("RLIMIT_NOFILE").rlim_cur, tostring(must.getsid(0) == pid),
        tostring(must.getpgrp() == pid), must.prctl "PR_GET_CHILD_SUBREAPER")
    ]], function()
      must.chdir "/tmp"
      must.setsid()
      must.setrlimit("RLIMIT_NOFILE", { rlim_cur = 77, rlim_max = 100 })
      must.prctl("PR_SET_CHILD_SUBREAPER", 1)
    end))
  end)

  -- covers: exec.threads exec.leader
  it("the other threads end, and the caller is the process", function()
    program("/tmp/p", "return must.gettid() == must.getpid() and must.getpid() == tonumber(arg[1]) and 0 or 1")
    assert.same({ "exited", 0 }, { in_child(function()
      local pid = tostring(must.getpid())
      local shared = "CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD"
      must.clone3({ flags = shared }, function() while true do sys.pause() end end)
      must.clone3({ flags = shared }, function() must.execve("/tmp/p", { "p", pid }) end)
      while true do sys.pause() end
    end) })
  end)

  -- covers: exec.vfork
  it("who waits in vfork goes on", function()
    program("/tmp/p", "must.read(tonumber(arg[1]), 1) return 9")
    local r, w = must.pipe2()
    local pid = must.vfork(function() must.execve("/tmp/p", { "p", tostring(r) }) end)
    assert.equal(0, (must.waitpid(pid, "WNOHANG")))
    must.write(w, "x")
    assert.same({ pid, "exited", 9 }, { must.waitpid(pid) })
  end)

  -- covers: exec.exit_signal
  it("a child of clone3 tells its end by SIGCHLD", function()
    program("/tmp/p", "return 0")
    must.sigprocmask("SIG_BLOCK", { "SIGCHLD", "SIGUSR1" })
    local wait, go = gate()
    local pid = must.clone3({ exit_signal = "SIGUSR1" }, function()
      wait()
      must.execve("/tmp/p", { "p" })
    end)
    assert.errno("ECHILD", sys.waitpid(pid, "WNOHANG"))
    go()
    must.waitpid(pid, "__WALL")
    assert.same({ 17 }, must.sigpending())
  end)

  -- covers: exec.memory
  it("nothing stays mapped", function()
    assert.equal("EFAULT", output("local _, _, e = sys.write(1, tonumber(arg[1]), 1) out((ks.errno(e)))", function()
      local map = must.mmap(0, 4096, C.PROT_READ, C.MAP_PRIVATE | C.MAP_ANONYMOUS, -1, 0)
      must.execve("/tmp/program", { "p", tostring(map.addr) })
    end))
  end)
end)

describe("a registered program", function()
  it("is run by its name", function()
    ks.program("adder", function(a, b) return math.tointeger(a + b) end)
    assert.same({ "exited", 5 }, { in_child(function() must.execve("adder", { "adder", "2", "3" }) end) })
  end)

  it("may run itself again, in a kernel that a script drives too #emulated", function()
    ks.program("countdown", function(n)
      n = math.tointeger(n)
      if n == 0 then return 0 end
      require("kscript").must.execve("countdown", { "countdown", tostring(n - 1) })
    end)
    assert.same({ "exited", 0 }, { in_child(function() must.execve("countdown", { "c", "1000" }) end) })
    local k <close> = ks.new()
    k:spawn("countdown", "10")
    assert.equal("done", k:run())
    assert.same({ 2, "exited", 0 }, { k.init.must.waitpid(2) })
  end)
end)

describe("mistakes", function()
  it("are told at the script's line", function()
    for message, arguments in pairs {
      ["a list of strings"] = { "/tmp/p", "word" }, ["element 1 is a number: use tostring"] = { "/tmp/p", { 1 } },
      ["without NULs"] = { "/tmp/p", { "a\0b" } }, ["strings by name"] = { "/tmp/p", {}, { a = 1 } },
    } do
      local ok, text = pcall(sys.execve, table.unpack(arguments))
      assert.is_false(ok)
      assert.is_truthy(text:find(message, 1, true), text)
    end
  end)
end)
