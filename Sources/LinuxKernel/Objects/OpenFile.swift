/// An open file description. Linux: struct file.
@usableFromInline struct OpenFile {
  var object: FileObject
  fileprivate(set) var status: OpenFlags
  var position: Int64 = 0
  var references: Int32 = 1
  /// F_SETOWN: a pid, or a group as a negative number; kept and told, since no file sends SIGIO yet.
  var owner: Int32 = 0
  /// Its memberships in epolls, newest first.
  var firstEpollItem: ID<EpollItem>?
  /// Where it was found; nil for what is in no tree.
  var path: Path?
  /// Of a file of /proc: what it shows, and how far its text was made.
  var sequence: ID<SequenceFile>?

  /// Drops one reference; true when it was the last.
  @inline(__always) mutating func lose() -> Bool {
    references -= 1
    return references == 0
  }

  @inline(__always) var isReadable: Bool { status.allowsReading }
  @inline(__always) var isWritable: Bool { status.allowsWriting }
  @inline(__always) var isNonblocking: Bool { status.contains(.nonblock) }
}

/// What an open file is. A new kind of object adds a case here and a line to each operation below.
enum FileObject {
  case pipeReader(ID<Pipe>)
  case pipeWriter(ID<Pipe>)
  case console(Console.Stream)
  case eventCounter(ID<EventCounter>)
  case timer(ID<TimerFile>)
  case epoll(ID<Epoll>)
  case signals(ID<SignalDescriptor>)
  case messageQueue(ID<MessageQueue>)
  case socket(ID<Sock>)
  /// A fifo, or a pipe opened through /proc; its status says which ends.
  case fifo(ID<Pipe>)
  /// A file with bytes or entries of its own, or any file that was opened with O_PATH.
  case inode(ID<Inode>)
}

/// What polling a file tells: what it is ready for, and where to wait for the rest.
struct PollAnswer {
  var events: PollEvents
  var queues: (ID<WaitQueue>?, ID<WaitQueue>?) = (nil, nil)
}

extension Kernel {
  /// Changes the flags of an open file (F_SETFL and its like).
  mutating func setStatus(of file: ID<OpenFile>, _ status: OpenFlags) {
    files[file].status = status
    descriptorShortcuts.forget()
  }

  /// Reads from an open file at its position, or at `offset` where given (pread).
  @inline(__always)
  mutating func read(_ file: ID<OpenFile>, _ destination: inout Destination, at offset: Int64? = nil, for me: TaskID)
    throws(Stop) -> Int
  {
    switch files[file].object {
    case .pipeReader(let pipe): return try read(pipe, file, &destination, for: me)
    case .pipeWriter: throw .errno(.EBADF)
    case .console(let stream): return try readConsole(stream, file, &destination, for: me)
    case .eventCounter(let counter): return try read(counter, file, &destination, for: me)
    case .timer(let timer): return try read(timer, file, &destination, for: me)
    case .epoll: throw .errno(.EINVAL)
    case .signals(let signals): return try read(signals, file, &destination, for: me)
    case .messageQueue(let queue): return try readStatus(of: posix(queue), file, &destination, at: offset, for: me)
    case .socket(let socket): return try read(socket, file, &destination, for: me)
    case .fifo(let pipe): return try readFIFO(pipe, file, &destination, for: me)
    case .inode(let inode): return try readInode(inode, file, &destination, at: offset, for: me)
    }
  }

  @inline(__always)
  mutating func write(_ file: ID<OpenFile>, _ source: inout Source, at offset: Int64? = nil, for me: TaskID)
    throws(Stop) -> Int
  {
    switch files[file].object {
    case .pipeWriter(let pipe): return try write(pipe, file, &source, for: me)
    case .pipeReader: throw .errno(.EBADF)
    case .console(let stream): return try writeConsole(stream, &source, for: me)
    case .eventCounter(let counter): return try write(counter, file, &source, for: me)
    case .timer, .epoll, .signals, .messageQueue: throw .errno(.EINVAL)
    case .socket(let socket): return try write(socket, &source, for: me)
    case .fifo(let pipe): return try writeFIFO(pipe, file, &source, for: me)
    case .inode(let inode): return try writeInode(inode, file, &source, at: offset, for: me)
    }
  }

