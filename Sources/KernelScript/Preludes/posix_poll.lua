-- luaposix's posix.poll: events are booleans by name, descriptors the keys of a table.
local base = require "posix._base"
local sys, C = base.sys, base.constants

local module = base.module("poll", "")
local names = { "IN", "PRI", "OUT", "ERR", "HUP", "NVAL" }

-- Each descriptor of the table gets its `revents` once one of them has an event.
base.define(module, "poll", "table integer?", function(table, timeout)
  local list = {}
  for descriptor, wanted in pairs(table) do
    if not math.tointeger(descriptor) then base.argument_error("poll", 1, "contains non-integer key(s)") end
    if type(wanted) ~= "table" then base.argument_error("poll", 1, "contains non-table value(s)") end
    if type(wanted.events) ~= "table" or wanted.revents ~= nil and type(wanted.revents) ~= "table" then
      base.argument_error("poll", 1, "contains invalid value table(s)")
    end
    local events = 0
    for _, name in ipairs(names) do
      if wanted.events[name] then events = events | C["POLL" .. name] end
    end
    list[#list + 1] = { fd = descriptor, events = events }
  end
  local count, found, errno = sys.poll(list, timeout or -1)
  if count == nil then return base.failure(nil, errno) end
  for position, answer in ipairs(count > 0 and found or {}) do
    local wanted = table[list[position].fd]
    wanted.revents = wanted.revents or {}
    for _, name in ipairs(names) do wanted.revents[name] = answer.revents & C["POLL" .. name] ~= 0 end
  end
  return count
end)

-- Waits until one descriptor can be read.
base.define(module, "rpoll", "integer integer", function(descriptor, timeout)
  return base.result(nil, sys.poll({ { fd = descriptor, events = C.POLLIN } }, timeout))
end)

return module
