import Glibc

/// Reading files of the host: scripts, modules, images. Without Foundation, whose loading costs more than running a
/// small script.
public enum HostFile {
  /// The bytes of a file; nil where it cannot be read (errno tells why).
  public static func read(_ path: String) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    return readAll(descriptor)
  }

  public static func readStandardInput() -> [UInt8]? { readAll(STDIN_FILENO) }

  private static func readAll(_ descriptor: Int32) -> [UInt8]? {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count > 0 {
        bytes += buffer[..<count]
      } else if count == 0 {
        return bytes
      } else if errno != EINTR {
        return nil
      }
    }
  }
}
