local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

-- Tasks report by exit status or by a pipe, never by a shared Lua variable:
-- what is shared is the kernel's business here.
local function in_child(fn) return select(3, must.waitpid(must.fork(fn))) end

describe("fork", function()
  -- covers: process.fork.basic process.fork.pid_order
  it("returns the child's pid, and pids go up from 1", function()
    assert.equal(1, must.getpid())
    local pid = must.fork(function() return must.getpid() end)
    assert.equal(2, pid)
    assert.same({ 2, "exited", 2 }, { must.waitpid(pid) })
  end)

  -- covers: process.fork.pid_no_reuse
  it("does not hand out the pid of a child that was just reaped", function()
    for want = 2, 5 do
      local pid = must.fork(function() end)
      assert.equal(want, pid)
      must.waitpid(pid)
    end
  end)

  -- covers: process.ids.getppid process.ids.gettid
  it("makes the caller the parent; the thread id of a lone thread is its pid", function()
    assert.equal(1, in_child(function() return must.getppid() end))
    assert.equal(0, in_child(function() return must.gettid() == must.getpid() and 0 or 1 end))
    assert.equal(1, must.gettid())
  end)

  -- covers: process.ids.init_ppid
  it("gives task 1 no parent", function() assert.equal(0, must.getppid()) end)

  -- covers: process.fork.fd_table
  it("copies the descriptor table", function()
    local r, w = must.pipe2()
    assert.equal(0, in_child(function() must.close(r) must.close(w) end))
    assert.equal(1, must.write(w, "x"))
    assert.equal("x", must.read(r, 8))
    local child_fd = in_child(function() return must.dup(r) end)
    assert.equal(5, child_fd)
    assert.errno("EBADF", sys.fcntl(child_fd, "F_GETFD"))
  end)

  -- covers: process.fork.open_file_shared
  it("shares the open file: offset and status flags", function()
    local fd = must.memfd_create("m", 0)
    must.write(fd, "abcdef")
    must.lseek(fd, 0, 0)
    assert.equal(0, in_child(function()
      must.read(fd, 2)
      must.fcntl(fd, "F_SETFL", "O_NONBLOCK")
    end))
    assert.equal("cd", must.read(fd, 2))
    assert.equal(C.O_NONBLOCK, must.fcntl(fd, "F_GETFL") & C.O_NONBLOCK)
  end)

  -- covers: process.fork.cwd_umask
  it("copies working directory and umask", function()
    must.umask("027")
    local before = must.getcwd()
    assert.equal(tonumber("027", 8), in_child(function()
      assert.equal(before, must.getcwd())
      must.chdir("/tmp")
      return must.umask("077")
    end))
    assert.equal(before, must.getcwd())
    assert.equal(tonumber("027", 8), must.umask("022"))
  end)

  -- covers: process.fork.signals_mask process.fork.signals_pending
  it("hands down the mask but no pending signal", function()
    must.sigprocmask("SIG_BLOCK", { "SIGUSR1", "SIGUSR2" })
    must.kill(1, "SIGUSR1")
    assert.same({ C.SIGUSR1 }, must.sigpending())
    assert.equal(0, in_child(function()
      assert.same({}, must.sigpending())
      assert.same({ C.SIGUSR1, C.SIGUSR2 }, must.sigprocmask("SIG_BLOCK", {}))
    end))
    assert.same({ C.SIGUSR1 }, must.sigpending())
  end)

  -- covers: process.fork.signals_actions
  it("copies the signal actions: later changes stay private", function()
    must.sigaction("SIGUSR1", "SIG_IGN")
    assert.equal(0, in_child(function()
      assert.equal("SIG_IGN", must.sigaction("SIGUSR1", "SIG_DFL"))
    end))
    assert.equal("SIG_IGN", must.sigaction("SIGUSR1", "SIG_IGN"))
  end)

  -- covers: process.fork.timers
  it("hands down no interval timer and no POSIX timer", function()
    must.setitimer("ITIMER_REAL", { it_value = 100 })
    local id = must.timer_create("CLOCK_MONOTONIC", { sigev_notify = "SIGEV_NONE" })
    assert.equal(0, in_child(function()
      local now = must.getitimer("ITIMER_REAL").it_value
      assert.same({ 0, 0 }, { now.tv_sec, now.tv_usec })
      assert.errno("EINVAL", sys.timer_gettime(id))
    end))
    assert.is_true(must.getitimer("ITIMER_REAL").it_value.tv_sec > 90)
  end)

  -- covers: process.fork.group
  it("puts the child into the caller's group and session", function()
    assert.equal(0, in_child(function()
      local me = must.setsid()
      assert.equal(me, must.getpid())
      assert.equal(me, in_child(function() return must.getpgrp() end))
      assert.equal(me, in_child(function() return must.getsid(0) end))
    end))
  end)
end)

