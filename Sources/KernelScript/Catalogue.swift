import Glibc
import LinuxKernel

/// What `kscript list` lists.
package struct Catalogue: Sendable {
  package enum Kind: String, Sendable, CaseIterable {
    case calls, functions, structures, constants, errors, missing
  }

  package struct Entry: Sendable {
    package let kind: Kind
    package let name: String
    /// How it is written, or what it is worth.
    package let form: String
    package let text: String
    /// A call's, constant's or error's number, a structure's size.
    package let number: Int64?
  }

  package let entries: [Entry]

  /// The entries of some kinds whose names match a shell pattern (`msg*`, `*at`, `[a-f]*`); all names without one.
  package init(_ kinds: [Kind], matching patterns: [String] = []) {
    entries = kinds.flatMap(Catalogue.all).filter { entry in
      patterns.isEmpty || patterns.contains { fnmatch($0, entry.name, 0) == 0 }
    }
  }

  private static func all(_ kind: Kind) -> [Entry] {
    switch kind {
    case .calls:
      Syscall.all.map {
        Entry(kind: kind, name: $0.name, form: Reference.signature($0), text: $0.summary, number: Int64($0.number))
      }.sorted { $0.name < $1.name }
    case .functions:
      Library.functions.filter(\.isBuilt).map {
        Entry(kind: kind, name: "ks." + $0.name, form: $0.signature, text: $0.summary, number: nil)
      }
    case .structures:
      Reference.layouts.map { layout in
        let fields = layout.fields.map(\.name).joined(separator: " ")
        return Entry(
          kind: kind, name: layout.name, form: "struct \(layout.name)", text: fields, number: Int64(layout.size))
      }
    case .constants: constants()
    case .errors:
      Errno.table.keys.sorted().map { code in
        let errno = Errno(code)
        return Entry(kind: kind, name: errno.name, form: errno.name, text: errno.message, number: Int64(code))
      }
        + Errno.aliases.map { name, value in
          Entry(kind: kind, name: name, form: name, text: "the same as \(Errno(Int32(value)).name)", number: value)
        }
    case .missing:
      missing().flatMap { entry in
        entry.names.map { Entry(kind: kind, name: $0, form: $0, text: entry.reason, number: nil) }
      }
    }
  }

  private static func constants() -> [Entry] {
    var entries: [Entry] = []
    var seen: Set<String> = []
    for set in Reference.sets {
      for entry in set.entries where seen.insert(entry.name).inserted {
        entries.append(
          Entry(kind: .constants, name: entry.name, form: entry.name, text: set.title, number: entry.value))
      }
    }
    for (name, value) in Constants.others where seen.insert(name).inserted {
      entries.append(Entry(kind: .constants, name: name, form: name, text: "", number: value))
    }
    return entries
  }

  /// What is known and refused: the calls that are planned, and the functions of the module that only say so.
  package static func missing() -> [(names: [String], reason: String)] {
    let calls = Missing.entries.compactMap { entry -> (names: [String], reason: String)? in
      let names = entry.names.filter { Syscall.indices[$0] == nil }
      return names.isEmpty ? nil : (names, entry.reason)
    }
    let functions = Library.functions.filter { !$0.isBuilt }.map { "ks." + $0.name }
    return calls
      + (functions.isEmpty ? [] : [(functions, "functions of the kscript module that come with what they need")])
  }

  // MARK: Forms

  /// Columns; the number stands first, as in a table of calls.
  package func text(_ paint: Paint) -> String {
    let numberWidth = entries.compactMap(\.number).map { "\($0)".count }.max() ?? 0
    let formWidth = min(44, entries.map(\.form.count).max() ?? 0)
    return entries.map { entry in
      let number = numberWidth == 0 ? "" : Text.padLeft(entry.number.map { "\($0)" } ?? "", numberWidth) + "  "
      let padded = Text.pad(entry.form, formWidth)
      let form = paint.bold(entry.name) + padded.dropFirst(entry.form.hasPrefix(entry.name) ? entry.name.count : 0)
      let line = (entry.form.hasPrefix(entry.name) ? form : padded) + (entry.text.isEmpty ? "" : "  " + entry.text)
      return paint.faint(number) + String(line.reversed().drop { $0 == " " }.reversed()) + "\n"
    }.joined()
  }

  package func json() -> String {
    JSON.array(
      entries.map { entry in
        .object([
          "kind": .string(entry.kind.rawValue), "name": .string(entry.name), "form": .string(entry.form),
          "text": .string(entry.text), "number": entry.number.map { .integer($0) } ?? .null,
        ])
      }
    ).text() + "\n"
  }
}
