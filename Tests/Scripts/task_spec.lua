-- Tasks as scripts see them: fork(fn), what it returns and shares, and its errors.
local ks = require "kscript"
local sys, must = ks.sys, ks.must

local function status(fn)
  local _, how, code = must.waitpid(must.fork(fn))
  return how, code
end

describe("fork(fn)", function()
  it("exits with the integer that the function returns", function()
    for returned, code in pairs { [0] = 0, [7] = 7, [255] = 255, [256] = 0, [-1] = 255 } do
      assert.same({ "exited", code }, { status(function() return returned end) })
    end
  end)

  it("exits with 0 for whatever else it returns", function()
    for _, value in ipairs { "3", 2.5, true, {}, false } do
      assert.same({ "exited", 0 }, { status(function() return value end) })
    end
    assert.same({ "exited", 0 }, { status(function() end) })
  end)

  it("starts the child behind the parent, which goes on first", function()
    local log = {}
    local pid = must.fork(function() log[#log + 1] = "child" end)
    log[#log + 1] = "parent"
    must.waitpid(pid)
    assert.same({ "parent", "child" }, log)
  end)

  it("shares Lua's variables, and copies the kernel's state", function()
    local count = 0
    local fd = must.open("/tmp/f", "O_CREAT|O_RDWR", "0600")
    status(function()
      count = count + 1
      must.close(fd)
      must.chdir "/tmp"
      must.umask(077)
    end)
    assert.equal(1, count)
    assert.equal(0, must.fcntl(fd, "F_GETFD"))
    assert.equal("/", must.getcwd())
  end)

  it("takes a function and nothing else", function()
    for _, wrong in ipairs { 1, "x", {}, true } do assert.has_error(function() sys.fork(wrong) end) end
    assert.has_error(function() sys.fork(function() end, 1) end)
  end)

  it("ends the task at exit, however deep it is called", function()
    local reached = false
    local function deep(n) if n == 0 then must.exit_group(9) end deep(n - 1) reached = true end
    assert.same({ "exited", 9 }, { status(function() pcall(deep, 50) reached = true end) })
    local function in_coroutine() coroutine.wrap(function() must.exit(4) end)() reached = true end
    assert.same({ "exited", 4 }, { status(in_coroutine) })
    local function in_sort() table.sort({ 2, 1 }, function() must.exit_group(5) end) reached = true end
    assert.same({ "exited", 5 }, { status(in_sort) })
    assert.is_false(reached)
  end)

  it("makes many tasks, each with its own stack", function()
    local sum, r, w = 0, must.pipe2()
    for i = 1, 200 do
      must.fork(function()
        local mine = i
        must.read(r, 1)
        sum = sum + mine
      end)
    end
    ks.settle()
    assert.equal(201, ks.stats().tasks)
    must.write(w, ("x"):rep(200))
    for _ = 1, 200 do must.waitpid(-1) end
    assert.equal(20100, sum)
  end)
end)

-- A spec's own tasks may not fail, so these fail in a kernel of their own.
describe("an error in a task", function()
  local function run(fn)
    local k <close> = ks.new()
    k:spawn(fn)
    local how, message = k:run()
    return how, message, k
  end

  it("makes it exit with 1, and is told with its place", function()
    local seen
    local how, message = run(function()
      seen = { must.waitpid(must.fork(function() error "in the child" end)) }
    end)
    assert.equal("error", how)
    assert.is_truthy(message:find "^task 3: .*task_spec.lua:%d+: in the child")
    assert.same({ 3, "exited", 1 }, seen)
  end)

  it("may be any value", function()
    for _, value in ipairs { 42, "text", true, setmetatable({}, { __tostring = function() return "an object" end }) } do
      local _, message = run(function() error(value, 0) end)
      assert.is_truthy(message:find(tostring(value), 1, true) and message:find "^task 2: ", message)
    end
    local _, message = run(function() error({}) end) -- what has no text of its own is told with the place of the throw
    assert.is_truthy(message:find "^task 2: .*:%d+: table: 0x", message)
  end)

  it("of a call shows the call", function()
    local _, message = run(function() must.read(99, 1) end)
    assert.is_truthy(message:find "task_spec.lua:%d+: read%(99, 1%): EBADF %(Bad file descriptor%)")
  end)

  it("is not told when the task catches it", function()
    local how, _, k = run(function()
      pcall(error, "caught")
      print(select(2, pcall(must.close, 99)).name)
    end)
    assert.equal("done", how)
  end)

  it("in a thread of a deep stack is a stack overflow like any", function()
    local how, message = run(function() local function f() return 1 + f() end f() end)
    assert.equal("error", how)
    assert.is_truthy(message:find "stack overflow")
  end)
end)
