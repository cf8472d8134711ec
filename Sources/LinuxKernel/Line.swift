/// A name or none, in one word: an optional takes a second one to say which, and both are written each time.
@propertyWrapper struct Packed<Object> {
  /// No object has the name whose bits are all set, since no slot has that index.
  private var bits = UInt64.max

  init() {}
  @inline(__always) init(wrappedValue: ID<Object>?) { bits = wrappedValue?.bits ?? .max }

  @inline(__always) var wrappedValue: ID<Object>? {
    @inline(__always) get { bits == .max ? nil : ID(bits: bits) }
    @inline(__always) set { bits = newValue?.bits ?? .max }
  }
}

/// The two ends of a list that is threaded through its elements, each of which knows those before and behind it.
struct Line<Element> {
  @Packed private(set) var first: ID<Element>?
  @Packed private(set) var last: ID<Element>?

  init() {}

  init(from first: ID<Element>, to last: ID<Element>) {
    self.first = first
    self.last = last
  }

  @inline(__always) var isEmpty: Bool { first == nil }

  /// Puts an element in front; returns the one that stood there.
  @inline(__always) mutating func prepend(_ element: ID<Element>) -> ID<Element>? {
    let before = first
    first = element
    if before == nil { last = element }
    return before
  }

  /// Puts an element behind; returns the one that stood there.
  @inline(__always) mutating func append(_ element: ID<Element>) -> ID<Element>? {
    let before = last
    last = element
    if before == nil { first = element }
    return before
  }

  /// There is a new element between these two.
  @inline(__always)
  mutating func gained(_ element: ID<Element>, _ previous: ID<Element>?, _ next: ID<Element>?) {
    if previous == nil { first = element }
    if next == nil { last = element }
  }

  /// The element between these two is gone.
  @inline(__always) mutating func lost(_ previous: ID<Element>?, _ next: ID<Element>?) {
    if previous == nil { first = next }
    if next == nil { last = previous }
  }
}
