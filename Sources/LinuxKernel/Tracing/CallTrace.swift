/// Where a trace looks at what a call was pointed at: a kernel, or the referee's world.
public protocol TraceSource: ~Copyable {
  associatedtype TracedTask
  /// Bytes of a task's memory, as many as can be read.
  func bytes(at address: UInt64, _ count: Int, of task: TracedTask) -> [UInt8]
  /// What a descriptor of the task names; nil where it is not open.
  func name(ofDescriptor number: Int32, of task: TracedTask) -> String?
}

extension Kernel: TraceSource {}

/// The arguments and the answer of one call as values, in the order of its C parameters.
public struct CallTrace: Sendable {
  public struct Argument: Sendable {
    public let name: String
    /// nil for what comes out, until it has.
    public internal(set) var value: TraceValue?
  }

  /// Position in `Syscall.all`.
  public let index: Int
  public var name: String { Syscall.all[index].name }
  public internal(set) var arguments: [Argument]
  /// How many arguments are known when the call begins.
  public var knownCount: Int {
    let count = min(CallShape.all[index].knownCount, arguments.count)
    return controlRoom == nil ? count : min(count, controlPlace ?? count)
  }
  /// What the call answered; nil when it failed or has not ended.
  public internal(set) var result: TraceValue?
  /// Results that C puts elsewhere (poll's list).
  public internal(set) var further: [TraceValue] = []
  /// Where a transfer goes that was given memory.
  private var room: (address: UInt64, count: Int)?
  /// What a command will answer in place of its last argument, and where that goes unless to the script.
  private var controlRoom: (form: Int64, address: UInt64?)?
  private var controlPlace: Int? { arguments.firstIndex { $0.name == Syscall.all[index].parameters.last?.name } }

  /// - Parameter showsNames: whether descriptors carry what they name.
  public init<S: TraceSource & ~Copyable>(
    _ index: Int, _ raw: Arguments, _ kernel: borrowing S, _ task: S.TracedTask, showsNames: Bool
  ) {
    let call = Syscall.all[index], shape = CallShape.all[index]
    self.index = index
    var values: [Argument] = []
    var room: (UInt64, Int)?
    for (name, slot) in shape.slots {
      if case .input(let place) = slot, shape.isVariadic, CallTrace.isLeftOut(raw[place], call.parameters[place]) {
        break
      }
      let value: TraceValue?
      switch slot {
      case .input(let place):
        value =
          CallTrace.value(raw[place], call.parameters[place].kind, kernel, task, showsNames).withoutAccess(of: call)
          .pollQuestions
      case .count(let place): value = CallTrace.count(raw[place], call.parameters[place].kind)
      case .room(let place, _):
        if raw[place].form == .memory { room = (UInt64(bitPattern: raw[place].word), raw[place].count) }
        value = nil
      case .output: value = nil
      case .null: value = .null
      case .size(let size): value = .integer(Int64(size))
      }
      values.append(Argument(name: name, value: value))
    }
    arguments = values
    self.room = room
    if let last = call.parameters.indices.last, case .control(let forms) = call.parameters[last].kind,
      let answer = forms.answers[raw[last - 1].word]
    {
      let isAddress = raw[last].form == .memory || raw[last].form == .word
      controlRoom = (answer.form, isAddress ? UInt64(bitPattern: raw[last].word) : nil)
      if !isAddress, let place = controlPlace { arguments[place].value = .note("...") }
    }
  }

  /// Whether what stands for C's dots was not given: open's mode, fcntl's argument.
  private static func isLeftOut(_ raw: RawArgument, _ parameter: Syscall.Parameter) -> Bool {
    switch parameter.fallback {
    case .word?: raw.form == .omitted && parameter.name != "flags"
    case .absent?: raw.form == .absent
    case nil: false
    }
  }

  private static func value<S: TraceSource & ~Copyable>(
    _ raw: RawArgument, _ kind: ArgumentKind, _ kernel: borrowing S, _ task: S.TracedTask, _ showsNames: Bool
  ) -> TraceValue {
    var memory: [UInt8] = []
    if raw.form == .memory {
      memory = kernel.bytes(at: UInt64(bitPattern: raw.word), max(raw.count, 0) == 0 ? 256 : raw.count, of: task)
    }
    var name: String?
    if showsNames, case .descriptor = kind {
      name = kernel.name(ofDescriptor: Int32(truncatingIfNeeded: raw.word), of: task)
    }
    return TraceValue(raw, kind, memory: { _, count in Array(memory.prefix(count)) }, name: { _ in name })
  }

  private static func count(_ raw: RawArgument, _ kind: ArgumentKind) -> TraceValue {
    switch (raw.form, kind) {
    case (.bytes, .structures(let layout)): .integer(Int64(raw.count / max(layout.size, 1)))
    case (.bytes, .vector):
      if case .list(let pieces) = TraceValue.vector(raw.view) { .integer(Int64(pieces.count)) } else { .integer(0) }
    case (.memory, .vector): .integer(Int64(raw.count / 16))
    case (.bytes, _), (.memory, _): .integer(Int64(raw.count))
    case (.absent, _): .integer(0)
    default: .integer(raw.word)
    }
  }

