-- posix.errno, and how all posix modules report what failed.
local errno, unistd = require "posix.errno", require "posix.unistd"

describe("posix.errno", function()
  it("has Linux's numbers", function()
    assert.same({ 1, 2, 11, 11, 110 }, { errno.EPERM, errno.ENOENT, errno.EAGAIN, errno.EWOULDBLOCK, errno.ETIMEDOUT })
    assert.is_nil(errno.ENOSUCHTHING)
  end)

  it("tells an errno's text, and that of the call that failed last", function()
    assert.same({ "No such file or directory", 2 }, { errno.errno(errno.ENOENT) })
    assert.same({ "Success", 0 }, { errno.errno(0) })
    assert.same({ "Unknown error 9999", 9999 }, { errno.errno(9999) })
    unistd.close(99)
    unistd.getpid()
    assert.same({ "Bad file descriptor", 9 }, { errno.errno() })
    errno.set_errno(errno.EAGAIN)
    assert.same({ "Resource temporarily unavailable", 11 }, { errno.errno() })
  end)

  it("is told as the third result, after nil and the text", function()
    assert.same({ nil, "Bad file descriptor", 9 }, { unistd.close(99) })
    assert.same({ nil, "/no/such: No such file or directory", 2 }, { unistd.rmdir "/no/such" })
  end)
end)

describe("the arguments of posix functions", function()
  local function message(f, ...) return (select(2, pcall(f, ...)):gsub("^[^ ]+:%d+: ", "")) end

  it("are counted, and of the kinds that luaposix asks for", function()
    assert.equal("bad argument #1 to 'close' (integer expected, got no value)", message(unistd.close))
    assert.equal("bad argument #1 to 'close' (integer expected, got string)", message(unistd.close, "x"))
    assert.equal("bad argument #2 to 'close' (no more than 1 argument expected, got 2)", message(unistd.close, 1, 2))
    assert.equal("bad argument #3 to 'link' (boolean or nil expected, got number)", message(unistd.link, "a", "b", 1))
    assert.equal("bad argument #1 to 'errno' (integer or nil expected, got table)", message(errno.errno, {}))
  end)

  it("are converted as C functions of Lua convert them", function()
    assert.same({ "Operation not permitted", 1 }, { errno.errno "1" })
    assert.same({ "Operation not permitted", 1 }, { errno.errno(1.0) })
  end)

  it("that are wrong are told at the script's line", function()
    local _, place = pcall(function() unistd.close {} end)
    assert.matches("posix_errno_spec.lua:%d+: bad argument", place)
  end)
end)
