-- lua5.4 Tests/Interpreter/prelude_io.lua, from the repository's root: io and os over a fake tree, against stock Lua's.
local folder = (arg and arg[1] or "Sources/KernelScript/Preludes") .. "/"

-- A tree of paths and bytes, just enough to stand on.
local files, opened, calls, printed = {}, {}, {}, {}
local sys = {}
local function fails(call, name, text, errno) return nil, ("%s: %s (%s)"):format(call, name, text), errno end
function sys.open(path, flags)
  if not files[path] and not flags:find "CREAT" then
    return fails('open("' .. path .. '", ...)', "ENOENT", "No such file or directory", 2)
  elseif files[path] and flags:find "EXCL" then
    return fails("open()", "EEXIST", "File exists", 17)
  end
  if not files[path] or flags:find "TRUNC" then files[path] = { "" } end
  local fd = 3
  while opened[fd] do fd = fd + 1 end
  opened[fd] = { file = files[path], at = 0, flags = flags }
  return fd
end
function sys.read(fd, count)
  calls[#calls + 1] = "read " .. count
  local it = opened[fd]
  if it.flags:find "WRONLY" then return fails("read(3)", "EBADF", "Bad file descriptor", 9) end
  local bytes = it.file[1]:sub(it.at + 1, it.at + count)
  it.at = it.at + #bytes
  return bytes
end
function sys.write(fd, data)
  calls[#calls + 1] = "write " .. #data
  local it = opened[fd]
  if it.flags:find "RDONLY" then return fails("write(3)", "EBADF", "Bad file descriptor", 9) end
  if it.flags:find "APPEND" then it.at = #it.file[1] end
  it.file[1] = it.file[1]:sub(1, it.at) .. data .. it.file[1]:sub(it.at + #data + 1)
  it.at = it.at + #data
  return #data
end
function sys.lseek(fd, offset, whence)
  local it = opened[fd]
  local position = offset + (whence == "SEEK_SET" and 0 or whence == "SEEK_CUR" and it.at or #it.file[1])
  if position < 0 then return fails("lseek()", "EINVAL", "Invalid argument", 22) end
  it.at = position
  return position
end
function sys.close(fd) opened[fd] = nil return 0 end
function sys.unlink(path)
  if path == "/tmp" then return fails("unlink()", "EISDIR", "Is a directory", 21) end
  if not files[path] then return fails("unlink()", "ENOENT", "No such file or directory", 2) end
  files[path] = nil
  return 0
end
function sys.rmdir() return fails("rmdir()", "ENOTEMPTY", "Directory not empty", 39) end
function sys.rename(from, to)
  if not files[from] then return fails("rename()", "ENOENT", "No such file or directory", 2) end
  files[to], files[from] = files[from], nil
  return 0
end
function sys.clock_gettime() return { tv_sec = 1767225600, tv_nsec = 5 } end
function sys.exit_group(status) error({ exit = status }) end
local typed = { "first\n12 0x1F -3.5e1 zz\n" }
local ks = {
  sys = sys, now = function() return 1.5 end, environment = { HOME = "/root" },
  console = {
    write = function(bytes) printed[#printed + 1] = bytes end,
    error_write = function(bytes) printed[#printed + 1] = "!" .. bytes end,
    read = function() return table.remove(typed, 1) end,
  },
}
local core = { host = { date = os.date } }
local our_io, our_os = assert(loadfile(folder .. "io.lua"))(ks, core), assert(loadfile(folder .. "os.lua"))(ks, core)

local function show(...)
  local results = table.pack(...)
  for index = 1, results.n do
    local value = results[index]
    local text = type(value) == "string" and ("%q"):format(value) or tostring(value)
    results[index] = io.type(value) or our_io.type(value) or text
  end
  return table.concat(results, " ")
end

-- The same acts on both libraries must tell the same.
local function acts(library, path)
  local told = {}
  local function tell(...) told[#told + 1] = show(...) end
  local function tell_error(body, ...)
    local ok, message = pcall(body, ...)
    tell(ok, tostring(message):gsub("'%a+%.(%a+)'", "'%1'"):gsub("'%?'", "''"):gsub(path, "PATH"), nil)
  end
  tell(library.open(path .. "none"))
  tell_error(library.open, path, "rw")
  tell_error(library.lines, path .. "none")
  local file = assert(library.open(path, "w+b"))
  tell(file:write("one\n", 2, " ", 2.0, "\nthree\n\n0x1fp1 .5 nan\n", ("y"):rep(5000), "\nlast"))
  tell(file:seek("cur"))
  tell(file:seek "set")
  tell(file:read "l")
  tell(file:read("n", "n", "L", "l"))
  tell(file:seek())
  tell(file:read(0), file:read "L", file:read("n", "n"))
  tell(file:read "n")
  tell(file:read "l")
  tell(#file:read "*L", file:seek())
  tell(file:read(2, 100, 1))
  tell(file:read(0), file:read "a", file:read "l", file:read "n")
  tell(file:seek("set", 4))
  tell(file:read(3))
  file:write "@@"
  tell(file:seek("set", 0), file:read(12))
  tell(file:seek("set", -1))
  tell_error(function() file:seek "x" end)
  tell_error(function() file:read "x" end)
  tell_error(function() file:write({}) end)
  tell_error(function() file:setvbuf "x" end)
  tell(file:setvbuf("full", 10), file:flush())
  tell(file:close())
  tell_error(function() file:read() end)
  tell(library.type(file), library.type(1), tostring(file))
  do
    local appended <close> = library.open(path, "a")
    appended:write "+"
    tell(appended:read())
  end
  for line, extra in library.lines(path, 1, "l") do tell(line, extra and #extra) end
  local reading = library.open(path)
  tell(reading:write "x")
  tell_error(function()
    for _ in reading:lines() do reading:close() end
  end)
  library.input(path)
  tell(library.read())
  for line in library.lines() do tell(#line) end
  tell(library.close(library.input()))
  tell_error(library.read)
  tell(library.stdout:close())
  tell(library.tmpfile():seek "end")
  library.output(path)
  tell(library.write("a", 1):flush(), library.output(), library.close())
  tell_error(library.write, "x")
  tell(library.output(library.stdout))
  return table.concat(told, "\n")
end

local path = os.tmpname()
local stock, ours = acts(io, path):gsub(path, "PATH"), acts(our_io, "/x"):gsub("/x", "PATH")
os.remove(path)
if stock ~= ours then
  local theirs = stock:gmatch "[^\n]*"
  for line in ours:gmatch "[^\n]*" do
    local expected = theirs()
    if line ~= expected then print("stock " .. tostring(expected) .. "\nours  " .. line) end
  end
  error "io differs from stock Lua's"
end

our_io.input(our_io.stdin)
assert(show(our_io.read("l", "n", "n", "n", "n")) == '"first" 12 31 -35.0 nil')
our_io.write("a", 1)
our_io.stderr:write "e"
assert(table.concat(printed, "|") == "a1|!e" and tostring(our_io.stdout) == "file (stdout)")
assert(select(2, pcall(our_io.popen, "ls")):find "no shell")
files["/block"] = { "1\n2\n3\n" }
calls = {}
for _ in our_io.lines "/block" do end
assert(table.concat(calls, " ") == "read 4096 read 4096")

for _, date in ipairs {
  { 2026, 1, 1 }, { 2024, 14, -3 }, { 2000, 3, 1, 0, 0, 0 }, { 1969, 12, 31, 23, 59, 59 },
  { 2100, -5, 400, 50, -70, 99999 },
} do
  local fields = { year = date[1], month = date[2], day = date[3], hour = date[4], min = date[5], sec = date[6] }
  local time = our_os.time(fields)
  local back = our_os.date("!*t", time)
  for name, value in pairs(fields) do assert(back[name] == value, name) end
  assert(our_os.time(back) == time)
end
assert(our_os.time { year = 2026, month = "1", day = 1, hour = 0 } == 1767225600 and our_os.time() == 1767225600)
assert(our_os.date("%Y-%m-%d %H:%M") == "2026-01-01 00:00" and our_os.date("!%c", 0) == "Thu Jan  1 00:00:00 1970")
local function message(body, ...) return select(2, pcall(body, ...)) end
assert(message(our_os.date, "%Ez"):find "bad argument #1 to 'date' %(invalid conversion specifier '%%Ez'%)")
assert(message(our_os.time, {}):find "field 'year' missing in date table")
assert(message(our_os.time, { year = 1.5 }):find "field 'year' is not an integer")
assert(message(our_os.time, { year = 1 << 40 }):find "field 'year' is out%-of%-bound")
assert(message(our_os.execute, "ls"):find "no shell")
assert(message(our_os.exit).exit == 0 and message(our_os.exit, false).exit == 1 and message(our_os.exit, 7).exit == 7)
assert(show(our_os.remove "/none") == 'nil "/none: No such file or directory" 2')
assert(show(our_os.remove "/tmp") == 'nil "/tmp: Directory not empty" 39')
assert(show(our_os.rename("/none", "/y")) == 'nil "No such file or directory" 2' and our_os.rename("/block", "/y"))
assert(our_os.tmpname() == "/tmp/lua_000001" and our_os.tmpname() == "/tmp/lua_000002" and files["/tmp/lua_000001"])
assert(our_os.getenv "HOME" == "/root" and our_os.getenv "NO" == nil and our_os.clock() == 1.5)
assert(our_os.setlocale() == "C" and our_os.setlocale "de_DE" == nil and our_os.difftime(5, 2) == 3.0)
print "ok"
