import KernelScript
import Testing

/// The limit on what a kernel holds in its own files and mappings (--memory), which nothing inside may notice.
struct HeldMemoryTests {
  private static let start = """
    local ks = require "kscript"
    local must = ks.must
    local function map(size) return must.mmap(0, size, "PROT_READ|PROT_WRITE", "MAP_PRIVATE|MAP_ANONYMOUS") end
    local function touch(buffer) for at = 0, #buffer - 1, 4096 do buffer:u8(at, 1) end end

    """

  private func run(_ text: String) -> ScriptRun {
    var options = Machine.Options()
    options.memoryLimit = 32 << 20
    return ScriptRun.run(HeldMemoryTests.start + text, options: options)
  }

  @Test(arguments: [
    "while true do touch(map(1 << 20)) end",
    "while true do pcall(function() touch(map(1 << 20)) end) end",
    "must.sigaction('SIGSEGV', function() print 'seen' end) touch(map(1 << 30)) print 'survived'",
    "must.read(must.open('/dev/zero', 'O_RDONLY'), map(1 << 30)) print 'survived'",
    "local m = map(1 << 30) coroutine.wrap(function() m:set(0, ('x'):rep(4096)) touch(m) end)() print 'survived'",
    """
    local m = map(16 << 20)
    touch(m)
    for _ = 1, 8 do must.fork(function() touch(m) must.pause() end) ks.settle() end
    print 'survived'
    """,
    """
    local f = must.memfd_create('m', 0)
    must.ftruncate(f, 1 << 30)
    touch(must.mmap(0, 1 << 30, 'PROT_READ|PROT_WRITE', 'MAP_SHARED', f, 0))
    print 'survived'
    """,
    "local f = must.memfd_create('m', 0) while true do must.write(f, ('x'):rep(65536)) end",
    "for number = 1, 64 do ks.put('/tmp/' .. number, ('x'):rep(1 << 20)) end print 'survived'",
  ])
  func ends(_ text: String) {
    let run = run(text)
    guard case .limit(let why) = run.outcome else {
      Issue.record("ended with \(run.outcome) \(run.reports)")
      return
    }
    #expect(why.hasSuffix("the limit of 32 MiB is reached (--memory)"))
    #expect(run.output == "")
  }

  @Test(arguments: [
    // What is given up again does not count.
    "for _ = 1, 64 do local m = map(4 << 20) touch(m) must.munmap(m.addr, #m) end print 'survived'",
    // What several share counts once.
    """
    local m = map(16 << 20)
    touch(m)
    for _ = 1, 8 do must.fork(function() m:u8(0, 2) must.pause() end) end
    touch(map(8 << 20))
    ks.settle()
    print 'survived'
    must.exit_group(0)
    """,
    // What was only mapped is not there.
    "for _ = 1, 100 do map(1 << 30) end print 'survived'",
  ])
  func doesNotEnd(_ text: String) {
    let run = run(text)
    #expect(run.output == "survived\n", "\(run.outcome) \(run.reports)")
  }
}
