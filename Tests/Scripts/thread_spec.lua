local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local THREAD = "CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD"
local function thread(fn) return must.clone3({ flags = THREAD }, fn) end
local function codes(options)
  local seen = {}
  while true do
    local pid, _, code = sys.waitpid(-1, "WNOHANG" .. (options or ""))
    if not pid or pid == 0 then return seen end
    seen[#seen + 1] = code
  end
end

describe("a thread", function()
  local gate, out
  -- What is written to `out` lets one reader of `gate` go on.
  before_each(function() gate, out = must.pipe2() end)
  local function pass() must.read(gate, 1) end
  -- A child that waits for the gate.
  local function child(status)
    return must.fork(function()
      pass()
      return status
    end)
  end

  -- covers: process.wait.__WNOTHREAD
  it("waits with __WNOTHREAD for its own children only", function()
    local mine, theirs, seen = child(1), nil, {}
    thread(function()
      seen[1] = { sys.waitpid(mine, "WNOHANG|__WNOTHREAD") }
      seen[2] = { sys.waitpid(-1, "WNOHANG|__WNOTHREAD") }
      theirs = must.fork(function() pass() end)
      seen[3] = { sys.waitpid(-1, "WNOHANG|__WNOTHREAD") }
      seen[4] = { sys.waitpid(mine, "WNOHANG") }
      pass()
    end)
    ks.settle()
    assert.equal(C.ECHILD, seen[1][3])
    assert.equal(C.ECHILD, seen[2][3])
    assert.same({ { 0 }, { 0 } }, { { seen[3][1] }, { seen[4][1] } })
    assert.errno("ECHILD", sys.waitpid(theirs, "WNOHANG|__WNOTHREAD"))
    assert.errno("ECHILD", sys.waitid("P_PID", theirs, "WNOHANG|WEXITED|__WNOTHREAD"))
    assert.equal(0, must.waitpid(theirs, "WNOHANG"))
    assert.equal(0, must.waitpid(-1, "WNOHANG|__WNOTHREAD"))
  end)

  -- Makes a child for each code, and waits until all are zombies.
  local function zombies(...)
    for _, code in ipairs { ... } do
      must.waitid("P_PID", must.fork(function() return code end), "WEXITED|WNOWAIT")
    end
  end
  -- Runs `fn` in a process of its own, while nobody else does anything.
  local function process(fn)
    local pid = must.fork(fn)
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
  end

  -- covers: process.wait.thread_order
  it("is told of its own children first, then of those of the threads after it", function()
    local seen
    process(function()
      zombies(10)
      thread(function()
        zombies(21, 22)
        pass()
        seen = codes()
        must.exit_group(0)
      end)
      ks.settle()
      thread(function()
        zombies(31)
        while true do sys.pause() end
      end)
      ks.settle()
      zombies(11)
      must.write(out, "x")
      while true do sys.pause() end
    end)
    assert.same({ 21, 22, 31, 10, 11 }, seen)
  end)

  -- covers: process.thread.children_pass
  it("leaves its children to the oldest living thread when it ends, behind the children that one has", function()
    local seen
    process(function()
      zombies(10)
      thread(function() zombies(20) end)
      ks.settle()
      zombies(11)
      seen = codes "|__WNOTHREAD"
    end)
    assert.same({ 10, 20, 11 }, seen)
  end)

  -- covers: process.thread.leader_children
  it("takes the children of a leader that ends before it", function()
    local seen
    process(function()
      zombies(10)
      thread(function()
        ks.settle()
        seen = codes "|__WNOTHREAD"
      end)
      sys.exit(0)
    end)
    assert.same({ 10 }, seen)
  end)

  -- covers: process.exit.pdeathsig.thread
  it("that ends sends PR_SET_PDEATHSIG to the children it made, though the process lives on", function()
    local seen, pid = {}, nil
    process(function()
      thread(function()
        pid = must.fork(function()
          must.sigaction("SIGUSR1", function(_, info)
            seen[#seen + 1] = { info.si_code, info.si_pid == must.getppid() }
          end)
          must.prctl("PR_SET_PDEATHSIG", C.SIGUSR1)
          while true do sys.pause() end
        end)
        pass()
      end)
      ks.settle()
      assert.same({}, seen)
      must.write(out, "x")
      ks.settle()
      assert.same({ { C.SI_USER, true } }, seen)
      must.kill(pid, "SIGKILL")
      must.waitpid(pid)
    end)
  end)

  -- covers: process.clone.CLONE_CHILD_CLEARTID process.set_tid_address
  it("has its word cleared when it ends and others share its memory", function()
    local word = ks.buffer(12)
    local function run(flags, fn, tid)
      word:fill(255)
      local arguments = {
        flags = flags, exit_signal = "SIGCHLD", child_tid = tid or word.addr, parent_tid = word.addr + 4,
      }
      local pid = must.clone3(arguments, fn)
      must.waitpid(pid, "__WALL")
      local function show(value) return value == pid and "tid" or value == 0xffffffff and "kept" or value end
      return { show(word:u32(0)), show(word:u32(4)), show(word:u32(8)) }
    end
    local function nothing() end
    assert.same({ 0, "kept", "kept" }, run("CLONE_VM|CLONE_CHILD_CLEARTID", nothing))
    assert.same({ "kept", "kept", "kept" }, run("CLONE_CHILD_CLEARTID", nothing))
    assert.same({ 0, "kept", "kept" }, run("CLONE_VM|CLONE_CHILD_SETTID|CLONE_CHILD_CLEARTID", nothing))
    assert.same({ "tid", "tid", "kept" }, run("CLONE_VM|CLONE_CHILD_SETTID|CLONE_PARENT_SETTID", nothing))
    local function elsewhere() must.set_tid_address(word.addr + 8) end
    assert.same({ "kept", "kept", 0 }, run("CLONE_VM", elsewhere))
    assert.same({ "kept", "kept", 0 }, run("CLONE_VM|CLONE_CHILD_CLEARTID", elsewhere))
    local function killed() must.kill(must.getpid(), "SIGKILL") end
    assert.same({ 0, "kept", "kept" }, run("CLONE_VM|CLONE_CHILD_CLEARTID", killed))
    assert.same({ "kept", "kept", "kept" }, run("CLONE_VM|CLONE_CHILD_CLEARTID", nothing, 8))
  end)
end)
