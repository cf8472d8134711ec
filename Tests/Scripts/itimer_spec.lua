local ks = require "kscript"
local sys, must, C = ks.sys, ks.must, ks.C

local function us(t) return t.tv_sec * 1000000 + t.tv_usec end

describe("setitimer", function()
  -- covers: time.itimer.real time.itimer.siginfo
  it("sends SIGALRM when the time is over", function()
    local info
    must.sigaction("SIGALRM", function(_, i) info = i end)
    must.setitimer("ITIMER_REAL", { it_value = 0.01 })
    assert.errno("EINTR", sys.pause())
    assert.same({ C.SIGALRM, C.SI_KERNEL, 0 }, { info.si_signo, info.si_code, info.si_pid })
    assert.equal(0, us(must.getitimer("ITIMER_REAL").it_value))
  end)

  -- covers: time.itimer.interval
  it("with an interval goes on", function()
    local n = 0
    must.sigaction("SIGALRM", function() n = n + 1 end)
    must.setitimer("ITIMER_REAL", { it_value = 0.01, it_interval = 0.01 })
    while n < 3 do sys.pause() end
    assert.equal(10000, us(must.getitimer("ITIMER_REAL").it_interval))
    local old = must.setitimer("ITIMER_REAL", { it_value = 0 })
    assert.equal(10000, us(old.it_interval))
  end)

  -- covers: time.itimer.old time.itimer.zero_value
  it("returns what was left; a zero value disarms and forgets the interval", function()
    must.setitimer("ITIMER_REAL", { it_value = 50 })
    local old = must.setitimer("ITIMER_REAL", { it_value = 0, it_interval = 3 })
    assert.is_true(us(old.it_value) > 49000000 and us(old.it_value) <= 50000000)
    local now = must.getitimer("ITIMER_REAL")
    assert.equal(0, us(now.it_value))
    assert.equal(0, us(now.it_interval))
  end)

  -- covers: time.itimer.einval
  it("refuses unknown timers and bad times", function()
    assert.errno("EINVAL", sys.setitimer(3, { it_value = 1 }))
    assert.errno("EINVAL", sys.getitimer(3))
    assert.errno("EINVAL", sys.setitimer("ITIMER_REAL", { it_value = { tv_sec = 0, tv_usec = 1000000 } }))
    assert.errno("EINVAL", sys.setitimer("ITIMER_REAL", { it_value = { tv_sec = -1, tv_usec = 0 } }))
  end)

  -- covers: time.alarm.seconds time.alarm.shares_itimer
  it("is the same timer as alarm, which rounds what was left to a second, at least one", function()
    assert.equal(0, must.alarm(50))
    assert.equal(50, must.alarm(20))
    assert.is_true(us(must.getitimer("ITIMER_REAL").it_value) > 19000000)
    must.setitimer("ITIMER_REAL", { it_value = 0.2 })
    assert.equal(1, must.alarm(0))
    assert.equal(0, must.alarm(0))
    assert.equal(0, us(must.getitimer("ITIMER_REAL").it_value))
  end)

  -- covers: time.itimer.default_kills
  it("ends a process that does not handle SIGALRM", function()
    local pid = must.fork(function()
      must.setitimer("ITIMER_REAL", { it_value = 0.01 })
      must.pause()
    end)
    assert.same({ pid, "killed", C.SIGALRM }, { must.waitpid(pid) })
  end)
end)

describe("timer_create", function()
  -- covers: time.timer.signal time.timer.value time.timer.ids
  it("sends its signal with its value", function()
    local info
    must.sigaction("SIGUSR1", function(_, i) info = i end)
    local id = must.timer_create("CLOCK_MONOTONIC",
      { sigev_notify = "SIGEV_SIGNAL", sigev_signo = "SIGUSR1", sigev_value = 5 })
    must.timer_settime(id, 0, { it_value = 0.01 })
    assert.errno("EINTR", sys.pause())
    assert.same({ C.SIGUSR1, C.SI_TIMER, 5 }, { info.si_signo, info.si_code, info.si_value })
    assert.equal(0, must.timer_delete(id))
    assert.errno("EINVAL", sys.timer_delete(id))
  end)

  -- covers: time.timer.default_event
  it("without an event sends SIGALRM with the timer's number", function()
    local info
    must.sigaction("SIGALRM", function(_, i) info = i end)
    must.timer_create("CLOCK_MONOTONIC", nil)
    local id = must.timer_create("CLOCK_MONOTONIC", nil)
    assert.equal(1, id)
    must.timer_settime(id, 0, { it_value = 0.01 })
    assert.errno("EINTR", sys.pause())
    assert.same({ C.SIGALRM, id }, { info.si_signo, info.si_value })
  end)

  -- covers: time.timer.overrun
  it("counts expiries while its signal is pending as overruns", function()
    must.sigprocmask("SIG_BLOCK", { "SIGUSR1" })
    local id = must.timer_create("CLOCK_MONOTONIC", { sigev_notify = "SIGEV_SIGNAL", sigev_signo = "SIGUSR1" })
    must.timer_settime(id, 0, { it_value = 0.01, it_interval = 0.01 })
    must.nanosleep(0.045)
    assert.equal(C.SIGUSR1, (must.sigtimedwait({ "SIGUSR1" }, 0)))
    assert.is_true(must.timer_getoverrun(id) >= 3)
  end)

  -- covers: time.timer.void_signal
  it("disarmed or deleted makes its pending signal void, although it is still listed", function()
    must.sigprocmask("SIG_BLOCK", { "SIGUSR1" })
    for _, stop in ipairs { must.timer_delete, function(id) must.timer_settime(id, 0, { it_value = 0 }) end } do
      local id = must.timer_create("CLOCK_MONOTONIC", { sigev_notify = "SIGEV_SIGNAL", sigev_signo = "SIGUSR1" })
      must.timer_settime(id, 0, { it_value = 0.01 })
      must.nanosleep(0.02)
      stop(id)
      assert.same({ C.SIGUSR1 }, must.sigpending())
      assert.errno("EAGAIN", sys.sigtimedwait({ "SIGUSR1" }, 0))
      assert.same({}, must.sigpending())
    end
  end)

  -- covers: time.timer.settime_errors
  it("refuses unknown numbers and bad times", function()
    assert.errno("EINVAL", sys.timer_settime(99, 0, { it_value = 1 }))
    assert.errno("EINVAL", sys.timer_gettime(99))
    assert.errno("EINVAL", sys.timer_getoverrun(99))
    local id = must.timer_create("CLOCK_MONOTONIC", { sigev_notify = "SIGEV_NONE" })
    assert.errno("EINVAL", sys.timer_settime(id, 0, { it_value = { tv_sec = 0, tv_nsec = -1 } }))
    assert.errno("EINVAL", sys.timer_create(99, nil))
    assert.errno("EINVAL", sys.timer_create("CLOCK_MONOTONIC", { sigev_notify = "SIGEV_SIGNAL", sigev_signo = 65 }))
  end)
end)
