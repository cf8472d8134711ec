// Netlink sockets, as far as mq_notify(2) needs them: what the kernel sends can be read. Requests to the kernel
// (rtnetlink) are not built. Linux: net/netlink/af_netlink.c.

extension Kernel {
  /// Reserves what `buffer` costs, and waits until there is room. What it returns belongs to the socket and holds it.
  /// Linux: netlink_getsockbyfd(), netlink_attachskb(). A single buffer fits in any case.
  mutating func attach(_ buffer: SocketBuffer, to fd: FD, _ me: TaskID) throws(Stop) -> AttachedBuffer {
    let socket = try socket(fd, of: me).socket
    guard sockets[socket].family == .netlink else { throw .errno(.EINVAL) }
    let charge = sockets[socket].receiveCharge + buffer.charge
    guard charge == buffer.charge || charge <= sockets[socket].receiveLimit else {
      throw .wait(on: sockets[socket].roomMade)
    }
    sockets[socket].receiveCharge = charge
    sockets[socket].references += 1
    return AttachedBuffer(socket: socket, buffer: buffer)
  }

  /// Linux: netlink_detachskb().
  mutating func detach(_ attached: AttachedBuffer) {
    sockets[attached.socket].receiveCharge -= attached.buffer.charge
    release(attached.socket)
  }

  /// Hands on what was attached. Linux: netlink_sendskb(), sock_def_readable().
  mutating func send(_ attached: AttachedBuffer) {
    guard !sockets[attached.socket].isDead else { return detach(attached) }
    sockets[attached.socket].received.append(attached.buffer)
    wake(sockets[attached.socket].changed, [.input, .priority, .readNormal, .readBand])
    release(attached.socket)
  }

  /// Takes the oldest datagram, whole: what finds no room in the destination is lost. Linux: netlink_recvmsg().
  mutating func receive(
    _ socket: ID<Sock>, _ file: ID<OpenFile>, _ destination: inout Destination, _ flags: ReceiveFlags, for me: TaskID
  ) throws(Stop) -> Int {
    if flags.contains(.outOfBand) { throw .errno(.EOPNOTSUPP) }
    guard let buffer = sockets[socket].received.first else {
      if flags.contains(.dontWait) || files[file].isNonblocking { throw .errno(.EAGAIN) }
      throw .wait(exclusive: sockets[socket].changed)
    }
    if !flags.contains(.peek) {
      sockets[socket].received.removeFirst()
      sockets[socket].receiveCharge -= buffer.charge
      wake(sockets[socket].roomMade)
    }
    let count = min(buffer.bytes.count, destination.remaining)
    let delivered = buffer.bytes.withByteView { deliver($0.slice(0, count), to: &destination, of: me) }
    // A bad buffer is noticed only now: what was taken is lost.
    guard delivered == count else { throw .errno(.EFAULT) }
    return flags.contains(.truncate) ? buffer.bytes.count : count
  }

  /// read(2): nothing is taken for no room. Linux: sock_read_iter().
  mutating func read(
    _ socket: ID<Sock>, _ file: ID<OpenFile>, _ destination: inout Destination, for me: TaskID
  ) throws(Stop) -> Int {
    if destination.remaining == 0 { return 0 }
    return try receive(socket, file, &destination, [], for: me)
  }

  /// What is shorter than a header is dropped unseen; the rest would be a request.
  /// Linux: netlink_sendmsg(), netlink_rcv_skb().
  mutating func write(_ socket: ID<Sock>, _ source: inout Source, for me: TaskID) throws(Stop) -> Int {
    let headerSize = 16, sendLimit = 212_992 - 32
    if source.remaining == 0 { throw .errno(.ENODATA) }
    guard source.remaining <= sendLimit else { throw .errno(.EMSGSIZE) }
    guard source.remaining < headerSize else { throw .errno(.ENOSYS) }
    return try bytes(of: source, me).count
  }
}

/// A datagram for which a socket has made room, to be sent later.
struct AttachedBuffer {
  let socket: ID<Sock>
  var buffer: SocketBuffer
}
