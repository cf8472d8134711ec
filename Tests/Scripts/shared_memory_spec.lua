-- shmget and shmctl.
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C
local helpers = require "helpers"
local in_child, become, gate = helpers.in_child, helpers.become, helpers.gate
local put, get = helpers.put, helpers.get
local make, status = helpers.segments.make, helpers.segments.status

describe("shmget", function()
  -- covers: sysv.shm.shmget.basic sysv.shm.shmctl.IPC_STAT
  it("makes a segment of zeros that keeps the size asked for", function()
    local id = must.shmget(77, 5000, "IPC_CREAT|0640")
    local found = status(id)
    assert.same({ 5000, 0, 0, 0, must.getpid(), 0 }, {
      found.shm_segsz, found.shm_nattch, found.shm_atime, found.shm_dtime, found.shm_cpid, found.shm_lpid,
    })
    assert.same({ 77, 416 }, { found.shm_perm.__key, found.shm_perm.mode })
    assert.is_true(math.abs(found.shm_ctime - must.time()) <= 2)
    local memory = must.shmat(id)
    assert.equal(("\0"):rep(5000), memory:string())
    local beyond = ks.at(memory.addr, 8192)
    assert.equal(0, beyond:u8(8191))
  end)

  -- covers: sysv.shm.shmget.basic
  it("refuses sizes that cannot be", function()
    assert.errno("EINVAL", sys.shmget(C.IPC_PRIVATE, 0, "0600"))
    assert.errno("EINVAL", sys.shmget(5, 0, "IPC_CREAT|0600"))
    assert.errno("EINVAL", sys.shmget(C.IPC_PRIVATE, -1, "0600"))
    assert.errno("ENOMEM", sys.shmget(C.IPC_PRIVATE, 1 << 50, "0600"))
  end)

  -- covers: sysv.shm.shmget.lookup_size
  it("takes any size up to the exact one of what exists, 0 too", function()
    local id = must.shmget(5, 5000, "IPC_CREAT|0600")
    assert.equal(id, must.shmget(5, 0, 0))
    assert.equal(id, must.shmget(5, 5000, 0))
    assert.errno("EINVAL", sys.shmget(5, 5001, 0))
    assert.errno("EEXIST", sys.shmget(5, 5001, "IPC_CREAT|IPC_EXCL"))
  end)

  -- covers: sysv.shm.shmget.SHM_HUGETLB
  it("gives no huge pages where there are none", function()
    assert.errno("EINVAL", sys.shmget(C.IPC_PRIVATE, 0, "SHM_HUGETLB|0600"))
    assert.errno("EINVAL", sys.shmget(C.IPC_PRIVATE, 4096, C.SHM_HUGETLB | 13 << 26 | 384))
    assert.errno("ENOMEM", sys.shmget(C.IPC_PRIVATE, 4096, "SHM_HUGETLB|0600"))
    in_child(function()
      become(65534)
      assert.errno("EPERM", sys.shmget(C.IPC_PRIVATE, 4096, "SHM_HUGETLB|0600"))
    end)
  end)

  -- covers: sysv.shm.shmget.SHM_NORESERVE
  it("reserves nothing with SHM_NORESERVE", function()
    local id = must.shmget(C.IPC_PRIVATE, 1 << 44, "SHM_NORESERVE|0600")
    assert.equal(1 << 44, status(id).shm_segsz)
    assert.is_true(must.shmget(5, 100, "IPC_CREAT|SHM_NORESERVE|0600") >= 0)
  end)

  -- covers: sysv.shm.limit.shmmax
  it("keeps to kernel.shmmax", function()
    assert.equal("18446744073692774399\n", get "/proc/sys/kernel/shmmax")
    assert.equal(5, put("/proc/sys/kernel/shmmax", "10000"))
    assert.errno("EINVAL", sys.shmget(C.IPC_PRIVATE, 10001, "0600"))
    assert.equal(10000, status(make(10000)).shm_segsz)
    assert.errno("EINVAL", put("/proc/sys/kernel/shmmax", "-1"))
  end)

  -- covers: sysv.shm.limit.shmall
  it("keeps to kernel.shmall, in whole pages", function()
    assert.equal("18446744073692774399\n", get "/proc/sys/kernel/shmall")
    put("/proc/sys/kernel/shmall", "3")
    make(4097)
    assert.errno("ENOSPC", sys.shmget(C.IPC_PRIVATE, 4097, "0600"))
    local last = make(1)
    assert.errno("ENOSPC", sys.shmget(C.IPC_PRIVATE, 1, "0600"))
    must.shmctl(last, "IPC_RMID")
    make(4096)
  end)

  -- covers: sysv.shm.limit.shmmni
  it("keeps to kernel.shmmni", function()
    assert.equal("4096\n", get "/proc/sys/kernel/shmmni")
    put("/proc/sys/kernel/shmmni", "2")
    make(1)
    make(1)
    assert.errno("ENOSPC", sys.shmget(C.IPC_PRIVATE, 1, "0600"))
    assert.errno("EINVAL", put("/proc/sys/kernel/shmmni", "32769"))
    assert.errno("EINVAL", put("/proc/sys/kernel/shmmni", "-1"))
    put("/proc/sys/kernel/shmmni", "32768")
    make(1)
  end)
end)

