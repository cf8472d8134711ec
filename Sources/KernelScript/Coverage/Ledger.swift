/// The ledger of facts about Linux, docs/surface/FAMILY.tsv.
package struct Ledger: Sendable {
  package struct Fact: Sendable {
    package let id: String
    /// The name of its file.
    package let family: String
    /// 1 every program relies on it; 2 careful programs do; 3 a corner.
    package let tier: Int
    package let behaviour: String
    /// "file:line"
    package let place: String
  }

  /// A line that is no fact.
  package struct Failure: Error {
    package let message: String
  }

  /// In the order of the files and of their lines.
  package private(set) var facts: [Fact] = []
  package static let header = ["id", "tier", "since", "behaviour", "errors", "evidence"]

  /// - Parameter files: their paths and texts; a family is called as its file is.
  package init(_ files: [(path: String, text: String)]) throws(Failure) {
    var places: [String: String] = [:]
    for (path, text) in files {
      let family = String((path.split(separator: "/").last ?? "").prefix { $0 != "." })
      for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
        let columns = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        let place = "\(path):\(index + 1)"
        if index == 0 {
          guard columns == Ledger.header else { throw Failure(message: "\(place): no header of a ledger") }
          continue
        }
        if line.isEmpty { continue }
        guard columns.count == Ledger.header.count else {
          throw Failure(message: "\(place): \(columns.count) columns instead of \(Ledger.header.count)")
        }
        guard let tier = Int(columns[1]), (1...3).contains(tier) else {
          throw Failure(message: "\(place): there is no tier \(columns[1])")
        }
        if let other = places.updateValue(place, forKey: columns[0]) {
          throw Failure(message: "\(place): \(columns[0]) stands in \(other) already")
        }
        facts.append(Fact(id: columns[0], family: family, tier: tier, behaviour: columns[3], place: place))
      }
    }
  }
}
