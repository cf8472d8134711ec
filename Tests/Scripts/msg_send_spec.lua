local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local q
local function stat() return must.msgctl(q, "IPC_STAT") end
local function set_bytes(bytes)
  local t = stat()
  t.msg_qbytes = bytes
  must.msgctl(q, "IPC_SET", t)
end
local function send(type, text) return sys.msgsnd(q, type, text, "IPC_NOWAIT") end
local function take(type, flags, size) return sys.msgrcv(q, size or 100, type or 0, C.IPC_NOWAIT | (flags or 0)) end

describe("msgget", function()
  -- covers: sysv.msg.msgget.basic
  it("makes an empty queue under the limits of the moment", function()
    local before = must.clock_gettime("CLOCK_REALTIME").tv_sec
    q = must.msgget(0, "IPC_CREAT|0640")
    local t = stat()
    assert.same({ 0, 0, 16384, 0, 0, 0, 0 },
      { t.msg_qnum, t.msg_cbytes, t.msg_qbytes, t.msg_stime, t.msg_rtime, t.msg_lspid, t.msg_lrpid })
    assert.is_true(t.msg_ctime >= before)
    assert.equal(tonumber("640", 8), t.msg_perm.mode)
  end)

  it("finds a queue by its key, and asks for what the flags say", function()
    local id = must.msgget(77, "IPC_CREAT|0604")
    assert.equal(id, must.msgget(77, 0))
    assert.equal(id, must.msgget(77, "IPC_CREAT|0600"))
    assert.errno("EEXIST", sys.msgget(77, "IPC_CREAT|IPC_EXCL|0600"))
    assert.errno("ENOENT", sys.msgget(78, 0))
    local pid = must.fork(function()
      must.setresgid(1000, 1000, 1000)
      must.setresuid(1000, 1000, 1000)
      assert.equal(id, must.msgget(77, "0004"))
      assert.errno("EACCES", sys.msgget(77, "0002"))
    end)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
  end)
end)

describe("msgsnd", function()
  before_each(function() q = must.msgget(0, "0600") end)

  -- covers: sysv.msg.msgsnd.basic
  it("puts a copy at the end, and keeps books", function()
    local before = must.clock_gettime("CLOCK_REALTIME").tv_sec
    assert.equal(0, must.msgsnd(q, 5, "hello"))
    assert.equal(0, must.msgsnd(q, 6, "world!"))
    local t = stat()
    assert.same({ 2, 11, must.getpid(), 0 }, { t.msg_qnum, t.msg_cbytes, t.msg_lspid, t.msg_lrpid })
    assert.is_true(t.msg_stime >= before and t.msg_rtime == 0)
    assert.errno("EFAULT", sys.msgsnd(q, 1, 1, 8, 0))
    local buffer = ks.buffer(8)
    buffer:set(0, "buffered")
    must.msgsnd(q, 7, buffer, 6, 0)
    buffer:set(0, "changed!")
    assert.same({ 5, "hello" }, { take() })
    assert.same({ 6, "world!" }, { take() })
    assert.same({ 7, "buffer" }, { take() })
  end)

  it("needs a queue that it may write", function()
    assert.errno("EINVAL", sys.msgsnd(q + 1, 1, "x"))
    assert.errno("EINVAL", sys.msgsnd(-1, 1, "x"))
    local pid = must.fork(function()
      must.setresuid(1000, 1000, 1000)
      assert.errno("EACCES", sys.msgsnd(q, 1, "x"))
      assert.errno("EACCES", sys.msgrcv(q, 1, 0, "IPC_NOWAIT"))
    end)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
  end)

  -- covers: sysv.msg.msgsnd.type
  it("wants a positive type", function()
    for _, type in ipairs { 0, -1, math.mininteger } do assert.errno("EINVAL", send(type, "x")) end
    must.msgsnd(q, math.maxinteger, "x")
    assert.same({ math.maxinteger, "x" }, { take() })
  end)

  -- covers: sysv.msg.msgsnd.size_limit
  it("takes up to 8192 bytes, and looks at that first", function()
    must.msgsnd(q, 1, ("x"):rep(8192))
    assert.errno("EINVAL", send(1, ("x"):rep(8193)))
    assert.errno("EINVAL", sys.msgsnd(q, 1, ks.buffer(8193), 8193, 0))
    assert.errno("EINVAL", sys.msgsnd(q + 1, 1, ("x"):rep(8193)))
  end)

  -- covers: sysv.msg.msgsnd.zero_length
  it("takes messages without bytes", function()
    must.msgsnd(q, 3, "")
    assert.same({ 1, 0 }, { stat().msg_qnum, stat().msg_cbytes })
    assert.same({ 3, "" }, { take() })
  end)

  -- covers: sysv.msg.msgsnd.fit_rule
  it("counts messages as well as bytes against msg_qbytes", function()
    set_bytes(5)
    for _ = 1, 5 do must.msgsnd(q, 1, "") end
    assert.errno("EAGAIN", send(1, ""))
    take()
    assert.errno("EAGAIN", send(1, "123456"))
    assert.equal(0, send(1, "12345"))
    assert.same({ 5, 5 }, { stat().msg_qnum, stat().msg_cbytes })
  end)

  -- covers: sysv.msg.msgsnd.exact_fill
  it("fills the queue to the last byte", function()
    for _ = 1, 16 do assert.equal(0, send(1, ("x"):rep(1000))) end
    assert.equal(0, send(1, ("x"):rep(384)))
    assert.errno("EAGAIN", send(1, "x"))
    assert.equal(0, send(1, ""))
  end)

  -- covers: sysv.msg.msgsnd.over_qbytes
  it("takes a message that can never fit for one that must wait", function()
    set_bytes(10)
    assert.errno("EAGAIN", send(1, ("x"):rep(11)))
  end)
end)