  /// What the file is ready for now, and where to wait for more. Linux: vfs_poll().
  /// `me` is who asks: a signalfd shows everybody their own signals.
  mutating func poll(_ file: ID<OpenFile>, for me: TaskID) -> PollAnswer {
    switch files[file].object {
    case .pipeReader(let pipe), .pipeWriter(let pipe), .fifo(let pipe): poll(pipe, file)
    case .console(let stream): pollConsole(stream)
    case .eventCounter(let counter): poll(counter)
    case .timer(let timer): poll(timer)
    case .epoll(let epoll): poll(epoll, for: me)
    case .signals(let signals): poll(signals, for: me)
    case .messageQueue(let queue): poll(queue)
    case .socket(let socket): poll(socket)
    // DEFAULT_POLLMASK: files that never make anybody wait.
    case .inode: PollAnswer(events: [.readable, .writable])
    }
  }

  /// Whether an epoll can hold the file: one that is always ready has nothing to wait for. Linux: file_can_poll().
  func isPollable(_ file: ID<OpenFile>) -> Bool {
    switch files[file].object {
    case .pipeReader, .pipeWriter, .fifo, .console, .eventCounter, .timer, .epoll, .signals, .messageQueue,
      .socket:
      true
    // Those of the system's own files below /proc that are always ready. Linux: proc_reg_poll(), proc_sys_poll().
    case .inode(let inode): if case .process(.system) = inodes[inode].content { inodes[inode].isRegular } else { false }
    }
  }

  /// Whether one can read at an offset, and write there where `canWriteAt` does not say otherwise (FMODE_PREAD,
  /// FMODE_PWRITE).
  func hasPositions(_ file: ID<OpenFile>) -> Bool {
    switch files[file].object {
    case .pipeReader, .pipeWriter, .fifo, .console, .eventCounter, .timer, .epoll, .signals, .socket: false
    case .inode, .messageQueue: true
    }
  }

  /// Nobody writes at an offset of what is read record by record. Linux: seq_open().
  func canWriteAt(_ file: ID<OpenFile>) -> Bool { hasPositions(file) && !isSequence(file) }

  /// Drops one reference; the last one ends the open file.
  @inline(__always) mutating func release(_ file: ID<OpenFile>) { if files[file].lose() { end(file) } }

  @inline(never) private mutating func end(_ file: ID<OpenFile>) {
    removeMemberships(of: file)
    if lockLists.count > 0 { removeLocks(of: .file(file), on: file) }
    let ended = files.remove(file)
    if !ended.status.contains(.path) {
      switch ended.object {
      case .pipeReader(let pipe): releasePipe(pipe, reader: true)
      case .pipeWriter(let pipe): releasePipe(pipe, reader: false)
      case .console: break
      case .fifo(let pipe): releaseFIFO(pipe, ended)
      case .inode, .messageQueue: break
      case .eventCounter(let counter): removeQueue(eventCounters.remove(counter).changed)
      case .timer(let timer): removeQueue(timerFiles.remove(timer).expired)
      case .epoll(let epoll): release(epoll)
      case .signals(let signals): signalDescriptors.remove(signals)
      case .socket(let socket): close(socket)
      }
    }
    if let sequence = ended.sequence, case .inode(let inode) = ended.object { endSequence(sequence, of: inode) }
    if let path = ended.path { release(path) }
  }

