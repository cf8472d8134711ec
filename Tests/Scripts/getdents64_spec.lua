-- getdents64 on tmpfs: the order of entries is part of what scripts see.
local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local dir
local function make(path) must.close(must.open(path, "O_CREAT|O_WRONLY", "0644")) end

local function names()
  must.lseek(dir, 0, "SEEK_SET")
  local list = {}
  for i, entry in ipairs(must.getdents64(dir)) do list[i] = entry.d_name end
  return table.concat(list, " ")
end

before_each(function()
  must.mkdir("/tmp/d", "0755")
  must.chdir "/tmp/d"
  for _, name in ipairs { "one", "two", "three" } do make(name) end
  dir = must.open("/tmp/d", "O_RDONLY|O_DIRECTORY")
end)

describe("getdents64", function()
  it("lists dot, dot-dot, then the newest entry first", function()
    -- covers: dir.getdents.order dir.getdents.end
    assert.equal(". .. three two one", names())
    assert.same({}, must.getdents64(dir))
    must.unlink "two"
    assert.equal(". .. three one", names())
    make "two"
    assert.equal(". .. two three one", names())
  end)

  it("gives types and inode numbers as lstat does", function()
    -- covers: dir.getdents.types dir.getdents.ino
    must.symlink("x", "l")
    must.mkdir("s", "0755")
    local types = {}
    for _, e in ipairs(must.getdents64(dir)) do
      types[e.d_name] = e.d_type
      if e.d_name ~= ".." then assert.equal(must.lstat(e.d_name).st_ino, e.d_ino) end
    end
    assert.same({ ["."] = C.DT_DIR, [".."] = C.DT_DIR, s = C.DT_DIR, l = C.DT_LNK,
                  one = C.DT_REG, two = C.DT_REG, three = C.DT_REG }, types)
  end)

  it("a renamed entry becomes the newest, an exchange brings both to the front", function()
    -- covers: dir.getdents.rename dir.getdents.exchange
    must.rename("one", "uno")
    assert.equal(". .. uno three two", names())
    must.rename("two", "three")
    assert.equal(". .. three uno", names())
    make "late"
    must.link("uno", "also")
    assert.equal(". .. also late three uno", names())
    must.renameat2("AT_FDCWD", "uno", "AT_FDCWD", "late", "RENAME_EXCHANGE")
    assert.equal(". .. late uno also three", names())
  end)

  it("does not go back for what is added after the end was reached", function()
    -- covers: dir.getdents.add_after_end
    must.getdents64(dir)
    make "late"
    assert.same({}, must.getdents64(dir))
    assert.equal(". .. late three two one", names())
  end)

  it("keeps its place in the open file, shared by dup, not by another open", function()
    -- covers: dir.getdents.position
    local again = must.dup(dir)
    assert.equal(5, #must.getdents64(dir))
    assert.same({}, must.getdents64(again))
    assert.equal(5, #must.getdents64(must.open("/tmp/d", "O_RDONLY")))
    must.lseek(again, 0, "SEEK_SET")
    assert.equal(5, #must.getdents64(dir))
  end)

  it("wants a directory that still exists", function()
    -- covers: dir.getdents.errors
    assert.errno("ENOTDIR", sys.getdents64(must.open("one", "O_RDONLY")))
    assert.errno("ENOTDIR", sys.getdents64((must.pipe2())))
    assert.errno("EBADF", sys.getdents64(99))
    for _, name in ipairs { "one", "two", "three" } do must.unlink(name) end
    must.rmdir "/tmp/d"
    assert.errno("ENOENT", sys.getdents64(dir))
  end)
end)
