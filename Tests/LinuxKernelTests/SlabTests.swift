import LinuxKernel
import Testing

@Suite("Slabs")
struct SlabTests {
  @Test("give back what was put in, under its own id, until it is removed")
  func insertAndRemove() {
    var slab = Slab<String>()
    let first = slab.insert("first"), second = slab.insert("second")
    #expect(slab.count == 2)
    #expect(slab[first] == "first")
    slab[first] = "changed"
    #expect(slab[first] == "changed")
    #expect(slab[second] == "second")
    let removed = slab.remove(first)
    #expect(removed == "changed")
    #expect(slab.count == 1)
    let contained = [slab.contains(first), slab.contains(second)]
    #expect(contained == [false, true])
  }

  @Test("tell a stale id from the one that has its slot now")
  func generations() {
    var slab = Slab<Int>()
    var stale: [ID<Int>] = []
    for number in 0..<100 {
      let id = slab.insert(number)
      #expect(id.index == 0)
      #expect(!stale.contains(id))
      let known = stale.filter { slab.contains($0) }
      #expect(known.isEmpty)
      slab.remove(id)
      stale.append(id)
    }
    #expect(slab.count == 0)
  }

  @Test("know no id of a slot that was never there")
  func foreignIDs() {
    var larger = Slab<Int>()
    let ids = (0..<200).map { larger.insert($0) }
    var smaller = Slab<Int>()
    let before = smaller.contains(ids[0])
    smaller.insert(1)
    let known = ids.filter { smaller.contains($0) }
    #expect(!before)
    #expect(known == [ids[0]])
  }

  @Test("list their ids in the order of the slots, reused ones included", arguments: [1, 63, 64, 65, 127, 128, 129])
  func idsInOrder(count: Int) {
    var slab = Slab<Int>()
    var ids = (0..<count).map { slab.insert($0) }
    #expect(slab.ids == ids)
    for position in stride(from: 0, to: count, by: 3) { slab.remove(ids[position]) }
    #expect(slab.ids == ids.indices.filter { $0 % 3 != 0 }.map { ids[$0] })
    for _ in 0..<(count + 2) / 3 {
      let id = slab.insert(-1)
      ids[Int(id.index)] = id
    }
    #expect(slab.ids == ids)
  }

  @Test("are independent of their copies, whatever side writes, for every layout around the edge of a page")
  func copiesAreIndependent() {
    for count in [0, 1, 2, 62, 63, 64, 65, 66, 126, 127, 128, 129, 130] {
      for position in Set([0, 1, count / 2, 62, 63, 64, 65, count - 1]).sorted()
      where position >= 0 && position < max(count, 1) {
        for change in Change.allCases where count > 0 || change == .insert {
          var slab = Slab<[Int]>()
          let ids = (0..<count).map { slab.insert([$0]) }
          let before = contents(slab)
          var copy = slab.copy()
          change.apply(to: &copy, ids, position)
          #expect(contents(slab) == before, "\(count) objects, copy changed by \(change) at \(position)")
          let changed = contents(copy)
          #expect(changed != before)
          change.apply(to: &slab, ids, position)
          #expect(contents(slab) == changed)
          if count > 0 { for id in slab.ids { slab.remove(id) } }
          #expect(contents(copy) == changed, "\(count) objects, the original emptied")
        }
      }
    }
  }

  enum Change: CaseIterable {
    case write, remove, insert, replace

    func apply(to slab: inout Slab<[Int]>, _ ids: [ID<[Int]>], _ position: Int) {
      switch self {
      case .write: slab[ids[position]].append(7)
      case .remove: slab.remove(ids[position])
      case .insert: slab.insert([-1])
      case .replace:
        slab.remove(ids[position])
        slab.insert([-2])
      }
    }
  }

  private func contents(_ slab: borrowing Slab<[Int]>) -> [ID<[Int]>: [Int]] {
    var found: [ID<[Int]>: [Int]] = [:]
    for id in slab.ids { found[id] = slab[id] }
    return found
  }

