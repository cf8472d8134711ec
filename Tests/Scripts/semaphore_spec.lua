-- semget, semctl, and what semop does when it need not wait.
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C
local helpers = require "helpers"
local in_child, become, put, get = helpers.in_child, helpers.become, helpers.put, helpers.get
local make, values = helpers.semaphores.make, helpers.semaphores.values

describe("semget", function()
  -- covers: sysv.sem.semget.basic sysv.sem.semctl.IPC_STAT
  it("makes a set of zeros that nobody has touched", function()
    local id = must.semget(77, 3, "IPC_CREAT|0640")
    local status = must.semctl(id, 99, "IPC_STAT")
    assert.same({ 3, 0, 77, 416 }, { status.sem_nsems, status.sem_otime, status.sem_perm.__key, status.sem_perm.mode })
    assert.is_true(math.abs(status.sem_ctime - must.time()) <= 2)
    assert.same({ 0, 0, 0 }, values(id))
    for number = 0, 2 do assert.equal(0, must.semctl(id, number, "GETPID")) end
  end)

  -- covers: sysv.sem.semget.basic
  it("refuses numbers of semaphores that cannot be", function()
    assert.errno("EINVAL", sys.semget(C.IPC_PRIVATE, 0, "0600"))
    assert.errno("EINVAL", sys.semget(C.IPC_PRIVATE, -1, "0600"))
    assert.errno("EINVAL", sys.semget(C.IPC_PRIVATE, 32001, "0600"))
    assert.errno("EINVAL", sys.semget(5, 0, "IPC_CREAT|0600"))
    assert.equal(32000, must.semctl(make(32000), 0, "IPC_STAT").sem_nsems)
  end)

  -- covers: sysv.sem.semget.lookup_nsems
  it("takes any number up to the size of a set that exists, 0 too", function()
    local id = must.semget(5, 3, "IPC_CREAT|0600")
    assert.equal(id, must.semget(5, 0, 0))
    assert.equal(id, must.semget(5, 3, 0))
    assert.errno("EINVAL", sys.semget(5, 4, 0))
    assert.errno("EINVAL", sys.semget(5, 4, "IPC_CREAT|0600"))
    assert.errno("EEXIST", sys.semget(5, 4, "IPC_CREAT|IPC_EXCL|0600"))
  end)

  -- covers: sysv.sem.limit.sem sysv.sem.semget.basic
  it("keeps to the numbers of kernel.sem", function()
    assert.equal("32000\t1024000000\t500\t32000\n", get "/proc/sys/kernel/sem")
    assert.equal(14, put("/proc/sys/kernel/sem", "10 25 4 2 \t\n\n\n"))
    assert.equal("10\t25\t4\t2\n", get "/proc/sys/kernel/sem")
    assert.errno("EINVAL", sys.semget(C.IPC_PRIVATE, 11, "0600"))
    local id = make(10)
    make(10)
    assert.errno("ENOSPC", sys.semget(C.IPC_PRIVATE, 1, "0600"))
    put("/proc/sys/kernel/sem", "10 25 4 3")
    assert.errno("ENOSPC", sys.semget(C.IPC_PRIVATE, 6, "0600"))
    make(5)
    assert.errno("E2BIG", sys.semop(id, { { 0, 1 }, { 0, 1 }, { 0, 1 }, { 0, 1 }, { 0, 1 } }))
    put("/proc/sys/kernel/sem", "20 30")
    assert.equal("20\t30\t4\t3\n", get "/proc/sys/kernel/sem")
  end)

  -- covers: sysv.sem.limit.semmni_range
  it("a number of sets out of range is refused, and the other three count", function()
    assert.errno("ERANGE", put("/proc/sys/kernel/sem", "-10 20 30 32769"))
    assert.equal("-10\t20\t30\t32000\n", get "/proc/sys/kernel/sem")
    assert.errno("ERANGE", put("/proc/sys/kernel/sem", "1 2 3 -1"))
    assert.equal("1\t2\t3\t32000\n", get "/proc/sys/kernel/sem")
    assert.errno("EINVAL", put("/proc/sys/kernel/sem", "many"))
  end)
end)