  /// What a descriptor shows as: `3<pipe:[1]>` in traces, the link's text in /proc/PID/fd.
  func name(of file: ID<OpenFile>) -> String {
    if let path = files[file].path { return String(decoding: linkText(of: path), as: UTF8.self) }
    return switch files[file].object {
    case .pipeReader(let pipe), .pipeWriter(let pipe), .fifo(let pipe): "pipe:[\(pipes[pipe].inode)]"
    case .console(let stream): "/dev/console:\(stream)"
    case .eventCounter: "anon_inode:[eventfd]"
    case .timer: "anon_inode:[timerfd]"
    case .epoll: "anon_inode:[eventpoll]"
    case .signals: "anon_inode:[signalfd]"
    case .messageQueue: "mqueue"
    case .socket(let socket): "socket:[\(sockets[socket].inode)]"
    case .inode(let inode): "inode:[\(inodes[inode].number)]"
    }
  }
}

/// The flags of open(2), with x86-64's values. Linux: include/uapi/asm-generic/fcntl.h.
public struct OpenFlags: Flags, OptionSet {
  public let rawValue: Int32
  public init(rawValue: Int32) { self.rawValue = rawValue }

  enum Access: Int32 { case readOnly = 0, writeOnly = 1, readWrite = 2, none = 3 }
  @inline(__always) var access: Access { Access(rawValue: rawValue & 3)! }
  // O_RDONLY, O_WRONLY, O_RDWR and 3 plus one are the bits FMODE_READ and FMODE_WRITE. Linux: OPEN_FMODE().
  @inline(__always) var allowsReading: Bool { (rawValue &+ 1) & 1 != 0 && !contains(.path) }
  @inline(__always) var allowsWriting: Bool { (rawValue &+ 1) & 2 != 0 && !contains(.path) }

  public static let writeOnly = OpenFlags(rawValue: 1), readWrite = OpenFlags(rawValue: 2)
  public static let create = OpenFlags(rawValue: 0o100), exclusive = OpenFlags(rawValue: 0o200)
  public static let noctty = OpenFlags(rawValue: 0o400), truncate = OpenFlags(rawValue: 0o1000)
  public static let append = OpenFlags(rawValue: 0o2000), nonblock = OpenFlags(rawValue: 0o4000)
  public static let dsync = OpenFlags(rawValue: 0o10000), async = OpenFlags(rawValue: 0o20000)
  public static let direct = OpenFlags(rawValue: 0o40000), largefile = OpenFlags(rawValue: 0o100000)
  public static let directory = OpenFlags(rawValue: 0o200000), nofollow = OpenFlags(rawValue: 0o400000)
  public static let noatime = OpenFlags(rawValue: 0o1000000), cloexec = OpenFlags(rawValue: 0o2000000)
  public static let sync = OpenFlags(rawValue: 0o4010000), path = OpenFlags(rawValue: 0o10000000)
  public static let tmpfile = OpenFlags(rawValue: 0o20200000)
  /// __O_TMPFILE: without O_DIRECTORY it means nothing, so that old kernels refuse O_TMPFILE.
  static let tmpfileBit = OpenFlags(rawValue: 0o20000000)

  static let names = NameSet(
    "open flags", .bits,
    [
      "O_RDONLY": 0, "O_WRONLY": 1, "O_RDWR": 2, "O_CREAT": 0o100, "O_EXCL": 0o200, "O_NOCTTY": 0o400,
      "O_TRUNC": 0o1000,
      "O_APPEND": 0o2000, "O_NONBLOCK": 0o4000, "O_NDELAY": 0o4000, "O_SYNC": 0o4010000, "O_DSYNC": 0o10000,
      "O_ASYNC": 0o20000, "O_DIRECT": 0o40000, "O_LARGEFILE": 0o100000, "O_TMPFILE": 0o20200000,
      "O_DIRECTORY": 0o200000, "O_NOFOLLOW": 0o400000, "O_NOATIME": 0o1000000, "O_CLOEXEC": 0o2000000,
      "O_PATH": 0o10000000,
    ], enumerationMask: 3)
}
