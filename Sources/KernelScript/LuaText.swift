import LinuxKernel

/// Descriptions of declarations and objects as the text of Lua tables, for the preludes to load.
enum LuaText {
  static func quote(_ text: String) -> String {
    var quoted = "\""
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): quoted += "\\" + String(UnicodeScalar(byte))
      case 0x20..<0x7f: quoted.unicodeScalars.append(UnicodeScalar(byte))
      default:
        let digits = String(byte)
        quoted += "\\" + String(repeating: "0", count: 3 - digits.count) + digits
      }
    }
    return quoted + "\""
  }

  static func set(_ set: NameSet) -> String {
    let entries = set.entries.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
    let order = set.entries.map(\.name).joined(separator: " ")
    return "{title=\(quote(set.title)),mode=\(set.acceptsMode),names={\(entries)},order=\(quote(order))}"
  }

  /// Fields as {name, offset, code, set or nil, skippable, size}; one that lies over an earlier one (a union) is
  /// skippable.
  static func layout(_ layout: Layout) -> String {
    var end = 0
    let fields = layout.fields.map { field in
      let overlaps = field.offset < end
      end = max(end, field.offset + field.type.byteCount)
      let isShared = layout.fields.contains { $0.name != field.name && $0.offset == field.offset }
      let names = field.names.map(set) ?? "nil"
      return
        "{\(quote(field.name)),\(field.offset),\(quote(field.type.code)),\(names),"
        + "\(overlaps || isShared),\(field.type.byteCount)}"
    }
    return "{name=\(quote(layout.name)),size=\(layout.size),fields={\(fields.joined(separator: ","))}}"
  }

  static func declaration(_ index: Int) -> String {
    let call = Syscall.all[index]
    let required = (call.parameters.lastIndex { $0.fallback == nil } ?? -1) + 1
    let parameters = call.parameters.map { "{name=\(quote($0.name)),\(kind($0.kind))}" }
    let results = call.results.map { "{name=\(quote($0.name)),\(kind($0.kind))}" }
    return """
      {name=\(quote(call.name)),required=\(required),parameters={\(parameters.joined(separator: ","))},\
      results={\(results.joined(separator: ","))}}
      """
  }

  private static func kind(_ kind: ArgumentKind) -> String {
    switch kind {
    case .integer: "kind='integer'"
    case .descriptor: "kind='descriptor'"
    case .flags(let names): "kind='flags',set=\(set(names))"
    case .value(let names): "kind='value',set=\(set(names))"
    case .mode: "kind='mode'"
    case .path: "kind='path'"
    case .data: "kind='data'"
    case .destination: "kind='destination'"
    case .structure(let layout): "kind='structure',layout=\(quote(layout.name))"
    case .structures(let layout): "kind='structures',layout=\(quote(layout.name))"
    case .program: "kind='program'"
    case .strings: "kind='strings'"
    case .vector: "kind='vector'"
    case .time: "kind='time'"
    case .signalSet: "kind='signalSet'"
    case .signalAction: "kind='signalAction'"
    case .address: "kind='address'"
    case .function: "kind='function'"
    case .integers(let size): "kind='integers',size=\(size)"
    case .any: "kind='any'"
    case .flagsOrStructure(let names, let layout):
      "kind='flagsOrStructure',set=\(set(names)),layout=\(quote(layout.name))"
    case .control(let forms): control(forms)
    }
  }

  private static func control(_ forms: ControlForms) -> String {
    let layouts = forms.layouts.map { quote($0.name) }.joined(separator: ",")
    return "kind='control',size=\(forms.listedSize),layout=\(quote(forms.layouts[0].name)),layouts={\(layouts)}"
  }

  private static func kind(_ kind: ResultKind) -> String {
    switch kind {
    case .integer: "kind='integer'"
    case .bytes: "kind='bytes'"
    case .transfer: "kind='transfer'"
    case .structure(let layout): "kind='structure',layout=\(quote(layout.name))"
    case .structures(let layout): "kind='structures',layout=\(quote(layout.name))"
    case .integerOrStructure(let layout): "kind='structure',layout=\(quote(layout.name))"
    case .control(let forms): control(forms)
    case .signalSet: "kind='signalSet'"
    case .signalAction: "kind='signalAction'"
    case .integers(let size): "kind='integers',size=\(size)"
    case .countedIntegers: "kind='countedIntegers'"
    case .waitStatus: "kind='waitStatus'"
    case .records(let name): "kind='records',record=\(quote(name))"
    case .buffer: "kind='buffer'"
    }
  }

  /// What ks.stats() begins with.
  static func stats(calls: Int, tasks: Int, _ policy: Policy) -> String {
    "{calls=\(calls), tasks=\(tasks), policy=\(quote(policy.name))}"
  }

  /// What ks.task tells.
  static func task(_ task: TaskID, _ core: UnsafeMutablePointer<Core>) -> String {
    let view = core.pointee.kernel.describe(task)
    var parts = [
      "pid=\(view.pid)", "tid=\(view.tid)", "state=\(quote(view.state))", "uid=\(view.uid)", "gid=\(view.gid)",
    ]
    if let call = view.blockedIn { parts.append("blocked_in=\(quote(call))") }
    if let parent = view.parent { parts.append("ppid=\(parent)") }
    parts.append("fds={" + view.descriptors.map { "[\($0.number)]=\(quote($0.name))" }.joined(separator: ",") + "}")
    return "{" + parts.joined(separator: ",") + "}"
  }
}
