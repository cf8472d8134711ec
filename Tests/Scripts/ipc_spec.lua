-- What System V objects of all kinds have in common: identifiers, keys, owners and modes.
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C
local helpers = require "helpers"
local in_child, become, put, get = helpers.in_child, helpers.become, helpers.put, helpers.get

local kinds = {
  {
    name = "semaphores", next_id = "sem_next_id", perm = "sem_perm", ctime = "sem_ctime", stat_slot = "SEM_STAT",
    get = function(key, flags) return sys.semget(key, 1, flags) end,
    ctl = function(id, command, arg) return sys.semctl(id, 0, command, arg) end,
  },
  {
    name = "segments", next_id = "shm_next_id", perm = "shm_perm", ctime = "shm_ctime", stat_slot = "SHM_STAT",
    get = function(key, flags) return sys.shmget(key, 100, flags) end,
    ctl = function(id, command, arg) return sys.shmctl(id, command, arg) end,
  },
}

local function for_each(name, body)
  for _, kind in ipairs(kinds) do it(kind.name .. ": " .. name, function() body(kind) end) end
end

describe("System V identifiers", function()
  -- covers: sysv.ipc.id.zero_valid
  for_each("the first object of a namespace is 0, which is as good as any", function(kind)
    assert.equal(0, kind.get(C.IPC_PRIVATE, "IPC_CREAT|0600"))
    assert.equal(384, kind.ctl(0, "IPC_STAT")[kind.perm].mode)
    assert.equal(0, kind.ctl(0, "IPC_RMID"))
  end)

  -- covers: sysv.ipc.id.cyclic sysv.ipc.id.index_seq
  for_each("slots are used in turn, and the next round has the next sequence number", function(kind)
    for expected = 0, 63 do
      assert.equal(expected, kind.get(C.IPC_PRIVATE, "0600"))
      kind.ctl(expected, "IPC_RMID")
    end
    local id = kind.get(C.IPC_PRIVATE, "0600")
    assert.equal(32768, id)
    assert.equal(1, kind.ctl(id, "IPC_STAT")[kind.perm].__seq)
    local status, found = kind.ctl(0, kind.stat_slot)
    assert.equal(id, found)
    assert.equal(1, status[kind.perm].__seq)
  end)

  -- covers: sysv.ipc.id.cyclic
  for_each("a round is longer when more slots are in use", function(kind)
    for expected = 0, 63 do assert.equal(expected, kind.get(C.IPC_PRIVATE, "0600")) end
    assert.equal(64, kind.get(C.IPC_PRIVATE, "0600"))
    kind.ctl(3, "IPC_RMID")
    assert.equal(65, kind.get(C.IPC_PRIVATE, "0600"))
  end)

  -- covers: sysv.ipc.id.stale
  for_each("one that names nothing is EINVAL", function(kind)
    local id = kind.get(C.IPC_PRIVATE, "0600")
    for _, wrong in ipairs { -1, id + 1, id + 32768, 1 << 30 } do
      assert.errno("EINVAL", kind.ctl(wrong, "IPC_STAT"))
      assert.errno("EINVAL", kind.ctl(wrong, "IPC_RMID"))
    end
    kind.ctl(id, "IPC_RMID")
    assert.errno("EINVAL", kind.ctl(id, "IPC_STAT"))
    assert.errno("EINVAL", kind.ctl(id, "IPC_RMID"))
  end)

  -- covers: sysv.ipc.next_id
  for_each("the next one can be asked for, once", function(kind)
    local path = "/proc/sys/kernel/" .. kind.next_id
    assert.equal("-1\n", get(path))
    assert.equal(6, put(path, "98321\n"))
    assert.equal("98321\n", get(path))
    assert.equal(98321, kind.get(C.IPC_PRIVATE, "0600"))
    assert.equal("-1\n", get(path))
    assert.equal(0, kind.get(C.IPC_PRIVATE, "0600"))
    assert.equal(3, kind.ctl(98321, "IPC_STAT")[kind.perm].__seq)
    assert.errno("EINVAL", put(path, "-5"))
  end)

  -- covers: sysv.ipc.next_id.busy sysv.ipc.next_id.max
  for_each("where the slot asked for is taken, the next free one gets the sequence number", function(kind)
    local path = "/proc/sys/kernel/" .. kind.next_id
    put(path, "12345")
    assert.equal(12345, kind.get(C.IPC_PRIVATE, "0600"))
    put(path, "12345")
    assert.equal(12346, kind.get(C.IPC_PRIVATE, "0600"))
    put(path, "2147483647")
    assert.equal(2147483647, kind.get(C.IPC_PRIVATE, "0600"))
  end)

  -- covers: sysv.ipc.next_id.perm
  for_each("only who may restore processes can ask for one", function(kind)
    local path = "/proc/sys/kernel/" .. kind.next_id
    assert.equal(292, must.stat(path).st_mode & 511)
    in_child(function()
      become(65534)
      assert.errno("EACCES", put(path, "5"))
      assert.equal("-1\n", get(path))
    end)
  end)
end)

