/// Coverage as text and as JSON.
package struct CoverageReport {
  private let coverage: Coverage
  /// The tiers whose facts are listed.
  private let tiers: ClosedRange<Int>
  private let paint: Paint

  package init(_ coverage: Coverage, tiers: ClosedRange<Int> = 1...2, paint: Paint = Paint(isOn: false)) {
    (self.coverage, self.tiers, self.paint) = (coverage, tiers, paint)
  }

  /// What is shown and not confirmed.
  private var open: [Coverage.Item] {
    coverage.items.filter { tiers.contains($0.fact.tier) && ($0.state == .unconfirmed || $0.state == .differing) }
  }

  package var text: String {
    var lines = table
    // Nothing is confirmed then, and each fact would tell why.
    let listed = coverage.host.unavailable == nil ? open : []
    if !listed.isEmpty {
      lines += ["", "shown and not confirmed, of tier \(tiers.lowerBound) to \(tiers.upperBound)"]
      for item in listed { lines += describe(item) }
    }
    for (id, place) in coverage.unknown { lines.append(paint.red("\(place): no row says \(id)")) }
    lines += ["", coverage.host.line]
    return lines.joined(separator: "\n") + "\n"
  }

  private var table: [String] {
    let families = coverage.families
    let width = (families.map(\.count).max() ?? 0) + 2
    func row(_ name: String, _ cells: [String]) -> String {
      Text.pad(name, width) + cells.map { Text.padLeft($0, 11) }.joined()
    }
    func row(_ name: String, _ tier: String, _ count: Coverage.Count) -> String {
      let line = row(name, [tier] + [count.facts, count.shown, count.confirmed, count.differing].map { "\($0)" })
      return count.differing > 0 ? paint.red(line) : line
    }
    var lines = [paint.bold(row("family", ["tier", "facts", "shown", "confirmed", "differing"]))]
    for family in families {
      var name = family
      for tier in 1...3 {
        let count = coverage.count(family: family, tier: tier)
        if count.facts == 0 { continue }
        lines.append(row(name, "\(tier)", count))
        name = ""
      }
    }
    for tier in 1...3 { lines.append(row(tier == 1 ? "all" : "", "\(tier)", coverage.count(tier: tier))) }
    return lines + [row("", "all", coverage.count())]
  }

  private func describe(_ item: Coverage.Item) -> [String] {
    let head = "  \(item.fact.id)  tier \(item.fact.tier)"
    var lines = [item.state == .differing ? paint.red(head + "  differing") : head]
    for (place, outcome) in item.cases {
      let (name, reason) = outcome.told
      if reason.isEmpty { continue }
      let rest = reason.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      lines.append("    \(place)  \(name): \(rest[0])")
      lines += rest.dropFirst().map { "      \($0)" }
    }
    return lines
  }

  package var json: String {
    func object(_ family: String?, _ tier: Int?) -> JSON {
      let count = coverage.count(family: family, tier: tier)
      return .object([
        "family": family.map { .string($0) } ?? .null, "tier": tier.map { .integer(Int64($0)) } ?? .null,
        "facts": .integer(Int64(count.facts)), "shown": .integer(Int64(count.shown)),
        "confirmed": .integer(Int64(count.confirmed)), "differing": .integer(Int64(count.differing)),
      ])
    }
    func object(_ item: Coverage.Item) -> JSON {
      .object([
        "id": .string(item.fact.id), "family": .string(item.fact.family), "tier": .integer(Int64(item.fact.tier)),
        "state": .string(item.state.rawValue),
        "cases": .array(
          item.cases.map { place, outcome in
            let (name, reason) = outcome.told
            return .object(["place": .string(place), "outcome": .string(name), "reason": .string(reason)])
          }),
      ])
    }
    var counts: [JSON] = []
    for family in coverage.families {
      for tier in 1...3 where coverage.count(family: family, tier: tier).facts > 0 {
        counts.append(object(family, tier))
      }
    }
    return JSON.object([
      "host": coverage.host.json, "total": object(nil, nil), "tiers": .array((1...3).map { object(nil, $0) }),
      "families": .array(counts), "facts": .array(coverage.items.map { object($0) }),
      "unknown": .strings(coverage.unknown.map(\.id)),
    ]).text() + "\n"
  }
}

extension Coverage.Outcome {
  /// What it is called, and why it is so.
  fileprivate var told: (name: String, reason: String) {
    switch self {
    case .confirmed: ("confirmed", "")
    case .stated(let reason): ("stated difference", reason)
    case .skipped(let reason): ("skipped on the host", reason)
    case .failed(let reason): ("failed", reason)
    case .differing(let reason): ("differing", reason)
    }
  }
}
