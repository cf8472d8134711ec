// What a world begins with, for whoever makes one like it: the referee does on real Linux.

extension Kernel {
  /// What uname(2) tells as the node's name.
  public static let hostName = "kscript"

  /// The paths below /proc of the files that belong to no process: "sysvipc/msg".
  public static var systemFiles: [String] { SystemFile.all.map(\.path) }

  /// The limits of the first process, by RLIMIT_*.
  public static var initialLimits: [(soft: UInt64, hard: UInt64)] {
    zip(ResourceLimits.initial.soft, ResourceLimits.initial.hard).map { ($0, $1) }
  }

  /// The 32 bytes that sigaction takes and gives stand for the kernel's own struct: handler, flags, restorer, mask.
  public static let restorerFlag: UInt64 = 0x0400_0000
}
