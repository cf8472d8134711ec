/// Names one object of a slab. A removed object's slot gets a new generation, so an old name is recognised as stale.
public struct ID<Object>: Hashable, Sendable {
  /// The generation above the index: one word, so that names are passed, kept and compared in one piece.
  @usableFromInline let bits: UInt64

  @inlinable @inline(__always) public var index: UInt32 { UInt32(truncatingIfNeeded: bits) }
  @inlinable @inline(__always) public var generation: UInt32 { UInt32(truncatingIfNeeded: bits >> 32) }

  @inline(__always) init(bits: UInt64) { self.bits = bits }
  @inline(__always) init(index: UInt32, generation: UInt32) { bits = UInt64(generation) << 32 | UInt64(index) }
}

/// All objects of one kind, in pages of 64 slots that are shared between snapshots until one side writes.
///
/// Copying a slab costs one reference. The first write afterwards copies the page table (8 bytes a page) and the one
/// page written to; further writes to that page cost nothing more.
///
/// Invariants: a table whose `isShared` is false, and a page with `references == 1`, belong to this slab alone; a bit
/// of `live` is set exactly while its slot holds an initialised object; a free slot holds the index of the next free
/// one.
public struct Slab<Object>: ~Copyable {
  @usableFromInline var table = MarkedTable<Object>()
  /// How many slots were ever used.
  @usableFromInline var usedSlots: UInt32 = 0

  public init() {}

  /// A second slab with the same objects.
  public borrowing func copy() -> Slab {
    var copy = Slab()
    copy.table = table.copy()
    copy.usedSlots = usedSlots
    return copy
  }

  /// How many objects live in the slab.
  public var count: Int { table.fields?.pointee.liveCount ?? 0 }

  @discardableResult
  public mutating func insert(_ object: Object) -> ID<Object> { place { object } }

  /// As `insert`, for what comes and goes with each wait: the object is made where it is to lie.
  @inline(__always) mutating func place(_ make: () -> Object) -> ID<Object> {
    let fields = table.ownFields()
    let index = fields.pointee.firstFree != .max ? fields.pointee.firstFree : addSlot()
    let page = table.ownPage(Int(index) >> 6), slot = Int(index) & 63
    if fields.pointee.firstFree == index {
      fields.pointee.firstFree = UnsafeRawPointer(page.objects + slot).loadUnaligned(as: UInt32.self)
    }
    (page.objects + slot).initialize(to: make())
    page.header.pointee.live |= 1 << UInt64(slot)
    fields.pointee.liveCount += 1
    return ID(index: index, generation: page.generations[slot])
  }

  /// One more slot, of a table that is this slab's own.
  @inline(never) private mutating func addSlot() -> UInt32 {
    let index = usedSlots
    table.grow(toHold: Int(index), hasGenerations: true)
    usedSlots += 1
    return index
  }

  @discardableResult
  public mutating func remove(_ id: ID<Object>) -> Object {
    let page = writablePage(id.index), slot = Int(id.index) & 63
    precondition(contains(id), "stale handle")
    let object = (page.objects + slot).move()
    free(id, page)
    return object
  }

  /// As `remove`, for an object that nobody needs any more: it ends where it lies.
  @inline(__always) mutating func discard(_ id: ID<Object>) {
    let page = writablePage(id.index), slot = Int(id.index) & 63
    precondition(page.generations[slot] == id.generation, "stale handle")
    (page.objects + slot).deinitialize(count: 1)
    free(id, page)
  }

  /// Puts a slot whose object is gone at the head of the free ones.
  @inline(__always) private mutating func free(_ id: ID<Object>, _ page: SlabPage<Object>) {
    let fields = table.fields.unsafelyUnwrapped, slot = Int(id.index) & 63
    page.header.pointee.live &= ~(1 << UInt64(slot))
    page.generations[slot] &+= 1
    UnsafeMutableRawPointer(page.objects + slot).storeBytes(of: fields.pointee.firstFree, as: UInt32.self)
    fields.pointee.firstFree = id.index
    fields.pointee.liveCount -= 1
  }

  @inline(__always) public func contains(_ id: ID<Object>) -> Bool {
    guard id.index < usedSlots else { return false }
    let page = table.page(Int(id.index) >> 6), slot = Int(id.index) & 63
    return page.generations[slot] == id.generation && page.header.pointee.live & (1 << UInt64(slot)) != 0
  }

