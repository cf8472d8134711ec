extension Syscall {
  /// poll(2). Linux: fs/select.c, do_sys_poll().
  static let poll = Syscall(
    7, "poll", "Waits until one of several descriptors is ready.",
    c: "int poll(struct pollfd *fds, nfds_t nfds, int timeout)",
    Param<PollList>("fds"), Param<Int32>("timeout", default: -1),
    returns: "count", "fds",
    errors: [
      .EFAULT: "fds lies outside the caller's memory",
      .EINTR: "a signal handler ran before anything was ready",
      .EINVAL: "more entries than RLIMIT_NOFILE allows descriptors",
    ]
  ) { (kernel: inout Kernel, me: TaskID, list: PollList, timeout: Int32) throws(Stop) -> PollResult in
    try kernel.poll(list, timeout: timeout < 0 ? nil : Int64(timeout) * 1_000_000, me)
  }

  /// ppoll(2).
  static let ppoll = Syscall(
    271, "ppoll", "Waits until a descriptor is ready, with another signal mask meanwhile.",
    c:
      "int ppoll(struct pollfd *fds, nfds_t nfds, const struct timespec *_Nullable tmo_p, "
      + "const sigset_t *_Nullable sigmask)",
    raw: "int ppoll(struct pollfd *fds, unsigned int nfds, struct timespec *tmo_p, const sigset_t *sigmask, "
      + "size_t sigsetsize)",
    Param<PollList>("fds"), Param<TimeSpec?>(optional: "tmo_p"), Param<SignalMask?>(optional: "sigmask"),
    returns: "count", "fds",
    errors: [
      .EFAULT: "an argument lies outside the caller's memory",
      .EINTR: "a signal handler ran before anything was ready",
      .EINVAL: "the time is not valid, or there are more entries than RLIMIT_NOFILE allows descriptors",
    ]
  ) {
    (kernel: inout Kernel, me: TaskID, list: PollList, timeout: TimeSpec?, mask: SignalMask?) throws(Stop) -> PollResult
    in
    if let timeout, !timeout.isValid { throw .errno(.EINVAL) }
    return try kernel.masked(mask, me) { (kernel) throws(Stop) in try kernel.poll(list, timeout: timeout?.total, me) }
  }
}

extension Kernel {
  /// Linux: do_poll().
  /// - Parameter timeout: in nanoseconds; nil for none.
  mutating func poll(_ list: PollList, timeout: Int64?, _ me: TaskID) throws(Stop) -> PollResult {
    guard UInt64(list.entries.count) <= limit(ResourceLimits.nofile, of: me) else { throw .errno(.EINVAL) }
    var result = PollResult(count: 0, entries: list.entries)
    let table = tasks[me].files
    for index in result.entries.indices {
      result.entries[index].found = look(at: result.entries[index], in: table, for: me)
      if !result.entries[index].found.isEmpty { result.count += 1 }
    }
    if result.count == 0 {
      // A signal comes before the end of the time.
      if tasks[me].needsAttention, !deliverable(me).isEmpty {
        freePollTable()
        throw .sleep(until: .max)
      }
      let end = timeout.map { deadline(after: $0) } ?? .max
      if timeout != 0, end > now {
        wait(for: list.entries.map { ($0.fd, $0.filter) }, me)
        throw .sleep(until: end)
      }
    }
    freePollTable()
    if let address = list.address { try setMemory(result.bytes, at: address, of: me) }
    return result
  }

  /// What an entry is told now. Linux: do_pollfd().
  private mutating func look(at entry: PollEntry, in table: ID<FileTable>, for me: TaskID) -> PollEvents {
    if entry.fd < 0 { return [] }
    guard let file = fileTables[table].file(entry.fd), !files[file].status.contains(.path) else { return .invalid }
    return poll(file, for: me).events.intersection(entry.filter)
  }

  /// Performs `body` with another signal mask, which is put back unless a signal ends the call: then its handler still
  /// runs with it. Linux: set_user_sigmask(), restore_saved_sigmask_unless().
  mutating func masked<R>(_ mask: SignalMask?, _ me: TaskID, _ body: (inout Kernel) throws(Stop) -> R) throws(Stop) -> R
  {
    guard let mask else { return try body(&self) }
    if tasks[me].signals.savedMask == nil {
      tasks[me].signals.savedMask = tasks[me].signals.blocked
      setBlocked(mask.set, of: me)
    }
    func restore(_ kernel: inout Kernel) {
      guard let saved = kernel.tasks[me].signals.savedMask else { return }
      kernel.tasks[me].signals.savedMask = nil
      kernel.setBlocked(saved, of: me)
    }
    do throws(Stop) {
      let result = try body(&self)
      restore(&self)
      return result
    } catch {
      if case .errno = error { restore(&self) }
      throw error
    }
  }
}

/// struct pollfd.
struct PollEntry: Sendable {
  var fd: Int32
  var wanted: UInt16
  var found: PollEvents = []

  /// What is reported: what was asked, and what cannot be left out.
  var filter: PollEvents { PollEvents(rawValue: UInt32(wanted)).union([.error, .hangUp]) }

  static let layout = Layout(
    "pollfd", size: 8,
    [.init("fd", 0, .i32), .init("events", 4, .i16, names: names), .init("revents", 6, .i16, names: names)])

  static let names = NameSet(
    "poll events", .bits,
    [
      "POLLIN": 1, "POLLPRI": 2, "POLLOUT": 4, "POLLERR": 8, "POLLHUP": 0x10, "POLLNVAL": 0x20, "POLLRDNORM": 0x40,
      "POLLRDBAND": 0x80, "POLLWRNORM": 0x100, "POLLWRBAND": 0x200, "POLLMSG": 0x400, "POLLRDHUP": 0x2000,
    ])
}

/// The entries of a poll, and where they lie if in the caller's memory.
struct PollList: Argument {
  var entries: [PollEntry] = []
  var address: UInt64?

  static var kind: ArgumentKind { .structures(PollEntry.layout) }

  static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> PollList {
    var list = PollList()
    if raw.form == .bytes {
      list.take(raw.view)
    } else {
      guard raw.count >= 0 else { throw .errno(.EFAULT) }
      list.address = UInt64(bitPattern: raw.word)
      try kernel.memory(list.address!, raw.count / 8 * 8, of: me).withByteView { list.take($0) }
    }
    return list
  }

  private mutating func take(_ view: ByteView) {
    entries.reserveCapacity(view.count / 8)
    for offset in stride(from: 0, to: view.count - 7, by: 8) {
      entries.append(PollEntry(fd: view.load(at: offset), wanted: view.load(at: offset + 4)))
    }
  }
}

/// How many entries have something to tell, and all entries.
struct PollResult: Returned {
  var count: Int
  var entries: [PollEntry]

  static var results: [ResultKind] { [.integer, .structures(PollEntry.layout)] }

  func store(_ kernel: inout Kernel) {
    kernel.reply.words[0] = Int64(count)
    for entry in entries {
      kernel.output.append(entry.fd)
      kernel.output.append(entry.wanted)
      kernel.output.append(UInt16(truncatingIfNeeded: entry.found.rawValue))
    }
  }

  var bytes: [UInt8] {
    entries.flatMap { entry in
      let word =
        UInt64(UInt32(bitPattern: entry.fd)) | UInt64(entry.wanted) << 32 | UInt64(entry.found.rawValue & 0xffff) << 48
      return (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64($0 * 8)) }
    }
  }
}
