-- A script's own coroutines: what blocks in them lets other tasks run.
local ks = require "kscript"
local must = ks.must

describe("a coroutine", function()
  it("may block inside a generator", function()
    local r, w = must.pipe2()
    must.fork(function()
      for i = 1, 3 do
        must.nanosleep(1)
        must.write(w, "m" .. i)
      end
      must.close(w)
    end)
    must.close(w)
    local got = {}
    for message in coroutine.wrap(function()
      while true do
        local text = must.read(r, 10)
        if text == "" then return end
        coroutine.yield(text)
      end
    end) do got[#got + 1] = ("%s@%.0f"):format(message, ks.now()) end
    assert.same({ "m1@1", "m2@2", "m3@3" }, got)
    must.waitpid(-1)
  end)

  it("may block at any depth", function()
    local function deep(n)
      if n == 0 then
        must.nanosleep(1)
        return "bottom"
      end
      local inner = coroutine.create(deep)
      return select(2, assert(coroutine.resume(inner, n - 1)))
    end
    assert.equal("bottom", deep(50))
    assert.near(1.0, ks.now(), 0.4)
  end)

  it("is normal, not suspended, while it waits in a call", function()
    local waiting, seen
    waiting = coroutine.create(function() must.nanosleep(1) end)
    local pid = must.fork(function()
      seen = { coroutine.status(waiting), coroutine.resume(waiting) }
      seen[4] = pcall(coroutine.close, waiting)
    end)
    assert.is_true(coroutine.resume(waiting))
    must.waitpid(pid)
    assert.same({ "normal", false, "cannot resume non-suspended coroutine", false }, seen)
    assert.equal("dead", coroutine.status(waiting))
  end)

  it("hands errors of calls to who resumed it", function()
    local ok, failure = coroutine.resume(coroutine.create(function() must.read(99, 1) end))
    assert.is_false(ok)
    assert.equal("EBADF", failure.name)
    assert.has_error(function() coroutine.wrap(function() error "x" end)() end)
  end)

  it("may block inside pcall, a metamethod written in Lua, and a for iterator", function()
    local slow = setmetatable({}, { __index = function(_, key) must.nanosleep(1) return key end })
    local ok, value = pcall(function() return slow.name end)
    assert.same({ true, "name" }, { ok, value })
    assert.near(1.0, ks.now(), 0.4)
    for i in function(_, i) must.nanosleep(1) if not i then return 1 end end do assert.equal(1, i) end
    assert.near(3.0, ks.now(), 0.4)
  end)

  it("cannot block where Lua cannot suspend it, and nothing happens then #emulated", function()
    local message
    local list = { 3, 2, 1 }
    table.sort(list, function(a, b)
      local ok, why = pcall(must.nanosleep, 1)
      message = message or not ok and why
      return a < b
    end)
    assert.is_truthy(tostring(message):find "^nanosleep would wait here, inside a callback that cannot be suspended")
    assert.same({ 1, 2, 3 }, list)
    assert.equal(0.0, ks.now())
  end)

  it("may make calls that do not block anywhere", function()
    assert.equal("1 1", (("x x"):gsub("x", function() return tostring(must.getpid()) end)))
  end)

  it("closes what is to be closed", function()
    local log = {}
    local co = coroutine.create(function()
      local one <close> = setmetatable({}, { __close = function() log[#log + 1] = "one" end })
      local two <close> = setmetatable({}, { __close = function() log[#log + 1] = must.getpid() end })
      coroutine.yield()
    end)
    coroutine.resume(co)
    assert.is_true(coroutine.close(co))
    assert.same({ 1, "one" }, log)
  end)

  it("is its task's own affair: the task's coroutine can be neither resumed nor yielded from", function()
    local main, is_main = coroutine.running()
    assert.is_true(is_main)
    assert.is_false(coroutine.isyieldable())
    assert.is_false((pcall(coroutine.yield)))
    assert.is_false((coroutine.resume(main)))
    coroutine.wrap(function() assert.is_true(coroutine.isyieldable()) end)()
  end)

  it("stays with the task that resumes it", function()
    local pids = {}
    local shared = coroutine.wrap(function() while true do pids[#pids + 1] = must.getpid() coroutine.yield() end end)
    shared()
    local pid = must.fork(shared)
    must.waitpid(pid)
    assert.same({ 1, pid }, pids)
  end)
end)