describe("System V keys", function()
  -- covers: sysv.ipc.key.private
  for_each("IPC_PRIVATE makes a new object each time", function(kind)
    local first = kind.get(C.IPC_PRIVATE, "0600")
    assert.not_equal(first, kind.get(C.IPC_PRIVATE, "0600"))
    assert.not_equal(first, kind.get(C.IPC_PRIVATE, "IPC_CREAT|IPC_EXCL|0600"))
  end)

  -- covers: sysv.ipc.key.lookup
  for_each("find what has them, and make what is not there with IPC_CREAT", function(kind)
    assert.errno("ENOENT", kind.get(99, "0600"))
    local id = kind.get(99, "IPC_CREAT|0600")
    assert.equal(id, kind.get(99, 0))
    assert.equal(id, kind.get(99, "IPC_CREAT|0600"))
    assert.equal(99, kind.ctl(id, "IPC_STAT")[kind.perm].__key)
    kind.ctl(id, "IPC_RMID")
    assert.errno("ENOENT", kind.get(99, 0))
    assert.is_true(kind.get(-7, "IPC_CREAT|0600") >= 0)
    assert.equal(-7, kind.ctl(kind.get(-7, 0), "IPC_STAT")[kind.perm].__key)
  end)

  -- covers: sysv.ipc.key.excl
  for_each("IPC_EXCL refuses what exists, and means nothing alone", function(kind)
    assert.errno("ENOENT", kind.get(5, "IPC_EXCL|0600"))
    local id = kind.get(5, "IPC_CREAT|IPC_EXCL|0600")
    assert.errno("EEXIST", kind.get(5, "IPC_CREAT|IPC_EXCL|0600"))
    assert.equal(id, kind.get(5, "IPC_EXCL"))
  end)

  -- covers: sysv.ipc.key.perm_request
  for_each("the mode asks for access to what exists, in whichever class its bits stand", function(kind)
    local id = kind.get(5, "IPC_CREAT|0640")
    in_child(function()
      become(65534)
      assert.errno("EACCES", kind.get(5, "0400"))
      assert.errno("EACCES", kind.get(5, "0004"))
      assert.errno("EACCES", kind.get(5, "0020"))
      assert.equal(id, kind.get(5, 0))
    end)
  end)
end)

