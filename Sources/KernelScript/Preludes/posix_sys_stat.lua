-- luaposix's posix.sys.stat.
local base = require "posix._base"
local sys, result = base.sys, base.result

local module = base.module("sys.stat", [[
  S_IFMT S_IFBLK S_IFCHR S_IFDIR S_IFIFO S_IFLNK S_IFREG S_IFSOCK S_ISGID S_ISUID
  S_IRWXU S_IRUSR S_IWUSR S_IXUSR S_IRWXG S_IRGRP S_IWGRP S_IXGRP S_IRWXO S_IROTH S_IWOTH S_IXOTH]])

-- Like C's macros these return a number: 0 is no.
for _, kind in ipairs { "BLK", "CHR", "DIR", "LNK", "REG", "SOCK" } do
  base.define(module, "S_IS" .. kind, "integer", function(mode)
    return mode & module.S_IFMT == module["S_IF" .. kind] and 1 or 0
  end)
end
base.define(module, "S_ISFIFO", "integer", function(mode) return mode & module.S_IFMT == module.S_IFIFO and 1 or 0 end)

local function status(what, found, _, errno)
  if found == nil then return base.failure(what, errno) end
  local told = {}
  for _, key in ipairs { "st_dev", "st_ino", "st_mode", "st_nlink", "st_uid", "st_gid", "st_rdev", "st_size",
    "st_blksize", "st_blocks" } do told[key] = found[key] end
  for _, key in ipairs { "st_atime", "st_mtime", "st_ctime" } do
    local time = found[key] or found[key:gsub("time", "tim")]
    told[key] = type(time) == "table" and time.tv_sec or time
  end
  return told
end

base.define(module, "stat", "string", function(path) return status(path, sys.stat(path)) end)
base.define(module, "lstat", "string", function(path) return status(path, sys.lstat(path)) end)
base.define(module, "fstat", "integer", function(descriptor) return status("fstat", sys.fstat(descriptor)) end)

base.define(module, "chmod", "string integer", function(path, mode) return result(path, sys.chmod(path, mode)) end)
base.define(module, "mkdir", "string integer?", function(path, mode)
  return result(path, sys.mkdir(path, mode or 511))
end)
base.define(module, "mkfifo", "string integer?", function(path, mode)
  return result(path, sys.mknod(path, module.S_IFIFO | (mode or 511) & ~module.S_IFMT))
end)
base.define(module, "umask", "integer", function(mask) return result(nil, sys.umask(mask)) end)

return module
