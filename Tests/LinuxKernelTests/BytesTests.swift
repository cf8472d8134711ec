import LinuxKernel
import Testing

@Suite("Bytes")
struct BytesTests {
  @Test("Pages are zero at first, and independent of their copies")
  func pages() {
    var page = Page()
    #expect(page.view(0, Page.size).array == [UInt8](repeating: 0, count: Page.size))
    page.write([1, 2, 3], at: Page.size - 3)
    var copy = page
    #expect(Page.isShared(page, copy))
    copy.write([9], at: Page.size - 1)
    #expect(!Page.isShared(page, copy))
    #expect(page.view(Page.size - 3, 3).array == [1, 2, 3])
    #expect(copy.view(Page.size - 3, 3).array == [1, 2, 9])
    page.zero(Page.size - 2, 1)
    #expect(page.view(Page.size - 3, 3).array == [1, 0, 3])
    #expect(copy.view(Page.size - 3, 3).array == [1, 2, 9])
  }

  @Test("A page that holds its beginning only grows where more is written, each copy for itself")
  func beginnings() {
    var page = Page.uninitialised(beginning: 3)
    page.write([1, 2, 3], at: 0)
    var copy = page
    copy.write([4], at: 3)
    #expect(!Page.isShared(page, copy))
    copy.write([5], at: Page.size - 1)
    var later = copy
    later.write([6, 7], at: 300)
    page.write([UInt8](repeating: 8, count: 500), at: 3)
    #expect(page.view(0, 4).array == [1, 2, 3, 8] && page.view(500, 3).array == [8, 8, 8])
    #expect(copy.view(0, 4).array == [1, 2, 3, 4] && copy.view(Page.size - 1, 1).array == [5])
    #expect(later.view(0, 4).array == [1, 2, 3, 4] && later.view(300, 2).array == [6, 7])
    #expect(later.view(Page.size - 1, 1).array == [5])
  }

  @Test("Views load little-endian integers from any offset")
  func loads() {
    let bytes: [UInt8] = [0xff, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x88]
    bytes.withByteView { view in
      #expect(view.load(UInt8.self, at: 0) == 0xff)
      #expect(view.load(UInt32.self, at: 1) == 0x0403_0201)
      #expect(view.load(Int64.self, at: 1) == Int64(bitPattern: 0x8807_0605_0403_0201))
      #expect(view.slice(3, 2).array == [3, 4])
      #expect(view.slice(9, 0).count == 0)
    }
  }

  @Test("Buffers grow, and what is appended stands where it was put")
  func buffers() {
    let buffer = ByteBuffer(capacity: 4)
    buffer.append([1, 2, 3])
    buffer.append(UInt32(0x0807_0605))
    buffer.append(zeros: 2)
    #expect(buffer.view.array == [1, 2, 3, 5, 6, 7, 8, 0, 0])
    buffer.store(UInt16(0xbbaa), at: 7)
    buffer.truncate(to: 8)
    #expect(buffer.view.array == [1, 2, 3, 5, 6, 7, 8, 0xaa])
    buffer.clear()
    #expect(buffer.count == 0)
  }

  /// Offsets and lengths around the edges of pages and of chunks of 64 pages.
  static let places = [0, 1, 4095, 4096, 4097, 8192, 64 * 4096 - 1, 64 * 4096, 64 * 4096 + 1]

  @Test("Paged bytes read back what was written, holes as zeros", arguments: places)
  func pagedBytes(offset: Int) {
    for length in [1, 2, 4095, 4096, 4097, 10_000] {
      let written = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 1) }
      var bytes = PagedBytes()
      written.withByteView { bytes.write($0, at: offset) }
      #expect(read(bytes, offset, length) == written)
      let around = read(bytes, max(0, offset - 5), 5 + length + 5)
      #expect(around.suffix(5) == [0, 0, 0, 0, 0])
      #expect(bytes.residentPages == (offset + length - 1) / 4096 - offset / 4096 + 1)