describe("clone3", function()
  -- covers: process.clone.CLONE_FILES
  it("with CLONE_FILES shares the descriptor table", function()
    local r, w = must.pipe2()
    local pid = must.clone3({ flags = "CLONE_FILES", exit_signal = "SIGCHLD" }, function()
      must.close(r)
      return must.dup(w)
    end)
    assert.same({ pid, "exited", 3 }, { must.waitpid(pid) })
    assert.equal(1, must.fcntl(3, "F_GETFL") & 3)
  end)

  -- covers: process.clone.CLONE_FS
  it("with CLONE_FS shares umask and working directory", function()
    local pid = must.clone3({ flags = "CLONE_FS", exit_signal = "SIGCHLD" }, function() must.umask("007") end)
    must.waitpid(pid)
    assert.equal(7, must.umask("022"))
  end)

  -- covers: process.clone.CLONE_SIGHAND_needs_VM process.clone.CLONE_THREAD_needs_SIGHAND process.clone.conflicts
  it("refuses combinations that cannot be", function()
    local function try(flags, signal)
      return sys.clone3({ flags = flags, exit_signal = signal or "SIGCHLD" }, function() end)
    end
    assert.errno("EINVAL", try("CLONE_SIGHAND"))
    assert.errno("EINVAL", try("CLONE_THREAD", 0))
    assert.errno("EINVAL", try("CLONE_THREAD|CLONE_VM", 0))
    assert.errno("EINVAL", try("CLONE_FS|CLONE_NEWNS"))
    assert.errno("EINVAL", try("CLONE_CLEAR_SIGHAND|CLONE_SIGHAND|CLONE_VM"))
  end)

  -- covers: process.clone.exit_signal_range
  it("takes an exit signal of 0 to 64", function()
    assert.errno("EINVAL", sys.clone3({ flags = 0, exit_signal = 65 }, function() end))
    must.waitpid(must.clone3({ flags = 0, exit_signal = 64 }, function() end), "__WALL")
  end)

  -- covers: process.clone.CLONE_PARENT process.clone.CLONE_PARENT_init
  it("with CLONE_PARENT makes a sibling, which init may not", function()
    assert.errno("EINVAL", sys.clone3({ flags = "CLONE_PARENT", exit_signal = 0 }, function() end))
    local middle = must.fork(function()
      must.clone3({ flags = "CLONE_PARENT", exit_signal = 0 }, function() return must.getppid() + 40 end)
      assert.errno("ECHILD", sys.waitpid(-1))
    end)
    assert.same({ middle, "exited", 0 }, { must.waitpid(middle) })
    assert.same({ middle + 1, "exited", 41 }, { must.waitpid(-1) })
  end)

  -- covers: process.clone.CLONE_CLEAR_SIGHAND
  it("with CLONE_CLEAR_SIGHAND forgets handlers but keeps what is ignored", function()
    must.sigaction("SIGUSR1", function() end)
    must.sigaction("SIGUSR2", "SIG_IGN")
    local pid = must.clone3({ flags = "CLONE_CLEAR_SIGHAND", exit_signal = "SIGCHLD" }, function()
      assert.equal("SIG_DFL", must.sigaction("SIGUSR1", "SIG_DFL"))
      assert.equal("SIG_IGN", must.sigaction("SIGUSR2", "SIG_DFL"))
    end)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
  end)

  -- covers: process.clone.exit_signal_wait process.wait.__WCLONE
  it("with another exit signal than SIGCHLD is waited for with __WCLONE or __WALL only", function()
    local quiet = must.clone3({ flags = 0, exit_signal = 0 }, function() return 4 end)
    ks.settle()
    assert.errno("ECHILD", sys.waitpid(quiet))
    assert.same({ quiet, "exited", 4 }, { must.waitpid(quiet, "__WCLONE") })
    local plain = must.fork(function() return 5 end)
    ks.settle()
    assert.errno("ECHILD", sys.waitpid(plain, "__WCLONE"))
    assert.same({ plain, "exited", 5 }, { must.waitpid(plain, "__WALL") })
  end)
end)

