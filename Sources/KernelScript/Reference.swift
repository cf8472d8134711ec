import LinuxKernel

/// The reference: everything that can be looked up, derived from the declarations of calls, structures and constants.
package enum Reference {
  // MARK: Signatures

  /// A call as scripts write it: `pipe2([flags]) -> reader, writer`.
  package static func signature(_ call: Syscall) -> String {
    let results = results(call)
    return "\(call.name)(\(parameters(call)))" + (results.isEmpty ? "" : " -> " + results)
  }

  static func parameters(_ call: Syscall) -> String {
    let required = requiredCount(call)
    var text = ""
    for (position, parameter) in call.parameters.enumerated() {
      let separator = position > 0 ? ", " : ""
      var name = parameter.name
      if case .destination = parameter.kind { name = "count|" + name }
      text += position < required ? separator + name : "[\(separator)\(name)"
    }
    return text + String(repeating: "]", count: call.parameters.count - required)
  }

  /// An optional parameter before a required one must be given, as nil at least.
  static func requiredCount(_ call: Syscall) -> Int { (call.parameters.lastIndex { $0.fallback == nil } ?? -1) + 1 }

  private static func results(_ call: Syscall) -> String {
    call.results.map { result in
      switch result.kind {
      case .transfer: "string|n"
      case .waitStatus: "how, code"
      case .integer: result.name == "zero" ? "0" : result.name == "never" ? "" : result.name
      default: result.name
      }
    }.filter { !$0.isEmpty }.joined(separator: ", ")
  }

  /// The manual page: that of the function which the C declaration names, `_exit(2)` for exit.
  package static func manualPage(_ call: Syscall) -> String {
    let head = call.prototype.prefix { $0 != "(" }
    let name = head.split { !($0.isLetter || $0.isNumber || $0 == "_") }.last.map(String.init) ?? call.name
    return "\(name)(2)"
  }

  // MARK: Where things are used

  /// The calls and structures that take a name of this set: "pipe2 (flags)", "struct epoll_event (events)".
  static func users(of set: NameSet) -> [String] {
    var users: [String] = []
    for call in Syscall.all {
      for parameter in call.parameters where parameter.kind.names?.title == set.title {
        users.append("\(call.name) (\(parameter.name))")
      }
    }
    for layout in layouts {
      for field in layout.fields where field.names?.title == set.title {
        users.append("struct \(layout.name) (\(field.name))")
      }
    }
    return users
  }

  static func users(of layout: Layout) -> [String] {
    var users: [String] = []
    for call in Syscall.all {
      if call.parameters.contains(where: { $0.kind.layout?.name == layout.name }) {
        users.append("\(call.name) takes it")
      }
      if call.results.contains(where: { $0.kind.layout?.name == layout.name }) { users.append("\(call.name) gives it") }
    }
    for outer in layouts {
      for field in outer.fields {
        if case .structure(let inner) = field.type, inner.name == layout.name {
          users.append("struct \(outer.name) holds it (\(field.name))")
        }
      }
    }
    return users
  }

  /// Every structure: those that scripts can pack, and those that calls take and give.
  package static let layouts: [Layout] = {
    var found: [Layout] = []
    var names: Set<String> = []
    func add(_ layout: Layout) {
      guard names.insert(layout.name).inserted else { return }
      found.append(layout)
      for field in layout.fields { if case .structure(let inner) = field.type { add(inner) } }
    }
    for layout in Layouts.all { add(layout) }
    for call in Syscall.all {
      for parameter in call.parameters { if let layout = parameter.kind.layout { add(layout) } }
      for result in call.results { if let layout = result.kind.layout { add(layout) } }
    }
    return found.sorted { $0.name < $1.name }
  }()

  /// Every set of names that a parameter or field takes, by its title. Sets of the same title are joined.
  package static let sets: [(title: String, kind: NameSet.Kind, entries: [(name: String, value: Int64)])] = {
    var titles: [String] = []
    var found: [String: (kind: NameSet.Kind, entries: [(name: String, value: Int64)])] = [:]
    func add(_ set: NameSet) {
      if found[set.title] == nil {
        titles.append(set.title)
        found[set.title] = (set.kind, [])
      }
      for entry in set.entries where !found[set.title]!.entries.contains(where: { $0.name == entry.name }) {
        found[set.title]!.entries.append(entry)
      }
    }
    for set in Constants.sets { add(set) }
    for call in Syscall.all { for parameter in call.parameters { if let set = parameter.kind.names { add(set) } } }
    for layout in layouts { for field in layout.fields { if let set = field.names { add(set) } } }
    return titles.sorted().map { (title: $0, kind: found[$0]!.kind, entries: found[$0]!.entries) }
  }()

  /// The errno of this name, other names of the same number included.
  static func errno(_ name: String) -> Errno? {
    if let alias = Errno.aliases.first(where: { $0.key == name }) { return Errno(Int32(alias.value)) }
    return Errno.table.first { $0.value.name == name }.map { Errno($0.key) }
  }

  /// Every name that `kscript doc` knows, for suggestions and completion.
  package static var names: [String] {
    Syscall.all.map(\.name) + layouts.map(\.name) + Library.functions.map { "ks." + $0.name } + Constants.names
      + Missing.entries.flatMap(\.names)
  }
}
