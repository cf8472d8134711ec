import LinuxKernel
import Testing

@Suite("Snapshots")
struct SnapshotTests {
  /// What a world that was never copied shows.
  static let reference: [String] = {
    let world = World()
    return world.transcript()
  }()

  @Test("show what the original shows")
  func same() {
    let world = World()
    let copy = World(snapshotOf: world)
    #expect(copy.transcript() == Self.reference)
    #expect(world.transcript() == Self.reference)
  }

  @Test("are untouched by what the original does")
  func originalChanges() {
    let world = World()
    let copy = World(snapshotOf: world)
    world.disturb()
    #expect(copy.transcript() == Self.reference)
  }

  @Test("leave the original untouched")
  func copyChanges() {
    let world = World()
    let copy = World(snapshotOf: world)
    copy.disturb()
    #expect(world.transcript() == Self.reference)
  }

  @Test("outlive the original, and can be copied again")
  func chain() {
    var last = World()
    for _ in 0..<5 {
      let next = World(snapshotOf: last)
      last.disturb()
      last = next
    }
    #expect(last.transcript() == Self.reference)
  }

  @Test("differ from what a disturbed world shows: the transcript sees the changes")
  func transcriptIsSensitive() {
    let world = World()
    world.disturb()
    #expect(world.transcript() != Self.reference)
  }
}
