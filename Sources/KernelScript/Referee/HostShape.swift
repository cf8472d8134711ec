import LinuxKernel

/// What goes into the registers of a real call, derived from its declaration: the kernel's prototype, the kinds of its
/// parameters and of its results. The tracer's CallShape does the same for the C library's prototype.
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
    var unused = call.parameters.indices.filter { if case .function = call.parameters[$0].kind { false } else { true } }
    var freeResults = Array(call.results.indices)
    var slots: [Slot] = []
    var broughtBack: [Int: Int] = [:]
    /// What a number that follows counts: a declared parameter, or so many bytes.
    var counted: Slot?

    func declared(_ name: String) -> Int? { call.parameters.firstIndex { $0.name == name } }
    func take(_ fits: (Syscall.Result) -> Bool) -> Int? {
      freeResults.firstIndex { fits(call.results[$0]) }.map { freeResults.remove(at: $0) }
    }
    func isInteger(_ kind: ResultKind) -> Bool { if case .integer = kind { true } else { false } }

    /// The results that come out through a pointer.
    func outputs(_ parameter: CPrototype.Parameter) -> [Int] {
      if parameter.elementCount > 1, freeResults.count >= parameter.elementCount,
        freeResults.allSatisfy({ isInteger(call.results[$0].kind) })
      {
        defer { freeResults.removeFirst(parameter.elementCount) }
        return Array(freeResults.prefix(parameter.elementCount))
      }
      if let named = take({ $0.name == parameter.name }) { return [named] }
      if let other = take({ !isInteger($0.kind) }) { return [other] }
      // Of several integers the first is what C returns.
      guard freeResults.count > 1, isInteger(call.results[freeResults[1]].kind) else { return [] }
      return [freeResults.remove(at: 1)]
    }

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
          if !freeResults.isEmpty { freeResults.removeFirst() }
          slots.append(.room(index))
          counted = .count(index)
        case .data, .vector, .structures, .integers:
          slots.append(.input(index, type: parameter.type))
          if let same = take({ $0.name == parameter.name }) { broughtBack[same] = index }
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
          let index = declared(other.name) ?? unused.first { call.parameters[$0].kind.isCounted }
          let isDeclared = index.map { call.parameters[$0].kind.isCounted } ?? false
          slots.append(isDeclared ? .count(index!) : .constant(Int64(other.type.contains("gid_t") ? HostShape.room / 4 : HostShape.room)))
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
        let results = outputs(parameter)
        slots.append(results.isEmpty ? .constant(0) : .output(results, capacity(results, parameter)))
        if let first = results.first, case .signalSet = call.results[first].kind, counted == nil { counted = .constant(8) }
      }
    }
    for index in unused { slots.append(.input(index, type: "")) }
    for (position, result) in call.results.enumerated() {
      if case .countedIntegers = result.kind, let index = declared(HostShape.setNames[result.name] ?? "") { broughtBack[position] = index }
    }
    freeResults.removeAll { broughtBack[$0] != nil }
    self.slots = slots
    self.broughtBack = broughtBack
    returned = freeResults.first
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
