-- Who goes on when a task waits, whatever the others do meanwhile: the ways out of a task's turn, one by one.
local ks = require "kscript"
local sys, must = ks.sys, ks.must

--- Two pipes between a parent and a child that answers each message with what `answer` makes of it.
local function partner(answer)
  local there_r, there_w = must.pipe2()
  local back_r, back_w = must.pipe2()
  local pid = must.fork(function()
    must.close(there_w)
    while true do
      local message = must.read(there_r, 64)
      if message == "" then return 0 end
      must.write(back_w, answer(message))
    end
  end)
  must.close(there_r)
  return pid, there_w, back_r
end

describe("A task that waits", function()
  it("gets its answers in order, however often the turn goes to and fro", function()
    local pid, w, r = partner(string.upper)
    for i = 1, 300 do
      must.write(w, "message " .. i)
      assert.equal("MESSAGE " .. i, must.read(r, 64))
    end
    must.close(w)
    assert.equal(pid, (must.waitpid(pid)))
  end)

  it("ends where it waits when another one kills it, and the other goes on", function()
    local r = must.pipe2()
    local victim = must.fork(function() must.read(r, 1) end)
    local log = {}
    local killer = must.fork(function()
      must.kill(victim, "SIGKILL")
      for i = 1, 50 do
        collectgarbage()
        log[i] = must.getppid()
        must.sched_yield()
      end
    end)
    local _, how, signal = must.waitpid(victim)
    assert.equal("killed", how)
    assert.equal(9, signal)
    must.waitpid(killer)
    assert.equal(50, #log)
  end)

  it("runs its handlers, time after time in one call, and then gets the answer", function()
    local r, w = must.pipe2()
    local count, parent = 0, must.getpid()
    must.sigaction("SIGUSR1", {handler = function() count = count + 1 end, flags = "SA_RESTART"})
    local child = must.fork(function()
      for i = 1, 3000 do
        must.kill(parent, "SIGUSR1")
        repeat must.sched_yield() until count == i
      end
      must.write(w, "done")
    end)
    assert.equal("done", must.read(r, 4))
    assert.equal(3000, count)
    must.waitpid(child)
    must.sigaction("SIGUSR1", "SIG_DFL")
  end)

  it("hears of a task that fails in its turn only through wait", function()
    local r, w = must.pipe2()
    local child = must.fork(function()
      local ok = pcall(function() must.read(-1, 1) end)
      must.write(w, ok and "?" or "caught")
      must.exit_group(7)
    end)
    assert.equal("caught", must.read(r, 64))
    local _, how, code = must.waitpid(child)
    assert.equal("exited", how)
    assert.equal(7, code)
  end)

  it("may wait inside a coroutine of its own", function()
    local pid, w, r = partner(string.reverse)
    local ask = coroutine.wrap(function()
      while true do
        must.write(w, "abc")
        coroutine.yield(must.read(r, 64))
      end
    end)
    for _ = 1, 20 do assert.equal("cba", ask()) end
    must.close(w)
    must.waitpid(pid)
  end)

  it("goes on from sleeps of different lengths in the order of their ends", function()
    local order, children = {}, {}
    for i = 1, 20 do
      children[i] = must.fork(function()
        must.nanosleep((21 - i) / 50)
        order[#order + 1] = i
      end)
    end
    for i = 1, 20 do must.waitpid(children[i]) end
    for i = 1, 20 do assert.equal(21 - i, order[i]) end
  end)
end)
