extension Syscall {
  /// epoll_create1(2). Linux: fs/eventpoll.c, do_epoll_create().
  static let epollCreate1 = Syscall(
    291, "epoll_create1", "Creates an epoll, which tells which of its members are ready.",
    c: "int epoll_create1(int flags)",
    Param<EpollFlags>("flags", default: 0),
    returns: "fd",
    errors: [
      .EINVAL: "flags holds another bit than EPOLL_CLOEXEC", .EMFILE: "no descriptor is left below RLIMIT_NOFILE",
    ]
  ) { (kernel: inout Kernel, me: TaskID, flags: EpollFlags) throws(Stop) -> FD in
    try flags.check()
    return try kernel.makeEpoll(closesOnExec: flags.contains(.cloexec), for: me)
  }

  /// epoll_create(2): the size means nothing since Linux 2.6.8.
  static let epollCreate = Syscall(
    213, "epoll_create", "Creates an epoll; the size must be positive and means nothing else.",
    c: "int epoll_create(int size)",
    Param<Int32>("size"),
    returns: "fd",
    errors: [.EINVAL: "size is not positive", .EMFILE: "no descriptor is left below RLIMIT_NOFILE"]
  ) { (kernel: inout Kernel, me: TaskID, size: Int32) throws(Stop) -> FD in
    guard size > 0 else { throw .errno(.EINVAL) }
    return try kernel.makeEpoll(closesOnExec: false, for: me)
  }
}

extension Kernel {
  mutating func makeEpoll(closesOnExec: Bool, for me: TaskID) throws(Stop) -> FD {
    let epoll = epolls.insert(Epoll(sleepers: waitQueues.insert(WaitQueue()), pollers: waitQueues.insert(WaitQueue())))
    let file = files.insert(OpenFile(object: .epoll(epoll), status: .readWrite))
    epolls[epoll].file = file
    return try install(file, closesOnExec: closesOnExec, for: me)
  }
}

struct EpollFlags: Flags {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let cloexec = EpollFlags(rawValue: 0o2000000)
  static let names = NameSet("epoll flags", .bits, ["EPOLL_CLOEXEC": 0o2000000])
}
