-- A lost update: two tasks read a counter file, add one and write it back. With the fifo policy they take turns; try
--   kscript run --policy random --seed 3 examples/race.lua
-- and see it differ from seed to seed, and always be the same for one seed.
local ks = require "kscript"
local must = ks.must

ks.put("/tmp/counter", "0")

local function add_one()
  local fd = must.open("/tmp/counter", "O_RDWR")
  local value = tonumber(must.pread(fd, 16, 0))
  must.pwrite(fd, tostring(value + 1), 0)
  must.close(fd)
end

for _ = 1, 2 do
  must.fork(function()
    for _ = 1, 10 do add_one() end
  end)
end
for _ = 1, 2 do must.waitpid(-1) end

print(("20 updates, and the counter says %s"):format(ks.get "/tmp/counter"))
