-- pipe.lua N: 64 bytes written to a pipe and read back by the same task, which never blocks.
local ks = require "kscript"
local must = ks.must
local read, write = must.read, must.write

local r, w = must.pipe2()
local data = ("x"):rep(64)
for _ = 1, tonumber((...)) do
  write(w, data)
  read(r, 64)
end