  /// Fills in what has come out.
  public mutating func answer<S: TraceSource & ~Copyable>(
    _ reply: Reply, _ bytes: ByteView, _ kernel: borrowing S, _ task: S.TracedTask, showsNames: Bool
  ) {
    let call = Syscall.all[index], shape = CallShape.all[index]
    let hasFailed = reply.errno != 0
    for (place, (_, slot)) in shape.slots.enumerated() where place < arguments.count {
      switch slot {
      case .room(_, let result):
        if hasFailed {
          arguments[place].value = room.map { .address($0.address) } ?? .note("...")
        } else if let room, !reply.hasBytes {
          arguments[place].value = .bytes(
            kernel.bytes(at: room.address, min(room.count, Int(reply.words[result])), of: task))
        } else {
          arguments[place].value = CallTrace.value(of: call.results[result], result, reply, bytes)
        }
      case .output(let results):
        if hasFailed {
          arguments[place].value = .note("...")
        } else if results.count == 1, case .integer = call.results[results[0]].kind {
          arguments[place].value = .list([CallTrace.value(of: call.results[results[0]], results[0], reply, bytes)])
        } else if results.count == 1 {
          arguments[place].value = CallTrace.value(of: call.results[results[0]], results[0], reply, bytes)
        } else {
          arguments[place].value = .list(
            results.map { descriptor(call.results[$0], reply.words[$0], kernel, task, showsNames) })
        }
      case .null where reply.extraResult && bytes.count >= 16:
        arguments[place].value = .structure(
          "timespec", [("tv_sec", .integer(bytes.load(at: 0))), ("tv_nsec", .integer(bytes.load(at: 8)))])
      default: break
      }
    }
    guard !hasFailed else { return }
    showControl(reply, bytes, kernel, task)
    further = shape.further.map { CallTrace.value(of: call.results[$0], $0, reply, bytes).pollAnswers }
    if let returned = shape.returned {
      if case .buffer = call.results[returned].kind {
        result = .address(UInt64(bitPattern: reply.words[0]))
      } else {
        result = descriptor(call.results[returned], reply.words[returned], kernel, task, showsNames)
      }
    } else {
      var count: Int64 = 0
      for (_, slot) in shape.slots {
        switch slot {
        case .room(_, let place): count = reply.words[place]
        case .output(let places) where CallTrace.isCounted(call.results[places[0]].kind): count = reply.words[0]
        default: break
        }
      }
      result = .integer(count)
    }
  }

  /// What a command has answered stands where C has a pointer for it.
  private mutating func showControl<S: TraceSource & ~Copyable>(
    _ reply: Reply, _ bytes: ByteView, _ kernel: borrowing S, _ task: S.TracedTask
  ) {
    guard case .control(let forms)? = Syscall.all[index].results.first?.kind, let room = controlRoom else { return }
    let value: TraceValue
    if reply.words[1] != ControlForms.number {
      value = TraceValue.control(bytes, reply.words[1], forms)
    } else if let address = room.address, room.form > 0 {
      let layout = forms.layouts[Int(room.form) - 1], found = kernel.bytes(at: address, layout.size, of: task)
      guard found.count == layout.size else { return }
      value = found.withByteView { TraceValue.structure($0, layout) }
    } else {
      return
    }
    if let place = controlPlace {
      arguments[place].value = value
    } else {
      arguments.append(Argument(name: "arg", value: value))
    }
  }

  private static func isCounted(_ kind: ResultKind) -> Bool {
    switch kind {
    case .bytes, .transfer, .structures, .records: true
    default: false
    }
  }

  /// An integer that is a descriptor, by the name its declaration gives it.
  private func descriptor<S: TraceSource & ~Copyable>(
    _ result: Syscall.Result, _ word: Int64, _ kernel: borrowing S, _ task: S.TracedTask, _ showsNames: Bool
  ) -> TraceValue {
    guard result.name.hasSuffix("fd") || result.name == "reader" || result.name == "writer", word >= 0 else {
      return .integer(word)
    }
    let number = Int32(truncatingIfNeeded: word)
    return .descriptor(number, showsNames ? kernel.name(ofDescriptor: number, of: task) : nil)
  }

  private static func value(of result: Syscall.Result, _ place: Int, _ reply: Reply, _ bytes: ByteView) -> TraceValue {
    switch result.kind {
    case .integer: .integer(reply.words[min(place, 3)])
    case .waitStatus:
      reply.words[min(place, 3)] < 0 ? .null : .waitStatus(Int32(truncatingIfNeeded: reply.words[min(place, 3)]))
    case .structure(let layout): TraceValue.structure(bytes, layout)
    case .structures(let layout): TraceValue.structures(bytes, layout)
    case .signalSet: bytes.count >= 8 ? .signals(SignalSet(rawValue: bytes.load(at: 0))) : .null
    case .signalAction: TraceValue.signalAction(bytes)
    case .buffer: .address(UInt64(bitPattern: reply.words[0]))
    case .records: .note("/* \(recordCount(bytes)) entries */")
    default: .bytes(bytes.array)
    }
  }

  /// How many of struct linux_dirent64 lie one behind the other.
  private static func recordCount(_ bytes: ByteView) -> Int {
    var count = 0, offset = 0
    while offset + 19 <= bytes.count, case let length = Int(bytes.load(UInt16.self, at: offset + 16)), length > 0 {
      count += 1
      offset += length
    }
    return count
  }

  /// What paths and descriptors of the call name, for strace's -P. Descriptors must carry their names.
  public func touches(_ path: String) -> Bool {
    arguments.contains { argument in
      switch argument.value {
      case .descriptor(_, let name?)?: name == path
      case .bytes(let bytes)? where CallTrace.pathNames.contains(argument.name): Array(path.utf8) == bytes
      case .list(let values)?:
        values.contains { if case .descriptor(_, let name?) = $0 { name == path } else { false } }
      default: false
      }
    }
  }

  private static let pathNames: Set = [
    "path", "pathname", "oldpath", "newpath", "target", "linkpath", "filename", "name",
  ]
}
