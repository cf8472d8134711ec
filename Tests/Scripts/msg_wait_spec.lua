local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C
local helpers = require "helpers"
local sleeper, reap, noted_in_turn = helpers.sleeper, helpers.reap, helpers.noted_in_turn

local q
local function stat() return must.msgctl(q, "IPC_STAT") end
local function set(fields)
  local t = stat()
  for name, value in pairs(fields) do
    if name == "mode" or name == "uid" then t.msg_perm[name] = value else t[name] = value end
  end
  must.msgctl(q, "IPC_SET", t)
end

-- What a sleeping receiver or sender got: filled in when it goes on.
local function receiver(type, size, flags)
  local result = {}
  result.pid = sleeper(function() result[1], result[2], result[3] = sys.msgrcv(q, size or 100, type, flags or 0) end)
  return result
end
local function sender(type, text)
  local result = {}
  result.pid = sleeper(function() result[1], result[2], result[3] = sys.msgsnd(q, type, text) end)
  return result
end

describe("a receiver that waits", function()
  before_each(function() q = must.msgget(0, "0600") end)

  -- covers: sysv.msg.msgrcv.block
  it("goes on with a message, a removal, a handler, or without its permission", function()
    local a = receiver(7)
    must.msgsnd(q, 8, "not this")
    ks.settle()
    assert.is_nil(a[1])
    must.msgsnd(q, 7, "this")
    reap(a.pid)
    assert.same({ 7, "this" }, { a[1], a[2] })

    set { mode = tonumber("666", 8) }
    local b = {}
    b.pid = sleeper(function()
      must.setresuid(1000, 1000, 1000)
      b[1], b[2], b[3] = sys.msgrcv(q, 100, 7)
    end)
    set { mode = tonumber("600", 8) }
    reap(b.pid)
    assert.equal(C.EACCES, b[3])

    local c = receiver(7)
    must.msgctl(q, "IPC_RMID")
    reap(c.pid)
    assert.equal(C.EIDRM, c[3])
  end)

  -- covers: sysv.msg.msgrcv.handover
  it("is handed the first message it wants; the queue never holds it", function()
    local a, b, c = receiver(0), receiver(2), receiver(0)
    local before = must.clock_gettime("CLOCK_REALTIME").tv_sec
    must.msgsnd(q, 2, "first")
    local t = stat()
    assert.same({ 0, 0, a.pid, must.getpid() }, { t.msg_qnum, t.msg_cbytes, t.msg_lrpid, t.msg_lspid })
    assert.is_true(t.msg_rtime >= before)
    must.msgsnd(q, 3, "second") -- b wants another type
    must.msgsnd(q, 2, "third")
    reap(a.pid, b.pid, c.pid)
    assert.same({ 2, "first", 3, "second", 2, "third" }, { a[1], a[2], c[1], c[2], b[1], b[2] })
  end)

  -- covers: sysv.msg.msgrcv.handover_toobig
  it("with too little room fails, and the message goes on to the next", function()
    local small, cut, large = receiver(0, 3), receiver(0, 3, "MSG_NOERROR"), receiver(0, 100)
    must.msgsnd(q, 1, "12345")
    must.msgsnd(q, 1, "67890")
    reap(small.pid, cut.pid, large.pid)
    assert.equal(C.E2BIG, small[3])
    assert.same({ 1, "123", 1, "67890" }, { cut[1], cut[2], large[1], large[2] })
    assert.equal(0, stat().msg_qnum)
  end)

  -- covers: sysv.msg.msgrcv.wait_lowest
  it("for the lowest type takes the first that will do", function()
    local a = receiver(-5)
    must.msgsnd(q, 6, "too high")
    must.msgsnd(q, 4, "will do")
    must.msgsnd(q, 1, "lower")
    reap(a.pid)
    assert.same({ 4, "will do" }, { a[1], a[2] })
  end)

  it("with MSG_EXCEPT takes the first of another type", function()
    local a = receiver(5, 100, "MSG_EXCEPT")
    must.msgsnd(q, 5, "not this")
    must.msgsnd(q, 6, "this")
    reap(a.pid)
    assert.same({ 6, "this", 1 }, { a[1], a[2], stat().msg_qnum })
  end)

  -- covers: sysv.msg.msgrcv.norestart
  it("fails after a handler, SA_RESTART or not; a stop alone does not end its wait", function()
    for _, flags in ipairs { 0, C.SA_RESTART } do
      local result = {}
      result.pid = sleeper(function()
        must.sigaction("SIGUSR1", { handler = function() end, flags = flags })
        result[1], result[2], result[3] = sys.msgrcv(q, 100, 1)
      end)
      must.kill(result.pid, "SIGUSR1")
      reap(result.pid)
      assert.equal(C.EINTR, result[3])
    end
    must.msgsnd(q, 2, ("x"):rep(8192))
    must.msgsnd(q, 2, ("x"):rep(8192))
    local result = {}
    result.pid = sleeper(function()
      must.sigaction("SIGUSR1", { handler = function() end, flags = "SA_RESTART" })
      result[1], result[2], result[3] = sys.msgsnd(q, 1, "x")
    end)
    must.kill(result.pid, "SIGUSR1")
    reap(result.pid)
    assert.equal(C.EINTR, result[3])

    local a = receiver(1)
    must.kill(a.pid, "SIGSTOP")
    assert.same({ a.pid, "stopped", C.SIGSTOP }, { must.waitpid(a.pid, "WUNTRACED") })
    must.kill(a.pid, "SIGCONT")
    ks.settle()
    assert.is_nil(a[1])
    must.msgrcv(q, 8192, 2)
    must.msgsnd(q, 1, "after")
    reap(a.pid)
    assert.same({ 1, "after" }, { a[1], a[2] })
  end)

  it("that was stopped has lost its place", function()
    local a, b = receiver(0), receiver(0)
    must.kill(a.pid, "SIGSTOP")
    must.waitpid(a.pid, "WUNTRACED")
    must.kill(a.pid, "SIGCONT")
    ks.settle()
    must.msgsnd(q, 1, "one")
    must.msgsnd(q, 1, "two")
    reap(a.pid, b.pid)
    assert.same({ "two", "one" }, { a[2], b[2] })
  end)

  it("and is killed takes nothing", function()
    local a = receiver(0)
    must.kill(a.pid, "SIGKILL")
    must.waitpid(a.pid)
    must.msgsnd(q, 1, "mine")
    assert.same({ 1, "mine" }, { must.msgrcv(q, 100, 0, "IPC_NOWAIT") })
  end)
end)

