-- ks.*: what scripts have outside the emulated world.
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local function raises(fn, text)
  local ok, message = pcall(fn)
  assert.is_false(ok)
  assert.is_truthy(tostring(message):find(text, 1, true), message)
  assert.is_truthy(tostring(message):find "^[^\n]*ks_spec.lua:%d+: ", message)
end

describe("ks.pack and ks.unpack", function()
  it("use the kernel's layout", function()
    local bytes = ks.pack("timespec", { tv_sec = 1, tv_nsec = 2 })
    assert.equal(string.pack("<i8i8", 1, 2), bytes)
    assert.same({ tv_sec = 1, tv_nsec = 2 }, ks.unpack("timespec", bytes))
  end)

  it("fill fields left out with zeros, and take names for flags", function()
    assert.same({ tv_sec = 0, tv_nsec = 5 }, ks.unpack("timespec", ks.pack("timespec", { tv_nsec = 5 })))
    local event = ks.unpack("epoll_event", ks.pack("epoll_event", { events = "EPOLLIN|EPOLLET", data = 7 }))
    assert.same({ C.EPOLLIN | C.EPOLLET, 7 }, { event.events, event.data })
  end)

  it("raise on what is no field, no structure or too short, with a suggestion", function()
    raises(function() ks.pack("timespec", { tv_usec = 1 }) end, "did you mean tv_sec?")
    raises(function() ks.pack("no_such", {}) end, "no_such")
    raises(function() ks.pack("timespec", { tv_sec = "x" }) end, "must be an integer")
    raises(function() ks.unpack("timespec", "short") end, "takes 16 bytes, not 5")
    raises(function() ks.unpack("timespec") end, "ks.unpack takes")
  end)
end)