describe("msgrcv", function()
  before_each(function() q = must.msgget(0, "0600") end)
  local function fill(...)
    for _, type in ipairs { ... } do must.msgsnd(q, type, "t" .. type) end
  end
  local function types()
    local list = {}
    for place = 0, stat().msg_qnum - 1 do list[#list + 1] = (sys.msgrcv(q, 100, place, "MSG_COPY|IPC_NOWAIT")) end
    return list
  end

  -- covers: sysv.msg.msgrcv.any
  it("of type 0 takes the oldest", function()
    assert.errno("ENOMSG", take(0))
    fill(3, 1, 2)
    assert.equal(3, (take(0)))
    assert.equal(1, (take(0)))
    assert.equal(2, (take(0)))
  end)

  -- covers: sysv.msg.msgrcv.exact
  it("of a type takes the oldest of it", function()
    must.msgsnd(q, 1, "a")
    must.msgsnd(q, 2, "b")
    must.msgsnd(q, 2, "c")
    assert.same({ 2, "b" }, { take(2) })
    assert.errno("ENOMSG", take(3))
    assert.same({ 2, "c" }, { take(2) })
    assert.errno("ENOMSG", take(2))
    local before = must.clock_gettime("CLOCK_REALTIME").tv_sec
    assert.same({ 1, "a" }, { take(1) })
    local t = stat()
    assert.same({ 0, 0, must.getpid() }, { t.msg_qnum, t.msg_cbytes, t.msg_lrpid })
    assert.is_true(t.msg_rtime >= before)
  end)

  -- covers: sysv.msg.msgrcv.lowest sysv.msg.msgrcv.long_min
  it("of a negative type takes the lowest up to that, of equals the oldest", function()
    fill(9, 5, 7)
    must.msgsnd(q, 5, "later")
    assert.errno("ENOMSG", take(-4))
    assert.same({ 5, "t5" }, { take(-8) })
    assert.same({ 5, "later" }, { take(-5) })
    assert.same({ 7, "t7" }, { take(math.mininteger) })
    assert.errno("ENOMSG", take(-8))
    assert.same({ 9, "t9" }, { take(-math.maxinteger) })
  end)

  -- covers: sysv.msg.msgrcv.MSG_EXCEPT
  it("with MSG_EXCEPT takes the oldest of any other type", function()
    fill(4, 4, 6, 5)
    assert.equal(6, (take(4, C.MSG_EXCEPT)))
    assert.equal(4, (take(5, C.MSG_EXCEPT)))
    assert.equal(4, (take(-4, C.MSG_EXCEPT)))
    assert.errno("ENOMSG", take(5, C.MSG_EXCEPT))
    assert.equal(5, (take(0, C.MSG_EXCEPT)))
  end)

  it("finds every type among many, in whatever order they are taken", function()
    local waiting, random, number = {}, 7, 0
    for _ = 1, 400 do
      random = (random * 1103515245 + 12345) & 0x7fffffff
      local type = 1 + (random >> 10) % 20
      if random >> 8 & 3 ~= 0 or #waiting == 0 then
        number = number + 1
        must.msgsnd(q, type, tostring(number))
        waiting[#waiting + 1] = { type, tostring(number) }
      else
        local selector, best = ({ 0, type, -type, type })[1 + (random >> 16 & 3)], nil
        local flags = random >> 16 & 3 == 3 and C.MSG_EXCEPT or 0
        for place, message in ipairs(waiting) do
          if flags ~= 0 then
            if message[1] ~= type then best = best or place end
          elseif selector < 0 then
            if message[1] <= type and (not best or message[1] < waiting[best][1]) then best = place end
          elseif selector == 0 or message[1] == selector then
            best = best or place
          end
        end
        if best then
          assert.same(table.remove(waiting, best), { take(selector, flags) })
        else
          assert.errno("ENOMSG", take(selector, flags))
        end
      end
    end
  end)

  -- covers: sysv.msg.msgrcv.E2BIG sysv.msg.msgrcv.MSG_NOERROR sysv.msg.msgrcv.neg_size
  it("leaves a message that is too long, unless it may be cut", function()
    must.msgsnd(q, 1, "0123456789")
    assert.errno("E2BIG", take(0, 0, 9))
    assert.errno("EINVAL", take(0, C.MSG_NOERROR, -1))
    assert.same({ 1, 10, 0 }, { stat().msg_qnum, stat().msg_cbytes, stat().msg_lrpid })
    assert.same({ 1, "0123" }, { take(0, C.MSG_NOERROR, 4) })
    assert.same({ 0, 0 }, { stat().msg_qnum, stat().msg_cbytes })
    must.msgsnd(q, 1, "x")
    assert.same({ 1, "" }, { take(0, C.MSG_NOERROR, 0) })
  end)

  -- covers: sysv.msg.msgrcv.efault_loses
  it("loses a message that cannot be stored", function()
    must.msgsnd(q, 1, "lost")
    assert.errno("EFAULT", sys.msgrcv(q, 1, 100, 0, "IPC_NOWAIT"))
    assert.equal(0, stat().msg_qnum)
    local buffer = ks.buffer(100)
    must.msgsnd(q, 4, "kept")
    assert.same({ 4, 4 }, { must.msgrcv(q, buffer, 0, "IPC_NOWAIT") })
    assert.equal("kept", buffer:string(1, 4))
  end)

  -- covers: sysv.msg.msgrcv.MSG_COPY
  it("with MSG_COPY gives the message at a place, which stays", function()
    fill(3, 1)
    assert.same({ 3, "t3" }, { take(0, C.MSG_COPY) })
    assert.same({ 1, "t1" }, { take(1, C.MSG_COPY) })
    assert.errno("ENOMSG", take(2, C.MSG_COPY))
    assert.errno("ENOMSG", take(-1, C.MSG_COPY))
    assert.errno("EINVAL", sys.msgrcv(q, 100, 0, "MSG_COPY"))
    assert.errno("EINVAL", take(0, C.MSG_COPY | C.MSG_EXCEPT))
    assert.same({ 2, 0, 0 }, { stat().msg_qnum, stat().msg_rtime, stat().msg_lrpid })
    assert.same({ 3, 1 }, types())
  end)

  -- covers: sysv.msg.msgrcv.MSG_COPY.small
  it("cannot cut a copy", function()
    must.msgsnd(q, 1, "0123456789")
    assert.errno("E2BIG", take(0, C.MSG_COPY, 9))
    assert.errno("EINVAL", take(0, C.MSG_COPY | C.MSG_NOERROR, 9))
    assert.equal(10, stat().msg_cbytes)
  end)
end)
