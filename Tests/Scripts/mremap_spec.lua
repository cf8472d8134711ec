-- mremap of several mappings, to given places, and of what it cuts off while it moves.
local ks = require "kscript"
local helpers = require "helpers"
local sys, must = ks.sys, ks.must

local PAGE, RW, ANON = 4096, "PROT_READ|PROT_WRITE", "MAP_PRIVATE|MAP_ANONYMOUS"
local SOURCE, TARGET = 0x20000000, 0x30000000
local MOVE, KEEP = "MREMAP_MAYMOVE|MREMAP_FIXED", "MREMAP_MAYMOVE|MREMAP_DONTUNMAP"

local function map(at, pages, protection, flags)
  return must.mmap(at, pages * PAGE, protection or RW, (flags or ANON) .. "|MAP_FIXED", -1, 0)
end

--- A character for each page: w for what may be written, r for what may be read, - for neither, . where nothing is.
local function pages(at, count)
  local r, w = must.pipe2()
  local shown = {}
  for i = 1, count do
    -- Its first byte goes through the pipe back to where it was.
    local place = ks.at(at + (i - 1) * PAGE, 1)
    if not sys.msync(place.addr, PAGE, "MS_ASYNC") then
      shown[i] = "."
    elseif not sys.write(w, place) then
      shown[i] = "-"
    elseif sys.read(r, place) then
      shown[i] = "w"
    else
      shown[i] = "r"
      must.read(r, 1)
    end
  end
  must.close(r)
  must.close(w)
  return table.concat(shown)
end

--- Does it where "wwr..ww" is at SOURCE, each page with its number in it, and "--------" at TARGET.
local function with_several(act)
  helpers.in_child(function()
    local m = map(SOURCE, 7)
    for i = 0, 6 do m:u8(i * PAGE, i + 1) end
    must.munmap(SOURCE + 3 * PAGE, 2 * PAGE)
    must.mprotect(SOURCE + 2 * PAGE, PAGE, "PROT_READ")
    map(TARGET, 8, "PROT_NONE")
    act()
  end)
end

local function number(at, page) return ks.at(at + page * PAGE, 1):u8(0) end

