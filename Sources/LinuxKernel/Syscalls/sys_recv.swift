extension Syscall {
  /// recv(2), as the C library has it: recvfrom without a place for the sender's address.
  /// Linux: net/socket.c, __sys_recvfrom().
  static let recv = Syscall(
    45, "recv", "Receives one datagram; what the buffer has no room for is lost.",
    c: "ssize_t recv(int sockfd, void buf[.size], size_t size, int flags)",
    raw: "ssize_t recvfrom(int sockfd, void buf[.size], size_t size, int flags, struct sockaddr *src_addr, "
      + "socklen_t *addrlen)",
    Param<FD>("sockfd"), Param<Destination>("buf"), Param<ReceiveFlags>("flags", default: 0),
    returns: "data",
    errors: [
      .EAGAIN: "nothing is there, and the socket is O_NONBLOCK or MSG_DONTWAIT is given", .EBADF: "sockfd is not open",
      .EFAULT: "buf lies outside the caller's memory; the datagram is lost", .EINTR: "a signal came first",
      .ENOTSOCK: "sockfd is no socket", .EOPNOTSUPP: "MSG_OOB",
    ]
  ) {
    (kernel: inout Kernel, me: TaskID, fd: FD, destination: Destination, flags: ReceiveFlags)
      throws(Stop) -> Transferred in
    let (file, socket) = try kernel.socket(fd, of: me)
    var destination = destination
    destination.truncate(to: Kernel.transferLimit)
    return Transferred(try kernel.receive(socket, file, &destination, flags, for: me), destination)
  }
}

/// MSG_* of those that receive; what a family does not know it ignores. Linux: include/linux/socket.h.
struct ReceiveFlags: Flags {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let outOfBand = ReceiveFlags(rawValue: 1), peek = ReceiveFlags(rawValue: 2)
  static let truncate = ReceiveFlags(rawValue: 0x20), dontWait = ReceiveFlags(rawValue: 0x40)
  static let names = NameSet(
    "receive flags", .bits,
    [
      "MSG_OOB": 1, "MSG_PEEK": 2, "MSG_TRUNC": 0x20, "MSG_DONTWAIT": 0x40, "MSG_WAITALL": 0x100,
      "MSG_ERRQUEUE": 0x2000,
      "MSG_NOSIGNAL": 0x4000, "MSG_CMSG_CLOEXEC": 0x4000_0000,
    ])
}
