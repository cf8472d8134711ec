-- luaposix's posix.stdlib.
local base = require "posix._base"
local ks, process = require "kscript", require "posix._process"
local sys, result, failure, C = base.sys, base.result, base.failure, base.constants

local no_terminal = "there are no terminals"
local module = base.module("stdlib", "", {
  grantpt = no_terminal, openpt = no_terminal, ptsname = no_terminal, unlockpt = no_terminal,
})

local function define(name, signature, body) base.define(module, name, signature, body) end

-- A handler, or the signal being ignored, does not save the process.
define("abort", "", function()
  sys.sigprocmask("SIG_UNBLOCK", { C.SIGABRT })
  sys.kill(sys.getpid(), C.SIGABRT)
  sys.sigaction(C.SIGABRT, "SIG_DFL")
  sys.kill(sys.getpid(), C.SIGABRT)
  sys.exit_group(127) -- init is spared by signals
end)

-- ---- the environment ------------------------------------------------------------------------------------------------

-- os.getenv sees what is set here. false stands for what was taken away.
define("getenv", "string?", function(name)
  if name then return ks.environment[name] or nil end
  local all = {}
  for known in process.environment_names():gmatch "[^\n]+" do all[known] = ks.environment[known] or nil end
  for known, value in next, ks.environment do all[known] = value or nil end
  return all
end)

define("setenv", "string string? any", function(name, value, overwrites)
  if name == "" or name:find "=" then
    if value then return failure(nil, C.EINVAL) end
    return 0
  end
  if not value then
    rawset(ks.environment, name, false)
  elseif overwrites ~= false or not ks.environment[name] then
    rawset(ks.environment, name, value)
  end
  return 0
end)

-- ---- files ----------------------------------------------------------------------------------------------------------

local attempts = 0

-- The X's of a template become the next name that is not taken: a counter chooses it, not chance.
local function make(template, create)
  local stem = template:match "^(.*)XXXXXX$"
  if not stem then return failure(template, C.EINVAL) end
  while true do
    attempts = attempts + 1
    local path = ("%s%06d"):format(stem, attempts)
    local made, _, errno = create(path)
    if made then return made, path end
    if errno ~= C.EEXIST then return failure(template, errno) end
  end
end

define("mkstemp", "string", function(template)
  return make(template, function(path) return sys.open(path, "O_RDWR|O_CREAT|O_EXCL", "0600") end)
end)

define("mkdtemp", "string", function(template)
  local made, path, errno = make(template, function(name) return sys.mkdir(name, "0700") end)
  if made == nil then return nil, path, errno end
  return path
end)

-- The path without symbolic links, "." and "..".
define("realpath", "string", function(path)
  if path == "" then return failure("realpath", C.ENOENT) end
  local done, links = "", 0
  local function walk(rest)
    for part in rest:gmatch "[^/]+" do
      if part == ".." then
        done = done:match "^(.*)/[^/]*$" or ""
      elseif part ~= "." then
        local status, _, errno = sys.lstat(done .. "/" .. part)
        if status == nil then return errno end
        if status.st_mode & C.S_IFMT == C.S_IFLNK then
          links = links + 1
          if links > 40 then return C.ELOOP end
          local target = sys.readlink(done .. "/" .. part)
          if target:sub(1, 1) == "/" then done = "" end
          local failed = walk(target)
          if failed then return failed end
        else
          done = done .. "/" .. part
        end
      end
    end
  end
  if path:sub(1, 1) ~= "/" then done = sys.getcwd():gsub("^/$", "") end
  local errno = walk(path)
  if not errno then
    local status, _, wrong = sys.stat(path) -- what is no directory and has a slash behind it
    errno = status == nil and wrong or nil
  end
  if errno then return failure("realpath", errno) end
  return done == "" and "/" or done
end)

return module
