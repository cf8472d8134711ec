import Foundation
import Testing

/// `kscript trace` and `kscript repl` as a shell sees them.
@Suite struct ExploreCommandTests {
  static let script = """
    local ks = require "kscript"
    local r, w = ks.must.pipe2("O_CLOEXEC")
    ks.must.write(w, "x")
    print(...)
    """

  @Test func traceWritesToStandardErrorOrAFile() throws {
    try CommandTests.withFiles(["a.lua": Self.script]) { folder in
      let shown = try CommandTests.kscript("trace", "a.lua", "-x", "y", in: folder)
      #expect(shown.output == "-x\ty\n")
      #expect(shown.errors.hasPrefix("pipe2([3, 4], O_CLOEXEC)                = 0\n"))
      #expect(try CommandTests.kscript("trace", "-o", "t", "-e", "write", "a.lua", in: folder).errors.isEmpty)
      let file = try String(contentsOfFile: folder + "/t", encoding: .utf8)
      #expect(file == "1     write(4, \"x\", 1)                  = 1\n1     +++ exited with 0 +++\n")
      #expect(try CommandTests.kscript("run", "--trace", "a.lua", in: folder).errors.contains("write(4, \"x\", 1)"))
      _ = try CommandTests.kscript("trace", "--format", "perfetto", "-o", "p.json", "a.lua", in: folder)
      let timeline = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: folder + "/p.json")))
      #expect((timeline as? [String: Any])?["traceEvents"] is [Any])
    }
  }

  @Test func mistakesOfTraceAreUsageErrors() throws {
    try CommandTests.withFiles(["a.lua": Self.script]) { folder in
      for arguments in [["-e", "nosuch"], ["-e", "inject=read:error=EIO"], ["-z", "-Z"], ["-s", "-1"]] {
        let outcome = try CommandTests.kscript("trace", arguments[0], arguments[1], "a.lua", in: folder)
        #expect(outcome.status == 64, "\(arguments)")
      }
      #expect(try CommandTests.kscript("trace", "nosuch.lua", in: folder).status == 66)
    }
  }

  private static let objects = """
    :ipc
    local must = require "kscript".must
    local q = must.msgget(7, "IPC_CREAT|0600") must.msgsnd(q, 1, "hello")
    local s = must.semget(0, 2, "0640") must.shmat(must.shmget(0, 100, "0600"))
    local d = must.mq_open("/jobs", "O_CREAT|O_RDWR", "0644")
    local _ = must.fork(function() must.semop(s, {{sem_num = 0, sem_op = -1}}) end)
    local _ = must.fork(function() must.mq_receive(d) end)
    :ipc
    """

  @Test func aPipedSessionPrintsResultsAndTellsFailure() throws {
    try CommandTests.withFiles([
      "in": "1 + 1\nlocal x = _ * 21\nx\n", "bad": "x = = 1\n2\n", "a.lua": "local y = 5", "ipc": Self.objects,
    ]) {
      folder in
      func session(_ input: String, _ arguments: String) throws -> (String, Int32) {
        let process = Process()
        process.executableURL = CommandTests.program
        process.arguments = ["repl"] + arguments.split(separator: " ").map(String.init)
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.standardInput = FileHandle(forReadingAtPath: folder + "/" + input)
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (text, process.terminationStatus)
      }
      let good = try session("in", ""), bad = try session("bad", "a.lua")
      #expect(good == ("2\n42\n", 0))
      #expect(bad == ("2\n", 1))
      let objects = try session("ipc", "")
      #expect(
        objects.0 == """
          no queue, semaphore set or shared memory
            msg 0 key 0x7        0600 0:0  1 message, 5 of 16384 bytes
            sem 0                0640 0:0  values 0 0; 1 caller waits
            shm 0                0600 0:0  100 bytes, attached 3 times
            mq  /jobs            0644 0:0  0 of 10 messages, 0 bytes; 1 receiver waits

          """, "\(objects.0)")
    }
  }
}
