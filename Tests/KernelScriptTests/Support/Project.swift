import Glibc
import KernelScript

/// The project's own files, for the tests that read them.
enum Project {
  /// The root of the package, from where this file was compiled.
  static let root: String = {
    let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    return parts.dropLast(4).joined(separator: "/")
  }()

  struct File {
    /// Relative to the root.
    let path: String
    let text: String
    var name: String { String(path.split(separator: "/").last!) }
    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
  }

  /// The text of one file, by its path from the root.
  static func text(_ path: String) -> String {
    guard let bytes = HostFile.read("\(root)/\(path)") else { fatalError("\(path) cannot be read") }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// All files below a folder that end in `suffix`, sorted by path.
  static func files(_ folder: String, _ suffix: String) -> [File] {
    paths(folder).filter { $0.hasSuffix(suffix) }.sorted().map { File(path: $0, text: text($0)) }
  }

  private static func paths(_ folder: String) -> [String] {
    guard let directory = opendir("\(root)/\(folder)") else { return [] }
    defer { closedir(directory) }
    var found: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard !name.hasPrefix(".") else { continue }
      let path = "\(folder)/\(name)"
      if entry.pointee.d_type == UInt8(DT_DIR) { found += paths(path) } else { found.append(path) }
    }
    return found
  }

  /// The folder of the programs that were built with the running test.
  static let products: String = {
    var buffer = [CChar](repeating: 0, count: 4096)
    let length = readlink("/proc/self/exe", &buffer, buffer.count)
    let path = String(decoding: buffer.prefix(max(0, length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
  }()
}

extension Substring {
  /// The words of a Lua line's comment that begins with `marker`.
  func words(after marker: String) -> [Substring]? {
    let trimmed = drop { $0 == " " }
    guard trimmed.hasPrefix(marker) else { return nil }
    return trimmed.dropFirst(marker.count).split(separator: " ")
  }
}
