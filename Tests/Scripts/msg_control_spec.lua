local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C
local helpers = require "helpers"
local as_user = helpers.as_user

local q
local function stat(id) return must.msgctl(id or q, "IPC_STAT") end

describe("msgctl", function()
  before_each(function() q = must.msgget(0x4b, "IPC_CREAT|0600") end)

  -- covers: sysv.msg.msgctl.IPC_STAT sysv.msg.msgctl.high_fields
  it("IPC_STAT fills a structure of 120 bytes", function()
    must.msgsnd(q, 1, "12345")
    local t = stat()
    assert.same({ 1, 5, 16384, must.getpid(), 0 }, { t.msg_qnum, t.msg_cbytes, t.msg_qbytes, t.msg_lspid, t.msg_lrpid })
    local perm = t.msg_perm
    assert.same({ 0x4b, 0, 0, 0, 0, tonumber("600", 8) },
      { perm.__key, perm.uid, perm.gid, perm.cuid, perm.cgid, perm.mode })
    local buffer = ks.buffer(128)
    buffer:fill(0xee)
    assert.equal(0, must.msgctl(q, "IPC_STAT", buffer))
    assert.same({ 0x4b, 5, 1, 16384 }, { buffer:u32(0), buffer:u64(72), buffer:u64(80), buffer:u64(88) })
    assert.same({ must.getpid(), 0, 0, 0 }, { buffer:u32(96), buffer:u32(100), buffer:u64(104), buffer:u64(112) })
    assert.equal(0xee, buffer:u8(120))
    assert.errno("EFAULT", sys.msgctl(q, "IPC_STAT", 1))
    assert.errno("EINVAL", sys.msgctl(q + 1, "IPC_STAT"))
    assert.errno("EINVAL", sys.msgctl(-1, "IPC_STAT"))
    assert.errno("EINVAL", sys.msgctl(q, 99))
    as_user(function() assert.errno("EACCES", sys.msgctl(q, "IPC_STAT")) end)
  end)

  -- covers: sysv.msg.msgctl.IPC_SET.qbytes
  it("IPC_SET lets the owner lower msg_qbytes, and raise it to kernel.msgmnb", function()
    must.msgctl(q, "IPC_SET", { msg_perm = { uid = 1000, gid = 1000, mode = tonumber("600", 8) }, msg_qbytes = 16384 })
    as_user(function()
      local t = stat()
      assert.same({ 1000, 1000, 0, 0 }, { t.msg_perm.uid, t.msg_perm.gid, t.msg_perm.cuid, t.msg_perm.cgid })
      t.msg_qbytes = 0
      must.msgctl(q, "IPC_SET", t)
      assert.errno("EAGAIN", sys.msgsnd(q, 1, "", "IPC_NOWAIT"))
      t.msg_qbytes = 16384
      must.msgctl(q, "IPC_SET", t)
      t.msg_qbytes = 16385
      assert.errno("EPERM", sys.msgctl(q, "IPC_SET", t))
      t.msg_qbytes = 100
      t.msg_perm.uid = -1
      assert.errno("EINVAL", sys.msgctl(q, "IPC_SET", t))
      assert.equal(16384, stat().msg_qbytes)
    end)
    assert.errno("EFAULT", sys.msgctl(q, "IPC_SET", 1))
    local own = must.msgget(0, "0666")
    as_user(function()
      assert.errno("EPERM", sys.msgctl(own, "IPC_SET", stat(own)))
      assert.errno("EPERM", sys.msgctl(own, "IPC_RMID"))
    end)
  end)

  -- covers: sysv.ipc.perm.ipc_set sysv.ipc.perm.classes
  it("what IPC_SET allows counts from the next call on, also for one who has used the queue before", function()
    as_user(function()
      local own = must.msgget(C.IPC_PRIVATE, "0600")
      local t = stat(own)
      local function set(mode)
        t.msg_perm.mode = tonumber(mode, 8)
        must.msgctl(own, "IPC_SET", t)
      end
      must.msgsnd(own, 1, "a")
      assert.same({ 1, "a" }, { must.msgrcv(own, 10, 0) })
      set "400"
      assert.errno("EACCES", sys.msgsnd(own, 1, "b"))
      assert.errno("ENOMSG", sys.msgrcv(own, 10, 0, "IPC_NOWAIT"))
      set "200"
      must.msgsnd(own, 1, "c")
      assert.errno("EACCES", sys.msgrcv(own, 10, 0))
      set "600"
      assert.same({ 1, "c" }, { must.msgrcv(own, 10, 0) })
      must.msgctl(own, "IPC_RMID")
      assert.errno("EINVAL", sys.msgsnd(own, 1, "d"))
      assert.errno("EINVAL", sys.msgrcv(own, 10, 0))
    end)
  end)

  -- covers: sysv.ipc.perm.classes
  it("asks with each call who the caller is by now, and in which namespace", function()
    must.msgsnd(q, 1, "a")
    helpers.in_child(function()
      must.msgsnd(q, 1, "b")
      must.setresuid(-1, 1000, -1)
      assert.errno("EACCES", sys.msgsnd(q, 1, "c"))
      assert.errno("EACCES", sys.msgrcv(q, 10, 0))
      must.setresuid(-1, 0, -1)
      assert.same({ 1, "a" }, { must.msgrcv(q, 10, 0) })
      must.unshare "CLONE_NEWIPC"
      assert.errno("EINVAL", sys.msgrcv(q, 10, 0))
    end)
    assert.same({ 1, "b" }, { must.msgrcv(q, 10, 0) })
  end)

  -- covers: sysv.msg.msgrcv.any sysv.msg.msgrcv.exact sysv.msg.msgrcv.lowest sysv.msg.msgrcv.E2BIG
  it("gives back one message as it gave many, short and long, whichever was alone", function()
    local long = ("0123456789abcdef"):rep(6)
    for _, text in ipairs { "", "x", long:sub(1, 80), long:sub(1, 81), long } do
      must.msgsnd(q, 40000, text)
      assert.errno("ENOMSG", sys.msgrcv(q, 200, 7, "IPC_NOWAIT"))
      assert.same({ 40000, text }, { must.msgrcv(q, 200, 40000) })
      must.msgsnd(q, 7, text)
      must.msgsnd(q, 5, text .. "!")
      must.msgsnd(q, 7, text .. "?")
      assert.errno("E2BIG", sys.msgrcv(q, #text, 5, "IPC_NOWAIT"))
      assert.same({ 5, text .. "!" }, { must.msgrcv(q, 200, -6) })
      assert.same({ 7, text }, { must.msgrcv(q, 200, 0) })
      assert.same({ 7, text .. "?" }, { must.msgrcv(q, 200, 0) })
    end
    assert.equal(0, stat().msg_qnum)
    assert.equal(0, stat().msg_cbytes)
  end)

  it("IPC_SET stamps the change, and keeps bits above the permissions out", function()
    local t = stat()
    must.nanosleep(1.1)
    t.msg_perm.mode = tonumber("7644", 8)
    must.msgctl(q, "IPC_SET", t)
    assert.equal(tonumber("644", 8), stat().msg_perm.mode)
    assert.is_true(stat().msg_ctime > t.msg_ctime)
  end)

  -- covers: sysv.msg.msgctl.IPC_SET.wakes
  it("IPC_SET has those who wait look again", function()
    local t = stat()
    t.msg_qbytes = 1
    t.msg_perm.mode = tonumber("666", 8)
    must.msgctl(q, "IPC_SET", t)
    local sent, lost
    local sender = must.fork(function() sent = sys.msgsnd(q, 1, "ten bytes!") end)
    local patient
    local waiter = must.fork(function() patient = select(2, sys.msgrcv(q, 100, 99)) end)
    local reader = must.fork(function()
      must.setresuid(1000, 1000, 1000)
      lost = select(3, sys.msgrcv(q, 100, 99))
    end)
    ks.settle()
    t.msg_qbytes = 10
    t.msg_perm.mode = tonumber("600", 8)
    must.msgctl(q, "IPC_SET", t)
    must.waitpid(sender)
    must.waitpid(reader)
    assert.same({ 0, C.EACCES, 1 }, { sent, lost, stat().msg_qnum })
    must.msgrcv(q, 100, 0)
    must.msgsnd(q, 99, "at last")
    must.waitpid(waiter)
    assert.equal("at last", patient)
  end)

  -- covers: sysv.msg.msgctl.IPC_RMID
  it("IPC_RMID ends the queue and every wait on it, and ignores its argument", function()
    must.msgsnd(q, 1, "gone")
    local results, pids = {}, {}
    pids[1] = must.fork(function() results[1] = select(3, sys.msgrcv(q, 100, 9)) end)
    pids[2] = must.fork(function()
      for _ = 1, 3 do
        local ok, _, errno = sys.msgsnd(q, 1, ("x"):rep(8192))
        if not ok then results[2] = errno end
      end
    end)
    ks.settle()
    assert.equal(0, must.msgctl(q, "IPC_RMID", 1))
    for _, pid in ipairs(pids) do must.waitpid(pid) end
    assert.equal(C.EIDRM, results[1])
    assert.is_true(results[2] == C.EIDRM or results[2] == C.EINVAL)
    assert.errno("EINVAL", sys.msgsnd(q, 1, "x"))
    assert.errno("EINVAL", sys.msgctl(q, "IPC_RMID"))
    assert.errno("ENOENT", sys.msgget(0x4b, 0))
  end)

  -- covers: sysv.msg.msgctl.IPC_INFO
  it("IPC_INFO tells the limits, and the highest slot in use", function()
    must.msgget(0, "0600")
    local t, highest = must.msgctl(0, "IPC_INFO")
    assert.equal(1, highest)
    assert.same({ 512000, 16384, 8192, 16384, 32000, 16, 16384, 65535 },
      { t.msgpool, t.msgmap, t.msgmax, t.msgmnb, t.msgmni, t.msgssz, t.msgtql, t.msgseg })
    assert.errno("EFAULT", sys.msgctl(0, "IPC_INFO", 1))
  end)

  -- covers: sysv.msg.msgctl.MSG_INFO
  it("MSG_INFO tells how much is in use", function()
    local other = must.msgget(0, "0600")
    must.msgsnd(q, 1, "12345")
    must.msgsnd(other, 1, "678")
    must.msgsnd(other, 1, "")
    local t, highest = must.msgctl(0, "MSG_INFO")
    assert.same({ 1, 2, 3, 8 }, { highest, t.msgpool, t.msgmap, t.msgtql })
    assert.errno("EFAULT", sys.msgctl(0, "MSG_INFO", 1))
  end)

  -- covers: sysv.msg.msgctl.MSG_STAT sysv.msg.msgctl.MSG_STAT_ANY
  it("MSG_STAT takes a slot; MSG_STAT_ANY does so for anybody", function()
    must.msgctl(q, "IPC_RMID")
    local id = must.msgget(0, "0600")
    must.msgsnd(id, 1, "x")
    local slot = id % 32768
    local t, found = must.msgctl(slot, "MSG_STAT")
    assert.same({ id, 1 }, { found, t.msg_qnum })
    assert.errno("EINVAL", sys.msgctl(slot + 1, "MSG_STAT"))
    assert.errno("EINVAL", sys.msgctl(slot + 1, "MSG_STAT_ANY"))
    as_user(function()
      assert.errno("EACCES", sys.msgctl(slot, "MSG_STAT"))
      local any, same = must.msgctl(slot, "MSG_STAT_ANY")
      assert.same({ id, 1 }, { same, any.msg_qnum })
    end)
  end)

  -- covers: sysv.msg.pids_after_exit
  it("remembers who sent and received last, even where that process is gone", function()
    local pid = must.fork(function() must.msgsnd(q, 1, "x") end)
    must.waitpid(pid)
    assert.equal(pid, stat().msg_lspid)
    local receiver = must.fork(function() must.msgrcv(q, 10, 0) end)
    must.waitpid(receiver)
    assert.same({ pid, receiver }, { stat().msg_lspid, stat().msg_lrpid })
  end)
end)
