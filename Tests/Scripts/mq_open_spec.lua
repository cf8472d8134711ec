local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C
local as_user = require "helpers".as_user

describe("mq_open", function()
  -- covers: mq.open.raw_name mq.open.libc_name
  it("takes a name that begins with its only slash", function()
    assert.errno("ENOENT", sys.mq_open("/", "O_CREAT|O_RDWR", "0600"))
    for _, name in ipairs { "//a", "/a/b", "/.", "/.." } do
      assert.errno("EACCES", sys.mq_open(name, "O_CREAT|O_RDWR", "0600"))
    end
    assert.errno("EINVAL", sys.mq_open("a", "O_CREAT|O_RDWR", "0600"))
    assert.errno("EINVAL", sys.mq_open("", "O_CREAT|O_RDWR", "0600"))
    must.mq_open("/...", "O_CREAT|O_RDWR", "0600")
    must.mq_unlink "/..."
  end)

  -- covers: mq.open.name_length
  it("takes names of up to 255 bytes", function()
    local name = "/" .. ("n"):rep(255)
    must.close(must.mq_open(name, "O_CREAT|O_RDWR", "0600"))
    must.mq_unlink(name)
    assert.errno("ENAMETOOLONG", sys.mq_open(name .. "n", "O_CREAT|O_RDWR", "0600"))
    assert.errno("ENAMETOOLONG", sys.mq_unlink(name .. "n"))
  end)

  -- covers: mq.open.existing mq.open.O_EXCL
  it("without O_CREAT finds, with O_CREAT|O_EXCL only makes", function()
    assert.errno("ENOENT", sys.mq_open("/a", "O_RDWR"))
    must.mq_open("/a", "O_CREAT|O_EXCL|O_RDWR", "0600")
    assert.errno("EEXIST", sys.mq_open("/a", "O_CREAT|O_EXCL|O_RDWR", "0600"))
    must.mq_open("/a", "O_RDWR")
    must.mq_open("/a", "O_CREAT|O_RDWR", "0600")
    must.mq_open("/a", "O_EXCL|O_RDWR")
  end)

  -- covers: mq.open.accmode
  it("opens for reading, for writing, or both; an existing queue not for a fourth thing", function()
    local q = must.mq_open("/a", "O_CREAT|O_RDWR", "0600")
    local r, w = must.mq_open("/a", "O_RDONLY"), must.mq_open("/a", "O_WRONLY")
    assert.errno("EBADF", sys.mq_send(r, "x"))
    assert.errno("EBADF", sys.mq_receive(w, 8192))
    must.mq_send(w, "x")
    must.mq_send(q, "y")
    assert.equal("x", (must.mq_receive(r, 8192)))
    assert.equal("y", (must.mq_receive(q, 8192)))
    assert.errno("EINVAL", sys.mq_open("/a", 3))
  end)

  -- covers: mq.open.mode_umask
  it("gives a new queue the caller as owner and a mode less the umask, which later opens go by", function()
    must.umask("022")
    local q = must.mq_open("/a", "O_CREAT|O_RDWR", "0666")
    local st = must.fstat(q)
    assert.same({ C.S_IFREG | tonumber("644", 8), 0, 0 }, { st.st_mode, st.st_uid, st.st_gid })
    as_user(function()
      must.mq_open("/a", "O_RDONLY")
      assert.errno("EACCES", sys.mq_open("/a", "O_WRONLY"))
      assert.errno("EACCES", sys.mq_open("/a", "O_RDWR"))
      local own = must.fstat(must.mq_open("/mine", "O_CREAT|O_RDONLY", "0200"))
      assert.same({ 1000, 1000 }, { own.st_uid, own.st_gid })
      assert.errno("EACCES", sys.mq_open("/mine", "O_RDONLY"))
      must.mq_open("/mine", "O_WRONLY")
    end)
  end)

  -- covers: mq.open.cloexec
  it("returns the lowest free descriptor, which exec closes", function()
    local q = must.mq_open("/a", "O_CREAT|O_RDWR", "0600")
    local other = must.mq_open("/a", "O_RDWR")
    assert.equal(C.FD_CLOEXEC, must.fcntl(q, "F_GETFD"))
    must.close(q)
    assert.equal(q, must.mq_open("/a", "O_RDWR"))
    assert.equal(C.FD_CLOEXEC, must.fcntl(other, "F_GETFD"))
  end)

  -- covers: mq.open.no_leak
  it("that finds no descriptor makes no queue", function()
    local pid = must.fork(function()
      local lowest = must.dup(0)
      must.close(lowest)
      must.setrlimit("RLIMIT_NOFILE", { rlim_cur = lowest, rlim_max = lowest })
      assert.errno("EMFILE", sys.mq_open("/a", "O_CREAT|O_RDWR", "0600"))
    end)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
    assert.errno("ENOENT", sys.mq_open("/a", "O_RDWR"))
  end)

  -- covers: mq.open.other_flags
  it("tolerates flags that mean nothing to it", function()
    local q = must.mq_open("/a", "O_CREAT|O_RDWR", "0600")
    must.mq_send(q, "kept")
    local again = must.mq_open("/a", "O_RDWR|O_APPEND|O_TRUNC")
    assert.equal(1, must.mq_getattr(again).mq_curmsgs)
    assert.equal(C.O_RDWR | C.O_APPEND, must.fcntl(again, "F_GETFL") & (C.O_ACCMODE | C.O_APPEND | C.O_TRUNC))
  end)

  -- covers: mq.open.attr_default
  it("without attributes makes a queue of 10 messages of 8192 bytes", function()
    local attr = must.mq_getattr(must.mq_open("/a", "O_CREAT|O_RDWR", "0600"))
    assert.same({ 0, 10, 8192, 0 }, { attr.mq_flags, attr.mq_maxmsg, attr.mq_msgsize, attr.mq_curmsgs })
  end)

  -- covers: mq.open.attr_limits
  it("takes attributes that are positive and within the limits", function()
    local function try(count, size, name)
      return sys.mq_open(name or "/bad", "O_CREAT|O_RDWR", "0600", { mq_maxmsg = count, mq_msgsize = size })
    end
    local attr = must.mq_getattr(assert(try(3, 100, "/a")))
    assert.same({ 3, 100 }, { attr.mq_maxmsg, attr.mq_msgsize })
    for _, bad in ipairs { { 0, 10 }, { -1, 10 }, { 10, 0 }, { 10, -1 }, { 65537, 8 }, { 8, 16777217 } } do
      assert.errno("EINVAL", try(bad[1], bad[2]))
    end
    as_user(function()
      assert(try(10, 8192, "/most"))
      assert.errno("EINVAL", try(11, 10))
      assert.errno("EINVAL", try(10, 8193))
    end)
    assert.errno("ENOENT", sys.mq_open("/bad", "O_RDWR"))
  end)

  -- covers: mq.open.attr_ignored_when_exists
  it("reads attributes for an existing queue, and does nothing with them", function()
    must.mq_open("/a", "O_CREAT|O_RDWR", "0600", { mq_maxmsg = 2, mq_msgsize = 8 })
    local q = must.mq_open("/a", "O_CREAT|O_RDWR", "0600", { mq_maxmsg = -5, mq_msgsize = 0 })
    assert.equal(2, must.mq_getattr(q).mq_maxmsg)
    assert.errno("EFAULT", sys.mq_open("/a", "O_CREAT|O_RDWR", "0600", 1))
    assert.errno("EFAULT", sys.mq_open("/a", "O_RDWR", 0, 1))
  end)

  -- covers: mq.open.attr_flags_ignored
  it("takes O_NONBLOCK from its flags alone", function()
    local q = must.mq_open("/a", "O_CREAT|O_RDWR", "0600",
      { mq_flags = "O_NONBLOCK", mq_maxmsg = 2, mq_msgsize = 8, mq_curmsgs = 1 })
    local attr = must.mq_getattr(q)
    assert.same({ 0, 0 }, { attr.mq_flags, attr.mq_curmsgs })
    assert.equal(C.O_NONBLOCK, must.mq_getattr(must.mq_open("/a", "O_RDWR|O_NONBLOCK")).mq_flags)
  end)
end)