  /// The object `id` names. A stale id is a bug of the kernel, not of its user, and stops the program.
  @inline(__always) public subscript(_ id: ID<Object>) -> Object {
    @inlinable @inline(__always) unsafeAddress {
      precondition(id.index < usedSlots, "a handle of another kernel")
      let page = table.page(Int(id.index) >> 6), slot = Int(id.index) & 63
      precondition(page.generations[slot] == id.generation, "stale handle")
      return UnsafePointer(page.objects + slot)
    }
    @inline(__always) unsafeMutableAddress {
      let page = writablePage(id.index), slot = Int(id.index) & 63
      precondition(page.generations[slot] == id.generation, "stale handle")
      return page.objects + slot
    }
  }

  /// Where an object lies, for as long as it lives and nobody writes to the slab.
  @inline(__always) func address(of id: ID<Object>) -> UnsafePointer<Object> {
    precondition(id.index < usedSlots, "a handle of another kernel")
    let page = table.page(Int(id.index) >> 6), slot = Int(id.index) & 63
    precondition(page.generations[slot] == id.generation, "stale handle")
    return UnsafePointer(page.objects + slot)
  }

  /// The ids of all live objects, in slot order.
  public var ids: [ID<Object>] {
    var found: [ID<Object>] = []
    guard let fields = table.fields?.pointee else { return [] }
    for number in 0..<fields.pageCount {
      let page = fields.pages[number]
      var bits = page.header.pointee.live
      while bits != 0 {
        let slot = bits.trailingZeroBitCount
        found.append(ID(index: UInt32(number << 6 | slot), generation: page.generations[slot]))
        bits &= bits - 1
      }
    }
    return found
  }

  @inline(__always) private mutating func writablePage(_ index: UInt32) -> SlabPage<Object> {
    precondition(index < usedSlots, "a handle of another kernel")
    return table.writablePage(Int(index) >> 6)
  }
}

/// A table of pages that is copied by `copy()` alone, which marks it: each write looks at that mark, where to ask for
/// the number of references would cost a call.
///
/// Invariant: a table that is not marked is this one's own.
@usableFromInline struct MarkedTable<Object>: ~Copyable {
  /// nil until the first object: a kernel has many slabs, and a snapshot makes all of them anew.
  private var storage: PageTable<Object>?
  /// The table's fields and pages, kept here since each access needs them: loads less, each of which would wait for the
  /// one before.
  private(set) var fields: UnsafeMutablePointer<PageTable<Object>.Fields>?
  @usableFromInline var pages: UnsafeMutablePointer<SlabPage<Object>>?

  init() {}

  borrowing func copy() -> MarkedTable {
    var copy = MarkedTable()
    fields?.pointee.isShared = true
    (copy.storage, copy.fields, copy.pages) = (storage, fields, pages)
    return copy
  }

  @inlinable @inline(__always) func page(_ number: Int) -> SlabPage<Object> { pages.unsafelyUnwrapped[number] }

  /// Takes a table of its own: the first one, the one that nobody shares any more, or a copy of the one that somebody
  /// does.
  @inline(never) private mutating func makeOwn() {
    if storage == nil {
      storage = PageTable(capacity: 1)
    } else if !isKnownUniquelyReferenced(&storage) {
      storage = storage.unsafelyUnwrapped.copy()
    }
    let own = storage.unsafelyUnwrapped.fields
    own.pointee.isShared = false
    fields = own
    pages = own.pointee.pages
  }

  /// The fields of a table of its own.
  @inline(__always) mutating func ownFields() -> UnsafeMutablePointer<PageTable<Object>.Fields> {
    if fields == nil || fields.unsafelyUnwrapped.pointee.isShared { makeOwn() }
    return fields.unsafelyUnwrapped
  }

  /// Adds a page, unless there is one for the slot. The table is its own.
  @inline(__always) mutating func grow(toHold slot: Int, hasGenerations: Bool) {
    let fields = fields.unsafelyUnwrapped
    guard slot >> 6 == fields.pointee.pageCount else { return }
    storage.unsafelyUnwrapped.grow(hasGenerations: hasGenerations)
    pages = fields.pointee.pages
  }

  /// A page of a table that is its own; it becomes its own as well.
  @inline(__always) mutating func ownPage(_ number: Int) -> SlabPage<Object> {
    let page = pages.unsafelyUnwrapped[number]
    if page.header.pointee.references == 1 { return page }
    return storage.unsafelyUnwrapped.unsharePage(number)
  }

  /// A page of a table that is not empty; both become its own.
  @inline(__always) mutating func writablePage(_ number: Int) -> SlabPage<Object> {
    if fields.unsafelyUnwrapped.pointee.isShared { makeOwn() }
    return ownPage(number)
  }
}

