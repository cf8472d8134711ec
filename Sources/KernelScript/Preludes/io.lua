-- Lua's io library over the emulated tree, by open(2), read(2), write(2), lseek(2) and close(2).
--
-- Each file:write is one write(2), not buffered; reads take blocks of 4096 bytes, and a write or a seek first puts the
-- descriptor back to where the script stands. stdin, stdout and stderr are the console: untraced, without a descriptor.
-- A file is closed by close, by <close> and by io.lines at its end, never by the collector, whose moment no script may
-- see: one that is forgotten keeps its descriptor.
local ks = ...
local sys, console = ks.sys, ks.console
local own_source = debug.getinfo(1, "S").source

local BLOCK = 4096
local LONGEST_NUMERAL = 200 -- as in Lua's liolib.c
local methods, library = {}, {}
local File = { __name = "FILE*", __index = methods }

-- Lua's results for a failed call: strerror's text alone, out of "open("/x", 0): ENOENT (No such file or directory)".
local function failure(message, errno, path)
  return nil, (path and path .. ": " or "") .. (message:match ".*: E%w+ %(([^()]*)%)" or message), errno
end

-- Raises at the script's line, however many functions of this file lie between.
local function raise(message)
  local level = 2
  while (debug.getinfo(level, "S") or {}).source == own_source do level = level + 1 end
  error(message, level)
end

local function argument_error(position, name, problem)
  raise(("bad argument #%d to '%s' (%s)"):format(position, name, problem))
end

-- Stands on a descriptor or on the console; `pending` are the bytes that were read and not yet taken.
local function new_file(fields)
  fields.pending = ""
  return setmetatable(fields, File)
end

-- Writes all of it, for a pipe or a full disk may take less at a time. Returns the file, or nil, message, errno.
local function write_all(file, data)
  if file.write_console then
    file.write_console(data)
    return file
  end
  if not file.descriptor then return nil, "Bad file descriptor", 9 end -- EBADF
  while #data > 0 do
    local count, message, errno = sys.write(file.descriptor, data)
    if not count then return failure(message, errno) end
    data = data:sub(count + 1)
  end
  return file
end

-- Gives back what was read ahead; a pipe has no position to correct, and keeps it for the next read.
local function put_back(file)
  local ahead = #file.pending
  if ahead > 0 and file.descriptor and sys.lseek(file.descriptor, -ahead, "SEEK_CUR") then file.pending = "" end
end

-- ---- reading -------------------------------------------------------------------------------------------------------

-- Makes sure that there is a byte to take: true, false at the end of the file, or nil, message, errno.
local function fill(file)
  if file.pending ~= "" then return true end
  if file.write_console then return nil, "Bad file descriptor", 9 end -- EBADF
  if file.read_console then
    file.pending = file.read_console(BLOCK) or ""
  else
    local block, message, errno = sys.read(file.descriptor, BLOCK)
    if not block then return failure(message, errno) end
    file.pending = block
  end
  return file.pending ~= ""
end

