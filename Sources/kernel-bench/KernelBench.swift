// What scripts/bench times of the kernel alone.
//
//   kernel-bench "pipe write+read 64 B" N       performs N pairs and prints nothing: the caller takes the time
//   kernel-bench NAME N                         the same for each entry of `workloads`
//   kernel-bench "snapshot 10,000 objects"      prints  name<TAB>figure<TAB>unit, the median of many
//   kernel-bench "first write after snapshot"

import Glibc
import LinuxKernel

@main
enum KernelBench {
  static func main() {
    let arguments = CommandLine.arguments.dropFirst()
    do {
      if arguments.count == 2, let workload = workloads.first(where: { $0.name == arguments.first! }) {
        guard let count = Int(arguments.last!), count >= 0 else { return usage() }
        return try workload.body(count)
      }
      switch (arguments.first, arguments.count) {
      case ("snapshot 10,000 objects"?, 1): try printMedian(arguments.first!, of: snapshots())
      case ("first write after snapshot"?, 1): try printMedian(arguments.first!, of: firstWrites())
      default: usage()
      }
    } catch {
      complain("kernel-bench: \(error)")
      exit(1)
    }
  }

  /// What can be performed N times.
  static let workloads = [Workload("pipe write+read 64 B") { try writeAndRead($0) }] + queueWorkloads

  struct Workload: Sendable {
    let name: String
    let body: @Sendable (Int) throws -> Void

    init(_ name: String, _ body: @escaping @Sendable (Int) throws -> Void) {
      self.name = name
      self.body = body
    }
  }

  static func usage() {
    let names = workloads.map { "'\($0.name)' N" }.joined(separator: " | ")
    complain("usage: kernel-bench \(names) | 'snapshot 10,000 objects' | 'first write after snapshot'")
    exit(64)
  }

  static func complain(_ text: String) {
    let line = Array((text + "\n").utf8)
    _ = write(STDERR_FILENO, line, line.count)
  }

  static func writeAndRead(_ count: Int) throws {
    var kernel = Kernel()
    let me = kernel.boot()
    let (reader, writer) = try kernel.pipe2([], as: me)
    let message = [UInt8](repeating: 120, count: 64)
    var buffer = [UInt8](repeating: 0, count: 64)
    for _ in 0..<count {
      try kernel.write(writer, message, as: me)
      let got = try kernel.read(reader, into: &buffer, as: me)
      precondition(got == 64)
    }
  }

  /// Makes objects of many kinds: a pipe is one and two files and two wait queues, a task has a process, tables of
  /// descriptors and handlers, a directory, memory and a wait queue of its own, a file is a dentry and an inode.
  static func populate(_ kernel: inout Kernel, as me: TaskID) throws -> (reader: FD, writer: FD) {
    let noFileLimit: CallArgument = 7  // RLIMIT_NOFILE
    // 1048576 twice, little-endian.
    let limits = [UInt8](arrayLiteral: 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0, 0)
    for _ in 0..<500 { _ = try kernel.fork(as: me) }
    try kernel.call("setrlimit", noFileLimit, .bytes(limits), as: me)
    for number in 0..<1000 {
      try kernel.close(kernel.open("/tmp/\(number)", [.create, .writeOnly], Mode(0o644), as: me), as: me)
    }
    for _ in 0..<500 { try kernel.call("eventfd", 0, as: me) }
    for _ in 0..<250 { try kernel.call("timerfd_create", 1, as: me) }
    for _ in 0..<999 { _ = try kernel.pipe2([], as: me) }
    return try kernel.pipe2([], as: me)
  }

  static func snapshots() throws -> [Int] {
    var kernel = Kernel()
    let me = kernel.boot()
    _ = try populate(&kernel, as: me)
    var times: [Int] = []
    for _ in 0..<2001 {
      let began = nanoseconds()
      let copy = kernel.snapshot()
      times.append(nanoseconds() - began)
      precondition(copy.taskCount == kernel.taskCount)
    }
    return times
  }

  static func firstWrites() throws -> [Int] {
    var kernel = Kernel()
    let me = kernel.boot()
    let (reader, writer) = try populate(&kernel, as: me)
    let message = [UInt8](repeating: 120, count: 64)
    var buffer = message
    var times: [Int] = []
    for _ in 0..<2001 {
      let copy = kernel.snapshot()
      let began = nanoseconds()
      try kernel.write(writer, message, as: me)
      times.append(nanoseconds() - began)
      _ = try kernel.read(reader, into: &buffer, as: me)
      precondition(copy.taskCount == kernel.taskCount)
    }
    return times
  }

  static func printMedian(_ name: String, of times: [Int]) {
    print("\(name)\t\(times.sorted()[times.count / 2])\tns")
  }

  static func nanoseconds() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }
}