/// 64 slots in one block: generations, where they are kept, header, objects. Counted by hand, since a kernel belongs to
/// one thread and an atomic count would be the dearest part of a snapshot.
@usableFromInline struct SlabPage<Object> {
  @usableFromInline struct Header {
    var references: Int32
    /// How many bytes lie before the header: those of the generations, or none in a page of an array.
    let prefix: Int32
    var live: UInt64
  }

  @usableFromInline let base: UnsafeMutableRawPointer

  @inlinable static var generationsSize: Int { 64 * MemoryLayout<UInt32>.size }
  @inlinable static var objectsOffset: Int {
    let alignment = max(MemoryLayout<Object>.alignment, 16)
    return (MemoryLayout<Header>.size + alignment - 1) / alignment * alignment
  }

  @inline(__always) var header: UnsafeMutablePointer<Header> { base.assumingMemoryBound(to: Header.self) }
  /// Of a page of a slab.
  @inlinable @inline(__always) var generations: UnsafeMutablePointer<UInt32> {
    (base - Self.generationsSize).assumingMemoryBound(to: UInt32.self)
  }
  @inlinable @inline(__always) var objects: UnsafeMutablePointer<Object> {
    (base + Self.objectsOffset).assumingMemoryBound(to: Object.self)
  }

  static func make(hasGenerations: Bool) -> SlabPage {
    // A free slot keeps a UInt32 in the object's place.
    precondition(MemoryLayout<Object>.stride >= MemoryLayout<UInt32>.size && MemoryLayout<Object>.alignment <= 16)
    let prefix = hasGenerations ? generationsSize : 0
    let start = UnsafeMutableRawPointer.allocate(
      byteCount: prefix + objectsOffset + 64 * MemoryLayout<Object>.stride, alignment: 16)
    let page = SlabPage(base: start + prefix)
    page.header.initialize(to: Header(references: 1, prefix: Int32(prefix), live: 0))
    if hasGenerations { page.generations.initialize(repeating: 0, count: 64) }
    return page
  }

  func copy() -> SlabPage {
    let hasGenerations = header.pointee.prefix > 0
    let new = SlabPage.make(hasGenerations: hasGenerations)
    new.header.pointee.live = header.pointee.live
    if hasGenerations { new.generations.update(from: generations, count: 64) }
    for slot in 0..<64 {
      if header.pointee.live & (1 << UInt64(slot)) != 0 {
        (new.objects + slot).initialize(to: objects[slot])
      } else if hasGenerations {
        UnsafeMutableRawPointer(new.objects + slot).copyMemory(
          from: objects + slot, byteCount: MemoryLayout<UInt32>.size)
      }
    }
    return new
  }

  func release() {
    header.pointee.references -= 1
    guard header.pointee.references == 0 else { return }
    var bits = header.pointee.live
    while bits != 0 {
      (objects + bits.trailingZeroBitCount).deinitialize(count: 1)
      bits &= bits - 1
    }
    (base - Int(header.pointee.prefix)).deallocate()
  }
}

/// The page table. Its fields lie behind a `let` pointer so that reaching them needs no dynamic exclusivity check:
/// the slab's own `inout` access already proves it.
@usableFromInline final class PageTable<Object> {
  @usableFromInline struct Fields {
    var pages: UnsafeMutablePointer<SlabPage<Object>>
    var capacity: Int
    var pageCount = 0
    var firstFree: UInt32 = .max
    var liveCount = 0
    /// More than one slab may have the table. Always false for those of chunked arrays, which ask for the references.
    var isShared = false
  }

  let fields: UnsafeMutablePointer<Fields>

  init(capacity: Int) {
    fields = .allocate(capacity: 1)
    fields.initialize(to: Fields(pages: .allocate(capacity: capacity), capacity: capacity))
  }

  deinit {
    for number in 0..<fields.pointee.pageCount { fields.pointee.pages[number].release() }
    fields.pointee.pages.deallocate()
    fields.deallocate()
  }

  @inline(never) func copy() -> PageTable {
    let old = fields.pointee
    let new = PageTable(capacity: old.capacity)
    new.fields.pointee.pages.initialize(from: old.pages, count: old.pageCount)
    for number in 0..<old.pageCount { old.pages[number].header.pointee.references += 1 }
    new.fields.pointee.pageCount = old.pageCount
    new.fields.pointee.firstFree = old.firstFree
    new.fields.pointee.liveCount = old.liveCount
    return new
  }