  @Test("behave as a dictionary does, over a chain of copies and random changes", arguments: 0..<8)
  func againstModel(seed: UInt64) {
    var random = Random(seed: seed)
    let slabs = Many(Slab<Int>())
    var models: [[ID<Int>: Int]] = [[:]]
    for step in 0..<500 {
      let which = random.below(slabs.count)
      switch random.below(20) {
      case 0 where slabs.count < 6:
        slabs.append(slabs[which].copy())
        models.append(models[which])
      case 1 where slabs.count > 1:
        slabs.remove(at: which)
        models.remove(at: which)
      case 2...10:
        let id = slabs[which].insert(step)
        #expect(models[which].updateValue(step, forKey: id) == nil)
      case 11...14:
        guard let id = slabs[which].ids.randomElement(by: &random) else { continue }
        let removed = slabs[which].remove(id)
        #expect(removed == models[which].removeValue(forKey: id))
      default:
        guard let id = slabs[which].ids.randomElement(by: &random) else { continue }
        slabs[which][id] += 1
        models[which][id]! += 1
      }
    }
    for (which, model) in models.enumerated() {
      #expect(slabs[which].count == model.count)
      #expect(slabs[which].ids.count == model.count)
      for (id, value) in model {
        let contains = slabs[which].contains(id), found = slabs[which][id]
        #expect(contains && found == value)
      }
    }
  }

  @Test("let go of each object once, when the last copy that has it is gone")
  func lifetimes() {
    final class Token {}
    weak var removed: Token?
    weak var kept: Token?
    do {
      var slab = Slab<Token>()
      for _ in 0..<70 { slab.insert(Token()) }
      let ids = slab.ids
      removed = slab[ids[3]]
      kept = slab[ids[66]]
      var copy: Slab<Token>? = slab.copy()
      slab.remove(ids[3])
      #expect(removed != nil, "the copy still has it")
      copy = nil
      _ = copy
      #expect(removed == nil)
      #expect(kept != nil)
    }
    #expect(kept == nil)
  }
}

@Suite("Chunked arrays")
struct ChunkedArrayTests {
  @Test("are independent of their copies, for every length around the edge of a chunk")
  func copiesAreIndependent() {
    for count in [1, 2, 62, 63, 64, 65, 66, 127, 128, 129] {
      for position in Set([0, count / 2, 63, 64, count - 1]).sorted() where position < count {
        var array = ChunkedArray<[Int]>()
        for number in 0..<count { array.append([number]) }
        var copy = array
        copy[position].append(7)
        copy.append([-1])
        #expect(array.count == count)
        #expect(contents(array) == (0..<count).map { [$0] }, "\(count) elements, changed at \(position)")
        array[position] = []
        #expect(copy[position] == [position, 7])
        array.shrink(to: position)
        #expect(array.count == position)
        #expect(copy.count == count + 1)
        #expect(copy[count] == [-1])
      }
    }
  }

  @Test("grow with a filler, shrink, and grow again without what was there before")
  func growAndShrink() {
    var array = ChunkedArray<Int?>()
    array.grow(to: 130, filler: nil)
    #expect(contents(array) == Array(repeating: nil, count: 130))
    for position in 0..<130 { array[position] = position }
    array.shrink(to: 63)
    array.grow(to: 66, filler: nil)
    #expect(contents(array) == (0..<63).map { $0 } + [nil, nil, nil])
    array.grow(to: 10, filler: 5)
    #expect(array.count == 66)
    array.shrink(to: 0)
    #expect(array.count == 0)
  }

  private func contents<T>(_ array: ChunkedArray<T>) -> [T] { (0..<array.count).map { array[$0] } }
}

/// A list of slabs, which an array cannot hold since they are not copied but by `copy()`.
private final class Many {
  private final class Box {
    var slab: Slab<Int>
    init(_ slab: consuming Slab<Int>) { self.slab = slab }
  }

  private var boxes: [Box]
  init(_ first: consuming Slab<Int>) { boxes = [Box(first)] }

  var count: Int { boxes.count }
  func append(_ slab: consuming Slab<Int>) { boxes.append(Box(slab)) }
  func remove(at position: Int) { boxes.remove(at: position) }

  subscript(_ position: Int) -> Slab<Int> {
    _read { yield boxes[position].slab }
    _modify { yield &boxes[position].slab }
  }
}

extension Array {
  func randomElement(by random: inout Random) -> Element? { isEmpty ? nil : self[random.below(count)] }
}
