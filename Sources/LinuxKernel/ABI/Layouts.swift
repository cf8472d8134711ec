/// The structures that scripts can pack and unpack by name.
public enum Layouts {
  public static let timespec = Layout("timespec", size: 16, [.init("tv_sec", 0, .i64), .init("tv_nsec", 8, .i64)])

  /// Every layout, in the order of the reference.
  public static let all: [Layout] = {
    var all: [Layout] = []
    func add(_ layout: Layout) {
      if !all.contains(where: { $0.name == layout.name }) { all.append(layout) }
      for case .structure(let inner) in layout.fields.map(\.type) { add(inner) }
    }
    for layout in unmentioned { add(layout) }
    for call in Syscall.all {
      for parameter in call.parameters {
        switch parameter.kind {
        case .structure(let layout), .structures(let layout), .flagsOrStructure(_, let layout): add(layout)
        case .control(let forms): for layout in forms.layouts { add(layout) }
        default: break
        }
      }
      for result in call.results {
        switch result.kind {
        case .structure(let layout), .structures(let layout): add(layout)
        default: break
        }
      }
    }
    return all
  }()

  /// Those that no call takes or gives as such.
  private static let unmentioned: [Layout] = [
    timespec, .timeval, .siginfo, .signalfdSiginfo, .stat, .statx, .statfs, .openHow,
  ]

  public static func layout(_ name: String) -> Layout? { all.first { $0.name == name } }
}
