-- More corners that generated scripts have shown: what stands in the way first, and who learns of it.
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C
local runs_in_turn = require "helpers".runs_in_turn

describe("further corners", function()
  it("nothing is executed from proc or of queues, whatever the mode says", function()
    -- covers: perm.access.noexec mem.mmap.noexec
    must.close(must.mq_open("/a", "O_RDWR|O_CREAT", "0777"))
    assert.errno("EACCES", sys.access("/dev/mqueue/a", "X_OK"))
    must.access("/dev/mqueue", "X_OK")
    must.access("/dev/mqueue/a", "R_OK")
    local queue = must.open("/dev/mqueue/a", "O_RDONLY")
    for _, fd in ipairs { must.eventfd(0), (must.pipe()), queue, must.epoll_create1(0) } do
      assert.errno("EPERM", sys.mmap(0, 4096, "PROT_READ|PROT_EXEC", "MAP_PRIVATE", fd, 0))
      assert.errno("EOVERFLOW", sys.mmap(0, 4096, "PROT_READ", "0", fd, -4096))
    end
  end)

  it("a directory of queues can be synchronised, a queue cannot", function()
    -- covers: mq.fs.fsync
    local queue = must.mq_open("/a", "O_RDWR|O_CREAT", "0600")
    must.fsync(must.open("/dev/mqueue", "O_RDONLY"))
    assert.errno("EINVAL", sys.fdatasync(queue))
    assert.errno("EINVAL", sys.writev(queue, {}))
  end)

  it("an epoll and /dev/random know other operations, and refuse in a word of their own", function()
    -- covers: epoll.ioctl desc.ioctl.random
    assert.errno("EINVAL", sys.ioctl(must.epoll_create1(0), -1, 2))
    assert.errno("EINVAL", sys.ioctl(must.open("/dev/random", "O_RDONLY"), 1 << 31, 2))
    assert.errno("EINVAL", sys.ioctl(must.open("/dev/urandom", "O_RDONLY"), "FIONREAD"))
    assert.errno("ENOTTY", sys.ioctl(must.open("/dev/null", "O_RDONLY"), 1 << 31, 2))
  end)

  it("a clone that fails late counts as a close of the caller's queues", function()
    -- covers: mq.notify.failed_clone
    local queue = must.mq_open("/a", "O_RDWR|O_CREAT", "0600")
    local event = { sigev_notify = "SIGEV_NONE" }
    must.mq_notify(queue, event)
    local flags = "CLONE_NEWIPC|CLONE_SYSVSEM"
    assert.errno("EINVAL", sys.clone3({ flags = flags .. "|CLONE_FILES", exit_signal = "SIGCHLD" }, function() end))
    assert.errno("EBUSY", sys.mq_notify(queue, event))
    assert.errno("EINVAL", sys.clone3({ flags = flags, exit_signal = "SIGCHLD" }, function() end))
    must.mq_notify(queue, event)
    must.setuid(1000)
    assert.errno("EPERM", sys.clone3({ flags = "CLONE_NEWIPC", exit_signal = "SIGCHLD" }, function() end))
    must.mq_notify(queue, event)
  end)

  it("a clone that fails late has attached and detached the caller's segments", function()
    -- covers: sysv.shm.failed_clone
    local id = must.shmget(C.IPC_PRIVATE, 4096, "0600")
    must.shmat(id)
    assert.equal(0, must.shmctl(id, "IPC_STAT").shm_dtime)
    local call = { flags = "CLONE_NEWIPC|CLONE_SYSVSEM|CLONE_VM", exit_signal = "SIGCHLD" }
    assert.errno("EINVAL", sys.clone3(call, function() end))
    assert.equal(0, must.shmctl(id, "IPC_STAT").shm_dtime)
    call.flags = "CLONE_NEWIPC|CLONE_SYSVSEM"
    assert.errno("EINVAL", sys.clone3(call, function() end))
    local status = must.shmctl(id, "IPC_STAT")
    assert.equal(1, status.shm_nattch)
    assert.is_true(status.shm_dtime > 0)
  end)

  it("who lacks capabilities of another may not make it nicer", function()
    -- covers: process.setpriority.capabilities
    local child = must.fork(function()
      must.setreuid(0, 1000)
      sys.pause()
    end)
    ks.settle()
    must.setuid(1000)
    assert.errno("EPERM", sys.setpriority("PRIO_PROCESS", child, 5))
    assert.equal(0, must.getpriority("PRIO_PROCESS", child))
  end)

  it("a wish for a mapping is a page, and none lies below 64 KiB", function()
    -- covers: mem.mmap.wish
    local function place(wish) return must.mmap(wish, 4096, "PROT_READ", "MAP_PRIVATE|MAP_ANONYMOUS").addr end
    assert.is_true(place(4095) > 1 << 32)
    assert.equal(0x10000, place(4096))
    assert.equal(0x11000, place(0x11170))
  end)

  it("a mapping of huge pages is judged by place, locks, offset and kind before there are none", function()
    -- covers: mem.mmap.huge_place
    local flags = C.MAP_PRIVATE | C.MAP_ANONYMOUS | C.MAP_HUGETLB
    local function map(size, more, offset) return sys.mmap(0, size, "PROT_READ", more, -1, offset or 0) end
    assert.errno("EINVAL", map(-1, flags))
    assert.errno("ENOMEM", map(1 << 62, flags))
    assert.errno("EOVERFLOW", map(4096, flags & ~C.MAP_PRIVATE, -4096))
    assert.errno("EINVAL", map(4096, flags & ~C.MAP_PRIVATE))
    assert.errno("EINVAL", map(4096, flags, 4096))
    assert.errno("ENOMEM", map(4096, flags, 2 << 20))
    assert.errno("ENOMEM", map(4096, flags | 21 << 26))
    assert.errno("EINVAL", map(4096, flags | 4 << 26))
  end)

  it("what a mask of ppoll kept out comes when another signal has woken it, and does not end it", function()
    -- covers: signal.mask.after_wake
    local r, w = must.pipe()
    local count, ready = 0, nil
    local function sleeper()
      ready = must.ppoll({ { fd = r, events = "POLLIN" } }, nil, { "SIGINT" })
    end
    local killed = must.fork(sleeper)
    must.sigaction("SIGINT", function() count = count + 1 end)
    local handled = must.fork(sleeper)
    ks.settle()
    must.sigaction("SIGINT", "SIG_DFL")
    for _, child in ipairs { killed, handled } do
      must.kill(child, "SIGINT")
      must.kill(child, "SIGTSTP")
    end
    ks.settle()
    assert.same({ killed, "killed", C.SIGINT }, { must.waitpid(killed, "WNOHANG") })
    assert.same({ 1, nil }, { count, ready })
    must.write(w, "x")
    assert.equal(handled, must.waitpid(handled))
    assert.equal(1, ready)
  end)

  it("a read is judged by its range before the directory, and by the file before the pieces", function()
    -- covers: directory.read.range epoll.readv.order
    local directory = must.open("/tmp", "O_RDONLY")
    assert.errno("EINVAL", sys.pread(directory, 10, math.maxinteger))
    assert.errno("EISDIR", sys.pread(directory, 10, 0))
    assert.errno("EISDIR", sys.read(directory, 10))
    local buffer = ks.buffer(16)
    local listing, setting = must.open("/proc/sysvipc/sem", 0), must.open("/proc/sys/kernel/sem", 0)
    assert.errno("EOPNOTSUPP", sys.preadv2(listing, { buffer }, 0, "RWF_SYNC"))
    assert.equal(16, must.preadv2(setting, { buffer }, 0, "RWF_SYNC"))
    must.lseek(directory, math.maxinteger, "SEEK_SET")
    assert.errno("EINVAL", sys.read(directory, 10))
    assert.errno("EINVAL", sys.preadv2(must.epoll_create1(0), { 4 }, -1, 1 << 30))
    assert.errno("EINVAL", sys.pwritev2(must.timerfd_create("CLOCK_MONOTONIC"), { "x" }, -1, 1 << 30))
  end)

  it("access asks for the mode of what has no name too", function()
    -- covers: perm.access.nameless
    local r = must.pipe()
    local counter = must.eventfd(0)
    assert.errno("EACCES", sys.faccessat2(r, "", "X_OK", "AT_EMPTY_PATH"))
    assert.errno("EACCES", sys.faccessat2(counter, "", "X_OK", "AT_EMPTY_PATH"))
    must.faccessat2(counter, "", "R_OK|W_OK", "AT_EMPTY_PATH")
    must.setuid(1000)
    assert.errno("EACCES", sys.faccessat2(r, "", "R_OK", "AT_EMPTY_PATH"))
    assert.errno("EACCES", sys.faccessat2(counter, "", "W_OK", "AT_EMPTY_PATH"))
    must.faccessat2((must.pipe()), "", "R_OK|W_OK", "AT_EMPTY_PATH")
  end)

  it("a table of descriptors that grows while it is shared lets others go first", function()
    -- covers: desc.table.shared_growth
    local log = {}
    must.clone3({ flags = "CLONE_FILES", exit_signal = "SIGCHLD" }, function()
      log[#log + 1] = "child"
      sys.pause()
    end)
    local function has_run(expected)
      if runs_in_turn() then assert.same(expected, log) end
    end
    has_run {}
    must.fcntl(0, "F_DUPFD", 60)
    has_run {}
    assert.equal(300, must.fcntl(0, "F_DUPFD", 300))
    has_run { "child" }
    assert.equal(700, must.dup2(0, 700))
  end)

  it("nice may ask for less than the least, where that is what there is", function()
    -- covers: process.nice.least
    must.setpriority("PRIO_PROCESS", 0, -20)
    must.setuid(1)
    assert.equal(-20, must.nice(-20))
    must.nice(1)
    assert.errno("EPERM", sys.nice(-1))
  end)

  it("a write beyond the end that a seal refuses makes no file longer", function()
    -- covers: memfd.seal.write_beyond
    local f = must.memfd_create("m", "MFD_ALLOW_SEALING")
    must.fcntl(f, "F_ADD_SEALS", "F_SEAL_WRITE")
    assert.errno("EPERM", sys.pwrite(f, "x", 100))
    assert.equal(0, must.fstat(f).st_size)
  end)

  it("writev passes over empty pieces, but for the first", function()
    -- covers: eventfd.writev.empty
    local counter = must.eventfd(0, "EFD_NONBLOCK")
    local one = ("<I8"):pack(1)
    assert.equal(16, must.writev(counter, { one, "", one }))
    assert.equal(8, must.writev(counter, { one, "" }))
    assert.errno("EINVAL", sys.writev(counter, { "", one }))
  end)

  it("a signal ends the wait for a group that the last child has left, even one that SIGCONT has taken away", function()
    -- covers: process.wait.group_left
    local waiter = must.fork(function()
      must.fork(function() must.setpgid(0, 0) end)
      assert.errno("ECHILD", sys.waitpid(0))
    end)
    ks.settle()
    must.kill(waiter, "SIGTTIN")
    must.kill(waiter, "SIGCONT")
    ks.settle()
    assert.equal(waiter, must.waitpid(waiter, "WNOHANG"))
  end)
end)
