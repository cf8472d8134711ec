local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local function seconds(t) return t.tv_sec + t.tv_nsec / 1e9 end

describe("nanosleep", function()
  -- covers: time.nanosleep.basic
  it("sleeps at least as long as asked", function()
    local before = ks.now()
    assert.equal(0, must.nanosleep(0.02))
    assert.is_true(ks.now() - before >= 0.02)
    assert.equal(0, must.nanosleep(0))
  end)

  -- covers: time.nanosleep.einval
  it("refuses times that are none", function()
    for _, t in ipairs {
      { tv_sec = 0, tv_nsec = 1000000000 }, { tv_sec = 0, tv_nsec = -1 }, { tv_sec = -1, tv_nsec = 0 },
    } do
      assert.errno("EINVAL", sys.nanosleep(t))
      assert.errno("EINVAL", sys.clock_nanosleep("CLOCK_MONOTONIC", 0, t))
      assert.errno("EINVAL", sys.clock_nanosleep("CLOCK_MONOTONIC", "TIMER_ABSTIME", t))
    end
  end)

  -- covers: time.nanosleep.remaining
  it("interrupted by a handler tells the time that remained", function()
    must.sigaction("SIGALRM", { handler = function() end, flags = "SA_RESTART" })
    must.setitimer("ITIMER_REAL", { it_value = 0.02 })
    local ok, message, errno, left = sys.nanosleep(10)
    assert.errno("EINTR", ok, message, errno)
    assert.is_true(seconds(left) > 5 and seconds(left) < 10)
  end)

  -- covers: time.nanosleep.stop
  it("goes on after a stop and ends at the time it would have", function()
    local pid = must.fork(function() return must.nanosleep(0.03) end)
    ks.settle()
    sys.kill(pid, "SIGSTOP")
    sys.kill(pid, "SIGCONT")
    assert.same({ pid, "exited", 0 }, { must.waitpid(pid) })
  end)
end)

describe("clock_nanosleep", function()
  -- covers: time.clock_nanosleep.absolute time.clock_nanosleep.past
  it("with TIMER_ABSTIME sleeps until a time, not at all when it is past", function()
    for _, clock in ipairs { "CLOCK_MONOTONIC", "CLOCK_REALTIME", "CLOCK_BOOTTIME", "CLOCK_TAI" } do
      local now = must.clock_gettime(clock)
      local wake = { tv_sec = now.tv_sec, tv_nsec = now.tv_nsec + 10000000 }
      if wake.tv_nsec >= 1000000000 then wake = { tv_sec = wake.tv_sec + 1, tv_nsec = wake.tv_nsec - 1000000000 } end
      assert.equal(0, must.clock_nanosleep(clock, "TIMER_ABSTIME", wake))
      local later = must.clock_gettime(clock)
      assert.is_true(later.tv_sec > wake.tv_sec or later.tv_sec == wake.tv_sec and later.tv_nsec >= wake.tv_nsec)
      assert.equal(0, must.clock_nanosleep(clock, "TIMER_ABSTIME", now))
      assert.equal(0, must.clock_nanosleep(clock, "TIMER_ABSTIME", 0))
    end
  end)

  -- covers: time.clock_nanosleep.remaining
  it("tells the remaining time of a relative sleep only", function()
    must.sigaction("SIGALRM", function() end)
    must.setitimer("ITIMER_REAL", { it_value = 0.01 })
    local ok, message, errno, left = sys.clock_nanosleep("CLOCK_MONOTONIC", 0, 10)
    assert.errno("EINTR", ok, message, errno)
    assert.is_true(seconds(left) > 5 and seconds(left) < 10)
    must.setitimer("ITIMER_REAL", { it_value = 0.01 })
    local far = must.clock_gettime("CLOCK_MONOTONIC").tv_sec + 60
    assert.errno("EINTR", sys.clock_nanosleep("CLOCK_MONOTONIC", "TIMER_ABSTIME", far))
  end)

  -- covers: time.clock_nanosleep.clocks time.clock_nanosleep.order
  it("looks at the clock before the time", function()
    local bad = { tv_sec = 0, tv_nsec = -1 }
    assert.errno("EINVAL", sys.clock_nanosleep(99, 0, bad))
    for _, clock in ipairs {
      "CLOCK_THREAD_CPUTIME_ID", "CLOCK_MONOTONIC_RAW", "CLOCK_REALTIME_COARSE", "CLOCK_MONOTONIC_COARSE",
    } do
      assert.errno("EOPNOTSUPP", sys.clock_nanosleep(clock, 0, bad))
    end
  end)

  -- covers: time.sleep.order
  it("wakes sleepers in the order of their times, not of their calls", function()
    local r, w = must.pipe2()
    for _, delay in ipairs { 0.06, 0.02, 0.04 } do
      must.fork(function()
        must.nanosleep(delay)
        must.write(w, tostring(delay) .. " ")
      end)
    end
    for _ = 1, 3 do must.waitpid(-1) end
    assert.equal("0.02 0.04 0.06 ", must.read(r, 64))
  end)
end)
