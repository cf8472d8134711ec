import LinuxKernel
import Testing

@Suite("Pipes, from Swift")
struct PipeTests {
  @Test("hand on what was written, and end when the last writer is gone")
  func basics() throws {
    let kernel = TestKernel(), me = kernel.me
    let (reader, writer) = try kernel.pipe2([], as: me)
    #expect([reader.number, writer.number] == [3, 4])
    #expect(try kernel.write(writer, "hello", as: me) == 5)
    #expect(try kernel.write(writer, Array(" world".utf8), as: me) == 6)
    #expect(try kernel.read(reader, 7, as: me) == Array("hello w".utf8))
    var buffer = [UInt8](repeating: 0, count: 64)
    #expect(try kernel.read(reader, into: &buffer, as: me) == 4)
    #expect(Array(buffer.prefix(5)) == Array("orld\0".utf8))
    #expect(throws: Unanswered.wouldWait) { try kernel.read(reader, 1, as: me) }
    try kernel.close(writer, as: me)
    #expect(try kernel.read(reader, 1, as: me) == [])
    #expect(throws: Errno.EBADF) { try kernel.close(writer, as: me) }
  }

  @Test("fail as their ends and flags say")
  func failures() throws {
    let kernel = TestKernel(), me = kernel.me
    #expect(throws: Errno.EINVAL) { try kernel.pipe2([.append], as: me) }
    let (reader, writer) = try kernel.pipe2([.nonblock, .cloexec], as: me)
    #expect(throws: Errno.EBADF) { try kernel.write(reader, "x", as: me) }
    #expect(throws: Errno.EBADF) { try kernel.read(writer, 1, as: me) }
    #expect(throws: Errno.EAGAIN) { try kernel.read(reader, 1, as: me) }
    #expect(throws: Errno.EINVAL) { try kernel.read(reader, -1, as: me) }
    try kernel.close(reader, as: me)
    // Task 1 is init: the SIGPIPE does not touch it.
    #expect(throws: Errno.EPIPE) { try kernel.write(writer, "x", as: me) }
  }

  @Test("end a writer that nobody reads by SIGPIPE")
  func brokenPipe() throws {
    let kernel = TestKernel(), me = kernel.me
    let (reader, writer) = try kernel.pipe2([], as: me)
    let child = try kernel.fork(as: me)
    try kernel.close(reader, as: me)
    try kernel.close(reader, as: child)
    #expect(throws: Unanswered.taskEnded) { try kernel.write(writer, "x", as: child) }
    #expect(kernel.describe(child).state == "zombie")
    #expect(try kernel.call("waitpid", -1, 0, as: me).value == 2)
  }

  @Test("hold 64 KiB; a write of up to PIPE_BUF is whole or not at all")
  func capacity() throws {
    let kernel = TestKernel(), me = kernel.me
    let (reader, writer) = try kernel.pipe2([.nonblock], as: me)
    let page = [UInt8](repeating: 1, count: 4096)
    for _ in 0..<15 { #expect(try kernel.write(writer, page, as: me) == 4096) }
    #expect(try kernel.write(writer, Array(page.prefix(100)), as: me) == 100)
    #expect(throws: Errno.EAGAIN) { try kernel.write(writer, page, as: me) }
    #expect(try kernel.read(reader, 15 * 4096, as: me).count == 15 * 4096)
    #expect(try kernel.write(writer, page, as: me) == 4096)
  }

  @Test("keep packets apart with O_DIRECT")
  func packets() throws {
    let kernel = TestKernel(), me = kernel.me
    let (reader, writer) = try kernel.pipe2([.direct], as: me)
    try kernel.write(writer, "one", as: me)
    try kernel.write(writer, "two", as: me)
    #expect(try kernel.read(reader, 100, as: me) == Array("one".utf8))
    #expect(try kernel.read(reader, 1, as: me) == Array("t".utf8))
    #expect(throws: Unanswered.wouldWait) { try kernel.read(reader, 1, as: me) }
  }

  @Test("keep every byte in order, over sizes around a page", arguments: 0..<5)
  func order(seed: UInt64) throws {
    var random = Random(seed: seed)
    let kernel = TestKernel(), me = kernel.me
    let (reader, writer) = try kernel.pipe2([.nonblock], as: me)
    let sizes = [1, 7, 64, 4095, 4096, 4097, 8192, 65536]
    let source = (0..<67_000).map { UInt8(truncatingIfNeeded: $0 &* 13 >> 2) }
    var written: [UInt8] = [], got: [UInt8] = []
    for _ in 0..<150 {
      let size = sizes.randomElement(by: &random)!
      if random.below(2) == 0 {
        let bytes = Array(source[random.below(1000)...].prefix(size))
        if let count = try unless(.EAGAIN, { try kernel.write(writer, bytes, as: me) }) {
          written += bytes.prefix(count)
        }
      } else if let bytes = try unless(.EAGAIN, { try kernel.read(reader, size, as: me) }) {
        got += bytes
      }
    }
    #expect(!got.isEmpty && got == Array(written.prefix(got.count)))
  }

  @Test("Files are opened, read and written by the same calls")
  func files() throws {
    let kernel = TestKernel(), me = kernel.me
    let file = try kernel.open("/tmp/a", [.create, .readWrite], Mode(0o600), as: me)
    try kernel.write(file, "text", as: me)
    #expect(try kernel.read(file, 10, as: me) == [])
    let again = try kernel.openat(file, "/tmp/a", [], as: me)
    #expect(try kernel.read(again, 10, as: me) == Array("text".utf8))
    #expect(try kernel.dup(again, as: me).number == 5)
  }

  private func unless<T>(_ expected: Errno, _ body: () throws -> T) throws -> T? {
    do { return try body() } catch let errno as Errno where errno == expected { return nil }
  }
}
