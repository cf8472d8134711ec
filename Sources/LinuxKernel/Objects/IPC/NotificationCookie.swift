// SIGEV_THREAD of mq_notify(2), as the kernel has it: the C library's thread waits at a netlink socket for 32 bytes of
// its own making, the cookie, whose last byte tells what has happened. Linux: ipc/mqueue.c.

/// What the last byte of a cookie tells. Linux: NOTIFY_WOKENUP, NOTIFY_REMOVED.
enum NotificationCode: UInt8 {
  case message = 1, removed = 2
}

extension PosixQueue {
  /// NOTIFY_COOKIE_LEN.
  static let cookieSize = 32
}

extension Kernel {
  /// The cookie that `event` points to, with room made for it at its socket. Waits where there is none.
  mutating func attachCookie(_ event: SignalEvent, _ me: TaskID) throws(Stop) -> AttachedBuffer {
    let cookie = try memory(UInt64(bitPattern: event.value), PosixQueue.cookieSize, of: me)
    return try attach(SocketBuffer(bytes: cookie, charge: SocketBuffer.smallCharge), to: FD(event.signal), me)
  }

  /// Linux: set_cookie().
  mutating func sendCookie(_ attached: AttachedBuffer, _ code: NotificationCode) {
    var cookie = attached
    cookie.buffer.bytes[PosixQueue.cookieSize - 1] = code.rawValue
    send(cookie)
  }

  /// A registration is taken back. Linux: remove_notification().
  mutating func removeNotification(of object: ID<PosixQueue>) {
    let cookie = posixQueues[object].notification?.cookie
    set(nil, for: object)
    if let cookie { sendCookie(cookie, .removed) }
  }
}
