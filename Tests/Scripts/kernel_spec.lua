-- ks.new: kernels that a script drives.
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

describe("a driven kernel", function()
  it("runs what it is given, beside the kernel of its driver", function()
    local k <close> = ks.new()
    local r, w = k.init.must.pipe2()
    assert.same({ 3, 4 }, { r, w })
    assert.equal(2, k:spawn(function(fd) must.write(tonumber(fd), "hello") end, tostring(w)))
    assert.equal(3, k:spawn(function(fd)
      print(must.read(tonumber(fd), 64), must.getpid(), must.getppid())
    end, tostring(r)))
    assert.equal("done", k:run())
    assert.equal("hello\t3\t1\n", k.stdout)
    assert.errno("EBADF", sys.fcntl(w, "F_GETFD"))
    assert.equal(1, must.getpid())
  end)

  it("has a clock of its own", function()
    local k <close> = ks.new()
    k:spawn(function() must.nanosleep(3600) end)
    must.nanosleep(2)
    assert.equal(0.0, k.now)
    assert.equal("done", k:run())
    assert.equal(3600.0, k.now)
    assert.near(2.0, ks.now(), 0.4)
  end)

  it("keeps the two streams of its console apart from the driver's", function()
    local k <close> = ks.new()
    k:spawn(function()
      must.write(1, "out ")
      io.stderr:write("error ")
      must.write(2, "again")
      print "print"
    end)
    assert.equal("done", k:run())
    assert.equal("out print\n", k.stdout)
    assert.equal("error again", k.stderr)
  end)

  it("finds its console's input at its end", function()
    local k <close> = ks.new()
    k:spawn(function() print(#must.read(0, 10)) end)
    assert.equal("done", k:run())
    assert.equal("0\n", k.stdout)
  end)

  it("starts with the files and the environment given", function()
    local k <close> = ks.new { files = { ["/etc/deep/name"] = "value", ["/x"] = "" }, env = { HOME = "/home" } }
    k:spawn(function() print(io.open("/etc/deep/name"):read "a", os.getenv "HOME", os.getenv "PATH") end)
    assert.equal("done", k:run())
    assert.equal("value\t/home\tnil\n", k.stdout)
    assert.equal("value", k:get "/etc/deep/name")
    k:put("/x", "new")
    assert.equal("new", k:get "/x")
    assert.is_nil(k:get "/nothing")
    assert.is_nil(ks.get "/x")
  end)

  it("tells a deadlock, and who waits for what", function()
    local k <close> = ks.new()
    local r = k.init.must.pipe2()
    k:spawn(function(fd) must.read(tonumber(fd), 1) end, tostring(r))
    local how, report = k:run()
    assert.equal("deadlock", how)
    assert.is_truthy(report:find("task 2  read(3<pipe:[1]>, 1)", 1, true))
    assert.equal("read", k.tasks[2].blocked_in)
    k.init.must.kill(2, "SIGKILL")
    assert.equal("done", k:run())
    assert.same({ 2, "killed", 9 }, { k.init.must.waitpid(2) })
  end)

  it("reports errors of its tasks to the script alone", function()
    local k <close> = ks.new()
    k:spawn(function() error "first" end)
    k:spawn(function() print "goes on" end)
    local how, message = k:run()
    assert.equal("error", how)
    assert.is_truthy(message:find("^task 2: .*kernel_spec.lua:%d+: first"))
    assert.equal(1, #k.errors)
    assert.equal("goes on\n", k.stdout)
    assert.same({ 2, "exited", 1 }, { k.init.must.waitpid(2) })
    assert.equal("done", k:run())
  end)

  it("is run by steps", function()
    local k <close> = ks.new()
    k:spawn(function() for _ = 1, 3 do must.nanosleep(1) end end)
    assert.equal(2, k:step(2))
    assert.equal(1.0, k.now)
    assert.same({ "limit", "the limit of 1 steps is reached" }, { k:run(1) })
    local done, how = k:step(10)
    assert.same({ 1, "done" }, { done, how })
  end)

  it("is run until something is true, and not further", function()
    local k <close> = ks.new()
    k:spawn(function()
      for i = 1, 10 do
        print(i)
        must.nanosleep(0.5)
      end
    end)
    assert.is_true(k:run_until(function() return k.now >= 1.2 end))
    -- The clock stands at the next event; what happens there has not happened.
    assert.equal(1.5, k.now)
    assert.equal("1\n2\n3\n", k.stdout)
    local reached, how = k:run_until(function() return false end)
    assert.same({ false, "done" }, { reached, how })
  end)

  it("shows its tasks", function()
    local k <close> = ks.new()
    k:spawn(function() must.nanosleep(1) end)
    assert.equal("runnable", k.tasks[2].state)
    k:step()
    assert.equal("blocked", k.tasks[2].state)
    assert.is_nil(k.tasks[3])
    local pids = {}
    for pid, task in pairs(k.tasks) do pids[#pids + 1] = pid == task.pid and pid end
    assert.same({ 1, 2 }, pids)
  end)

  it("lets its tasks fork, handle signals and wait", function()
    local k <close> = ks.new()
    k:spawn(function()
      must.sigaction("SIGUSR1", function() print "handled" end)
      local parent = must.getpid()
      local child = must.fork(function() must.kill(parent, "SIGUSR1") return 7 end)
      print(select(3, must.waitpid(child)))
    end)
    assert.equal("done", k:run())
    assert.equal("handled\n7\n", k.stdout)
  end)

  it("may drive another one, but not itself", function()
    local k <close> = ks.new { policy = "fifo" } -- what is shown is the order of two tasks
    k:spawn(function()
      print(pcall(k.run, k))
      local inner <close> = ks.new()
      inner:spawn(function() print(must.getpid()) end)
      print(inner:run(), inner.stdout)
      print(must.getpid())
    end)
    k:spawn(function() print(k.init.must.getpid(), must.getpid()) end)
    assert.equal("done", k:run())
    assert.equal("false\tthis kernel is running: its own tasks cannot drive it\ndone\t2\n\n2\n1\t3\n", k.stdout)
  end)

  it("may drive one that drives one, but not without end", function()
    local function nest(depth)
      if depth == 0 then return end
      local k <close> = ks.new()
      k:spawn(function() nest(depth - 1) end)
      local how, message = k:run()
      if how ~= "done" then error(message, 0) end
    end
    nest(10)
    local ok, message = pcall(nest, 100)
    assert.is_false(ok)
    assert.is_truthy(message:find("nested too deep", 1, true))
  end)

  it("is cheap enough to make many", function()
    for _ = 1, 50 do
      local k <close> = ks.new()
      assert.equal(1, k.init.must.getpid())
      k:spawn(function() must.nanosleep(1) end)
      assert.equal("done", k:run())
    end
    assert.equal(1, must.getpid())
  end)

  it("is gone when closed", function()
    local k
    do
      local scoped <close> = ks.new()
      k = scoped
      k:spawn(function() must.pause() end)
      k:step()
    end
    assert.equal("kernel (closed)", tostring(k))
    assert.has_error(function() return k.now end)
    assert.has_error(function() return k.init.sys.getpid() end)
    k:close()
  end)

  it("can be driven from inside a coroutine, and while others run", function()
    local r, w = must.pipe2()
    must.fork(function() must.write(w, "x") end)
    local values = coroutine.wrap(function()
      local k <close> = ks.new()
      k:spawn(function() must.nanosleep(1) print "k" end)
      coroutine.yield(k:run())
      coroutine.yield(k.stdout .. must.read(r, 1))
    end)
    assert.equal("done", values())
    assert.equal("k\nx", values())
    must.waitpid(-1)
  end)
end)

describe("k.init", function()
  it("makes calls as the idle task 1", function()
    local k <close> = ks.new()
    assert.equal(1, k.init.must.getpid())
    k.init.must.mkdir("/tmp/d", "0700")
    assert.errno("EEXIST", k.init.sys.mkdir("/tmp/d", "0700"))
    assert.errno("ENOENT", sys.stat "/tmp/d")
  end)

  it("raises where a call would wait", function()
    local k <close> = ks.new()
    local r = k.init.must.pipe2()
    local ok, message = pcall(function() k.init.sys.read(r, 1) end)
    assert.is_false(ok)
    assert.is_truthy(message:find("kernel_spec.lua:%d+: read would wait, which the idle task 1"))
    assert.errno("ECHILD", k.init.sys.waitpid(-1))
  end)

  it("raises at the script's line, with its kernel's time", function()
    local k <close> = ks.new()
    k:spawn(function() must.nanosleep(1.5) end)
    k:run()
    local ok, failure = pcall(function() k.init.must.open("/nothing", "O_RDONLY") end)
    assert.is_false(ok)
    assert.equal("ENOENT", failure.name)
    assert.is_truthy(failure.where:find "kernel_spec.lua:%d+$")
    for _, mistake in ipairs {
      function() k.init.sys.open({}, 0) end, function() k.init.sys.close() end, function() return k.init.sys.opne end,
      function() return k.init.must.exit end, function() return k.foo end, function() k.now = 1 end,
      function() ks.new { sed = 1 } end, function() ks.new { policy = "best" } end, function() k:spawn(1) end,
      function() k:spawn "unknown" end, function() k:spawn(print, 1) end,
      function() ks.new { files = { ["/a/"] = "" } } end,
      function() k:run(0.5) end, function() return k.ipc end, function() k:snapshot() end,
    } do
      local fine, text = pcall(mistake)
      assert.is_false(fine)
      assert.is_truthy(tostring(text):find "^[^\n]*kernel_spec.lua:%d+: ", text)
    end
  end)

  it("can fork, wait for what has ended, and handle signals when it calls next", function()
    local k <close> = ks.new()
    local seen = {}
    k.init.must.sigaction("SIGUSR1", function(signal) seen[#seen + 1] = signal end)
    local pid = k.init.must.fork(function() must.kill(1, "SIGUSR1") return 3 end)
    assert.equal("done", k:run())
    assert.same({}, seen)
    assert.same({ pid, "exited", 3 }, { k.init.must.waitpid(-1) })
    assert.same({ C.SIGUSR1 }, seen)
  end)
end)

describe("k.hash", function()
  ks.program("worker", function(name)
    local must = require "kscript".must
    must.sigaction("SIGUSR1", function() end)
    for i = 1, 5 do
      must.write(1, name .. i .. " ")
      must.nanosleep(math.random() / 10)
    end
  end)

  local function play(options, driver)
    local k <close> = ks.new(options)
    for _, name in ipairs { "a", "b", "c" } do k:spawn("worker", name) end
    driver(k)
    return k.hash, k.stdout
  end

  local function run(k) assert.equal("done", k:run()) end
  local function crawl(k) repeat until k:step() == 0 end
  local function watch(k) k:run_until(function() return false end) end

  it("is equal for the same seed and policy, however the run is cut", function()
    for _, policy in ipairs { "fifo", "random", "pct:3" } do
      local options = { seed = 5, policy = policy }
      local hash, output = play(options, run)
      assert.equal(16, #hash)
      for _, driver in ipairs { run, crawl, watch } do assert.same({ hash, output }, { play(options, driver) }) end
    end
  end)

  it("tells runs apart that did something else", function()
    local hash = play({ seed = 5, policy = "fifo" }, run)
    assert.not_equal(hash, (play({ seed = 6, policy = "fifo" }, run)))
    assert.not_equal(hash, (play({ seed = 5, policy = "random" }, run)))
    assert.not_equal(hash, (play({ seed = 5, policy = "fifo" }, function(k) k:step(3) end)))
  end)

  it("does not depend on what the driver does meanwhile", function()
    local hash = play({ seed = 5 }, run)
    math.random()
    must.sigaction("SIGUSR2", function() end)
    assert.equal(hash, (play({ seed = 5 }, function(k)
      k:step(2)
      must.nanosleep(1)
      math.random()
      run(k)
    end)))
  end)
end)

describe("ks.diff", function()
  it("names the places where two tables differ", function()
    assert.equal("", ks.diff({ 1, { a = "x" } }, { 1, { a = "x" } }))
    assert.equal('b.c: 2, 3\n[2]: nil, "x"', ks.diff({ 1, b = { c = 2 } }, { 1, "x", b = { c = 3 } }))
    local loop = {}
    loop.self = loop
    assert.equal("", ks.diff(loop, loop))
    assert.has_error(function() ks.diff(1, 2) end)
  end)

  it("names what differs between two kernels", function()
    local a <close>, b = ks.new { seed = 1 }, ks.new { seed = 1 }
    assert.equal("", ks.diff(a, b))
    b:spawn(function() must.nanosleep(2) end)
    b:run()
    assert.is_truthy(ks.diff(a, b):find("now: 0.0, 2.0", 1, true))
    b:close()
  end)
end)
