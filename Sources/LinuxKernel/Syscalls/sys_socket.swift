extension Syscall {
  /// socket(2). Linux: net/socket.c, __sys_socket(); net/netlink/af_netlink.c, netlink_create().
  static let socket = Syscall(
    41, "socket", "Creates a netlink socket, which mq_notify tells; other families are refused.",
    c: "int socket(int domain, int type, int protocol)",
    Param<AddressFamily>("domain"), Param<SocketType>("type"), Param<NetlinkProtocol>("protocol", default: 0),
    returns: "fd",
    errors: [
      .EAFNOSUPPORT: "not built: any family but AF_NETLINK", .EINVAL: "type holds an unknown bit, or is none",
      .EMFILE: "no descriptor is left below RLIMIT_NOFILE",
      .EPROTONOSUPPORT: "no such protocol, or none but NETLINK_ROUTE",
      .ESOCKTNOSUPPORT: "a netlink socket is SOCK_RAW or SOCK_DGRAM",
    ]
  ) {
    (kernel: inout Kernel, me: TaskID, family: AddressFamily, type: SocketType, networkProtocol: NetlinkProtocol)
      throws(Stop) -> FD in
    try type.check()
    guard (0..<AddressFamily.count).contains(family.rawValue) else { throw .errno(.EAFNOSUPPORT) }
    guard type.kind < SocketType.count else { throw .errno(.EINVAL) }
    guard family == .netlink else { throw .errno(.EAFNOSUPPORT) }
    guard type.kind == SocketType.raw || type.kind == SocketType.datagram else { throw .errno(.ESOCKTNOSUPPORT) }
    guard networkProtocol == .route else { throw .errno(.EPROTONOSUPPORT) }
    let file = kernel.makeSocket(family, nonblocking: type.contains(.nonblock), for: me)
    return try kernel.install(file, closesOnExec: type.contains(.cloexec), for: me)
  }
}

/// Linux: include/linux/socket.h.
struct AddressFamily: Choice, Equatable {
  let rawValue: Int32
  static let netlink = AddressFamily(rawValue: 16)
  /// NPROTO.
  static let count: Int32 = 46
  static let names = NameSet(
    "address family", .values,
    ["AF_UNSPEC": 0, "AF_UNIX": 1, "AF_LOCAL": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16])
}

/// What kind of socket, and flags of its descriptor. Linux: include/linux/net.h.
struct SocketType: Flags {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let nonblock = SocketType(rawValue: 0o4000), cloexec = SocketType(rawValue: 0o2000000)
  static let datagram: Int32 = 2, raw: Int32 = 3
  /// SOCK_MAX.
  static let count: Int32 = 11
  /// SOCK_TYPE_MASK.
  var kind: Int32 { rawValue & 0xf }
  static let names = NameSet(
    "socket type", .bits,
    [
      "SOCK_STREAM": 1, "SOCK_DGRAM": 2, "SOCK_RAW": 3, "SOCK_RDM": 4, "SOCK_SEQPACKET": 5, "SOCK_PACKET": 10,
      "SOCK_NONBLOCK": 0o4000, "SOCK_CLOEXEC": 0o2000000,
    ], enumerationMask: 0xf)
}

/// Linux: include/uapi/linux/netlink.h.
struct NetlinkProtocol: Choice, Equatable {
  let rawValue: Int32
  static let route = NetlinkProtocol(rawValue: 0)
  static let names = NameSet("netlink protocol", .values, ["NETLINK_ROUTE": 0])
}
