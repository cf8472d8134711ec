import LinuxKernel
import Testing

@Suite("Performing calls")
struct PerformTests {
  @Test("A blocked call is performed again when it is woken, and answers then")
  func performedAgain() throws {
    let kernel = TestKernel(), me = kernel.me
    let (reader, writer) = try kernel.pipe2([], as: me)
    let child = try kernel.fork(as: me)
    let first = kernel.perform("read", CallArgument(reader), 10, for: me)
    #expect(first.name == "blocked")
    #expect(kernel.describe(me).blockedIn == "read")
    #expect(kernel.describe(me).call == "read(3<pipe:[\(inode(kernel.describe(me)))]>, 10)")
    let next = kernel.schedule()
    #expect(next == child)
    #expect(kernel.resume(child).name == "start")
    try kernel.write(writer, "hi", as: child)
    #expect(kernel.schedule() == me)
    #expect(kernel.resume(me).name == "reply")
    #expect(kernel.answerBytes.string == "hi")
    #expect(kernel.describe(me).blockedIn == nil)
    kernel.exit(child, status: 0)
    #expect(kernel.schedule() == nil)
  }

  private func inode(_ view: Kernel.TaskView) -> String {
    String(view.descriptors[3].name.dropFirst("pipe:[".count).dropLast())
  }

  @Test("A call woken for nothing waits again")
  func wokenForNothing() throws {
    let kernel = TestKernel(), me = kernel.me
    let (reader, writer) = try kernel.pipe2([], as: me)
    let thief = try kernel.fork(as: me)
    #expect(kernel.perform("read", CallArgument(reader), 10, for: me).name == "blocked")
    _ = kernel.schedule()
    _ = kernel.resume(thief)
    try kernel.write(writer, "x", as: thief)
    #expect(try kernel.read(reader, 10, as: thief) == Array("x".utf8))
    #expect(kernel.schedule() == me)
    #expect(kernel.resume(me).name == "blocked")
    #expect(kernel.schedule() == nil)
  }

  @Test("A write larger than the pipe goes on where it was cut, and answers its whole size")
  func progress() throws {
    let kernel = TestKernel(), me = kernel.me
    let (reader, writer) = try kernel.pipe2([], as: me)
    let child = try kernel.fork(as: me)
    let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
    #expect(kernel.perform("write", CallArgument(writer), .bytes(bytes), for: me).name == "blocked")
    _ = kernel.schedule()
    _ = kernel.resume(child)
    var got: [UInt8] = []
    var resumptions = 0
    while got.count < bytes.count {
      got += try kernel.read(reader, 10_000, as: child)
      guard kernel.schedule() != nil else { continue }
      resumptions += 1
      if case .reply = kernel.resume(me) { #expect(kernel.answer.value == 200_000) }
    }
    #expect(got == bytes)
    #expect(resumptions > 2)
    #expect(kernel.describe(me).blockedIn == nil)
  }

  /// Calls that would wait in `World`, each for another reason.
  static let waiting: [(name: String, arguments: [CallArgument])] = [
    ("read", [3, 5]),
    ("open", ["/tmp/fifo", 0]),
    ("open", ["/tmp/fifo", 1]),
    ("waitpid", [-1, 0]),
    ("poll", [.bytes([3, 0, 0, 0, 1, 0, 0, 0]), 1000]),
    ("poll", [.bytes([3, 0, 0, 0, 1, 0, 0, 0]), -1]),
    ("epoll_wait", [10, 1, 50]),
    ("read", [9, 8]),
    ("nanosleep", [.bytes([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])]),
    ("pause", []),
    ("sigsuspend", [.bytes([0, 2, 0, 0, 0, 0, 0, 0])]),
    ("sigwaitinfo", [.bytes([0, 2, 0, 0, 0, 0, 0, 0])]),
  ]

  @Test("A call that would wait where its caller cannot leaves no trace", arguments: waiting.indices)
  func cannotSleep(index: Int) {
    let (name, arguments) = Self.waiting[index]
    let world = World()
    var attempt = Transcript()
    world.kernel.canSleep = false
    attempt.call(world.kernel, name, arguments, as: world.me)
    world.kernel.canSleep = true
    #expect(attempt.lines == ["\(name): cannotSleep"])
    #expect(world.kernel.describe(world.me).state == "runnable")
    #expect(world.transcript() == SnapshotTests.reference)
  }

  @Test("A call that gives way where its caller cannot be suspended goes on at once")
  func yieldsWithoutSleeping() {
    let world = World()
    world.kernel.canSleep = false
    #expect(world.kernel.perform("sched_yield", for: world.me).name == "reply")
    #expect(world.kernel.answer.value == 0)
    world.kernel.canSleep = true
    #expect(world.transcript() == SnapshotTests.reference)
  }

  @Test("A transfer of which a part is done answers that part where it cannot wait for the rest")
  func partBeforeWaiting() throws {
    let kernel = TestKernel(), me = kernel.me
    let (reader, writer) = try kernel.pipe2([], as: me)
    let bytes = (0..<70_000).map { UInt8(truncatingIfNeeded: $0) }
    #expect(try kernel.write(writer, bytes, as: me) == 65536)
    #expect(try kernel.read(reader, 70_000, as: me) == Array(bytes.prefix(65536)))
    #expect(try kernel.call("write", CallArgument(writer), .bytes(bytes), as: me).value == 65536)
    #expect(throws: Unanswered.wouldWait) { try kernel.call("write", CallArgument(writer), "x", as: me) }
  }

  @Test("An unknown call and a failed one throw what they are")
  func failures() {
    let kernel = TestKernel(), me = kernel.me
    #expect(throws: Unanswered.unknownCall("frobnicate")) { try kernel.call("frobnicate", as: me) }
    #expect(throws: Errno.EBADF) { try kernel.call("close", 99, as: me) }
    #expect(throws: Errno.ENOENT) { try kernel.open("/nowhere", [], as: me) }
  }
}
