// Raw memory lives in this file and in Slab.swift alone: everything else reaches bytes through the types below.

/// Bytes that somebody else owns, valid for the duration of one call.
public struct ByteView {
  let start: UnsafeRawPointer?
  public let count: Int

  public static var empty: ByteView { ByteView(start: nil, count: 0) }

  init(start: UnsafeRawPointer?, count: Int) {
    self.start = start
    self.count = count
  }

  public init(_ bytes: UnsafeRawBufferPointer) { self.init(start: bytes.baseAddress, count: bytes.count) }

  @inline(__always) public subscript(_ offset: Int) -> UInt8 {
    precondition(offset >= 0 && offset < count)
    return start!.load(fromByteOffset: offset, as: UInt8.self)
  }

  /// The little-endian integer at `offset`, which need not be aligned.
  @inline(__always) public func load<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type = T.self, at offset: Int)
    -> T
  {
    precondition(offset >= 0 && offset + MemoryLayout<T>.size <= count)
    return T(littleEndian: start!.loadUnaligned(fromByteOffset: offset, as: T.self))
  }

  @inline(__always) public func slice(_ offset: Int, _ length: Int) -> ByteView {
    precondition(offset >= 0 && length >= 0 && offset + length <= count)
    return ByteView(start: start.map { $0 + offset }, count: length)
  }

  /// Copies the first bytes, as many as fit, to the front of `target`; returns how many.
  @inline(__always) func copy(to target: inout [UInt8]) -> Int {
    let length = min(count, target.count)
    guard let start, length > 0 else { return 0 }
    target.withUnsafeMutableBytes { $0.baseAddress!.copyMemory(from: start, byteCount: length) }
    return length
  }

  public var array: [UInt8] { Array(UnsafeRawBufferPointer(start: start, count: count)) }
  public var string: String { String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self) }

  /// A 64-bit digest of the bytes that is the same on every machine. Sixteen bytes take one multiplication, and the
  /// multiplications do not wait for each other. digest_bytes() in CShim computes the same.
  @inline(__always) public func digest(_ seed: UInt64) -> UInt64 {
    guard let start else { return Digest.mix(seed) }
    var sum = UInt64(truncatingIfNeeded: count)
    var offset = 0
    // This form of the condition keeps the compiler from taking two steps at once in vectors, which cannot multiply so.
    while offset &+ 16 <= count {
      sum &+= Digest.fold(
        UInt64(littleEndian: start.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
          ^ (Digest.first &+ UInt64(truncatingIfNeeded: offset)),
        UInt64(littleEndian: start.loadUnaligned(fromByteOffset: offset &+ 8, as: UInt64.self)) ^ Digest.second)
      offset &+= 16
    }
    if offset == count { return Digest.mix(seed ^ sum ^ Digest.fold(Digest.first, Digest.second)) }
    var low: UInt64 = 0, high: UInt64 = 0
    while offset < count {
      low = low << 8 | high >> 56
      high = high << 8 | UInt64(start.load(fromByteOffset: offset, as: UInt8.self))
      offset += 1
    }
    return Digest.mix(seed ^ sum ^ Digest.fold(low ^ Digest.first, high ^ Digest.second))
  }
}

/// At most 16 bytes, held without an allocation.
struct ShortBytes {
  private var words: (UInt64, UInt64) = (0, 0)
  private(set) var count = 0

  static let capacity = 16

  init() {}

  /// `view` has no more than `capacity` bytes.
  @inline(__always) mutating func store(_ view: ByteView) {
    precondition(view.count <= ShortBytes.capacity)
    count = view.count
    guard let start = view.start else { return }
    withUnsafeMutableBytes(of: &words) { $0.baseAddress!.copyMemory(from: start, byteCount: view.count) }
  }

  @inline(__always) func withByteView<R>(_ body: (ByteView) -> R) -> R {
    withUnsafeBytes(of: words) { body(ByteView(start: $0.baseAddress, count: count)) }
  }
}

/// The bytes of a message that has few: at most 80, which lie in the message itself.
struct MessageBytes {
  private var words = InlineArray<10, UInt64>(repeating: 0)

  static let capacity = 80

  @inline(__always) mutating func store(_ view: ByteView) {
    precondition(view.count <= MessageBytes.capacity)
    guard let start = view.start else { return }
    withUnsafeMutableBytes(of: &words) {
      $0.baseAddress.unsafelyUnwrapped.copyMemory(from: start, byteCount: view.count)
    }
  }

  /// Appends the first `count` to `output`. (It changes nothing: a value that is only read would be copied first.)
  @inline(__always) mutating func append(_ count: Int, to output: ByteBuffer) {
    precondition(count <= MessageBytes.capacity)
    withUnsafeMutableBytes(of: &words) { output.append(ByteView(start: $0.baseAddress, count: count)) }
  }
}

extension ByteView {
  /// Lends the low `size` bytes of `word`, the lowest first, to `body`.
  @inline(__always) static func with<R>(_ word: UInt64, _ size: Int, _ body: (ByteView) -> R) -> R {
    withUnsafeBytes(of: word.littleEndian) { body(ByteView($0).slice(0, size)) }
  }
}

