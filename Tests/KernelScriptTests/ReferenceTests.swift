import Foundation
import KernelScript
import LinuxKernel
import Testing

/// What is derived from the declarations.
@Suite struct ReferenceTests {
  private let plain = Paint(isOn: false)

  @Test func documentIsUpToDate() {
    let isSame = Repository.text("docs/reference.md") == Array(Reference.markdown().utf8)
    #expect(isSame, "docs/reference.md is not what the declarations say: kscript doc --all > docs/reference.md")
  }

  @Test func signatures() throws {
    func signature(_ name: String) throws -> String {
      Reference.signature(Syscall.all[try #require(Syscall.indices[name])])
    }
    #expect(try signature("read") == "read(fd, count|buf) -> string|n")
    #expect(try signature("pipe2") == "pipe2([flags]) -> reader, writer")
    #expect(try signature("waitpid") == "waitpid([pid[, options]]) -> pid, how, code")
    #expect(try signature("exit") == "exit([status])")
    #expect(try signature("close") == "close(fd) -> 0")
  }

  @Test func pageOfACall() throws {
    let pages = Reference.pages("sys.close")
    #expect(pages.count == 1)
    #expect(
      try #require(pages.first).text(plain) == """
        close(fd) -> 0                                          call 3, close(2)
          Closes a descriptor.

        C
          int close(int fd);

        Parameters
          fd  a descriptor

        Results
          0  always

        Errors
          EBADF  fd is not open

        """)
  }

  /// Each name that can be looked up has a page, and no page holds a line too long to read.
  @Test func everyNameHasAPage() {
    for name in Reference.names {
      let pages = Reference.pages(name)
      #expect(!pages.isEmpty, "\(name)")
      for page in pages where page.signature == nil {
        #expect(page.text(plain).split(separator: "\n").allSatisfy { $0.count <= 120 }, "\(name)")
      }
    }
    #expect(Reference.pages("raed").isEmpty)
    #expect(Suggestion.nearest("raed", Reference.names) == "read")
    #expect(Suggestion.nearest("nothing like this", Reference.names) == nil)
  }

  @Test func constantsAndErrors() throws {
    #expect(try #require(Reference.pages("C.O_CLOEXEC").first).text(plain).contains("Taken by\n  pipe2 (flags)"))
    #expect(try #require(Reference.pages("EWOULDBLOCK").first).text(plain).contains("The same number as EAGAIN"))
  }

  @Test func lists() throws {
    #expect(
      Catalogue([.calls], matching: ["pipe2", "clos[e]"]).text(plain) == """
          3  close(fd) -> 0                    Closes a descriptor.
        293  pipe2([flags]) -> reader, writer  Creates a pipe and returns its read end and its write end.

        """)
    #expect(Catalogue([.calls]).entries.count == Syscall.all.count)
    for entry in Catalogue([.missing]).entries { #expect(Syscall.indices[entry.name] == nil) }
    let object = try JSONSerialization.jsonObject(with: Data(Catalogue(Catalogue.Kind.allCases).json().utf8))
    #expect((object as? [[String: Any]])?.count == Catalogue(Catalogue.Kind.allCases).entries.count)
  }

  /// The list of the module's functions, against the module.
  @Test func libraryIsTheModule() {
    let run = ScriptRun.run(
      """
      local ks = require "kscript"
      for name, value in pairs(ks) do
        local is_built = type(value) ~= "function" or not tostring((select(2, pcall(value)))):find "is not built yet"
        print(name, is_built)
      end
      """)
    #expect(run.isDone, "\(run.reports)")
    var found: [String: Bool] = [:]
    for line in run.output.split(separator: "\n") {
      let parts = line.split(separator: "\t")
      if !Library.internals.contains(String(parts[0])) { found[String(parts[0])] = parts[1] == "true" }
    }
    var expected: [String: Bool] = [:]
    for function in Library.functions { expected[function.name] = function.isBuilt }
    for field in Library.fields { expected[field.name] = true }
    #expect(found == expected)
  }

  @Test func stubsAreLua() {
    for file in EditorStubs.files {
      #expect(file.text.hasSuffix("\n") && !file.text.hasSuffix("\n\n"), "\(file.path)")
      if file.path.hasSuffix(".luarc.json") {
        #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(file.text.utf8)) }
      } else {
        let machine = Machine(console: { _, _ in }, report: { _ in })
        #expect(machine.load(Array(file.text.utf8), name: file.path, arguments: []) == nil)
      }
    }
    let module = EditorStubs.files[0].text
    #expect(
      module.contains(
        """
        ---Creates a pipe and returns its read end and its write end. pipe2(2)
        ---@param flags? kscript.names.pipe_flags pipe flags: an integer, or names joined by |
        ---@return integer reader
        ---@return integer writer
        function must.pipe2(flags) end
        """))
  }
}