describe("shmctl", function()
  -- covers: sysv.shm.shmctl.IPC_STAT
  it("IPC_STAT needs to read", function()
    local id = make(1, "0620")
    in_child(function()
      become(1000)
      assert.errno("EACCES", sys.shmctl(id, "IPC_STAT"))
    end)
    local buffer = ks.buffer(112)
    assert.equal(0, must.shmctl(id, "IPC_STAT", buffer))
    assert.equal(1, buffer:u64(48))
    assert.errno("EFAULT", sys.shmctl(id, "IPC_STAT", 8))
  end)

  -- covers: sysv.shm.shmctl.IPC_SET
  it("IPC_SET changes owner, group and mode, never the size", function()
    local id = make(5000)
    local given = status(id)
    given.shm_segsz, given.shm_perm.mode, given.shm_perm.gid = 1, 420, 7
    assert.equal(0, must.shmctl(id, "IPC_SET", given))
    local found = status(id)
    assert.same({ 5000, 420, 7 }, { found.shm_segsz, found.shm_perm.mode, found.shm_perm.gid })
    in_child(function()
      become(1000)
      assert.errno("EPERM", sys.shmctl(id, "IPC_SET", found))
    end)
  end)

  -- covers: sysv.shm.shmctl.IPC_RMID
  it("IPC_RMID frees the key at once and the memory with the last attach", function()
    local id = must.shmget(55, 4096, "IPC_CREAT|0600")
    local memory = must.shmat(id)
    memory:set(0, "still here")
    assert.equal(0, must.shmctl(id, "IPC_RMID"))
    assert.equal(0, must.shmctl(id, "IPC_RMID"))
    assert.errno("ENOENT", sys.shmget(55, 0, 0))
    local found = status(id)
    assert.same({ 0, 896, 1 }, { found.shm_perm.__key, found.shm_perm.mode, found.shm_nattch })
    assert.not_equal(id, must.shmget(55, 4096, "IPC_CREAT|0600"))
    assert.equal("still here", memory:string(1, 10))
    must.shmdt(memory)
    assert.errno("EINVAL", sys.shmctl(id, "IPC_STAT"))
    assert.errno("EINVAL", sys.shmctl(id, "IPC_RMID"))
    in_child(function()
      become(1000)
      assert.errno("EPERM", sys.shmctl(must.shmget(55, 0, 0), "IPC_RMID"))
    end)
  end)

  -- covers: sysv.shm.SHM_LOCK sysv.shm.SHM_UNLOCK
  it("SHM_LOCK and SHM_UNLOCK mark a segment, as often as one likes", function()
    local id = make(4096)
    for _ = 1, 2 do
      assert.equal(0, must.shmctl(id, "SHM_LOCK"))
      assert.equal(1408, status(id).shm_perm.mode)
    end
    for _ = 1, 2 do
      assert.equal(0, must.shmctl(id, "SHM_UNLOCK"))
      assert.equal(384, status(id).shm_perm.mode)
    end
    assert.errno("EINVAL", sys.shmctl(id + 1, "SHM_LOCK"))
  end)

  -- covers: sysv.shm.SHM_LOCK sysv.shm.SHM_UNLOCK
  it("SHM_LOCK is the owner's within RLIMIT_MEMLOCK", function()
    local foreign = make(4096, "0666")
    in_child(function()
      must.setrlimit("RLIMIT_MEMLOCK", { rlim_cur = 8192, rlim_max = 8192 })
      become(4321)
      assert.errno("EPERM", sys.shmctl(foreign, "SHM_LOCK"))
      assert.errno("EPERM", sys.shmctl(foreign, "SHM_UNLOCK"))
      local id, more, big = make(4096), make(5000), make(8193)
      assert.errno("ENOMEM", sys.shmctl(big, "SHM_LOCK"))
      assert.equal(0, must.shmctl(id, "SHM_LOCK"))
      assert.errno("ENOMEM", sys.shmctl(more, "SHM_LOCK"))
      must.setrlimit("RLIMIT_MEMLOCK", { rlim_cur = 0, rlim_max = 0 })
      assert.errno("EPERM", sys.shmctl(id, "SHM_LOCK"))
      assert.equal(0, must.shmctl(id, "SHM_UNLOCK"))
      assert.equal(384, status(id).shm_perm.mode)
      must.shmctl(id, "IPC_RMID")
    end)
  end)

  -- covers: sysv.shm.shmctl.IPC_INFO
  it("IPC_INFO tells the limits", function()
    make(1)
    make(1)
    local info, highest = must.shmctl(0, "IPC_INFO")
    assert.equal(1, highest)
    assert.same({ shmmax = -16777217, shmmin = 1, shmmni = 4096, shmseg = 4096, shmall = -16777217 }, info)
    assert.errno("EFAULT", sys.shmctl(0, "IPC_INFO", 8))
  end)

  -- covers: sysv.shm.shmctl.SHM_INFO
  it("SHM_INFO tells what is in use, in pages", function()
    local first = make(5000)
    make(4096)
    must.shmat(first):set(0, "touched")
    local info, highest = must.shmctl(0, "SHM_INFO")
    assert.same({ 1, 2, 3, 1, 0 }, { highest, info.used_ids, info.shm_tot, info.shm_rss, info.shm_swp })
    assert.errno("EFAULT", sys.shmctl(0, "SHM_INFO", 8))
  end)

  -- covers: sysv.shm.shmctl.SHM_STAT
  it("SHM_STAT looks at slots", function()
    local first, second = make(1), make(2, 0)
    local found, id = must.shmctl(second, "SHM_STAT")
    assert.same({ second, 2 }, { id, found.shm_segsz })
    must.shmctl(first, "IPC_RMID")
    assert.errno("EINVAL", sys.shmctl(first, "SHM_STAT"))
    in_child(function()
      become(1000)
      assert.errno("EACCES", sys.shmctl(second, "SHM_STAT"))
      found, id = must.shmctl(second, "SHM_STAT_ANY")
      assert.same({ second, 2 }, { id, found.shm_segsz })
    end)
  end)
end)

