-- ks.program: functions with globals of their own.
local ks = require "kscript"
local must = ks.must

-- Runs a program in a kernel of its own; returns what it printed.
local count = 0
local function output(fn, ...)
  count = count + 1
  ks.program("p" .. count, fn)
  local k <close> = ks.new { seed = 3 }
  k:spawn("p" .. count, ...)
  local how, message = k:run()
  assert.equal("done", how, message)
  return k.stdout
end

describe("a program", function()
  it("gets strings, as ... and as arg", function()
    assert.equal("a\tb\t2\tp1\tb\n", output(function(...)
      local first, second = ...
      print(first, second, #arg, arg[0]:sub(1, 1) .. "1", arg[2])
    end, "a", "b"))
  end)

  it("exits with the integer it returns", function()
    ks.program("seven", function() return 7 end)
    local k <close> = ks.new()
    k:spawn "seven"
    assert.equal("done", k:run())
    assert.same({ 2, "exited", 7 }, { k.init.must.waitpid(2) })
  end)

  it("captures no local variable", function()
    local a, b = 1, 2
    local ok, message = pcall(ks.program, "captures", function() return a, b, must end)
    assert.is_false(ok)
    assert.is_truthy(message:find("captures the local variables a, b, must", 1, true))
    assert.has_error(function() ks.program("c", print) end)
    assert.has_error(function() ks.program(1, function() end) end)
    assert.has_error(function() ks.program("c", 1) end)
  end)

  it("has one body for a name", function()
    for _ = 1, 2 do ks.program("same", function() return 1 end) end
    assert.has_error(function() ks.program("same", function() return 2 end) end)
  end)

  it("neither sees globals of the script nor leaves any", function()
    shared, string.added = "outer", true
    assert.equal("nil\tnil\tinner\n", output(function()
      print(shared, string.added, (function() shared = "inner" return shared end)())
      string.format = nil
      table.concat = nil
      print = nil
    end))
    assert.equal("outer", shared)
    assert.equal("x", string.format("%s", "x"))
    shared, string.added = nil, nil
  end)

  it("shares no global with another start of it", function()
    ks.program("counter", function()
      n = (n or 0) + 1
      string.n = (string.n or 0) + 1
      require "kscript".n = n
      print(n, string.n, require "kscript".n, package.loaded.string == string, _G.n, _G == package.loaded._G)
    end)
    local k <close> = ks.new()
    k:spawn "counter"
    k:spawn "counter"
    assert.equal("done", k:run())
    assert.equal(("1\t1\t1\ttrue\t1\ttrue\n"):rep(2), k.stdout)
    assert.is_nil(rawget(ks, "n"))
  end)

  it("loads chunks and modules into its own globals", function()
    assert.equal("5\tnil\tfrom preload\ttrue\n", output(function()
      load "x = 5" ()
      load("y = 1", "chunk", "t", {})()
      package.preload.mine = function(name, data) return { text = "from preload", name = name, data = data } end
      print(x, y, require "mine".text, require "mine" == package.loaded.mine)
    end))
    assert.is_nil(x)
    assert.is_nil(package.preload.mine)
    local refusal = output(function() print(pcall(require, "no.such")) end)
    assert.is_truthy(refusal:find("module 'no.such' not found", 1, true))
  end)

  it("cannot change the metatable that strings share", function()
    assert.equal("string\tABC\n", output(function() print(getmetatable "", ("abc"):upper()) end))
  end)

  it("draws from a generator of its own", function()
    local function draw() print(math.random(1000000), math.random(1000000)) end
    local first = output(draw)
    math.random()
    assert.equal(first, output(draw))
    local seeded = function()
      math.randomseed(1)
      local a = math.random(1000000)
      math.randomseed()
      print(a, math.random(1000000))
    end
    assert.equal(output(seeded), output(seeded))
  end)

  it("has io and os over its kernel", function()
    assert.equal("text\t2026\tnil\n", output(function()
      local f <close> = assert(io.open("/tmp/f", "w+"))
      f:write "text"
      f:seek "set"
      print(f:read "a", os.date "%Y", io.open "/nothing" and 1 or nil)
      os.exit(true)
    end))
  end)

  it("has errors with the script's own lines", function()
    ks.program("fails", function() error "here" end)
    local k <close> = ks.new()
    k:spawn "fails"
    local how, message = k:run()
    assert.equal("error", how)
    assert.is_truthy(message:find("^task 2: .*program_spec.lua:%d+: here"))
  end)

  it("may drive kernels and register programs", function()
    assert.equal("done\tinner\n\n", output(function()
      local ks = require "kscript"
      ks.program("inner", function() print "inner" end)
      local k <close> = ks.new()
      k:spawn "inner"
      print(k:run(), k.stdout)
    end))
  end)
end)
