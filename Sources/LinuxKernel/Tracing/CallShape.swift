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
    var match = PrototypeMatch(call)
    var slots: [(name: String, slot: Slot)] = []
    var counted: Int?
    var isCounted = false

    for parameter in CPrototype(call.prototype).parameters {
      if let index = match.takeInput(parameter) {
        switch call.parameters[index].kind {
        case .destination:
          let bytes =
            match.takeResult { if case .transfer = $0.kind { true } else { false } } ?? match.takeResult { _ in true }
          // What else there is comes with the bytes (msgrcv's type): C returns their number.
          isCounted = true
          slots.append((parameter.name, .room(index, bytes ?? 0)))
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
        let found = match.takeOutputs(parameter)
        slots.append((parameter.name, found.isEmpty ? .null : .output(found)))
      } else if parameter.isPointer {
        slots.append((parameter.name, .null))
      } else if let index = match.takeNextInput() {
        slots.append((parameter.name, .input(index)))
      }
    }
    for index in match.unused { slots.append((call.parameters[index].name, .input(index))) }
    self.slots = slots
    isVariadic = call.prototype.contains("...")
    returned = isCounted ? nil : match.freeResults.first
    further = Array(match.freeResults.dropFirst(isCounted ? 0 : 1))
    knownCount =
      slots.firstIndex {
        switch $0.slot {
        case .output, .room: true
        default: false
        }
      } ?? slots.count
  }
}
