-- select and pselect6: lists of descriptors in, those that are ready out.
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

describe("select", function()
  it("tells what can be read and written, each once and in order", function()
    -- covers: select.ready
    local r, w = must.pipe2()
    assert.same({ 1, {}, { w }, {} }, { must.select({ r }, { w, w }, { r }) })
    must.write(w, "x")
    assert.same({ 2, { r }, { w }, {} }, { must.select({ r, w }, { w, r }, {}, 0) })
    local f = must.open("/tmp/f", "O_CREAT|O_RDWR", "0600")
    assert.same({ 2, { f }, { f }, {} }, { must.select({ f }, { f }, { f }) })
  end)

  it("waits for one, or for the time", function()
    -- covers: select.wait
    local r, w = must.pipe2()
    local before = ks.now()
    assert.same({ 0, {}, {}, {} }, { must.select({ r }, nil, nil, 0.5) })
    assert.is_true(ks.now() - before >= 0.5)
    must.fork(function() ks.settle() must.write(w, "x") end)
    assert.same({ 1, { r }, {}, {} }, { must.select({ r }) })
    assert.equal(0, (must.select(nil, nil, nil, 0)))
  end)

  it("shows the end of a pipe as readable, and a reader that has gone as writable", function()
    -- covers: select.hangup
    local r, w = must.pipe2()
    must.close(w)
    assert.same({ 1, { r }, {}, {} }, { must.select({ r }, nil, { r }, 0) })
    r, w = must.pipe2()
    must.close(r)
    assert.same({ 2, { w }, { w }, {} }, { must.select({ w }, { w }, { w }, 0) })
  end)

  it("refuses closed descriptors and bad times", function()
    -- covers: select.errors
    assert.errno("EBADF", sys.select({ 33 }, nil, nil, 0))
    assert.errno("EINVAL", sys.select(nil, nil, nil, { tv_sec = -1, tv_nsec = 0 }))
    assert.errno("EINVAL", sys.pselect6(nil, nil, nil, { tv_sec = 0, tv_nsec = 1000000000 }))
  end)

  it("looks no further than the room of the table, which grows by powers of two and shrinks in a child", function()
    -- covers: select.table_room
    local function room()
      local status = ks.get(("/proc/%d/status"):format(must.getpid()))
      return tonumber(status:match "FDSize:%s*(%d+)")
    end
    assert.equal(64, room())
    assert.same({ 0, { 64, 99 }, {}, {} }, { must.select({ 99, 64 }, nil, nil, 0) })
    assert.equal(70, must.dup2(0, 70))
    assert.equal(128, room())
    assert.errno("EBADF", sys.select({ 99 }, nil, nil, 0))
    must.close(70)
    assert.equal(128, room())
    local child = must.fork(function()
      assert.equal(64, room())
      assert.same({ 0, { 99 }, {}, {} }, { must.select({ 99 }, nil, nil, 0) })
    end)
    must.waitpid(child)
  end)

  it("is interrupted by a handler, pselect6 with its mask", function()
    -- covers: select.eintr
    local me, count = must.getpid(), 0
    must.sigaction("SIGUSR1", { handler = function() count = count + 1 end, flags = "SA_RESTART" })
    must.sigprocmask("SIG_BLOCK", { "SIGUSR1" })
    must.kill(me, "SIGUSR1")
    assert.equal(0, (must.select(nil, nil, nil, 0.01)))
    assert.equal(0, count)
    assert.errno("EINTR", sys.pselect6(nil, nil, nil, 1, {}))
    assert.equal(1, count)
    must.kill(me, "SIGUSR1")
    assert.same({ C.SIGUSR1 }, must.sigpending())
  end)

  it("is woken by the files that it began with, though another thread closes the descriptors", function()
    -- covers: select.held
    local a, b, result = must.eventfd(0), must.eventfd(0), nil
    local copy = must.dup(b)
    must.clone3({ flags = "CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD" }, function()
      result = { must.select({ a, b }, nil, nil, 5) }
    end)
    ks.settle()
    must.close(a)
    must.close(b)
    ks.settle()
    assert.is_nil(result)
    must.write(copy, string.pack("<I8", 1))
    ks.settle()
    assert.same({ 2, { a, b }, {}, {} }, result)
  end)
end)
