/// Which of a declaration's parameters and results stand for each parameter of a C prototype. The tracer asks it of the
/// C library's prototype, the referee of the kernel's own.
package struct PrototypeMatch {
  package let call: Syscall
  /// Declared parameters that no C parameter stands for yet. A function that a script passes never has one.
  package private(set) var unused: [Int]
  /// Results that come out through no C parameter yet.
  package private(set) var freeResults: [Int]

  package init(_ call: Syscall) {
    self.call = call
    unused = call.parameters.indices.filter { if case .function = call.parameters[$0].kind { false } else { true } }
    freeResults = Array(call.results.indices)
  }

  /// The declared parameter that goes in here: by its name, or the next one where both are pointers to bytes.
  package mutating func takeInput(_ parameter: CPrototype.Parameter) -> Int? {
    let byName = unused.first { call.parameters[$0].name == parameter.name }
    let byPosition = unused.first.flatMap { index in
      switch call.parameters[index].kind {
      case .data, .destination, .vector, .path, .program, .strings: parameter.isPointer ? index : nil
      default: nil
      }
    }
    guard let index = byName ?? byPosition else { return nil }
    unused.removeAll { $0 == index }
    return index
  }

  /// The next declared parameter, whatever it is.
  package mutating func takeNextInput() -> Int? { unused.isEmpty ? nil : unused.removeFirst() }

  package mutating func takeResult(_ fits: (Syscall.Result) -> Bool) -> Int? {
    freeResults.firstIndex { fits(call.results[$0]) }.map { freeResults.remove(at: $0) }
  }

  package mutating func dropResults(_ isOut: (Int) -> Bool) { freeResults.removeAll(where: isOut) }

  /// The results that come out through a pointer which nothing is passed through.
  package mutating func takeOutputs(_ parameter: CPrototype.Parameter) -> [Int] {
    func isInteger(_ result: Syscall.Result) -> Bool { if case .integer = result.kind { true } else { false } }
    if let named = takeResult({ $0.name == parameter.name }) { return [named] }
    if let other = takeResult({ !isInteger($0) }) { return [other] }
    // Of several integers the first is what C returns, unless an array takes them all.
    let wanted = parameter.elementCount
    guard freeResults.count > 1, freeResults.count >= wanted else { return [] }
    let taken = Array(freeResults.suffix(wanted))
    freeResults.removeLast(wanted)
    return taken
  }
}