describe("mremap of several mappings", function()
  it("moves them with the gaps between them, where what was there stays", function()
    -- covers: mem.mremap.several
    with_several(function()
      assert.equal(TARGET, must.mremap(SOURCE, 7 * PAGE, 7 * PAGE, MOVE, TARGET).addr)
      assert.same({ ".......", "wwr--ww-" }, { pages(SOURCE, 7), pages(TARGET, 8) })
      assert.same({ 1, 2, 3, 6, 7 },
        { number(TARGET, 0), number(TARGET, 1), number(TARGET, 2), number(TARGET, 5), number(TARGET, 6) })
    end)
  end)

  it("moves parts of them, and takes a gap at the end for nothing", function()
    -- covers: mem.mremap.several
    with_several(function()
      must.mremap(SOURCE + PAGE, 5 * PAGE, 5 * PAGE, MOVE, TARGET)
      assert.same({ "w.....w", "wr--w---" }, { pages(SOURCE, 7), pages(TARGET, 8) })
      assert.same({ 2, 3, 6 }, { number(TARGET, 0), number(TARGET, 1), number(TARGET, 4) })
    end)
    with_several(function()
      must.mremap(SOURCE, 1 << 20, 1 << 20, MOVE, TARGET)
      assert.same({ ".......", "wwr--ww-" }, { pages(SOURCE, 7), pages(TARGET, 8) })
    end)
  end)

  it("moves them to where the later ones were not", function()
    -- covers: mem.mremap.several
    with_several(function()
      must.mremap(SOURCE + 2 * PAGE, 4 * PAGE, 4 * PAGE, MOVE, SOURCE - 4 * PAGE)
      assert.equal("r..www....w", pages(SOURCE - 4 * PAGE, 11))
      assert.same({ 3, 6, 1 }, { number(SOURCE, -4), number(SOURCE, -1), number(SOURCE, 0) })
    end)
  end)

  it("needs a mapping at the start", function()
    -- covers: mem.mremap.several
    with_several(function()
      assert.errno("EFAULT", sys.mremap(SOURCE + 3 * PAGE, 4 * PAGE, 4 * PAGE, MOVE, TARGET))
      assert.errno("EFAULT", sys.mremap(SOURCE + 7 * PAGE, 4 * PAGE, 4 * PAGE, MOVE, TARGET))
      assert.errno("EFAULT", sys.mremap(-8 * PAGE, 8 * PAGE, 8 * PAGE, MOVE, TARGET))
      assert.same({ "wwr..ww", "--------" }, { pages(SOURCE, 7), pages(TARGET, 8) })
    end)
  end)

  it("is only for what keeps its size", function()
    -- covers: mem.mremap.several mem.mremap.cut_and_move
    with_several(function()
      assert.errno("EFAULT", sys.mremap(SOURCE, 3 * PAGE, 4 * PAGE, MOVE, TARGET))
      assert.errno("EFAULT", sys.mremap(SOURCE, 7 * PAGE, 3 * PAGE, MOVE, TARGET))
      assert.same({ "wwr..ww", "--------" }, { pages(SOURCE, 7), pages(TARGET, 8) })
    end)
  end)

  it("leaves them with MREMAP_DONTUNMAP, without what was in them", function()
    -- covers: mem.mremap.several mem.mremap.dontunmap
    with_several(function()
      must.mremap(SOURCE, 7 * PAGE, 7 * PAGE, MOVE .. "|MREMAP_DONTUNMAP", TARGET)
      assert.same({ "wwr..ww", "wwr--ww-" }, { pages(SOURCE, 7), pages(TARGET, 8) })
      for _, page in ipairs { 0, 1, 2, 5, 6 } do
        assert.same({ 0, page + 1 }, { number(SOURCE, page), number(TARGET, page) })
      end
    end)
  end)

  it("stops at a segment, which moves only alone", function()
    -- covers: mem.mremap.segment
    local id = must.shmget("IPC_PRIVATE", 2 * PAGE, 0x1b6)
    with_several(function()
      must.munmap(SOURCE + 2 * PAGE, 5 * PAGE)
      must.shmat(id, SOURCE + 2 * PAGE)
      assert.errno("EFAULT", sys.mremap(SOURCE + 2 * PAGE, 3 * PAGE, 3 * PAGE, MOVE, TARGET))
      assert.same({ "wwww...", "--------" }, { pages(SOURCE, 7), pages(TARGET, 8) })
      assert.errno("EFAULT", sys.mremap(SOURCE, 4 * PAGE, 4 * PAGE, MOVE, TARGET))
      assert.same({ "..ww...", "ww------" }, { pages(SOURCE, 7), pages(TARGET, 8) })
      must.mremap(SOURCE + 2 * PAGE, 2 * PAGE, 2 * PAGE, MOVE, TARGET + 2 * PAGE)
      assert.same({ ".......", "wwww----" }, { pages(SOURCE, 7), pages(TARGET, 8) })
    end)
    must.shmctl(id, "IPC_RMID")
  end)
end)

describe("mremap with a new address", function()
  it("cuts off whatever lies beyond the new size before it moves", function()
    -- covers: mem.mremap.cut_and_move
    with_several(function()
      assert.equal(TARGET, must.mremap(SOURCE, 7 * PAGE, PAGE, MOVE, TARGET).addr)
      assert.same({ ".......", "w-------" }, { pages(SOURCE, 7), pages(TARGET, 8) })
      assert.equal(1, number(TARGET, 0))
    end)
  end)

  it("does not cut off what reaches beyond the addresses of tasks, but the new place is free by then", function()
    -- covers: mem.mremap.cut_and_move
    with_several(function()
      assert.errno("EINVAL", sys.mremap(SOURCE, -PAGE, PAGE, MOVE, TARGET))
      assert.errno("EINVAL", sys.mremap(SOURCE, math.mininteger, PAGE, MOVE, SOURCE - PAGE))
      assert.same({ "wwr..ww", ".-------" }, { pages(SOURCE, 7), pages(TARGET, 8) })
      assert.errno("EFAULT", sys.mremap(SOURCE, -PAGE, PAGE, MOVE, SOURCE))
      assert.equal(".wr..ww", pages(SOURCE, 7))
    end)
  end)

  it("of a second view may be where the first was, which is then nowhere", function()
    -- covers: mem.mremap.second_view
    helpers.in_child(function()
      map(SOURCE, 2, RW, "MAP_SHARED|MAP_ANONYMOUS")
      ks.at(SOURCE + PAGE, 1):u8(0, 7)
      must.mremap(SOURCE + PAGE, 0, PAGE, MOVE, SOURCE)
      assert.same({ 7, 7 }, { number(SOURCE, 0), number(SOURCE, 1) })
      assert.errno("EFAULT", sys.mremap(SOURCE, 0, PAGE, MOVE, SOURCE))
      assert.equal(".w", pages(SOURCE, 2))
    end)
  end)

  it("below vm.mmap_min_addr is for those with CAP_SYS_RAWIO, but what was to be cut off is gone", function()
    -- covers: mem.mremap.low
    helpers.as_user(function()
      map(SOURCE, 2)
      assert.errno("EPERM", sys.mremap(SOURCE, PAGE, PAGE, MOVE, 0))
      assert.equal("ww", pages(SOURCE, 2))
      assert.errno("EPERM", sys.mremap(SOURCE, 2 * PAGE, PAGE, MOVE, 0))
      assert.equal("w.", pages(SOURCE, 2))
      assert.equal(PAGE, must.mremap(SOURCE, PAGE, PAGE, KEEP, PAGE).addr)
    end)
  end)
end)

