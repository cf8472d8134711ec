/// An error number of Linux (asm-generic/errno.h), with the text that strerror(3) of the GNU C library gives it.
public struct Errno: Error, Hashable, Sendable {
  public let code: Int32

  public init(_ code: Int32) { self.code = code }

  /// The symbolic name, or the number where there is none.
  public var name: String { Errno.table[code]?.name ?? "\(code)" }
  public var message: String { Errno.table[code]?.message ?? "Unknown error \(code)" }
}

extension Errno {
  public static let EPERM = Errno(1)
  public static let ENOENT = Errno(2)
  public static let ESRCH = Errno(3)
  public static let EINTR = Errno(4)
  public static let EIO = Errno(5)
  public static let ENXIO = Errno(6)
  public static let E2BIG = Errno(7)
  public static let ENOEXEC = Errno(8)
  public static let EBADF = Errno(9)
  public static let ECHILD = Errno(10)
  public static let EAGAIN = Errno(11)
  public static let ENOMEM = Errno(12)
  public static let EACCES = Errno(13)
  public static let EFAULT = Errno(14)
  public static let ENOTBLK = Errno(15)
  public static let EBUSY = Errno(16)
  public static let EEXIST = Errno(17)
  public static let EXDEV = Errno(18)
  public static let ENODEV = Errno(19)
  public static let ENOTDIR = Errno(20)
  public static let EISDIR = Errno(21)
  public static let EINVAL = Errno(22)
  public static let ENFILE = Errno(23)
  public static let EMFILE = Errno(24)
  public static let ENOTTY = Errno(25)
  public static let ETXTBSY = Errno(26)
  public static let EFBIG = Errno(27)
  public static let ENOSPC = Errno(28)
  public static let ESPIPE = Errno(29)
  public static let EROFS = Errno(30)
  public static let EMLINK = Errno(31)
  public static let EPIPE = Errno(32)
  public static let EDOM = Errno(33)
  public static let ERANGE = Errno(34)
  public static let EDEADLK = Errno(35)
  public static let ENAMETOOLONG = Errno(36)
  public static let ENOLCK = Errno(37)
  public static let ENOSYS = Errno(38)
  public static let ENOTEMPTY = Errno(39)
  public static let ELOOP = Errno(40)
  public static let ENOMSG = Errno(42)
  public static let EIDRM = Errno(43)
  public static let ECHRNG = Errno(44)
  public static let EL2NSYNC = Errno(45)
  public static let EL3HLT = Errno(46)
  public static let EL3RST = Errno(47)
  public static let ELNRNG = Errno(48)
  public static let EUNATCH = Errno(49)
  public static let ENOCSI = Errno(50)
  public static let EL2HLT = Errno(51)
  public static let EBADE = Errno(52)
  public static let EBADR = Errno(53)
  public static let EXFULL = Errno(54)
  public static let ENOANO = Errno(55)
  public static let EBADRQC = Errno(56)
  public static let EBADSLT = Errno(57)
  public static let EBFONT = Errno(59)
  public static let ENOSTR = Errno(60)
  public static let ENODATA = Errno(61)
  public static let ETIME = Errno(62)
  public static let ENOSR = Errno(63)
  public static let ENONET = Errno(64)
  public static let ENOPKG = Errno(65)
  public static let EREMOTE = Errno(66)
  public static let ENOLINK = Errno(67)
  public static let EADV = Errno(68)
  public static let ESRMNT = Errno(69)
  public static let ECOMM = Errno(70)
  public static let EPROTO = Errno(71)
  public static let EMULTIHOP = Errno(72)
  public static let EDOTDOT = Errno(73)
  public static let EBADMSG = Errno(74)
  public static let EOVERFLOW = Errno(75)
  public static let ENOTUNIQ = Errno(76)
  public static let EBADFD = Errno(77)
  public static let EREMCHG = Errno(78)
  public static let ELIBACC = Errno(79)
  public static let ELIBBAD = Errno(80)
  public static let ELIBSCN = Errno(81)
  public static let ELIBMAX = Errno(82)
  public static let ELIBEXEC = Errno(83)
  public static let EILSEQ = Errno(84)
  public static let ERESTART = Errno(85)
  public static let ESTRPIPE = Errno(86)
  public static let EUSERS = Errno(87)
  public static let ENOTSOCK = Errno(88)
  public static let EDESTADDRREQ = Errno(89)
  public static let EMSGSIZE = Errno(90)
  public static let EPROTOTYPE = Errno(91)
  public static let ENOPROTOOPT = Errno(92)
  public static let EPROTONOSUPPORT = Errno(93)
  public static let ESOCKTNOSUPPORT = Errno(94)
  public static let EOPNOTSUPP = Errno(95)
  public static let EPFNOSUPPORT = Errno(96)
  public static let EAFNOSUPPORT = Errno(97)
  public static let EADDRINUSE = Errno(98)
  public static let EADDRNOTAVAIL = Errno(99)
  public static let ENETDOWN = Errno(100)
  public static let ENETUNREACH = Errno(101)
  public static let ENETRESET = Errno(102)
  public static let ECONNABORTED = Errno(103)
  public static let ECONNRESET = Errno(104)
  public static let ENOBUFS = Errno(105)
  public static let EISCONN = Errno(106)
  public static let ENOTCONN = Errno(107)
  public static let ESHUTDOWN = Errno(108)
  public static let ETOOMANYREFS = Errno(109)
  public static let ETIMEDOUT = Errno(110)
  public static let ECONNREFUSED = Errno(111)
  public static let EHOSTDOWN = Errno(112)
  public static let EHOSTUNREACH = Errno(113)
  public static let EALREADY = Errno(114)
  public static let EINPROGRESS = Errno(115)
  public static let ESTALE = Errno(116)
  public static let EUCLEAN = Errno(117)
  public static let ENOTNAM = Errno(118)
  public static let ENAVAIL = Errno(119)
  public static let EISNAM = Errno(120)
  public static let EREMOTEIO = Errno(121)
  public static let EDQUOT = Errno(122)
  public static let ENOMEDIUM = Errno(123)
  public static let EMEDIUMTYPE = Errno(124)
  public static let ECANCELED = Errno(125)
  public static let ENOKEY = Errno(126)
  public static let EKEYEXPIRED = Errno(127)
  public static let EKEYREVOKED = Errno(128)
  public static let EKEYREJECTED = Errno(129)
  public static let EOWNERDEAD = Errno(130)
  public static let ENOTRECOVERABLE = Errno(131)
  public static let ERFKILL = Errno(132)