describe("a sender that waits", function()
  before_each(function()
    q = must.msgget(0, "0600")
    set { msg_qbytes = 1000 }
  end)
  local function fill(bytes) must.msgsnd(q, 1, ("x"):rep(bytes)) end

  -- covers: sysv.msg.msgsnd.block
  it("goes on with room, a removal, a handler, or without its permission", function()
    fill(1000)
    local a = sender(2, "a")
    must.msgrcv(q, 1000, 1)
    reap(a.pid)
    assert.same({ 0, 2, "a" }, { a[1], must.msgrcv(q, 100, 0) })

    fill(1000)
    local b = {}
    b.pid = sleeper(function()
      must.sigaction("SIGUSR1", function() end)
      b[1], b[2], b[3] = sys.msgsnd(q, 2, "b")
    end)
    must.kill(b.pid, "SIGUSR1")
    reap(b.pid)
    assert.equal(C.EINTR, b[3])

    set { mode = tonumber("666", 8) }
    local c = {}
    c.pid = sleeper(function()
      must.setresuid(1000, 1000, 1000)
      c[1], c[2], c[3] = sys.msgsnd(q, 2, "c")
    end)
    set { mode = tonumber("600", 8) }
    must.msgrcv(q, 1000, 1)
    reap(c.pid)
    assert.equal(C.EACCES, c[3])

    fill(1000)
    local d = sender(2, "d")
    must.msgctl(q, "IPC_RMID")
    reap(d.pid)
    assert.equal(C.EIDRM, d[3])
  end)

  -- covers: sysv.msg.msgsnd.sender_order
  it("is passed by a later one whose message fits", function()
    fill(500)
    fill(500)
    local big, small, small2 = sender(2, ("b"):rep(900)), sender(3, ("s"):rep(100)), sender(4, ("t"):rep(100))
    must.msgrcv(q, 1000, 1)
    ks.settle()
    assert.same({ nil, 0, 0 }, { big[1], small[1], small2[1] })
    must.msgrcv(q, 1000, 1)
    ks.settle()
    assert.is_nil(big[1])
    must.msgrcv(q, 1000, 3)
    must.msgrcv(q, 1000, 4)
    reap(big.pid, small.pid, small2.pid)
    assert.equal(0, big[1])
  end)

  it("is served in turn where all fit", function()
    fill(1000)
    local a, b = sender(2, "a"), sender(3, "b")
    must.msgrcv(q, 1000, 1)
    reap(a.pid, b.pid)
    local queued = {}
    for position = 1, 2 do queued[position] = ("%d %s"):format(must.msgrcv(q, 100, 0)) end
    noted_in_turn({ "2 a", "3 b" }, queued)
  end)

  -- covers: sysv.msg.msgsnd.newcomer
  it("does not hold up a newcomer whose message fits", function()
    fill(500)
    local big = sender(2, ("b"):rep(900))
    assert.equal(0, sys.msgsnd(q, 3, ("n"):rep(100), "IPC_NOWAIT"))
    assert.is_nil(big[1])
    must.msgrcv(q, 1000, 1)
    must.msgrcv(q, 1000, 3)
    reap(big.pid)
  end)

  it("sends the bytes that were there when it began", function()
    fill(1000)
    local result
    local buffer = ks.buffer(8)
    local pid = must.fork(function()
      buffer:set(0, "original")
      result = sys.msgsnd(q, 2, buffer, 8, 0)
    end)
    ks.settle()
    must.msgrcv(q, 1000, 1)
    reap(pid)
    assert.same({ 0, 2, "original" }, { result, must.msgrcv(q, 100, 0) })
  end)
end)
