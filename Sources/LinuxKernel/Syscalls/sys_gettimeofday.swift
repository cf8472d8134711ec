extension Syscall {
  /// gettimeofday(2). Linux: kernel/time/time.c.
  static let gettimeofday = Syscall(
    96, "gettimeofday", "Returns the real time in microseconds.",
    c: "int gettimeofday(struct timeval *restrict tv, struct timezone *_Nullable restrict tz)", returns: "tv"
  ) { (kernel: inout Kernel, me: TaskID) throws(Stop) -> TimeValue in TimeValue(total: kernel.time(of: .realtime)) }

  /// time(2).
  static let time = Syscall(
    201, "time", "Returns the real time in seconds.", c: "time_t time(time_t *_Nullable tloc)", returns: "seconds"
  ) { (kernel: inout Kernel, me: TaskID) throws(Stop) -> Int in Int(kernel.time(of: .realtime) / 1_000_000_000) }

  /// times(2). Emulated work takes no processor time, so all four are 0; the result is the clock in ticks of 10 ms.
  static let times = Syscall(
    100, "times", "Returns the processor times of the process, and the clock in ticks.",
    c: "clock_t times(struct tms *buf)", returns: "ticks", "buf"
  ) { (kernel: inout Kernel, me: TaskID) throws(Stop) -> ProcessTimes in ProcessTimes(ticks: kernel.now / 10_000_000) }
}

struct TimeValue: Returned {
  let total: Int64
  static var results: [ResultKind] { [.structure(.timeval)] }
  func store(_ kernel: inout Kernel) {
    let time = TimeSpec(total)
    TimeSpec(seconds: time.seconds, nanoseconds: time.nanoseconds / 1000).append(to: kernel.output)
  }
}

struct ProcessTimes: Returned {
  let ticks: Int64
  static var results: [ResultKind] { [.integer, .structure(.tms)] }
  func store(_ kernel: inout Kernel) {
    kernel.reply.words[0] = ticks
    kernel.output.append(zeros: 32)
  }
}
