import LinuxKernel

/// Counts calls, errors and virtual time, as strace -c does.
public struct TraceSummary {
  private struct Row {
    var calls = 0
    var errors = 0
    var nanoseconds: Int64 = 0
  }

  private var rows: [Int: Row] = [:]
  private let filter: TraceFilter

  public init(_ filter: TraceFilter) { self.filter = filter }

  public mutating func take(_ event: TraceEvent) {
    guard case .ended(let call) = event, filter.shows(call), filter.showsResult(call) else { return }
    var row = rows[call.trace.index] ?? Row()
    row.calls += 1
    if case .failed = call.ending { row.errors += 1 }
    row.nanoseconds += call.ended - call.began
    rows[call.trace.index] = row
  }

  /// What the table is sorted by: strace's -S.
  public enum Order: String, Sendable, CaseIterable { case time, calls, errors, name }

  public func lines(by order: Order = .time) -> [String] {
    let ordered = rows.sorted { one, other in
      let names = (Syscall.all[one.key].name, Syscall.all[other.key].name)
      switch order {
      case .time where one.value.nanoseconds != other.value.nanoseconds:
        return one.value.nanoseconds > other.value.nanoseconds
      case .time, .calls:
        return one.value.calls != other.value.calls ? one.value.calls > other.value.calls : names.0 < names.1
      case .errors:
        return one.value.errors != other.value.errors ? one.value.errors > other.value.errors : names.0 < names.1
      case .name: return names.0 < names.1
      }
    }
    let total = ordered.reduce(into: Row()) { sum, entry in
      sum.calls += entry.value.calls
      sum.errors += entry.value.errors
      sum.nanoseconds += entry.value.nanoseconds
    }
    let rule = "------ ----------- ----------- --------- --------- ----------------"
    var lines = ["% time     seconds  usecs/call     calls    errors syscall", rule]
    for (index, row) in ordered { lines.append(line(row, total.nanoseconds, Syscall.all[index].name)) }
    return lines + [rule, line(total, total.nanoseconds, "total")]
  }

  private func line(_ row: Row, _ total: Int64, _ name: String) -> String {
    let share =
      total == 0 ? (name == "total" ? 10_000 : 0) : Int((Double(row.nanoseconds) / Double(total) * 10_000).rounded())
    let fraction = share % 100
    let cells = [
      pad("\(share / 100).\(fraction < 10 ? "0" : "")\(fraction)", 6), pad(TraceText.seconds(row.nanoseconds), 11),
      pad("\(row.calls == 0 ? 0 : row.nanoseconds / 1000 / Int64(row.calls))", 11), pad("\(row.calls)", 9),
      pad(row.errors == 0 ? "" : "\(row.errors)", 9),
    ]
    return cells.joined(separator: " ") + " " + name
  }

  private func pad(_ text: String, _ width: Int) -> String { Text.padLeft(text, width) }
}
