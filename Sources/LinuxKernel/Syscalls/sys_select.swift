extension Syscall {
  /// select(2). Linux: fs/select.c, core_sys_select(). The descriptors are lists, and so are the answers.
  static let select = Syscall(
    23, "select", "Waits until a descriptor can be read or written without waiting.",
    c: "int select(int nfds, fd_set *_Nullable readfds, fd_set *_Nullable writefds, fd_set *_Nullable exceptfds, "
      + "struct timeval *_Nullable timeout)",
    Param<DescriptorSet?>(optional: "readfds"), Param<DescriptorSet?>(optional: "writefds"),
    Param<DescriptorSet?>(optional: "exceptfds"), Param<TimeSpec?>(optional: "timeout"),
    returns: "count", "readable", "writable", "exceptional",
    errors: [
      .EBADF: "a descriptor is not open",
      .EINTR: "a signal handler ran before anything was ready",
      .EINVAL: "the time is not valid, or a descriptor is not within 0 to 1023",
    ]
  ) {
    (
      kernel: inout Kernel, me: TaskID, read: DescriptorSet?, write: DescriptorSet?, other: DescriptorSet?,
      timeout: TimeSpec?
    )
      throws(Stop) -> SelectedDescriptors in
    // Its struct timeval has microseconds.
    if let timeout, !timeout.isValid { throw .errno(.EINVAL) }
    return try kernel.select(read, write, other, timeout: timeout.map { $0.total / 1000 * 1000 }, me)
  }

  static let pselect6 = Syscall(
    270, "pselect6", "Does as select, with another signal mask meanwhile.",
    c: "int pselect(int nfds, fd_set *_Nullable readfds, fd_set *_Nullable writefds, fd_set *_Nullable exceptfds, "
      + "const struct timespec *_Nullable timeout, const sigset_t *_Nullable sigmask)",
    raw: "int pselect6(int nfds, fd_set *readfds, fd_set *writefds, fd_set *exceptfds, "
      + "struct timespec *timeout, const struct sigset_argpack *sigmask)",
    Param<DescriptorSet?>(optional: "readfds"), Param<DescriptorSet?>(optional: "writefds"),
    Param<DescriptorSet?>(optional: "exceptfds"), Param<TimeSpec?>(optional: "timeout"),
    Param<SignalMask?>(optional: "sigmask"),
    returns: "count", "readable", "writable", "exceptional",
    errors: [
      .EBADF: "a descriptor is not open",
      .EINTR: "a signal handler ran before anything was ready",
      .EINVAL: "the time is not valid, or a descriptor is not within 0 to 1023",
    ]
  ) {
    (
      kernel: inout Kernel, me: TaskID, read: DescriptorSet?, write: DescriptorSet?, other: DescriptorSet?,
      timeout: TimeSpec?,
      mask: SignalMask?
    ) throws(Stop) -> SelectedDescriptors in
    if let timeout, !timeout.isValid { throw .errno(.EINVAL) }
    return try kernel.masked(mask, me) { (kernel) throws(Stop) in
      try kernel.select(read, write, other, timeout: timeout?.total, me)
    }
  }
}

extension Kernel {
  /// Linux: do_select().
  fileprivate mutating func select(
    _ read: DescriptorSet?, _ write: DescriptorSet?, _ other: DescriptorSet?, timeout: Int64?, _ me: TaskID
  ) throws(Stop) -> SelectedDescriptors {
    // POLLIN_SET, POLLOUT_SET and POLLEX_SET.
    let wanted: [(PollEvents, DescriptorSet?)] = [
      ([.readNormal, .readBand, .input, .hangUp, .error, .invalid], read),
      ([.writeBand, .writeNormal, .output, .error, .invalid], write), ([.priority, .invalid], other),
    ]
    let table = tasks[me].files
    var selected = SelectedDescriptors()
    for (index, (events, set)) in wanted.enumerated() {
      for number in set?.numbers ?? [] {
        guard (0..<DescriptorSet.limit).contains(number) else { throw .errno(.EINVAL) }
        if number >= fileTables[table].capacity {
          // Past the room of the table nothing is looked at, and the caller's bit stays as it is.
          selected.lists[index].append(number)
          selected.untouched += 1
          continue
        }
        let open = fileTables[table].file(number)
        guard let file = open, !files[file].status.contains(.path) else {
          // What was open at first and is closed now counts as ready, and so does what O_PATH opened.
          if open == nil, !current.hasSlept { throw .errno(.EBADF) }
          selected.lists[index].append(number)
          continue
        }
        if !poll(file, for: me).events.isDisjoint(with: events) { selected.lists[index].append(number) }
      }
    }
    if selected.count == 0 {
      // A signal comes before the end of the time.
      if tasks[me].needsAttention, !deliverable(me).isEmpty {
        freePollTable()
        throw .sleep(until: .max)
      }
      let end = timeout.map { deadline(after: $0) } ?? .max
      if timeout != 0, end > now {
        wait(for: wanted.flatMap { events, set in (set?.numbers ?? []).map { ($0, events) } }, me)
        throw .sleep(until: end)
      }
    }
    freePollTable()
    return selected
  }
}

/// A list of descriptors, which C keeps as an fd_set.
struct DescriptorSet: Argument {
  /// FD_SETSIZE.
  static let limit: Int32 = 1024
  let numbers: [Int32]

  static var kind: ArgumentKind { .integers(4) }
  static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> DescriptorSet {
    guard raw.form == .bytes else { throw .errno(.EFAULT) }
    let view = raw.view
    // In an fd_set each stands once, in order.
    let sorted = (0..<view.count / 4).map { view.load(Int32.self, at: $0 * 4) }.sorted()
    return DescriptorSet(
      numbers: sorted.enumerated().filter { $0.offset == 0 || sorted[$0.offset - 1] != $0.element }.map(\.element))
  }
}

/// The descriptors that are ready, for each of the three sets.
struct SelectedDescriptors: Returned {
  var lists: [[Int32]] = [[], [], []]
  /// Descriptors in the lists that were not looked at.
  var untouched = 0
  /// Descriptors that are ready.
  var count: Int { lists.reduce(0) { $0 + $1.count } - untouched }

  static var results: [ResultKind] { [.integer, .countedIntegers, .countedIntegers, .countedIntegers] }
  func store(_ kernel: inout Kernel) {
    kernel.reply.words[0] = Int64(count)
    for list in lists {
      kernel.output.append(Int32(list.count))
      for number in list { kernel.output.append(number) }
    }
  }
}
