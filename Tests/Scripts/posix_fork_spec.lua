-- posix.unistd.fork, which returns twice: the child has the script's variables as they were, and its own from then on.
local ks = require "kscript"
local unistd, wait, signal = require "posix.unistd", require "posix.sys.wait", require "posix.signal"
local fcntl = require "posix.fcntl"

local function ends_well(pid) assert.same({ pid, "exited", 0 }, { wait.wait(pid) }) end

describe("fork", function()
  it("returns 0 in the child and the child's pid in the parent", function()
    local parent = unistd.getpid()
    local pid = unistd.fork()
    if pid == 0 then
      assert.not_equal(parent, unistd.getpid())
      assert.equal(parent, unistd.getppid())
      unistd._exit(5)
    end
    assert.equal(parent, unistd.getpid())
    assert.same({ pid, "exited", 5 }, { wait.wait() })
  end)

  it("copies variables: neither side sees what the other does to them", function()
    local reader, writer = unistd.pipe()
    local list, count = { "before" }, 1
    shared = { deep = { 1 } }
    local pid = unistd.fork()
    list[#list + 1], count = pid == 0 and "child" or "parent", count + (pid == 0 and 10 or 1)
    shared.deep[1] = count
    if pid == 0 then
      unistd.write(writer, table.concat(list, " ") .. " " .. count .. " " .. shared.deep[1])
      unistd._exit(0)
    end
    ends_well(pid)
    assert.equal("before child 11 11", unistd.read(reader, 100))
    assert.same({ "before", "parent" }, list)
    assert.same({ 2, 2 }, { count, shared.deep[1] })
    shared = nil
  end)

  it("makes no call twice, however much was asked before", function()
    local fd = fcntl.open("/tmp/log", fcntl.O_CREAT | fcntl.O_RDWR | fcntl.O_APPEND, 384)
    for number = 1, 20 do unistd.write(fd, number .. " ") end
    unistd.lseek(fd, 0, unistd.SEEK_SET)
    local text = unistd.read(fd, 100)
    local pid = unistd.fork()
    if pid == 0 then
      assert.equal(50, unistd.lseek(fd, 0, unistd.SEEK_CUR) - 1)
      assert.matches("^1 2 3 .* 20 $", text)
      unistd.write(fd, "child")
      unistd._exit(0)
    end
    ends_well(pid)
    unistd.lseek(fd, 0, unistd.SEEK_SET)
    assert.equal(text .. "child", unistd.read(fd, 100))
  end)

  it("works in loops, functions, coroutines and children", function()
    local reader, writer = unistd.pipe()
    local function start(name)
      local pid = unistd.fork()
      if pid ~= 0 then return pid end
      local grandchild = unistd.fork()
      unistd.write(writer, name .. (grandchild == 0 and "'" or "") .. " ")
      if grandchild ~= 0 then ends_well(grandchild) end
      unistd._exit(0)
    end
    local starter = coroutine.wrap(function()
      for number = 1, 3 do coroutine.yield(start("c" .. number)) end
    end)
    for _ = 1, 3 do ends_well(starter()) end
    local words = {}
    for word in unistd.read(reader, 100):gmatch "%S+" do words[#words + 1] = word end
    table.sort(words)
    assert.same({ "c1", "c1'", "c2", "c2'", "c3", "c3'" }, words)
  end)

  it("leaves the child what io has read ahead, and chance", function()
    local file <close> = assert(io.open("/tmp/lines", "w+"))
    file:write "one\ntwo\nthree\n"
    file:seek "set"
    assert.equal("one", file:read())
    local reader, writer = unistd.pipe()
    math.random(100)
    local pid = unistd.fork()
    local drawn = math.random(1000000)
    if pid == 0 then
      unistd.write(writer, file:read() .. " " .. drawn)
      unistd._exit(0)
    end
    ends_well(pid)
    assert.equal("two " .. drawn, unistd.read(reader, 100))
  end)

  it("keeps handlers away from a child that is not there yet", function()
    local seen = 0
    signal.signal(signal.SIGUSR1, function() seen = seen + 1 end)
    local pid = unistd.fork()
    if pid == 0 then
      while seen == 0 do unistd.sleep(1) end
      unistd._exit(seen)
    end
    signal.kill(pid, signal.SIGUSR1)
    assert.same({ pid, "exited", 1 }, { wait.wait(pid) })
    assert.equal(0, seen)
  end)

  it("takes a function too, whose task shares the script's variables", function()
    local seen
    local pid = unistd.fork(function()
      seen = unistd.getpid()
      return 3
    end)
    assert.same({ pid, "exited", 3 }, { wait.wait(pid) })
    assert.equal(pid, seen)
    local ok, message = pcall(function() unistd.fork() end)
    assert.is_false(ok)
    assert.matches("posix_fork_spec.lua:%d+: posix.unistd.fork: this script has started a task that shares", message)
    assert.matches("fork%(function%(%) ... end%)", message)
  end)

  it("refuses where calls were made that a child would make again", function()
    ks.sys.getpid()
    local ok, message = pcall(function() unistd.fork() end)
    assert.is_false(ok)
    assert.matches("this script calls sys.getpid itself", message)
  end)

  it("refuses after more answers than it keeps", function()
    for _ = 1, 100001 do unistd.getuid() end
    local ok, message = pcall(unistd.fork)
    assert.is_false(ok)
    assert.matches("more than 100000 answers", message)
  end)
end)