-- Takes bytes for as long as `split`, which is given those at hand, says how many to take and not yet that they are
-- enough. As all readers do, returns them, nil at the end of the file, or nil, message, errno.
local function take(file, split)
  local parts = {}
  while true do
    local more, message, errno = fill(file)
    if more == nil then return nil, message, errno end
    if not more then return parts[1] and table.concat(parts) or nil end
    local count, enough = split(file.pending)
    parts[#parts + 1], file.pending = file.pending:sub(1, count), file.pending:sub(count + 1)
    if enough then return table.concat(parts) end
  end
end

local function read_line(file)
  return take(file, function(bytes)
    local newline = bytes:find("\n", 1, true)
    return newline or #bytes, newline
  end)
end

local function read_count(file, count)
  return take(file, function(bytes)
    local part = math.min(count, #bytes)
    count = count - part
    return part, count == 0
  end)
end

local function read_all(file)
  local text, message, errno = take(file, function(bytes) return #bytes end)
  return text or not errno and "" or nil, message, errno
end

-- Takes the longest prefix that may become a numeral, and then asks whether it is one (liolib's rule).
local function read_number(file)
  local taken, more, message, errno = {}, true, nil, nil
  local function accept(set)
    if more then more, message, errno = fill(file) end -- the end is asked for once
    if not more or #taken >= LONGEST_NUMERAL or not file.pending:find("^[" .. set .. "]") then return false end
    taken[#taken + 1], file.pending = file.pending:sub(1, 1), file.pending:sub(2)
    return true
  end
  local function digits(set, count)
    while accept(set) do count = count + 1 end
    return count
  end
  repeat taken = {} until not accept "%s"
  accept "+%-"
  local zero = accept "0"
  local hexadecimal = zero and accept "xX"
  local set = hexadecimal and "%x" or "%d"
  local count = digits(set, zero and not hexadecimal and 1 or 0)
  if accept "." then count = digits(set, count) end
  if count > 0 and accept(hexadecimal and "pP" or "eE") and (accept "+%-" or true) then digits("%d", 0) end
  return tonumber(table.concat(taken)), message, errno
end

local readers = { n = read_number, l = read_line, L = read_line, a = read_all }

-- The results of file:read for its formats; the first that fails ends them.
local function read_formats(file, name, ...)
  local formats, results = table.pack(...), {}
  if formats.n == 0 then formats = { n = 1, "l" } end
  for index = 1, formats.n do
    local format, value, message, errno = formats[index], nil, nil, nil
    if type(format) == "number" then
      value, message, errno = read_count(file, math.tointeger(format) or argument_error(index, name, "invalid format"))
    else
      local letter = type(format) == "string" and format:match "^%*?(.)" or ""
      if not readers[letter] then argument_error(index, name, "invalid format") end
      value, message, errno = readers[letter](file)
      if letter == "l" and value then value = value:gsub("\n$", "") end
    end
    if errno then return nil, message, errno end
    results[index] = value
    if value == nil then return table.unpack(results, 1, index) end
  end
  return table.unpack(results, 1, formats.n)
end

-- ---- methods -------------------------------------------------------------------------------------------------------

local function is_file(value) return getmetatable(value) == File end
local function open_file(value, name)
  if not is_file(value) then argument_error(1, name, "FILE* expected, got " .. type(value)) end
  if value.closed then raise "attempt to use a closed file" end
  return value
end

function methods.read(file, ...) return read_formats(open_file(file, "read"), "read", ...) end

function methods.write(file, ...)
  open_file(file, "write")
  local parts = table.pack(...)
  for index = 1, parts.n do
    local part = parts[index]
    if math.type(part) == "float" then
      parts[index] = ("%.14g"):format(part) -- as fprintf has it: 1.0 is written as 1
    elseif type(part) ~= "string" and type(part) ~= "number" then
      argument_error(index, "write", "string expected, got " .. type(part))
    end
  end
  put_back(file)
  return write_all(file, table.concat(parts))
end

local function lines(file, closes_at_end, ...)
  local formats = table.pack(...)
  return function()
    if file.closed then raise "file is already closed" end
    local results = table.pack(read_formats(file, "lines", table.unpack(formats, 1, formats.n)))
    if results[1] == nil and results[3] then raise(results[2]) end
    if results[1] == nil and closes_at_end then file:close() end
    return table.unpack(results, 1, results.n)
  end
end

function methods.lines(file, ...) return lines(open_file(file, "lines"), false, ...) end

local bufferings = { no = true, full = true, line = true }
local whences = { set = "SEEK_SET", cur = "SEEK_CUR", ["end"] = "SEEK_END" }

local function option(name, choices, word)
  return choices[word] or argument_error(1, name, ("invalid option '%s'"):format(tostring(word)))
end

function methods.seek(file, whence, offset)
  open_file(file, "seek")
  whence = option("seek", whences, whence or "cur")
  offset = math.tointeger(offset or 0) or argument_error(2, "seek", "number has no integer representation")
  if not file.descriptor then return nil, "Illegal seek", 29 end -- ESPIPE
  if whence == "SEEK_CUR" then offset = offset - #file.pending end
  local position, message, errno = sys.lseek(file.descriptor, offset, whence)
  if not position then return failure(message, errno) end
  file.pending = ""
  return position
end

-- Nothing is buffered on the way out: these two have nothing to do.
function methods.setvbuf(file, mode) return open_file(file, "setvbuf") and option("setvbuf", bufferings, mode) end
function methods.flush(file) return open_file(file, "flush") and true end

function methods.close(file)
  open_file(file, "close")
  if not file.descriptor then return nil, "cannot close standard file" end
  file.closed = true
  local closed, message, errno = sys.close(file.descriptor)
  if not closed then return failure(message, errno) end
  return true
end

function File:__tostring() return ("file (%s)"):format(self.closed and "closed" or self.path) end
function File:__close() return self.descriptor and not self.closed and self:close() end

-- ---- the library ---------------------------------------------------------------------------------------------------

local access = { r = "O_RDONLY", w = "O_WRONLY|O_CREAT|O_TRUNC", a = "O_WRONLY|O_CREAT|O_APPEND" }

function library.open(path, mode)
  if type(path) ~= "string" then argument_error(1, "open", "string expected, got " .. type(path)) end
  mode = mode or "r"
  if type(mode) ~= "string" or not mode:find "^[rwa]%+?b*$" then argument_error(2, "open", "invalid mode") end
  local flags = access[mode:sub(1, 1)]:gsub("O_%u+", mode:find("+", 1, true) and "O_RDWR" or "%0", 1)
  local descriptor, message, errno = sys.open(path, flags, "0666")
  if not descriptor then return failure(message, errno, path) end
  return new_file { descriptor = descriptor, path = path }
end

local function must_open(path, mode)
  local file, message = library.open(path, mode)
  return file or raise(("cannot open file '%s' (%s)"):format(path, message:sub(#path + 3)))
end

library.stdin = new_file { path = "stdin", read_console = function(count) return console.read(count) end }
library.stdout = new_file { path = "stdout", write_console = function(bytes) return console.write(bytes) end }
library.stderr = new_file { path = "stderr", write_console = function(bytes) return console.error_write(bytes) end }

local default = { input = library.stdin, output = library.stdout }

local function default_file(name)
  return not default[name].closed and default[name] or raise(("default %s file is closed"):format(name))
end

local function set_default(name, mode, file)
  if type(file) == "string" then file = must_open(file, mode) end
  if file ~= nil then default[name] = open_file(file, name) end
  return default[name]
end

function library.input(file) return set_default("input", "r", file) end
function library.output(file) return set_default("output", "w", file) end
function library.read(...) return default_file("input"):read(...) end
function library.write(...) return default_file("output"):write(...) end
function library.flush() return default_file("output"):flush() end
function library.close(file) return open_file(file == nil and default_file "output" or file, "close"):close() end

function library.lines(path, ...)
  if path == nil then return default_file("input"):lines(...) end
  local file = must_open(path, "r")
  return lines(file, true, ...), nil, nil, file -- the fourth value closes the file when the loop is left early
end

function library.type(...)
  if select("#", ...) == 0 then argument_error(1, "type", "value expected") end
  return is_file((...)) and ((...).closed and "closed file" or "file") or nil
end

local temporary_files = 0

-- Has no name when it is returned. One that is taken is passed over: the counter, not chance, chooses the next.
function library.tmpfile()
  temporary_files = temporary_files + 1
  local path = "/tmp/lua_file_" .. temporary_files
  local descriptor, message, errno = sys.open(path, "O_RDWR|O_CREAT|O_EXCL", "0600")
  if errno == 17 then return library.tmpfile() end -- EEXIST
  if not descriptor then return failure(message, errno, path) end
  sys.unlink(path)
  return new_file { descriptor = descriptor, path = path }
end

function library.popen()
  raise "io.popen is not offered: no shell runs in the emulated world; use must.pipe2 with must.fork or must.execve"
end

return library
