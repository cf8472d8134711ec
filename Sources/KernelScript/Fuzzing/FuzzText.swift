import LinuxKernel

/// A generated program as Lua: one statement a line, so that a place in the script tells a step.
struct FuzzText {
  /// What the text is for.
  enum Form: Equatable {
    case script
    /// A script that prints what one step answers, a line for each leaf of its results.
    case probe(Int)
    /// A spec that asserts what one step answers; the assertions stand for the step itself.
    case spec(Int, assertions: [String], title: String, comments: [String])
  }

  private(set) var text = ""
  /// By line, from 1: the step that stands there.
  private(set) var steps: [Int?] = [nil]
  private let form: Form
  private let used: Set<Int>
  /// Variables are locals where there are few, and elements of one table where Lua's limits would be reached.
  private let hasLocals: Bool
  private var indent = ""

  init(_ program: FuzzProgram, _ form: Form = .script) {
    self.form = form
    used = Set(program.all.flatMap(\.uses))
    hasLocals = used.count <= 60
    if case .spec(_, _, _, let comments) = form { for comment in comments { line("-- " + comment) } }
    line("local ks = require \"kscript\"")
    line("local sys = ks.sys")
    if case .spec(_, _, let title, _) = form {
      line("")
      line("describe(\"fuzz\", function()")
      indent = "  "
      line("it(\(LuaText.quote(title)), function()")
      indent = "    "
    }
    if case .probe = form {
      line("local function show(prefix, value)")
      line(
        "  if type(value) ~= \"table\" then "
          // %q breaks the line at a newline; a value is to stay on its own.
          + "return print(prefix .. \" \" .. ((\"%q\"):format(type(value) == \"function\" and 0 or value)"
          + ":gsub(\"\\n\", \"n\"))) end"
      )
      line("  for name, field in pairs(value) do show(prefix .. \".\" .. name, field) end")
      line("end")
      line("local function probe(...) for i = 1, select(\"#\", ...) do show(tostring(i), (select(i, ...))) end end")
    }
    declare(program)
    for step in program.steps { write(step) }
    if case .spec = form {
      indent = "  "
      line("end)")
      indent = ""
      line("end)")
    }
  }

  private mutating func line(_ content: String, _ step: Int? = nil) {
    text += (content.isEmpty ? "" : indent + content) + "\n"
    steps.append(step)
  }

  private mutating func declare(_ program: FuzzProgram) {
    let buffers = Set(program.all.flatMap(\.arguments).flatMap(FuzzText.buffers)).sorted()
    for buffer in buffers { line("local buffer\(buffer) = ks.buffer(\(FuzzDraw.bufferSizes[buffer]))") }
    if !hasLocals {
      line("local v = {}")
    } else if !used.isEmpty {
      line("local " + used.sorted().map { "v\($0)" }.joined(separator: ", "))
    }
    if program.all.flatMap(\.arguments).contains(where: FuzzText.hasHandler) {
      line("local function handler() sys.getpid() end")
    }
  }

  private static func buffers(_ value: FuzzValue) -> [Int] {
    switch value {
    case .buffer(let number), .bufferAddress(let number): [number]
    case .list(let values): values.flatMap(buffers)
    case .table(let fields): fields.flatMap { buffers($0.value) }
    default: []
    }
  }

  private static func hasHandler(_ value: FuzzValue) -> Bool {
    switch value {
    case .handler: true
    case .table(let fields): fields.contains { hasHandler($0.value) }
    default: false
    }
  }

  private func variable(_ number: Int) -> String { hasLocals ? "v\(number)" : "v[\(number)]" }

  private mutating func write(_ step: FuzzStep) {
    guard let call = step.call else { return line("ks.settle()", step.number) }
    var shown = step.arguments
    while shown.last == .absent { shown.removeLast() }
    let arguments = shown.map { value($0) }
    if case .spec(step.number, let assertions, _, _) = form, !assertions.isEmpty {
      let text = "sys.\(call)(\(arguments.joined(separator: ", ")))"
      for (position, assertion) in assertions.enumerated() {
        line(assertion.replacing("CALL", with: text), position == 0 ? step.number : nil)
      }
      return
    }
    var targets = step.results.map { $0.flatMap { used.contains($0) ? variable($0) : nil } }
    while targets.last == .some(nil) { targets.removeLast() }
    var prefix = targets.isEmpty ? "" : targets.map { $0 ?? "_" }.joined(separator: ", ") + " = "
    var suffix = ""
    if targets.count == 2, let second = targets[1] {
      // A call that fails has a message for its second result.
      prefix = "\(targets[0] ?? "_"), \(second) = "
      suffix = "; \(second) = math.tointeger(\(second))"
    }
    let isProbed = form == .probe(step.number)
    if isProbed { (prefix, suffix) = ("probe(", ")") }
    guard step.bodyPosition != nil else {
      return line("\(prefix)sys.\(call)(\(arguments.joined(separator: ", ")))\(suffix)", step.number)
    }
    let others = arguments.dropLast()
    line("\(prefix)sys.\(call)(\(others.joined(separator: ", "))\(others.isEmpty ? "" : ", ")function()", step.number)
    indent += "  "
    for inner in step.body { write(inner) }
    indent = String(indent.dropLast(2))
    line("end)" + suffix)
  }

  private func value(_ value: FuzzValue) -> String {
    switch value {
    case .absent: "nil"
    case .integer(.min): "math.mininteger"
    case .integer(let number): "\(number)"
    case .text(let text): LuaText.quote(text)
    case .repeated(let text, let count): "(\(LuaText.quote(text))):rep(\(count))"
    case .result(let number, let otherwise): "\(variable(number)) or \(otherwise)"
    case .negated(let number, let otherwise): "-(\(variable(number)) or \(otherwise))"
    case .address(let number, let offset): "\(variable(number)) and \(variable(number)).addr + \(offset) or \(offset)"
    case .buffer(let number): "buffer\(number)"
    case .bufferAddress(let number): "buffer\(number).addr"
    case .list(let values): "{ " + values.map { self.value($0) }.joined(separator: ", ") + " }"
    case .table(let fields): "{ " + fields.map { "\($0.name) = \(self.value($0.value))" }.joined(separator: ", ") + " }"
    case .handler: "handler"
    case .body: "function"
    }
  }
}
