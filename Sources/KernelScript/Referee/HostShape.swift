import LinuxKernel

/// What goes into the registers of a real call, derived from its declaration: the kernel's prototype, the kinds of its
/// parameters and of its results.
struct HostShape: Sendable {
  enum Slot: Sendable {
    /// A declared parameter, as its kind goes; the C type tells a timeval from a timespec.
    case input(Int, type: String)
    /// How many bytes or entries a declared parameter has.
    case count(Int)
    /// Room for bytes, which a declared parameter asks for.
    case room(Int)
    case constant(Int64)
    /// Comes out: results by position, and the room for them.
    case output([Int], Capacity)
    /// Where a sleep that was cut short leaves the time that was left.
    case remaining
    /// select's: one more than the highest descriptor of the sets.
    case descriptorCount
  }

  enum Capacity: Sendable {
    case bytes(Int)
    /// So many bytes for each of what a parameter counts.
    case each(Int, parameter: Int)
  }

  let slots: [Slot]
  /// The result that C returns; nil where that only tells success.
  let returned: Int?
  /// Results that a declared parameter brings back (poll's list), and the parameter.
  let broughtBack: [Int: Int]

  /// By position in `Syscall.all`.
  static let all: [HostShape] = Syscall.all.map(HostShape.init)

  /// Room for what comes out where the caller does not say how much.
  private static let room = 16384

  init(_ call: Syscall) {
    let parameters = CPrototype(call.rawPrototype).parameters
    var match = PrototypeMatch(call)
    var slots: [Slot] = []
    var broughtBack: [Int: Int] = [:]
    /// What a number that follows counts: a declared parameter, or so many bytes.
    var counted: Slot?

    func declared(_ name: String) -> Int? { call.parameters.firstIndex { $0.name == name } }

    func capacity(_ results: [Int], _ parameter: CPrototype.Parameter) -> Capacity {
      guard let first = results.first else { return .bytes(0) }
      let each: Int
      switch call.results[first].kind {
      case .integer, .waitStatus: return .bytes(4 * results.count)
      case .structure(let layout), .integerOrStructure(let layout): return .bytes(layout.size)
      case .signalSet: return .bytes(8)
      case .signalAction: return .bytes(32)
      case .structures(let layout): each = layout.size
      case .integers(let size): each = size
      default: each = 1
      }
      if let name = parameter.countName, let index = declared(name) { return .each(each, parameter: index) }
      return .bytes(parameter.elementCount > 1 ? each * parameter.elementCount : HostShape.room)
    }

    for parameter in parameters {
      if let index = match.takeInput(parameter) {
        switch call.parameters[index].kind {
        case .destination:
          _ = match.takeResult { _ in true }
          slots.append(.room(index))
          counted = .count(index)
        case .data, .vector, .structures, .integers:
          slots.append(.input(index, type: parameter.type))
          if let same = match.takeResult({ $0.name == parameter.name }) { broughtBack[same] = index }
          counted = .count(index)
        case .structure(let layout):
          slots.append(.input(index, type: parameter.type))
          counted = .constant(Int64(layout.size))
        case .signalSet, .signalAction:
          slots.append(.input(index, type: parameter.type))
          counted = .constant(8)
        default: slots.append(.input(index, type: parameter.type))
        }
      } else if !parameter.isPointer {
        if let known = counted {
          slots.append(known)
          counted = nil
        } else if let other = parameters.first(where: { $0.countName == parameter.name }) {
          // It counts what another parameter points to, which may come later.
          let index = declared(other.name) ?? match.unused.first { call.parameters[$0].kind.isCounted }
          let isDeclared = index.map { call.parameters[$0].kind.isCounted } ?? false
          slots.append(
            isDeclared
              ? .count(index!) : .constant(Int64(other.type.contains("gid_t") ? HostShape.room / 4 : HostShape.room)))
        } else if parameter.name == "nfds" {
          slots.append(.descriptorCount)
        } else {
          slots.append(.constant(0))
        }
      } else if parameter.isConstant {
        slots.append(.constant(0))
      } else if parameter.name.hasPrefix("rem") {
        slots.append(.remaining)
      } else {
        let results = match.takeOutputs(parameter)
        slots.append(results.isEmpty ? .constant(0) : .output(results, capacity(results, parameter)))
        if let first = results.first, case .signalSet = call.results[first].kind, counted == nil {
          counted = .constant(8)
        }
      }
    }
    for index in match.unused { slots.append(.input(index, type: "")) }
    for (position, result) in call.results.enumerated() {
      if case .countedIntegers = result.kind, let index = declared(HostShape.setNames[result.name] ?? "") {
        broughtBack[position] = index
      }
    }
    match.dropResults { broughtBack[$0] != nil }
    self.slots = slots
    self.broughtBack = broughtBack
    returned = match.freeResults.first
  }

  /// What select's results are called, and the sets that they come back in.
  private static let setNames = ["readable": "readfds", "writable": "writefds", "exceptional": "exceptfds"]
}

extension ArgumentKind {
  /// Whether a number of bytes or entries goes with it.
  var isCounted: Bool {
    switch self {
    case .data, .destination, .vector, .structures, .integers: true
    default: false
    }
  }
}
