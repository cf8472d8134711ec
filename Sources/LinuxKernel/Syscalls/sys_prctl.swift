extension Syscall {
  /// prctl(2). Linux: kernel/sys.c.
  static let prctl = Syscall(
    157, "prctl", "Asks for or sets one property of the calling process or thread.",
    c: "int prctl(int op, ...)",
    Param<ProcessOption>("op"), Param<OptionValue>("arg2", default: 0), Param<UInt64>("arg3", default: 0),
    Param<UInt64>("arg4", default: 0), Param<UInt64>("arg5", default: 0),
    returns: "value",
    errors: [
      .EINVAL: "op is not one of the listed, or an argument is none of its values",
      .EFAULT: "the name lies outside the caller's memory",
      .EPERM: "PR_SET_KEEPCAPS is locked",
    ]
  ) {
    (kernel: inout Kernel, me: TaskID, option: ProcessOption, argument: OptionValue, _: UInt64, _: UInt64, _: UInt64)
      throws(Stop) -> OptionAnswer in
    try kernel.processOption(option, argument, me)
  }
}

/// PR_* of include/uapi/linux/prctl.h; the others are not built and are EINVAL.
struct ProcessOption: Choice, Equatable {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let setParentDeathSignal = ProcessOption(rawValue: 1), getParentDeathSignal = ProcessOption(rawValue: 2)
  static let getDumpable = ProcessOption(rawValue: 3), setDumpable = ProcessOption(rawValue: 4)
  static let getKeepCapabilities = ProcessOption(rawValue: 7), setKeepCapabilities = ProcessOption(rawValue: 8)
  static let setName = ProcessOption(rawValue: 15), getName = ProcessOption(rawValue: 16)
  static let setSubreaper = ProcessOption(rawValue: 36), getSubreaper = ProcessOption(rawValue: 37)

  static let names = NameSet(
    "prctl operation", .values,
    [
      "PR_SET_PDEATHSIG": 1, "PR_GET_PDEATHSIG": 2, "PR_GET_DUMPABLE": 3, "PR_SET_DUMPABLE": 4, "PR_GET_KEEPCAPS": 7,
      "PR_SET_KEEPCAPS": 8, "PR_SET_NAME": 15, "PR_GET_NAME": 16, "PR_SET_CHILD_SUBREAPER": 36,
      "PR_GET_CHILD_SUBREAPER": 37,
    ])
}

/// What an operation is given: a number, or a name.
struct OptionValue: Argument {
  var word: UInt64
  var bytes: [UInt8]?
  static var kind: ArgumentKind { .any }
  static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> OptionValue {
    OptionValue(word: UInt64(bitPattern: raw.word), bytes: raw.form == .bytes ? raw.view.array : nil)
  }
}

/// A number, or the bytes in the output.
struct OptionAnswer: Returned {
  var number: Int64 = 0
  var isBytes = false
  static var results: [ResultKind] { [.transfer] }
  func store(_ kernel: inout Kernel) {
    kernel.reply.words[0] = isBytes ? Int64(kernel.output.count) : number
    kernel.reply.hasBytes = isBytes
  }
}

extension Kernel {
  fileprivate mutating func processOption(_ option: ProcessOption, _ value: OptionValue, _ me: TaskID) throws(Stop)
    -> OptionAnswer
  {
    let process = process(of: me)
    switch option {
    case .setParentDeathSignal:
      guard value.word <= UInt64(Signal.last), value.bytes == nil else { throw .errno(.EINVAL) }
      tasks[me].parentDeathSignal = Int8(value.word)
    case .getParentDeathSignal: return OptionAnswer(number: Int64(tasks[me].parentDeathSignal))
    case .getDumpable: return OptionAnswer(number: addressSpaces[tasks[me].memory].isDumpable ? 1 : 0)
    case .setDumpable:
      guard value.word <= 1, value.bytes == nil else { throw .errno(.EINVAL) }
      addressSpaces[tasks[me].memory].isDumpable = value.word == 1
    case .getKeepCapabilities:
      return OptionAnswer(number: tasks[me].credentials.secureBits & Credentials.keepCapabilities != 0 ? 1 : 0)
    case .setKeepCapabilities:
      guard value.word <= 1, value.bytes == nil else { throw .errno(.EINVAL) }
      let bits = tasks[me].credentials.secureBits & ~Credentials.keepCapabilities
      tasks[me].credentials.secureBits = bits | (value.word == 1 ? Credentials.keepCapabilities : 0)
    case .setName:
      var name = value.bytes ?? []
      if value.bytes == nil {
        // strncpy_from_user(): up to the NUL, or as many as fit.
        for offset in 0..<UInt64(Task.nameLimit) {
          let byte = try memory(value.word &+ offset, 1, of: me)[0]
          if byte == 0 { break }
          name.append(byte)
        }
      }
      tasks[me].name = Array(name.prefix(Task.nameLimit).prefix { $0 != 0 })
    case .getName:
      output.append(tasks[me].name)
      return OptionAnswer(isBytes: true)
    case .setSubreaper:
      // A string is the address of its bytes.
      let isSubreaper = value.bytes != nil || value.word != 0
      processes[process].isSubreaper = isSubreaper
      if isSubreaper { markSubreaperAbove(descendantsOf: process) }
    case .getSubreaper: return OptionAnswer(number: processes[process].isSubreaper ? 1 : 0)
    default: throw .errno(.EINVAL)
    }
    return OptionAnswer()
  }

  /// Linux: propagate_has_child_subreaper(), over the whole tree below.
  private mutating func markSubreaperAbove(descendantsOf process: ID<Process>) {
    var left = [process]
    while let parent = left.popLast() {
      var next = processes[parent].firstChild
      while let child = next {
        next = processes[child].nextSibling
        // Below one that is marked all are, and so are those below a subreaper.
        guard !processes[child].hasSubreaperAbove else { continue }
        processes[child].hasSubreaperAbove = true
        left.append(child)
      }
    }
  }
}
