/// The C declaration of a call, taken apart. Declarations carry it as the manual pages write it.
public struct CPrototype: Sendable {
  public struct Parameter: Sendable {
    public let name: String
    /// The type as written, with what stands in brackets behind a `*`.
    public let type: String
    /// What stands in brackets: `2`, `.count`.
    public let elements: String
    public var isPointer: Bool { type.contains("*") }
    public var isConstant: Bool { type.contains("const") }

    /// Reads `const void buf[.count]`, `int pipefd[2]`, `size_t count`.
    init(_ text: Substring) {
      var head = text, elements: Substring = ""
      if let bracket = text.firstIndex(of: "[") {
        head = text[..<bracket]
        elements = text[text.index(after: bracket)...].prefix { $0 != "]" }
      }
      let name = String(head.reversed().prefix { $0.isLetter || $0.isNumber || $0 == "_" }.reversed())
      self.name = name
      self.elements = String(elements)
      type = String(head.dropLast(name.count)) + (head.endIndex < text.endIndex ? "*" + elements : "")
    }

    /// The N of `int pair[N]`.
    public var elementCount: Int { elements.split(separator: " ").last.flatMap { Int($0) } ?? 1 }
    /// The name behind the dot of `[.count]`.
    public var countName: String? {
      guard let dot = elements.firstIndex(of: ".") else { return nil }
      return String(elements[elements.index(after: dot)...].prefix { $0.isLetter || $0.isNumber || $0 == "_" })
    }
  }

  public let parameters: [Parameter]
  /// What stands before the name of the function.
  public let returnType: String

  public init(_ text: String) {
    guard let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")") else {
      (parameters, returnType) = ([], "")
      return
    }
    let name = text[..<open].reversed().prefix { $0.isLetter || $0.isNumber || $0 == "_" }
    returnType = String(text[..<open].dropLast(name.count))
    // A trailing `... /* mode_t mode */` names what the dots stand for.
    let inner = text[text.index(after: open)..<close].replacing("...", with: "").replacing("/*", with: "").replacing(
      "*/", with: "")
    let list = inner.split(separator: ",").map { Parameter(CPrototype.trimmed($0)) }
    parameters = list.filter { !$0.name.isEmpty && !($0.name == "void" && $0.type.isEmpty) }
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text
    while text.last == " " { text.removeLast() }
    return text.drop { $0 == " " }
  }
}
