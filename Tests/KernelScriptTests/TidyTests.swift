import Testing

/// What the eye would have to look for again and again.
@Suite("Tidiness")
struct TidyTests {
  static let sources = ["Sources", "Tests", "scripts", "examples", "bench", "docs"].flatMap { folder in
    Project.files(folder, "").filter { file in
      [".swift", ".c", ".h", ".lua", ".md", ".tsv", ".py", ".sh"].contains { file.path.hasSuffix($0) }
        || folder == "scripts"
    }
  }

  /// These three, which name what they look for, are not looked at.
  private func isTest(_ file: Project.File) -> Bool {
    file.path.hasPrefix("Tests/KernelScriptTests/")
      && ["TidyTests.swift", "ImportTests.swift", "LedgerTests.swift"].contains(file.name)
  }

  private func isCode(_ file: Project.File) -> Bool {
    [".swift", ".c", ".h", ".lua", ".py"].contains { file.path.hasSuffix($0) }
  }

  @Test("No source has more than 500 lines")
  func lengths() {
    for file in Self.sources where isCode(file) && file.lines.count > 501 {
      Issue.record("\(file.path): \(file.lines.count - 1) lines")
    }
  }

  @Test("No line of code is longer than 120 columns")
  func columns() {
    for file in Self.sources where isCode(file) {
      for (number, line) in file.lines.enumerated() where line.count > 120 {
        Issue.record("\(file.path):\(number + 1): more than 120 columns")
      }
    }
  }

  @Test("Nothing is put off, no machine is named, and no blank is left behind")
  func words() {
    for file in Self.sources where !isTest(file) {
      for (number, line) in file.lines.enumerated() {
        for word in ["TODO", "FIXME", "/" + "work/", "/" + "home/"] where line.contains(word) {
          Issue.record("\(file.path):\(number + 1): \(word)")
        }
        if file.path.hasSuffix(".swift") || file.path.hasSuffix(".lua") || file.path.hasSuffix(".c"),
          line.hasSuffix(" ")
        {
          Issue.record("\(file.path):\(number + 1): a blank at the end")
        }
      }
    }
  }

  @Test("Every call that is declared is in the table, and every file of Syscalls declares one")
  func table() {
    let table = Project.text("Sources/LinuxKernel/Syscalls/Table.swift")
    let listed = Set(table.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init))
    for file in Project.files("Sources/LinuxKernel/Syscalls", ".swift") where file.name != "Table.swift" {
      #expect(file.name.hasPrefix("sys_"), "\(file.path)")
      var declared = 0
      for line in file.lines {
        guard let start = line.range(of: "static let "), line.contains(" = Syscall(") else { continue }
        let name = String(line[start.upperBound...].prefix { $0.isLetter || $0.isNumber || $0 == "_" })
        declared += 1
        #expect(listed.contains(name), "\(file.path): \(name) is not in Syscall.all")
      }
      #expect(declared > 0 || file.text.contains("-> Syscall"), "\(file.path) declares no call")
    }
  }

  @Test("A snapshot copies everything that is state")
  func snapshotIsComplete() {
    let lines = Project.text("Sources/LinuxKernel/Kernel.swift").split(
      separator: "\n", omittingEmptySubsequences: false)
    let copied = Set(lines.compactMap { $0.words(after: "copy.")?.first.map(String.init) })
    let given = ["policy", "epoch"]  // to the copy's initializer
    let allowances = ["memoryLimit"]  // of the machine that runs it: the copy may take no more
    var state: [String] = []
    for line in lines.drop(while: { !$0.contains("public struct Kernel") }) {
      if line.contains("// Of the call being performed, and so not state") { break }
      let declaration = line.replacing("@usableFromInline ", with: "")
      guard let name = declaration.words(after: "var ")?.first?.split(separator: ":").first else { continue }
      state.append(String(name))
    }
    #expect(state.count > 30)
    for name in state { #expect(copied.contains(name) || given.contains(name), "snapshot() forgets \(name)") }
    for name in copied where !allowances.contains(name) {
      #expect(state.contains(name), "snapshot() copies \(name), which is not said to be state")
    }
    // And nothing that holds objects hides behind the line.
    let rest = lines.drop { !$0.contains("// Of the call being performed, and so not state") }
    for line in rest where line.contains("= Slab<") { Issue.record("a slab that is not state: \(line)") }
  }
}

extension Substring {
  fileprivate func range(of text: String) -> Range<Substring.Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
      start = index(after: start)
    }
    return nil
  }
}
