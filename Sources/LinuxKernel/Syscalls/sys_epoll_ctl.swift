extension Syscall {
  /// epoll_ctl(2). Linux: fs/eventpoll.c, do_epoll_ctl().
  static let epollCtl = Syscall(
    233, "epoll_ctl", "Adds, changes or removes a member of an epoll.",
    c: "int epoll_ctl(int epfd, int op, int fd, struct epoll_event *_Nullable event)",
    Param<FD>("epfd"), Param<EpollOperation>("op"), Param<FD>("fd"), Param<Given<EpollEvent>?>(optional: "event"),
    returns: "zero",
    errors: [
      .EBADF: "epfd or fd is not open",
      .EEXIST: "EPOLL_CTL_ADD of a descriptor that is a member already",
      .EFAULT: "event lies outside the caller's memory",
      .EINVAL: "epfd is no epoll or is fd itself, the operation is unknown, EPOLLEXCLUSIVE is used where it cannot be, "
        + "or too many ways would lead from a file through nested epolls",
      .ELOOP: "fd is an epoll that holds this one, or the chain would be more than five deep",
      .ENOENT: "EPOLL_CTL_MOD or EPOLL_CTL_DEL of a descriptor that is no member",
      .EPERM: "fd is a file that is always ready",
    ]
  ) {
    (kernel: inout Kernel, me: TaskID, ep: FD, operation: EpollOperation, fd: FD, given: Given<EpollEvent>?)
      throws(Stop) -> Done in
    var event = EpollEvent(interest: [], data: 0)
    if operation != .delete {
      guard let given else { throw .errno(.EFAULT) }
      event = try given.load(kernel, me)
    }
    let file = try kernel.file(ep, of: me), target = try kernel.file(fd, of: me)
    guard kernel.isPollable(target) else { throw .errno(.EPERM) }
    guard file != target, case .epoll(let epoll) = kernel.files[file].object else { throw .errno(.EINVAL) }
    var inner: ID<Epoll>?
    if case .epoll(let id) = kernel.files[target].object { inner = id }
    if operation != .delete, event.interest.contains(.exclusive) {
      if operation == .change { throw .errno(.EINVAL) }
      if operation == .add, inner != nil || !event.interest.isSubset(of: .allowedWithExclusive) {
        throw .errno(.EINVAL)
      }
    }
    if operation == .add, let inner, !kernel.mayNest(inner, in: epoll) { throw .errno(.ELOOP) }
    let member = kernel.member(target, fd.number, of: epoll)
    switch (operation, member) {
    case (.add, nil):
      guard kernel.pathsFit(target, in: epoll) else { throw .errno(.EINVAL) }
      kernel.addMember(target, fd.number, event.interest, event.data, to: epoll, for: me)
    case (.add, _): throw .errno(.EEXIST)
    case (.delete, let member?): kernel.removeMember(member)
    case (.change, let member?):
      if kernel.epollItems[member].interest.contains(.exclusive) { throw .errno(.EINVAL) }
      kernel.changeMember(member, event.interest, event.data, for: me)
    case (.delete, nil), (.change, nil): throw .errno(.ENOENT)
    default: throw .errno(.EINVAL)
    }
    return Done()
  }
}

/// struct epoll_event, which is packed on x86-64.
struct EpollEvent: Structure {
  var interest: EpollInterest
  var data: UInt64

  init(interest: EpollInterest, data: UInt64) {
    self.interest = interest
    self.data = data
  }

  init(_ view: ByteView) { self.init(interest: EpollInterest(rawValue: view.load(at: 0)), data: view.load(at: 4)) }

  static let layout = Layout("epoll_event", size: 12, [.init("events", 0, .u32, names: names), .init("data", 4, .u64)])

  static let names = NameSet(
    "epoll events", .bits,
    [
      "EPOLLIN": 1, "EPOLLPRI": 2, "EPOLLOUT": 4, "EPOLLERR": 8, "EPOLLHUP": 0x10, "EPOLLNVAL": 0x20,
      "EPOLLRDNORM": 0x40,
      "EPOLLRDBAND": 0x80, "EPOLLWRNORM": 0x100, "EPOLLWRBAND": 0x200, "EPOLLMSG": 0x400, "EPOLLRDHUP": 0x2000,
      "EPOLLEXCLUSIVE": 1 << 28, "EPOLLWAKEUP": 1 << 29, "EPOLLONESHOT": 1 << 30, "EPOLLET": 1 << 31,
    ])
}

struct EpollOperation: Choice, Equatable {
  let rawValue: Int32
  static let add = EpollOperation(rawValue: 1), delete = EpollOperation(rawValue: 2),
    change = EpollOperation(rawValue: 3)
  static let names = NameSet("epoll operation", .values, ["EPOLL_CTL_ADD": 1, "EPOLL_CTL_DEL": 2, "EPOLL_CTL_MOD": 3])
}
