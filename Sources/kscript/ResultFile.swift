import ArgumentParser
import Glibc
import KernelScript

/// A file on the host that a command writes its results to. Opened before the work begins, so that a mistake in its
/// name is told at once.
final class ResultFile {
  private let path: String
  private let descriptor: Int32

  init(path: String) throws {
    self.path = path
    descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw failure() }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  private func failure() -> ExitCode {
    Terminal.error("kscript: \(path): \(String(cString: strerror(errno)))")
    return ExitCode(Kscript.ExitStatus.usage)
  }

  func write(_ text: String) {
    guard !Terminal.write(Array(text.utf8), to: descriptor) else { return }
    Terminal.flush()
    _ = failure()
    Glibc.exit(Kscript.ExitStatus.failed)
  }

  /// Writes a whole file.
  static func write(_ text: String, to path: String) throws {
    let file = try ResultFile(path: path)
    file.write(text)
  }
}
