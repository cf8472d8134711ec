/// A value of a trace: what a call was given or has answered, from which strace's text and JSON are both made.
public indirect enum TraceValue: Sendable {
  case null
  case integer(Int64)
  case unsigned(UInt64)
  /// A number with the names that its set has for it.
  case named(Int64, String)
  case mode(Int64)
  case address(UInt64)
  /// With what it names, where that was asked for.
  case descriptor(Int32, String?)
  case bytes([UInt8])
  case structure(String, [(name: String, value: TraceValue)])
  case list([TraceValue])
  case signals(SignalSet)
  /// A status of wait(2).
  case waitStatus(Int32)
  /// What has no value of its own: a function, memory that was not filled.
  case note(String)

  /// How much of it is shown.
  public struct Style: Sendable {
    /// strace's -s.
    public var stringLimit = 32
    /// strace's -v: structures whole.
    public var isVerbose = false
    public init() {}
  }

  public func text(_ style: Style = Style()) -> String {
    switch self {
    case .null: return "NULL"
    case .integer(let value): return "\(value)"
    case .unsigned(let value): return "\(value)"
    case .named(_, let names): return names
    case .mode(let value): return octal(value)
    case .address(let value): return value == 0 ? "NULL" : "0x" + String(value, radix: 16)
    case .descriptor(let number, let name):
      return (number == -100 ? "AT_FDCWD" : "\(number)") + (name.map { "<\($0)>" } ?? "")
    case .bytes(let bytes): return bytes.withByteView { Trace.quote($0, limit: style.stringLimit) }
    case .structure(let name, let fields):
      let shown = style.isVerbose ? fields : TraceValue.abbreviated(name, fields)
      let parts = shown.map { $0.name + "=" + $0.value.text(style) }
      return "{" + (parts + (shown.count < fields.count ? ["..."] : [])).joined(separator: ", ") + "}"
    case .list(let values):
      let limit = style.isVerbose ? Int.max : style.stringLimit
      let parts = values.prefix(limit).map { $0.text(style) } + (values.count > limit ? ["..."] : [])
      return "[" + parts.joined(separator: ", ") + "]"
    case .signals(let set): return Trace.signals(set)
    case .waitStatus(let status): return "[{" + TraceValue.describe(status: status) + "}]"
    case .note(let text): return text
    }
  }

  /// What strace shows of long structures without -v.
  private static let essentials: [String: [String]] = [
    "stat": ["st_mode", "st_size"], "statx": ["stx_mask", "stx_attributes", "stx_mode", "stx_size"],
    "utsname": ["sysname", "nodename"], "sysinfo": ["uptime"], "rusage": ["ru_utime", "ru_stime"],
  ]

  private static func abbreviated(_ name: String, _ fields: [(name: String, value: TraceValue)]) -> [(
    name: String, value: TraceValue
  )] {
    guard let shown = essentials[name] else { return fields }
    return fields.filter { shown.contains($0.name) }
  }

  private static func describe(status: Int32) -> String {
    if status == 0xffff { return "WIFCONTINUED(s)" }
    if status & 0xff == 0x7f { return "WIFSTOPPED(s) && WSTOPSIG(s) == \(SignalNames.name(status >> 8 & 0xff))" }
    if status & 0x7f == 0 { return "WIFEXITED(s) && WEXITSTATUS(s) == \(status >> 8 & 0xff)" }
    let core = status & 0x80 != 0 ? " && WCOREDUMP(s)" : ""
    return "WIFSIGNALED(s) && WTERMSIG(s) == \(SignalNames.name(status & 0x7f))" + core
  }
}

extension TraceValue {
  /// The flags of open(2) begin with the kind of access; in calls that open nothing by name they have none.
  func withoutAccess(of call: Syscall) -> TraceValue {
    guard case .named(let value, let names) = self, names.hasPrefix("O_RDONLY"), call.name != "fcntl" else {
      return self
    }
    if call.parameters.contains(where: { if case .path = $0.kind { true } else { false } }) { return self }
    return .named(value, value == 0 ? "0" : String(names.dropFirst("O_RDONLY|".count)))
  }
}

// From what calls take and give.

