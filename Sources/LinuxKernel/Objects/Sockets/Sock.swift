/// A socket: what has come for it and is not yet read. Linux: struct sock.
///
/// So far only netlink sockets are made, by which mq_notify(2) tells; what is here is what any family of datagrams has.
struct Sock {
  let family: AddressFamily
  /// The number of its inode in sockfs.
  let inode: UInt64
  var ownership: Ownership
  /// Record locks and those of flock, as on any other file.
  var locks: ID<LockList>?
  /// What was sent and not yet read, oldest first. Linux: sk_receive_queue.
  var received: [SocketBuffer] = []
  /// The bytes charged for what was sent or is promised, and how many there may be. Linux: sk_rmem_alloc, sk_rcvbuf.
  var receiveCharge = 0
  var receiveLimit = Sock.defaultReceiveLimit
  /// Where readers and pollers sleep. Linux: sk_wq.
  let changed: ID<WaitQueue>
  /// Where those sleep who want to send and find no room. Linux: the wait of struct netlink_sock.
  let roomMade: ID<WaitQueue>
  /// Its open file, and everybody who has promised to send something. Linux: sk_refcnt.
  var references = 1
  /// Nobody can read it any more. Linux: SOCK_DEAD.
  var isDead = false

  /// net.core.rmem_default.
  static let defaultReceiveLimit = 212_992
}

/// A datagram, and what it costs. Linux: struct sk_buff.
struct SocketBuffer {
  var bytes: [UInt8]
  /// What the kernel needs for it in all. Linux: truesize.
  let charge: Int

  /// As alloc_skb() counts a small one: the data, what stands behind it and the structure. Seen on 6.18.
  static let smallCharge = 832
}

extension Kernel {
  /// A new socket and its open file. Linux: sock_create(), sock_alloc_file().
  mutating func makeSocket(_ family: AddressFamily, nonblocking: Bool, for me: TaskID) -> ID<OpenFile> {
    let who = tasks[me].credentials
    let socket = sockets.insert(
      Sock(
        family: family, inode: nextInodeNumber(),
        ownership: Ownership(mode: FileMode.socket | 0o777, uid: who.fsuid, gid: who.fsgid),
        changed: waitQueues.insert(WaitQueue()),
        roomMade: waitQueues.insert(WaitQueue())))
    return files.insert(OpenFile(object: .socket(socket), status: nonblocking ? [.readWrite, .nonblock] : .readWrite))
  }

  /// The socket behind a descriptor. Linux: sockfd_lookup_light().
  func socket(_ fd: FD, of me: TaskID) throws(Stop) -> (file: ID<OpenFile>, socket: ID<Sock>) {
    let file = try file(fd, of: me)
    guard case .socket(let socket) = files[file].object else { throw .errno(.ENOTSOCK) }
    return (file, socket)
  }

  /// The open file has ended: who has promised to send keeps the rest. Linux: sock_orphan().
  mutating func close(_ socket: ID<Sock>) {
    sockets[socket].isDead = true
    sockets[socket].received = []
    wakeAll(sockets[socket].roomMade)
    release(socket)
  }

  /// Drops one reference. Linux: sock_put().
  mutating func release(_ socket: ID<Sock>) {
    sockets[socket].references -= 1
    guard sockets[socket].references == 0 else { return }
    let ended = sockets.remove(socket)
    removeQueue(ended.changed)
    removeQueue(ended.roomMade)
  }

  /// There is always room to write. Linux: datagram_poll().
  func poll(_ socket: ID<Sock>) -> PollAnswer {
    var answer = PollAnswer(events: [.output, .writeNormal, .writeBand], queues: (sockets[socket].changed, nil))
    if !sockets[socket].received.isEmpty { answer.events.formUnion(.readable) }
    return answer
  }
}
