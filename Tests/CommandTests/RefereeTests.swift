import Foundation
import Testing

private let isRefereePossible = geteuid() == 0 && sysconf(Int32(_SC_NPROCESSORS_ONLN)) >= 2

/// Runs on this machine's Linux: what they see is a world of their own, and nothing of it is left behind.
@Suite("The referee", .serialized, .enabled(if: isRefereePossible, "needs root and two processors"))
struct RefereeTests {
  private func run(_ script: String, _ options: String...) throws -> CommandTests.Output {
    var result: CommandTests.Output?
    try CommandTests.withFiles([
      "script.lua": "local ks = require 'kscript' local sys, must, C = ks.sys, ks.must, ks.C " + script
    ]) { folder in
      result = try CommandTests.run(["run", "--host", "-q"] + options + [folder + "/script.lua"])
    }
    return result!
  }

  /// What a world could leave on this machine besides processes: mounts, objects of System V and POSIX, and owners of
  /// those files of /proc that all namespaces share.
  private static func remains() -> [String] {
    ["sysvipc/msg", "sysvipc/sem", "sysvipc/shm", "self/mounts"].map { name in
      var status = stat()
      lstat("/proc/" + name, &status)
      return "\(status.st_mode) \(status.st_uid) \(status.st_gid) "
        + ((try? String(contentsOfFile: "/proc/" + name, encoding: .utf8)) ?? "")
    }
  }

  /// The processes below `ancestor`, each as a pidfd(2): of one that is gone it never becomes another's.
  private static func descendants(of ancestor: Int32) throws -> [Int32] {
    var found: [Int32] = []
    for task in try FileManager.default.contentsOfDirectory(atPath: "/proc/\(ancestor)/task") {
      let children = (try? String(contentsOfFile: "/proc/\(ancestor)/task/\(task)/children", encoding: .utf8)) ?? ""
      for child in children.split(separator: " ").compactMap({ Int32($0) }) {
        found += [pidfdOpen(child, 0)] + (try descendants(of: child))
      }
    }
    return found
  }

  /// pidfd_open(2), which Swift's Glibc does not show.
  private static let pidfdOpen = unsafeBitCast(
    dlsym(nil, "pidfd_open"), to: (@convention(c) (Int32, UInt32) -> Int32).self)

