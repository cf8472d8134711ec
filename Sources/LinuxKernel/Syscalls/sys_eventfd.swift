extension Syscall {
  /// eventfd(2), as the C library has it: the system call is eventfd2. Linux: fs/eventfd.c, do_eventfd().
  static let eventfd = Syscall(
    290, "eventfd", "Creates a descriptor that holds a counter.",
    c: "int eventfd(unsigned int initval, int flags)",
    Param<UInt32>("initval"), Param<EventFlags>("flags", default: 0),
    returns: "fd",
    errors: [.EINVAL: "flags holds an unknown bit", .EMFILE: "no descriptor is left below RLIMIT_NOFILE"]
  ) { (kernel: inout Kernel, me: TaskID, initial: UInt32, flags: EventFlags) throws(Stop) -> FD in
    try flags.check()
    let counter = kernel.eventCounters.insert(
      EventCounter(
        count: UInt64(initial), isSemaphore: flags.contains(.semaphore), changed: kernel.waitQueues.insert(WaitQueue()))
    )
    let file = kernel.files.insert(
      OpenFile(
        object: .eventCounter(counter), status: flags.contains(.nonblock) ? [.readWrite, .nonblock] : .readWrite))
    return try kernel.install(file, closesOnExec: flags.contains(.cloexec), for: me)
  }
}

/// Linux: include/uapi/linux/eventfd.h.
struct EventFlags: Flags {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let semaphore = EventFlags(rawValue: 1), nonblock = EventFlags(rawValue: 0o4000),
    cloexec = EventFlags(rawValue: 0o2000000)

  static let names = NameSet(
    "eventfd flags", .bits, ["EFD_SEMAPHORE": 1, "EFD_NONBLOCK": 0o4000, "EFD_CLOEXEC": 0o2000000])
}
