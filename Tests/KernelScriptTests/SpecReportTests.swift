import Foundation
import KernelScript
import LinuxKernel
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// The forms in which results are told.
@Suite struct SpecReportTests {
  static let source = """
    describe("a <b> & \\"c\\" #tag", function()
      it("passes", function() end)
      it("fails", function() print "said" error("one\\ntwo \\1", 0) end)
      pending("later")
    end)
    """

  static let suite = SpecSuite(
    [(target: SpecSearch.Target(path: "x_spec.lua", lines: []), text: Array(source.utf8))], .init(), .init(), threads: 1
  )

  static func tell(_ report: any SpecReport, _ suite: SpecSuite = suite, threads: Int = 1) -> String {
    var report = report
    var summary = SpecSummary()
    var text = report.begin(suite)
    suite.run(threads: threads) { entry in
      summary.count(entry.result.status)
      text += report.take(entry)
      return true
    }
    return text + report.end(summary, stopped: false)
  }

  @Test func text() {
    #expect(
      SpecReportTests.tell(SpecTextReport(paint: Paint(isOn: false))) == """
        x_spec.lua  1 passed, 1 failed, 1 skipped

          FAILED  a <b> & "c" #tag fails
            x_spec.lua:3: one
            two \u{1}
            output
              said
            seed 0  again: kscript test x_spec.lua:3

        1 passed, 1 failed, 1 skipped

        """)
    #expect(SpecReportTests.tell(SpecTextReport(paint: Paint(isOn: true))).contains("\u{1b}[31mFAILED\u{1b}[0m"))
  }

  @Test func tap() {
    #expect(
      SpecReportTests.tell(SpecTapReport()) == """
        TAP version 14
        1..3
        ok 1 - a <b> & "c" \\#tag passes
        not ok 2 - a <b> & "c" \\#tag fails
          ---
          message: "one\\ntwo \\u0001"
          at: "x_spec.lua:3"
          output: "said\\n"
          again: "kscript test x_spec.lua:3"
          ...
        ok 3 - a <b> & "c" \\#tag later # SKIP
        # 1 passed, 1 failed, 1 skipped

        """)
  }

  @Test func json() throws {
    let text = SpecReportTests.tell(SpecJsonReport())
    let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    #expect(object["failed"] as? Int == 1)
    let cases = try #require(object["cases"] as? [[String: Any]])
    #expect(cases.map { $0["status"] as? String } == ["passed", "failed", "skipped"])
    #expect(cases[1]["message"] as? String == "one\ntwo \u{1}")
    #expect(cases[1]["line"] as? Int == 3)
    #expect(cases[1]["tags"] as? [String] == ["tag"])
  }

  @Test func junit() {
    let text = SpecReportTests.tell(SpecJUnitReport())
    let collector = Collector()
    let parser = XMLParser(data: Data(text.utf8))
    parser.delegate = collector
    #expect(parser.parse(), "\(String(describing: parser.parserError))")
    #expect(
      collector.elements == [
        "testsuites", "testsuite", "testcase", "testcase", "failure", "system-out", "testcase", "skipped",
      ])
    #expect(
      collector.names == [
        "x_spec.lua", "a <b> & \"c\" #tag passes", "a <b> & \"c\" #tag fails", "a <b> & \"c\" #tag later",
      ])
  }

  private final class Collector: NSObject, XMLParserDelegate {
    var elements: [String] = []
    var names: [String] = []

    func parser(
      _ parser: XMLParser, didStartElement element: String, namespaceURI: String?, qualifiedName: String?,
      attributes: [String: String]
    ) {
      elements.append(element)
      if let name = attributes["name"] { names.append(name) }
    }
  }
}
