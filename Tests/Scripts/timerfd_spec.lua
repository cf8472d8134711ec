local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local function count(bytes) return (string.unpack("<I8", bytes)) end
local function ns(t) return t.tv_sec * 1000000000 + t.tv_nsec end

describe("timerfd", function()
  local t
  before_each(function() t = must.timerfd_create("CLOCK_MONOTONIC", "TFD_NONBLOCK") end)

  -- covers: time.timerfd.create time.timerfd.flags
  it("is made for five clocks", function()
    for _, clock in ipairs { "CLOCK_REALTIME", "CLOCK_MONOTONIC", "CLOCK_BOOTTIME" } do
      must.timerfd_create(clock, 0)
    end
    for _, clock in ipairs {
      "CLOCK_TAI", "CLOCK_PROCESS_CPUTIME_ID", "CLOCK_MONOTONIC_RAW", "CLOCK_MONOTONIC_COARSE", 99,
    } do
      assert.errno("EINVAL", sys.timerfd_create(clock, 0))
    end
    local fd = must.timerfd_create("CLOCK_MONOTONIC", "TFD_NONBLOCK|TFD_CLOEXEC")
    assert.equal(C.FD_CLOEXEC, must.fcntl(fd, "F_GETFD"))
    assert.equal(C.O_NONBLOCK | C.O_RDWR, must.fcntl(fd, "F_GETFL"))
  end)

  -- covers: time.timerfd.disarmed
  it("never set is disarmed", function()
    assert.errno("EAGAIN", sys.read(t, 8))
    local now = must.timerfd_gettime(t)
    assert.same({ 0, 0 }, { ns(now.it_value), ns(now.it_interval) })
    assert.equal(0, (must.poll({ { fd = t, events = "POLLIN" } }, 0)))
  end)

  -- covers: time.timerfd.once time.timerfd.read_resets
  it("set once counts one, which a read takes", function()
    must.timerfd_settime(t, 0, { it_value = 0.01 })
    assert.equal(1, (must.poll({ { fd = t, events = "POLLIN" } }, 5000)))
    assert.equal(1, count(must.read(t, 100)))
    assert.errno("EAGAIN", sys.read(t, 8))
    assert.equal(0, ns(must.timerfd_gettime(t).it_value))
  end)

  -- covers: time.timerfd.blocks
  it("makes a reader wait for it", function()
    must.fcntl(t, "F_SETFL", 0)
    local before = ks.now()
    must.timerfd_settime(t, 0, { it_value = 0.02 })
    assert.equal(1, count(must.read(t, 8)))
    assert.is_true(ks.now() - before >= 0.02)
  end)

  -- covers: time.timerfd.overrun
  it("with an interval counts every expiry since the last read", function()
    must.timerfd_settime(t, 0, { it_value = 0.01, it_interval = 0.01 })
    must.nanosleep(0.045)
    assert.is_true(count(must.read(t, 8)) >= 4)
    local now = must.timerfd_gettime(t)
    assert.equal(10000000, ns(now.it_interval))
    assert.is_true(ns(now.it_value) > 0 and ns(now.it_value) <= 10000000)
  end)

  -- covers: time.timerfd.absolute time.timerfd.absolute_past
  it("absolute in the past is due at once; with an interval the missed ones count", function()
    must.nanosleep(0.001) -- where a clock starts at 0, the first nanosecond is still to come
    must.timerfd_settime(t, "TFD_TIMER_ABSTIME", { it_value = { tv_sec = 0, tv_nsec = 1 } })
    assert.equal(1, count(must.read(t, 8)))
    -- Of an hour each: half of one is the slack that a real machine may use up.
    local now, hour = must.clock_gettime "CLOCK_REALTIME", 3600
    must.close(t)
    t = must.timerfd_create("CLOCK_REALTIME", 0)
    local start = now.tv_sec - 5 * hour - hour // 2
    must.timerfd_settime(t, "TFD_TIMER_ABSTIME", { it_value = { tv_sec = start, tv_nsec = 0 }, it_interval = hour })
    assert.equal(6, count(must.read(t, 8)))
  end)

  -- covers: time.timerfd.settime_old time.timerfd.disarm
  it("settime returns what was left, clears the count, and disarms with zero", function()
    must.timerfd_settime(t, 0, { it_value = 50, it_interval = 7 })
    local old = must.timerfd_settime(t, 0, { it_value = 0.01 })
    assert.is_true(ns(old.it_value) > 49000000000 and ns(old.it_value) <= 50000000000)
    assert.equal(7, old.it_interval.tv_sec)
    must.nanosleep(0.02)
    must.timerfd_settime(t, 0, { it_value = 0, it_interval = 5 })
    assert.errno("EAGAIN", sys.read(t, 8))
    local now = must.timerfd_gettime(t)
    assert.same({ 0, 5 }, { ns(now.it_value), now.it_interval.tv_sec })
  end)

  -- covers: time.timerfd.read_size time.timerfd.write
  it("refuses reads below eight bytes, even when nothing is due, and writes", function()
    assert.errno("EINVAL", sys.read(t, 7))
    assert.errno("EINVAL", sys.read(t, 0))
    assert.errno("EINVAL", sys.write(t, ("x"):rep(8)))
  end)

  -- covers: time.timerfd.settime_errors time.timerfd.settime_order
  it("settime looks at flags and times before the descriptor", function()
    local bad = { it_value = { tv_sec = 0, tv_nsec = 1000000000 } }
    assert.errno("EINVAL", sys.timerfd_settime(99, 0, bad))
    assert.errno("EINVAL", sys.timerfd_settime(99, 0, { it_value = 1, it_interval = { tv_sec = -1, tv_nsec = 0 } }))
    assert.errno("EBADF", sys.timerfd_settime(99, 0, { it_value = 1 }))
    assert.errno("EINVAL", sys.timerfd_settime(1, 0, { it_value = 1 }))
    assert.errno("EBADF", sys.timerfd_gettime(99))
    assert.errno("EINVAL", sys.timerfd_gettime(1))
  end)

  -- covers: time.timerfd.shared
  it("is one object for parent and child", function()
    must.timerfd_settime(t, 0, { it_value = 0.01 })
    must.nanosleep(0.02)
    local pid = must.fork(function() return count(must.read(t, 8)) end)
    assert.same({ pid, "exited", 1 }, { must.waitpid(pid) })
    assert.errno("EAGAIN", sys.read(t, 8))
  end)

  -- covers: time.timerfd.cancel_flag
  it("with TFD_TIMER_CANCEL_ON_SET works as usual while nobody sets the clock", function()
    local real = must.timerfd_create("CLOCK_REALTIME", "TFD_NONBLOCK")
    must.nanosleep(0.001)
    local past = { it_value = { tv_sec = 0, tv_nsec = 1 } }
    must.timerfd_settime(real, "TFD_TIMER_ABSTIME|TFD_TIMER_CANCEL_ON_SET", past)
    assert.equal(1, count(must.read(real, 8)))
    assert.equal(0, ns(must.timerfd_settime(t, "TFD_TIMER_ABSTIME|TFD_TIMER_CANCEL_ON_SET", past).it_value))
    assert.equal(0, ns(must.timerfd_settime(t, "TFD_TIMER_CANCEL_ON_SET", past).it_value))
  end)
end)