  @inline(never) func grow(hasGenerations: Bool) {
    if fields.pointee.pageCount == fields.pointee.capacity {
      let larger = UnsafeMutablePointer<SlabPage<Object>>.allocate(capacity: fields.pointee.capacity * 2)
      larger.moveInitialize(from: fields.pointee.pages, count: fields.pointee.pageCount)
      fields.pointee.pages.deallocate()
      fields.pointee.pages = larger
      fields.pointee.capacity *= 2
    }
    (fields.pointee.pages + fields.pointee.pageCount).initialize(to: .make(hasGenerations: hasGenerations))
    fields.pointee.pageCount += 1
  }

  @inline(never) func unsharePage(_ number: Int) -> SlabPage<Object> {
    let old = fields.pointee.pages[number]
    let new = old.copy()
    old.release()
    fields.pointee.pages[number] = new
    return new
  }
}

/// An array in chunks of 64 elements, each shared between copies until one side writes to it.
///
/// Where a plain array would copy all its elements on the first write after a snapshot (a descriptor table with 20,000
/// entries, the pages of a large file), this copies 64 and one reference a chunk. Its pages are as a slab's, with slots
/// that are filled from the first on.
package struct ChunkedArray<Element> {
  private var storage: PageTable<Element>?
  private var pages: UnsafeMutablePointer<SlabPage<Element>>?
  package private(set) var count = 0

  package init() {}

  @inline(__always) package subscript(_ index: Int) -> Element {
    @inline(__always) unsafeAddress {
      precondition(index >= 0 && index < count)
      return UnsafePointer(pages.unsafelyUnwrapped[index >> 6].objects + (index & 63))
    }
    @inline(__always) unsafeMutableAddress {
      precondition(index >= 0 && index < count)
      return writablePage(index >> 6).objects + (index & 63)
    }
  }

  package mutating func append(_ element: Element) {
    makeOwn()
    if count >> 6 == storage.unsafelyUnwrapped.fields.pointee.pageCount { addPage() }
    let page = writablePage(count >> 6)
    (page.objects + (count & 63)).initialize(to: element)
    page.header.pointee.live |= 1 << UInt64(count & 63)
    count += 1
  }

  /// Appends copies of `filler` until there are `newCount` elements.
  @inline(__always) package mutating func grow(to newCount: Int, filler: @autoclosure () -> Element) {
    while count < newCount { append(filler()) }
  }

  /// Drops the elements from `newCount` on.
  package mutating func shrink(to newCount: Int) {
    while count > newCount {
      let last = count - 1, page = writablePage(last >> 6)
      (page.objects + (last & 63)).deinitialize(count: 1)
      page.header.pointee.live &= ~(1 << UInt64(last & 63))
      count = last
    }
  }

  @inline(never) private mutating func addPage() {
    storage.unsafelyUnwrapped.grow(hasGenerations: false)
    pages = storage.unsafelyUnwrapped.fields.pointee.pages
  }

  @inline(__always) private mutating func makeOwn() {
    if !isKnownUniquelyReferenced(&storage) { copyTable() }
  }

  @inline(never) private mutating func copyTable() {
    storage = storage?.copy() ?? PageTable(capacity: 1)
    pages = storage.unsafelyUnwrapped.fields.pointee.pages
  }

  @inline(__always) private mutating func writablePage(_ number: Int) -> SlabPage<Element> {
    makeOwn()
    let page = pages.unsafelyUnwrapped[number]
    if page.header.pointee.references == 1 { return page }
    return storage.unsafelyUnwrapped.unsharePage(number)
  }
}

/// A chunked array for what a kernel itself holds and writes with many calls: copied by `copy()` alone, which marks the
/// table as a slab's does. So a write looks at that mark instead of asking for the number of references.
struct ChunkedStore<Element>: ~Copyable {
  private var table = MarkedTable<Element>()
  private(set) var count = 0

  init() {}

  /// A second store with the same elements.
  borrowing func copy() -> ChunkedStore {
    var copy = ChunkedStore()
    copy.table = table.copy()
    copy.count = count
    return copy
  }

  @inline(__always) subscript(_ index: Int) -> Element {
    @inline(__always) unsafeAddress {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
      return UnsafePointer(table.page(index >> 6).objects + (index & 63))
    }
    @inline(__always) unsafeMutableAddress {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
      return table.writablePage(index >> 6).objects + (index & 63)
    }
  }

  @inline(never) mutating func append(_ element: Element) {
    _ = table.ownFields()
    table.grow(toHold: count, hasGenerations: false)
    let page = table.ownPage(count >> 6)
    (page.objects + (count & 63)).initialize(to: element)
    page.header.pointee.live |= 1 << UInt64(count & 63)
    count += 1
  }
}
