/// The bytes of a file or of a piece of memory, in pages; a page never written to is a hole that reads as zeros.
///
/// Pages stand in chunks of 64, sorted by place; a chunk without a page is not there, so that a file with one byte at
/// an offset of 2^62 costs two pages.
package struct PagedBytes {
  private struct Chunk {
    var number: Int
    var pages: [Page?] = Array(repeating: nil, count: 64)
    var resident = 0

    mutating func set(_ slot: Int, _ page: Page?) {
      resident += (page == nil ? 0 : 1) - (pages[slot] == nil ? 0 : 1)
      pages[slot] = page
    }
  }

  private var chunks: [Chunk] = []

  /// Where page 0 stands in the chunks. Not 0 once it was cut off or others were put in front: the pages that are
  /// there stay where they are.
  private var origin = 0

  package init() {}

  /// How many pages hold bytes of their own (st_blocks counts them).
  package private(set) var residentPages = 0

  /// The position of the first chunk whose number is not below `number`.
  @inline(__always) private func position(_ number: Int) -> Int {
    // A file without holes has each chunk at its number.
    if UInt(bitPattern: number) < UInt(chunks.count), chunks[number].number == number { return number }
    var low = 0, high = chunks.count
    while low < high {
      let middle = (low + high) / 2
      if chunks[middle].number < number { low = middle + 1 } else { high = middle }
    }
    return low
  }

  @inline(__always) private func chunk(_ number: Int) -> Int? {
    let at = position(number)
    return at < chunks.count && chunks[at].number == number ? at : nil
  }

  package func page(_ number: Int) -> Page? {
    let place = number + origin
    return chunk(place >> 6).flatMap { chunks[$0].pages[place & 63] }
  }
  package func hasPage(_ number: Int) -> Bool {
    let place = number + origin
    return chunk(place >> 6).map { chunks[$0].pages[place & 63] != nil } ?? false
  }

  /// The little-endian word of at most 8 bytes at `offset`, which no page boundary cuts; nil in a hole.
  @inline(__always) func word(at offset: Int, _ size: Int) -> UInt64? {
    let place = offset >> 12 + origin
    guard let at = chunk(place >> 6), let page = chunks[at].pages[place & 63] else { return nil }
    let view = page.view(offset & (Page.size - 1), size)
    switch size {
    case 1: return UInt64(view.load(UInt8.self, at: 0))
    case 2: return UInt64(view.load(UInt16.self, at: 0))
    case 4: return UInt64(view.load(UInt32.self, at: 0))
    default: return view.load(at: 0)
    }
  }

  /// Makes a page that counts and reads as zeros, and is a hole to those who ask: what fallocate(2) reserves. It is the
  /// page of zeros itself, until something is written.
  package mutating func reservePage(_ number: Int) { setPage(number, ZeroPage.page) }
  package func isReserved(_ number: Int) -> Bool { page(number).map { Page.isShared($0, ZeroPage.page) } ?? false }

  package mutating func setPage(_ number: Int, _ page: Page?) {
    let place = number + origin, at = position(place >> 6)
    if at == chunks.count || chunks[at].number != place >> 6 {
      if page == nil { return }
      chunks.insert(Chunk(number: place >> 6), at: at)
    }
    let before = chunks[at].resident
    chunks[at].set(place & 63, page)
    residentPages += chunks[at].resident - before
    if chunks[at].resident == 0 { chunks.remove(at: at) }
  }

  /// The page, which is there, to be written to without a copy and then set again; meanwhile an empty one stands in.
  package mutating func takePage(_ number: Int) -> Page {
    let place = number + origin
    var page = ZeroPage.page
    swap(&page, &chunks[chunk(place >> 6)!].pages[place & 63]!)
    return page
  }

  /// Writes `view` at `offset`, making pages where there were holes.
  package mutating func write(_ view: ByteView, at offset: Int) { _ = store(view, at: offset) }

  /// Does the same, and returns how many pages that took, copies of shared ones too.
  mutating func store(_ view: ByteView, at offset: Int) -> Int {
    var done = 0, made = 0
    while done < view.count {
      let at = offset + done, number = at / Page.size, inPage = at % Page.size
      let count = min(Page.size - inPage, view.count - done)
      if !hasPage(number) {
        setPage(number, Page())
        made += 1
      }
      let place = number + origin
      if chunks[chunk(place >> 6)!].pages[place & 63]!.store(view.slice(done, count), at: inPage) { made += 1 }
      done += count
    }
    return made
  }

  /// Looks at what its pages are kept in, of each once for all holders, which `seen` tells apart.
  package func collect(into seen: inout Set<ObjectIdentifier>) {
    for chunk in chunks { for case let page? in chunk.pages { seen.insert(page.identity) } }
  }

  /// Appends the `count` bytes at `offset` to `buffer`.
  package func read(_ offset: Int, _ count: Int, into buffer: ByteBuffer) {
    var done = 0
    while done < count {
      let at = offset + done, inPage = at % Page.size
      let step = min(Page.size - inPage, count - done)
      if let page = page(at / Page.size) { buffer.append(page.view(inPage, step)) } else { buffer.append(zeros: step) }
      done += step
    }
  }

  /// Forgets everything from `size` on, so that what is uncovered by growing again reads as zeros.
  package mutating func truncate(to size: Int) {
    let keep = size / Page.size + (size % Page.size == 0 ? 0 : 1)
    _ = split(at: keep)
    if size % Page.size != 0 { zero(keep - 1, size % Page.size, Page.size - size % Page.size) }
  }

  /// Makes `count` bytes at `offset` a hole: whole pages are dropped, the ends zeroed (FALLOC_FL_PUNCH_HOLE).
  package mutating func punch(_ offset: Int, _ count: Int) {
    let end = offset + count
    let first = offset / Page.size + (offset % Page.size == 0 ? 0 : 1), last = end / Page.size
    if first > last {
      zero(offset / Page.size, offset % Page.size, count)
      return
    }
    if offset % Page.size != 0 { zero(first - 1, offset % Page.size, Page.size - offset % Page.size) }
    if end % Page.size != 0 { zero(last, 0, end % Page.size) }
    drop(first..<last)
  }

  private mutating func zero(_ number: Int, _ offset: Int, _ count: Int) {
    guard hasPage(number), !isReserved(number) else { return }
    let place = number + origin
    chunks[chunk(place >> 6)!].pages[place & 63]!.zero(offset, count)
  }

  /// The first page from `number` on that is there.
  package func nextPage(from number: Int) -> Int? {
    let place = number + origin
    var at = position(place >> 6)
    while at < chunks.count {
      let base = chunks[at].number << 6
      for slot in max(0, place - base)..<64 where chunks[at].pages[slot] != nil { return base + slot - origin }
      at += 1
    }
    return nil
  }

  /// The first page from `number` on that holds data (SEEK_DATA).
  package func nextData(from number: Int) -> Int? {
    var next = nextPage(from: number)
    while let found = next, isReserved(found) { next = nextPage(from: found + 1) }
    return next
  }

  /// The first page from `number` on that is a hole (SEEK_HOLE).
  package func nextHole(from number: Int) -> Int {
    var number = number
    while hasPage(number), !isReserved(number) { number += 1 }
    return number
  }

  // MARK: Many pages at once, in time that goes by chunks.

  /// Takes out the pages from `number` on, which count from 0 in the result.
  package mutating func split(at number: Int) -> PagedBytes {
    var rest = PagedBytes()
    rest.origin = number + origin
    let at = position(rest.origin >> 6)
    if at == chunks.count { return rest }
    rest.chunks = Array(chunks[at...])
    chunks.removeSubrange(at...)
    if rest.chunks[0].number == rest.origin >> 6, rest.origin & 63 != 0 {
      var kept = Chunk(number: rest.chunks[0].number)
      for slot in 0..<rest.origin & 63 {
        kept.set(slot, rest.chunks[0].pages[slot])
        rest.chunks[0].set(slot, nil)
      }
      if kept.resident > 0 { chunks.append(kept) }
      if rest.chunks[0].resident == 0 { rest.chunks.removeFirst() }
    }
    rest.residentPages = rest.chunks.reduce(0) { $0 + $1.resident }
    residentPages -= rest.residentPages
    return rest
  }

  /// Puts the pages of `other` behind its own, the first one at `number`. Of the two, the one with more stays where it
  /// is, so that what grows at its front by little costs as little as what grows at its end.
  package mutating func join(_ other: consuming PagedBytes, at number: Int) {
    other.origin -= number
    let isLess = chunks.count < other.chunks.count
    if isLess { rebase(to: other.origin) } else { other.rebase(to: origin) }
    residentPages += other.residentPages
    if let last = chunks.last, let first = other.chunks.first, last.number == first.number {
      for slot in 0..<64 { if let page = last.pages[slot] { other.chunks[0].set(slot, page) } }
      chunks.removeLast()
    }
    if isLess {
      swap(&chunks, &other.chunks)
      chunks.insert(contentsOf: other.chunks, at: 0)
    } else {
      chunks.append(contentsOf: other.chunks)
    }
  }

  /// Has page 0 stand at `place`, and all others as far from where they were.
  private mutating func rebase(to place: Int) {
    let distance = place - origin
    if distance & 63 == 0 {
      if distance != 0 { for at in chunks.indices { chunks[at].number += distance >> 6 } }
      origin = place
      return
    }
    var moved = PagedBytes()
    moved.origin = place
    for chunk in chunks {
      for slot in 0..<64 { if let page = chunk.pages[slot] { moved.setPage(chunk.number << 6 + slot - origin, page) } }
    }
    self = moved
  }

  /// Takes out the pages of a range, which count from 0 in the result.
  package mutating func take(_ range: Range<Int>) -> PagedBytes {
    var taken = split(at: range.lowerBound)
    join(taken.split(at: range.count), at: range.upperBound)
    return taken
  }

  /// Forgets the pages of a range.
  package mutating func drop(_ range: Range<Int>) {
    let lower = range.lowerBound + origin, upper = range.upperBound + origin
    // Whole chunks go at once.
    let first = position((lower + 63) >> 6), end = position(upper >> 6)
    if first < end {
      residentPages -= chunks[first..<end].reduce(0) { $0 + $1.resident }
      chunks.removeSubrange(first..<end)
    }
    while let next = nextPage(from: range.lowerBound), next < range.upperBound { setPage(next, nil) }
  }

  /// Has every page of a range that is not there yet be `page`.
  package mutating func fill(_ range: Range<Int>, with page: Page) {
    if range.isEmpty { return }
    let lower = range.lowerBound + origin, last = range.upperBound - 1 + origin
    let first = position(lower >> 6), end = position(last >> 6 + 1)
    // Chunks that are alike share their pages until one is written to.
    let full = Chunk(number: 0, pages: Array(repeating: page, count: 64), resident: 64)
    var filled: [Chunk] = [], old = first
    filled.reserveCapacity(last >> 6 - lower >> 6 + 1)
    for number in lower >> 6...last >> 6 {
      let slots = max(lower - number << 6, 0)...min(last - number << 6, 63)
      let isThere = old < end && chunks[old].number == number
      var chunk = isThere ? chunks[old] : slots.count == 64 ? full : Chunk(number: number)
      if isThere {
        residentPages -= chunk.resident
        old += 1
      }
      chunk.number = number
      for slot in slots where chunk.pages[slot] == nil { chunk.set(slot, page) }
      residentPages += chunk.resident
      filled.append(chunk)
    }
    chunks.replaceSubrange(first..<end, with: filled)
  }
}