describe("mq_unlink", function()
  -- covers: mq.unlink.basic
  it("removes the name at once; open descriptors keep the queue", function()
    local old = must.mq_open("/a", "O_CREAT|O_RDWR", "0600")
    must.mq_send(old, "old")
    must.mq_unlink "/a"
    assert.errno("ENOENT", sys.mq_unlink "/a")
    assert.errno("ENOENT", sys.mq_open("/a", "O_RDWR"))
    assert.errno("EACCES", sys.mq_unlink "/a/b")
    local new = must.mq_open("/a", "O_CREAT|O_RDWR", "0600")
    assert.equal(0, must.mq_getattr(new).mq_curmsgs)
    assert.equal("old", (must.mq_receive(old, 8192)))
  end)

  -- covers: mq.unlink.sticky
  it("is for the owner of the queue or of the directory", function()
    must.mq_open("/a", "O_CREAT|O_RDWR", "0666")
    as_user(function()
      assert.errno("EPERM", sys.mq_unlink "/a")
      must.mq_open("/mine", "O_CREAT|O_RDWR", "0600")
      must.mq_open("/other", "O_CREAT|O_RDWR", "0600")
      must.mq_unlink "/mine"
    end)
    as_user(function() assert.errno("EPERM", sys.mq_unlink "/other") end, 1001)
    must.mq_unlink "/other"
    must.mq_unlink "/a"
  end)

  -- covers: mq.empty_close
  it("is what a queue lives until, though nobody has it open", function()
    local q = must.mq_open("/a", "O_CREAT|O_RDWR", "0600")
    must.mq_send(q, "kept", 3)
    must.close(q)
    assert.same({ "kept", 3 }, { must.mq_receive(must.mq_open("/a", "O_RDWR"), 8192) })
  end)
end)