extension String {
  /// Lends the text's UTF-8 to `body`.
  @inline(__always) func withByteView<R>(_ body: (ByteView) throws -> R) rethrows -> R {
    var text = self
    return try text.withUTF8 { try body(ByteView(UnsafeRawBufferPointer($0))) }
  }
}

extension Array where Element == UInt8 {
  public func withByteView<R>(_ body: (ByteView) throws -> R) rethrows -> R {
    try withUnsafeBytes { try body(ByteView($0)) }
  }
}

extension ArraySlice where Element == UInt8 {
  func withByteView<R>(_ body: (ByteView) throws -> R) rethrows -> R {
    try withUnsafeBytes { try body(ByteView($0)) }
  }
}

/// The mixing step of every digest: one 64x64 to 128 bit multiplication, folded.
public enum Digest {
  static let first: UInt64 = 0x9E37_79B9_7F4A_7C15, second: UInt64 = 0xD6E8_FEB8_6659_FD93

  @inline(__always) static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let (high, low) = a.multipliedFullWidth(by: b)
    return high ^ low
  }

  @inline(__always) public static func mix(_ value: UInt64) -> UInt64 {
    let (high, low) = (value ^ 0x9E37_79B9_7F4A_7C15).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
    return high ^ low
  }
}

/// A growing run of bytes with one owner: the answer of the call being performed. Not part of the kernel's state.
///
/// Its fields lie behind a `let` pointer, so that reaching them needs no dynamic exclusivity check.
public final class ByteBuffer {
  @usableFromInline struct Fields {
    @usableFromInline var base: UnsafeMutableRawPointer
    @usableFromInline var capacity: Int
    @usableFromInline var count = 0
  }

  @usableFromInline let fields: UnsafeMutablePointer<Fields>

  public init(capacity: Int = 4096) {
    fields = .allocate(capacity: 1)
    fields.initialize(to: Fields(base: .allocate(byteCount: capacity, alignment: 16), capacity: capacity))
  }

  deinit {
    fields.pointee.base.deallocate()
    fields.deallocate()
  }

  @inlinable @inline(__always) public var count: Int { fields.pointee.count }
  @inline(__always) private var base: UnsafeMutableRawPointer { fields.pointee.base }
  public var view: ByteView { ByteView(start: base, count: count) }
  /// The bytes, for C to read before the next change.
  @inline(__always) public var pointer: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  @inlinable @inline(__always) public func clear() { fields.pointee.count = 0 }

  /// Room for `extra` more bytes; returns where they go.
  @inline(__always) func extend(by extra: Int) -> UnsafeMutableRawPointer {
    let end = fields.pointee.count + extra
    if end > fields.pointee.capacity { reserve(end) }
    defer { fields.pointee.count = end }
    return base + fields.pointee.count
  }

  @inline(never) private func reserve(_ needed: Int) {
    let capacity = max(needed, fields.pointee.capacity * 2)
    let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
    larger.copyMemory(from: base, byteCount: count)
    base.deallocate()
    fields.pointee.base = larger
    fields.pointee.capacity = capacity
  }

  @inline(__always) public func append(_ view: ByteView) {
    guard let start = view.start, view.count > 0 else { return }
    extend(by: view.count).copyMemory(from: start, byteCount: view.count)
  }

  public func append(_ bytes: [UInt8]) { bytes.withByteView { append($0) } }
  public func append(zeros count: Int) {
    extend(by: count).initializeMemory(as: UInt8.self, repeating: 0, count: count)
  }

  @inline(__always) public func append<T: FixedWidthInteger & BitwiseCopyable>(_ value: T) {
    extend(by: MemoryLayout<T>.size).storeBytes(of: value.littleEndian, as: T.self)
  }

  public func store<T: FixedWidthInteger & BitwiseCopyable>(_ value: T, at offset: Int) {
    precondition(offset >= 0 && offset + MemoryLayout<T>.size <= count)
    (base + offset).storeBytes(of: value.littleEndian, as: T.self)
  }

  public func truncate(to newCount: Int) {
    precondition(newCount <= count)
    fields.pointee.count = newCount
  }
}