extension TraceValue {
  /// An argument. `memory` reads the caller's memory, for what was handed over as an address.
  init(_ raw: RawArgument, _ kind: ArgumentKind, memory: (UInt64, Int) -> [UInt8], name: (Int32) -> String?) {
    switch raw.form {
    case .absent: self = .null
    case .word, .omitted: self = TraceValue.word(raw.word, kind, name)
    case .bytes: self = TraceValue.bytes(raw.view.array, kind)
    case .memory:
      let address = UInt64(bitPattern: raw.word)
      let size: Int? =
        switch kind {
        case .structure(let layout): layout.size
        case .time: 16
        case .signalSet: 8
        case .data where raw.count >= 0: raw.count
        default: nil
        }
      guard let size, case let found = memory(address, size), found.count == size else {
        self = .address(address)
        return
      }
      self = TraceValue.bytes(found, kind)
    }
  }

  private static func word(_ word: Int64, _ kind: ArgumentKind, _ name: (Int32) -> String?) -> TraceValue {
    switch kind {
    case .flags(let names), .value(let names): named(word, names)
    case .mode: .mode(word)
    case .address: .address(UInt64(bitPattern: word))
    case .function: .note("fn")
    case .descriptor: .descriptor(Int32(truncatingIfNeeded: word), name(Int32(truncatingIfNeeded: word)))
    default: .integer(word)
    }
  }

  private static func named(_ value: Int64, _ names: NameSet) -> TraceValue {
    .named(
      value,
      names.title == SignalNames.names.title
        ? SignalNames.name(Int32(truncatingIfNeeded: value)) : names.describe(value))
  }

  private static func bytes(_ bytes: [UInt8], _ kind: ArgumentKind) -> TraceValue {
    bytes.withByteView { view in
      switch kind {
      case .structure(let layout): structure(view, layout)
      case .structures(let layout): structures(view, layout)
      case .control(let forms): control(view, view.count == forms.layouts[0].size ? 1 : ControlForms.list, forms)
      case .time: structure(view, Layouts.timespec)
      case .signalSet: view.count >= 8 ? .signals(SignalSet(rawValue: view.load(at: 0))) : .bytes(bytes)
      case .signalAction: signalAction(view)
      case .flagsOrStructure(_, let layout): structure(view, layout)
      case .vector: vector(view)
      case .strings: strings(view)
      case .program: .bytes(Array(bytes.drop { $0 == 0 }.prefix { $0 != 0 }))
      default: .bytes(bytes)
      }
    }
  }

  /// The pieces of a vector, as `Vector` has them: 24 bytes of form, address and length, and the bytes themselves.
  static func vector(_ view: ByteView) -> TraceValue {
    var pieces: [TraceValue] = []
    var offset = 0
    while offset + 24 <= view.count {
      let form: UInt64 = view.load(at: offset), length = view.load(Int.self, at: offset + 16)
      let address: UInt64 = view.load(at: offset + 8)
      offset += 24
      let base: TraceValue
      switch form {
      case 0:
        guard 0...view.count - offset ~= length else { return .bytes(view.array) }
        base = .bytes(view.slice(offset, length).array)
        offset += length
      case 1: base = .address(address)
      default: base = .note("...")
      }
      pieces.append(.structure("iovec", [("iov_base", base), ("iov_len", .integer(Int64(length)))]))
    }
    return .list(pieces)
  }

  /// Strings, each with its NUL.
  static func strings(_ view: ByteView) -> TraceValue {
    .list(view.array.split(separator: 0, omittingEmptySubsequences: false).dropLast().map { .bytes(Array($0)) })
  }

  static func structure(_ view: ByteView, _ layout: Layout) -> TraceValue {
    guard view.count >= layout.size else { return .bytes(view.array) }
    return .structure(layout.name, layout.fields.filter { !$0.isAlias }.map { ($0.name, field(view, $0)) })
  }

  /// What a command takes or gives.
  static func control(_ view: ByteView, _ form: Int64, _ forms: ControlForms) -> TraceValue {
    if form > 0, form <= forms.layouts.count { return structure(view, forms.layouts[Int(form) - 1]) }
    guard forms.listedSize == 2 else { return .bytes(view.array) }
    return .list((0..<view.count / 2).map { .integer(Int64(view.load(UInt16.self, at: $0 * 2))) })
  }

  static func structures(_ view: ByteView, _ layout: Layout) -> TraceValue {
    .list((0..<view.count / max(layout.size, 1)).map { structure(view.slice($0 * layout.size, layout.size), layout) })
  }

  private static func field(_ view: ByteView, _ field: Layout.Field) -> TraceValue {
    switch field.type {
    case .bytes(let count, let isText):
      let bytes = view.slice(field.offset, count).array
      return .bytes(isText ? Array(bytes.prefix { $0 != 0 }) : bytes)
    case .structure(let layout): return structure(view.slice(field.offset, layout.size), layout)
    default: break
    }
    let number = field.number(in: view)!
    if let names = field.names { return named(number, names) }
    if case .u64 = field.type { return .unsigned(UInt64(bitPattern: number)) }
    if field.name.hasSuffix("_mode") { return .named(number, fileMode(number)) }
    return .integer(number)
  }

