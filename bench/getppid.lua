-- getppid.lua N: the cheapest call, so this is the price of entering the emulated kernel.
local ks = require "kscript"
local getppid = ks.must.getppid

for _ = 1, tonumber((...)) do getppid() end
