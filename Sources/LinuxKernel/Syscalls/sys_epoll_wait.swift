extension Syscall {
  /// epoll_wait(2). Linux: fs/eventpoll.c, do_epoll_wait().
  static let epollWait = Syscall(
    232, "epoll_wait", "Waits until a member is ready, and tells up to maxevents of those that are.",
    c: "int epoll_wait(int epfd, struct epoll_event events[.maxevents], int maxevents, int timeout)",
    Param<FD>("epfd"), Param<Int32>("maxevents"), Param<Int32>("timeout", default: -1),
    returns: "events",
    errors: Syscall.epollWaitErrors
  ) { (kernel: inout Kernel, me: TaskID, ep: FD, limit: Int32, timeout: Int32) throws(Stop) -> EpollEvents in
    try kernel.epollWait(ep, limit, timeout: timeout < 0 ? nil : Int64(timeout) * 1_000_000, me)
  }

  /// epoll_pwait(2).
  static let epollPwait = Syscall(
    281, "epoll_pwait", "Waits as epoll_wait does, with another signal mask meanwhile.",
    c: """
      int epoll_pwait(int epfd, struct epoll_event events[.maxevents], int maxevents, int timeout, \
      const sigset_t *_Nullable sigmask)
      """,
    raw: "int epoll_pwait(int epfd, struct epoll_event events[.maxevents], int maxevents, int timeout, "
      + "const sigset_t *sigmask, size_t sigsetsize)",
    Param<FD>("epfd"), Param<Int32>("maxevents"), Param<Int32>("timeout", default: -1),
    Param<SignalMask?>(optional: "sigmask"),
    returns: "events",
    errors: Syscall.epollWaitErrors
  ) {
    (kernel: inout Kernel, me: TaskID, ep: FD, limit: Int32, timeout: Int32, mask: SignalMask?) throws(Stop)
      -> EpollEvents in
    try kernel.masked(mask, me) { (kernel) throws(Stop) in
      try kernel.epollWait(ep, limit, timeout: timeout < 0 ? nil : Int64(timeout) * 1_000_000, me)
    }
  }

  /// epoll_pwait2(2).
  static let epollPwait2 = Syscall(
    441, "epoll_pwait2", "Waits as epoll_pwait does, for a time in nanoseconds.",
    c: """
      int epoll_pwait2(int epfd, struct epoll_event events[.maxevents], int maxevents, \
      const struct timespec *_Nullable timeout, const sigset_t *_Nullable sigmask)
      """,
    raw: "int epoll_pwait2(int epfd, struct epoll_event events[.maxevents], int maxevents, "
      + "const struct timespec *timeout, const sigset_t *sigmask, size_t sigsetsize)",
    Param<FD>("epfd"), Param<Int32>("maxevents"), Param<TimeSpec?>(optional: "timeout"),
    Param<SignalMask?>(optional: "sigmask"),
    returns: "events",
    errors: Syscall.epollWaitErrors
  ) {
    (kernel: inout Kernel, me: TaskID, ep: FD, limit: Int32, timeout: TimeSpec?, mask: SignalMask?) throws(Stop)
      -> EpollEvents in
    if let timeout, !timeout.isValid { throw .errno(.EINVAL) }
    return try kernel.masked(mask, me) { (kernel) throws(Stop) in
      try kernel.epollWait(ep, limit, timeout: timeout?.total, me)
    }
  }

  private static var epollWaitErrors: KeyValuePairs<Errno, String> {
    [
      .EBADF: "epfd is not open",
      .EFAULT: "an argument lies outside the caller's memory",
      .EINTR: "a signal came before a member was ready",
      .EINVAL: "epfd is no epoll, maxevents is not positive, or the time is not valid",
    ]
  }
}

extension Kernel {
  /// Linux: ep_check_params(), ep_poll(). Of several sleepers the one that came last is served first.
  /// - Parameter timeout: in nanoseconds; nil for none.
  mutating func epollWait(_ fd: FD, _ limit: Int32, timeout: Int64?, _ me: TaskID) throws(Stop) -> EpollEvents {
    let file = try file(fd, of: me)
    guard limit > 0, limit <= Int32.max / 12 else { throw .errno(.EINVAL) }
    guard case .epoll(let epoll) = files[file].object else { throw .errno(.EINVAL) }
    if hasCandidates(epoll) {
      let count = takeEvents(of: epoll, limit: Int(limit), for: me)
      if count > 0 { return EpollEvents(count: count) }
    }
    if timeout == 0 { return EpollEvents(count: 0) }
    let end = timeout.map { deadline(after: $0) } ?? .max
    if end <= now { return EpollEvents(count: 0) }
    throw .wait(Wait(queue: epolls[epoll].sleepers, exclusive: true, place: .head, interruption: .never, deadline: end))
  }
}

/// The events that were appended to the output.
struct EpollEvents: Returned {
  let count: Int
  static var results: [ResultKind] { [.structures(EpollEvent.layout)] }
  @inline(__always) func store(_ kernel: inout Kernel) { kernel.reply.words[0] = Int64(count) }
}
