local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local size = 16
local q, seen

local function open()
  return must.mq_open("/a", "O_CREAT|O_RDWR|O_NONBLOCK", "0600", { mq_maxmsg = 4, mq_msgsize = size })
end
local function by_signal(value, signal)
  return { sigev_notify = "SIGEV_SIGNAL", sigev_signo = signal or "SIGUSR1", sigev_value = value or 0 }
end
local none = { sigev_notify = "SIGEV_NONE" }
local function status() return must.pread(q, 100, 0) end
local function owner() return tonumber(status():match "NOTIFY_PID:(%d+)") end

-- Whether one can register: then it is taken back.
local function is_free()
  local ok, _, errno = sys.mq_notify(q, none)
  if ok then must.mq_notify(q, nil) else assert.equal(C.EBUSY, errno) end
  return ok ~= nil
end

describe("mq_notify", function()
  before_each(function()
    q, seen = open(), {}
    must.sigaction("SIGUSR1", function(_, info) seen[#seen + 1] = info end)
  end)

  -- covers: mq.notify.SIGEV_SIGNAL
  it("sends a signal once, when a message comes to the empty queue", function()
    must.mq_notify(q, by_signal(42))
    local pid = must.fork(function()
      must.setresuid(1000, 1000, 1000)
      must.mq_send(q, "x")
      must.mq_send(q, "y")
    end)
    ks.settle()
    must.waitpid(pid)
    assert.equal(1, #seen)
    local info = seen[1]
    assert.same(
      { C.SIGUSR1, C.SI_MESGQ, pid, 1000, 42 },
      { info.si_signo, info.si_code, info.si_pid, info.si_uid, info.si_value })
    must.mq_receive(q, size)
    must.mq_receive(q, size)
    must.mq_send(q, "z")
    assert.equal(1, #seen)
    assert.errno("EINVAL", sys.mq_notify(q, by_signal(0, 65)))
    assert.errno("EBADF", sys.mq_notify(99, by_signal()))
    assert.errno("EBADF", sys.mq_notify(must.eventfd(0), by_signal()))
    assert.errno("EFAULT", sys.mq_notify(q, 1))
  end)

  -- covers: mq.notify.busy
  it("has room for one, whoever it is", function()
    for _, event in ipairs { none, by_signal() } do
      must.mq_notify(q, event)
      assert.errno("EBUSY", sys.mq_notify(q, none))
      assert.errno("EBUSY", sys.mq_notify(must.mq_open("/a", "O_RDONLY"), by_signal()))
      local pid = must.fork(function() assert.errno("EBUSY", sys.mq_notify(q, none)) end)
      assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
      must.mq_notify(q, nil)
    end
  end)

  -- covers: mq.notify.remove
  it("with nothing takes back one's own, and succeeds where there is none", function()
    must.mq_notify(q, nil)
    must.mq_notify(q, none)
    local pid = must.fork(function() must.mq_notify(q, nil) end)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
    assert.is_false(is_free())
    must.mq_notify(q, nil)
    assert.is_true(is_free())
    assert.errno("EBADF", sys.mq_notify(99, nil))
  end)

  -- covers: mq.notify.nonempty
  it("on a queue that holds something waits until it was emptied", function()
    must.mq_send(q, "old")
    must.mq_notify(q, by_signal())
    must.mq_send(q, "another")
    assert.equal(0, #seen)
    must.mq_receive(q, size)
    must.mq_receive(q, size)
    assert.equal(0, #seen)
    must.mq_send(q, "new")
    assert.equal(1, #seen)
  end)

  -- covers: mq.notify.reader_wins
  it("is not told of a message that a sleeper gets", function()
    must.mq_notify(q, by_signal())
    local pid = must.fork(function()
      must.mq_setattr(must.mq_open("/a", "O_RDONLY"), { mq_flags = 0 })
      local own = must.mq_open("/a", "O_RDONLY")
      assert.equal("for the reader", (must.mq_receive(own, size)))
    end)
    ks.settle()
    must.mq_send(q, "for the reader")
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
    assert.equal(0, #seen)
    must.mq_send(q, "for nobody")
    assert.equal(1, #seen)
  end)

  -- covers: mq.notify.SIGEV_NONE
  it("by nothing takes the place until a message comes", function()
    must.mq_notify(q, none)
    assert.is_false(is_free())
    must.mq_send(q, "x")
    assert.is_true(is_free())
  end)

  -- covers: mq.notify.signo0
  it("takes signal 0, and sends none", function()
    must.mq_notify(q, by_signal(0, 0))
    assert.is_false(is_free())
    must.mq_send(q, "x")
    assert.is_true(is_free())
    assert.equal(0, #seen)
  end)

  -- covers: mq.notify.bad_type
  it("refuses other ways to tell before it looks at the descriptor", function()
    for _, kind in ipairs { 3, 5, C.SIGEV_THREAD_ID, -1 } do
      assert.errno("EINVAL", sys.mq_notify(99, { sigev_notify = kind, sigev_signo = "SIGUSR1" }))
    end
    assert.errno("EINVAL", sys.mq_notify(99, by_signal(0, 65)))
  end)

  -- covers: mq.notify.SIGEV_THREAD.order
  it("by a socket wants a cookie that can be read and a descriptor that is a socket", function()
    local cookie = ks.buffer(32)
    local function try(address, fd)
      return sys.mq_notify(q, { sigev_notify = "SIGEV_THREAD", sigev_signo = fd, sigev_value = address })
    end
    assert.errno("EFAULT", try(1, 99))
    assert.errno("EBADF", try(cookie.addr, 99))
    assert.errno("ENOTSOCK", try(cookie.addr, must.eventfd(0)))
    assert.errno("ENOTSOCK", try(cookie.addr, q))
    assert.is_true(is_free())
  end)

  -- covers: mq.close.notify_drop
  it("ends when its process closes any descriptor of the queue, and not when another does", function()
    local copy = must.dup(q)
    must.mq_notify(q, by_signal())
    local pid = must.fork(function()
      must.close(q)
      must.close(copy)
    end)
    must.waitpid(pid)
    assert.is_false(is_free())
    must.close(copy)
    assert.is_true(is_free())
    must.mq_notify(q, by_signal())
    must.close(must.mq_open("/a", "O_RDONLY"))
    assert.is_true(is_free())
    must.mq_notify(q, by_signal())
    local other = must.mq_open("/a", "O_RDONLY")
    must.dup2(0, other)
    assert.is_true(is_free())
  end)

  -- covers: mq.notify.file_close
  it("ends when its process closes the file", function()
    must.mq_notify(q, by_signal())
    must.close(must.open("/dev/mqueue/a", "O_RDONLY"))
    assert.is_true(is_free())
  end)

  -- covers: mq.notify.owner_exit
  it("ends with its process", function()
    local r, w = must.pipe2()
    local pid = must.fork(function()
      must.mq_notify(q, none)
      must.read(r, 1)
    end)
    ks.settle()
    assert.equal(pid, owner())
    assert.is_false(is_free())
    must.write(w, "x")
    must.waitpid(pid)
    assert.is_true(is_free())
    assert.equal(0, owner())
  end)

  local function sleeper()
    ks.put("/tmp/p", "require('kscript').sys.pause()")
    must.chmod("/tmp/p", "0755")
  end

  it("ends with a program that is run, since the descriptor is closed", function()
    sleeper()
    local pid = must.fork(function()
      must.mq_notify(q, by_signal())
      must.execve("/tmp/p", { "p" })
    end)
    ks.settle()
    assert.is_true(is_free())
    must.kill(pid, "SIGKILL")
    must.waitpid(pid)
  end)

  -- covers: mq.notify.exec
  it("stays with a descriptor that is kept open, but sends nothing to the new program", function()
    sleeper()
    local pid = must.fork(function()
      must.fcntl(q, "F_SETFD", 0)
      must.mq_notify(q, by_signal())
      must.execve("/tmp/p", { "p" })
    end)
    ks.settle()
    assert.is_false(is_free())
    must.mq_send(q, "x")
    ks.settle()
    assert.is_true(is_free())
    assert.equal(0, (must.waitpid(pid, "WNOHANG")))
    must.kill(pid, "SIGKILL")
    assert.same({ pid, "killed", 9 }, { must.waitpid(pid) })
  end)
end)
