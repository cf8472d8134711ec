import LinuxKernel

/// The same run on the emulated kernel and on this machine's: where they part.
public struct Comparison: Sendable {
  public struct Difference: Sendable {
    /// "file:line" of the script.
    public let place: String
    public let tid: Int32
    /// The call as strace shows it.
    public let call: String
    /// What differs, as "name = value" on either side.
    public let host: String
    public let emulated: String
    /// Why it may differ, as the script says; nil where it may not.
    public let reason: String?
  }

  public private(set) var differences: [Difference] = []
  public private(set) var callCount = 0
  public private(set) var taskCount = 0
  /// Calls that were the same on both.
  public private(set) var sameCount = 0
  /// For how long, in ns, the host was not watched: where that was long, a timer may have run out in the meantime.
  let longestAbsence: Int64
  var wasDisturbed: Bool { longestAbsence > HostAttention.tolerance }
  /// Why the host could not run it; nothing was compared then.
  public var unavailable: String?

  public var unstated: [Difference] { differences.filter { $0.reason == nil } }
  public var stated: [Difference] { differences.filter { $0.reason != nil } }

  /// - Parameter comparesOrder: whether the order in which sleepers were woken counts: where the emulated run was
  ///   fifo's.
  public init(host: CallRecord, emulated: CallRecord, comparesOrder: Bool = true) {
    longestAbsence = host.longestAbsence
    taskCount = max(host.tasks.count, emulated.tasks.count)
    callCount = max(host.count, emulated.count)
    hostStart = CutTime.start(of: host)
    emulatedStart = CutTime.start(of: emulated)
    var tids = emulated.tasks.map(\.tid)
    for task in host.tasks where !tids.contains(task.tid) { tids.append(task.tid) }
    for tid in tids {
      compare(
        host.tasks.first { $0.tid == tid }?.entries ?? [], emulated.tasks.first { $0.tid == tid }?.entries ?? [], tid)
    }
    if comparesOrder, differences.isEmpty, host.wakes != emulated.wakes {
      let place = emulated.tasks.first?.entries.last?.place ?? ""
      func text(_ tids: [Int32]) -> String { "woken in the order " + tids.map { "\($0)" }.joined(separator: " ") }
      differences.append(
        Difference(
          place: place, tid: 0, call: "the order of sleepers", host: text(host.wakes), emulated: text(emulated.wakes),
          reason: nil))
    }
  }

  /// Compares one task's calls, up to where the two runs go different ways.
  private mutating func compare(_ host: [CallRecord.Entry], _ emulated: [CallRecord.Entry], _ tid: Int32) {
    var (there, here) = (0, 0)
    while there < host.count || here < emulated.count {
      let reason =
        (there < host.count ? host[there].reason : nil) ?? (here < emulated.count ? emulated[here].reason : nil)
      if let reason {
        // What the script states to differ is compared as a whole.
        let theirs = host[there...].prefix { $0.reason == reason },
          ours = emulated[here...].prefix { $0.reason == reason }
        compareStated(theirs, ours, tid, reason)
        (there, here) = (there + theirs.count, here + ours.count)
        continue
      }
      guard there < host.count, here < emulated.count else {
        let only = there < host.count ? host[there] : emulated[here]
        add(
          only, tid, there < host.count ? only.text : "no further call",
          there < host.count ? "no further call" : only.text, nil)
        return
      }
      let theirs = host[there], ours = emulated[here]
      guard theirs.name == ours.name else {
        add(ours, tid, theirs.text, ours.text, nil)
        return
      }
      // A signal that ends a task on its way out of a call hides what the call answered.
      let isLast = there == host.count - 1 && here == emulated.count - 1
      if isLast, !theirs.isAnswered { sameCount += 1 } else { note(theirs, ours, tid, nil) }
      (there, here) = (there + 1, here + 1)
    }
  }

