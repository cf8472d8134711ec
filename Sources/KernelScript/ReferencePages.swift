import LinuxKernel

/// The pages of the reference.
extension Reference {
  /// Everything that goes by this name: more than one page where a call and a structure share it.
  package static func pages(_ name: String) -> [ReferencePage] {
    let bare =
      ["sys.", "must.", "C.", "struct "].first { name.hasPrefix($0) }.map { String(name.dropFirst($0.count)) } ?? name
    var pages: [ReferencePage] = []
    if let call = Syscall.indices[bare] { pages.append(page(Syscall.all[call])) }
    if let layout = layouts.first(where: { $0.name == bare }) { pages.append(page(layout)) }
    if let function = Library.functions.first(where: { "ks." + $0.name == name || $0.name == name && pages.isEmpty }) {
      pages.append(page(function))
    }
    if bare == "buffer" || name == "buf" { pages.append(bufferPage) }
    if let errno = errno(bare) {
      pages.append(page(errno, name: bare))
    } else if let value = Constants.value(of: bare) {
      pages.append(page(constant: bare, value))
    }
    if pages.isEmpty, let reason = Missing.reason(bare) {
      pages.append(ReferencePage(name: bare, aside: "not built yet", summary: "Is known and refused: \(reason)."))
    }
    return pages
  }

  static func page(_ call: Syscall) -> ReferencePage {
    var page = ReferencePage(
      name: call.name, signature: signature(call), aside: "call \(call.number), \(manualPage(call))",
      summary: call.summary)
    page.sections.append(.init(heading: "C", code: [call.prototype + ";"]))
    if !call.parameters.isEmpty { page.sections.append(.init(heading: "Parameters", rows: call.parameters.map(row))) }
    let results = call.results.filter { $0.name != "never" }
    if !results.isEmpty {
      page.sections.append(
        .init(
          heading: "Results",
          rows: results.map { result in
            ReferencePage.Row(
              term: result.name == "zero" ? "0" : result.name,
              text: result.name == "zero" ? "always" : result.kind.words)
          }))
    }
    if !call.errors.isEmpty {
      let rows = call.errors.map { ReferencePage.Row(term: $0.errno.name, text: $0.cause) }
      page.sections.append(.init(heading: "Errors", rows: rows))
    }
    return page
  }

  private static func row(_ parameter: Syscall.Parameter) -> ReferencePage.Row {
    var text = parameter.kind.words
    switch parameter.fallback {
    case .word(let value)?:
      let shown = value == 0 ? "0" : parameter.kind.names.map { $0.describe(value) } ?? "\(value)"
      text += " (\(shown) if left out)"
    case .absent?: text += " (may be nil)"
    case nil: break
    }
    return ReferencePage.Row(term: parameter.name, text: text, names: parameter.kind.names?.entries.map(\.name) ?? [])
  }

  static func page(_ layout: Layout) -> ReferencePage {
    let declarations = layout.fields.map { $0.type.declaration($0.name) + ";" }
    let width = declarations.map(\.count).max() ?? 0
    var code = ["struct \(layout.name) {"]
    for (field, declaration) in zip(layout.fields, declarations) {
      code.append(
        "  \(Text.pad(declaration, width))  // \(Text.padLeft("\(field.offset)", 4)), "
          + Text.count(field.type.byteCount, "byte")
      )
    }
    code.append("};  // \(layout.size) bytes")
    var page = ReferencePage(
      name: layout.name, aside: "structure",
      summary:
        "ks.pack(\"\(layout.name)\", fields) and ks.unpack(\"\(layout.name)\", bytes) know it; each field is at "
        + "the offset that stands beside it."
    )
    page.sections.append(.init(heading: "C", code: code))
    let named = layout.fields.compactMap { field in
      field.names.map { ReferencePage.Row(term: field.name, text: $0.title, names: $0.entries.map(\.name)) }
    }
    if !named.isEmpty { page.sections.append(.init(heading: "Names", rows: named)) }
    let users = users(of: layout)
    if !users.isEmpty { page.sections.append(.init(heading: "Used by", text: users.joined(separator: ", "))) }
    return page
  }

