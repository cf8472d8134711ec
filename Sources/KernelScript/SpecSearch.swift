import Glibc

/// Finding the spec files that a command line names.
package enum SpecSearch {
  /// A file, and the lines whose cases are wanted; all cases where there are none.
  package struct Target: Sendable, Equatable {
    package let path: String
    package var lines: [Int]

    package init(path: String, lines: [Int] = []) {
      self.path = path
      self.lines = lines
    }
  }

  /// What was named is not there, or cannot be read.
  package struct Failure: Error {
    package let message: String
  }

  /// Every file named, and those of the folders named that end in _spec.lua or _test.lua, sorted within each folder.
  /// `file_spec.lua:12` is the case of that file that line 12 belongs to. Hidden folders are passed over.
  package static func targets(_ paths: [String]) throws(Failure) -> [Target] {
    var targets: [Target] = []
    func add(_ path: String, _ line: Int?) {
      if let known = targets.firstIndex(where: { $0.path == path }) {
        // A file named as a whole stays whole.
        if targets[known].lines.isEmpty { return }
        targets[known].lines = line.map { targets[known].lines + [$0] } ?? []
      } else {
        targets.append(Target(path: path, lines: line.map { [$0] } ?? []))
      }
    }
    for path in paths {
      if let kind = kind(path) {
        if kind == S_IFDIR { for file in try files(path) { add(file, nil) } } else { add(path, nil) }
      } else if let (file, line) = splitLine(path), kind(file) == S_IFREG {
        add(file, line)
      } else {
        throw Failure(message: "\(path): \(String(cString: strerror(ENOENT)))")
      }
    }
    return targets
  }

  private static func kind(_ path: String) -> mode_t? {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
  }

  private static func splitLine(_ path: String) -> (String, Int)? {
    guard let colon = path.lastIndex(of: ":"), let line = Int(path[path.index(after: colon)...]) else { return nil }
    return (String(path[..<colon]), line)
  }

  /// The files below a folder whose names end so, sorted.
  package static func files(
    _ folder: String, endings: [String] = ["_spec.lua", "_test.lua"]
  ) throws(Failure) -> [String] {
    guard let names = names(folder) else { throw Failure(message: "\(folder): \(String(cString: strerror(errno)))") }
    let prefix = folder == "." ? "" : folder.hasSuffix("/") ? folder : folder + "/"
    var found: [String] = []
    for name in names.sorted() where !name.hasPrefix(".") {
      let path = prefix + name
      var status = stat()
      // A folder behind a symbolic link may be one of those above.
      guard lstat(path, &status) == 0 else { continue }
      if status.st_mode & S_IFMT == S_IFDIR {
        found += try files(path, endings: endings)
      } else if endings.contains(where: { name.hasSuffix($0) }), kind(path) == S_IFREG {
        found.append(path)
      }
    }
    return found
  }

  private static func names(_ folder: String) -> [String]? {
    guard let directory = opendir(folder) else { return nil }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let offset = MemoryLayout<dirent>.offset(of: \.d_name)!
      names.append(String(cString: UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self)))
    }
    return names
  }
}