  private mutating func compareStated(
    _ host: ArraySlice<CallRecord.Entry>, _ emulated: ArraySlice<CallRecord.Entry>, _ tid: Int32, _ reason: String
  ) {
    for (theirs, ours) in zip(host, emulated) {
      if theirs.name != ours.name { return add(ours, tid, theirs.text, ours.text, reason) }
      note(theirs, ours, tid, reason)
    }
    if host.count != emulated.count, let last = (host.count > emulated.count ? host : emulated).last {
      add(last, tid, "\(host.count) calls", "\(emulated.count) calls", reason)
    }
  }

  /// When either run began, in s of its own clock.
  private var hostStart: Int64 = 0, emulatedStart: Int64 = 0

  private mutating func note(_ host: CallRecord.Entry, _ emulated: CallRecord.Entry, _ tid: Int32, _ reason: String?) {
    var theirs: [String] = [], ours: [String] = []
    for position in 0..<max(host.parts.count, emulated.parts.count) {
      let there = position < host.parts.count ? host.parts[position] : ("nothing", "")
      let here = position < emulated.parts.count ? emulated.parts[position] : ("nothing", "")
      // Memory that only one kernel lets a trace look at.
      if there.0 == here.0, there.0 == "buf", there.1 == "an address" || here.1 == "an address" { continue }
      if there.0 == here.0, there.1 != here.1,
        CutTime(since: hostStart, to: host).mark(there.1) == CutTime(since: emulatedStart, to: emulated).mark(here.1)
      {
        continue
      }
      if there.0 != here.0 || there.1 != here.1 {
        theirs.append("\(there.0) = \(there.1)")
        ours.append("\(here.0) = \(here.1)")
      }
    }
    if theirs.isEmpty {
      sameCount += 1
    } else {
      add(emulated, tid, theirs.joined(separator: "  "), ours.joined(separator: "  "), reason)
    }
  }

  private mutating func add(
    _ entry: CallRecord.Entry, _ tid: Int32, _ host: String, _ emulated: String, _ reason: String?
  ) {
    differences.append(
      Difference(place: entry.place, tid: tid, call: entry.text, host: host, emulated: emulated, reason: reason))
  }
}

extension Comparison {
  /// A run of a script on one kernel.
  public struct Run {
    public let record: CallRecord
    public let outcome: Machine.Outcome
    /// What it wrote, and the reports about tasks that failed.
    public let output: String
    public let reports: [String]
    /// How long it took, in ns of its own clock.
    public let time: Int64
  }

  /// Runs a script on one kernel and records its calls; a message where it does not load.
  public static func record(_ text: [UInt8], name: String, arguments: [String], _ options: Machine.Options) -> (
    Run?, String?
  ) {
    final class Output { var text = "", reports: [String] = [] }
    let output = Output(), record = CallRecord()
    let machine = Machine(
      options: options, console: { bytes, _ in output.text += bytes.string }, report: { output.reports.append($0) })
    if let message = machine.load(text, name: name, arguments: arguments) { return (nil, message) }
    machine.record(record)
    let outcome = machine.run()
    return (
      Run(record: record, outcome: outcome, output: output.text, reports: output.reports, time: machine.time), nil
    )
  }

  /// Runs a script on both kernels.
  ///
  /// - Returns: what differs, or a message where the script does not load.
  public static func of(
    _ text: [UInt8], name: String, arguments: [String] = [], _ options: Machine.Options
  ) -> (comparison: Comparison?, emulated: Run?, message: String?) {
    var options = options
    options.isHosted = false
    options.hasHostCapabilities = true
    let (emulated, message) = record(text, name: name, arguments: arguments, options)
    guard let emulated else { return (nil, nil, message) }
    options.isHosted = true
    let (host, _) = record(text, name: name, arguments: arguments, options)
    var comparison = Comparison(host: host!.record, emulated: emulated.record, comparesOrder: options.policy == .fifo)
    if case .unavailable(let reason) = host!.outcome { comparison.unavailable = reason }
    return (comparison, emulated, nil)
  }
}
