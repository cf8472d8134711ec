-- Kernels as values: a script makes some, runs the same programs in each, and compares. The seed and the policy decide
-- everything that chance could: the same ones give the same history, to the digest; others give another schedule.
local ks = require "kscript"

-- A program has globals of its own and captures nothing, so that every start of it is alike.
ks.program("racer", function(name)
  local must = require "kscript".must
  for lap = 1, 3 do
    must.write(1, name .. lap .. " ")
    must.sched_yield()
  end
end)

local function race(seed, policy)
  local k <close> = ks.new { seed = seed, policy = policy }
  for _, name in ipairs { "a", "b", "c" } do k:spawn("racer", name) end
  assert(k:run() == "done")
  print(("%-6s seed %d  %s %s"):format(policy, seed, k.stdout, k.hash))
  return k.hash
end

local first = race(7, "random")
assert(race(7, "random") == first)          -- again: the same
assert(race(8, "random") ~= first)          -- another seed: another schedule
assert(race(7, "fifo") ~= first)            -- in turns

-- A kernel can be stopped anywhere, looked at, and gone on with; time in it is its own.
local k <close> = ks.new { files = { ["/etc/motd"] = "hello from a file\n" } }
local reader, writer = k.init.must.pipe2()  -- task 1 is idle: k.init makes its calls, and its children inherit
k:spawn(function(fd)
  local must = ks.must
  for line in io.lines "/etc/motd" do must.write(tonumber(fd), line) end
  must.nanosleep(3600)
end, tostring(writer))
k:spawn(function(fd) print(ks.must.read(tonumber(fd), 100)) end, tostring(reader))

k:run_until(function() return k.stdout ~= "" end)
print(("at %.0f s: %q, and task 2 is %s in %s"):format(k.now, k.stdout, k.tasks[2].state, k.tasks[2].blocked_in))
print(k:run(), k.now, ks.now())             --> done    3600.0  0.0