      var copy = bytes
      copy.truncate(to: offset + length / 2)
      #expect(read(bytes, offset, length) == written, "the other side was truncated")
      #expect(
        read(copy, offset, length) == written.prefix(length / 2) + [UInt8](repeating: 0, count: length - length / 2))
      bytes.punch(offset, length)
      #expect(read(bytes, offset, length) == [UInt8](repeating: 0, count: length))
      #expect(read(copy, offset, length / 2) == Array(written.prefix(length / 2)))
    }
  }

  @Test("Paged bytes behave as a plain array does under random changes", arguments: 0..<6)
  func pagedBytesAgainstModel(seed: UInt64) {
    var random = Random(seed: seed)
    let size = 70 * 4096
    var bytes = PagedBytes(), model = [UInt8](repeating: 0, count: size)
    for _ in 0..<60 {
      let offset = random.below(size - 10_000), length = random.below(10_000)
      switch random.below(8) {
      case 0:
        bytes.punch(offset, length)
        for at in offset..<offset + length { model[at] = 0 }
      case 1 where random.below(4) == 0:
        bytes.truncate(to: offset)
        for at in offset..<size { model[at] = 0 }
      default:
        let written = (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        written.withByteView { bytes.write($0, at: offset) }
        model.replaceSubrange(offset..<offset + length, with: written)
      }
    }
    #expect(read(bytes, 0, size) == model)
    let resident = (0..<70).filter { bytes.hasPage($0) }
    #expect(resident.count == bytes.residentPages)
    for number in 0..<70 { #expect(bytes.nextPage(from: number) == resident.first { $0 >= number }) }
    for number in 0..<70 { #expect(bytes.nextHole(from: number) == (number..<71).first { !resident.contains($0) }) }
  }

  @Test("A byte far out costs a page, not what lies before it")
  func sparse() {
    var bytes = PagedBytes()
    bytes.write([1], at: 1 << 60)
    bytes.write([2], at: 3)
    #expect(bytes.residentPages == 2)
    #expect(bytes.nextPage(from: 1) == 1 << 48)
    #expect(read(bytes, 1 << 60, 2) == [1, 0])
  }

  @Test("Paged bytes are cut and joined as a plain array of pages is", arguments: 0..<8)
  func pagedBytesInPieces(seed: UInt64) {
    var random = Random(seed: seed)
    // What each page begins with; nil where there is none.
    var bytes = PagedBytes(), model = [UInt8?](repeating: nil, count: 400)
    for step in 0..<300 {
      let first = random.below(model.count), end = first + random.below(model.count - first + 1)
      switch random.below(6) {
      case 0:
        bytes.drop(first..<end)
        for number in first..<end { model[number] = nil }
      case 1:
        let page = bytes.page(first) ?? Page(), mark = model[first] ?? 0
        bytes.fill(first..<end, with: page)
        for number in first..<end where model[number] == nil { model[number] = mark }
      case 2:
        // What was behind comes to the front.
        var rest = bytes.split(at: first)
        rest.join(bytes, at: model.count - first)
        bytes = rest
        model = Array(model[first...] + model[..<first])
      case 3:
        let taken = bytes.take(first..<end)
        for number in first..<end {
          #expect(taken.hasPage(number - first) == (model[number] != nil))
          model[number] = nil
        }
      default:
        for _ in 0..<10 {
          let number = random.below(model.count), mark = UInt8(truncatingIfNeeded: step + 1)
          bytes.write([mark], at: number * 4096)
          model[number] = mark
        }
      }
      #expect(bytes.residentPages == model.count { $0 != nil })
      #expect((0..<model.count).map { bytes.page($0).map { $0.view(0, 1)[0] } } == model)
      #expect(bytes.nextPage(from: first) == (first..<model.count).first { model[$0] != nil })
    }
  }

  private func read(_ bytes: PagedBytes, _ offset: Int, _ length: Int) -> [UInt8] {
    let buffer = ByteBuffer()
    bytes.read(offset, length, into: buffer)
    return buffer.view.array
  }
}

extension Page {
  fileprivate mutating func write(_ bytes: [UInt8], at offset: Int) { bytes.withByteView { write($0, at: offset) } }
}

extension PagedBytes {
  fileprivate mutating func write(_ bytes: [UInt8], at offset: Int) { bytes.withByteView { write($0, at: offset) } }
}
