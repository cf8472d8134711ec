local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local root = "/dev/mqueue"
local function names()
  local list = {}
  for _, entry in ipairs(must.getdents64(must.open(root, "O_RDONLY|O_DIRECTORY"))) do
    list[#list + 1] = entry.d_name .. " " .. entry.d_type
  end
  table.sort(list)
  return list
end
local function line(bytes, notify, signal, pid)
  return ("QSIZE:%-10d NOTIFY:%-5d SIGNO:%-5d NOTIFY_PID:%-6d\n"):format(bytes, notify, signal, pid)
end
local function make(name, attr) return must.mq_open(name, "O_CREAT|O_RDWR|O_NONBLOCK", "0600", attr) end

describe("the mqueue file system", function()
  -- covers: mq.fs.mount
  it("shows the queues of the namespace, and has a type of its own", function()
    make "/a"
    local st = must.statfs(root)
    assert.equal(0x19800202, st.f_type)
    assert.equal(must.stat(root .. "/a").st_ino, must.fstat(must.mq_open("/a", "O_RDONLY")).st_ino)
  end)

  -- covers: mq.fs.root
  it("has a sticky root, and a regular file of 80 bytes for each queue", function()
    local before = must.stat(root).st_size
    local st = must.stat(root)
    assert.equal(C.S_IFDIR | tonumber("1777", 8), st.st_mode)
    assert.equal(40, before)
    make "/a"
    assert.equal(60, must.stat(root).st_size)
    for number = 1, 4 do make("/b" .. number, { mq_maxmsg = 1, mq_msgsize = 1 }) end
    assert.equal(140, must.stat(root).st_size)
    local queue = must.stat(root .. "/a")
    assert.same(
      { C.S_IFREG | tonumber("600", 8), 80, 1, 4096 },
      { queue.st_mode, queue.st_size, queue.st_nlink, queue.st_blksize })
    must.mq_unlink "/a"
    assert.equal(120, must.stat(root).st_size)
  end)

  -- covers: mq.dir.iterate
  it("lists the queues that have a name", function()
    assert.same({ ". 4", ".. 4" }, names())
    make "/a"
    local b = make "/b"
    assert.same({ ". 4", ".. 4", "a 8", "b 8" }, names())
    must.mq_unlink "/b"
    assert.same({ ". 4", ".. 4", "a 8" }, names())
    must.mq_send(b, "x")
  end)

  -- covers: mq.fs.create_by_open
  it("makes queues by open and mknod", function()
    local fd = must.open(root .. "/a", "O_CREAT|O_RDWR", "0600")
    local attr = must.mq_getattr(fd)
    assert.same({ 10, 8192 }, { attr.mq_maxmsg, attr.mq_msgsize })
    must.mq_send(fd, "by file", 2)
    assert.same({ "by file", 2 }, { must.mq_receive(must.mq_open("/a", "O_RDONLY"), 8192) })
    must.mknod(root .. "/b", C.S_IFREG | tonumber("600", 8))
    must.mq_send(must.mq_open("/b", "O_WRONLY"), "x")
    assert.errno("EEXIST", sys.open(root .. "/a", "O_CREAT|O_EXCL|O_RDWR", "0600"))
  end)

  -- covers: mq.fs.forbidden
  it("holds nothing but queues, each with its one name", function()
    make "/a"
    assert.errno("EPERM", sys.mkdir(root .. "/d", "0700"))
    assert.errno("EPERM", sys.link(root .. "/a", root .. "/l"))
    assert.errno("EPERM", sys.symlink("a", root .. "/s"))
    assert.errno("EPERM", sys.rename(root .. "/a", root .. "/r"))
    assert.errno("EPERM", sys.mknod(root .. "/f", C.S_IFIFO | tonumber("600", 8)))
    assert.same({ ". 4", ".. 4", "a 8" }, names())
  end)

  -- covers: mq.fs.unlink
  it("removes queues as mq_unlink does", function()
    local q = make "/a"
    must.unlink(root .. "/a")
    assert.errno("ENOENT", sys.mq_open("/a", "O_RDWR"))
    assert.errno("ENOENT", sys.unlink(root .. "/a"))
    assert.equal(0, must.fstat(q).st_nlink)
    must.mq_open("/b", "O_CREAT|O_RDWR", "0666")
    local pid = must.fork(function()
      must.setresuid(1000, 1000, 1000)
      assert.errno("EPERM", sys.unlink(root .. "/b"))
    end)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
  end)

  -- covers: mq.fs.read_status
  it("reads as one line, at any way of opening that can read", function()
    local q = make "/a"
    assert.equal(line(0, 0, 0, 0), must.read(q, 100))
    assert.equal("", must.read(q, 100))
    local file = must.open(root .. "/a", "O_RDONLY")
    assert.equal("QSIZE:", must.read(file, 6))
    assert.equal("0", must.read(file, 1))
    assert.equal(line(0, 0, 0, 0):sub(8), must.read(file, 100))
    assert.errno("EBADF", sys.read(must.mq_open("/a", "O_WRONLY"), 10))
    assert.equal("NOTIFY", must.pread(q, 6, 17))
  end)

  -- covers: mq.fs.read_fields
  it("shows how many bytes wait, and who is to be told", function()
    local q = make "/a"
    local function status() return must.pread(q, 100, 0) end
    must.mq_send(q, "12345")
    must.mq_send(q, "678")
    assert.equal(line(8, 0, 0, 0), status())
    must.mq_notify(q, { sigev_notify = "SIGEV_SIGNAL", sigev_signo = "SIGUSR1" })
    assert.equal(line(8, 0, C.SIGUSR1, must.getpid()), status())
    must.mq_notify(q, nil)
    assert.equal(line(8, 0, 0, 0), status())
    must.mq_notify(q, { sigev_notify = "SIGEV_NONE", sigev_signo = "SIGUSR1" })
    assert.equal(line(8, 1, 0, must.getpid()), status())
  end)

  -- covers: mq.fs.write
  it("can be neither written nor mapped", function()
    local q = make "/a"
    assert.errno("EINVAL", sys.write(q, "x"))
    assert.errno("EINVAL", sys.pwrite(q, "x", 0))
    assert.errno("ENODEV", sys.mmap(0, 4096, "PROT_READ", "MAP_SHARED", q, 0))
  end)

  -- covers: mq.fs.seek_truncate
  it("can be sought in, and truncated as far as its size goes", function()
    local q = make "/a"
    must.mq_send(q, "kept")
    assert.equal(6, must.lseek(q, 6, "SEEK_SET"))
    assert.equal("4", must.read(q, 1))
    assert.equal(80, must.lseek(q, 0, "SEEK_END"))
    assert.equal(80, must.lseek(q, -1, "SEEK_HOLE"))
    assert.errno("EINVAL", sys.lseek(q, -1, "SEEK_DATA"))
    assert.errno("EINVAL", sys.lseek(q, math.maxinteger, "SEEK_CUR"))
    must.lseek(q, math.maxinteger, "SEEK_SET")
    assert.errno("EINVAL", sys.read(q, 1))
    assert.errno("EINVAL", sys.open(root .. "/a", "O_RDWR|O_TRUNC|O_DIRECT"))
    assert.equal(80, must.fstat(q).st_size)
    must.ftruncate(q, 0)
    assert.equal(0, must.fstat(q).st_size)
    assert.equal(0, must.lseek(q, 0, "SEEK_END"))
    assert.equal(line(4, 0, 0, 0), must.read(q, 100))
    assert.equal("kept", (must.mq_receive(q, 8192)))
  end)

  -- covers: mq.fs.lock_end
  it("can be locked in pieces, counted from its end too", function()
    local q = make "/a"
    must.fcntl(q, "F_SETLK", { l_type = "F_WRLCK", l_whence = "SEEK_END", l_start = -80, l_len = 10 })
    assert.errno("EINVAL", sys.fcntl(q, "F_SETLK", { l_type = "F_WRLCK", l_whence = "SEEK_END", l_start = -81 }))
    local pid = must.fork(function()
      local lock = must.fcntl(q, "F_GETLK", { l_type = "F_RDLCK", l_whence = "SEEK_END", l_start = -75, l_len = 1 })
      assert.same({ C.F_WRLCK, 0, 10 }, { lock.l_type, lock.l_start, lock.l_len })
    end)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
  end)

  -- covers: mq.fs.attr_change
  it("lets chmod and chown say who may open", function()
    local q = make "/a"
    local pid = must.fork(function()
      must.setresuid(1000, 1000, 1000)
      assert.errno("EACCES", sys.mq_open("/a", "O_RDONLY"))
      assert.errno("EPERM", sys.chmod(root .. "/a", "0666"))
      assert.errno("EPERM", sys.chown(root .. "/a", 1000, 1000))
    end)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
    must.chmod(root .. "/a", "0604")
    must.fchown(q, 1001, 1001)
    pid = must.fork(function()
      must.setresuid(1000, 1000, 1000)
      must.mq_open("/a", "O_RDONLY")
      assert.errno("EACCES", sys.mq_open("/a", "O_WRONLY"))
      must.mq_send(q, "as before")
    end)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
    assert.equal(1001, must.stat(root .. "/a").st_uid)
  end)

  -- covers: mq.fs.proc_link
  it("shows a descriptor of mq_open by its name alone", function()
    local q = make "/a"
    assert.equal("/a", must.readlink("/proc/self/fd/" .. q))
    must.mq_unlink "/a"
    assert.equal("/a (deleted)", must.readlink("/proc/self/fd/" .. q))
  end)

  -- covers: mq.fs.times
  it("stamps the times that a call touches, in whole seconds", function()
    local q = make "/a"
    local function times()
      local st = must.fstat(q)
      local function text(t) return ("%d.%09d"):format(t.tv_sec, t.tv_nsec) end
      return { text(st.st_atim), text(st.st_mtim), text(st.st_ctim) }
    end
    -- Which of access, modification and change time a call moves on.
    local function moved(fn)
      local before = times()
      must.nanosleep(1.01) -- these times are whole seconds
      fn()
      local after, list = times(), ""
      for place, letter in ipairs { "a", "m", "c" } do
        if after[place] ~= before[place] then list = list .. letter end
      end
      return list
    end
    assert.equal(0, must.fstat(q).st_atim.tv_nsec)
    assert.equal("amc", moved(function() must.mq_send(q, "x") end))
    assert.equal("amc", moved(function() must.mq_receive(q, 8192) end))
    assert.equal("", moved(function() must.mq_getattr(q) end))
    assert.equal("ac", moved(function() must.mq_setattr(q, { mq_flags = 0 }) end))
    assert.equal("ac", moved(function() must.mq_notify(q, { sigev_notify = "SIGEV_NONE" }) end))
    assert.equal("ac", moved(function() must.pread(q, 10, 0) end))
  end)

  -- covers: mq.fs.times
  it("stamps the times again that utimensat has set back", function()
    local q = make "/a"
    must.mq_send(q, "x")
    must.utimensat(q, nil, { { 1, 0 }, { 2, 0 } })
    assert.same({ 1, 2 }, { must.fstat(q).st_atim.tv_sec, must.fstat(q).st_mtim.tv_sec })
    must.mq_send(q, "y")
    assert.is_true(must.fstat(q).st_atim.tv_sec > 2 and must.fstat(q).st_mtim.tv_sec > 2)
  end)
end)

describe("polling a queue", function()
  local q
  before_each(function() q = make("/a", { mq_maxmsg = 2, mq_msgsize = 8 }) end)
  local function ready(fd)
    local _, list = must.poll({ { fd = fd or q, events = "POLLIN|POLLOUT" } }, 0)
    return list[1].revents
  end

  -- covers: mq.poll.in_out
  it("tells whether there is a message, and whether there is room", function()
    assert.equal(C.POLLOUT, ready())
    must.mq_send(q, "x")
    assert.equal(C.POLLIN | C.POLLOUT, ready())
    must.mq_send(q, "y")
    assert.equal(C.POLLIN, ready())
    must.mq_unlink "/a"
    assert.equal(C.POLLIN, ready())
    assert.same({ 1, { q }, {}, {} }, { must.select({ q }, { q }, nil, 0) })
  end)

  it("wakes who waits for either", function()
    local woken = {}
    local pids = {}
    pids[1] = must.fork(function()
      must.poll({ { fd = q, events = "POLLIN" } }, -1)
      woken[#woken + 1] = "in"
    end)
    ks.settle()
    must.mq_send(q, "x")
    ks.settle()
    must.mq_send(q, "y")
    pids[2] = must.fork(function()
      must.poll({ { fd = q, events = "POLLOUT" } }, -1)
      woken[#woken + 1] = "out"
    end)
    ks.settle()
    assert.same({ "in" }, woken)
    must.mq_receive(q, 8)
    for _, pid in ipairs(pids) do must.waitpid(pid) end
    assert.same({ "in", "out" }, woken)
  end)

  -- covers: mq.poll.epoll_et
  it("by edges tells of every message", function()
    local ep = must.epoll_create1()
    must.epoll_ctl(ep, "EPOLL_CTL_ADD", q, { events = "EPOLLIN|EPOLLET", data = 7 })
    assert.same({}, must.epoll_wait(ep, 4, 0))
    for _ = 1, 2 do
      must.mq_send(q, "x")
      assert.equal(1, #must.epoll_wait(ep, 4, 0))
      assert.same({}, must.epoll_wait(ep, 4, 0))
    end
  end)

  -- covers: mq.poll.any_mode
  it("does not care how the descriptor was opened", function()
    assert.equal(C.POLLOUT, ready(must.mq_open("/a", "O_RDONLY")))
    must.mq_send(q, "x")
    assert.equal(C.POLLIN | C.POLLOUT, ready(must.mq_open("/a", "O_WRONLY")))
  end)
end)

describe("IPC namespaces", function()
  -- covers: mq.ns.isolation
  it("have queues of their own; what is open stays", function()
    local q = make "/a"
    local pid = must.fork(function()
      must.unshare "CLONE_NEWIPC"
      assert.errno("ENOENT", sys.mq_open("/a", "O_RDWR"))
      local own = make "/a"
      must.mq_send(own, "own")
      must.mq_send(q, "to the old one")
      assert.equal(1, must.mq_getattr(own).mq_curmsgs)
      must.stat(root .. "/a") -- the mount is still the old one's
      make "/only here"
      assert.errno("ENOENT", sys.stat(root .. "/only here"))
    end)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
    assert.equal("to the old one", (must.mq_receive(q, 8192)))
    assert.errno("ENOENT", sys.mq_open("/only here", "O_RDWR"))
  end)
end)
