import LinuxKernel

/// What the kinds of a declaration mean to somebody who writes scripts: in words, and as types for an editor.
extension ArgumentKind {
  /// What may stand for the argument.
  var words: String {
    switch self {
    case .integer: "an integer"
    case .descriptor: "a descriptor"
    case .flags(let set): "\(set.title): an integer, or names joined by |"
    case .value(let set): "\(set.title): a number or a name"
    case .mode: "permission bits: an integer, or an octal string such as \"0644\""
    case .path: "a string, taken up to its first NUL"
    case .data: "a string or buffer; or an address and a count"
    case .destination:
      "how many bytes are wanted, and the result is a string; or a buffer, or an address and a count"
    case .structure(let layout): "a table with the fields of struct \(layout.name)"
    case .structures(let layout): "a list of tables with the fields of struct \(layout.name)"
    case .program: "the path of an executable file, or the name of a program (ks.program)"
    case .strings: "a list of strings; of an environment also a table of values by name"
    case .vector: "a list of strings, buffers or counts"
    case .time: "seconds, or {tv_sec=, tv_nsec=}"
    case .signalSet: "a list of signals"
    case .signalAction: "a function, \"SIG_DFL\", \"SIG_IGN\", or {handler=, flags=, mask=}"
    case .address: "an address, or a buffer"
    case .integers: "a list of integers"
    case .any: "an integer, a string or a buffer, as the operation takes it"
    case .flagsOrStructure(_, let layout): "an integer or names, or a table with the fields of struct \(layout.name)"
    case .control(let forms):
      "as the command takes it: a number, a table with the fields of struct \(forms.layouts[0].name)"
        + (forms.listedSize > 0 ? ", a list of integers" : "") + "; a buffer or an address takes what it answers"
    case .function: "the function that the new task runs; what it returns is its exit status"
    }
  }

  /// The names that scripts may use.
  var names: NameSet? {
    switch self {
    case .flags(let set), .value(let set): set
    default: nil
    }
  }

  /// The structure that it takes.
  var layout: Layout? {
    switch self {
    case .structure(let layout), .structures(let layout), .flagsOrStructure(_, let layout): layout
    case .control(let forms): forms.layouts[0]
    default: nil
    }
  }

  /// The type as LuaLS writes it.
  var type: String {
    switch self {
    case .integer, .descriptor: "integer"
    case .flags(let set), .value(let set): StubNames.alias(set)
    case .mode: "integer|string"
    case .path: "string|kscript.buffer|integer"
    case .data: "string|kscript.buffer|integer"
    case .destination: "integer|kscript.buffer"
    case .structure(let layout): "\(StubNames.structure(layout))|string|kscript.buffer|integer"
    case .structures(let layout): "(\(StubNames.structure(layout))|any[])[]|string|kscript.buffer|integer"
    case .program: "string|kscript.buffer|integer"
    case .strings: "string[]|table<string, string>|kscript.buffer|integer"
    case .vector: "(string|kscript.buffer|integer)[]"
    case .time: "kscript.time"
    case .signalSet: "(integer|string)[]|string"
    case .signalAction: "kscript.action"
    case .address: "integer|kscript.buffer"
    case .integers: "integer[]"
    case .any: "any"
    case .flagsOrStructure(let set, let layout): "\(StubNames.alias(set))|\(StubNames.structure(layout))"
    case .control(let forms):
      "\(StubNames.structure(forms.layouts[0]))|integer|kscript.buffer" + (forms.listedSize > 0 ? "|integer[]" : "")
    case .function: "fun(): integer?"
    }
  }

  /// Whether a count may follow, when the argument is memory.
  var takesCount: Bool {
    switch self {
    case .data, .destination: true
    default: false
    }
  }
}

extension ResultKind {
  var words: String {
    switch self {
    case .integer: "an integer"
    case .bytes: "a string"
    case .transfer: "a string; or how many bytes went to the caller's memory"
    case .structure(let layout): "a table with the fields of struct \(layout.name)"
    case .structures(let layout): "a list of tables with the fields of struct \(layout.name)"
    case .signalSet: "a list of signal numbers"
    case .integers, .countedIntegers: "a list of integers"
    case .signalAction: "the function, \"SIG_DFL\" or \"SIG_IGN\""
    case .waitStatus: "\"exited\", \"killed\", \"stopped\" or \"continued\", and the exit status or signal"
    case .records(let name): "a list of tables (\(name))"
    case .buffer: "a buffer"
    case .integerOrStructure(let layout): "an integer, or a table with the fields of struct \(layout.name)"
    case .control(let forms):
      "as the command answers: an integer; a table with the fields of struct "
        + forms.layouts.map(\.name).joined(separator: " or ") + ", and the integer behind it where it tells something"
        + (forms.listedSize > 0 ? "; or a list of integers" : "")
    }
  }

  var layout: Layout? {
    switch self {
    case .structure(let layout), .structures(let layout), .integerOrStructure(let layout): layout
    default: nil
    }
  }

  /// The results as LuaLS writes them, each a name and a type: most kinds give one, a wait status two.
  func types(_ name: String) -> [(name: String, type: String)] {
    switch self {
    case .integer: [(name, "integer")]
    case .bytes: [(name, "string")]
    case .transfer: [(name, "string|integer")]
    case .structure(let layout): [(name, StubNames.structure(layout))]
    case .structures(let layout): [(name, StubNames.structure(layout) + "[]")]
    case .signalSet, .integers, .countedIntegers: [(name, "integer[]")]
    case .signalAction: [(name, "function|string")]
    case .waitStatus: [("how", "\"exited\"|\"killed\"|\"stopped\"|\"continued\""), ("code", "integer")]
    case .records: [(name, "table[]")]
    case .buffer: [(name, "kscript.buffer")]
    case .control(let forms):
      [
        (
          name,
          (["integer"] + forms.layouts.map(StubNames.structure)).joined(separator: "|")
            + (forms.listedSize > 0 ? "|integer[]" : "")
        )
      ]
    case .integerOrStructure(let layout): [(name, "integer|" + StubNames.structure(layout))]
    }
  }
}

extension Layout.FieldType {
  /// As C declares it.
  func declaration(_ name: String) -> String {
    switch self {
    case .i8: "int8_t \(name)"
    case .u8: "uint8_t \(name)"
    case .i16: "int16_t \(name)"
    case .u16: "uint16_t \(name)"
    case .i32: "int32_t \(name)"
    case .u32: "uint32_t \(name)"
    case .i64: "int64_t \(name)"
    case .u64: "uint64_t \(name)"
    case .bytes(let count, let isText): "\(isText ? "char" : "uint8_t") \(name)[\(count)]"
    case .structure(let layout): "struct \(layout.name) \(name)"
    }
  }

  /// The type as LuaLS writes it.
  func type(_ names: NameSet?) -> String {
    switch self {
    case .bytes: "string"
    case .structure(let layout): StubNames.structure(layout)
    default: names.map(StubNames.alias) ?? "integer"
    }
  }
}

/// How sets and structures are called in editor stubs.
enum StubNames {
  static func alias(_ set: NameSet) -> String {
    "kscript.names." + String(set.title.map { $0.isLetter || $0.isNumber ? $0 : "_" })
  }

  static func structure(_ layout: Layout) -> String { "kscript.struct." + layout.name }
}
