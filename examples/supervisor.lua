-- A supervisor in a few lines: restarts workers that crash, stops when one exits well, and forwards SIGTERM.
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local attempts, children = 0, {}

local function start(name)
  local pid = must.fork(function()
    attempts = attempts + 1 -- Lua variables are shared between tasks, as between threads
    if attempts < 3 then must.kill(must.getpid(), "SIGSEGV") end
    must.nanosleep(0.25) -- virtual: costs nothing
    return 0
  end)
  children[pid] = name
  print(("%.2f s  started %s as %d"):format(ks.now(), name, pid))
end

must.sigaction("SIGTERM", function(signo)
  print("forwarding signal", signo)
  for pid in pairs(children) do must.kill(pid, signo) end
end)

start "worker"
start "logger"
while next(children) do
  local pid, how, code = must.waitpid(-1)
  local name = children[pid]
  children[pid] = nil
  print(("%.2f s  %s %s %d"):format(ks.now(), name, how, code))
  if how == "killed" and code == C.SIGSEGV then start(name) end
end
assert(select(3, sys.waitpid(-1)) == C.ECHILD)