  /// S_IFDIR|0755
  private static func fileMode(_ mode: Int64) -> String {
    let types: KeyValuePairs<Int64, String> = [
      0o010000: "S_IFIFO", 0o020000: "S_IFCHR", 0o040000: "S_IFDIR", 0o060000: "S_IFBLK", 0o100000: "S_IFREG",
      0o120000: "S_IFLNK",
      0o140000: "S_IFSOCK",
    ]
    let type = types.first { $0.key == mode & 0o170000 }.map { $0.value + "|" } ?? ""
    return type + octal(mode & 0o7777)
  }

  /// poll's list on its way in, without what comes out.
  var pollQuestions: TraceValue {
    guard case .list(let entries) = self else { return self }
    return .list(
      entries.map { entry in
        guard case .structure("pollfd", let fields) = entry else { return entry }
        return .structure("pollfd", fields.filter { $0.name != "revents" })
      })
  }

  /// poll's list on its way out: those that are ready.
  var pollAnswers: TraceValue {
    guard case .list(let entries) = self else { return self }
    return .list(
      entries.compactMap { entry in
        guard case .structure("pollfd", let fields) = entry else { return entry }
        if let found = fields.first(where: { $0.name == "revents" })?.value, case .named(0, _) = found { return nil }
        return .structure("pollfd", fields.filter { $0.name != "events" })
      })
  }

  /// The 32 bytes in which an action passes: the handler's number, flags and mask.
  static func signalAction(_ view: ByteView) -> TraceValue {
    guard view.count >= 24 else { return .bytes(view.array) }
    let handler = view.load(Int64.self, at: 0), flags = view.load(Int64.self, at: 8)
    let name = handler == 0 ? "SIG_DFL" : handler == 1 ? "SIG_IGN" : "fn"
    return .structure(
      "sigaction",
      [
        ("sa_handler", .named(handler, name)), ("sa_mask", .signals(SignalSet(rawValue: view.load(at: 16)))),
        ("sa_flags", .named(flags, actionFlags.describe(flags))),
      ])
  }

  private static let actionFlags = NameSet(
    "signal action flags", .bits,
    [
      "SA_RESTORER": 0x400_0000, "SA_ONSTACK": 0x800_0000, "SA_RESTART": 0x1000_0000, "SA_NODEFER": 0x4000_0000,
      "SA_RESETHAND": 0x8000_0000, "SA_SIGINFO": 4, "SA_NOCLDSTOP": 1, "SA_NOCLDWAIT": 2,
    ])

  /// What comes with a signal, as strace shows it.
  public init(_ info: SignalInfo) {
    let codes: KeyValuePairs<Int32, String> = [
      0: "SI_USER", 0x80: "SI_KERNEL", -1: "SI_QUEUE", -2: "SI_TIMER", -3: "SI_MESGQ", -5: "SI_SIGIO", -6: "SI_TKILL",
    ]
    let childCodes = ["CLD_EXITED", "CLD_KILLED", "CLD_DUMPED", "CLD_TRAPPED", "CLD_STOPPED", "CLD_CONTINUED"]
    let isChild = info.signal == Signal.chld && (1...6).contains(info.code)
    let code = isChild ? childCodes[Int(info.code) - 1] : codes.first { $0.key == info.code }?.value ?? "\(info.code)"
    var fields: [(name: String, value: TraceValue)] = [
      ("si_signo", .named(Int64(info.signal), SignalNames.name(info.signal))),
      ("si_code", .named(Int64(info.code), code)),
    ]
    if info.code == SignalInfo.timer {
      fields += [("si_timerid", .integer(Int64(info.timer))), ("si_overrun", .integer(Int64(info.overrun)))]
    } else if info.code != SignalInfo.kernel {
      fields += [("si_pid", .integer(Int64(info.pid))), ("si_uid", .integer(Int64(info.uid)))]
    }
    if isChild {
      let status = Int64(info.status)
      fields += [
        ("si_status", info.code == 1 ? .integer(status) : .named(status, SignalNames.name(info.status))),
        ("si_utime", .integer(0)), ("si_stime", .integer(0)),
      ]
    }
    if info.value != 0 { fields.append(("si_value", .integer(info.value))) }
    self = .structure("siginfo", fields)
  }
}