describe("mremap with MREMAP_DONTUNMAP alone", function()
  it("takes the new address for a wish, which must be possible", function()
    -- covers: mem.mremap.dontunmap
    with_several(function()
      local wish = TARGET + 16 * PAGE
      assert.equal(wish, must.mremap(SOURCE + PAGE, PAGE, PAGE, KEEP, wish).addr)
      assert.same({ "wwr..ww", "w." }, { pages(SOURCE, 7), pages(wish, 2) })
      assert.same({ 1, 0, 2 }, { number(SOURCE, 0), number(SOURCE, 1), number(wish, 0) })
      assert.equal(1, number(must.mremap(SOURCE, PAGE, PAGE, KEEP, TARGET).addr, 0))
      assert.equal("--------", pages(TARGET, 8))
      for _, bad in ipairs { 1, SOURCE, -1, 1 << 47, wish + 1 } do
        assert.errno("EINVAL", sys.mremap(SOURCE, PAGE, PAGE, KEEP, bad))
      end
    end)
  end)

  it("moves only one mapping, of the same size", function()
    -- covers: mem.mremap.dontunmap
    with_several(function()
      assert.errno("EFAULT", sys.mremap(SOURCE, 3 * PAGE, 3 * PAGE, KEEP, 0))
      assert.errno("EINVAL", sys.mremap(SOURCE, 2 * PAGE, PAGE, KEEP, 0))
      assert.errno("EINVAL", sys.mremap(SOURCE, PAGE, 2 * PAGE, KEEP, 0))
      assert.equal("wwr..ww", pages(SOURCE, 7))
    end)
  end)
end)

describe("mmap at a fixed address of the last page", function()
  it("gives the error whose number the address is below zero", function()
    -- covers: mem.mmap.error_address
    for _, fixed in ipairs { "|MAP_FIXED", "|MAP_FIXED_NOREPLACE" } do
      for _, case in ipairs { { -1, "EPERM" }, { -2, "ENOENT" }, { -22, "EINVAL" }, { -4096, "ENOMEM" } } do
        local address, name = table.unpack(case)
        assert.errno(name, sys.mmap(address, PAGE, RW, ANON .. fixed, -1, 0))
        assert.errno(name, sys.mmap(address, 1 << 46, RW, "MAP_SHARED|MAP_ANONYMOUS" .. fixed, -1, 0))
      end
      assert.equal(4095, (select(3, sys.mmap(-4095, PAGE, RW, ANON .. fixed, -1, 0))))
    end
  end)

  it("after the length and the descriptor, before the kind of mapping", function()
    -- covers: mem.mmap.error_address
    assert.errno("EINVAL", sys.mmap(-5, 0, RW, ANON .. "|MAP_FIXED", -1, 0))
    assert.errno("ENOMEM", sys.mmap(-5, 1 << 48, RW, ANON .. "|MAP_FIXED", -1, 0))
    assert.errno("EBADF", sys.mmap(-5, PAGE, RW, "MAP_PRIVATE|MAP_FIXED", 99, 0))
    assert.errno("EIO", sys.mmap(-5, PAGE, RW, "MAP_ANONYMOUS|MAP_FIXED", -1, 0))
  end)

  it("is no new address for mremap", function()
    -- covers: mem.mremap.errors
    local m = must.mmap(0, PAGE, RW, ANON, -1, 0)
    for _, address in ipairs { -1, -4095, -4096 } do
      assert.errno("EINVAL", sys.mremap(m.addr, PAGE, PAGE, MOVE, address))
    end
  end)
end)