describe("semop", function()
  -- covers: sysv.sem.semop.increment sysv.sem.semop.decrement sysv.sem.semop.zero
  it("adds, takes what is there, and tests for zero", function()
    local id = make(1)
    assert.equal(0, must.semop(id, { { 0, 0 } }))
    assert.equal(0, must.semop(id, { { 0, 5 } }))
    assert.equal(0, must.semop(id, { { sem_num = 0, sem_op = -2, sem_flg = "IPC_NOWAIT" } }))
    assert.equal(3, must.semctl(id, 0, "GETVAL"))
    assert.errno("EAGAIN", sys.semop(id, { { 0, -4, C.IPC_NOWAIT } }))
    assert.errno("EAGAIN", sys.semop(id, { { 0, 0, C.IPC_NOWAIT } }))
    must.semop(id, { { 0, -3 } })
    must.semop(id, { { 0, 0, C.IPC_NOWAIT } })
  end)

  -- covers: sysv.sem.semop.increment
  it("lets no value pass 32767", function()
    local id = make(1, { 32767 })
    assert.errno("ERANGE", sys.semop(id, { { 0, 1 } }))
    must.semop(id, { { 0, -32767 } })
    must.semop(id, { { 0, 32767 } })
    assert.errno("ERANGE", sys.semop(id, { { 0, 32767 } }))
    assert.equal(32767, must.semctl(id, 0, "GETVAL"))
  end)

  -- covers: sysv.sem.semop.atomic
  it("does all or nothing", function()
    local id = make(3, { 1, 1, 0 })
    assert.errno("EAGAIN", sys.semop(id, { { 0, 1 }, { 1, -1 }, { 2, -1, C.IPC_NOWAIT } }))
    assert.same({ 1, 1, 0 }, values(id))
    assert.errno("ERANGE", sys.semop(id, { { 0, -1 }, { 1, 32767 } }))
    assert.same({ 1, 1, 0 }, values(id))
    assert.equal(must.getpid(), must.semctl(id, 0, "GETPID"))
    must.semop(id, { { 0, -1 }, { 1, 1 }, { 2, 0 } })
    assert.same({ 0, 2, 0 }, values(id))
  end)

  -- covers: sysv.sem.semop.sequential
  it("does the operations on one semaphore in their order", function()
    local id = make(1, { 1 })
    must.semop(id, { { 0, 1 }, { 0, -2 }, { 0, 0 } })
    assert.equal(0, must.semctl(id, 0, "GETVAL"))
    assert.errno("EAGAIN", sys.semop(id, { { 0, -1, C.IPC_NOWAIT }, { 0, 1 } }))
    must.semop(id, { { 0, 1 }, { 0, -1 } })
    assert.errno("EAGAIN", sys.semop(id, { { 0, 1 }, { 0, 0, C.IPC_NOWAIT } }))
    assert.equal(0, must.semctl(id, 0, "GETVAL"))
  end)

  -- covers: sysv.sem.semop.nowait_per_op
  it("looks at IPC_NOWAIT of the operation that blocks alone", function()
    local id = make(2)
    assert.errno("EAGAIN", sys.semop(id, { { 0, 1 }, { 1, -1, C.IPC_NOWAIT } }))
    assert.errno("EAGAIN", sys.semtimedop(id, { { 0, 1, C.IPC_NOWAIT }, { 1, -1 } }, 0.01))
    assert.same({ 0, 0 }, values(id))
  end)

  -- covers: sysv.sem.semop.limits
  it("takes 1 to 500 operations, and counts them first", function()
    local id = make(1)
    local many = {}
    for number = 1, 500 do many[number] = { 0, 1 } end
    assert.equal(0, must.semop(id, many))
    assert.equal(500, must.semctl(id, 0, "GETVAL"))
    many[501] = { 0, 1 }
    assert.errno("E2BIG", sys.semop(id, many))
    assert.errno("E2BIG", sys.semop(-1, many))
    assert.errno("EINVAL", sys.semop(id, {}))
  end)

  -- covers: sysv.sem.semop.semnum
  it("knows no semaphore beyond the set", function()
    local id = make(2)
    assert.errno("EFBIG", sys.semop(id, { { 2, 1 } }))
    assert.errno("EFBIG", sys.semop(id, { { 0, 1 }, { 65535, 1 } }))
    assert.same({ 0, 0 }, values(id))
  end)

  -- covers: sysv.sem.semop.fault_and_id
  it("tells a bad address from a bad set", function()
    local id = make(1)
    assert.errno("EFAULT", sys.semop(id, ks.at(8, 6)))
    assert.errno("EFAULT", sys.semop(-1, ks.at(8, 6)))
    assert.errno("EFAULT", sys.semop(-1, 8)) -- one operation is looked for there
    assert.errno("EFAULT", sys.semtimedop(-1, 8, 0))
    assert.errno("EINVAL", sys.semop(-1, { { 0, 1 } }))
    assert.errno("EINVAL", sys.semop(id + 1, { { 0, 1 } }))
    local buffer = ks.buffer(12)
    buffer:set(0, ks.pack("sembuf", { sem_num = 0, sem_op = 7 }) .. ks.pack("sembuf", { sem_num = 0, sem_op = -3 }))
    assert.equal(0, must.semop(id, buffer))
    assert.equal(4, must.semctl(id, 0, "GETVAL"))
    must.semctl(id, 0, "IPC_RMID")
    assert.errno("EINVAL", sys.semop(id, { { 0, 1 } }))
  end)

  -- covers: sysv.sem.semop.decrement sysv.sem.semop.increment sysv.sem.semop.zero
  it("needs to write, but for zeros only to read", function()
    local reader = must.semget(1, 1, "IPC_CREAT|0604")
    local writer = must.semget(2, 1, "IPC_CREAT|0602")
    in_child(function()
      become(1000)
      assert.equal(0, must.semop(reader, { { 0, 0 } }))
      assert.errno("EACCES", sys.semop(reader, { { 0, 1 } }))
      assert.errno("EACCES", sys.semop(reader, { { 0, 0 }, { 0, -1 } }))
      assert.errno("EACCES", sys.semop(writer, { { 0, 0 } }))
      assert.equal(0, must.semop(writer, { { 0, 1 } }))
      assert.equal(0, must.semop(writer, { { 0, -1 }, { 0, 0 } }))
    end)
  end)

  -- covers: sysv.ipc.perm.ipc_set sysv.ipc.perm.classes
  it("what IPC_SET allows counts from the next call on, also for one who has used the set before", function()
    local id = make(2)
    in_child(function()
      must.semop(id, { { 0, 1 } })
      must.semop(id, { { 1, 2 } })
      local t = must.semctl(id, 0, "IPC_STAT")
      t.sem_perm.uid, t.sem_perm.mode = 1000, tonumber("600", 8)
      must.semctl(id, 0, "IPC_SET", t)
      must.setresuid(-1, 1000, -1)
      must.semop(id, { { 0, 1 } })
      t.sem_perm.mode = tonumber("400", 8)
      must.semctl(id, 0, "IPC_SET", t)
      assert.errno("EACCES", sys.semop(id, { { 0, 1 } }))
      assert.errno("EAGAIN", sys.semop(id, { { 0, 0, "IPC_NOWAIT" } }))
    end)
    assert.same({ 2, 2 }, values(id))
    must.semctl(id, 0, "IPC_RMID")
    assert.errno("EINVAL", sys.semop(id, { { 0, 1 } }))
  end)

  -- covers: sysv.sem.sempid
  it("marks every semaphore that it names with the process", function()
    local id = make(3)
    in_child(function() must.semop(id, { { 0, 0 }, { 1, 1 } }) end)
    local child = must.semctl(id, 0, "GETPID")
    assert.is_true(child > must.getpid())
    assert.equal(child, must.semctl(id, 1, "GETPID"))
    assert.equal(0, must.semctl(id, 2, "GETPID"))
    must.semctl(id, 1, "SETVAL", 4)
    assert.equal(must.getpid(), must.semctl(id, 1, "GETPID"))
    assert.equal(child, must.semctl(id, 0, "GETPID"))
    must.semctl(id, 0, "SETALL", { 1, 2, 3 })
    assert.equal(must.getpid(), must.semctl(id, 2, "GETPID"))
  end)

  -- covers: sysv.sem.otime_ctime
  it("sets the time of operations, semctl that of changes", function()
    local id = make(1)
    local made = must.semctl(id, 0, "IPC_STAT")
    assert.equal(0, made.sem_otime)
    must.nanosleep(1.1)
    must.semctl(id, 0, "SETVAL", 1)
    local set = must.semctl(id, 0, "IPC_STAT")
    assert.equal(0, set.sem_otime)
    assert.is_true(set.sem_ctime > made.sem_ctime)
    must.nanosleep(1.1)
    must.semop(id, { { 0, 1 } })
    local operated = must.semctl(id, 0, "IPC_STAT")
    assert.equal(set.sem_ctime, operated.sem_ctime)
    assert.is_true(operated.sem_otime > set.sem_ctime)
    assert.errno("EAGAIN", sys.semop(id, { { 0, -9, C.IPC_NOWAIT } }))
    must.semctl(id, 0, "IPC_SET", operated)
    assert.equal(operated.sem_otime, must.semctl(id, 0, "IPC_STAT").sem_otime)
  end)
end)

