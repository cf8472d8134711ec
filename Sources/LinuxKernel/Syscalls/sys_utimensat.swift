extension Syscall {
  /// utimensat(2). Linux: fs/utimes.c, do_utimes().
  static let utimensat = Syscall(
    280, "utimensat", "Sets the times of last access and change of a file; without a path, of the descriptor's.",
    c: "int utimensat(int dirfd, const char *_Nullable path, const struct timespec times[_Nullable 2], int flags)",
    Param<FD>("dirfd"), Param<PathName?>(optional: "path"), Param<TwoTimes?>(optional: "times"),
    Param<LookupFlags>("flags", default: 0), returns: "zero",
    errors: [
      .EACCES: "times is the current time, and the caller neither owns nor may write the file",
      .EBADF: "the descriptor is not open",
      .EFAULT: "a path is missing where dirfd is AT_FDCWD", .EINVAL: "a time or flags is not valid",
      .ENOENT: "nothing stands there",
      .EOPNOTSUPP: "the file is of a kind without a name, and no pipe",
      .EPERM: "times are given and the file is another's",
    ]
  ) {
    (kernel: inout Kernel, me: TaskID, directory: FD, path: PathName?, times: TwoTimes?, flags: LookupFlags)
      throws(Stop) -> Done in
    if let times, times.accessed.nanoseconds == TwoTimes.omit, times.modified.nanoseconds == TwoTimes.omit {
      return Done()
    }
    let inode: ID<Inode>
    if path != nil || directory == .current {
      guard flags.isSubset(of: [.noFollow, .emptyPath]) else { throw .errno(.EINVAL) }
      // AT_FDCWD is no file of its own: without a path it is a null path.
      guard let path else { throw .errno(.EFAULT) }
      inode = kernel.inode(try kernel.path(directory, path, flags.walk, me))
      try times?.check()
    } else {
      if !flags.isEmpty { throw .errno(.EINVAL) }
      let file = try kernel.file(directory, of: me)
      try times?.check()
      guard let found = kernel.inode(of: file) else {
        return try kernel.setTimesOfNameless(file, times, kernel.tasks[me].credentials)
      }
      inode = found
    }
    try kernel.setTimes(inode, times, kernel.tasks[me].credentials)
    return Done()
  }
}

/// struct timespec[2]: access and modification, where tv_nsec may be UTIME_NOW or UTIME_OMIT.
struct TwoTimes: Argument {
  let accessed: FileTime
  let modified: FileTime
  static let now: Int64 = 0x3fff_ffff, omit: Int64 = 0x3fff_fffe

  static var kind: ArgumentKind { .structures(Layouts.timespec) }

  static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> TwoTimes {
    let bytes = raw.form == .bytes ? raw.view.array : try kernel.memory(UInt64(bitPattern: raw.word), 32, of: me)
    guard bytes.count >= 32 else { throw .errno(.EINVAL) }
    return bytes.withByteView {
      TwoTimes(
        accessed: FileTime(seconds: $0.load(at: 0), nanoseconds: $0.load(at: 8)),
        modified: FileTime(seconds: $0.load(at: 16), nanoseconds: $0.load(at: 24)))
    }
  }

  /// Both are the current time. Linux: ATTR_TOUCH.
  var isTouch: Bool { accessed.nanoseconds == TwoTimes.now && modified.nanoseconds == TwoTimes.now }

  /// Linux: nsec_valid().
  func check() throws(Stop) {
    for time in [accessed, modified] {
      guard
        (0..<1_000_000_000).contains(time.nanoseconds) || time.nanoseconds == TwoTimes.now
          || time.nanoseconds == TwoTimes.omit
      else { throw .errno(.EINVAL) }
    }
  }
}

extension Kernel {
  /// The times of pipes and sockets are kept by nobody; other files without a name have none (anon_inode_setattr()).
  fileprivate func setTimesOfNameless(_ file: ID<OpenFile>, _ times: TwoTimes?, _ who: Credentials) throws(Stop) -> Done
  {
    let isTouch = times?.isTouch ?? true
    if let ownership = ownershipOfNameless(file) {
      try ownership.checkMayTouch(who, isTouch: isTouch)
      return Done()
    }
    if isTouch { try Ownership(mode: 0o600, uid: 0, gid: 0).checkMayTouch(who, isTouch: true) }
    throw .errno(.EOPNOTSUPP)
  }

  /// Linux: vfs_utimes(), may_setattr().
  fileprivate mutating func setTimes(_ inode: ID<Inode>, _ times: TwoTimes?, _ who: Credentials) throws(Stop) {
    let current = fileTime
    let isTouch = times?.isTouch ?? true
    if !isOwnerOrCapable(inode, who) {
      guard isTouch else { throw .errno(.EPERM) }
      try checkPermission(inode, .write, who)
    }
    for (time, field) in [(times?.accessed, \Inode.accessed), (times?.modified, \Inode.modified)]
      as [(FileTime?, WritableKeyPath<Inode, FileTime>)]
    {
      if let time, time.nanoseconds == TwoTimes.omit { continue }
      inodes[inode][keyPath: field] = time.map { $0.nanoseconds == TwoTimes.now ? current : $0 } ?? current
    }
    inodes[inode].changed = current
    if case .messageQueue(let object) = inodes[inode].content {
      messageQueues[posixQueues[object].queue].usedSince = .min
    }
  }
}
