extension Syscall {
  /// getrandom(2), from the kernel's one seeded generator. Linux: drivers/char/random.c.
  static let getrandom = Syscall(
    318, "getrandom", "Gives random bytes, the same ones in every run with the same seed.",
    c: "ssize_t getrandom(void buf[.buflen], size_t buflen, unsigned int flags)",
    Param<Destination>("buf"), Param<RandomFlags>("flags", default: 0),
    returns: "data",
    errors: [
      .EFAULT: "buf lies outside the caller's memory",
      .EINVAL: "flags holds an unknown bit, or GRND_RANDOM with GRND_INSECURE",
    ]
  ) { (kernel: inout Kernel, me: TaskID, destination: Destination, flags: RandomFlags) throws(Stop) -> Transferred in
    try flags.check()
    guard !flags.isSuperset(of: [.random, .insecure]) else { throw .errno(.EINVAL) }
    var destination = destination
    if destination.remaining < 0 { destination.truncate(to: 0) }
    destination.truncate(to: Kernel.transferLimit)
    var done = 0
    while destination.remaining > 0 {
      let wanted = min(destination.remaining, Page.size)
      let copied = kernel.randomBytes(wanted).withByteView { kernel.deliver($0, to: &destination, of: me) }
      done += copied
      if copied < wanted { break }
    }
    if done == 0, destination.remaining > 0 { throw .errno(.EFAULT) }
    return Transferred(done, destination)
  }
}

/// Linux: include/uapi/linux/random.h. The pool is always ready, so that none of them makes a difference.
struct RandomFlags: Flags {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let random = RandomFlags(rawValue: 2), insecure = RandomFlags(rawValue: 4)
  static let names = NameSet("getrandom flags", .bits, ["GRND_NONBLOCK": 1, "GRND_RANDOM": 2, "GRND_INSECURE": 4])
}
