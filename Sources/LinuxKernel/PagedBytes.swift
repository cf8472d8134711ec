/// The bytes of a file or of a piece of memory, in pages; a page never written to is a hole that reads as zeros.
///
/// Pages stand in chunks of 64, sorted by place; a chunk without a page is not there, so that a file with one byte at
/// an offset of 2^62 costs two pages.
package struct PagedBytes {
  private struct Chunk {
    let number: Int
    var pages: [Page?] = Array(repeating: nil, count: 64)
    var resident = 0
  }

  private var chunks: [Chunk] = []

  package init() {}

  /// How many pages hold bytes of their own (st_blocks counts them).
  package private(set) var residentPages = 0

  /// The position of the first chunk whose number is not below `number`.
  @inline(__always) private func position(_ number: Int) -> Int {
    // A file without holes has each chunk at its number.
    if number < chunks.count, chunks[number].number == number { return number }
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

  package func page(_ number: Int) -> Page? { chunk(number >> 6).flatMap { chunks[$0].pages[number & 63] } }
  package func hasPage(_ number: Int) -> Bool {
    chunk(number >> 6).map { chunks[$0].pages[number & 63] != nil } ?? false
  }

  /// The little-endian word of at most 8 bytes at `offset`, which no page boundary cuts; nil in a hole.
  @inline(__always) func word(at offset: Int, _ size: Int) -> UInt64? {
    guard let at = chunk(offset >> 18), let page = chunks[at].pages[offset >> 12 & 63] else { return nil }
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
    let at = position(number >> 6)
    if at == chunks.count || chunks[at].number != number >> 6 {
      if page == nil { return }
      chunks.insert(Chunk(number: number >> 6), at: at)
    }
    let change = (page == nil ? 0 : 1) - (chunks[at].pages[number & 63] == nil ? 0 : 1)
    chunks[at].pages[number & 63] = page
    chunks[at].resident += change
    residentPages += change
    if chunks[at].resident == 0 { chunks.remove(at: at) }
  }

  /// The page, which is there, to be written to without a copy and then set again; meanwhile an empty one stands in.
  package mutating func takePage(_ number: Int) -> Page {
    var page = ZeroPage.page
    swap(&page, &chunks[chunk(number >> 6)!].pages[number & 63]!)
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
      if chunks[chunk(number >> 6)!].pages[number & 63]!.store(view.slice(done, count), at: inPage) { made += 1 }
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
    while let last = chunks.last, last.number << 6 >= keep {
      residentPages -= last.resident
      chunks.removeLast()
    }
    if let last = chunks.last, keep < (last.number + 1) << 6 {
      for number in keep..<(last.number + 1) << 6 where hasPage(number) { setPage(number, nil) }
    }
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
    var next = nextPage(from: first)
    while let number = next, number < last {
      setPage(number, nil)
      next = nextPage(from: number)
    }
  }

  private mutating func zero(_ number: Int, _ offset: Int, _ count: Int) {
    guard hasPage(number), !isReserved(number) else { return }
    chunks[chunk(number >> 6)!].pages[number & 63]!.zero(offset, count)
  }

  /// The first page from `number` on that is there.
  package func nextPage(from number: Int) -> Int? {
    var at = position(number >> 6)
    while at < chunks.count {
      let base = chunks[at].number << 6
      for slot in max(0, number - base)..<64 where chunks[at].pages[slot] != nil { return base + slot }
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
}
