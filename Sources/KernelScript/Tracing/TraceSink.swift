import LinuxKernel

/// One trace of a run in one of the formats: takes events, gives text.
public final class TraceSink {
  public enum Format: String, Sendable, CaseIterable { case text, json, perfetto }

  public struct Options: Sendable {
    public var format = Format.text
    public var text = TraceText.Options()
    public var filter = TraceFilter()
    public var timeBase = TraceTimeline.TimeBase.calls
    /// -c counts instead of showing; -C does both.
    public var counts = false
    public var showsLines = true
    public var summaryOrder = TraceSummary.Order.time
    /// -y: descriptors with what they name.
    public var showsNames = false
    public init() {}

    var needsNames: Bool { showsNames || !filter.paths.isEmpty }
  }

  private let options: Options
  private let write: (String) -> Void
  private var text: TraceText
  private var timeline: TraceTimeline?
  private var summary: TraceSummary

  /// - Parameter write: takes text with its line ends.
  public init(_ options: Options, write: @escaping (String) -> Void) {
    self.options = options
    self.write = write
    text = TraceText(options.text, options.filter) { write($0 + "\n") }
    timeline = options.format == .perfetto ? TraceTimeline(options.timeBase, write: write) : nil
    summary = TraceSummary(options.filter)
  }

  /// Begins to trace the machine.
  public func attach(to machine: Machine) { machine.trace(showsNames: options.needsNames) { [self] in take($0) } }

  private func take(_ event: TraceEvent) {
    if options.counts { summary.take(event) }
    guard options.showsLines else { return }
    switch options.format {
    case .text: text.take(event)
    case .json where shows(event): if let line = TraceJSON.line(event) { write(line + "\n") }
    case .perfetto where shows(event): timeline?.take(event)
    default: break
    }
  }

  private func shows(_ event: TraceEvent) -> Bool {
    switch event {
    case .began(let call): options.filter.shows(call)
    case .ended(let call): options.filter.shows(call) && options.filter.showsResult(call)
    case .signalled(_, let info): options.filter.shows(signal: info.signal)
    default: true
    }
  }

  /// Writes what belongs at the end.
  public func finish(_ machine: Machine) {
    let unfinished = machine.unfinishedCalls.filter { options.filter.shows($0) && options.filter.showsUnfinished }
    if options.showsLines {
      switch options.format {
      case .text: text.finish()
      case .json: for call in unfinished { write(TraceJSON.line(call) + "\n") }
      case .perfetto: timeline?.finish(unfinished)
      }
    }
    if options.counts { for line in summary.lines(by: options.summaryOrder) { write(line + "\n") } }
  }
}
