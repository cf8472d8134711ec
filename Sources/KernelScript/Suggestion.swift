import LinuxKernel

/// "Did you mean" for names typed by people.
package enum Suggestion {
  /// The candidate that is fewest edits away, if any is near; the first of several equally near.
  package static func nearest(_ name: String, _ candidates: [String]) -> String? {
    let wanted = Array(name.lowercased().utf8)
    var best: String?
    var bestDistance = max(2, wanted.count / 3) + 1
    for candidate in candidates {
      let other = Array(candidate.lowercased().utf8)
      guard abs(other.count - wanted.count) < bestDistance else { continue }
      let distance = distance(wanted, other)
      if distance < bestDistance { (best, bestDistance) = (candidate, distance) }
    }
    return best
  }

  /// " (did you mean X?)", or nothing.
  package static func text(_ name: String, _ candidates: [String]) -> String {
    nearest(name, candidates).map { " (did you mean \($0)?)" } ?? ""
  }

  /// A message of Lua with what its reader probably forgot: the table that a call or function of kscript is in.
  package static func withCure(_ message: String) -> String {
    guard let match = message.firstMatch(of: /a nil value \(global '(\w+)'\)$/) else { return message }
    let name = String(match.1)
    let from = "local \(name) = require \"kscript\"" + (name == "ks" ? "" : ".\(name)")
    if ["describe", "it"].contains(name) { return "\(message); specs are run by kscript test" }
    if ["ks", "sys", "must", "C"].contains(name) { return "\(message); \(from)" }
    if Syscall.all.contains(where: { $0.name == name }) { return "\(message); the call is sys.\(name)" }
    if Library.functions.contains(where: { $0.name == name }) { return "\(message); the function is ks.\(name)" }
    return message
  }

  /// Levenshtein's distance, with one row of the table.
  private static func distance(_ wanted: [UInt8], _ other: [UInt8]) -> Int {
    var row = Array(0...other.count)
    for (i, byte) in wanted.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, otherByte) in other.enumerated() {
        let substituted = diagonal + (byte == otherByte ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(row[j + 1] + 1, row[j] + 1, substituted)
      }
    }
    return row[other.count]
  }
}