describe("segments", function()
  -- covers: sysv.shm.accounting_owner
  it("outlive their creator", function()
    local pid = in_child(function()
      must.shmat(must.shmget(9, 4096, "IPC_CREAT|0600")):set(0, "left behind")
    end)
    local id = must.shmget(9, 0, 0)
    assert.same({ 0, pid, pid }, { status(id).shm_nattch, status(id).shm_cpid, status(id).shm_lpid })
    assert.equal("left behind", must.shmat(id):string(1, 11))
  end)

  -- covers: sysv.shm.rmid_forced
  it("go with their last attach when kernel.shm_rmid_forced is 1", function()
    local orphan
    in_child(function() orphan = make(4096) end)
    local own, attached = make(4096), make(4096)
    local memory = must.shmat(attached)
    assert.equal(1, put("/proc/sys/kernel/shm_rmid_forced", "1"))
    assert.errno("EINVAL", sys.shmctl(orphan, "IPC_STAT"))
    assert.equal(0, status(own).shm_nattch)
    assert.equal(1, status(attached).shm_nattch)
    must.shmdt(memory)
    assert.errno("EINVAL", sys.shmctl(attached, "IPC_STAT"))
    must.shmdt(must.shmat(own))
    assert.errno("EINVAL", sys.shmctl(own, "IPC_STAT"))
    local left, held
    local wait, go = gate()
    in_child(function()
      left, held = make(4096), make(4096)
      must.fork(function()
        must.shmat(held)
        wait()
      end)
      ks.settle()
    end)
    assert.errno("EINVAL", sys.shmctl(left, "IPC_STAT"))
    assert.equal(1, status(held).shm_nattch)
    go()
    ks.settle()
    assert.errno("EINVAL", sys.shmctl(held, "IPC_STAT"))
    assert.errno("EINVAL", put("/proc/sys/kernel/shm_rmid_forced", "2"))
  end)

  -- covers: sysv.shm.rmid_forced.failed_attach
  it("go with an attach that fails for its place when kernel.shm_rmid_forced is 1", function()
    local id = make(4096)
    assert.equal(1, put("/proc/sys/kernel/shm_rmid_forced", "1"))
    assert.errno("EINVAL", sys.shmat(id, nil, "SHM_REMAP"))
    assert.equal(0, status(id).shm_nattch)
    assert.errno("ENOMEM", sys.shmat(id, 1 << 47))
    assert.errno("EINVAL", sys.shmctl(id, "IPC_STAT"))
  end)
end)

describe("/proc/sysvipc/shm", function()
  -- covers: sysv.proc.sysvipc.shm sysv.proc.sysvipc.visible_to_all
  it("has a row for each segment, for everybody to read", function()
    local id = must.shmget(-2, 5000, "IPC_CREAT|0640")
    local memory = must.shmat(id)
    memory:set(0, "x")
    must.shmctl(id, "SHM_LOCK")
    must.shmctl(id, "IPC_RMID")
    local found = status(id)
    local expected = "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid"
      .. "      atime      dtime      ctime                   rss                  swap\n"
      .. ("%10d %10d  %4o %21d %5d %5d  %5d %5d %5d %5d %5d %10d %10d %10d "):format(
        0, id, 1536 + 416, 5000, must.getpid(), must.getpid(), 1, 0, 0, 0, 0, found.shm_atime, 0, found.shm_ctime)
    local text = get "/proc/sysvipc/shm"
    assert.equal(expected, text:sub(1, #expected))
    -- A locked segment is brought in whole by some releases.
    assert.truthy(text:sub(#expected + 1):match "^ +%d+ +0\n$")
    in_child(function()
      become(65534)
      assert.errno("EACCES", sys.shmctl(id, "IPC_STAT"))
      assert.equal(text:sub(1, 200), get("/proc/sysvipc/shm"):sub(1, 200))
    end)
  end)
end)
