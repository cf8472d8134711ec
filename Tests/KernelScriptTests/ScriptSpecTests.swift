import KernelScript
import LinuxKernel
import Testing

/// The Lua specs, as `kscript test Tests/Scripts` runs them.
@Suite struct ScriptSpecTests {
  @Test(arguments: Repository.names("Tests/Scripts", "_spec.lua"))
  func passes(_ name: String) {
    let path = "Tests/Scripts/" + name
    let file = SpecFile(path: path, source: Repository.text(path))
    var options = Machine.Options()
    options.instructionLimit = 100_000_000
    let cases = file.cases(options)
    #expect(!cases.isEmpty)
    for testCase in cases {
      let result = file.run(testCase, options)
      if result.status == .failed { Issue.record("\(testCase.name)\n\(result.place): \(result.message)") }
    }
  }
}
