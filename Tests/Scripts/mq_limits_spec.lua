-- fs.mqueue: the settings of an IPC namespace. Each case has a namespace of its own, so nothing is put back.
local ks = require "kscript"
local sys, must = ks.sys, ks.must
local helpers = require "helpers"
local in_child, as_user = helpers.in_child, helpers.as_user
local root = "/proc/sys/fs/mqueue/"
local function get(name) return helpers.get(root .. name) end
local function put(name, text) return helpers.put(root .. name, text) end

local defaults = { queues_max = 256, msg_max = 10, msgsize_max = 8192, msg_default = 10, msgsize_default = 8192 }

describe("fs.mqueue", function()
  -- covers: mq.limit.sysctl_ranges
  it("takes numbers in Linux's ranges", function()
    for name, value in pairs(defaults) do assert.equal(value .. "\n", get(name)) end
    for _, name in ipairs { "msg_max", "msg_default" } do
      assert(put(name, 1))
      assert(put(name, 65536))
      assert.errno("EINVAL", put(name, 0))
      assert.errno("EINVAL", put(name, 65537))
      assert.equal("65536\n", get(name))
    end
    for _, name in ipairs { "msgsize_max", "msgsize_default" } do
      assert(put(name, 128))
      assert(put(name, 16777216))
      assert.errno("EINVAL", put(name, 127))
      assert.errno("EINVAL", put(name, 16777217))
      assert.equal("16777216\n", get(name))
    end
    assert(put("queues_max", 3))
    assert.equal("3\n", get "queues_max")
  end)

  -- covers: mq.limit.sysctl_ns
  it("belongs to the namespace, and to its root", function()
    assert(put("msg_max", 20))
    as_user(function() assert.errno("EACCES", sys.open("/proc/sys/fs/mqueue/msg_max", "O_WRONLY")) end)
    in_child(function()
      must.unshare "CLONE_NEWIPC"
      assert.equal("10\n", get "msg_max")
      assert(put("msg_max", 30))
    end)
    assert.equal("20\n", get "msg_max")
  end)

  it("rules what a queue gets without attributes, and what it may have", function()
    assert(put("msg_max", 20))
    assert(put("msg_default", 50))
    assert(put("msgsize_default", 128))
    local attr = must.mq_getattr(must.mq_open("/a", "O_CREAT|O_RDWR", "0600"))
    assert.same({ 20, 128 }, { attr.mq_maxmsg, attr.mq_msgsize })
    as_user(function()
      must.mq_open("/b", "O_CREAT|O_RDWR", "0600", { mq_maxmsg = 20, mq_msgsize = 10 })
      assert.errno("EINVAL", sys.mq_open("/c", "O_CREAT|O_RDWR", "0600", { mq_maxmsg = 21, mq_msgsize = 10 }))
    end)
    assert(put("queues_max", 2))
    as_user(function() assert.errno("ENOSPC", sys.mq_open("/c", "O_CREAT|O_RDWR", "0600")) end)
  end)
end)
