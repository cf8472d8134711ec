-- execve: whose rights a program has, by its ids, its set-id bits and capabilities.
local ks = require "kscript"
local must = ks.must
local become = require("helpers").become
local programs = require "exec_helpers"
local program, in_child, output = programs.program, programs.in_child, programs.output

describe("credentials over execve", function()
  local ids = "local r, e, s = must.getresuid() local rg, eg, sg = must.getresgid() out(r, e, s, rg, eg, sg)"
  local function drop() become(1000) end

  -- covers: exec.saved_ids
  it("the saved ids become the effective ones", function()
    assert.equal("1,2,2,4,5,5", output(ids, function()
      must.setresgid(4, 5, 6)
      must.setresuid(1, 2, 3)
    end))
  end)

  local function output_of(mode, owner, group, text, prepare)
    program("/tmp/s", programs.writes .. text)
    must.chown("/tmp/s", owner, group)
    must.chmod("/tmp/s", mode)
    return programs.written_by("/tmp/s", prepare)
  end

  -- covers: exec.setuid exec.setgid
  it("set-id bits of the file give its owner's and group's ids", function()
    assert.equal("1000,2000,2000,1000,1000,1000", output_of("4755", 2000, 3000, ids, drop))
    assert.equal("1000,1000,1000,1000,3000,3000", output_of("2755", 2000, 3000, ids, drop))
    assert.equal("1000,1000,1000,1000,1000,1000", output_of("2745", 2000, 3000, ids, drop))
  end)

  -- covers: exec.capabilities
  it("root's programs have all capabilities, those of others none", function()
    local status = [[
      local c = must.capget({ version = 0x20080522, pid = 0 })
      local function some(field) return c[1][field] | c[2][field] == 0 and "none" or "some" end
      out(some "permitted", some "effective")
    ]]
    assert.equal("none,none", output_of("0755", 0, 0, status, drop))
    assert.equal("some,some", output_of("4755", 0, 0, status, drop))
    assert.equal("some,some", output_of("0755", 0, 0, status))
    assert.equal("some,none", output_of("0755", 0, 0, status, function() must.setresuid(0, 1000, 1000) end))
    assert.equal("none,none", output_of("0755", 0, 0, status, function()
      must.prctl("PR_SET_KEEPCAPS", 1)
      drop()
    end))
  end)

  -- covers: exec.keepcaps exec.dumpable exec.pdeathsig
  it("keepcaps is cleared, dumpable follows the ids and the file, a death signal ends with more rights", function()
    local state = "out(must.prctl 'PR_GET_KEEPCAPS', must.prctl 'PR_GET_DUMPABLE', must.prctl 'PR_GET_PDEATHSIG')"
    local function ask()
      must.prctl("PR_SET_PDEATHSIG", 12)
      must.prctl("PR_SET_KEEPCAPS", 1)
      must.prctl("PR_SET_DUMPABLE", 0)
    end
    assert.equal("0,1,12", output_of("0755", 0, 0, state, ask))
    assert.equal("0,0,0", output_of("4755", 2000, 0, state, function() drop() ask() end))
    assert.equal("0,0,12", output_of("0711", 0, 0, state, function() drop() ask() end))
  end)

  -- covers: exec.unsafe_share
  it("set-id bits do nothing for a process without CAP_SETUID that shares its working directory", function()
    program("/tmp/s", "return must.geteuid() == 2000 and 1 or 0")
    must.chown("/tmp/s", 2000, 2000)
    must.chmod("/tmp/s", "4755")
    assert.same({ "exited", 0 }, { in_child(function()
      drop()
      local pid = must.clone3({ flags = "CLONE_FS", exit_signal = "SIGCHLD" }, function()
        must.execve("/tmp/s", { "s" })
      end)
      return (select(3, must.waitpid(pid)))
    end) })
  end)
end)
