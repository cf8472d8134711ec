-- Locks that sleep, deadlocks, locks of open files, and flock.
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local function file(flags) return must.open("/tmp/f", "O_CREAT|" .. (flags or "O_RDWR"), "0600") end
local function range(kind, start, len) return { l_type = kind, l_start = start, l_len = len } end
local function finish(pid) assert.same({ pid, "exited", 0 }, { must.waitpid(pid) }) end
local function held(f, start, len) -- what another process finds in the way of a write lock
  local r, w = must.pipe2()
  finish(must.fork(function()
    local l = must.fcntl(f, "F_GETLK", range("F_WRLCK", start, len))
    must.write(w, ("%d %d %d"):format(l.l_type, l.l_start, l.l_len))
  end))
  local answer = must.read(r, 100)
  must.close(r) must.close(w)
  return answer
end

describe("record locks of a process", function()
  it("are cut by an unlock in the middle, and equal neighbours become one", function()
    -- covers: fd.lock.split
    local f = file()
    must.fcntl(f, "F_SETLK", range("F_WRLCK", 0, 100))
    must.fcntl(f, "F_SETLK", range("F_UNLCK", 40, 20))
    assert.equal("1 0 40", held(f, 0, 0))
    assert.equal("2 40 20", held(f, 40, 20))
    assert.equal("1 60 40", held(f, 40, 0))
    must.fcntl(f, "F_SETLK", range("F_WRLCK", 40, 20))
    assert.equal("1 0 100", held(f, 50, 1))
    must.fcntl(f, "F_SETLK", range("F_RDLCK", 10, 10))
    assert.equal("0 10 10", held(f, 15, 1))
    assert.equal("1 20 80", held(f, 20, 1))
  end)

  it("count from the offset or the end, and backwards", function()
    -- covers: fd.lock.whence
    local f = file()
    must.write(f, ("x"):rep(50))
    must.fcntl(f, "F_SETLK", { l_type = "F_WRLCK", l_whence = "SEEK_END", l_start = 0, l_len = -10 })
    assert.equal("1 40 10", held(f, 0, 0))
    must.lseek(f, 5, "SEEK_SET")
    must.fcntl(f, "F_SETLK", { l_type = "F_WRLCK", l_whence = "SEEK_CUR", l_start = -5, l_len = 3 })
    assert.equal("1 0 3", held(f, 0, 0))
    assert.errno("EINVAL", sys.fcntl(f, "F_SETLK", range("F_WRLCK", 5, -6)))
    assert.errno("EOVERFLOW", sys.fcntl(f, "F_SETLK", range("F_WRLCK", math.maxinteger, 2)))
    assert.errno("EINVAL", sys.fcntl(f, "F_GETLK", range("F_UNLCK", 0, 0)))
  end)

  it("are waited for by F_SETLKW, in the order of the calls", function()
    -- covers: fd.lock.wait
    local f, order = file(), {}
    must.fcntl(f, "F_SETLK", range("F_WRLCK", 0, 10))
    local pids = {}
    for n = 1, 3 do
      pids[n] = must.fork(function()
        must.fcntl(f, "F_SETLKW", range("F_WRLCK", 0, 10))
        order[#order + 1] = n
        ks.settle()
      end)
      ks.settle()
    end
    assert.same({}, order)
    must.fcntl(f, "F_SETLK", range("F_UNLCK", 0, 10))
    for n = 1, 3 do finish(pids[n]) end
    assert.same({ 1, 2, 3 }, order)
  end)

  it("are given up by the end of the process", function()
    -- covers: fd.lock.exit
    local f = file()
    local r, w = must.pipe2()
    local pid = must.fork(function()
      must.fcntl(f, "F_SETLK", range("F_WRLCK", 0, 0))
      must.write(w, "x")
      ks.settle()
    end)
    must.read(r, 1)
    assert.errno("EAGAIN", sys.fcntl(f, "F_SETLK", range("F_RDLCK", 5, 1)))
    assert.equal(0, must.fcntl(f, "F_SETLKW", range("F_RDLCK", 5, 1)))
    finish(pid)
  end)

  it("that would wait for each other are EDEADLK", function()
    -- covers: fd.lock.deadlock
    local f = file()
    must.fcntl(f, "F_SETLK", range("F_WRLCK", 0, 1))
    local pid = must.fork(function()
      must.fcntl(f, "F_SETLK", range("F_WRLCK", 1, 1))
      must.fcntl(f, "F_SETLKW", range("F_WRLCK", 0, 1))
    end)
    ks.settle()
    assert.errno("EDEADLK", sys.fcntl(f, "F_SETLKW", range("F_WRLCK", 1, 1)))
    must.fcntl(f, "F_SETLK", range("F_UNLCK", 0, 0))
    finish(pid)
  end)

  it("that wait are interrupted by a handler", function()
    -- covers: fd.lock.eintr
    local f = file()
    must.fcntl(f, "F_SETLK", range("F_WRLCK", 0, 1))
    local pid = must.fork(function()
      must.sigaction("SIGUSR1", function() end)
      assert.errno("EINTR", sys.fcntl(f, "F_SETLKW", range("F_WRLCK", 0, 1)))
    end)
    ks.settle()
    must.kill(pid, "SIGUSR1")
    finish(pid)
  end)
end)

describe("record locks of an open file", function()
  it("conflict within one process, have pid -1, and outlive other descriptors", function()
    -- covers: fd.lock.ofd
    local a, b = file(), file()
    must.fcntl(a, "F_OFD_SETLK", range("F_WRLCK", 0, 10))
    assert.errno("EAGAIN", sys.fcntl(b, "F_OFD_SETLK", range("F_RDLCK", 5, 1)))
    assert.errno("EAGAIN", sys.fcntl(a, "F_SETLK", range("F_RDLCK", 5, 1)))
    local l = must.fcntl(b, "F_OFD_GETLK", range("F_WRLCK", 0, 0))
    assert.same({ C.F_WRLCK, 0, 10, -1 }, { l.l_type, l.l_start, l.l_len, l.l_pid })
    must.close(file())
    assert.errno("EAGAIN", sys.fcntl(b, "F_OFD_SETLK", range("F_RDLCK", 5, 1)))
    assert.errno("EINVAL", sys.fcntl(b, "F_OFD_SETLK", { l_type = "F_RDLCK", l_pid = 1 }))
    local copy = must.dup(a)
    must.close(a)
    assert.errno("EAGAIN", sys.fcntl(b, "F_OFD_SETLK", range("F_RDLCK", 5, 1)))
    must.close(copy)
    must.fcntl(b, "F_OFD_SETLK", range("F_RDLCK", 5, 1))
  end)
end)

describe("flock", function()
  it("is shared or exclusive between open files, not descriptors", function()
    -- covers: fd.flock.conflict
    local a, b = file(), file()
    assert.equal(0, must.flock(a, "LOCK_EX"))
    must.flock(must.dup(a), "LOCK_EX|LOCK_NB")
    assert.errno("EAGAIN", sys.flock(b, "LOCK_SH|LOCK_NB"))
    must.flock(a, "LOCK_SH")
    must.flock(b, "LOCK_SH|LOCK_NB")
    assert.errno("EAGAIN", sys.flock(a, "LOCK_EX|LOCK_NB"))
    -- The attempt has cost a its shared lock.
    must.flock(b, "LOCK_EX|LOCK_NB")
  end)

  it("checks the operation before the descriptor", function()
    -- covers: fd.flock.errors
    assert.errno("EINVAL", sys.flock(99, 0))
    assert.errno("EINVAL", sys.flock(99, "LOCK_SH|LOCK_EX"))
    assert.errno("EBADF", sys.flock(99, "LOCK_SH"))
    file()
    assert.errno("EBADF", sys.flock(must.open("/tmp/f", "O_PATH"), "LOCK_SH"))
    assert.equal(0, must.flock(must.open("/tmp/f", "O_RDONLY"), "LOCK_EX"))
  end)

  it("waits, and ends with the last descriptor of the open file", function()
    -- covers: fd.flock.wait
    local a = file()
    must.flock(a, "LOCK_EX")
    local pid = must.fork(function()
      local b = file()
      must.flock(b, "LOCK_EX")
    end)
    ks.settle()
    must.close(a) -- the child holds a copy
    ks.settle()
    assert.equal("flock", ks.task(pid).blocked_in)
    must.kill(pid, "SIGKILL")
    assert.same({ pid, "killed", C.SIGKILL }, { must.waitpid(pid) })
    must.flock(file(), "LOCK_EX|LOCK_NB")
  end)

  it("knows nothing of record locks", function()
    -- covers: fd.flock.records
    local a, b = file(), file()
    must.flock(a, "LOCK_EX")
    must.fcntl(b, "F_OFD_SETLK", range("F_WRLCK", 0, 0))
  end)
end)
