-- IPC namespaces: what unshare and clone3 with CLONE_NEWIPC give, and what stays behind.
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local function in_child(fn)
  local pid = must.fork(fn)
  assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
end

local function get(path)
  local fd = must.open(path, "O_RDONLY")
  local text = must.read(fd, 4096)
  must.close(fd)
  return text
end

local function put(path, text)
  local fd = must.open(path, "O_WRONLY")
  must.write(fd, text)
  must.close(fd)
end

--- Two functions: one that waits, and one that lets whoever waits go on, once for each call.
local function gate()
  local r, w = must.pipe2()
  return function() must.read(r, 1) end, function() must.write(w, "x") end
end

describe("an IPC namespace", function()
  -- covers: sysv.ipc.ns.isolation
  it("starts empty, with limits of its own", function()
    must.semget(5, 1, "IPC_CREAT|0600")
    local segment = must.shmget(5, 1, "IPC_CREAT|0600")
    put("/proc/sys/kernel/sem", "100 200 300 400")
    put("/proc/sys/kernel/shmmni", "77")
    in_child(function()
      must.unshare("CLONE_NEWIPC")
      assert.errno("ENOENT", sys.semget(5, 1, 0))
      assert.errno("EINVAL", sys.shmctl(segment, "IPC_STAT"))
      assert.equal("32000\t1024000000\t500\t32000\n", get "/proc/sys/kernel/sem")
      assert.equal("4096\n", get "/proc/sys/kernel/shmmni")
      assert.equal(0, must.semget(5, 1, "IPC_CREAT|0600"))
      must.semctl(0, 0, "IPC_RMID")
    end)
    assert.equal(0, must.semget(5, 1, 0))
    assert.equal("77\n", get "/proc/sys/kernel/shmmni")
  end)

  -- covers: sysv.ipc.ns.isolation
  it("is made by clone3 for the child alone", function()
    local id = must.semget(5, 1, "IPC_CREAT|0600")
    local pid = must.clone3({ flags = "CLONE_NEWIPC", exit_signal = "SIGCHLD" }, function()
      assert.errno("EINVAL", sys.semctl(id, 0, "GETVAL"))
    end)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
    assert.equal(0, must.semctl(id, 0, "GETVAL"))
  end)

  it("takes CAP_SYS_ADMIN, and shares no undo lists", function()
    assert.errno("EINVAL", sys.clone3({ flags = "CLONE_NEWIPC|CLONE_SYSVSEM" }, function() end))
    in_child(function()
      must.setresuid(1000, 1000, 1000)
      assert.errno("EPERM", sys.unshare("CLONE_NEWIPC"))
      assert.errno("EPERM", sys.clone3({ flags = "CLONE_NEWIPC" }, function() end))
      assert.equal(0, must.unshare("CLONE_SYSVSEM"))
      assert.equal(0, must.unshare("CLONE_FILES|CLONE_FS"))
    end)
  end)

  -- covers: sysv.ipc.ns.attached_shm_stays
  it("that a process leaves keeps its attaches counted, and shmdt works", function()
    local id = must.shmget(C.IPC_PRIVATE, 4096, "0600")
    local wait, go = gate()
    local pid = must.fork(function()
      local memory = must.shmat(id)
      memory:set(0, "kept")
      must.unshare("CLONE_NEWIPC")
      assert.errno("EINVAL", sys.shmctl(id, "IPC_STAT"))
      wait()
      assert.equal("kept", memory:string(1, 4))
      must.shmdt(memory)
      wait()
    end)
    ks.settle()
    assert.equal(1, must.shmctl(id, "IPC_STAT").shm_nattch)
    go()
    ks.settle()
    local status = must.shmctl(id, "IPC_STAT")
    assert.same({ 0, pid }, { status.shm_nattch, status.shm_lpid })
    go()
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
  end)

  -- covers: sysv.ipc.ns.undo_on_unshare sysv.sem.SEM_UNDO.unshare
  it("that a process leaves gets its undo adjustments at once", function()
    local id = must.semget(C.IPC_PRIVATE, 1, "0600")
    local wait, go = gate()
    for _, flag in ipairs { "CLONE_NEWIPC", "CLONE_SYSVSEM" } do
      local pid = must.fork(function()
        must.semop(id, { { 0, 5, C.SEM_UNDO } })
        must.unshare(flag)
        wait()
      end)
      ks.settle()
      assert.equal(0, must.semctl(id, 0, "GETVAL"))
      assert.equal(pid, must.semctl(id, 0, "GETPID"))
      go()
      assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
      assert.equal(0, must.semctl(id, 0, "GETVAL"))
    end
  end)

  -- covers: sysv.ipc.ns.destroy
  it("ends with its last process, and all that is in it", function()
    for _ = 1, 30 do
      in_child(function()
        must.unshare("CLONE_NEWIPC")
        assert.equal(0, must.semget(1, 32000, "IPC_CREAT|0600"))
        local id = must.shmget(1, 1 << 20, "IPC_CREAT|0600")
        assert.equal(0, id)
        must.shmat(id):set(0, "x")
      end)
    end
    assert.errno("ENOENT", sys.semget(1, 1, 0))
  end)
end)

describe("unshare", function()
  it("gives a task a descriptor table and a working directory of its own", function()
    local r, w = must.pipe2()
    local pid = must.clone3({ flags = "CLONE_FILES|CLONE_FS", exit_signal = "SIGCHLD" }, function()
      must.unshare("CLONE_FILES|CLONE_FS")
      must.close(r)
      must.chdir("/tmp")
    end)
    must.waitpid(pid)
    assert.equal("/", must.getcwd())
    must.write(w, "still open")
    assert.equal("still open", must.read(r, 20))
  end)

  it("refuses unknown bits, and what threads share", function()
    assert.errno("EINVAL", sys.unshare(1))
    assert.errno("EINVAL", sys.unshare(C.CLONE_VFORK))
    assert.equal(0, must.unshare(0))
    assert.equal(0, must.unshare("CLONE_THREAD|CLONE_SIGHAND|CLONE_VM"))
    local wait, go = gate()
    must.clone3({ flags = "CLONE_VM|CLONE_SIGHAND|CLONE_THREAD" }, function()
      assert.errno("EINVAL", sys.unshare("CLONE_THREAD"))
      assert.errno("EINVAL", sys.unshare("CLONE_VM"))
      wait()
    end)
    assert.errno("EINVAL", sys.unshare("CLONE_SIGHAND"))
    go()
    ks.settle()
  end)
end)
