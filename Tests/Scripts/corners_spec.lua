-- Corners that generated scripts have shown (kscript fuzz): which error wins, and what is told that nobody asks for.
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C
local helpers = require "helpers"
local gate, sleeper = helpers.gate, helpers.sleeper

describe("corners", function()
  it("utimensat without a path needs a descriptor, and looks at flags first and at times last", function()
    local times = { { tv_sec = 0, tv_nsec = 1 }, { tv_sec = 1, tv_nsec = 1 } }
    local bad = { { tv_sec = 0, tv_nsec = -1 }, { tv_sec = 1, tv_nsec = 1 } }
    assert.errno("EFAULT", sys.utimensat("AT_FDCWD", nil, times))
    assert.errno("EINVAL", sys.utimensat("AT_FDCWD", nil, times, "AT_NO_AUTOMOUNT"))
    assert.errno("ENOENT", sys.utimensat("AT_FDCWD", "/tmp/missing", bad))
  end)

  it("fstatat takes statx's flags of synchronisation", function()
    assert.equal(C.S_IFDIR, must.newfstatat("AT_FDCWD", "/tmp", "AT_STATX_DONT_SYNC").st_mode & C.S_IFMT)
  end)

  it("madvise refuses a size that wraps around, and finds nothing mapped beyond", function()
    assert.errno("EINVAL", sys.madvise(0, -1, "MADV_NORMAL"))
    assert.errno("ENOMEM", sys.madvise(0, 1 << 62, "MADV_DONTDUMP"))
    assert.equal(0, sys.msync(0, -1))
    assert.errno("EFAULT", sys.mremap(0, -1, 4096, "MREMAP_MAYMOVE"))
  end)

  it("statfs tells file systems of the kernel's own by their flags", function()
    assert.equal(0x20, must.fstatfs(must.memfd_create "m").f_flags)
    assert.equal(0x09041934, must.fstatfs(must.eventfd(0)).f_type)
    assert.equal(0x50495045, must.fstatfs((must.pipe())).f_type)
  end)

  it("O_DIRECT is for regular files that open made, and for the write end of a pipe", function()
    assert.errno("EINVAL", sys.open("/tmp", "O_DIRECT"))
    assert.errno("EINVAL", sys.open("/dev/null", "O_DIRECT"))
    assert.errno("EINVAL", sys.fcntl(must.memfd_create "m", "F_SETFL", "O_DIRECT"))
    local r, w = must.pipe2 "O_DIRECT"
    assert.equal(0, must.fcntl(r, "F_GETFL"))
    assert.equal(C.O_WRONLY | C.O_DIRECT, must.fcntl(w, "F_GETFL"))
  end)

  it("files without a name have no mode or owner to change", function()
    local fd = must.eventfd(0)
    assert.errno("EOPNOTSUPP", sys.fchmod(fd, "0600"))
    assert.errno("EOPNOTSUPP", sys.fchown(fd, 0, 0))
  end)

  it("a pipe has a mode and an owner, which both its ends tell", function()
    -- covers: pipe.mode
    local r, w = must.pipe()
    must.fchmod(r, "02770")
    assert.equal(C.S_IFIFO | 1528, must.fstat(w).st_mode)
    must.fchown(w, 1000, 100)
    local status = must.fstat(r)
    assert.same({ 1000, 100, C.S_IFIFO | 504 }, { status.st_uid, status.st_gid, status.st_mode })
    assert.equal(0, must.utimensat(r))
    assert.errno("EOPNOTSUPP", sys.utimensat(must.eventfd(0)))
    local child = must.fork(function()
      must.setuid(1001)
      assert.errno("EPERM", sys.fchmod(r, "0777"))
      assert.errno("EPERM", sys.fchown(r, 1001, -1))
      assert.errno("EACCES", sys.utimensat(r))
      assert.errno("EACCES", sys.utimensat(must.eventfd(0)))
      assert.equal(1001, must.fstat((must.pipe())).st_uid)
    end)
    assert.same({ child, "exited", 0 }, { must.waitpid(child) })
  end)

  it("an epoll refuses what it does not know in its own way", function()
    -- covers: epoll.ioctl
    assert.errno("EINVAL", sys.ioctl(must.epoll_create1(), "FIONREAD"))
    assert.errno("ENOTTY", sys.ioctl(must.eventfd(0), "FIONREAD"))
  end)

  it("a place for huge pages is judged before they are looked for", function()
    -- covers: mem.mmap.huge_place
    local flags = "MAP_PRIVATE|MAP_ANONYMOUS|MAP_HUGETLB"
    assert.errno("ENOMEM", sys.mmap(0, 4096, "PROT_READ", flags))
    assert.errno("EINVAL", sys.mmap(0x10001000, 4096, "PROT_READ", flags .. "|MAP_FIXED"))
    assert.errno("ENOMEM", sys.mmap(0x10000000, 4096, "PROT_READ", flags .. "|MAP_FIXED"))
  end)

  it("what O_PATH opened is always ready to select, and never to poll", function()
    -- covers: select.path
    local fd = must.open("/dev/full", "O_PATH")
    assert.same({ 1, { fd } }, { (must.select({ fd }, nil, nil, 0)), (select(2, must.select({ fd }, nil, nil, 0))) })
    assert.equal(C.POLLNVAL, (select(2, must.poll({ { fd = fd, events = "POLLIN" } }, 0)))[1].revents)
  end)

  it("no room at all, and less, is too little for an entry or a piece", function()
    -- covers: dir.getdents.negative epoll.readv
    assert.errno("EINVAL", sys.getdents64(must.open "/", -1))
    assert.errno("EINVAL", sys.readv(must.epoll_create1(), {}))
  end)

  it("O_CREAT opens no socket of another user in a sticky directory that is everybody's", function()
    -- covers: open.create.sticky
    must.mknod("/tmp/s", 49572, 0)
    assert.errno("ENXIO", sys.open("/tmp/s", "O_CREAT", "0600"))
    must.lchown("/tmp/s", 1000, -1)
    assert.errno("EACCES", sys.open("/tmp/s", "O_CREAT", "0600"))
    assert.errno("ENXIO", sys.open("/tmp/s", "O_RDONLY"))
  end)

  it("who waits for a group is not told of a child that has left it", function()
    -- covers: process.wait.left_group
    local wait, go = gate()
    local waiter = sleeper(function()
      must.fork(function()
        wait()
        must.setsid()
      end)
      sys.waitpid(0)
    end)
    go()
    ks.settle()
    assert.equal(0, must.waitpid(waiter, "WNOHANG"))
    must.kill(waiter, "SIGKILL")
    assert.same({ waiter, "killed", 9 }, { must.waitpid(waiter) })
  end)

  it("the owner of a pipe may set O_NOATIME", function()
    -- covers: pipe.mode
    must.setuid(1)
    assert.equal(0, sys.fcntl((must.pipe()), "F_SETFL", "O_NOATIME"))
    assert.errno("EPERM", sys.fcntl(must.eventfd(0), "F_SETFL", "O_NOATIME"))
  end)

  it("the clocks of processor time cannot be set by anybody", function()
    assert.errno("EINVAL", sys.clock_settime("CLOCK_PROCESS_CPUTIME_ID", 0))
    assert.errno("EINVAL", sys.clock_settime("CLOCK_THREAD_CPUTIME_ID", 0))
  end)

  it("an empty list of pieces does nothing, whatever the flags", function()
    local fd = must.open("/tmp/a", "O_RDWR|O_CREAT", "0600")
    assert.equal(0, sys.pwritev2(fd, {}, 0, "RWF_NOWAIT"))
  end)

  it("task 1 leads its session and its group", function()
    assert.same({ 1, 1, 1 }, { must.getsid(0), must.getpgrp(), must.getpid() })
    assert.errno("EPERM", sys.setsid())
  end)

  it("an eventfd takes each piece of a list as a write of its own", function()
    -- covers: eventfd.writev.pieces
    local fd, word = must.eventfd(0, "EFD_NONBLOCK"), string.pack("<i8", 3)
    assert.equal(16, must.writev(fd, { word, word }))
    assert.equal(string.pack("<i8", 6), must.read(fd, 8))
    assert.equal(8, must.writev(fd, { word, "x", word }))
    assert.errno("EINVAL", sys.writev(fd, { "", word }))
    assert.errno("EOPNOTSUPP", sys.pwritev2(fd, { word }, -1, "RWF_NOWAIT"))
    assert.equal(string.pack("<i8", 3), must.preadv2(fd, { 8 }, -1, "RWF_NOWAIT"))
  end)

  it("a second piece for an eventfd that is full sleeps with the first one done", function()
    -- covers: eventfd.writev.pieces
    local fd = must.eventfd(0)
    local child = must.fork(function()
      assert.equal(16, must.writev(fd, { string.pack("<I8", -2), string.pack("<i8", 1) }))
    end)
    ks.settle()
    assert.equal(string.pack("<I8", -2), must.read(fd, 8))
    ks.settle()
    assert.equal(string.pack("<i8", 1), must.read(fd, 8))
    assert.same({ child, "exited", 0 }, { must.waitpid(child) })
  end)

  it("RWF_NOWAIT is for pipes, counters and devices but /dev/full, and for no file of tmpfs", function()
    -- covers: file.iov.nowait
    local zero = must.open("/dev/zero", "O_RDWR")
    assert.equal("\0\0", must.preadv2(zero, { 2 }, 10, "RWF_NOWAIT"))
    assert.equal(2, must.pwritev2(zero, { "xx" }, 10, "RWF_NOWAIT"))
    assert.errno("EOPNOTSUPP", sys.preadv2(must.open("/dev/full", "O_RDWR"), { 2 }, 0, "RWF_NOWAIT"))
    assert.errno("EOPNOTSUPP", sys.preadv2(must.memfd_create "m", { 2 }, 0, "RWF_NOWAIT"))
    assert.errno("EOPNOTSUPP", sys.preadv2(must.open "/tmp", { 2 }, 0, "RWF_DSYNC"))
    assert.errno("EISDIR", sys.preadv2(must.open "/tmp", { 2 }, 0))
  end)

  it("a range that leaves the file's offsets is refused before flags are looked at, by devices too", function()
    -- covers: file.iov.range
    local null, file = must.open("/dev/null", "O_RDWR"), must.memfd_create "m"
    assert.errno("EINVAL", sys.pwritev(null, { "x" }, math.maxinteger))
    assert.errno("EINVAL", sys.pwrite(null, "x", math.maxinteger))
    assert.errno("EINVAL", sys.preadv2(file, { 8 }, math.maxinteger, "RWF_NOWAIT"))
    assert.errno("EINVAL", sys.pwritev2(file, { "x" }, math.maxinteger, 1 << 27))
  end)

  it("the end of a directory, for locks, is its size", function()
    -- covers: dir.lock.end
    local fd = must.open "/tmp"
    assert.equal(C.F_UNLCK, must.fcntl(fd, "F_GETLK", { l_type = "F_RDLCK", l_whence = "SEEK_END", l_len = -5 }).l_type)
    assert.errno("EINVAL", sys.fcntl(fd, "F_GETLK", { l_type = "F_RDLCK", l_whence = "SEEK_END", l_start = -100000 }))
  end)

  it("mremap does not shrink what reaches beyond the addresses of tasks", function()
    -- covers: mem.mremap.errors
    local m = must.mmap(0, 8192, "PROT_READ|PROT_WRITE", "MAP_PRIVATE|MAP_ANONYMOUS")
    for _, length in ipairs { -4096, -1 << 31, math.mininteger, 1 << 47 } do
      assert.errno("EINVAL", sys.mremap(m.addr, length, 4096, "MREMAP_MAYMOVE"))
    end
  end)

  it("mremap of length 0 shows shared memory in a second place", function()
    -- covers: mem.mremap.second_view
    local first = must.mmap(0, 8192, "PROT_READ|PROT_WRITE", "MAP_SHARED|MAP_ANONYMOUS")
    first:u8(4096, 7)
    local second = must.mremap(first.addr + 4096, 0, 4096, "MREMAP_MAYMOVE")
    assert.equal(7, second:u8(0))
    second:u8(0, 8)
    assert.equal(8, first:u8(4096))
    assert.errno("ENOMEM", sys.mremap(first.addr, 0, 4096, 0))
    local own = must.mmap(0, 4096, "PROT_READ|PROT_WRITE", "MAP_PRIVATE|MAP_ANONYMOUS")
    assert.errno("EINVAL", sys.mremap(own.addr, 0, 4096, "MREMAP_MAYMOVE"))
  end)

  it("mprotect up to where a mapping may grow is for mappings that grow", function()
    -- covers: mem.mprotect.grows
    local memory = must.mmap(0, 4096, "PROT_READ", "MAP_PRIVATE|MAP_ANONYMOUS")
    assert.errno("EINVAL", sys.mprotect(memory.addr, 4096, "PROT_READ|PROT_GROWSUP"))
    assert.errno("EINVAL", sys.mprotect(memory.addr, 4096, "PROT_READ|PROT_GROWSDOWN"))
    assert.errno("ENOMEM", sys.mprotect(1 << 47, 4096, "PROT_READ|PROT_GROWSUP"))
    assert.errno("EINVAL", sys.mprotect(1 << 47, 0, "PROT_GROWSUP|PROT_GROWSDOWN"))
    assert.equal(0, sys.mprotect(1 << 47, 0, "PROT_GROWSUP"))
  end)

  it("mincore looks at the address even of nothing", function()
    -- covers: mem.mincore.nothing
    assert.errno("ENOMEM", sys.mincore(1 << 47, 0))
    assert.equal("", must.mincore(4096, 0))
  end)

  it("MAP_32BIT keeps below 2 GiB", function()
    -- covers: mem.mmap.low
    local flags = "MAP_PRIVATE|MAP_ANONYMOUS|MAP_32BIT"
    local memory = must.mmap(0, 4096, "PROT_READ|PROT_WRITE", flags)
    assert.is_true(memory.addr >= 1 << 30 and memory.addr < 1 << 31)
    assert.equal(0x50000000, must.mmap(0x50000000, 4096, "PROT_READ", flags).addr)
    assert.is_true(must.mmap(0x90000000, 4096, "PROT_READ", flags).addr < 1 << 31)
    assert.errno("ENOMEM", sys.mmap(0, (1 << 31) + 4096, "PROT_READ", flags))
  end)

  it("memory that is locked is not given back", function()
    -- covers: mem.mlock.advice mem.mlock.fork
    local memory = must.mmap(0, 8192, "PROT_READ|PROT_WRITE", "MAP_PRIVATE|MAP_ANONYMOUS|MAP_LOCKED")
    for _, advice in ipairs { "MADV_DONTNEED", "MADV_FREE", "MADV_COLD", "MADV_PAGEOUT" } do
      assert.errno("EINVAL", sys.madvise(memory.addr, 4096, advice))
    end
    assert.equal(0, sys.madvise(memory.addr, 4096, "MADV_WILLNEED"))
    assert.errno("EBUSY", sys.msync(memory.addr, 4096, "MS_INVALIDATE"))
    assert.equal(0, sys.msync(memory.addr, 4096, "MS_SYNC"))
    local child = must.fork(function() assert.equal(0, sys.madvise(memory.addr, 4096, "MADV_DONTNEED")) end)
    assert.same({ child, "exited", 0 }, { must.waitpid(child) })
  end)

  it("what fallocate reserves is a hole until it is written", function()
    -- covers: file.lseek.reserved
    local fd = must.memfd_create "m"
    must.fallocate(fd, 0, 0, 3 * 4096)
    assert.equal(24, must.fstat(fd).st_blocks)
    assert.errno("ENXIO", sys.lseek(fd, 0, "SEEK_DATA"))
    assert.equal(0, must.lseek(fd, 0, "SEEK_HOLE"))
    must.pwrite(fd, "x", 4100)
    assert.equal(4096, must.lseek(fd, 0, "SEEK_DATA"))
    assert.equal(8192, must.lseek(fd, 4096, "SEEK_HOLE"))
    assert.errno("ENXIO", sys.lseek(fd, 8192, "SEEK_DATA"))
    assert.equal("\0\0x", must.pread(fd, 3, 4098))
    assert.equal(24, must.fstat(fd).st_blocks)
  end)

  it("a timer that cannot be made uses up a number all the same, once its clock is known", function()
    -- covers: time.timer.numbers
    assert.errno("EINVAL", sys.timer_create(-1, { sigev_notify = "SIGEV_NONE" }))
    assert.errno("EINVAL", sys.timer_create(99, { sigev_notify = "SIGEV_NONE" }))
    assert.equal(1, must.timer_create("CLOCK_REALTIME", { sigev_notify = "SIGEV_NONE" }))
  end)

  it("whether a core may be dumped belongs to the memory", function()
    -- covers: process.prctl.dumpable_shared
    must.waitpid(must.clone3({ flags = "CLONE_VM", exit_signal = "SIGCHLD" }, function()
      must.prctl("PR_SET_DUMPABLE", 0)
    end))
    assert.equal(0, must.prctl "PR_GET_DUMPABLE")
    must.prctl("PR_SET_DUMPABLE", 1)
    must.waitpid(must.fork(function() must.prctl("PR_SET_DUMPABLE", 0) end))
    assert.equal(1, must.prctl "PR_GET_DUMPABLE")
  end)

  it("who is killed takes along what it waited for, if that has come", function()
    -- covers: signal.kill.takes_along
    local r, w = must.pipe()
    local reader = must.fork(function() must.read(r, 8) end)
    ks.settle()
    must.write(w, "x")
    must.kill(reader, "SIGKILL")
    ks.settle()
    assert.equal(0, must.ioctl(r, "FIONREAD"))
    must.waitpid(reader)
    local parent = must.fork(function()
      must.waitpid(must.fork(function() must.kill(must.getppid(), "SIGKILL") end))
    end)
    ks.settle()
    assert.same({ parent, "killed", 9 }, { must.waitpid(-1, "WNOHANG") })
    assert.errno("ECHILD", sys.waitpid(-1, "WNOHANG"))
  end)

  it("nothing is looked for in a directory that was removed, not even a name that is too long", function()
    -- covers: dir.removed.names
    must.mkdir("/tmp/d", "0755")
    must.chdir "/tmp/d"
    assert.errno("ENAMETOOLONG", sys.stat(("x"):rep(256)))
    must.rmdir "/tmp/d"
    assert.errno("ENOENT", sys.stat(("x"):rep(256)))
    assert.errno("ENOENT", sys.mkdir(("x"):rep(256), "0755"))
  end)

  it("the end of what is typed is found once, and then waited for again", function()
    -- covers: poll.terminal.end
    assert.equal(0, (must.poll({ { fd = 0, events = "POLLIN" } }, 0)))
    assert.equal(0, (must.poll({ { fd = 0, events = "POLLIN" } }, 2)))
    assert.equal(1, (must.poll({ { fd = 0, events = "POLLIN" } }, -1)))
    assert.equal(1, (must.poll({ { fd = 0, events = "POLLIN" } }, 0)))
    assert.equal("", must.read(0, 8))
    assert.equal("", must.read(0, 8))
  end)

  it("F_GETOWN tells a group as a negative number, whatever it looks like", function()
    -- covers: desc.getown.group
    local r = must.pipe()
    must.fcntl(r, "F_SETOWN", -1)
    assert.equal(-1, must.fcntl(r, "F_GETOWN"))
  end)

  it("a setting that is on or off takes any address for on", function()
    -- covers: process.subreaper.string
    must.prctl("PR_SET_CHILD_SUBREAPER", "x")
    assert.equal(1, must.prctl "PR_GET_CHILD_SUBREAPER")
  end)

  it("the system's own files below /proc take any size and count no bytes; settings keep mode and owner", function()
    -- covers: file.proc.size file.proc.setting_owner epoll.add.proc
    local queues = must.open("/proc/sysvipc/msg", "O_RDONLY")
    must.read(queues, 10)
    assert.equal(-10, must.ioctl(queues, "FIONREAD"))
    local epoll = must.epoll_create1(0)
    must.epoll_ctl(epoll, "EPOLL_CTL_ADD", queues, { events = "EPOLLIN", data = 7 })
    assert.equal(7, must.epoll_wait(epoll, 1, 0)[1].data)
    local setting = must.open("/proc/sys/kernel/shm_rmid_forced", "O_RDWR")
    must.ftruncate(setting, 100)
    assert.equal(0, must.fstat(setting).st_size)
    assert.errno("EPERM", sys.fchown(setting, 0, 0))
    assert.errno("EPERM", sys.fchmod(setting, "0600"))
    must.fchown(setting, -1, -1)
  end)

  it("openat2 opens for large files too, but for O_PATH", function()
    -- covers: file.openat2.largefile
    local large = tonumber("100000", 8)
    assert.equal(large, must.fcntl(must.openat2("AT_FDCWD", "/tmp", { flags = 0 }), "F_GETFL"))
    assert.equal(C.O_PATH, must.fcntl(must.openat2("AT_FDCWD", "/tmp", { flags = C.O_PATH }), "F_GETFL"))
  end)
end)