describe("System V permissions", function()
  -- covers: sysv.ipc.perm.owner_is_euid sysv.ipc.struct.ipc_perm
  for_each("an object belongs to its creator's effective ids", function(kind)
    in_child(function()
      must.setresgid(10, 20, 30)
      must.setresuid(1000, 2000, 0)
      local perm = kind.ctl(kind.get(C.IPC_PRIVATE, "0640"), "IPC_STAT")[kind.perm]
      assert.same({ 2000, 2000, 20, 20, 416 }, { perm.uid, perm.cuid, perm.gid, perm.cgid, perm.mode })
    end)
  end)

  -- covers: sysv.ipc.perm.umask
  for_each("the umask does not touch the mode", function(kind)
    must.umask("0777")
    assert.equal(438, kind.ctl(kind.get(C.IPC_PRIVATE, "0666"), "IPC_STAT")[kind.perm].mode)
  end)

  -- covers: sysv.ipc.perm.classes
  for_each("one class alone decides: owner or creator, then group, then others", function(kind)
    local id = kind.get(7, "IPC_CREAT|0046")
    local status = kind.ctl(id, "IPC_STAT")
    status[kind.perm].uid, status[kind.perm].gid = 1000, 50
    kind.ctl(id, "IPC_SET", status)
    in_child(function()
      become(1000)
      assert.errno("EACCES", kind.ctl(id, "IPC_STAT"))
    end)
    in_child(function()
      must.setgroups({ 50 })
      must.setresgid(60, 60, 60)
      must.setresuid(1001, 1001, 1001)
      assert.equal(38, kind.ctl(id, "IPC_STAT")[kind.perm].mode)
      assert.errno("EACCES", kind.get(7, "0200"))
    end)
    in_child(function()
      become(1001)
      assert.equal(id, kind.get(7, "0600"))
    end)
    -- And CAP_IPC_OWNER passes over it all.
    assert.equal(38, kind.ctl(id, "IPC_STAT")[kind.perm].mode)
  end)

  -- covers: sysv.ipc.perm.control
  for_each("to change or remove an object takes its owner or creator, whatever the mode", function(kind)
    local id = kind.get(C.IPC_PRIVATE, "0666")
    in_child(function()
      become(1000)
      local status = kind.ctl(id, "IPC_STAT")
      assert.errno("EPERM", kind.ctl(id, "IPC_SET", status))
      assert.errno("EPERM", kind.ctl(id, "IPC_RMID"))
      local own = kind.get(C.IPC_PRIVATE, 0)
      assert.equal(0, kind.ctl(own, "IPC_RMID"))
    end)
    assert.equal(0, kind.ctl(id, "IPC_RMID"))
  end)

  -- covers: sysv.ipc.perm.ipc_set
  for_each("IPC_SET changes owner, group and nine mode bits, and nothing else", function(kind)
    local id = kind.get(33, "IPC_CREAT|0600")
    local before = kind.ctl(id, "IPC_STAT")
    local given = kind.ctl(id, "IPC_STAT")
    local perm = given[kind.perm]
    perm.uid, perm.gid, perm.mode, perm.cuid, perm.cgid, perm.__key, perm.__seq = 5, 6, 65535, 7, 8, 9, 10
    perm.key, perm.seq = nil, nil
    assert.equal(0, kind.ctl(id, "IPC_SET", given))
    local after = kind.ctl(id, "IPC_STAT")[kind.perm]
    assert.same({ 5, 6, 511 }, { after.uid, after.gid, after.mode })
    assert.same({ 0, 0, 33, 0 }, { after.cuid, after.cgid, after.__key, after.__seq })
    assert.is_true(kind.ctl(id, "IPC_STAT")[kind.ctime] >= before[kind.ctime])
    perm.uid = 0xffffffff
    assert.errno("EINVAL", kind.ctl(id, "IPC_SET", given))
    assert.errno("EFAULT", kind.ctl(id, "IPC_SET", 8))
    assert.errno("EFAULT", kind.ctl(id, "IPC_STAT", 8))
  end)

  -- covers: sysv.ipc.perm.give_away
  for_each("after giving it away both its new owner and its creator control it", function(kind)
    local ids = {}
    in_child(function()
      must.setresuid(1000, 1000, 0)
      for number = 1, 2 do
        ids[number] = kind.get(C.IPC_PRIVATE, "0600")
        local status = kind.ctl(ids[number], "IPC_STAT")
        status[kind.perm].uid = 2000
        assert.equal(0, kind.ctl(ids[number], "IPC_SET", status))
      end
      assert.equal(0, kind.ctl(ids[1], "IPC_RMID"))
    end)
    in_child(function()
      become(2000)
      assert.equal(0, kind.ctl(ids[2], "IPC_RMID"))
    end)
  end)
end)

describe("System V commands", function()
  -- covers: sysv.ipc.cmd.unknown sysv.ipc.cmd.ipc64_flag
  for_each("that are none are EINVAL, and so is one with IPC_64", function(kind)
    local id = kind.get(C.IPC_PRIVATE, "0600")
    for _, command in ipairs { 4, 10, 21, 99, -1, C.IPC_STAT | 0x100 } do
      assert.errno("EINVAL", kind.ctl(id, command))
    end
  end)
end)
