-- fcntl: flags of a descriptor, flags of an open file, record locks; and FIO* of ioctl.
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local function file(flags) return must.open("/tmp/f", "O_CREAT|" .. (flags or "O_RDWR"), "0600") end

describe("fcntl", function()
  it("checks the descriptor before the command", function()
    -- covers: fd.fcntl.order
    assert.errno("EBADF", sys.fcntl(99, 9999))
    assert.errno("EINVAL", sys.fcntl(0, 9999))
    assert.errno("EBADF", sys.fcntl(99, "F_GETFL"))
  end)

  it("F_SETFD looks at the lowest bit alone", function()
    -- covers: fd.fcntl.setfd
    local f = file()
    for argument, value in pairs { [1] = 1, [2] = 0, [3] = 1, [0] = 0 } do
      must.fcntl(f, "F_SETFD", argument)
      assert.equal(value, must.fcntl(f, "F_GETFD"))
    end
  end)

  it("F_GETFL shows the access mode and the status flags, not those of creation", function()
    -- covers: fd.fcntl.getfl
    local f = file "O_RDWR|O_EXCL|O_TRUNC|O_NOFOLLOW|O_NOCTTY|O_APPEND|O_NONBLOCK|O_CLOEXEC"
    -- On x86-64 the kernel adds O_LARGEFILE (0100000) to every open; O_NOFOLLOW stays visible.
    local large = tonumber("100000", 8)
    assert.equal(C.O_RDWR | C.O_APPEND | C.O_NONBLOCK | C.O_NOFOLLOW | large, must.fcntl(f, "F_GETFL"))
    assert.equal(C.O_PATH, must.fcntl(must.open("/tmp/f", "O_PATH|O_RDWR"), "F_GETFL"))
  end)

  it("F_SETFL changes only APPEND, NONBLOCK, ASYNC, DIRECT and NOATIME", function()
    -- covers: fd.fcntl.setfl
    local f = file()
    local base = must.fcntl(f, "F_GETFL")
    must.fcntl(f, "F_SETFL", "O_WRONLY|O_CREAT|O_TRUNC|O_SYNC|O_NONBLOCK|O_APPEND")
    assert.equal(base | C.O_NONBLOCK | C.O_APPEND, must.fcntl(f, "F_GETFL"))
    must.fcntl(f, "F_SETFL", 0)
    assert.equal(base, must.fcntl(f, "F_GETFL"))
  end)

  it("F_SETFL O_NOATIME is for the owner and the privileged", function()
    -- covers: fd.fcntl.noatime
    local f = file()
    must.fcntl(f, "F_SETFL", "O_NOATIME")
    must.fcntl(f, "F_SETFL", 0)
    local pid = must.fork(function()
      must.setresuid(1000, 1000, 1000)
      assert.errno("EPERM", sys.fcntl(f, "F_SETFL", "O_NOATIME"))
    end)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
  end)
end)

describe("ioctl", function()
  it("FIOCLEX and FIONCLEX set and clear close-on-exec, FIONBIO the non-blocking flag", function()
    -- covers: fd.ioctl.fioclex
    local f = file()
    must.ioctl(f, "FIOCLEX")
    assert.equal(C.FD_CLOEXEC, must.fcntl(f, "F_GETFD"))
    must.ioctl(f, "FIONCLEX")
    assert.equal(0, must.fcntl(f, "F_GETFD"))
    must.ioctl(f, "FIONBIO", 1)
    assert.equal(C.O_NONBLOCK, must.fcntl(f, "F_GETFL") & C.O_NONBLOCK)
  end)

  it("FIONREAD of a regular file is what lies beyond the offset", function()
    -- covers: fd.ioctl.fionread fd.ioctl.enotty
    local f = file()
    must.write(f, "abcdef")
    assert.equal(0, must.ioctl(f, "FIONREAD"))
    must.lseek(f, 2, "SEEK_SET")
    assert.equal(4, must.ioctl(f, "FIONREAD"))
    assert.errno("ENOTTY", sys.ioctl(must.open("/tmp", "O_RDONLY"), "FIONREAD"))
    assert.errno("EBADF", sys.ioctl(99, "FIONREAD"))
  end)
end)

describe("record locks", function()
  local whole = { l_type = "F_WRLCK", l_start = 0, l_len = 10 }

  it("conflict between processes, by range", function()
    -- covers: fd.lock.conflict fd.lock.getlk fd.lock.own
    local f = file()
    must.fcntl(f, "F_SETLK", whole)
    assert.equal(C.F_UNLCK, must.fcntl(f, "F_GETLK", whole).l_type)
    local pid = must.fork(function()
      local other = must.fcntl(f, "F_GETLK", { l_type = "F_RDLCK", l_start = 5, l_len = 10 })
      assert.same({ C.F_WRLCK, 0, 10, must.getppid() }, { other.l_type, other.l_start, other.l_len, other.l_pid })
      assert.errno("EAGAIN", sys.fcntl(f, "F_SETLK", { l_type = "F_RDLCK", l_start = 9, l_len = 1 }))
      must.fcntl(f, "F_SETLK", { l_type = "F_WRLCK", l_start = 10, l_len = 0 })
    end)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
  end)

  it("are lost when the process closes any descriptor of the file", function()
    -- covers: fd.lock.close
    local f = file()
    must.fcntl(f, "F_SETLK", whole)
    must.close(must.open("/tmp/f", "O_RDONLY"))
    local pid = must.fork(function() must.fcntl(f, "F_SETLK", whole) end)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
  end)

  it("need the file open in the lock's direction", function()
    -- covers: fd.lock.errors
    file()
    local r, w = must.open("/tmp/f", "O_RDONLY"), must.open("/tmp/f", "O_WRONLY")
    assert.errno("EBADF", sys.fcntl(r, "F_SETLK", whole))
    assert.errno("EBADF", sys.fcntl(w, "F_SETLK", { l_type = "F_RDLCK" }))
    assert.errno("EINVAL", sys.fcntl(w, "F_SETLK", { l_type = "F_WRLCK", l_start = -1 }))
    assert.errno("EFAULT", sys.fcntl(w, "F_SETLK", 1))
  end)
end)
