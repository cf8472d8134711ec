import ArgumentParser
import Glibc
import KernelScript
import LinuxKernel

/// A trace on its way to stderr or to a file.
final class Tracing {
  let sink: TraceSink
  private let file: TraceFile?

  init(_ options: TraceSink.Options, output: String?) throws {
    let file = try output.map { try TraceFile($0) }
    self.file = file
    // On stderr a line goes out at once, so that it stands where it belongs among what the script writes.
    sink = TraceSink(options) { text in
      if let file { file.write(text) } else { Array(text.utf8).withByteView { Terminal.error($0) } }
    }
  }

  /// As `run --trace` has it: `-` for stderr, else a file.
  convenience init(_ output: String) throws {
    var options = TraceSink.Options()
    options.text.namesTasks = output != "-"
    try self.init(options, output: output == "-" ? nil : output)
  }

  func finish(_ machine: Machine) {
    sink.finish(machine)
    file?.flush()
  }
}

/// A file of the host that a trace is written to.
final class TraceFile {
  private let descriptor: Int32
  private var pending: [UInt8] = []

  /// Creates the file; says what is wrong and exits otherwise.
  init(_ path: String) throws {
    descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      Terminal.error("kscript: \(path): \(String(cString: strerror(errno)))")
      throw ExitCode(Kscript.ExitStatus.failed)
    }
  }

  func write(_ text: String) {
    pending += text.utf8
    if pending.count >= 65536 { flush() }
  }

  func flush() {
    var done = 0
    while done < pending.count {
      let count = pending.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + done, pending.count - done) }
      if count < 0, errno != EINTR {
        Terminal.error("kscript: the trace: \(String(cString: strerror(errno)))")
        break
      }
      done += max(count, 0)
    }
    pending = []
  }
}
