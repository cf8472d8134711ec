-- posix.time.
local time, signal, unistd = require "posix.time", require "posix.signal", require "posix.unistd"

describe("posix.time", function()
  it("reads clocks", function()
    local before = time.clock_gettime(time.CLOCK_MONOTONIC)
    assert.equal(0, time.nanosleep { tv_nsec = 20000000 })
    local after = time.clock_gettime(time.CLOCK_MONOTONIC)
    local elapsed = (after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec
    assert.is_true(elapsed >= 20000000)
    assert.is_true(math.abs(time.time() - os.time()) <= 1)
    assert.same({ tv_sec = 0, tv_nsec = 1 }, time.clock_getres(time.CLOCK_REALTIME))
    assert.same({ nil, "clock_gettime: Invalid argument", 22 }, { time.clock_gettime(99) })
  end)

  it("sleeps until a handler has run, and tells what is left", function()
    signal.signal(signal.SIGALRM, function() end)
    unistd.alarm(1)
    local slept, message, errno, left = time.nanosleep { tv_sec = 5 }
    assert.same({ nil, "nanosleep: Interrupted system call", 4 }, { slept, message, errno })
    assert.is_true(left.tv_sec == 3 or left.tv_sec == 4)
    assert.same({ nil, "nanosleep: Invalid argument", 22 }, { time.nanosleep { tv_nsec = 1000000000 } })
    assert.has_error(function() time.nanosleep { tv_usec = 1 } end)
  end)

  it("takes times apart and puts them together", function()
    local date = time.gmtime(86400 * 365 + 3661)
    assert.same({ 1, 1, 1, 1, 0, 71, 5, 0, 0 }, { date.tm_sec, date.tm_min, date.tm_hour, date.tm_mday, date.tm_mon,
      date.tm_year, date.tm_wday, date.tm_yday, date.tm_isdst })
    assert.equal(86400 * 365 + 3661, time.mktime(date))
    assert.equal("1971-01-01 01:01:01 Fri", time.strftime("%Y-%m-%d %H:%M:%S %a", date))
    assert.equal(86400, time.mktime { tm_mday = 2, tm_year = 70 })
    assert.has_error(function() time.mktime { tm_day = 2 } end)
  end)
end)
