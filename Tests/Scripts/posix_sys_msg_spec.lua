-- posix.sys.msg.
local msg, unistd, wait = require "posix.sys.msg", require "posix.unistd", require "posix.sys.wait"
local errno = require "posix.errno"

describe("posix.sys.msg", function()
  local queue
  before_each(function() queue = msg.msgget(msg.IPC_PRIVATE, msg.IPC_CREAT | 384) end)

  it("carries texts of a type", function()
    assert.equal(0, msg.msgsnd(queue, 3, "three"))
    assert.equal(0, msg.msgsnd(queue, 1, "o\0ne"))
    assert.equal(0, msg.msgsnd(queue, 2, ""))
    assert.same({ 1, "o\0ne" }, { msg.msgrcv(queue, 100, 1) })
    assert.same({ 3, "three" }, { msg.msgrcv(queue, 100) })
    assert.same({ 2, "" }, { msg.msgrcv(queue, 100, -2, msg.IPC_NOWAIT) })
  end)

  it("says why it cannot", function()
    assert.same({ nil, "No message of desired type", errno.ENOMSG }, { msg.msgrcv(queue, 10, 0, msg.IPC_NOWAIT) })
    assert.same({ nil, "Invalid argument", errno.EINVAL }, { msg.msgsnd(queue, 0, "x") })
    assert.same({ nil, "msgget: No such file or directory", errno.ENOENT }, { msg.msgget(12345) })
    msg.msgsnd(queue, 1, "long")
    assert.same({ nil, "Argument list too long", errno.E2BIG }, { msg.msgrcv(queue, 2) })
    assert.same({ 1, "lo" }, { msg.msgrcv(queue, 2, 0, msg.MSG_NOERROR) })
  end)

  it("tells of a queue, changes it and removes it", function()
    msg.msgsnd(queue, 1, "x")
    local status = msg.msgctl(queue, msg.IPC_STAT)
    assert.same({ 1, 384, unistd.getpid(), 0 },
      { status.msg_qnum, status.msg_perm.mode, status.msg_lspid, status.msg_lrpid })
    local perm = { uid = status.msg_perm.uid, gid = status.msg_perm.gid, mode = 416 }
    assert.equal(0, msg.msgctl(queue, msg.IPC_SET, { msg_qbytes = 1000, msg_perm = perm }))
    status = msg.msgctl(queue, msg.IPC_STAT)
    assert.same({ 1000, 416 }, { status.msg_qbytes, status.msg_perm.mode })
    assert.has_error(function() msg.msgctl(queue, msg.IPC_SET) end)
    assert.has_error(function() msg.msgctl(queue, msg.IPC_SET, { msg_qbytes = 1, msg_perm = perm, x = 1 }) end)
    assert.equal(0, msg.msgctl(queue, msg.IPC_RMID))
    assert.same({ nil, "msgctl: Invalid argument", errno.EINVAL }, { msg.msgctl(queue, msg.IPC_RMID) })
  end)

  it("lets a parent and its child wait for each other's messages", function()
    local pid = unistd.fork()
    if pid == 0 then
      local _, text = msg.msgrcv(queue, 100, 1)
      msg.msgsnd(queue, 2, text:upper())
      os.exit(0)
    end
    msg.msgsnd(queue, 1, "work")
    assert.same({ 2, "WORK" }, { msg.msgrcv(queue, 100, 2) })
    assert.same({ pid, "exited", 0 }, { wait.wait(pid) })
  end)
end)
