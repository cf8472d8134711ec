/// Every constant that scripts can name, by its name in C.
///
/// Most come from the sets that calls declare: a flag that some parameter takes is a constant. What no parameter lists
/// is added here.
public enum Constants {
  /// Name to value. Looked up, never iterated.
  private static let byName: [String: Int64] = {
    var found: [String: Int64] = [:]
    for set in sets { for entry in set.entries { found[entry.name] = entry.value } }
    for (code, entry) in Errno.table { found[entry.name] = Int64(code) }
    for (name, value) in Errno.aliases { found[name] = value }
    for (name, value) in others { found[name] = value }
    return found
  }()

  public static func value(of name: String) -> Int64? { byName[name] }

  /// All names, sorted.
  public static var names: [String] { byName.keys.sorted() }

  /// The sets of all declared parameters and of the layouts that they take and give.
  package static let sets: [NameSet] = {
    var sets: [NameSet] = [SignalNames.names, OpenFlags.names, WaitOptions.names]
    func add(_ layout: Layout) {
      for field in layout.fields {
        if let names = field.names { sets.append(names) }
        if case .structure(let inner) = field.type { add(inner) }
      }
    }
    for call in Syscall.all {
      for parameter in call.parameters {
        switch parameter.kind {
        case .flags(let set), .value(let set): sets.append(set)
        case .flagsOrStructure(let set, let layout):
          sets.append(set)
          add(layout)
        case .structure(let layout), .structures(let layout): add(layout)
        case .control(let forms): for layout in forms.layouts { add(layout) }
        default: break
        }
      }
    }
    return sets + more
  }()

  /// The set with this title.
  public static func set(_ title: String) -> NameSet? { sets.first { $0.title == title } }

  /// Sets that belong to no parameter's declaration.
  static let more: [NameSet] = [
    Seals.names, FileMode.names, FileMode.entryTypes, SignalAction.flagNames, SignalInfo.codeNames,
  ]

  package static let others: KeyValuePairs<String, Int64> = [
    "AT_FDCWD": -100, "O_ACCMODE": 3, "FD_CLOEXEC": 1, "PIPE_BUF": 4096,
    "SIG_DFL": 0, "SIG_IGN": 1, "RLIM_INFINITY": -1,
  ]
}
