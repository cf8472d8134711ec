import Glibc
import KernelScript

/// Runs the `kscript` that was built with the tests, as a shell would.
struct Program {
  var status: Int32
  var output: String
  var errors: String
  /// It had to be killed since it did not end by itself.
  var hung = false

  /// What neither a user's mistake nor anything else may print: a Swift trace.
  var hasTrace: Bool {
    ["Fatal error", "Backtrace", "Thread 0", "Swift runtime", "Illegal instruction"].contains {
      errors.contains($0) || output.contains($0)
    }
  }
  var lastLine: String { errors.split(separator: "\n").last.map(String.init) ?? "" }
  var errorLines: Int { errors.split(separator: "\n").count }

  /// - Parameters:
  ///   - closed: descriptors that the program starts without.
  static func kscript(_ arguments: [String], closed: [Int32] = [], seconds: Int = 60) -> Program {
    let folder = Folder()
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, folder.path("out"), O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, folder.path("err"), O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    for descriptor in closed { posix_spawn_file_actions_addclose(&actions, descriptor) }
    let program = Project.products + "/kscript"
    var pointers: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    var pid: pid_t = 0
    let failure = posix_spawn(&pid, program, &actions, nil, &pointers, environ)
    guard failure == 0 else {
      return Program(status: -1, output: "", errors: "\(program): \(String(cString: strerror(failure)))")
    }
    // A pidfd(2) can be read once its process has ended.
    var end = pollfd(fd: pidfdOpen(pid, 0), events: Int16(POLLIN), revents: 0)
    defer { close(end.fd) }
    let hung = poll(&end, 1, Int32(seconds * 1000)) == 0
    if hung { kill(pid, SIGKILL) }
    var status: Int32 = 0
    waitpid(pid, &status, 0)
    let code = status & 0x7f == 0 ? status >> 8 & 0xff : 128 + (status & 0x7f)
    return Program(status: code, output: folder.text("out"), errors: folder.text("err"), hung: hung)
  }

  /// pidfd_open(2), which Swift's Glibc does not show.
  private static let pidfdOpen = unsafeBitCast(
    dlsym(nil, "pidfd_open"), to: (@convention(c) (Int32, UInt32) -> Int32).self)

  /// Runs Lua text from a file.
  static func run(_ script: String, _ options: [String] = [], name: String = "script.lua", seconds: Int = 60) -> Program
  {
    run(Array(script.utf8), options, name: name, seconds: seconds)
  }

  static func run(_ script: [UInt8], _ options: [String] = [], name: String = "script.lua", seconds: Int = 60)
    -> Program
  {
    let folder = Folder()
    folder.write(script, to: name)
    return kscript(["run"] + options + [folder.path(name)], seconds: seconds)
  }
}

/// A folder of the host that goes when it is no longer held.
final class Folder {
  private let base: String

  init() {
    var template = Array("\(getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp")/kscript-test.XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { fatalError("no temporary folder can be made") }
    base = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    if let directory = opendir(base) {
      while let entry = readdir(directory) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if name != ".", name != ".." { unlink(path(name)) }
      }
      closedir(directory)
    }
    rmdir(base)
  }

  func path(_ name: String) -> String { "\(base)/\(name)" }
  func text(_ name: String) -> String { String(decoding: HostFile.read(path(name)) ?? [], as: UTF8.self) }

  func write(_ bytes: [UInt8], to name: String) {
    let file = open(path(name), O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    _ = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
    close(file)
  }
}
