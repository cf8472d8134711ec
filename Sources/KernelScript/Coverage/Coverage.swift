/// Which facts of the ledger cases show, and which of those the referee confirms.
package struct Coverage: Sendable {
  /// What came of a case on both kernels, and why.
  package enum Outcome: Sendable, Equatable {
    /// It passed on both and its calls were the same.
    case confirmed
    /// It passed on both; calls differed, as it states.
    case stated(String)
    /// It did not run on the host.
    case skipped(String)
    /// It failed, on the host too where it ran there.
    case failed(String)
    /// Its calls differed, or it passed on one of the two alone.
    case differing(String)
  }

  package enum State: String, Sendable { case unshown, unconfirmed, confirmed, differing }

  /// A fact and the cases that show it.
  package struct Item: Sendable {
    package let fact: Ledger.Fact
    package fileprivate(set) var cases: [(place: String, outcome: Outcome)] = []

    /// One case that confirms it is enough, unless another speaks against it.
    package var state: State {
      var isConfirmed = false, hasFailed = false
      for (_, outcome) in cases {
        switch outcome {
        case .differing: return .differing
        case .failed: hasFailed = true
        case .confirmed: isConfirmed = true
        case .stated, .skipped: break
        }
      }
      return cases.isEmpty ? .unshown : isConfirmed && !hasFailed ? .confirmed : .unconfirmed
    }
  }

  /// Facts of a family and tier, or of all.
  package struct Count: Sendable, Equatable {
    package var facts = 0, shown = 0, confirmed = 0, differing = 0
    package init() {}

    fileprivate mutating func add(_ state: State) {
      facts += 1
      if state != .unshown { shown += 1 }
      if state == .confirmed { confirmed += 1 }
      if state == .differing { differing += 1 }
    }
  }

  /// In the order of the ledger.
  package private(set) var items: [Item]
  /// Facts that cases name and the ledger does not hold.
  package private(set) var unknown: [(id: String, place: String)] = []
  package private(set) var host = SpecHostSummary()
  private var positions: [String: Int] = [:]

  package init(_ ledger: Ledger) {
    items = ledger.facts.map { Item(fact: $0) }
    for (position, fact) in ledger.facts.enumerated() { positions[fact.id] = position }
  }

  package mutating func take(_ entry: SpecSuite.Entry) {
    if let half = entry.host { host.count(half) }
    take(entry.job.testCase.covers, place: entry.job.testCase.place, entry.outcome)
  }

  /// A case that names these facts has come to `outcome`.
  package mutating func take(_ ids: [String], place: String, _ outcome: Outcome) {
    var seen: Set<String> = []
    for id in ids where seen.insert(id).inserted {
      if let position = positions[id] {
        items[position].cases.append((place, outcome))
      } else {
        unknown.append((id, place))
      }
    }
  }

  package func count(family: String? = nil, tier: Int? = nil) -> Count {
    var count = Count()
    for item in items where family ?? item.fact.family == item.fact.family && tier ?? item.fact.tier == item.fact.tier {
      count.add(item.state)
    }
    return count
  }

  /// In the order of the ledger.
  package var families: [String] {
    var families: [String] = []
    for item in items where families.last != item.fact.family { families.append(item.fact.family) }
    return families
  }

  /// Whether Linux differs in a fact that programs rely on.
  package var differs: Bool { items.contains { $0.fact.tier < 3 && $0.state == .differing } }
}

extension SpecSuite.Entry {
  /// What it says about the facts that it shows.
  var outcome: Coverage.Outcome {
    guard let host else { return result.status == .failed ? .failed(result.message) : .skipped("it was not run there") }
    switch host.verdict {
    case .differed: return .differing(host.reason)
    case .failed: return .failed(host.reason)
    case _ where result.status == .failed: return .failed(result.message)
    case .skipped, .unavailable: return .skipped(host.reason)
    case .agreed:
      let stated = SpecHostHalf.reasons(host.comparison?.stated ?? [])
      return stated.isEmpty ? .confirmed : .stated(stated.joined(separator: "; "))
    }
  }
}
