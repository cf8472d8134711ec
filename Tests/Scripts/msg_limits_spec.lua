-- kernel.msg*: the settings of an IPC namespace. Each case has a namespace of its own, so nothing is put back.
local ks = require "kscript"
local sys, must = ks.sys, ks.must
local helpers = require "helpers"
local get = helpers.get
local function put(name, text) return helpers.put("/proc/sys/kernel/" .. name, text) end

local function limit(name) return (get("/proc/sys/kernel/" .. name):gsub("\n", "")) end

describe("the limits of System V queues", function()
  -- covers: sysv.msg.limit.msgmax
  it("kernel.msgmax is what each msgsnd goes by", function()
    assert.equal("8192", limit "msgmax")
    local q = must.msgget(0, "0600")
    assert(put("msgmax", 4))
    assert.errno("EINVAL", sys.msgsnd(q, 1, "12345", "IPC_NOWAIT"))
    must.msgsnd(q, 1, "1234")
    assert(put("msgmax", 0))
    must.msgsnd(q, 1, "")
    assert.errno("EINVAL", sys.msgsnd(q, 1, "1", "IPC_NOWAIT"))
    assert(put("msgmax", 2147483647))
    must.msgsnd(q, 1, ("x"):rep(10000))
    must.msgrcv(q, 10000, 0)
    must.msgrcv(q, 10000, 0)
    assert.equal(10000, #select(2, must.msgrcv(q, 10000, 0)))
    assert.errno("EINVAL", put("msgmax", -1))
    assert.errno("EINVAL", put("msgmax", 2147483648))
  end)

  -- covers: sysv.msg.limit.msgmnb
  it("kernel.msgmnb is what new queues start with", function()
    assert.equal("16384", limit "msgmnb")
    local old = must.msgget(0, "0600")
    assert(put("msgmnb", 100))
    local new = must.msgget(0, "0600")
    assert.same({ 16384, 100 }, { must.msgctl(old, "IPC_STAT").msg_qbytes, must.msgctl(new, "IPC_STAT").msg_qbytes })
    assert.errno("EAGAIN", sys.msgsnd(new, 1, ("x"):rep(101), "IPC_NOWAIT"))
    must.msgsnd(old, 1, ("x"):rep(101))
    assert.errno("EINVAL", put("msgmnb", -1))
  end)

  -- covers: sysv.msg.limit.msgmni
  it("kernel.msgmni stops new queues alone", function()
    assert.equal("32000", limit "msgmni")
    local ids = {}
    for number = 1, 3 do ids[number] = must.msgget(number, "IPC_CREAT|0600") end
    assert(put("msgmni", 2))
    assert.errno("ENOSPC", sys.msgget(0, "0600"))
    assert.equal(ids[3], must.msgget(3, 0))
    must.msgsnd(ids[3], 1, "as before")
    must.msgctl(ids[1], "IPC_RMID")
    must.msgctl(ids[2], "IPC_RMID")
    must.msgget(0, "0600")
    assert.errno("ENOSPC", sys.msgget(0, "0600"))
    assert(put("msgmni", 32768))
    assert(put("msgmni", 0))
    assert.errno("EINVAL", put("msgmni", 32769))
    assert.errno("EINVAL", put("msgmni", -1))
  end)

  -- covers: sysv.msg.limit.auto_msgmni
  it("kernel.auto_msgmni does nothing", function()
    assert.equal("0", limit "auto_msgmni")
    assert(put("auto_msgmni", 1))
    assert(put("auto_msgmni", 0))
    assert.errno("EINVAL", put("auto_msgmni", 2))
    assert.equal("0", limit "auto_msgmni")
  end)
end)

describe("/proc/sysvipc/msg", function()
  -- covers: sysv.proc.sysvipc.msg
  it("has a row for each queue, whoever looks", function()
    local header = "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid"
      .. "      stime      rtime      ctime\n"
    assert.equal(header, get "/proc/sysvipc/msg")
    local q = must.msgget(0x4d2, "IPC_CREAT|0640")
    must.msgsnd(q, 1, "12345")
    must.msgsnd(q, 1, "678")
    must.msgrcv(q, 10, 0)
    local t = must.msgctl(q, "IPC_STAT")
    local pid = must.getpid()
    local row = ("%10d %10d  %4o  %10d %10d %5d %5d %5d %5d %5d %5d %10d %10d %10d\n"):format(
      0x4d2, q, tonumber("640", 8), 3, 1, pid, pid, 0, 0, 0, 0, t.msg_stime, t.msg_rtime, t.msg_ctime)
    local child = must.fork(function()
      must.setresuid(1000, 1000, 1000)
      assert.equal(header .. row, get "/proc/sysvipc/msg")
    end)
    assert.same({ child, "exited", 0 }, { must.waitpid(child) })
  end)
end)
