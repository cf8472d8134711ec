/// How strace lays a call out: every C parameter in its place, whether it goes in or comes out. Derived from the C
/// prototype of a declaration, its parameters and its results.
public struct CallShape: Sendable {
  enum Slot: Sendable {
    /// A declared parameter.
    case input(Int)
    /// How many bytes or entries a declared parameter has.
    case count(Int)
    /// Room for bytes: declared parameter, and result.
    case room(Int, Int)
    /// Comes out: results by position.
    case output([Int])
    /// A pointer that scripts cannot give.
    case null
    /// What scripts have no form for, as the size of an argument that is known.
    case size(Int)
  }

  let slots: [(name: String, slot: Slot)]
  /// The result that C returns; nil for those that only succeed.
  let returned: Int?
  /// Results that come besides it and have no parameter of their own (poll's list).
  let further: [Int]
  /// Whether the prototype ends in dots, for what may be left out.
  let isVariadic: Bool
  /// How many slots are known when the call begins: all before the first that comes out.
  let knownCount: Int

  /// How many declared parameters the line shows.
  public var inputCount: Int {
    slots.count {
      switch $0.slot {
      case .input, .room: true
      default: false
      }
    }
  }

  /// By position in `Syscall.all`; made when first traced.
  public static let all: [CallShape] = Syscall.all.map(CallShape.init)

  init(_ call: Syscall) {
    var unused = call.parameters.indices.filter { if case .function = call.parameters[$0].kind { false } else { true } }
    var freeResults = Array(call.results.indices)
    var slots: [(name: String, slot: Slot)] = []
    var counted: Int?
    var isCounted = false

    /// Takes the first result that fits a pointer which nothing is passed through.
    func outputs(for parameter: CPrototype.Parameter) -> [Int] {
      func take(_ fits: (ResultKind) -> Bool) -> Int? {
        guard let place = freeResults.firstIndex(where: { fits(call.results[$0].kind) }) else { return nil }
        return freeResults.remove(at: place)
      }
      func isInteger(_ kind: ResultKind) -> Bool { if case .integer = kind { true } else { false } }
      if let place = freeResults.firstIndex(where: { call.results[$0].name == parameter.name }) { return [freeResults.remove(at: place)] }
      if let other = take({ !isInteger($0) }) { return [other] }
      // Of several integers the first is what C returns, unless an array takes them all.
      let integers = freeResults.filter { isInteger(call.results[$0].kind) }, wanted = parameter.elementCount
      guard integers.count > 1, integers.count >= wanted else { return [] }
      let taken = Array(integers.suffix(wanted))
      freeResults.removeAll { taken.contains($0) }
      return taken
    }

    for parameter in CPrototype(call.prototype).parameters {
      let byName = unused.first { call.parameters[$0].name == parameter.name }
      let byPosition = unused.first.flatMap { index in
        switch call.parameters[index].kind {
        case .data, .destination, .vector, .path: parameter.isPointer ? index : nil
        default: nil
        }
      }
      if let index = byName ?? byPosition {
        unused.removeAll { $0 == index }
        switch call.parameters[index].kind {
        case .destination:
          let result = freeResults.first { if case .transfer = call.results[$0].kind { true } else { false } } ?? freeResults.first ?? 0
          freeResults.removeAll { $0 == result }
          // What else there is comes with the bytes (msgrcv's type): C returns their number.
          isCounted = true
          slots.append((parameter.name, .room(index, result)))
          counted = index
        case .data, .vector, .structures, .structure:
          slots.append((parameter.name, .input(index)))
          counted = index
        default: slots.append((parameter.name, .input(index)))
        }
      } else if !parameter.isPointer, let index = counted {
        if case .structure(let layout) = call.parameters[index].kind {
          slots.append((parameter.name, .size(layout.size)))
        } else {
          slots.append((parameter.name, .count(index)))
        }
        counted = nil
      } else if parameter.isPointer, !parameter.isConstant {
        let found = outputs(for: parameter)
        slots.append((parameter.name, found.isEmpty ? .null : .output(found)))
      } else if parameter.isPointer {
        slots.append((parameter.name, .null))
      } else if let index = unused.first {
        unused.removeFirst()
        slots.append((parameter.name, .input(index)))
      }
    }
    for index in unused { slots.append((call.parameters[index].name, .input(index))) }
    self.slots = slots
    isVariadic = call.prototype.contains("...")
    returned = isCounted ? nil : freeResults.first
    further = Array(freeResults.dropFirst(isCounted ? 0 : 1))
    knownCount =
      slots.firstIndex {
        switch $0.slot {
        case .output, .room: true
        default: false
        }
      } ?? slots.count
  }
}
