-- Two tasks that each wait for the other: the report names both calls and who could end them.
-- exits 2
local ks = require "kscript"
local must = ks.must

local request_reader, request_writer = must.pipe2()
local reply_reader, reply_writer = must.pipe2()

must.fork(function()
  must.read(request_reader, 1) -- waits for a request before it will reply
  must.write(reply_writer, "!")
end)

must.read(reply_reader, 1) -- waits for a reply before it will ask
must.write(request_writer, "?")