  /// Name and message by number.
  public static let table: [Int32: (name: String, message: String)] = [
    1: ("EPERM", "Operation not permitted"),
    2: ("ENOENT", "No such file or directory"),
    3: ("ESRCH", "No such process"),
    4: ("EINTR", "Interrupted system call"),
    5: ("EIO", "Input/output error"),
    6: ("ENXIO", "No such device or address"),
    7: ("E2BIG", "Argument list too long"),
    8: ("ENOEXEC", "Exec format error"),
    9: ("EBADF", "Bad file descriptor"),
    10: ("ECHILD", "No child processes"),
    11: ("EAGAIN", "Resource temporarily unavailable"),
    12: ("ENOMEM", "Cannot allocate memory"),
    13: ("EACCES", "Permission denied"),
    14: ("EFAULT", "Bad address"),
    15: ("ENOTBLK", "Block device required"),
    16: ("EBUSY", "Device or resource busy"),
    17: ("EEXIST", "File exists"),
    18: ("EXDEV", "Invalid cross-device link"),
    19: ("ENODEV", "No such device"),
    20: ("ENOTDIR", "Not a directory"),
    21: ("EISDIR", "Is a directory"),
    22: ("EINVAL", "Invalid argument"),
    23: ("ENFILE", "Too many open files in system"),
    24: ("EMFILE", "Too many open files"),
    25: ("ENOTTY", "Inappropriate ioctl for device"),
    26: ("ETXTBSY", "Text file busy"),
    27: ("EFBIG", "File too large"),
    28: ("ENOSPC", "No space left on device"),
    29: ("ESPIPE", "Illegal seek"),
    30: ("EROFS", "Read-only file system"),
    31: ("EMLINK", "Too many links"),
    32: ("EPIPE", "Broken pipe"),
    33: ("EDOM", "Numerical argument out of domain"),
    34: ("ERANGE", "Numerical result out of range"),
    35: ("EDEADLK", "Resource deadlock avoided"),
    36: ("ENAMETOOLONG", "File name too long"),
    37: ("ENOLCK", "No locks available"),
    38: ("ENOSYS", "Function not implemented"),
    39: ("ENOTEMPTY", "Directory not empty"),
    40: ("ELOOP", "Too many levels of symbolic links"),
    42: ("ENOMSG", "No message of desired type"),
    43: ("EIDRM", "Identifier removed"),
    44: ("ECHRNG", "Channel number out of range"),
    45: ("EL2NSYNC", "Level 2 not synchronized"),
    46: ("EL3HLT", "Level 3 halted"),
    47: ("EL3RST", "Level 3 reset"),
    48: ("ELNRNG", "Link number out of range"),
    49: ("EUNATCH", "Protocol driver not attached"),
    50: ("ENOCSI", "No CSI structure available"),
    51: ("EL2HLT", "Level 2 halted"),
    52: ("EBADE", "Invalid exchange"),
    53: ("EBADR", "Invalid request descriptor"),
    54: ("EXFULL", "Exchange full"),
    55: ("ENOANO", "No anode"),
    56: ("EBADRQC", "Invalid request code"),
    57: ("EBADSLT", "Invalid slot"),
    59: ("EBFONT", "Bad font file format"),
    60: ("ENOSTR", "Device not a stream"),
    61: ("ENODATA", "No data available"),
    62: ("ETIME", "Timer expired"),
    63: ("ENOSR", "Out of streams resources"),
    64: ("ENONET", "Machine is not on the network"),
    65: ("ENOPKG", "Package not installed"),
    66: ("EREMOTE", "Object is remote"),
    67: ("ENOLINK", "Link has been severed"),
    68: ("EADV", "Advertise error"),
    69: ("ESRMNT", "Srmount error"),
    70: ("ECOMM", "Communication error on send"),
    71: ("EPROTO", "Protocol error"),
    72: ("EMULTIHOP", "Multihop attempted"),
    73: ("EDOTDOT", "RFS specific error"),
    74: ("EBADMSG", "Bad message"),
    75: ("EOVERFLOW", "Value too large for defined data type"),
    76: ("ENOTUNIQ", "Name not unique on network"),
    77: ("EBADFD", "File descriptor in bad state"),
    78: ("EREMCHG", "Remote address changed"),
    79: ("ELIBACC", "Can not access a needed shared library"),
    80: ("ELIBBAD", "Accessing a corrupted shared library"),
    81: ("ELIBSCN", ".lib section in a.out corrupted"),
    82: ("ELIBMAX", "Attempting to link in too many shared libraries"),
    83: ("ELIBEXEC", "Cannot exec a shared library directly"),
    84: ("EILSEQ", "Invalid or incomplete multibyte or wide character"),
    85: ("ERESTART", "Interrupted system call should be restarted"),
    86: ("ESTRPIPE", "Streams pipe error"),
    87: ("EUSERS", "Too many users"),
    88: ("ENOTSOCK", "Socket operation on non-socket"),
    89: ("EDESTADDRREQ", "Destination address required"),
    90: ("EMSGSIZE", "Message too long"),
    91: ("EPROTOTYPE", "Protocol wrong type for socket"),
    92: ("ENOPROTOOPT", "Protocol not available"),
    93: ("EPROTONOSUPPORT", "Protocol not supported"),
    94: ("ESOCKTNOSUPPORT", "Socket type not supported"),
    95: ("EOPNOTSUPP", "Operation not supported"),
    96: ("EPFNOSUPPORT", "Protocol family not supported"),
    97: ("EAFNOSUPPORT", "Address family not supported by protocol"),
    98: ("EADDRINUSE", "Address already in use"),
    99: ("EADDRNOTAVAIL", "Cannot assign requested address"),
    100: ("ENETDOWN", "Network is down"),
    101: ("ENETUNREACH", "Network is unreachable"),
    102: ("ENETRESET", "Network dropped connection on reset"),
    103: ("ECONNABORTED", "Software caused connection abort"),
    104: ("ECONNRESET", "Connection reset by peer"),
    105: ("ENOBUFS", "No buffer space available"),
    106: ("EISCONN", "Transport endpoint is already connected"),
    107: ("ENOTCONN", "Transport endpoint is not connected"),
    108: ("ESHUTDOWN", "Cannot send after transport endpoint shutdown"),
    109: ("ETOOMANYREFS", "Too many references: cannot splice"),
    110: ("ETIMEDOUT", "Connection timed out"),
    111: ("ECONNREFUSED", "Connection refused"),
    112: ("EHOSTDOWN", "Host is down"),
    113: ("EHOSTUNREACH", "No route to host"),
    114: ("EALREADY", "Operation already in progress"),
    115: ("EINPROGRESS", "Operation now in progress"),
    116: ("ESTALE", "Stale file handle"),
    117: ("EUCLEAN", "Structure needs cleaning"),
    118: ("ENOTNAM", "Not a XENIX named type file"),
    119: ("ENAVAIL", "No XENIX semaphores available"),
    120: ("EISNAM", "Is a named type file"),
    121: ("EREMOTEIO", "Remote I/O error"),
    122: ("EDQUOT", "Disk quota exceeded"),
    123: ("ENOMEDIUM", "No medium found"),
    124: ("EMEDIUMTYPE", "Wrong medium type"),
    125: ("ECANCELED", "Operation canceled"),
    126: ("ENOKEY", "Required key not available"),
    127: ("EKEYEXPIRED", "Key has expired"),
    128: ("EKEYREVOKED", "Key has been revoked"),
    129: ("EKEYREJECTED", "Key was rejected by service"),
    130: ("EOWNERDEAD", "Owner died"),
    131: ("ENOTRECOVERABLE", "State not recoverable"),
    132: ("ERFKILL", "Operation not possible due to RF-kill"),
  ]

  /// Other names of the same numbers.
  public static let aliases: KeyValuePairs<String, Int64> = ["EWOULDBLOCK": 11, "EDEADLOCK": 35, "ENOTSUP": 95]
}