  static func page(_ function: Library.Function) -> ReferencePage {
    var page = ReferencePage(
      name: "ks." + function.name, signature: function.signature,
      aside: function.isBuilt ? "kscript module" : "not built yet",
      summary: function.summary)
    let rows = function.parameters.map { parameter in
      ReferencePage.Row(
        term: parameter.name.replacing("?", with: ""),
        text: parameter.type.replacing("kscript.", with: "")
          + (parameter.name.hasSuffix("?") ? ", may be left out" : ""))
    }
    if !rows.isEmpty { page.sections.append(.init(heading: "Parameters", rows: rows)) }
    return page
  }

  static var bufferPage: ReferencePage {
    var page = ReferencePage(
      name: "buffer", aside: "object",
      summary:
        "Memory of a task, from ks.buffer, ks.at or mmap: taken wherever an address or data is. buf.addr is its "
        + "address, #buf its length."
    )
    let rows = Library.bufferMethods.map { method in
      ReferencePage.Row(term: "buf:" + method.signature.dropFirst(3), text: method.summary)
    }
    page.sections.append(.init(heading: "Methods", rows: rows))
    return page
  }

  static func page(_ errno: Errno, name: String) -> ReferencePage {
    var page = ReferencePage(name: name, aside: "error \(errno.code)", summary: "\(errno.message).")
    if errno.name != name { page.summary += " The same number as \(errno.name)." }
    let rows = Syscall.all.flatMap { call in
      call.errors.filter { $0.errno == errno }.map { ReferencePage.Row(term: call.name, text: $0.cause) }
    }
    if !rows.isEmpty { page.sections.append(.init(heading: "Given by", rows: rows)) }
    return page
  }

  static func page(constant name: String, _ value: Int64) -> ReferencePage {
    let holders = sets.filter { $0.entries.contains { $0.name == name } }
    var page = ReferencePage(
      name: "\(name) = \(value)",
      aside: value >= 0 ? "0x\(String(value, radix: 16)), 0\(String(value, radix: 8)) in octal" : "",
      summary: holders.isEmpty ? "A constant." : "One of: " + holders.map(\.title).joined(separator: ", ") + ".")
    var users: [String] = []
    for set in constantSets where set.entries.contains(where: { $0.name == name }) {
      for user in Reference.users(of: set) where !users.contains(user) { users.append(user) }
    }
    if !users.isEmpty { page.sections.append(.init(heading: "Taken by", text: users.joined(separator: ", "))) }
    let others = holders.flatMap { $0.entries }.filter { $0.name != name && $0.value == value }.map(\.name)
    if !others.isEmpty { page.sections.append(.init(heading: "Same value", text: others.joined(separator: ", "))) }
    return page
  }

  /// One set a title, however many declarations name it.
  private static let constantSets: [NameSet] = {
    var titles: Set<String> = []
    let all =
      Syscall.all.flatMap { $0.parameters.compactMap(\.kind.names) } + layouts.flatMap { $0.fields.compactMap(\.names) }
    return all.filter { titles.insert($0.title).inserted }
  }()

  // MARK: All of it

  /// docs/reference.md.
  package static func markdown() -> String {
    var parts = [
      """
      # Reference

      Generated by `kscript doc --all > docs/reference.md` from the declarations; a test compares the two.
      Every call is `sys.NAME`, which answers `nil, message, errno` when it fails, and `must.NAME`, which raises.

      ## Calls

      """
    ]
    for call in Syscall.all { parts.append(page(call).markdown(level: 3)) }
    parts.append("## The kscript module\n")
    for function in Library.functions where function.isBuilt {
      parts.append("- `\(function.signature)`: \(ReferencePage.escape(function.summary))")
    }
    parts.append("\n" + bufferPage.markdown(level: 3))
    parts.append("## Structures\n")
    for layout in layouts { parts.append(page(layout).markdown(level: 3)) }
    parts.append("## Constants\n")
    for set in sets {
      let names = set.entries.map { "`\($0.name)` \($0.value)" }.joined(separator: ", ")
      parts.append("- \(set.title): \(names)")
    }
    parts.append("\n## Errors\n\n| name | number | text |\n| --- | --- | --- |")
    for code in Errno.table.keys.sorted() {
      parts.append("| `\(Errno(code).name)` | \(code) | \(Errno(code).message) |")
    }
    parts.append("\n## Not built yet\n")
    for entry in Catalogue.missing() {
      parts.append("- \(entry.names.map { "`\($0)`" }.joined(separator: " ")): \(entry.reason)")
    }
    return parts.joined(separator: "\n") + "\n"
  }
}
