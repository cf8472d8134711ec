/// The structures that scripts can pack and unpack by name.
public enum Layouts {
  public static let timespec = Layout("timespec", size: 16, [.init("tv_sec", 0, .i64), .init("tv_nsec", 8, .i64)])

  /// Every layout, in the order of the reference.
  public static let all: [Layout] = [timespec, .stat, .statx, .statfs, .openHow]

  public static func layout(_ name: String) -> Layout? { all.first { $0.name == name } }
}
