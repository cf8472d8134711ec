extension Syscall {
  /// signalfd4(2), as signalfd(2). Linux: fs/signalfd.c, do_signalfd4().
  static let signalfd = Syscall(
    289, "signalfd", "Creates a descriptor that signals are read from, or changes the set of one.",
    c: "int signalfd(int fd, const sigset_t *mask, int flags)",
    raw: "int signalfd4(int fd, const sigset_t *mask, size_t sizemask, int flags)",
    Param<FD>("fd"), Param<SignalMask>("mask"), Param<SignalDescriptorFlags>("flags", default: 0),
    returns: "fd",
    errors: [
      .EBADF: "fd is not open", .EFAULT: "mask lies outside the caller's memory",
      .EINVAL: "flags holds an unknown bit, or fd is no signalfd", .EMFILE: "no descriptor is left below RLIMIT_NOFILE",
    ]
  ) { (kernel: inout Kernel, me: TaskID, fd: FD, mask: SignalMask, flags: SignalDescriptorFlags) throws(Stop) -> FD in
    try flags.check()
    let set = mask.set.subtracting(Signal.unmaskable)
    guard fd.number == -1 else {
      guard case .signals(let id) = kernel.files[try kernel.file(fd, of: me)].object else { throw .errno(.EINVAL) }
      kernel.signalDescriptors[id].set = set
      // Whoever waits may find what it waits for in the new set.
      if let queue = kernel.signalHandlers[kernel.handlers(of: me)].signalArrived { kernel.wakeAll(queue) }
      return fd
    }
    let id = kernel.signalDescriptors.insert(SignalDescriptor(set: set))
    let status: OpenFlags = flags.contains(.nonblock) ? [.readWrite, .nonblock] : .readWrite
    let file = kernel.files.insert(OpenFile(object: .signals(id), status: status))
    return try kernel.install(file, closesOnExec: flags.contains(.cloexec), for: me)
  }
}

struct SignalDescriptorFlags: Flags {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let nonblock = SignalDescriptorFlags(rawValue: 0o4000), cloexec = SignalDescriptorFlags(rawValue: 0o2000000)
  static let names = NameSet("signalfd flags", .bits, ["SFD_NONBLOCK": 0o4000, "SFD_CLOEXEC": 0o2000000])
}
