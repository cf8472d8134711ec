import ArgumentParser
import KernelScript
import LinuxKernel

/// The letters of strace.
struct TraceOptions: ParsableArguments {
  @Option(
    name: .customShort("e"), parsing: .singleValue,
    help: ArgumentHelp(
      "Shows only these calls: trace=read,write or %file or !%desc or /regex; also signal=SET and status=SET.",
      valueName: "EXPR"))
  var expressions: [String] = []

  @Option(
    name: .customShort("P"), parsing: .singleValue,
    help: ArgumentHelp("Shows only calls that touch PATH.", valueName: "PATH"))
  var paths: [String] = []

  @Flag(name: .customShort("z"), help: "Shows only calls that succeeded.")
  var onlySuccessful = false

  @Flag(name: .customShort("Z"), help: "Shows only calls that failed.")
  var onlyFailed = false

  @Flag(name: .customShort("c"), help: "Counts calls, errors and virtual time instead.")
  var counts = false

  @Flag(name: .customShort("C"), help: "Counts, and shows the calls as well.")
  var countsToo = false

  @Option(name: .customShort("S"), help: ArgumentHelp("Sorts the counts.", valueName: "time|calls|errors|name"))
  var order: TraceSummary.Order = .time

  @Option(name: .customShort("o"), help: ArgumentHelp("Writes to FILE instead of stderr.", valueName: "FILE"))
  var output: String?

  @Option(name: .customShort("s"), help: ArgumentHelp("How many bytes of a string are shown.", valueName: "N"))
  var stringLimit = 32

  @Option(name: .customShort("a"), help: ArgumentHelp("The column of results.", valueName: "N"))
  var column = 40

  @Flag(name: .customShort("T"), help: "Shows the virtual time spent in calls.")
  var showsDuration = false

  @Flag(name: .customShort("t"), help: "Shows the emulated wall clock: -t seconds, -tt microseconds, -ttt since 1970.")
  var clock: Int

  @Flag(name: .customShort("r"), help: "Shows the virtual time since the line before.")
  var isRelative = false

  @Flag(name: .customShort("y"), help: "Shows what descriptors name.")
  var showsNames: Int

  @Flag(name: .customShort("v"), help: "Shows structures whole.")
  var isVerbose = false

  @Flag(name: .customShort("q"), help: "No word about new tasks; -qq: nor about ends.")
  var quietness: Int

  @Flag(name: .customShort("f"), help: "Follows new tasks; always so here.")
  var follows: Int

  @Option(help: ArgumentHelp("What is written.", valueName: "text|json|perfetto"))
  var format: TraceSink.Format = .text

  @Option(help: ArgumentHelp("What a perfetto timeline counts: events, or virtual time.", valueName: "calls|virtual"))
  var time: TraceTimeline.TimeBase = .calls

  func validate() throws {
    guard stringLimit >= 0 else { throw ValidationError("-s takes a number of bytes, not \(stringLimit)") }
    guard 0...1000 ~= column else { throw ValidationError("-a takes a column from 0 to 1000, not \(column)") }
    guard !(onlySuccessful && onlyFailed) else { throw ValidationError("-z and -Z exclude each other") }
    guard format == .text || !counts && !countsToo else { throw ValidationError("-c and -C go with --format text") }
    _ = try filter()
  }

  private func filter() throws -> TraceFilter {
    var filter = TraceFilter()
    do throws(TraceFilter.Mistake) {
      for expression in expressions { try filter.add(expression) }
    } catch { throw ValidationError(error.description) }
    filter.paths = paths
    if onlySuccessful { (filter.showsFailed, filter.showsUnfinished) = (false, false) }
    if onlyFailed { (filter.showsSuccessful, filter.showsUnfinished) = (false, false) }
    return filter
  }

  func sinkOptions() throws -> TraceSink.Options {
    var options = TraceSink.Options()
    options.format = format
    options.filter = try filter()
    options.timeBase = time
    options.counts = counts || countsToo
    options.showsLines = !counts
    options.summaryOrder = order
    options.showsNames = showsNames > 0
    options.text.style.stringLimit = stringLimit
    options.text.style.isVerbose = isVerbose
    options.text.clock =
      isRelative ? .relative : clock >= 3 ? .epoch : clock == 2 ? .microseconds : clock == 1 ? .seconds : .none
    options.text.showsDuration = showsDuration
    options.text.column = column
    options.text.quietness = quietness
    options.text.namesTasks = output != nil
    return options
  }
}

extension TraceSink.Format: ExpressibleByArgument {}
extension TraceTimeline.TimeBase: ExpressibleByArgument {}
extension TraceSummary.Order: ExpressibleByArgument {}
