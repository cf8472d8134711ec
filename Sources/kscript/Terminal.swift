import Glibc
import KernelScript
import LinuxKernel

/// The process' own streams, written without buffering surprises: errors after the output that came before them.
enum Terminal {
  nonisolated(unsafe) private static var pending: [UInt8] = []
  private static let isInteractive = isatty(STDOUT_FILENO) == 1

  static func output(_ bytes: ByteView) {
    pending += bytes.array
    if pending.count >= 65536 || isInteractive && pending.contains(0x0a) { flush() }
  }

  static func output(_ text: String) { Array(text.utf8).withByteView { output($0) } }

  static func error(_ bytes: ByteView) {
    flush()
    _ = write(bytes.array, to: STDERR_FILENO)
  }

  /// One line on stderr.
  static func error(_ text: String) { Array((text + "\n").utf8).withByteView { error($0) } }

  static func flush() {
    guard !pending.isEmpty else { return }
    let bytes = pending
    pending = []
    if !write(bytes, to: STDOUT_FILENO) {
      let reason = errno
      // A reader that went away (kscript ... | head) is no mistake worth a message.
      if reason != EPIPE {
        _ = write(Array("kscript: standard output: \(String(cString: strerror(reason)))\n".utf8), to: STDERR_FILENO)
      }
      _exit(reason == EPIPE ? 141 : 1)
    }
  }

  static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + done, bytes.count - done) }
      if count < 0 {
        if errno == EINTR || errno == EAGAIN { continue }
        return false
      }
      done += count
    }
    return true
  }

  /// A line from standard input; nil at its end.
  static func readLine() -> [UInt8]? {
    flush()
    guard let line = Swift.readLine(strippingNewline: false) else { return nil }
    return Array(line.utf8)
  }
}