-- Tasks of one address space. The statements were seen with C programs: a Lua state cannot be forked into threads.
describe("tasks that share memory #threads", function()
  local THREAD = "CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM"

  -- covers: process.clone.CLONE_SIGHAND
  it("with CLONE_SIGHAND have one table of actions", function()
    local pid = must.clone3({ flags = "CLONE_VM|CLONE_SIGHAND", exit_signal = "SIGCHLD" }, function()
      must.sigaction("SIGUSR1", "SIG_IGN")
    end)
    must.waitpid(pid)
    assert.equal("SIG_IGN", must.sigaction("SIGUSR1", "SIG_DFL"))
  end)

  -- covers: process.clone.CLONE_VFORK
  it("with CLONE_VFORK make the caller wait for the child's end", function()
    local pid = must.clone3({ flags = "CLONE_VM|CLONE_VFORK", exit_signal = "SIGCHLD" }, function() return 3 end)
    assert.same({ pid, "exited", 3 }, { must.waitpid(pid, "WNOHANG") })
  end)

  -- covers: process.thread.leader_exits
  it("of one process keep it from being waited for until the last has ended", function()
    local r, w = must.pipe2()
    local pid = must.fork(function()
      must.clone3({ flags = THREAD, exit_signal = 0 }, function()
        must.read(r, 1)
        sys.exit(9)
      end)
      sys.exit(7)
    end)
    ks.settle()
    assert.equal(0, must.waitpid(pid, "WNOHANG"))
    assert.equal(0, must.kill(pid, 0))
    must.write(w, "x")
    assert.same({ pid, "exited", 9 }, { must.waitpid(pid) })
  end)

  -- covers: process.thread.exit_group
  it("of one process all end by exit_group of any", function()
    local pid = must.fork(function()
      must.clone3({ flags = THREAD, exit_signal = 0 }, function() sys.exit_group(5) end)
      while true do sys.pause() end
    end)
    assert.same({ pid, "exited", 5 }, { must.waitpid(pid) })
  end)

  -- covers: signal.thread.choice
  it("of one process get its signals: the first thread unless it blocks them", function()
    local pid = must.fork(function()
      local seen
      must.sigaction("SIGUSR1", function() seen = must.gettid() end)
      local other = must.clone3({ flags = THREAD, exit_signal = 0 }, function() while true do sys.pause() end end)
      ks.settle()
      must.kill(must.getpid(), "SIGUSR1")
      assert.equal(must.getpid(), seen)
      must.sigprocmask("SIG_BLOCK", { "SIGUSR1" })
      must.kill(must.getpid(), "SIGUSR1")
      ks.settle()
      assert.equal(other, seen)
      must.exit_group(0)
    end)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
  end)
end)
