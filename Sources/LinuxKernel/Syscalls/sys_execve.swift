extension Syscall {
  private static let causes: KeyValuePairs<Errno, String> = [
    .E2BIG: "a string is longer than 131071 bytes, or all together take more than their part of RLIMIT_STACK",
    .EACCES: "the file is not regular or not executable, or a directory may not be searched",
    .EFAULT: "a path, list or string lies outside the caller's memory",
    .EINVAL: "flags holds an unknown bit",
    .ELOOP: "too many symbolic links or interpreters, or a link that AT_SYMLINK_NOFOLLOW leaves alone",
    .ENAMETOOLONG: "a name is longer than 255 bytes, or the path than 4095",
    .ENOENT: "there is no such file, or no such interpreter",
    .ENOEXEC: "the file is neither Lua nor begins with a line that names an interpreter",
    .ENOTDIR: "a component is no directory",
    .ETXTBSY: "the file is open for writing",
  ]

  /// execve(2). Linux: fs/exec.c, do_execveat_common().
  static let execve = Syscall(
    59, "execve", "Runs another program in place of the calling one.",
    c: "int execve(const char *pathname, char *const argv[], char *const envp[])",
    Param<ProgramName>("pathname"), Param<StringList?>(optional: "argv"), Param<StringList?>(optional: "envp"),
    returns: "never", errors: causes
  ) {
    (kernel: inout Kernel, me: TaskID, name: ProgramName, arguments: StringList?, environment: StringList?) throws(Stop)
      -> Done in
    try kernel.execute(.current, name, arguments, environment, [], me)
  }

  /// execveat(2).
  static let execveat = Syscall(
    322, "execveat", "Does as execve with a path that starts at a directory, or with an open file.",
    c: "int execveat(int dirfd, const char *pathname, char *const argv[], char *const envp[], int flags)",
    Param<FD>("dirfd"), Param<ProgramName>("pathname"), Param<StringList?>(optional: "argv"),
    Param<StringList?>(optional: "envp"), Param<ExecuteFlags>("flags", default: 0),
    returns: "never, or zero from AT_EXECVE_CHECK", errors: causes
  ) {
    (
      kernel: inout Kernel, me: TaskID, directory: FD, name: ProgramName, arguments: StringList?,
      environment: StringList?,
      flags: ExecuteFlags
    ) throws(Stop) -> Done in
    try kernel.execute(directory, name, arguments, environment, flags, me)
  }
}

struct ExecuteFlags: Flags {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let noFollow = ExecuteFlags(rawValue: 0x100), emptyPath = ExecuteFlags(rawValue: 0x1000)
  static let check = ExecuteFlags(rawValue: 0x10000)
  static let names = NameSet(
    "execveat flags", .bits, ["AT_SYMLINK_NOFOLLOW": 0x100, "AT_EMPTY_PATH": 0x1000, "AT_EXECVE_CHECK": 0x10000])
}

/// What is to be run: a path, or a program that a script has registered, by its name behind a NUL.
struct ProgramName: Argument {
  let path: PathName
  let registered: [UInt8]?
  static var kind: ArgumentKind { .program }

  static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> ProgramName {
    ProgramName(
      path: try PathName.decode(raw, &kernel, me), registered: registered(raw).map { $0.view.array })
  }

  /// The name of a registered program, as it was handed over.
  private static func registered(_ raw: RawArgument) -> RawArgument? {
    guard raw.isBytes, raw.count > 0, raw.view[0] == 0 else { return nil }
    return .bytes(raw.view.slice(1, raw.count - 1))
  }

  static func describe(_ raw: RawArgument) -> String { Trace.describe(registered(raw) ?? raw, as: .path) }
}

/// A list of strings: as bytes, each with its NUL, or the address of an array of pointers.
struct StringList: Argument, @unchecked Sendable {
  private let raw: RawArgument
  static var kind: ArgumentKind { .strings }
  static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> StringList {
    StringList(raw: raw)
  }

  /// One string, before it is copied.
  enum Entry {
    case bytes([UInt8])
    case address(UInt64)
  }

  /// Linux: count().
  func entries(_ kernel: borrowing Kernel, _ me: TaskID) throws(Stop) -> [Entry] {
    var entries: [Entry] = []
    if raw.isBytes {
      var string: [UInt8] = []
      for byte in raw.view.array {
        if byte != 0 {
          string.append(byte)
        } else {
          entries.append(.bytes(string))
          string = []
        }
      }
      return entries
    }
    var at = UInt64(bitPattern: raw.word)
    while at != 0 {
      let pointer = try kernel.memory(at, 8, of: me).withByteView { $0.load(UInt64.self, at: 0) }
      if pointer == 0 { break }
      entries.append(.address(pointer))
      at &+= 8
    }
    return entries
  }
}