describe("limits of POSIX queues", function()
  local small = { mq_maxmsg = 1, mq_msgsize = 1 }

  -- covers: mq.limit.queues_max mq.limit.queues_max.unlinked
  it("allow 256 queues in a namespace, those too that have no name left", function()
    as_user(function()
      local last
      for number = 1, 256 do
        if last then must.close(last) end
        last = must.mq_open("/q" .. number, "O_CREAT|O_RDWR", "0600", small)
      end
      assert.errno("ENOSPC", sys.mq_open("/more", "O_CREAT|O_RDWR", "0600", small))
      must.mq_unlink "/q256"
      assert.errno("ENOSPC", sys.mq_open("/more", "O_CREAT|O_RDWR", "0600", small))
      assert.errno("ENOSPC", sys.mq_open("/more", "O_CREAT|O_RDWR", "0600", { mq_maxmsg = 0, mq_msgsize = 1 }))
      must.close(last)
      must.mq_open("/more", "O_CREAT|O_RDWR", "0600", small)
    end)
  end)

  -- Users of their own: a machine takes back what an ended namespace was charged a while later.
  -- covers: mq.limit.RLIMIT_MSGQUEUE
  it("charge each queue for all the messages it may hold", function()
    as_user(function()
      must.setrlimit("RLIMIT_MSGQUEUE", { rlim_cur = 819200, rlim_max = 819200 })
      for number = 1, 9 do must.mq_open("/q" .. number, "O_CREAT|O_RDWR", "0600") end
      assert.errno("EMFILE", sys.mq_open("/q10", "O_CREAT|O_RDWR", "0600"))
      for number = 1, 9 do must.mq_unlink("/q" .. number) end
    end, 4001)
    for need, attr in pairs { [97] = { 1, 1 }, [194] = { 2, 1 }, [970] = { 10, 1 }, [1600] = { 10, 64 } } do
      as_user(function()
        local function try(limit)
          must.setrlimit("RLIMIT_MSGQUEUE", { rlim_cur = limit, rlim_max = 819200 })
          return sys.mq_open("/q", "O_CREAT|O_RDWR", "0600", { mq_maxmsg = attr[1], mq_msgsize = attr[2] })
        end
        assert.errno("EMFILE", try(need - 1))
        assert(try(need))
        must.mq_unlink "/q"
      end, 4000 + need)
    end
  end)

  -- covers: mq.limit.RLIMIT_per_user
  it("charge the real user, in all its processes, until the queue is gone", function()
    must.mq_open("/roots", "O_CREAT|O_RDWR", "0600") -- counts for another user
    as_user(function()
      must.setrlimit("RLIMIT_MSGQUEUE", { rlim_cur = 150, rlim_max = 150 })
      local q = must.mq_open("/a", "O_CREAT|O_RDWR", "0600", small)
      local pid = must.fork(function() assert.errno("EMFILE", sys.mq_open("/b", "O_CREAT|O_RDWR", "0600", small)) end)
      assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
      must.mq_unlink "/a"
      assert.errno("EMFILE", sys.mq_open("/b", "O_CREAT|O_RDWR", "0600", small))
      must.close(q)
      must.mq_open("/b", "O_CREAT|O_RDWR", "0600", small)
    end, 4002)
  end)
end)