describe("semctl", function()
  -- covers: sysv.sem.semctl.SETVAL sysv.sem.semctl.GETVAL
  it("sets and gets one value", function()
    local id = make(2)
    assert.equal(0, must.semctl(id, 1, "SETVAL", 32767))
    assert.equal(32767, must.semctl(id, 1, "GETVAL"))
    assert.errno("ERANGE", sys.semctl(id, 1, "SETVAL", 32768))
    assert.errno("ERANGE", sys.semctl(id, 1, "SETVAL", -1))
    assert.errno("ERANGE", sys.semctl(id, 9, "SETVAL", -1))
    for _, command in ipairs { "SETVAL", "GETVAL", "GETPID", "GETNCNT", "GETZCNT" } do
      assert.errno("EINVAL", sys.semctl(id, 2, command, 1))
      assert.errno("EINVAL", sys.semctl(id, -1, command, 1))
    end
  end)

  -- covers: sysv.sem.semctl.GETALL sysv.sem.semctl.SETALL
  it("sets and gets all values", function()
    local id = make(3)
    assert.equal(0, must.semctl(id, 0, "SETALL", { 1, 32767, 3 }))
    assert.same({ 1, 32767, 3 }, must.semctl(id, 0, "GETALL"))
    assert.errno("ERANGE", sys.semctl(id, 0, "SETALL", { 4, 32768, 6 }))
    assert.same({ 1, 32767, 3 }, values(id))
    assert.errno("EFAULT", sys.semctl(id, 0, "SETALL", 8))
    assert.errno("EFAULT", sys.semctl(id, 0, "SETALL", { 4, 5 })) -- a third is behind what was handed over
    assert.errno("EFAULT", sys.semctl(id, 0, "SETALL", {}))
    assert.errno("EFAULT", sys.semctl(id, 0, "GETALL", 8))
    local buffer = ks.buffer(6)
    assert.equal(0, must.semctl(id, 0, "GETALL", buffer))
    assert.same({ 1, 32767, 3 }, { buffer:u16(0), buffer:u16(2), buffer:u16(4) })
  end)

  -- covers: sysv.sem.semctl.SETVAL sysv.sem.semctl.GETVAL sysv.sem.semctl.GETALL sysv.sem.semctl.SETALL
  -- covers: sysv.sem.semctl.GETPID sysv.sem.semctl.GETNCNT sysv.sem.semctl.GETZCNT sysv.sem.semctl.IPC_STAT
  it("reads where the set lets the caller read, and writes where it lets it write", function()
    local reader = must.semget(1, 1, "IPC_CREAT|0604")
    local writer = must.semget(2, 1, "IPC_CREAT|0602")
    in_child(function()
      become(1000)
      for _, command in ipairs { "GETVAL", "GETPID", "GETNCNT", "GETZCNT", "GETALL", "IPC_STAT" } do
        assert.is_not_nil(sys.semctl(reader, 0, command))
        assert.errno("EACCES", sys.semctl(writer, 0, command))
      end
      assert.errno("EACCES", sys.semctl(reader, 0, "SETVAL", 1))
      assert.errno("EACCES", sys.semctl(reader, 0, "SETALL", { 1 }))
      assert.equal(0, sys.semctl(writer, 0, "SETVAL", 1))
      assert.equal(0, sys.semctl(writer, 0, "SETALL", { 1 }))
    end)
  end)

  -- covers: sysv.sem.semctl.GETPID
  it("tells the process that came last, 0 for none", function()
    local id = make(1)
    assert.equal(0, must.semctl(id, 0, "GETPID"))
    must.semop(id, { { 0, 0 } })
    assert.equal(must.getpid(), must.semctl(id, 0, "GETPID"))
  end)

  -- covers: sysv.sem.semctl.SEM_STAT
  it("looks at slots", function()
    local first, second = make(1), must.semget(C.IPC_PRIVATE, 2, 0)
    local status, id = must.semctl(second, 0, "SEM_STAT")
    assert.same({ second, 2 }, { id, status.sem_nsems })
    must.semctl(first, 0, "IPC_RMID")
    assert.errno("EINVAL", sys.semctl(first, 0, "SEM_STAT"))
    assert.errno("EINVAL", sys.semctl(first, 0, "SEM_STAT_ANY"))
    in_child(function()
      become(1000)
      assert.errno("EACCES", sys.semctl(second, 0, "SEM_STAT"))
      local seen, number = must.semctl(second, 0, "SEM_STAT_ANY")
      assert.same({ second, 2, 0 }, { number, seen.sem_nsems, seen.sem_perm.mode })
    end)
  end)

  -- covers: sysv.sem.semctl.IPC_INFO
  it("tells the limits", function()
    make(1)
    make(1)
    make(1)
    local info, highest = must.semctl(0, 0, "IPC_INFO")
    assert.equal(2, highest)
    assert.same({
      semmap = 1024000000, semmni = 32000, semmns = 1024000000, semmnu = 1024000000, semmsl = 32000, semopm = 500,
      semume = 500, semusz = 20, semvmx = 32767, semaem = 32767,
    }, info)
    assert.errno("EFAULT", sys.semctl(0, 0, "IPC_INFO", 8))
  end)

  -- covers: sysv.sem.semctl.SEM_INFO
  it("tells what is in use", function()
    local _, none = must.semctl(0, 0, "SEM_INFO")
    assert.equal(0, none)
    make(3)
    local last = make(4)
    local info, highest = must.semctl(0, 0, "SEM_INFO")
    assert.same({ 1, 2, 7 }, { highest, info.semusz, info.semaem })
    must.semctl(last, 0, "IPC_RMID")
    info, highest = must.semctl(0, 0, "SEM_INFO")
    assert.same({ 0, 1, 3 }, { highest, info.semusz, info.semaem })
  end)

  -- covers: sysv.sem.semctl.IPC_RMID
  it("removes a set at once", function()
    local id = must.semget(9, 1, "IPC_CREAT|0600")
    in_child(function()
      become(1000)
      assert.errno("EPERM", sys.semctl(id, 0, "IPC_RMID"))
    end)
    assert.equal(0, must.semctl(id, 7, "IPC_RMID"))
    assert.errno("EINVAL", sys.semctl(id, 0, "IPC_RMID"))
    assert.errno("EINVAL", sys.semop(id, { { 0, 1 } }))
    assert.errno("ENOENT", sys.semget(9, 0, 0))
  end)
end)

describe("/proc/sysvipc/sem", function()
  -- covers: sysv.proc.sysvipc.sem sysv.proc.sysvipc.visible_to_all
  it("has a row for each set, for everybody to read", function()
    must.setresgid(-1, 20, -1)
    local id = must.semget(-2, 3, "IPC_CREAT|0640")
    local status = must.semctl(id, 0, "IPC_STAT")
    local expected = "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n"
      .. ("%10d %10d  %4o %10u %5u %5u %5u %5u %10d %10d\n"):format(
        -2, id, 416, 3, 0, 20, 0, 20, status.sem_otime, status.sem_ctime)
    assert.equal(expected, get "/proc/sysvipc/sem")
    in_child(function()
      become(65534)
      assert.errno("EACCES", sys.semctl(id, 0, "IPC_STAT"))
      assert.equal(expected, get "/proc/sysvipc/sem")
    end)
  end)
end)
