-- luaposix's posix.signal. A handler runs before the interrupted call returns, with all other signals blocked.
local base = require "posix._base"
local ks = require "kscript"
local sys, result = base.sys, base.result

local module = base.module("signal", [[
  SIGABRT SIGALRM SIGBUS SIGCHLD SIGCONT SIGFPE SIGHUP SIGILL SIGINT SIGKILL SIGPIPE SIGQUIT SIGSEGV SIGSTOP SIGSYS
  SIGTERM SIGTRAP SIGTSTP SIGTTIN SIGTTOU SIGURG SIGUSR1 SIGUSR2 SIGVTALRM SIGWINCH SIGXCPU SIGXFSZ
  SA_NOCLDSTOP SA_NOCLDWAIT SA_NODEFER SA_RESETHAND SA_RESTART]])
module.SIG_DFL, module.SIG_IGN = "SIG_DFL", "SIG_IGN"

base.define(module, "kill", "integer integer?", function(pid, signal)
  return result(nil, sys.kill(pid, signal or module.SIGTERM))
end)

base.define(module, "killpg", "integer integer?", function(group, signal)
  if group < 0 then return base.failure(nil, base.constants.EINVAL) end
  return result(nil, sys.kill(-group, signal or module.SIGTERM))
end)

base.define(module, "raise", "integer", function(signal)
  return result(nil, sys.kill(sys.getpid(), signal)) or -1
end)

local every_signal = {}
for signal = 1, 64 do every_signal[signal] = signal end

local installed = {} -- what the script gave, by signal
local guards = {} -- by what the script gave: what the kernel is given

-- An error in a handler is told and goes no further.
local function guard(handler)
  guards[handler] = guards[handler] or function(signal)
    local ok, message = pcall(handler, signal)
    if not ok then ks.console.error_write(("error in signal handler %d: %s\n"):format(signal, tostring(message))) end
  end
  return guards[handler]
end

-- Returns what was there: a function, "SIG_DFL" or "SIG_IGN"; and nothing for a signal that takes no handler.
base.define(module, "signal", "integer any integer?", function(signal, handler, flags)
  local action = handler == nil and "SIG_DFL" or handler
  if type(action) == "string" and action ~= "SIG_DFL" and action ~= "SIG_IGN" then
    base.argument_error("signal", 2, ("invalid option '%s'"):format(action))
  elseif type(action) ~= "string" and type(action) ~= "function" then
    base.argument_error("signal", 2, ("function, nil or string expected, got %s"):format(type(action)))
  end
  local former = sys.sigaction(signal, {
    handler = type(action) == "function" and guard(action) or action, flags = flags or 0, mask = every_signal,
  })
  if former == nil then return end
  if type(former) == "function" then former = installed[signal] end
  installed[signal] = type(action) == "function" and action or nil
  return former
end)

return module
