import Glibc
import KernelScript
import LinuxKernel
import Testing

/// Generated scripts on both kernels. KSCRIPT_FULL=1 runs 100,000 calls and many planted mistakes.
@Suite("Fuzzing", .serialized)
struct FuzzTests {
  static let isFull = getenv("KSCRIPT_FULL") != nil

  /// Why this machine cannot be the referee, which a suite that is skipped says.
  static let hasReferee: Bool = {
    let isReady = geteuid() == 0 && sysconf(Int32(_SC_NPROCESSORS_ONLN)) >= 2 && FuzzTests.unavailable == nil
    if !isReady {
      print("fuzzing: no referee here, skipped: \(FuzzTests.unavailable ?? "it takes root and two processors")")
    }
    return isReady
  }()
  private static let unavailable: String? = {
    var fuzzer = Fuzzer(seed: 0)
    _ = fuzzer.next()
    return fuzzer.unavailable
  }()

  @Test func everyCallBelongsToAFamily() {
    let known = Set(FuzzFamily.all.flatMap(\.calls)).union(FuzzExclusion.calls)
    let missing = Syscall.all.map(\.name).filter { !known.contains($0) }
    #expect(missing.isEmpty, "put them into a declaration of FuzzFamily: \(missing)")
  }

  @Test func sameSeedMakesTheSameScripts() {
    for number in 0..<20 { #expect(Fuzzer.script(seed: 5, number: number) == Fuzzer.script(seed: 5, number: number)) }
    #expect(Fuzzer.script(seed: 5, number: 0) != Fuzzer.script(seed: 6, number: 0))
    #expect(Fuzzer.script(seed: 5, number: 0) != Fuzzer.script(seed: 5, number: 1))
  }

  /// A wrong errno can only be found in a call that fails: each does, often enough.
  @Test func everyCallThatCanFailFails() {
    let answers = Fuzzer.answers(seed: 11, calls: 40_000)
    // What fails on no road that a script can take without the whole table being full, or that ends its task.
    let others: Set = ["getpid", "gettid", "getcwd", "pipe", "poll", "fork", "vfork", "clock_getres", "getitimer"]
    let usual = Set(FuzzFamily.usual.flatMap(\.calls))
    let never = Syscall.all.filter { call in
      !call.errors.isEmpty && usual.contains(call.name) && !others.contains(call.name)
        && !call.errors.contains { answers["\(call.name) \($0.errno.name)"] != nil }
    }
    #expect(never.isEmpty, "no generated call fails: \(never.map(\.name))")
  }

  @Test(.enabled(if: hasReferee)) func bothKernelsAnswerAlike() {
    var fuzzer = Fuzzer(seed: Self.isFull ? 20_261_122 : 7)
    while fuzzer.callCount < (Self.isFull ? 100_000 : 6000), fuzzer.findings.count < 10 { _ = fuzzer.next() }
    print("fuzzing: \(fuzzer.callCount) calls, \(fuzzer.programCount) programs, \(fuzzer.unsteadyCount) seen only once")
    #expect(fuzzer.findings.isEmpty, "\(fuzzer.findings.map(\.spec).joined(separator: "\n"))")
  }

  @Test(.enabled(if: hasReferee)) func plantedMistakeIsFound() throws {
    // Of the call's own families, so that nothing else is found first.
    var plants: [(String, Errno, Errno)] = [
      ("dup3", .EINVAL, .EBADF), ("renameat2", .EEXIST, .ENOENT), ("timer_settime", .EINVAL, .EFAULT),
    ]
    if Self.isFull {
      plants += [
        ("epoll_ctl", .ENOENT, .EINVAL), ("pipe2", .EINVAL, .EPERM), ("setpgid", .ESRCH, .EPERM),
        ("mmap", .EACCES, .EINVAL),
      ]
    }
    for (call, right, wrong) in plants {
      let families = FuzzFamily.usual.filter { $0.calls.contains(call) }
      var fuzzer = Fuzzer(seed: 3, families: families, plant: Plant(call: call, right: right, wrong: wrong))
      let key = "\(call): \(right.name) / \(wrong.name)"
      while fuzzer.callCount < 20_000, !fuzzer.findings.contains(where: { $0.key == key }) { _ = fuzzer.next() }
      let finding = try #require(fuzzer.findings.first { $0.key == key }, "\(call)'s \(right.name) as \(wrong.name)")
      #expect(finding.spec.contains("assert.errno(\"\(right.name)\", sys.\(call)("))
      print("fuzzing: \(call)'s \(right.name) as \(wrong.name) found in \(fuzzer.callCount) calls")
    }
  }

  /// A task that waits at the console for what no typing brings is stuck once the input is at its end.
  @Test func consoleAtItsEndWakesNobody() {
    let machine = Machine(console: { _, _ in }, report: { _ in })
    #expect(
      machine.load(
        Array("require('kscript').sys.poll({ { fd = 0, events = 0 } })".utf8), name: "stuck.lua", arguments: []) == nil)
    guard case .deadlock(let tasks) = machine.run() else {
      Issue.record("no deadlock")
      return
    }
    #expect(tasks.map(\.place) == ["stuck.lua:1"])
  }
}
