/// An array in chunks of 64 elements, each shared between copies until one side writes to it.
///
/// Where a plain array would copy all its elements on the first write after a snapshot (a descriptor table with
/// 20,000 entries, the pages of a large file), this copies 64 and one reference a chunk.
struct ChunkedArray<Element> {
  private var chunks: [[Element]] = []
  private(set) var count = 0

  @inline(__always) subscript(_ index: Int) -> Element {
    get { chunks[index >> 6][index & 63] }
    _modify { yield &chunks[index >> 6][index & 63] }
  }

  mutating func append(_ element: Element) {
    if count & 63 == 0 { chunks.append([]) }
    chunks[count >> 6].append(element)
    count += 1
  }

  /// Appends copies of `filler` until there are `newCount` elements.
  mutating func grow(to newCount: Int, filler: Element) {
    while count < newCount {
      if count & 63 == 0 && newCount - count >= 64 {
        chunks.append(Array(repeating: filler, count: 64))
        count += 64
      } else {
        append(filler)
      }
    }
  }

  /// Drops the elements from `newCount` on.
  mutating func shrink(to newCount: Int) {
    guard newCount < count else { return }
    let chunkCount = (newCount + 63) >> 6
    chunks.removeLast(chunks.count - chunkCount)
    if newCount & 63 != 0 { chunks[chunkCount - 1].removeLast(chunks[chunkCount - 1].count - (newCount & 63)) }
    count = newCount
  }
}