/// A page of bytes, as the hardware has them: 4096, zero at first, shared between copies until one side writes.
///
/// A page made for a few bytes has room for its beginning only, until something is written behind that: of a hundred
/// thousand pipes with a byte in each, pages would be almost half of all memory.
package struct Page {
  package static let size = 4096
  private var storage: PageStorage

  package init() { storage = PageStorage(zeroed: true) }

  /// A page whose bytes are not yet anything: for a writer that fills what it hands on.
  package static var uninitialised: Page { Page(storage: PageStorage(zeroed: false)) }
  /// The same for a writer of the first `count` bytes, which are all that is looked at until more are written.
  package static func uninitialised(beginning count: Int) -> Page {
    count <= PageStorage.smallCapacity ? Page(storage: PageStorage(smallOf: nil)) : .uninitialised
  }
  private init(storage: PageStorage) { self.storage = storage }

  @inline(__always) private mutating func writable(upTo end: Int) -> UnsafeMutableRawPointer {
    if !isKnownUniquelyReferenced(&storage) { storage = storage.copy() }
    if end > storage.capacity { storage = storage.grown() }
    return storage.base
  }

  /// The bytes of `range`, valid while this page is held and not written to.
  @inline(__always) package func view(_ offset: Int, _ count: Int) -> ByteView {
    precondition(offset >= 0 && count >= 0 && offset + count <= storage.capacity)
    return ByteView(start: storage.base + offset, count: count)
  }

  @inline(__always) package mutating func write(_ view: ByteView, at offset: Int) { _ = store(view, at: offset) }

  /// Writes, and tells whether that took a copy, since the bytes were shared.
  @inline(__always) mutating func store(_ view: ByteView, at offset: Int) -> Bool {
    precondition(offset >= 0 && offset + view.count <= Page.size)
    guard let start = view.start else { return false }
    let isShared = !isKnownUniquelyReferenced(&storage)
    if isShared { storage = storage.copy() }
    if offset + view.count > storage.capacity { storage = storage.grown() }
    (storage.base + offset).copyMemory(from: start, byteCount: view.count)
    return isShared
  }

  package mutating func zero(_ offset: Int, _ count: Int) {
    precondition(offset >= 0 && count >= 0 && offset + count <= Page.size)
    (writable(upTo: offset + count) + offset).initializeMemory(as: UInt8.self, repeating: 0, count: count)
  }

  package var identity: ObjectIdentifier { ObjectIdentifier(storage) }

  /// Whether both are the same memory, so that equal content is known without looking.
  package static func isShared(_ a: Page, _ b: Page) -> Bool { a.storage === b.storage }
}

/// Where the bytes of a page lie: all 4096, or the first few.
private final class PageStorage {
  let base: UnsafeMutableRawPointer
  let capacity: Int

  static let smallCapacity = 240

  init(zeroed: Bool) {
    capacity = Page.size
    base = .allocate(byteCount: Page.size, alignment: 64)
    if zeroed { base.initializeMemory(as: UInt8.self, repeating: 0, count: Page.size) }
  }

  /// A small one, a copy of `other` where there is one.
  init(smallOf other: PageStorage?) {
    capacity = PageStorage.smallCapacity
    base = .allocate(byteCount: capacity, alignment: 16)
    if let other { base.copyMemory(from: other.base, byteCount: capacity) }
  }

  private init(copying other: PageStorage) {
    capacity = Page.size
    base = .allocate(byteCount: Page.size, alignment: 64)
    base.copyMemory(from: other.base, byteCount: other.capacity)
  }

  @inline(never) func copy() -> PageStorage {
    capacity == Page.size ? PageStorage(copying: self) : PageStorage(smallOf: self)
  }

  /// A whole page that begins as this small one.
  @inline(never) func grown() -> PageStorage { PageStorage(copying: self) }

  deinit { base.deallocate() }
}

extension Arguments {
  /// Room for `count` arguments, for the time of `body`.
  @inline(__always) static func with<R>(_ count: Int, _ body: (UnsafeMutableBufferPointer<RawArgument>) -> R) -> R {
    withUnsafeTemporaryAllocation(of: RawArgument.self, capacity: max(count, 1), body)
  }
}

extension Arguments {
  /// Room for as many arguments as any call has, for the time of `body`.
  @inline(__always) static func withRoom<R>(_ body: (UnsafeMutablePointer<RawArgument>) -> R) -> R {
    withUnsafeTemporaryAllocation(of: RawArgument.self, capacity: Arguments.capacity) {
      body($0.baseAddress.unsafelyUnwrapped)
    }
  }
}

extension Arguments {
  /// Those of a call that waits, where they lie.
  @inline(__always) init(of call: UnsafePointer<Call>) {
    self.init(UnsafeRawPointer(call).assumingMemoryBound(to: RawArgument.self))
  }
}

extension CallArgument {
  /// Lends `arguments` to `body` as the kernel takes them; those left out have the defaults of `parameters`.
  static func withRaw<R>(
    _ arguments: [CallArgument], _ parameters: [Syscall.Parameter], _ body: (Arguments) -> R
  ) -> R {
    var bytes: [UInt8] = []
    for case .bytes(let more) in arguments { bytes += more }
    return bytes.withByteView { view in
      Arguments.with(parameters.count) { raw in
        var offset = 0
        for (position, parameter) in parameters.enumerated() {
          raw[position] = .absent
          switch position < arguments.count ? arguments[position] : .absent {
          case .word(let word): raw[position] = .word(word)
          case .memory(let address, let count): raw[position] = .memory(address, count)
          case .bytes(let more):
            raw[position] = .bytes(view.slice(offset, more.count))
            offset += more.count
          case .absent: if case .word(let word)? = parameter.fallback { raw[position] = .omitted(word) }
          }
        }
        return body(Arguments(UnsafePointer(raw.baseAddress!)))
      }
    }
  }
}
