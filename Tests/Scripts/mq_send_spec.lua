local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C
local from_now = require "helpers".from_now

local size = 16

describe("mq_send and mq_receive", function()
  local q
  before_each(function()
    q = must.mq_open("/a", "O_CREAT|O_RDWR|O_NONBLOCK", "0600", { mq_maxmsg = 4, mq_msgsize = size })
  end)

  local function received()
    local list = {}
    while must.mq_getattr(q).mq_curmsgs > 0 do
      local text, priority = must.mq_receive(q, size)
      list[#list + 1] = text .. priority
    end
    return list
  end

  -- covers: mq.send.basic
  it("carry up to mq_msgsize bytes, none too, and priorities 0 to 32767", function()
    must.mq_send(q, "", 0)
    must.mq_send(q, ("x"):rep(size), 32767)
    assert.errno("EMSGSIZE", sys.mq_send(q, ("x"):rep(size + 1), 0))
    assert.errno("EINVAL", sys.mq_send(q, "x", 32768))
    assert.errno("EFAULT", sys.mq_send(q, 1, 4, 0))
    assert.same({ ("x"):rep(size) .. 32767, "0" }, received())
  end)

  -- covers: mq.send.badfd
  it("want the descriptor of a queue", function()
    local r, w = must.pipe2()
    for _, fd in ipairs { -1, 99, r, w } do
      assert.errno("EBADF", sys.mq_send(fd, "x"))
      assert.errno("EBADF", sys.mq_receive(fd, size))
      assert.errno("EBADF", sys.mq_getattr(fd))
    end
  end)

  -- covers: mq.send.full
  it("fill a queue by the number of messages", function()
    for number = 1, 4 do must.mq_send(q, "", number) end
    assert.errno("EAGAIN", sys.mq_send(q, ""))
    must.mq_setattr(q, { mq_flags = 0 })
    assert.errno("ETIMEDOUT", sys.mq_timedsend(q, "", 0, from_now(0)))
  end)

  -- covers: mq.receive.basic
  it("take the oldest message of the highest priority", function()
    assert.errno("EAGAIN", sys.mq_receive(q, size))
    must.mq_send(q, "low", 1)
    must.mq_send(q, "high", 7)
    must.mq_send(q, "high too", 7)
    assert.same({ "high", 7 }, { must.mq_receive(q, size) })
    assert.same({ "high too", 7 }, { must.mq_receive(q, size) })
    assert.same({ "low", 1 }, { must.mq_receive(q, size) })
    must.mq_setattr(q, { mq_flags = 0 })
    assert.errno("ETIMEDOUT", sys.mq_timedreceive(q, size, from_now(0)))
  end)

  -- covers: mq.receive.bufsize
  it("want room for mq_msgsize bytes, however short the message", function()
    must.mq_send(q, "x")
    assert.errno("EMSGSIZE", sys.mq_receive(q, size - 1))
    assert.equal(1, must.mq_getattr(q).mq_curmsgs)
    assert.equal("x", (must.mq_receive(q, size + 100)))
  end)

  -- covers: mq.receive.efault_loses
  it("lose a message that cannot be stored", function()
    must.mq_send(q, "lost")
    assert.errno("EFAULT", sys.mq_receive(q, 1, size))
    assert.equal(0, must.mq_getattr(q).mq_curmsgs)
    local buffer = ks.buffer(size)
    must.mq_send(q, "kept", 9)
    assert.same({ 4, 9 }, { must.mq_receive(q, buffer) })
    assert.equal("kept", buffer:string(1, 4))
  end)

  -- covers: mq.order.priority mq.state.persist_order
  it("keep the order inside a priority, whatever comes and goes in others", function()
    must.mq_send(q, "a", 5)
    must.mq_send(q, "b", 2)
    must.mq_send(q, "c", 5)
    assert.equal("a", (must.mq_receive(q, size)))
    must.mq_send(q, "d", 9)
    must.mq_send(q, "e", 2)
    must.mq_setattr(q, { mq_flags = "O_NONBLOCK" })
    assert.same({ "d9", "c5", "b2", "e2" }, received())
  end)

  it("keep the order over many priorities", function()
    local deep = must.mq_open("/deep", "O_CREAT|O_RDWR|O_NONBLOCK", "0600", { mq_maxmsg = 10, mq_msgsize = size })
    local random, expected, number = 1, {}, 0
    for _ = 1, 300 do
      random = (random * 1103515245 + 12345) & 0x7fffffff
      if #expected == 10 or #expected > 0 and random >> 8 & 1 == 0 then
        table.sort(expected, function(a, b)
          if a.priority ~= b.priority then return a.priority > b.priority end
          return a.number < b.number
        end)
        local first = table.remove(expected, 1)
        assert.same({ tostring(first.number), first.priority }, { must.mq_receive(deep, size) })
      else
        number = number + 1
        local priority = (random >> 12) % 7
        must.mq_send(deep, tostring(number), priority)
        expected[#expected + 1] = { number = number, priority = priority }
      end
    end
  end)

  -- covers: mq.timeout.absolute
  it("wait until a time of the real-time clock", function()
    must.mq_setattr(q, { mq_flags = 0 })
    assert.errno("ETIMEDOUT", sys.mq_timedreceive(q, size, 0))
    must.mq_timedsend(q, "x", 0, 0) -- a past time is fine where there is nothing to wait for
    assert.equal("x", (must.mq_timedreceive(q, size, { tv_sec = 0, tv_nsec = 0 })))
    local before = ks.now()
    assert.errno("ETIMEDOUT", sys.mq_timedreceive(q, size, from_now(1)))
    assert.is_true(ks.now() - before >= 0.99)
    must.mq_timedsend(q, "x", 0, nil)
  end)

  -- covers: mq.timeout.validated_always
  it("look at the time first, needed or not", function()
    for _, bad in ipairs {
      { tv_sec = -1, tv_nsec = 0 }, { tv_sec = 0, tv_nsec = -1 }, { tv_sec = 0, tv_nsec = 1000000000 },
    } do
      assert.errno("EINVAL", sys.mq_timedsend(q, "x", 0, bad))
      assert.errno("EINVAL", sys.mq_timedreceive(q, size, bad))
      assert.errno("EINVAL", sys.mq_timedsend(-1, "x", 0, bad))
    end
    assert.equal(0, must.mq_getattr(q).mq_curmsgs)
  end)
end)

describe("the attributes of a queue", function()
  local q
  before_each(function() q = must.mq_open("/a", "O_CREAT|O_RDWR", "0600", { mq_maxmsg = 3, mq_msgsize = 9 }) end)

  -- covers: mq.getattr
  it("are its limits, how many messages it holds, and O_NONBLOCK", function()
    must.mq_send(q, "x")
    local attr = must.mq_getattr(q)
    assert.same({ 0, 3, 9, 1 }, { attr.mq_flags, attr.mq_maxmsg, attr.mq_msgsize, attr.mq_curmsgs })
    local other = must.mq_open("/a", "O_RDONLY|O_NONBLOCK")
    assert.equal(C.O_NONBLOCK, must.mq_getattr(other).mq_flags)
    assert.errno("EBADF", sys.mq_getattr(99))
  end)

  -- covers: mq.setattr
  it("can be set as far as O_NONBLOCK goes, which is the open file's", function()
    local again, other = must.dup(q), must.mq_open("/a", "O_RDWR")
    local old = must.mq_setattr(q, { mq_flags = "O_NONBLOCK", mq_maxmsg = 77, mq_msgsize = 1, mq_curmsgs = 5 })
    assert.same({ 0, 3, 9, 0 }, { old.mq_flags, old.mq_maxmsg, old.mq_msgsize, old.mq_curmsgs })
    local new = must.mq_getattr(again)
    assert.same({ C.O_NONBLOCK, 3, 9 }, { new.mq_flags, new.mq_maxmsg, new.mq_msgsize })
    assert.equal(0, must.mq_getattr(other).mq_flags)
    assert.equal(C.O_NONBLOCK, must.fcntl(q, "F_GETFL") & C.O_NONBLOCK)
    must.fcntl(q, "F_SETFL", 0)
    assert.equal(0, must.mq_setattr(q, { mq_flags = 0 }).mq_flags)
    for _, flags in ipairs { 1, C.O_APPEND, C.O_NONBLOCK | 1 } do
      assert.errno("EINVAL", sys.mq_setattr(q, { mq_flags = flags }))
    end
    assert.errno("EBADF", sys.mq_setattr(99, { mq_flags = 0 }))
    assert.errno("EFAULT", sys.mq_setattr(q, 1))
  end)

  -- covers: mq.fd.inherit
  it("go with the descriptor to a child", function()
    local pid = must.fork(function()
      must.mq_setattr(q, { mq_flags = "O_NONBLOCK" })
      must.mq_send(q, "by child")
    end)
    assert.equal(pid, (must.waitpid(pid)))
    assert.equal(C.O_NONBLOCK, must.mq_getattr(q).mq_flags)
    assert.equal("by child", (must.mq_receive(q, 9)))
  end)
end)
