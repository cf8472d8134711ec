local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local function signal(fd) must.write(fd, string.pack("<I8", 1)) end
local function add(outer, inner, events)
  return sys.epoll_ctl(outer, "EPOLL_CTL_ADD", inner, { events = events or "EPOLLIN", data = inner })
end
local function take(ep, ms)
  local out = {}
  for i, e in ipairs(must.epoll_wait(ep, 16, ms or 0)) do out[i] = e.data end
  return out
end

describe("an epoll in an epoll", function()
  -- covers: epoll.nest.ready epoll.nest.level
  it("is readable while it has something to tell", function()
    local outer, inner, e = must.epoll_create1(), must.epoll_create1(), must.eventfd(0)
    assert.equal(0, add(inner, e))
    assert.equal(0, add(outer, inner, "EPOLLIN|EPOLLOUT"))
    assert.same({}, take(outer))
    signal(e)
    assert.same({ { events = C.EPOLLIN, data = inner } }, must.epoll_wait(outer, 4, 0))
    assert.same({ e }, take(inner))
    assert.same({ inner }, take(outer))
    must.read(e, 8)
    assert.same({}, take(outer))
  end)

  -- covers: epoll.nest.add_ready
  it("is told when it was ready before it was added", function()
    local outer, inner, e = must.epoll_create1(), must.epoll_create1(), must.eventfd(1)
    add(inner, e)
    add(outer, inner)
    assert.same({ inner }, take(outer))
  end)

  -- covers: epoll.nest.inner_edge
  it("is readable until its edge has been taken", function()
    local outer, inner, e = must.epoll_create1(), must.epoll_create1(), must.eventfd(1)
    add(inner, e, "EPOLLIN|EPOLLET")
    add(outer, inner)
    assert.same({ inner }, take(outer))
    assert.same({ inner }, take(outer))
    assert.same({ e }, take(inner))
    assert.same({}, take(outer))
  end)

  -- covers: epoll.nest.outer_edge
  it("as an edge is told at each new arrival inside", function()
    local outer, inner, e = must.epoll_create1(), must.epoll_create1(), must.eventfd(0)
    add(inner, e)
    add(outer, inner, "EPOLLIN|EPOLLET")
    signal(e)
    assert.same({ inner }, take(outer))
    assert.same({}, take(outer))
    take(inner)
    must.read(e, 8)
    take(inner)
    signal(e)
    assert.same({ inner }, take(outer))
  end)

  -- covers: epoll.nest.wakes
  it("wakes a sleeper of the outermost", function()
    local e = must.eventfd(0)
    local chain = { e }
    for i = 2, 4 do
      chain[i] = must.epoll_create1()
      add(chain[i], chain[i - 1])
    end
    must.fork(function()
      ks.settle()
      signal(e)
    end)
    assert.same({ chain[3] }, take(chain[4], 5000))
  end)

  -- covers: epoll.nest.close
  it("leaves when its last descriptor closes", function()
    local outer, inner, e = must.epoll_create1(), must.epoll_create1(), must.eventfd(1)
    add(inner, e)
    add(outer, inner)
    must.close(inner)
    assert.same({}, take(outer))
  end)

  -- covers: epoll.nest.self epoll.nest.loop
  it("may not hold itself, directly or through others", function()
    local a, b, c = must.epoll_create1(), must.epoll_create1(), must.epoll_create1()
    assert.errno("EINVAL", add(a, a))
    assert.equal(0, add(a, b))
    assert.errno("ELOOP", add(b, a))
    assert.equal(0, add(b, c))
    assert.errno("ELOOP", add(c, a))
    assert.errno("ELOOP", add(c, b))
    assert.equal(0, add(a, c))
    must.epoll_ctl(a, "EPOLL_CTL_DEL", b)
    assert.equal(0, add(b, a))
  end)

  -- covers: epoll.nest.loop_order
  it("that would loop is refused before it is looked for", function()
    local a, b = must.epoll_create1(), must.epoll_create1()
    add(a, b)
    assert.errno("EEXIST", add(a, b))
    assert.errno("ENOENT", sys.epoll_ctl(b, "EPOLL_CTL_MOD", a, { events = "EPOLLIN" }))
    assert.errno("ENOENT", sys.epoll_ctl(b, "EPOLL_CTL_DEL", a))
    assert.errno("ELOOP", add(b, a))
  end)

  -- covers: epoll.nest.depth
  it("goes five deep and no deeper, built from either end", function()
    local below = must.eventfd(0)
    for _ = 1, 5 do
      local ep = must.epoll_create1()
      assert.equal(0, add(ep, below))
      below = ep
    end
    assert.errno("ELOOP", add(must.epoll_create1(), below))
    local above = must.epoll_create1()
    for _ = 1, 4 do
      local ep = must.epoll_create1()
      assert.equal(0, add(above, ep))
      above = ep
    end
    assert.errno("ELOOP", add(above, must.epoll_create1()))
    assert.equal(0, add(above, must.eventfd(0)))
  end)

  -- covers: epoll.nest.diamond
  it("may be reached by two ways", function()
    local top, left, right, e = must.epoll_create1(), must.epoll_create1(), must.epoll_create1(), must.eventfd(1)
    add(left, e)
    add(right, e)
    assert.equal(0, add(top, left))
    assert.equal(0, add(top, right))
    assert.same({ left, right }, take(top))
  end)

  -- Chains `depth` epolls up from an eventfd, and returns how many more could take the last one as a member.
  local function width(depth, limit)
    local last = must.eventfd(0)
    for _ = 1, depth do
      local ep = must.epoll_create1()
      assert.equal(0, add(ep, last))
      last = ep
    end
    for count = 0, limit do
      local ok, _, errno = add(must.epoll_create1(), last)
      if not ok then
        assert.equal(C.EINVAL, errno)
        return count
      end
    end
  end

  -- covers: epoll.nest.paths
  it("leads from a file to at most 500, 100, 50 and 10 outermost ones, by the number between", function()
    assert.same({ 500, 100, 50, 10 }, { width(1, 600), width(2, 150), width(3, 60), width(4, 20) })
    assert.is_nil(width(0, 30))
  end)

  -- covers: epoll.nest.paths
  it("counts the ways of each file, when a file is added below too", function()
    local inner = must.epoll_create1()
    local outer = {}
    for i = 1, 501 do
      outer[i] = must.epoll_create1()
      assert.equal(0, add(outer[i], inner))
    end
    local e = must.eventfd(0)
    assert.errno("EINVAL", add(inner, e))
    assert.errno("ENOENT", sys.epoll_ctl(inner, "EPOLL_CTL_DEL", e))
    must.close(outer[1])
    assert.equal(0, add(inner, e))
    assert.equal(0, add(inner, must.eventfd(0)))
  end)
end)
