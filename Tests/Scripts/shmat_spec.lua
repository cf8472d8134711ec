-- shmat and shmdt, and what mappings of segments are.
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C
local helpers = require "helpers"
local in_child, become, gate = helpers.in_child, helpers.become, helpers.gate
local make, status = helpers.segments.make, helpers.segments.status

local function attaches(id) return status(id).shm_nattch end

--- An address with `pages` free pages behind it.
local function free_pages(pages)
  local room = must.mmap(0, pages * 4096, "PROT_NONE", "MAP_PRIVATE|MAP_ANONYMOUS")
  must.munmap(room, pages * 4096)
  return room.addr
end

describe("shmat", function()
  -- covers: sysv.shm.shmat.null
  it("maps a segment where there is room", function()
    local id = make(5000)
    local memory = must.shmat(id)
    assert.same({ 0, 5000 }, { memory.addr % 4096, #memory })
    local found = status(id)
    assert.same({ 1, must.getpid() }, { found.shm_nattch, found.shm_lpid })
    assert.is_true(math.abs(found.shm_atime - must.time()) <= 2)
    assert.errno("EINVAL", sys.shmat(id + 1))
    assert.errno("EINVAL", sys.shmat(-1))
  end)

  -- covers: sysv.shm.shmem_backed
  it("shows all the same memory", function()
    local id = make(8192)
    local first, second = must.shmat(id), must.shmat(id)
    assert.not_equal(first.addr, second.addr)
    first:set(4090, "across pages")
    assert.equal("across pages", second:string(4091, 4102))
    in_child(function()
      local third = must.shmat(id)
      assert.equal("across pages", third:string(4091, 4102))
      third:set(0, "from the child")
      second:set(100, "inherited")
    end)
    assert.equal("from the child", first:string(1, 14))
    assert.equal("inherited", first:string(101, 109))
  end)

  -- covers: sysv.shm.shmat.fixed
  it("maps exactly at an address on a page, if the range is free", function()
    local id = make(5000)
    local address = free_pages(4)
    assert.errno("EINVAL", sys.shmat(id, address + 1))
    assert.equal(address, must.shmat(id, address).addr)
    assert.errno("EINVAL", sys.shmat(id, address))
    assert.errno("EINVAL", sys.shmat(id, address + 4096))
    local small = must.shmget(C.IPC_PRIVATE, 1, "0600")
    assert.errno("ENOMEM", sys.shmat(small, -4096)) -- its one byte fits there
    assert.errno("ENOMEM", sys.shmat(id, 1 << 47))
    must.shmctl(small, "IPC_RMID")
    local huge = must.shmget(C.IPC_PRIVATE, math.maxinteger, "0600|SHM_NORESERVE")
    assert.errno("EINVAL", sys.shmat(huge, -4096)) -- it goes past the end of all addresses
    assert.errno("ENOMEM", sys.shmat(huge))
    must.shmctl(huge, "IPC_RMID")
    assert.equal(address + 8192, must.shmat(id, address + 8192).addr)
    assert.equal(2, attaches(id))
  end)

  -- covers: sysv.shm.shmat.SHM_RND
  it("rounds an address down with SHM_RND, to 0 too", function()
    local id = make(100)
    local address = free_pages(2)
    assert.equal(address + 4096, must.shmat(id, address + 4096 + 17, "SHM_RND").addr)
    in_child(function()
      become(1000)
      assert.errno("EPERM", sys.shmat(make(100), 17, "SHM_RND"))
    end)
    -- Where root has CAP_SYS_RAWIO, it gets address 0.
    local low, _, errno = sys.shmat(id, 17, "SHM_RND")
    assert.equal(low and low.addr or C.EPERM, low and 0 or errno)
  end)

  -- covers: sysv.shm.shmat.SHM_REMAP
  it("replaces what is mapped with SHM_REMAP, not at 0", function()
    local id, other = make(4096), make(4096)
    local memory = must.shmat(id)
    assert.errno("EINVAL", sys.shmat(other, nil, "SHM_REMAP"))
    assert.errno("EINVAL", sys.shmat(other, 17, "SHM_REMAP|SHM_RND"))
    assert.equal(memory.addr, must.shmat(other, memory.addr, "SHM_REMAP").addr)
    assert.same({ 0, 1 }, { attaches(id), attaches(other) })
  end)

  -- covers: sysv.shm.shmat.SHM_RDONLY
  it("needs to read, and without SHM_RDONLY to write", function()
    local reader, writer = make(4096, "0444"), make(4096, "0222")
    in_child(function()
      become(1000)
      assert.errno("EACCES", sys.shmat(reader))
      assert.errno("EACCES", sys.shmat(writer))
      assert.errno("EACCES", sys.shmat(writer, nil, "SHM_RDONLY"))
      local memory = must.shmat(reader, nil, "SHM_RDONLY")
      assert.equal(0, memory:u8(0))
      assert.errno("EACCES", sys.mprotect(memory, 4096, "PROT_READ|PROT_WRITE"))
    end)
    -- Not even root, who may write to it otherwise.
    local memory = must.shmat(reader, nil, "SHM_RDONLY")
    assert.errno("EACCES", sys.mprotect(memory, 4096, "PROT_READ|PROT_WRITE"))
    in_child(function()
      local fd = must.open("/tmp/bytes", "O_RDWR|O_CREAT", "0600")
      must.write(fd, "bytes")
      assert.errno("EFAULT", sys.pread(fd, memory, 5, 0))
    end)
  end)

  -- covers: sysv.shm.shmat.SHM_EXEC
  it("needs to execute with SHM_EXEC, which mprotect can have later all the same", function()
    local id, plain = make(4096, "0777"), make(4096, "0666")
    in_child(function()
      become(1000)
      assert.errno("EACCES", sys.shmat(plain, nil, "SHM_EXEC"))
      assert.is_true(#must.shmat(id, nil, "SHM_EXEC") == 4096)
      assert.equal(0, must.mprotect(must.shmat(plain), 4096, "PROT_READ|PROT_EXEC"))
    end)
  end)

  -- covers: sysv.shm.shmat.removed_with_refs
  it("works on a segment that is marked for destruction, while there is one", function()
    local id = make(4096)
    local first = must.shmat(id)
    first:set(0, "marked")
    must.shmctl(id, "IPC_RMID")
    local second = must.shmat(id)
    assert.equal("marked", second:string(1, 6))
    must.shmdt(first)
    assert.equal(1, attaches(id))
    must.shmdt(second)
    assert.errno("EINVAL", sys.shmat(id))
  end)

  -- covers: sysv.shm.shmat.maps_name
  it("shows in /proc/PID/maps under the key it was made with", function()
    local id = must.shmget(0x1234abc, 4096, "IPC_CREAT|0600")
    local memory = must.shmat(id)
    local function line()
      -- Past the calls that are compared: a task on the host has its proxy's memory too.
      local text = "\n" .. ks.get(("/proc/%d/maps"):format(must.getpid()))
      return text:match(("\n(%012x%%-[^\n]*)"):format(memory.addr))
    end
    local wanted = ("^%012x%%-%012x rw%%-s 00000000 %%x+:%%x+ %d +/SYSV01234abc %%(deleted%%)$"):format(
      memory.addr, memory.addr + 4096, id)
    assert.truthy(line():match(wanted), line())
    must.shmctl(id, "IPC_RMID")
    assert.truthy(line():match(wanted), line())
  end)

  -- covers: sysv.shm.shmat.beyond_segment
  it("gives a mapping that may grow past the segment, where nothing is", function()
    local id = make(4096)
    local pid = must.fork(function()
      local address = free_pages(4)
      must.shmat(id, address)
      local memory = must.mremap(address, 4096, 8192, 0)
      assert.equal(0, memory:u8(4095))
      must.exit(memory:u8(4096))
    end)
    assert.same({ pid, "killed", 7 }, { must.waitpid(pid) })
  end)
end)

describe("shmdt", function()
  -- covers: sysv.shm.shmdt.basic
  it("gives up the attach that begins at the address", function()
    local id = make(8192)
    local memory = must.shmat(id)
    assert.errno("EINVAL", sys.shmdt(memory.addr + 1))
    assert.errno("EINVAL", sys.shmdt(memory.addr + 4096))
    assert.errno("EINVAL", sys.shmdt(0))
    assert.equal(0, must.shmdt(memory))
    local found = status(id)
    assert.same({ 0, must.getpid() }, { found.shm_nattch, found.shm_lpid })
    assert.is_true(math.abs(found.shm_dtime - must.time()) <= 2)
    assert.errno("EINVAL", sys.shmdt(memory))
    local plain = must.mmap(0, 4096, "PROT_READ", "MAP_PRIVATE|MAP_ANONYMOUS")
    assert.errno("EINVAL", sys.shmdt(plain))
  end)

  -- covers: sysv.shm.shmdt.pieces
  it("finds what is left of an attach by where in the segment it begins", function()
    local id = make(4 * 4096)
    local memory = must.shmat(id)
    must.munmap(memory.addr, 4096)
    must.munmap(memory.addr + 2 * 4096, 4096)
    assert.equal(2, attaches(id))
    assert.errno("EINVAL", sys.shmdt(memory.addr + 4096))
    assert.equal(0, must.shmdt(memory.addr))
    assert.equal(0, attaches(id))
  end)

  -- covers: sysv.shm.shmdt.pieces
  it("takes the new address of an attach that was moved", function()
    local id = make(4096)
    local memory = must.shmat(id)
    local address = free_pages(1)
    must.mremap(memory.addr, 4096, 4096, "MREMAP_MAYMOVE|MREMAP_FIXED", address)
    assert.equal(1, attaches(id))
    assert.errno("EINVAL", sys.shmdt(memory.addr))
    assert.equal(0, must.shmdt(address))
    assert.equal(0, attaches(id))
  end)
end)

describe("attaches", function()
  -- covers: sysv.shm.nattch.counts_vmas
  it("count once for each piece of a mapping", function()
    local id = make(3 * 4096)
    local memory = must.shmat(id)
    must.shmat(id)
    must.mprotect(memory.addr, 4096, "PROT_READ")
    assert.equal(3, attaches(id))
    must.mprotect(memory.addr, 4096, "PROT_READ|PROT_WRITE")
    assert.equal(3, attaches(id))
    must.munmap(memory.addr + 2 * 4096, 4096)
    assert.equal(3, attaches(id))
    must.munmap(memory.addr + 4096, 4096)
    assert.equal(2, attaches(id))
  end)

  -- covers: sysv.shm.nattch.counts_vmas
  it("counts no new piece where a part is protected or locked as it already is", function()
    local page = 4096
    local id = make(4 * page)
    local addr = must.shmat(id).addr
    local seen = {}
    local function note() seen[#seen + 1] = attaches(id) end
    must.munlock(addr + page, page)
    must.mprotect(addr + page, page, "PROT_READ|PROT_WRITE")
    note()
    must.mprotect(addr + page, page, "PROT_READ")
    note()
    must.mprotect(addr + page, page, "PROT_READ")
    note()
    must.mlock(addr + 3 * page, page)
    must.munlock(addr, 4 * page)
    note()
    assert.same({ 1, 3, 3, 4 }, seen)
  end)

  -- covers: sysv.shm.nattch.fork_exec_exit
  it("are inherited by a child, and end with it", function()
    local id = make(4096)
    must.shmat(id)
    must.shmat(id)
    local me, wait, go = must.getpid(), gate()
    local pid = must.fork(function()
      assert.equal(4, attaches(id))
      assert.equal(me, status(id).shm_lpid)
      wait()
    end)
    assert.equal(4, attaches(id))
    go()
    must.waitpid(pid)
    local found = status(id)
    assert.same({ 2, pid }, { found.shm_nattch, found.shm_lpid })
    assert.is_true(found.shm_dtime > 0)
  end)

  -- covers: sysv.shm.nattch.fork_exec_exit
  it("end by execve", function()
    local id = make(4096)
    local wait, go = gate()
    ks.put("/tmp/p", "require('kscript').must.read(3, 1)")
    must.chmod("/tmp/p", "0755")
    local pid = must.fork(function()
      must.shmat(id)
      must.shmat(id)
      assert.equal(2, attaches(id))
      must.execve("/tmp/p", { "p" })
    end)
    ks.settle()
    local found = status(id)
    assert.same({ 0, pid }, { found.shm_nattch, found.shm_lpid })
    assert.is_true(found.shm_dtime > 0)
    go()
    must.waitpid(pid)
  end)

  -- covers: sysv.shm.munmap_detaches
  it("end by munmap as by shmdt", function()
    local id = make(4096)
    local memory = must.shmat(id)
    must.shmctl(id, "IPC_RMID")
    must.munmap(memory.addr, 4096)
    assert.errno("EINVAL", sys.shmctl(id, "IPC_STAT"))
  end)
end)
