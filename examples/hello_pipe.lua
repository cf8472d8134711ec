-- A child says hello through a pipe; the parent reads until the end of file.
local ks = require "kscript"
local sys, must = ks.sys, ks.must

local reader, writer = must.pipe2 "O_CLOEXEC"
local child = must.fork(function()
  must.close(reader)
  must.write(writer, "hello from task " .. must.getpid() .. "\n")
end)

must.close(writer) -- else the read below could never see the end of the file
repeat
  local text = must.read(reader, 4096) -- waits; the child runs meanwhile
  io.write(text)
until text == ""

print(must.waitpid(child)) --> 2   exited   0
print(sys.write(writer, "x")) --> nil   write(4, "x"): EBADF (Bad file descriptor)   9
