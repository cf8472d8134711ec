extension Syscall {
  private static let errors: KeyValuePairs<Errno, String> = [
    .EACCES: "a directory may not be searched, or the file not be opened this way",
    .EEXIST: "O_CREAT|O_EXCL and the name is taken",
    .EINVAL: "the flags exclude each other",
    .EISDIR: "a directory is opened for writing, or O_CREAT names one",
    .ELOOP: "too many links, or the last is one and O_NOFOLLOW is set",
    .EMFILE: "no descriptor is left below RLIMIT_NOFILE",
    .ENAMETOOLONG: "a name is longer than 255 bytes, or the path than 4095",
    .ENOENT: "nothing stands there",
    .ENOTDIR: "a component is no directory, or O_DIRECTORY and the last is none",
    .ENXIO: "a fifo is opened for writing with O_NONBLOCK and nobody reads",
    .ENOSPC: "the file system is full",
    .EPERM: "O_NOATIME on the file of another",
  ]

  /// open(2). Linux: fs/open.c.
  static let open = Syscall(
    2, "open", "Opens a file, and makes it with O_CREAT.",
    c: "int open(const char *path, int flags, ... /* mode_t mode */)",
    Param<PathName>("path"), Param<OpenFlags>("flags", default: 0), Param<Mode>("mode", default: 0),
    returns: "fd", errors: errors
  ) { (kernel: inout Kernel, me: TaskID, path: PathName, flags: OpenFlags, mode: Mode) throws(Stop) -> FD in
    try kernel.open(.current, path, OpenRequest(lenient: flags, mode), me)
  }

  static let openat = Syscall(
    257, "openat", "Opens a file whose path starts at a directory.",
    c: "int openat(int dirfd, const char *path, int flags, ... /* mode_t mode */)",
    Param<FD>("dirfd"), Param<PathName>("path"), Param<OpenFlags>("flags", default: 0), Param<Mode>("mode", default: 0),
    returns: "fd", errors: errors
  ) {
    (kernel: inout Kernel, me: TaskID, directory: FD, path: PathName, flags: OpenFlags, mode: Mode) throws(Stop) -> FD
    in
    try kernel.open(directory, path, OpenRequest(lenient: flags, mode), me)
  }

  static let creat = Syscall(
    85, "creat", "Makes a file, or empties it, and opens it for writing.",
    c: "int creat(const char *path, mode_t mode)",
    Param<PathName>("path"), Param<Mode>("mode"),
    returns: "fd", errors: errors
  ) { (kernel: inout Kernel, me: TaskID, path: PathName, mode: Mode) throws(Stop) -> FD in
    try kernel.open(.current, path, OpenRequest(lenient: [.create, .writeOnly, .truncate], mode), me)
  }

  /// openat2(2): like openat, but what it does not know it refuses.
  static let openat2 = Syscall(
    437, "openat2", "Opens a file, with a say in how its path is walked.",
    c: "long openat2(int dirfd, const char *path, struct open_how *how, size_t size)",
    Param<FD>("dirfd"), Param<PathName>("path"), Param<OpenHow>("how"),
    returns: "fd", errors: errors
  ) { (kernel: inout Kernel, me: TaskID, directory: FD, path: PathName, how: OpenHow) throws(Stop) -> FD in
    try kernel.open(directory, path, try how.request(), me)
  }
}

/// struct open_how.
struct OpenHow: Argument {
  let flags: UInt64
  let mode: UInt64
  let resolve: UInt64

  static var kind: ArgumentKind { .structure(.openHow) }

  static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> OpenHow {
    let bytes =
      raw.form == .bytes ? raw.view.array : try kernel.memory(UInt64(bitPattern: raw.word), Layout.openHow.size, of: me)
    guard bytes.count >= Layout.openHow.size else { throw .errno(.EINVAL) }
    return bytes.withByteView { OpenHow(flags: $0.load(at: 0), mode: $0.load(at: 8), resolve: $0.load(at: 16)) }
  }

  /// Linux: build_open_flags().
  func request() throws(Stop) -> OpenRequest {
    let known = UInt64(UInt32(bitPattern: OpenFlags.knownBits))
    if flags & ~known != 0 || resolve & ~UInt64(ResolveFlags.names.mask) != 0 { throw .errno(.EINVAL) }
    // RESOLVE_CACHED asks for an answer from caches alone; whatever is not cached is EAGAIN, which is always allowed.
    if resolve & 8 != 0, resolve & 16 != 0 { throw .errno(.EINVAL) }
    var flags = OpenFlags(rawValue: Int32(truncatingIfNeeded: flags))
    let creates = flags.contains(.create) || flags.contains(.tmpfileBit)
    if mode & ~UInt64(creates ? FileMode.changeable : 0) != 0 { throw .errno(.EINVAL) }
    if flags.contains(.path), !flags.isSubset(of: [.directory, .nofollow, .path, .cloexec]) { throw .errno(.EINVAL) }
    var walk: WalkFlags = []
    for (bit, flag) in [(1, .noCrossing), (2, .noMagicLinks), (4, .noSymlinks), (8, .beneath), (16, .inRoot)]
      as [(UInt64, WalkFlags)]
    {
      if resolve & bit != 0 { walk.insert(flag) }
    }
    if !flags.contains(.path) { flags.insert(.largefile) }
    let request = try OpenRequest(flags, mode: UInt32(mode), walk)
    if resolve & 32 != 0 { throw .errno(.EAGAIN) }
    return request
  }
}
