local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local function ns(t) return t.tv_sec * 1000000000 + t.tv_nsec end

describe("clock_gettime", function()
  -- covers: time.clock.monotonic
  it("never goes back", function()
    for _, clock in ipairs { "CLOCK_MONOTONIC", "CLOCK_BOOTTIME", "CLOCK_MONOTONIC_RAW", "CLOCK_MONOTONIC_COARSE" } do
      local a = ns(must.clock_gettime(clock))
      must.nanosleep(0.01)
      local b = ns(must.clock_gettime(clock))
      assert.is_true(b > a)
    end
  end)

  -- covers: time.clock.sleep_advances
  it("moves at least by what was slept", function()
    local a = ns(must.clock_gettime("CLOCK_MONOTONIC"))
    must.nanosleep(0.02)
    assert.is_true(ns(must.clock_gettime("CLOCK_MONOTONIC")) - a >= 20000000)
  end)

  -- covers: time.clock.einval
  it("refuses unknown clocks", function()
    for _, clock in ipairs { 16, 99, 10, 2147483647 } do
      assert.errno("EINVAL", sys.clock_gettime(clock))
      assert.errno("EINVAL", sys.clock_getres(clock))
    end
  end)

  -- covers: time.clock.realtime time.clock.coarse
  it("gives a wall clock; the coarse one does not lead it", function()
    local coarse = ns(must.clock_gettime("CLOCK_REALTIME_COARSE"))
    local fine = ns(must.clock_gettime("CLOCK_REALTIME"))
    assert.is_true(fine >= coarse)
    assert.is_true(fine > 1500000000 * 1000000000)
  end)

  -- covers: time.clock.tai
  it("gives TAI no earlier than real time", function()
    local real = ns(must.clock_gettime("CLOCK_REALTIME"))
    assert.is_true(ns(must.clock_gettime("CLOCK_TAI")) >= real)
  end)

  -- covers: time.clock.resolution
  it("of the fine clocks has a resolution of one nanosecond", function()
    for _, clock in ipairs { "CLOCK_REALTIME", "CLOCK_MONOTONIC", "CLOCK_BOOTTIME", "CLOCK_TAI" } do
      assert.same({ tv_sec = 0, tv_nsec = 1 }, must.clock_getres(clock))
    end
    assert.is_true(ns(must.clock_getres("CLOCK_MONOTONIC_COARSE")) >= 1000000)
  end)

  -- covers: time.clock.cpu_not_wall
  it("of the processor does not count sleep", function()
    local a = ns(must.clock_gettime("CLOCK_PROCESS_CPUTIME_ID"))
    local wall = ns(must.clock_gettime("CLOCK_MONOTONIC"))
    must.nanosleep(0.05)
    local b = ns(must.clock_gettime("CLOCK_PROCESS_CPUTIME_ID"))
    assert.is_true(b - a < ns(must.clock_gettime("CLOCK_MONOTONIC")) - wall)
  end)
end)
