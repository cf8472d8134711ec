-- Files below /proc as open files: how their text is made and read, where they can be moved to, and what they refuse.
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

-- How many lines a text has.
local function lines(text) return select(2, text:gsub("\n", "\n")) end

describe("a listing below /proc/sysvipc", function()
  it("goes on behind its end when there is something new", function()
    -- covers: sysv.proc.sysvipc.grows
    local list = must.open("/proc/sysvipc/msg", "O_RDONLY")
    assert.equal(1, lines(must.read(list, 4096)))
    assert.equal("", must.read(list, 4096))
    must.msgget(1, "IPC_CREAT|0600")
    must.msgget(2, "IPC_CREAT|0600")
    local more = must.read(list, 4096)
    assert.equal(2, lines(more))
    assert.equal("         1", more:sub(1, 10))
    assert.equal("", must.read(list, 10))
  end)

  it("keeps its owner, its mode and its locks for whoever opens it later", function()
    -- covers: sysv.proc.sysvipc.owner
    local first = must.open("/proc/sysvipc/sem", "O_RDONLY")
    must.fchmod(first, "0640")
    must.fchown(first, 12, 34)
    must.flock(first, "LOCK_EX")
    local second = must.open("/proc/sysvipc/sem", "O_RDONLY")
    local status = must.fstat(second)
    assert.same({ C.S_IFREG | 416, 12, 34 }, { status.st_mode, status.st_uid, status.st_gid })
    assert.errno("EWOULDBLOCK", sys.flock(second, "LOCK_SH|LOCK_NB"))
    must.chown("/proc/sysvipc/sem", 0, 0)
    must.chmod("/proc/sysvipc/sem", "0444")
    assert.equal(0, must.fstat(first).st_uid)
  end)

  it("keeps the rest of what a piece was read of, and makes the rows behind it anew", function()
    -- covers: sysv.proc.sysvipc.pieces
    local ids = {}
    for key = 1, 4 do ids[key] = must.msgget(key, "IPC_CREAT|0600") end
    local list = must.open("/proc/sysvipc/msg", "O_RDONLY")
    -- 200 bytes take the heading and the row of the first queue, and no third.
    must.read(list, 200)
    for key = 1, 3 do must.msgctl(ids[key], "IPC_RMID") end
    local rest = must.read(list, 4096)
    assert.equal(2, lines(rest))
    assert.equal(40 + 120, #rest)
    assert.equal("         4", rest:sub(41, 50))
  end)

  it("has its next rows made by the read that ends the last ones, even where no room is left", function()
    -- covers: sysv.proc.sysvipc.pieces
    must.msgget(1, "IPC_CREAT|0600")
    local queue = must.msgget(2, "IPC_CREAT|0600")
    local list = must.open("/proc/sysvipc/msg", "O_RDONLY")
    must.read(list, 200)
    must.read(list, 40)
    must.msgsnd(queue, 1, "text")
    local row = must.read(list, 4096)
    assert.equal(120, #row)
    assert.is_nil(row:find " 4 ")
    assert.truthy(must.pread(list, 4096, 240):find " 4 ")
  end)

  it("gives a page at most, in whole rows", function()
    -- covers: sysv.proc.sysvipc.page
    for key = 1, 40 do must.msgget(key, "IPC_CREAT|0600") end
    local list = must.open("/proc/sysvipc/msg", "O_RDONLY")
    assert.equal(34 * 120, #must.read(list, 100000))
    assert.equal(7 * 120, #must.read(list, 100000))
    assert.equal("", must.read(list, 100000))
  end)

  it("is made anew up to where lseek or pread goes", function()
    -- covers: sysv.proc.sysvipc.seek
    local first = must.msgget(1, "IPC_CREAT|0600")
    must.msgget(2, "IPC_CREAT|0600")
    local list = must.open("/proc/sysvipc/msg", "O_RDONLY")
    assert.equal(360, #must.read(list, 4096))
    must.msgctl(first, "IPC_RMID")
    assert.equal(100, must.lseek(list, 100, "SEEK_SET"))
    assert.equal(140, #must.read(list, 4096))
    assert.equal(110, #must.pread(list, 4096, 130))
    assert.equal(1 << 40, must.lseek(list, 1 << 40, "SEEK_SET"))
    assert.equal("", must.read(list, 40))
    must.msgget(3, "IPC_CREAT|0600")
    assert.equal("         3", must.read(list, 10))
    for _, whence in ipairs { "SEEK_END", "SEEK_DATA", "SEEK_HOLE" } do
      assert.errno("EINVAL", sys.lseek(list, 0, whence))
    end
  end)

  it("cannot be written at an offset, mapped or executed", function()
    -- covers: file.proc.listing_refuses
    local list = must.open("/proc/sysvipc/msg", "O_RDWR")
    assert.errno("EIO", sys.write(list, ""))
    assert.equal(0, must.writev(list, {}))
    assert.errno("EIO", sys.writev(list, { "x" }))
    must.lseek(list, math.maxinteger, "SEEK_SET")
    assert.errno("EINVAL", sys.write(list, "x"))
    must.lseek(list, 0, "SEEK_SET")
    assert.errno("ESPIPE", sys.pwrite(list, "", 0))
    assert.errno("ESPIPE", sys.pwritev(list, {}, 10))
    assert.errno("EOPNOTSUPP", sys.pwritev2(list, { "x" }, -1, "RWF_SYNC"))
    assert.errno("EIO", sys.mmap(0, 4096, "PROT_READ", "MAP_PRIVATE", list, 0))
    assert.errno("EPERM", sys.mmap(0, 4096, "PROT_READ|PROT_EXEC", "MAP_PRIVATE", list, 0))
  end)
end)

describe("a file of a process below /proc", function()
  it("is as it was when its first byte was read, until it is read from the beginning again", function()
    -- covers: file.proc.kept
    must.prctl("PR_SET_NAME", "before")
    local name = must.open("/proc/self/comm", "O_RDONLY")
    assert.equal("bef", must.read(name, 3))
    must.prctl("PR_SET_NAME", "after")
    assert.equal("ore\n", must.read(name, 100))
    assert.equal("", must.read(name, 100))
    assert.equal("after\n", must.pread(name, 100, 0))
    assert.errno("EOPNOTSUPP", sys.preadv2(name, { 10 }, -1, "RWF_DSYNC"))
  end)

  it("called comm takes a new name from a thread of the process", function()
    -- covers: file.proc.comm_write
    local file = must.open("/proc/self/comm", "O_RDWR")
    assert.equal(20, must.write(file, "a name of 20 letters"))
    assert.equal("a name of 20 le", must.prctl "PR_GET_NAME")
    assert.equal(0, must.writev(file, {}))
    local child = must.fork(function() assert.errno("EINVAL", sys.write(file, "x")) end)
    ks.settle()
    assert.equal(child, must.waitpid(child))
  end)

  it("cannot be written where there is nothing to write, not even nothing", function()
    -- covers: file.proc.readonly
    local file = must.open("/proc/self/stat", "O_RDWR")
    assert.errno("EINVAL", sys.write(file, ""))
    assert.errno("EINVAL", sys.writev(file, {}))
    assert.errno("ENODEV", sys.mmap(0, 4096, "PROT_READ", "MAP_PRIVATE", file, 0))
  end)
end)

describe("a setting below /proc/sys", function()
  it("ends where it begins for lseek, and has neither data nor holes", function()
    -- covers: file.proc.setting_seek
    local setting = must.open("/proc/sys/kernel/msgmax", "O_RDWR")
    assert.equal(10, must.lseek(setting, 10, "SEEK_END"))
    assert.errno("EINVAL", sys.lseek(setting, -1, "SEEK_END"))
    assert.errno("ENXIO", sys.lseek(setting, 0, "SEEK_DATA"))
    assert.errno("EINVAL", sys.lseek(setting, -1, "SEEK_DATA"))
    assert.errno("ENXIO", sys.lseek(setting, 0, "SEEK_HOLE"))
    assert.equal(0, must.lseek(setting, -1, "SEEK_HOLE"))
    assert.equal(0, must.pwritev(setting, {}, 10))
  end)

  it("takes no size above RLIMIT_FSIZE, nor one of 2 GiB, as all files of /proc and queues", function()
    -- covers: file.proc.size mq.fs.size
    must.sigaction("SIGXFSZ", "SIG_IGN")
    local queue = must.mq_open("/a", "O_RDWR|O_CREAT", "0600")
    for _, path in ipairs { "/proc/sys/kernel/msgmax", "/proc/sysvipc/sem", "/proc/self/comm", "/dev/mqueue/a" } do
      local file = must.open(path, "O_WRONLY")
      must.ftruncate(file, (1 << 31) - 1)
      must.ftruncate(file, 0)
      assert.errno("EFBIG", sys.ftruncate(file, 1 << 31))
    end
    must.setrlimit("RLIMIT_FSIZE", { rlim_cur = 100, rlim_max = -1 })
    assert.errno("EINVAL", sys.ftruncate(queue, 1 << 31))
    assert.errno("EFBIG", sys.truncate("/proc/sysvipc/sem", 101))
    must.truncate("/proc/sysvipc/sem", 100)
    local told
    must.sigaction("SIGXFSZ", function(signal) told = signal end)
    assert.errno("EFBIG", sys.ftruncate(queue, 101))
    assert.equal(C.SIGXFSZ, told)
  end)
end)