  /// Whether the process has ended, or does within ten seconds.
  private static func ends(_ pidfd: Int32) -> Bool {
    var entry = pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)
    return poll(&entry, 1, 10_000) == 1
  }

  private static let leavings = """
    for key = 1, 3 do
      must.msgget(key, "IPC_CREAT|0600") must.semget(key, 2, "IPC_CREAT|0600") must.shmget(key, 4096, "IPC_CREAT|0600")
    end
    must.mq_open("/left", "O_CREAT|O_RDWR", "0600")
    ks.put("/tmp/left", "x")
    must.chmod("/proc/sysvipc/msg", 0) must.chown("/proc/sysvipc/sem", 7, 8)
    for _ = 1, 5 do must.fork(function() must.setsid() must.fork(function() sys.pause() end) sys.pause() end) end
    ks.settle()
    """

  @Test func aWorldBeginsAnew() throws {
    let result = try run(
      """
      print(ks.backend, must.getpid(), must.getppid(), must.getuid(), ks.now() < 5)
      print(must.pipe2())
      print(must.msgget(1, "IPC_CREAT"), must.semget(1, 1, "IPC_CREAT"), must.shmget(1, 1, "IPC_CREAT"))
      print(select(3, sys.open("/etc/passwd", 0)) == C.ENOENT, #must.getdents64(must.open("/tmp", 0)))
      print(must.kill(-1, 0) or 0)
      """)
    #expect(
      result.output.hasPrefix("host\t1\t0\t0\ttrue\n3\t4\n0\t0\t0\ntrue\t2\n"), "\(result.output)\(result.errors)")
  }

  @Test func whatLiesBeyondCannotBeReached() throws {
    let result = try run(
      """
      print(select(3, sys.clock_settime("CLOCK_REALTIME", 1)) == C.EPERM)
      must.mknod("/tmp/disk", C.S_IFBLK | 384, 8 << 8)
      print(select(3, sys.open("/tmp/disk", "O_RDONLY")) == C.EACCES)
      print(must.read(must.open("/dev/zero", 0), 1) == "\\0")
      -- Settings of the machine, not of a namespace.
      print(select(3, sys.open("/proc/sys/kernel/panic", "O_WRONLY")) == C.EROFS)
      print(select(3, sys.chmod("/proc/version", 0)) == C.EROFS)
      """)
    #expect(result.output == "true\ntrue\ntrue\ntrue\ntrue\n", "\(result.output)\(result.errors)")
  }

  /// How a run ends: by itself, or by a signal.
  @Test(arguments: [nil, SIGKILL, SIGINT, SIGTERM]) func nothingIsLeftOfARun(signal: Int32?) throws {
    let before = Self.remains()
    let script =
      "local ks = require 'kscript' local sys, must, C = ks.sys, ks.must, ks.C " + Self.leavings
      + " must.write(1, 'up\\n') "
      // Long enough to be looked at.
      + (signal == nil ? "must.nanosleep(0.5)" : "sys.pause()")
    try CommandTests.withFiles(["script.lua": script]) { folder in
      let process = Process(), output = Pipe()
      process.executableURL = CommandTests.program
      process.arguments = ["run", "--host", "-q", folder + "/script.lua"]
      process.standardInput = FileHandle.nullDevice
      process.standardError = FileHandle.nullDevice
      process.standardOutput = output
      try process.run()
      #expect(output.fileHandleForReading.availableData == Data("up\n".utf8))
      let world = try Self.descendants(of: process.processIdentifier)
      defer { world.forEach { close($0) } }
      // The keeper, and a proxy for each of eleven tasks.
      #expect(world.count == 12 && !world.contains { $0 < 0 })
      if let signal { kill(process.processIdentifier, signal) }
      process.waitUntilExit()
      // Who is killed cannot wait for its world to end, which the kernel takes apart by itself.
      #expect(world.allSatisfy(Self.ends))
    }
    #expect(Self.remains() == before)
  }

  @Test func aDifferenceIsShownWithItsPlace() throws {
    try CommandTests.withFiles(
      [
        "a.lua":
          "local ks = require 'kscript'\nif ks.backend == 'host' then\n  ks.sys.umask(0)\nend\nks.sys.getpid()\n",
        "b.lua": "require('kscript').sys.getpid()",
      ]
    ) { folder in
      let differing = try CommandTests.kscript("diff", folder + "/a.lua")
      #expect(differing.status == 1)
      #expect(
        differing.output.contains("a.lua:5  task 1  getpid()\n    host      umask(0)\n    kscript   getpid()"),
        "\(differing.output)")
      let same = try CommandTests.kscript("diff", folder + "/b.lua")
      #expect(same.status == 0)
      #expect(same.output.contains("1 same, 0 differ"), "\(same.output)")
      let json = try CommandTests.kscript("diff", "--format", "json", folder + "/a.lua")
      #expect(json.status == 1)
      #expect(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) is [String: Any])
    }
  }

  @Test func aStatedDifferenceIsListedAndNoFailure() throws {
    try CommandTests.withFiles(
      [
        "a.lua":
          "local ks = require 'kscript'\nks.differs('as I say', "
          + "function() ks.sys.umask(ks.backend == 'host' and 1 or 2) end)\n"
      ]
    ) { folder in
      let result = try CommandTests.kscript("diff", folder + "/a.lua")
      #expect(result.status == 0)
      #expect(result.output.contains("stated: ") && result.output.contains("as I say"), "\(result.output)")
    }
  }

  @Test func aStuckScriptIsToldAsOne() throws {
    let result = try run("local r = must.pipe2() must.read(r, 1)")
    #expect(result.status == 2)
    #expect(result.errors.contains("task 1  read"), "\(result.errors)")
    #expect(result.errors.contains("sleeps, and no clock wakes it"))
  }

  /// Longer than any wait for what is not a clock.
  @Test func whoeverWaitsForATimerIsNotStuck() throws {
    let result = try run(
      """
      must.sigaction("SIGALRM", function() must.setitimer("ITIMER_REAL", { it_value = 0.8 }) end)
      must.setitimer("ITIMER_REAL", { it_value = 0.8 })
      for _ = 1, 2 do sys.pause() end
      local times = must.timerfd_create("CLOCK_REALTIME", 0)
      local soon = must.clock_gettime("CLOCK_REALTIME").tv_sec + 2
      must.timerfd_settime(times, "TFD_TIMER_ABSTIME", { it_value = { tv_sec = soon, tv_nsec = 0 } })
      must.sigaction("SIGALRM", "SIG_IGN")
      print(#must.read(times, 8))
      """)
    #expect(result.output == "8\n", "\(result.errors)")
  }

  @Test func handlersMaskedSleepsAndThreadsWork() throws {
    let result = try run(
      """
      local log = {}
      must.sigaction("SIGALRM", function(n, i) log[#log + 1] = n .. ":" .. i.si_code end)
      must.setitimer("ITIMER_REAL", { it_value = 0.02 })
      local errno = select(3, sys.nanosleep(5))
      log[#log + 1] = errno == C.EINTR
      local word = ks.buffer(8)
      local tid = must.clone3({ flags = "CLONE_VM|CLONE_SIGHAND|CLONE_THREAD|CLONE_FILES|CLONE_FS" },
        function() word:u32(0, must.gettid()) end)
      ks.settle()
      log[#log + 1] = word:u32(0) == tid
      must.vfork(function() word:u32(4, 7) end)
      log[#log + 1] = word:u32(4)
      for i, entry in ipairs(log) do log[i] = tostring(entry) end
      print(table.concat(log, " "))
      """)
    #expect(result.output == "14:128 true true 7\n", "\(result.output)\(result.errors)")
  }
}
