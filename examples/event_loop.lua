-- An event loop on epoll: a timer, a counter and two clients on pipes, all in one task.
local ks = require "kscript"
local must, C = ks.must, ks.C

local poller = must.epoll_create1 "EPOLL_CLOEXEC"
local handlers = {}

local function on(fd, events, handler)
  handlers[fd] = handler
  must.epoll_ctl(poller, "EPOLL_CTL_ADD", fd, { events = events, data = fd })
end

local timer = must.timerfd_create "CLOCK_MONOTONIC"
must.timerfd_settime(timer, 0, { it_value = 0.1, it_interval = 0.1 })
local ticks = 0
on(timer, "EPOLLIN", function()
  ticks = ticks + string.unpack("<I8", must.read(timer, 8))
  print(("%.1f s  tick %d"):format(ks.now(), ticks))
end)

local clients = 0
for number = 1, 2 do
  local reader, writer = must.pipe2 "O_NONBLOCK"
  clients = clients + 1
  must.fork(function()
    must.close(reader)
    for word = 1, 2 do
      must.nanosleep(0.02 + 0.05 * number)
      must.write(writer, ("client %d says %d"):format(number, word))
    end
  end)
  must.close(writer)
  on(reader, "EPOLLIN|EPOLLRDHUP", function()
    local text = must.read(reader, 100)
    if text == "" then
      print(("%.2f s  client %d hung up"):format(ks.now(), number))
      -- close alone would not do: client 2 has inherited this end, so the open file lives on, and epoll watches that.
      must.epoll_ctl(poller, "EPOLL_CTL_DEL", reader)
      must.close(reader)
      clients = clients - 1
    else
      print(("%.2f s  %s"):format(ks.now(), text))
    end
  end)
end

while clients > 0 do
  for _, event in ipairs(must.epoll_wait(poller, 16)) do handlers[event.data](event.events & C.EPOLLHUP ~= 0) end
end
