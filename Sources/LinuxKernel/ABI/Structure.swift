/// A C structure that calls take.
protocol Structure: Sendable {
  static var layout: Layout { get }
  init(_ view: ByteView)
}

/// A structure that was handed over: as bytes in C's layout, or by its address. It is copied in when the call gets that
/// far, so that a bad address is noticed in Linux's order of checks.
struct Given<S: Structure>: Argument, @unchecked Sendable {
  private let raw: RawArgument

  static var kind: ArgumentKind { .structure(S.layout) }
  @inline(__always)
  static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> Given { Given(raw: raw) }

  private init(raw: RawArgument) { self.raw = raw }

  /// Linux: copy_from_user(). Throws EFAULT.
  @inline(__always)
  func load(_ kernel: borrowing Kernel, _ me: TaskID) throws(Stop) -> S {
    if raw.form == .bytes {
      guard raw.count >= S.layout.size else { throw .errno(.EFAULT) }
      return S(raw.view)
    }
    return try kernel.memory(UInt64(bitPattern: raw.word), S.layout.size, of: me).withByteView { S($0) }
  }
}
