-- posix.poll.
local poll, unistd = require "posix.poll", require "posix.unistd"

describe("posix.poll", function()
  local reader, writer
  before_each(function() reader, writer = unistd.pipe() end)

  it("tells by name what can be done with each descriptor", function()
    local fds = { [reader] = { events = { IN = true } }, [writer] = { events = { OUT = true } } }
    assert.equal(1, poll.poll(fds, 0))
    local nothing = { IN = false, PRI = false, OUT = false, ERR = false, HUP = false, NVAL = false }
    assert.same(nothing, fds[reader].revents)
    assert.is_true(fds[writer].revents.OUT)
    unistd.close(writer)
    assert.equal(1, poll.poll({ [reader] = fds[reader] }, -1))
    assert.is_true(fds[reader].revents.HUP)
    fds = { [99] = { events = {} } }
    assert.equal(1, poll.poll(fds))
    assert.is_true(fds[99].revents.NVAL)
  end)

  it("leaves the table alone when its time is over", function()
    local fds = { [reader] = { events = { IN = true } } }
    assert.equal(0, poll.poll(fds, 20))
    assert.is_nil(fds[reader].revents)
  end)

  it("rpoll waits for one descriptor to be readable", function()
    assert.equal(0, poll.rpoll(reader, 0))
    unistd.write(writer, "x")
    assert.equal(1, poll.rpoll(reader, -1))
  end)

  it("refuses tables of other shapes", function()
    for _, fds in ipairs { { x = {} }, { true }, { {} }, { { events = {}, revents = 1 } } } do
      assert.has_error(function() poll.poll(fds, 0) end)
    end
  end)
end)
