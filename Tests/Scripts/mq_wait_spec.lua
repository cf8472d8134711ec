local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C
local helpers = require "helpers"
local sleeper, reap, from_now = helpers.sleeper, helpers.reap, helpers.from_now

local size = 16
local q
local function open() q = must.mq_open("/a", "O_CREAT|O_RDWR", "0600", { mq_maxmsg = 1, mq_msgsize = size }) end
local function count() return must.mq_getattr(q).mq_curmsgs end

-- Sleepers, one for each of the nice values, that take a message and note who they are and what it was.
local function receivers(nices, got)
  local pids = {}
  for number, nice in ipairs(nices) do
    pids[number] = sleeper(function()
      must.setpriority("PRIO_PROCESS", 0, nice)
      local text = must.mq_receive(q, size)
      got[#got + 1] = number .. text
    end)
  end
  return pids
end

-- Takes `most` messages while `waiting` senders are asleep: each of them fills the place that comes free at once.
local function drain(most, waiting)
  local got = {}
  for step = 1, most do
    got[step] = must.mq_receive(q, size)
    assert.equal(step <= waiting and 1 or 0, count())
    assert.equal(step <= waiting and 0 or 1, (must.poll({ { fd = q, events = "POLLOUT" } }, 0)))
    ks.settle()
  end
  return got
end

-- A task that is killed while it sleeps in `fn`.
local function kill_in(fn)
  local pid = sleeper(fn)
  must.kill(pid, "SIGKILL")
  must.waitpid(pid)
end

describe("those who wait for a message", function()
  before_each(open)

  -- covers: mq.wake.receivers
  it("are served by priority and then in turn, each handed its message", function()
    local got = {}
    local pids = receivers({ 10, 0, 10, 5, 0 }, got)
    for letter in ("abcde"):gmatch "." do
      must.mq_send(q, letter)
      assert.equal(0, count()) -- nobody ever saw it in the queue
      ks.settle()
    end
    reap(table.unpack(pids))
    assert.same({ "2a", "5b", "4c", "1d", "3e" }, got)
  end)

  it("stand where their priority put them when they went to sleep", function()
    local got = {}
    local pids = receivers({ 5, 6 }, got)
    must.setpriority("PRIO_PROCESS", pids[1], 19)
    must.mq_send(q, "a")
    ks.settle()
    must.mq_send(q, "b")
    reap(table.unpack(pids))
    assert.same({ "1a", "2b" }, got)
  end)

  it("are handed it with its priority, in the order of their coming", function()
    local got, pids = {}, {}
    for number = 1, 3 do
      pids[number] = sleeper(function() got[number] = { must.mq_receive(q, size) } end)
    end
    for number = 1, 3 do must.mq_send(q, "m" .. number, number) end
    reap(table.unpack(pids))
    assert.same({ { "m1", 1 }, { "m2", 2 }, { "m3", 3 } }, got)
  end)

  it("for a time give up their place when it is over", function()
    local pid = sleeper(function() assert.errno("ETIMEDOUT", sys.mq_timedreceive(q, size, from_now(1))) end)
    reap(pid)
    must.mq_send(q, "x")
    assert.equal(1, count())
  end)
end)

describe("those who wait for room", function()
  before_each(function()
    open()
    must.mq_send(q, "first", 1)
  end)

  -- covers: mq.wake.senders
  it("are served by priority and then in turn", function()
    local sent, pids = {}, {}
    for number, nice in ipairs { 10, 0, 10, 0 } do
      pids[number] = sleeper(function()
        must.setpriority("PRIO_PROCESS", 0, nice)
        must.mq_send(q, "m" .. number, number)
        sent[#sent + 1] = number
      end)
    end
    assert.same({ "first", "m2", "m4", "m1", "m3" }, drain(5, 4))
    reap(table.unpack(pids))
    assert.same({ 2, 4, 1, 3 }, sent)
  end)

  -- covers: mq.wake.senders
  it("have their message put in the place that comes free, so that the queue stays full", function()
    local pids = {}
    for number = 1, 2 do pids[number] = sleeper(function() must.mq_send(q, "m" .. number, number) end) end
    assert.same({ "first", "m1", "m2" }, drain(3, 2))
    reap(table.unpack(pids))
  end)

  it("take no part when they were interrupted", function()
    local pid = sleeper(function()
      must.sigaction("SIGUSR1", function() end)
      assert.errno("EINTR", sys.mq_send(q, "never", 9))
    end)
    must.kill(pid, "SIGUSR1")
    reap(pid)
    assert.equal("first", (must.mq_receive(q, size)))
    assert.equal(0, count())
  end)
end)

describe("a call on a queue", function()
  before_each(open)

  -- covers: mq.signal.restart
  it("that a handler interrupts restarts with SA_RESTART, and else fails", function()
    for _, flags in ipairs { 0, C.SA_RESTART } do
      for _, call in ipairs { "receive", "send" } do
        if call == "send" then must.mq_send(q, "full") end
        local result
        local pid = sleeper(function()
          must.sigaction("SIGUSR1", { handler = function() end, flags = flags })
          local ok, _, errno
          if call == "send" then ok, _, errno = sys.mq_send(q, "x") else ok, _, errno = sys.mq_receive(q, size) end
          result = ok and "restarted" or errno
        end)
        must.kill(pid, "SIGUSR1")
        ks.settle()
        if flags ~= 0 then
          assert.is_nil(result)
          if call == "send" then must.mq_receive(q, size) else must.mq_send(q, "x") end
        end
        reap(pid)
        assert.equal(flags == 0 and C.EINTR or "restarted", result)
        if count() > 0 then must.mq_receive(q, size) end
      end
    end
  end)

  it("goes on with the same time-out after a stop", function()
    local pid = sleeper(function() assert.errno("ETIMEDOUT", sys.mq_timedreceive(q, size, from_now(1))) end)
    must.kill(pid, "SIGSTOP")
    must.waitpid(pid, "WUNTRACED")
    must.kill(pid, "SIGCONT")
    reap(pid)
  end)

  it("keeps its queue, though the descriptor is closed under it", function()
    local got
    local pid = sleeper(function() got = must.mq_receive(q, size) end)
    must.mq_unlink "/a"
    must.mq_send(q, "still")
    must.close(q)
    reap(pid)
    assert.equal("still", got)
  end)

  it("whose task is killed leaves no trace", function()
    kill_in(function() must.mq_receive(q, size) end)
    must.mq_send(q, "mine")
    assert.equal("mine", (must.mq_receive(q, size)))
    must.mq_send(q, "full")
    kill_in(function() must.mq_send(q, "dead") end)
    assert.equal("full", (must.mq_receive(q, size)))
    assert.equal(0, count())
  end)

  it("that waits by the real-time clock notices when that is set", function()
    -- The referee's worlds have no right to set the machine's clock.
    if select(3, sys.clock_settime("CLOCK_REALTIME", from_now(0))) == C.EPERM then pending "needs CAP_SYS_TIME" end
    local result, pids = {}, {}
    for number, call in ipairs { "receive", "receive" } do
      pids[number] = sleeper(function()
        result[number] = select(3, sys["mq_timed" .. call](q, size, from_now(100)))
      end)
    end
    local before = ks.now()
    must.clock_settime("CLOCK_REALTIME", from_now(200))
    reap(table.unpack(pids))
    assert.same({ C.ETIMEDOUT, C.ETIMEDOUT }, result)
    assert.is_true(ks.now() - before < 50)
    must.clock_settime("CLOCK_REALTIME", from_now(-200))
  end)
end)