describe("ks.each", function()
  it("goes through structures that lie one behind the other", function()
    local bytes, seconds = "", {}
    for i = 1, 3 do bytes = bytes .. ks.pack("timespec", { tv_sec = i }) end
    for time in ks.each("timespec", bytes .. "rest") do seconds[#seconds + 1] = time.tv_sec end
    assert.same({ 1, 2, 3 }, seconds)
    for _ in ks.each("timespec", "") do error "nothing is there" end
    raises(function() ks.each("no_such", "") end, "no_such")
  end)
end)

describe("ks.settle", function()
  it("lets the others run until none can go on, and does not move the clock", function()
    local log = {}
    local r, w = must.pipe2()
    local reader = must.fork(function() log[1] = must.read(r, 10) must.nanosleep(1) log[2] = "late" end)
    must.write(w, "x")
    ks.settle()
    assert.same({ "x" }, log)
    if ks.backend == "emulated" then assert.equal(0.0, ks.now()) end
    assert.equal("nanosleep", ks.task(reader).blocked_in)
    must.waitpid(reader)
    assert.same({ "x", "late" }, log)
    assert.near(1.0, ks.now(), 0.4)
  end)

  it("is not cut short by signals, whose handlers run when it is over", function()
    local log = {}
    local r, w = must.pipe2()
    must.sigaction("SIGUSR1", function() log[#log + 1] = "handler" end)
    local reader = must.fork(function()
      must.read(r, 1)
      log[#log + 1] = "reader"
    end)
    -- Nobody takes the processor from task 1 between this call and ks.settle().
    local sender = must.fork(function()
      must.kill(1, "SIGUSR1")
      must.write(w, "x")
    end)
    ks.settle()
    log[#log + 1] = "settled by " .. must.getpid()
    for _, pid in ipairs { sender, reader } do must.waitpid(pid) end
    assert.same({ "reader", "handler", "settled by 1" }, log)
  end)

  it("returns in the order of the calls when several tasks settle, if the policy has it so", function()
    local log = {}
    local k <close> = ks.new { policy = "fifo" }
    k:spawn(function()
      for i = 1, 3 do
        must.fork(function()
          ks.settle()
          log[#log + 1] = i
        end)
      end
      ks.settle()
      log[#log + 1] = "parent"
      for _ = 1, 3 do must.waitpid(-1) end
    end)
    assert.equal("done", k:run())
    assert.same({ "parent", 1, 2, 3 }, log)
  end)
end)

describe("ks.task", function()
  it("tells what a task is doing", function()
    local r = must.pipe2()
    local pid = must.fork(function() must.read(r, 1) end)
    ks.settle()
    local task = ks.task(pid)
    assert.same({ pid, pid, 1, "blocked", "read", 0, 0 },
      { task.pid, task.tid, task.ppid, task.state, task.blocked_in, task.uid, task.gid })
    assert.matches("^pipe:%[%d+%]$", task.fds[r])
    must.kill(pid, "SIGKILL")
    ks.settle()
    assert.equal("zombie", ks.task(pid).state)
    must.waitpid(pid)
    assert.is_nil(ks.task(pid))
    assert.is_nil(ks.task(-1))
    raises(function() ks.task "1" end, "takes a pid")
  end)
end)

describe("ks.put and ks.get", function()
  it("reach the emulated tree without a call", function()
    local calls = ks.stats().calls
    ks.put("/tmp/f", "a\0b")
    assert.equal("a\0b", ks.get "/tmp/f")
    assert.equal(calls, ks.stats().calls)
    assert.equal("a\0b", must.read(must.open("/tmp/f", "O_RDONLY"), 10))
    ks.put("/tmp/f", "")
    assert.equal("", ks.get "/tmp/f")
    assert.is_nil(ks.get "/tmp/none")
  end)

  it("raise where there can be no file", function()
    raises(function() ks.put("/no/such/f", "") end, "ENOENT")
    raises(function() ks.put("/tmp", "") end, "EISDIR")
    raises(function() ks.put("/tmp/f") end, "takes a path and bytes")
    raises(function() ks.get() end, "takes a path")
  end)
end)

describe("the rest of ks", function()
  it("names errnos of either sign", function()
    assert.same({ "EAGAIN", "Resource temporarily unavailable" }, { ks.errno(11) })
    assert.same({ ks.errno(11) }, { ks.errno(-11) })
    raises(function() ks.errno "EAGAIN" end, "takes a number")
  end)

  it("knows the kernel and who answers", function()
    assert.equal(must.uname().release, ks.kernel.release)
    assert.is_truthy(ks.backend == "emulated" or ks.backend == "host")
  end)

  it("counts calls and tasks", function()
    local before = ks.stats()
    must.getpid()
    assert.equal(before.calls + 1, ks.stats().calls)
    assert.equal(1, ks.stats().tasks)
  end)

  it("tells by which policy tasks take turns, on Linux in the order in which they are woken", function()
    if ks.backend == "host" then assert.equal("fifo", ks.stats().policy) end
    local k <close> = ks.new { policy = "pct:2" }
    local told
    k:spawn(function() told = ks.stats().policy end)
    k:run()
    assert.equal("pct:2", told)
  end)

  it("counts what is reached sometimes", function()
    for i = 1, 5 do ks.sometimes(i > 3, "more than three") end
    assert.is_false(ks.sometimes(false, "never"))
    assert.same({ ["more than three"] = 2, never = 0 }, ks.stats().sometimes)
    raises(function() ks.sometimes(true) end, "what it means")
  end)

  it("runs what differs from Linux", function()
    assert.same({ 1, 2 }, { ks.differs("a known difference", function() return 1, 2 end) })
    raises(function() ks.differs(function() end) end, "takes a reason and a function")
  end)

  it("has no host functions here, and says so", function()
    raises(function() ks.host.report() end, "the host has registered no function report")
  end)

  it("says what is not built yet, and what it has not", function()
    raises(function() ks.checkpoint "/x" end, "ks.checkpoint is not built yet")
    raises(function() return ks.no_such end, "ks has no no_such")
  end)
end)
